"""Build features: apply the program by day, measure, judge, and commit what passed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, cast

import polars as pl

from featurelib import __version__
from featurelib.engine import Failed, attempt
from featurelib.errors import FeaturelibError, ProgramMissingError
from featurelib.ledger import digest, fitted
from featurelib.pipeline import Pipeline
from featurelib.program import Program
from featurelib.runs.baseline import Baseline, baseline_for, check_baseline, usual_rows
from featurelib.runs.drift import against_baseline, short
from featurelib.runs.failures import conclude
from featurelib.runs.profiles import profile_store
from featurelib.runs.run import Run
from featurelib.samples import RowCounts
from featurelib.schema import Table
from featurelib.schema.checks import Expected
from featurelib.schema.edges import Edges
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.metrics import Metrics
from featurelib.schema.quarantine import split
from featurelib.schema.verdict import Verdict
from featurelib.tables import Lineage, ParquetRows, Partition, StagedFile, Staging, TableVersion

_LOOKED_BACK = 31


@dataclass(frozen=True, slots=True)
class ApplyTask:
    """Make the features of one partition from its samples, of which there are ``rows``."""

    pipeline: Pipeline
    program: Program
    edges: Edges | None
    staging: Staging
    partition: Partition
    samples: pl.LazyFrame | ParquetRows
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
    metrics = _measured(task.staging, staged, task.pipeline, absent, task.edges)
    return ApplyResult(task.partition, staged, metrics, task.rows, absent)


def _measured(
    staging: Staging, staged: StagedFile, pipeline: Pipeline, absent: tuple[str, ...], edges: Edges | None
) -> Metrics:
    rows = pl.scan_parquet(staging.storage.url(staged.path))
    return measure(rows, judged_in_builds(pipeline.table), absent=absent, edges=edges)


@cache
def judged_in_builds(table: type[Table]) -> type[Table]:
    """Return a table without its references to others, which `validate` judges.

    What a build publishes depends on its rows and its program alone, never on what else was built before it.
    """
    if not table.references:
        return table
    made = cast("type[Table]", type(table.__name__, (table,), {"references": ()}))
    made.declared_at = table.declared_at
    return made


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
    UsageError
        If drift refuses days of the table, and the program has no baseline to hold them against.
    PartitionsFailedError
        If some broke a rule of their table, or could not be made: readers stay on what they had of these; the others
        are committed.
    """
    program = fitted(run.pipeline, run.workspace)
    if program is None:
        raise ProgramMissingError(f"{run.pipeline} has no program as declared; run featurelib fit {run.pipeline.name}.")
    baseline = baseline_for(run.pipeline, run.workspace, program.fingerprint)
    check_baseline(baseline, run.pipeline, program.fingerprint)
    edges = None if baseline is None else baseline.edges
    samples = run.samples.at(run.samples.version)
    sampled = dict(samples.entries(partitions))
    parts = {p: run.fingerprints.features(sampled[p].get("key"), program.fingerprint) for p in partitions}
    judging = _Judging(run, baseline, {p: sampled[p].get("mature") is not False for p in partitions})
    failures: dict[Partition, FeaturelibError] = {}
    passed = _by_rules(judging, _tasks(run, program, edges, samples, partitions), failures)
    good, bad = _apart(run, passed, edges)
    verdicts = _by_drift(judging, passed, good, bad, failures)
    _set_aside(run, list(verdicts), bad, parts)
    entries = {p: _entry(parts[p], good[p], verdict, final=judging.final[p]) for p, verdict in verdicts.items()}
    common = {
        "featurelib": __version__,
        "program": program.fingerprint,
        "samples_version": samples.version,
        "outputs": list(program.outputs),
        "baseline": None if edges is None else edges.key,
    }
    committed = _publish(run, good, entries, common)
    limits = run.fingerprints.limits
    conclude(run, "features", partitions, failures, {p: {**part, "limits": limits} for p, part in parts.items()})
    return committed


def _tasks(
    run: Run, program: Program, edges: Edges | None, samples: TableVersion, partitions: Sequence[Partition]
) -> list[ApplyTask]:
    rows = Counter[Partition]()
    for file in samples.files_of(partitions):
        rows[file.partition] += file.rows
    make = partial(ApplyTask, run.pipeline, program, edges, run.features.staging(run.name))
    return [make(partition, samples.rows([partition]), rows[partition]) for partition in partitions]


