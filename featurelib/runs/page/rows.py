"""Rows: their way from the logs to the features, the states of partitions, and the graph of what comes from what."""

from collections.abc import Iterator

from featurelib import report as told
from featurelib.ledger import Plan
from featurelib.ledger.stored import Stored
from featurelib.program import versions
from featurelib.report.words import count, cut
from featurelib.runs.page.gathered import LONGEST, Gathered
from featurelib.samples import RowCounts


def paths(gathered: Gathered) -> Iterator[told.Path]:
    """Yield the way of the impressions to the features, then that of the rows of each other log."""
    rows, log = gathered.rows, gathered.pipeline.samples.log.name
    if log not in rows or "samples" not in rows:
        return
    stages = (_stage(log, rows[log]), _stage(f"good {log}", rows["samples"]), _stage("samples", gathered.made))
    yield told.Path(stages, "features")
    for name, counts in rows.items():
        if name not in {log, "samples"}:
            yield told.Path((_stage(name, counts),), "credited to labels")


def _stage(name: str, counts: RowCounts) -> told.Stage:
    return told.Stage(name, counts.rows_in, counts.kept, counts.dropped, counts.made)


def squares(found: Plan) -> Iterator[told.Square]:
    """Yield the state of each partition, those of the samples first."""
    for table in ("samples", "features"):
        for entry in found.entries:
            if entry.table == table:
                yield told.Square(
                    table=table,
                    day=str(entry.partition.dt),
                    hour=entry.partition.hr,
                    state=entry.state,
                    why=cut(entry.why.splitlines()[0], LONGEST) if entry.why else "",
                    rows=entry.rows,
                )


def graph_nodes(gathered: Gathered) -> Iterator[told.Node]:
    """Yield logs, windows, samples, program and features, with what there is to say of each."""
    pipeline, rows = gathered.pipeline, gathered.rows
    for log in pipeline.logs:
        counted = (f"{rows[log.name].rows_in:,} rows",) if log.name in rows else ()
        yield told.Node(f"log {log.name}", 0, log.name, ("log", *counted))
    if pipeline.windows:
        names = [name for window in pipeline.windows for name in window.makes]
        more = (f"and {len(names) - 2} more",) if len(names) > 2 else ()
        yield told.Node("windows", 1, count(len(names), "window"), (*names[:2], *more))
    samples, features = gathered.samples, gathered.features
    version = "" if samples.live is None else f" v{samples.live.version}"
    labels = ", ".join(label.name for label in pipeline.samples.labels)
    yield told.Node("samples", 2, f"samples{version}", (f"{_rows(samples, gathered):,} rows", f"label: {labels}"))
    dropped = sum(sum(counts.dropped.values()) for name, counts in rows.items() if name != "samples")
    if dropped:
        yield told.Node("quarantine", 2, "quarantine", (f"{dropped:,} rows of logs",))
    if gathered.program is None:
        yield told.Node("program", 3, "program", ("not fitted yet",))
    else:
        fit, number = gathered.program.made["fit"], versions(gathered.workspace.pipeline(pipeline.name))[-1]
        lines = (count(len(gathered.program.outputs), "feature"), f"from {fit['start']}", f"to {fit['end']}")
        yield told.Node("program", 3, f"program v{number}", lines)
    version = "" if features.live is None else f" v{features.live.version}"
    yield told.Node(
        "features", 4, f"features{version}", (f"{_rows(features, gathered):,} rows", pipeline.table.__name__)
    )
    aside = gathered.made.dropped.get("quarantined", 0)
    if aside:
        yield told.Node("quarantine_features", 4, "quarantine", (f"{aside:,} rows of features",))


def graph_edges(gathered: Gathered) -> Iterator[told.Edge]:
    """Yield what goes into what."""
    pipeline, rows = gathered.pipeline, gathered.rows
    read = {log.name for window in pipeline.windows for log in window.logs}
    for log in pipeline.logs:
        if log in pipeline.samples.logs:
            yield told.Edge(f"log {log.name}", "samples")
        if log.name in read:
            yield told.Edge(f"log {log.name}", "windows")
        if log.name in rows and rows[log.name].dropped:
            yield told.Edge(f"log {log.name}", "quarantine")
    if pipeline.windows:
        yield told.Edge("windows", "samples")
    yield told.Edge("samples", "program")
    yield told.Edge("program", "features")
    if gathered.made.dropped.get("quarantined"):
        yield told.Edge("program", "quarantine_features")


def _rows(stored: Stored, gathered: Gathered) -> int:
    return sum(stored.rows.get(partition, 0) for partition in gathered.partitions)
