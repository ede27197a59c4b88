"""Validate: judge stored rows again, by their table as it is declared now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.errors import LogFileError, UsageError
from featurelib.pipeline import Pipeline
from featurelib.runs.baseline import baseline_for, check_baseline, usual_rows
from featurelib.runs.drift import against_baseline
from featurelib.runs.features import broken_since
from featurelib.runs.profiles import ByDay, built
from featurelib.schema import Table
from featurelib.schema.checks import Expected
from featurelib.schema.edges import Edges
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.metrics import Metrics
from featurelib.schema.verdict import Verdict
from featurelib.tables import Partition
from featurelib.workspace import Workspace

Files = Mapping[str, Sequence[Path]]
"""Parquet files of other tables that one refers to, by the name of their class."""


@dataclass(frozen=True, slots=True)
class ValidateTask:
    """Measure some stored rows."""

    rows: pl.LazyFrame
    table: type[Table]
    absent: tuple[str, ...]
    edges: Edges | None
    others: Files


def validate_task(task: ValidateTask) -> Metrics:
    """Return the metrics of the rows."""
    return measure(task.rows, task.table, absent=task.absent, others=_scanned(task.others), edges=task.edges)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdicts on what was judged.

    Attributes
    ----------
    name
        Of what.
    verdicts
        By partition, or file.
    since
        Since when the rules are broken that `shown` breaks, by check; None if nobody looked.
    """

    name: str
    verdicts: Mapping[str, Verdict]
    since: Mapping[str, str] | None = None

    @property
    def is_refused(self) -> bool:
        """Whether any of them would not be published."""
        return bool(self.refused)

    @property
    def refused(self) -> list[str]:
        """Those that would not be published."""
        return [part for part, verdict in self.verdicts.items() if not verdict.publishable]

    @property
    def warned(self) -> list[str]:
        """Those that would be published, with something to tell."""
        return [part for part, verdict in self.verdicts.items() if verdict.publishable and _tells(verdict)]

    @property
    def shown(self) -> str:
        """The one that a screen is about: the first that is refused, else the last with something to tell."""
        return (self.refused or self.warned[-1:] or list(self.verdicts)[-1:])[0]

    def text(self) -> str:
        """Return one screen about `shown`; of several, before it the names of the others."""
        refused, warned = self.refused, self.warned
        screen = self.verdicts[self.shown].screen(f"{self.name} {self.shown}", since=self.since)
        if len(self.verdicts) == 1:
            return screen
        counts = f"{len(self.verdicts)} judged, {len(refused)} refused, {len(warned)} with warnings"
        lines = [f"{self.name}: {counts}"]
        for word, parts in (("refused", refused), ("with warnings", warned)):
            if parts:
                more = f" and {len(parts) - 10} more" if len(parts) > 10 else ""
                lines.append(f"  {word}: {', '.join(parts[:10])}{more}")
        return "\n".join([*lines, screen])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        verdicts = {part: verdict.to_dict() for part, verdict in self.verdicts.items()}
        return {"name": self.name, "refused": self.is_refused, "verdicts": verdicts}


def _tells(verdict: Verdict) -> bool:
    return any(result.status != "passed" for result in verdict.results) or any(
        finding.level in {"alarm", "watch"} for finding in verdict.findings
    )


def validate(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    wanted: Days | Sequence[Partition],
    *,
    others: Files | None = None,
) -> Judged:
    """Judge stored features again, by their table as it is declared now; nothing is changed.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    engine
        What measures, one task for each partition.
    wanted
        Days, or partitions; those that are not there are left out.
    others
        Files of the tables that the table refers to, by the name of their class.

    Raises
    ------
    UsageError
        If nothing of it is built, the table refers to one whose files are not given, or drift refuses its days and
        there is no baseline to hold them against.
    ColumnMissingError, ColumnTypeError
        If the stored table has other columns than those declared.
    LogFileError
        If a file of another table cannot be read.
    """
    table = ByDay.of(pipeline, workspace)
    known = built(table.live, [partition for partition in pipeline.partitions(wanted) if partition in table.rows])
    if not known:
        raise UsageError(
            f"no features of {pipeline} in {wanted}; they are there for {table.days[0]} .. {table.days[-1]}."
        )
    programs = {one.program for one in known.values() if one.program is not None}
    baselines = {program: baseline_for(pipeline, workspace, program) for program in programs}
    for one in known.values():
        check_baseline(baselines.get(one.program or ""), pipeline, one.program)
    tasks = []
    for partition, one in known.items():
        baseline = baselines.get(one.program or "")
        outputs = pipeline.feature_names if one.outputs is None else one.outputs
        absent = tuple(name for name in pipeline.feature_names if name not in outputs)
        edges = None if baseline is None else baseline.edges
        rows = table.live.scan([partition]).select(table.live.schema.names())
        tasks.append(ValidateTask(rows, pipeline.table, absent, edges, others or {}))
    verdicts = {}
    for (partition, one), task, metrics in zip(known.items(), tasks, engine.map(validate_task, tasks), strict=True):
        baseline = baselines.get(one.program or "")
        until = min(pipeline.bounds(partition)[1], datetime.now(UTC))
        expected = Expected(until=until, rows=usual_rows(baseline, pipeline.table, partition))
        verdict = judge(metrics, pipeline.table, absent=task.absent, expected=expected)
        if baseline is not None and metrics.profile is not None:
            whole = partition.hr is None
            found = against_baseline(metrics.profile, baseline, pipeline, final=one.final, whole_days=whole)
            verdict = replace(verdict, findings=found)
        verdicts[str(partition)] = verdict
    judged = Judged(name=f"{pipeline.name} features of", verdicts=verdicts)
    return replace(judged, since=broken_since(table.live, pipeline, Partition.parse(judged.shown)))


def validate_files(files: Sequence[Path], table: type[Table], *, others: Files | None = None) -> Judged:
    """Judge Parquet files together, by a table.

    Parameters
    ----------
    files
        Of one partition, or of all rows whose key is to be unique.
    table
        The declaration.
    others
        As in `validate`.

    Raises
    ------
    LogFileError
        If a file cannot be read.
    ColumnMissingError, ColumnTypeError, ColumnUnknownError
        If the columns are not those declared.
    """
    name = f"{files[0]}" if len(files) == 1 else f"{files[0]} and {len(files) - 1} more"
    rows, known = _rows(files), _scanned(others or {})
    try:
        metrics = measure(rows, table, others=known)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(name, error) from error
    return Judged(name="file", verdicts={name: judge(metrics, table)})


def _scanned(others: Files) -> dict[str, pl.LazyFrame]:
    return {name: _rows(files) for name, files in others.items()}


def _rows(files: Sequence[Path]) -> pl.LazyFrame:
    """Return the rows of Parquet files, each of which has a footer that can be read.

    Raises
    ------
    LogFileError
        If one has none: later it would not be told which.
    """
    for file in files:
        try:
            pl.read_parquet_schema(file)
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(f"{file}", error) from error
    return pl.scan_parquet(list(files))


def _unreadable(name: str, error: Exception) -> LogFileError:
    return LogFileError(name, f"cannot be read: {error}", hint="Write it again as Parquet.")