def _by_rules(
    judging: "_Judging", tasks: Sequence[ApplyTask], failures: dict[Partition, FeaturelibError]
) -> dict[Partition, tuple[ApplyResult, Verdict]]:
    """Return what was made of the partitions that keep their rules, with the verdicts; note why the others do not."""
    run = judging.run
    passed: dict[Partition, tuple[ApplyResult, Verdict]] = {}
    for task, result in zip(tasks, attempt(run.engine, apply_task, tasks), strict=True):
        if isinstance(result, Failed):
            failures[task.partition] = result.error
            continue
        try:
            passed[task.partition] = result, judging.by_rules(result)
        except FeaturelibError as error:
            failures[task.partition] = error
            run.features.discard([result.file])
    return passed


def _by_drift(
    judging: "_Judging",
    passed: Mapping[Partition, tuple[ApplyResult, Verdict]],
    good: dict[Partition, ApplyResult],
    bad: dict[Partition, StagedFile],
    failures: dict[Partition, FeaturelibError],
) -> dict[Partition, Verdict]:
    """Return the last verdicts; what is staged of partitions that are refused now goes, and why is noted."""
    run = judging.run
    verdicts: dict[Partition, Verdict] = {}
    for partition, (_, verdict) in passed.items():
        try:
            verdicts[partition] = judging.by_drift(good[partition], verdict)
        except FeaturelibError as error:
            failures[partition] = error
            run.features.discard([good.pop(partition).file])
            run.quarantine_features.discard([bad.pop(partition)] if partition in bad else [])
    return verdicts


def _publish(
    run: Run,
    good: Mapping[Partition, ApplyResult],
    entries: Mapping[Partition, Mapping[str, Any]],
    common: Mapping[str, Any],
) -> int:
    """Commit partitions at once, keep their profiles, and return the version of the table."""
    if not good:
        return run.features.version
    told = {str(partition): dict(entry) for partition, entry in entries.items()}
    lineage = Lineage(run=run.name, pipeline=run.pipeline.name, partitions=told, common=dict(common))
    committed = run.features.commit([result.file for result in good.values()], replaces=list(good), lineage=lineage)
    kept = profile_store(run.pipeline, run.workspace)
    for partition, result in good.items():
        if result.metrics.profile is not None:
            kept.replace(partition, entries[partition]["key"], {result.metrics.profile.edges: result.metrics.profile})
    return committed


@dataclass(frozen=True, slots=True)
class _Judging:
    """What the verdicts on all partitions of a build share.

    Attributes
    ----------
    run, baseline
        Which build, and the baseline of its program; None if there is none that can be read.
    final
        Whether the labels of each partition are final.
    """

    run: Run
    baseline: Baseline | None
    final: Mapping[Partition, bool]

    def by_rules(self, result: ApplyResult) -> Verdict:
        """Return the verdict on what was made, which may be published but for the rows to be set aside."""
        pipeline = self.run.pipeline
        end = min(pipeline.bounds(result.partition)[1], self.run.now)
        verdict = judge(
            result.metrics,
            judged_in_builds(pipeline.table),
            absent=result.absent,
            expected=Expected(until=end, rows=usual_rows(self.baseline, pipeline.table, result.partition)),
        )
        self._refuse(verdict, result.partition)
        return verdict

    def by_drift(self, result: ApplyResult, verdict: Verdict) -> Verdict:
        """Return the verdict with what moved against the baseline, of rows that may be published."""
        if verdict.set_aside:
            self.by_rules(result)  # what is left may lack too many rows, or hold too large a share of nulls
        profile, pipeline = result.metrics.profile, self.run.pipeline
        if profile is None or self.baseline is None:
            return verdict
        whole_days = result.partition.hr is None
        final = self.final[result.partition]
        found = against_baseline(profile, self.baseline, pipeline, final=final, whole_days=whole_days)
        told = replace(verdict, findings=found)
        self._refuse(told, result.partition)
        return told

    def _refuse(self, verdict: Verdict, partition: Partition) -> None:
        if not verdict.publishable:
            since = broken_since(self.run.features.at(), self.run.pipeline, partition)
            verdict.raise_if_refused(f"{self.run.pipeline.name} features of {partition}", since=since)


