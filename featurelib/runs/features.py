"""Build features: apply the program by day, measure, judge, and commit what passed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.engine import Failed, attempt
from featurelib.errors import FeaturelibError, ProgramMissingError
from featurelib.ledger import digest, fitted
from featurelib.pipeline import Pipeline
from featurelib.program import Program
from featurelib.runs.failures import conclude
from featurelib.runs.run import Run
from featurelib.samples import RowCounts
from featurelib.schema import Metrics, Verdict, judge, measure, split
from featurelib.tables import Lineage, Partition, StagedFile, Staging


@dataclass(frozen=True, slots=True)
class ApplyTask:
    """Make the features of one partition from its samples, of which there are ``rows``."""

    pipeline: Pipeline
    program: Program
    staging: Staging
    partition: Partition
    samples: pl.LazyFrame
    rows: int


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """What an apply task wrote and measured."""

    partition: Partition
    file: StagedFile
    metrics: Metrics
    rows_in: int
    absent: tuple[str, ...]


def apply_task(task: ApplyTask) -> ApplyResult:
    """Evaluate the program over one partition of samples, stage the rows, and measure what was staged."""
    features = task.program.transform(task.samples, keep=task.pipeline.carried)
    table, absent = task.pipeline.table, dropped_features(task.pipeline, task.program)
    nulls = [pl.lit(None, dtype=table.columns[name].dtype).alias(name) for name in absent]
    staged = task.staging.stage(features.with_columns(nulls).select(list(table.columns)), task.partition)
    metrics = measure(pl.scan_parquet(task.staging.storage.url(staged.path)), table, absent=absent)
    return ApplyResult(task.partition, staged, metrics, task.rows, absent)


def dropped_features(pipeline: Pipeline, program: Program) -> tuple[str, ...]:
    """Return the features that selection dropped: columns that are null in all rows."""
    return tuple(name for name in pipeline.feature_names if name not in program.outputs)


def build_features(run: Run, partitions: Sequence[Partition]) -> int:
    """Build the features of some partitions with the latest program, and commit at once those that pass their checks.

    Parameters
    ----------
    run
        The run.
    partitions
        Partitions whose samples are built, ascending.

    Returns
    -------
    The version of the feature table that holds them.

    Raises
    ------
    ProgramMissingError
        If no program is fitted for the pipeline as declared.
    PartitionsFailedError
        If some broke a rule of their table, or could not be made: readers stay on what they had of these; the others
        are committed.
    """
    program = fitted(run.pipeline, run.workspace)
    if program is None:
        raise ProgramMissingError(f"{run.pipeline} has no program as declared; run featurelib fit {run.pipeline.name}.")
    store, samples = run.features, run.samples.at(run.samples.version)
    made_from = {partition: entry.get("key") for partition, entry in samples.entries(partitions)}
    parts = {p: run.fingerprints.features(made_from[p], program.fingerprint) for p in partitions}
    rows = Counter[Partition]()
    for file in samples.files_of(partitions):
        rows[file.partition] += file.rows
    make, staging = partial(ApplyTask, run.pipeline, program), store.staging(run.name)
    tasks = [make(staging, partition, samples.scan([partition]), rows[partition]) for partition in partitions]
    failures: dict[Partition, FeaturelibError] = {}
    passed: dict[Partition, tuple[ApplyResult, Verdict]] = {}
    for task, result in zip(tasks, attempt(run.engine, apply_task, tasks), strict=True):
        if isinstance(result, Failed):
            failures[task.partition] = result.error
            continue
        try:
            passed[task.partition] = result, _judged(run, result)
        except FeaturelibError as error:
            failures[task.partition] = error
            store.discard([result.file])
    results = _set_aside(run, passed, parts)
    entries = {p: _entry(parts[p], results[p], verdict) for p, (_, verdict) in passed.items()}
    common = {
        "featurelib": __version__,
        "program": program.fingerprint,
        "samples_version": samples.version,
        "outputs": list(program.outputs),
    }
    lineage = Lineage(
        run=run.name,
        pipeline=run.pipeline.name,
        partitions={str(partition): entry for partition, entry in entries.items()},
        common=common,
    )
    files = [result.file for result in results.values()]
    committed = store.commit(files, replaces=list(results), lineage=lineage) if files else store.version
    conclude(run, "features", partitions, failures, parts)
    return committed


def _judged(run: Run, result: ApplyResult) -> Verdict:
    """Return the verdict on a partition that may be published."""
    pipeline = run.pipeline
    verdict = judge(result.metrics, pipeline.table, absent=result.absent)
    verdict.raise_if_refused(f"{pipeline.name} features of {result.partition}")
    return verdict


@dataclass(frozen=True, slots=True)
class SplitTask:
    """Set aside the rows of one staged partition that a rule sends to quarantine."""

    pipeline: Pipeline
    good: Staging
    bad: Staging
    file: StagedFile
    absent: tuple[str, ...]


def split_task(task: SplitTask) -> tuple[StagedFile, StagedFile]:
    """Stage the good rows and the quarantined ones, each for its own table."""
    staged = pl.scan_parquet(task.good.storage.url(task.file.path))
    good, bad = split(staged, task.pipeline.table, absent=task.absent)
    rows = pl.struct(pl.exclude("_reasons")).struct.json_encode()
    set_aside = bad.select(reasons=pl.col("_reasons"), row=rows)
    partition = task.file.partition
    return task.good.stage(good, partition), task.bad.stage(set_aside, partition)


def _set_aside(
    run: Run, passed: Mapping[Partition, tuple[ApplyResult, Verdict]], parts: Mapping[Partition, Mapping[str, Any]]
) -> dict[Partition, ApplyResult]:
    """Return the results with the files that hold the good rows alone; commit the others to quarantine."""
    store, aside = run.features, run.quarantine_features
    there = {file.partition for file in aside.at().files_of(list(passed))}
    broken = {partition: result for partition, (result, verdict) in passed.items() if verdict.set_aside}
    stale = [partition for partition in passed if partition in there and partition not in broken]
    make = partial(SplitTask, run.pipeline, store.staging(run.name), aside.staging(run.name))
    tasks = [make(result.file, result.absent) for result in broken.values()]
    split_files = dict(zip(broken, run.engine.map(split_task, tasks), strict=True))
    replaced = [*broken, *stale]
    if replaced:
        keys = {str(partition): {"key": digest(parts[partition])} for partition in replaced}
        lineage = Lineage(run=run.name, pipeline=run.pipeline.name, partitions=keys)
        aside.commit([bad for _, bad in split_files.values()], replaces=replaced, lineage=lineage)
        store.discard([result.file for result in broken.values()])
    return {
        partition: replace(result, file=split_files[partition][0]) if partition in split_files else result
        for partition, (result, _) in passed.items()
    }


def _entry(parts: Mapping[str, Any], result: ApplyResult, verdict: Verdict) -> dict[str, Any]:
    """Return the lineage entry of a partition."""
    dropped = {"quarantined": verdict.set_aside} if verdict.set_aside else {}
    counts = RowCounts(result.rows_in, result.file.rows, dropped).check("features", result.partition)
    return {"key": digest(parts), **parts, "rows": {"samples": counts.to_json()}, "checks": dict(verdict.counts)}
