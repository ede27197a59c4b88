"""Build features: apply the program by day, measure, judge, and commit what passed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.errors import ProgramMissingError
from featurelib.ledger import digest, fitted
from featurelib.pipeline import Pipeline
from featurelib.program import Program
from featurelib.runs.run import Run
from featurelib.samples import RowCounts
from featurelib.schema import Metrics, Verdict, judge, measure, split
from featurelib.tables import Lineage, Partition, StagedFile, VersionedTable
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ApplyTask:
    """Make the features of one day."""

    pipeline: Pipeline
    workspace: Workspace
    program: Program
    version: int
    day: date
    run: str


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What an apply task wrote and measured."""

    day: date
    file: StagedFile
    metrics: Metrics
    rows_in: int
    absent: tuple[str, ...]


def apply_task(task: ApplyTask) -> ApplyResult:
    """Evaluate the program over one day of samples, stage the rows, and measure what was staged."""
    store = VersionedTable.open(task.workspace.table(task.pipeline.name, "features"))
    samples = VersionedTable.open(task.workspace.table(task.pipeline.name, "samples"))
    partition = Partition(task.day)
    rows = samples.scan(task.version, partitions=[partition])
    features = task.program.transform(rows, keep=task.pipeline.carried)
    table, absent = task.pipeline.table, dropped_features(task.pipeline, task.program)
    nulls = [pl.lit(None, dtype=table.columns[name].dtype).alias(name) for name in absent]
    staged = store.stage(features.with_columns(nulls).select(list(table.columns)), partition, run=task.run)
    metrics = measure(pl.scan_parquet(Path(store.uri) / staged.path), table, absent=absent)
    return ApplyResult(task.day, staged, metrics, samples.partitions(task.version)[partition].rows, absent)


def dropped_features(pipeline: Pipeline, program: Program) -> tuple[str, ...]:
    """Return the features that selection dropped: columns that are null in all rows."""
    return tuple(name for name in pipeline.feature_names if name not in program.outputs)


def build_features(run: Run, days: Sequence[date]) -> int:
    """Build the features of some days with the latest program, and commit them at once if every day passes its checks.

    Parameters
    ----------
    run
        The run.
    days
        Days whose samples are built, ascending.

    Returns
    -------
    The version of the feature table that holds them.

    Raises
    ------
    ProgramMissingError
        If no program is fitted for the pipeline as declared.
    SchemaViolationError
        If a day breaks a rule of its table; nothing of these days is published, readers stay on the last version.
    """
    program = fitted(run.pipeline, run.workspace)
    if program is None:
        raise ProgramMissingError(f"{run.pipeline} has no program as declared; run featurelib fit {run.pipeline.name}.")
    store, version = run.features, run.samples.version
    tasks = [ApplyTask(run.pipeline, run.workspace, program, version, day, run.name) for day in days]
    results = run.engine.map(apply_task, tasks)
    verdicts = [_judged(run, result) for result in results]
    made_from = run.samples.partitions(version)
    parts = {day: run.fingerprints.features(made_from[Partition(day)].key, program.fingerprint) for day in days}
    results = _set_aside(run, results, verdicts, parts)
    entries = {
        result.day: _entry(parts[result.day], result, verdict)
        for result, verdict in zip(results, verdicts, strict=True)
    }
    common = {
        "featurelib": __version__,
        "program": program.fingerprint,
        "samples_version": version,
        "outputs": list(program.outputs),
    }
    lineage = Lineage(
        run=run.name,
        pipeline=run.pipeline.name,
        partitions={str(Partition(day)): entry for day, entry in entries.items()},
        common=common,
    )
    return store.commit([result.file for result in results], replaces=[Partition(day) for day in days], lineage=lineage)


def _judged(run: Run, result: ApplyResult) -> Verdict:
    """Return the verdict on a day that may be published."""
    pipeline = run.pipeline
    verdict = judge(result.metrics, pipeline.table, absent=result.absent)
    verdict.raise_if_refused(f"{pipeline.name} features of {result.day}")
    return verdict


@dataclass(frozen=True, slots=True)
class SplitTask:
    """Set aside the rows of one staged day that a rule sends to quarantine."""

    pipeline: Pipeline
    workspace: Workspace
    file: StagedFile
    absent: tuple[str, ...]
    run: str


def split_task(task: SplitTask) -> tuple[StagedFile, StagedFile]:
    """Stage the good rows and the quarantined ones, each for its own table."""
    store = VersionedTable.open(task.workspace.table(task.pipeline.name, "features"))
    aside = VersionedTable.open(task.workspace.table(task.pipeline.name, "quarantine_features"))
    good, bad = split(pl.scan_parquet(Path(store.uri) / task.file.path), task.pipeline.table, absent=task.absent)
    rows = pl.struct(pl.exclude("_reasons")).struct.json_encode()
    set_aside = bad.select(reasons=pl.col("_reasons"), row=rows)
    partition = task.file.partition
    return store.stage(good, partition, run=task.run), aside.stage(set_aside, partition, run=task.run)


def _set_aside(
    run: Run, results: list[ApplyResult], verdicts: list[Verdict], parts: Mapping[date, Mapping[str, Any]]
) -> list[ApplyResult]:
    """Return the results with the files that hold the good rows alone; commit the others to quarantine."""
    store, aside = run.features, run.quarantine_features
    there = aside.partitions()
    broken = [result for result, verdict in zip(results, verdicts, strict=True) if verdict.set_aside]
    stale = [result for result in results if Partition(result.day) in there and result not in broken]
    tasks = [SplitTask(run.pipeline, run.workspace, result.file, result.absent, run.name) for result in broken]
    split_files = dict(zip([result.day for result in broken], run.engine.map(split_task, tasks), strict=True))
    replaced = [Partition(result.day) for result in (*broken, *stale)]
    if replaced:
        keys = {str(day): {"key": digest(parts[day.dt])} for day in replaced}
        lineage = Lineage(run=run.name, pipeline=run.pipeline.name, partitions=keys)
        aside.commit([bad for _, bad in split_files.values()], replaces=replaced, lineage=lineage)
        store.discard([result.file for result in broken])
    return [
        replace(result, file=split_files[result.day][0]) if result.day in split_files else result for result in results
    ]


def _entry(parts: Mapping[str, Any], result: ApplyResult, verdict: Verdict) -> dict[str, Any]:
    """Return the lineage entry of a day."""
    dropped = {"quarantined": verdict.set_aside} if verdict.set_aside else {}
    counts = RowCounts(result.rows_in, result.file.rows, dropped).check("features", result.day)
    return {"key": digest(parts), **parts, "rows": {"samples": counts.to_json()}, "checks": dict(verdict.counts)}
