"""Write: one page of some days of a pipeline, into a file."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path

from featurelib import __version__
from featurelib import report as told
from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.errors import StorageError, UsageError
from featurelib.ledger import Failures, fitted, plan
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.program import versions
from featurelib.runs.page.checks import check_lines, failure_texts
from featurelib.runs.page.features import day_lines, feature_lines, label_rates
from featurelib.runs.page.gathered import Gathered, Moved, how_moved
from featurelib.runs.page.notes import not_compared, notes
from featurelib.runs.page.rows import graph_edges, graph_nodes, paths, squares
from featurelib.runs.progress import Say
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace

_FOLDER = "reports"
_LONGEST = 90  # days of a page, where nobody says which


def write_page(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    *,
    days: Days | None = None,
    to: Path | None = None,
    now: datetime | None = None,
) -> Path:
    """Write the page of a pipeline, and return where it is.

    Parameters
    ----------
    pipeline, workspace
        Of what.
    engine
        What measures partitions of which no profile is kept.
    days
        Of which days; by default those that are built or could not be, 90 at most, the latest.
    to
        The file; by default ``reports/<first day>_<last day>.html`` in the pipeline's folder. One that is there is
        replaced at once.
    now
        The instant by which maturity is judged; the clock's by default.

    Raises
    ------
    UsageError
        If no days are given, and none was ever built or tried.
    ConservationError
        If the rows of what is stored do not add up.
    StorageError
        If the file cannot be written.
    """
    content = gather(pipeline, workspace, engine, days=days, now=now)
    name = content.span.replace(" .. ", "_")
    path = workspace.pipeline(pipeline.name) / _FOLDER / f"{name}.html" if to is None else to
    staged = path.with_name(f".{uuid.uuid4().hex}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged.write_text(told.page(content), encoding="utf-8")
        staged.replace(path)
    except OSError as error:
        with suppress(OSError):
            staged.unlink(missing_ok=True)
        raise StorageError(f"the report {path} cannot be written: {error}.") from error
    return path


@contextmanager
def leaving_a_page(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    *,
    left: Callable[[Path], object],
    say: Say,
    days: Days | None = None,
    now: datetime | None = None,
) -> Iterator[None]:
    """Write the page when a run ends, however it ends.

    What was built stands, and so does why the rest was not: a page that cannot be written changes neither, and is told.

    Parameters
    ----------
    pipeline, workspace, engine, days, now
        As in `write_page`.
    left
        Called with where the page is.
    say
        Called with one line, if it could not be written.
    """
    try:
        yield
    except KeyboardInterrupt:  # who stops a run does not wait for a page
        raise
    except BaseException:
        _write_and_tell(pipeline, workspace, engine, left, say, days, now)
        raise
    _write_and_tell(pipeline, workspace, engine, left, say, days, now)


def _write_and_tell(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    left: Callable[[Path], object],
    say: Say,
    days: Days | None,
    now: datetime | None,
) -> None:
    try:
        path = write_page(pipeline, workspace, engine, days=days, now=now)
    except Exception as error:  # also a defect of ours: no page is worth a build
        say(f"No report was written: {type(error).__name__}: {error}")
    else:
        left(path)


def gather(
    pipeline: Pipeline, workspace: Workspace, engine: Engine, *, days: Days | None = None, now: datetime | None = None
) -> told.Content:
    """Return what the page of some days tells; parameters and errors are those of `write_page`."""
    at = now or datetime.now(UTC)
    samples, features = (Stored.of(workspace, pipeline, table) for table in ("samples", "features"))
    wanted = _tried_days(pipeline, workspace, samples) if days is None else days
    found = plan(pipeline, workspace, wanted, now=at)
    partitions = tuple(dict.fromkeys(entry.partition for entry in found.entries))
    gathered = Gathered(pipeline, workspace, wanted, partitions, found, samples, features, fitted(pipeline, workspace))
    moved = how_moved(gathered, engine)
    return told.Content(
        pipeline=pipeline.name,
        span=f"{wanted.start}" if wanted.start == wanted.end else f"{wanted}",
        made_at=f"{at:%Y-%m-%d %H:%M} UTC",
        facts=_facts(gathered, moved),
        commands=_commands(gathered),
        notes=tuple(notes(gathered, moved)),
        paths=tuple(paths(gathered)),
        checks=tuple(check_lines(gathered)),
        checks_counted=gathered.checks,
        failures=tuple(failure_texts(gathered)),
        features=tuple(feature_lines(gathered, moved)),
        days=tuple(day_lines(gathered, moved)),
        baseline="" if moved is None else str(moved.baseline.days),
        not_compared=() if moved is None else tuple(not_compared(moved)),
        label=pipeline.label,
        rates=() if moved is None else tuple(label_rates(gathered, moved)),
        label_rate_before=None if moved is None else moved.baseline.profile.label_rate,
        squares=tuple(squares(found)),
        nodes=tuple(graph_nodes(gathered)),
        edges=tuple(graph_edges(gathered)),
    )


def _tried_days(pipeline: Pipeline, workspace: Workspace, samples: Stored) -> Days:
    failures = Failures(workspace.pipeline(pipeline.name))
    failed = (partition for table in ("samples", "features") for partition in failures.read(table))
    there = sorted({partition.dt for partition in (*samples.rows, *failed)})
    if not there:
        raise UsageError(
            f"{pipeline} has no samples yet, so there is nothing to report; build some with featurelib backfill "
            f"{pipeline.name}, or name the days."
        )
    return Days(max(there[0], date.fromordinal(there[-1].toordinal() - _LONGEST + 1)), there[-1])


def _facts(gathered: Gathered, moved: Moved | None) -> dict[str, str]:
    pipeline, program = gathered.pipeline, gathered.program
    facts = {}
    if program is not None:
        fit, version = program.made["fit"], versions(gathered.workspace.pipeline(pipeline.name))[-1]
        facts["Program"] = f"v{version}, fitted on {fit['start']} .. {fit['end']} ({fit['rows']:,} rows)"
        facts["Fingerprint of the program"] = program.fingerprint[:16]
    for name, stored in (("Samples", gathered.samples), ("Features", gathered.features)):
        if stored.live is not None:
            facts[f"{name} table"] = f"version {stored.live.version}, {sum(stored.rows.values()):,} rows in all"
    if gathered.features.live is not None:
        last = VersionedTable.open(gathered.features.live.storage.root).history(1)[0]
        facts["Last commit of features"] = f"{last.at:%Y-%m-%d %H:%M} UTC" + (f", run {last.run}" if last.run else "")
    table = pipeline.table
    facts["Declared as"] = f"{table.__name__} {table.version} ({table.declared_at})"
    facts["Owner"] = table.owner or "not declared"
    facts["Partitions"] = f"{'hours' if gathered.hourly else 'days'}, {pipeline.samples.timezone}"
    if moved is not None:
        facts["Baseline"] = f"{moved.baseline.days}, {moved.baseline.profile.rows:,} labelled rows"
    facts["featurelib"] = __version__
    return facts


def _commands(gathered: Gathered) -> tuple[told.Command, ...]:
    name, days = gathered.pipeline.name, gathered.wanted
    span = f"--start {days.start} --end {days.end}"
    commands = [
        told.Command("Build what is missing or stale; changes nothing else", f"featurelib backfill {name} {span}"),
        told.Command("See the state of each partition, and why", f"featurelib plan {name} {span}"),
        told.Command("Make this page again", f"featurelib report {name} {span}"),
    ]
    if gathered.program is not None:
        fit = gathered.program.made["fit"]
        length = len(list(Days.parse(fit["start"], fit["end"])))
        line = f"featurelib fit {name} --end {fit['end']} --days {length}"
        commands.insert(1, told.Command("Fit the program again on its days", line))
    live = gathered.features.live
    if live is not None:
        line = f"VersionedTable.open({live.storage.root!r}).scan({live.version}).collect()"
        commands.append(told.Command("Read the table in Python", line))
    return tuple(commands)