@dataclass(frozen=True, slots=True)
class SplitTask:
    """Set aside the rows of one staged partition that a rule sends to quarantine, and measure the others."""

    pipeline: Pipeline
    edges: Edges | None
    good: Staging
    bad: Staging
    result: ApplyResult


def split_task(task: SplitTask) -> tuple[ApplyResult, StagedFile]:
    """Stage the good rows and the quarantined ones, each for its own table."""
    result, partition = task.result, task.result.partition
    staged = pl.scan_parquet(task.good.storage.url(result.file.path))
    good, bad = split(staged, task.pipeline.table, absent=result.absent)
    rows = pl.struct(pl.exclude("_reasons")).struct.json_encode()
    set_aside = task.bad.stage(bad.select(reasons=pl.col("_reasons"), row=rows), partition)
    kept = task.good.stage(good, partition)
    metrics = _measured(task.good, kept, task.pipeline, result.absent, task.edges)
    return replace(result, file=kept, metrics=metrics), set_aside


def _apart(
    run: Run, passed: Mapping[Partition, tuple[ApplyResult, Verdict]], edges: Edges | None
) -> tuple[dict[Partition, ApplyResult], dict[Partition, StagedFile]]:
    """Return what is staged of the good rows of each partition, and of those to be set aside, where there are any."""
    broken = [result for result, verdict in passed.values() if verdict.set_aside]
    good, bad = run.features.staging(run.name), run.quarantine_features.staging(run.name)
    tasks = [SplitTask(run.pipeline, edges, good, bad, result) for result in broken]
    apart = {result.partition: (result, aside) for result, aside in run.engine.map(split_task, tasks)}
    run.features.discard([result.file for result in broken])
    results = {partition: result for partition, (result, _) in passed.items()}
    results |= {partition: result for partition, (result, _) in apart.items()}
    return results, {partition: aside for partition, (_, aside) in apart.items()}


def _set_aside(
    run: Run,
    passed: Sequence[Partition],
    bad: Mapping[Partition, StagedFile],
    parts: Mapping[Partition, Mapping[str, Any]],
) -> None:
    """Commit rows to quarantine, in the place of what is there of these partitions."""
    aside = run.quarantine_features
    stale = {file.partition for file in aside.at().files_of(passed)} - set(bad)
    replaced = sorted({*bad, *stale})
    if replaced:
        keys = {str(partition): {"key": digest(parts[partition])} for partition in replaced}
        lineage = Lineage(run=run.name, pipeline=run.pipeline.name, partitions=keys)
        aside.commit(list(bad.values()), replaces=replaced, lineage=lineage)


def _entry(parts: Mapping[str, Any], result: ApplyResult, verdict: Verdict, *, final: bool) -> dict[str, Any]:
    """Return the lineage entry of a partition."""
    dropped = {"quarantined": verdict.set_aside} if verdict.set_aside else {}
    counts = RowCounts(result.rows_in, result.file.rows, dropped).check("features", result.partition)
    return {
        "key": digest(parts),
        **parts,
        "mature": final,
        "rows": {"samples": counts.to_json()},
        "checks": dict(verdict.counts),
        "broken": [
            {"id": one.id, "status": one.status, "rows_bad": one.rows_bad, "seen": one.seen}
            for one in verdict.results
            if one.status != "passed"
        ],
        "drift": short(verdict.findings),
    }


def broken_since(live: TableVersion, pipeline: Pipeline, partition: Partition) -> dict[str, str]:
    """Return, in words, since when the partitions just before one broke the same rules without a gap, by check."""
    before = sorted({file.partition for file in live.files if file.partition < partition})[-_LOOKED_BACK:]
    entries = dict(live.entries(before))
    since: dict[str, list[Partition]] = {}
    going: set[str] | None = None
    for other in reversed(before):
        broken = {one["id"] for one in entries.get(other, {}).get("broken", ())}
        going = broken if going is None else going & broken
        for check in going:
            since.setdefault(check, []).append(other)
        if not going:
            break
    unit = "hours" if pipeline.samples.every == "1h" else "days"
    return {check: f"since {found[-1]} ({len(found)} {unit} before it)" for check, found in since.items()}
