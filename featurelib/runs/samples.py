"""Build samples: partition tasks, answer tasks over buckets of entities, attach tasks, one commit."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.engine import Failed, attempt
from featurelib.errors import FeaturelibError
from featurelib.ledger import digest
from featurelib.ledger.conservation import Account, check
from featurelib.runs.changes import LabelTask, label_task
from featurelib.runs.failures import conclude
from featurelib.runs.run import Run
from featurelib.runs.sample_tasks import (
    SAMPLES,
    Answers,
    AnswerTask,
    AttachTask,
    PartitionResult,
    PartitionTask,
    answer_task,
    attach_task,
    partition_task,
)
from featurelib.runs.tiles import (
    HeldTiles,
    bucket_tasks,
    commit,
    commit_tiles,
    learned,
    staging,
    stored_tiles,
    tiles_lacking,
)
from featurelib.samples import RowCounts
from featurelib.tables import Partition, StagedFile

_Failures = dict[Partition, FeaturelibError]


def build_samples(run: Run, partitions: Sequence[Partition]) -> int:
    """Build the samples of some partitions and commit them at once, with their tiles and their quarantined rows.

    Parameters
    ----------
    run
        The run.
    partitions
        Ascending; built whatever their state is.

    Returns
    -------
    The version of the samples table that holds them.

    Raises
    ------
    PartitionsFailedError
        If some could not be built: a log cannot be read, or rows were lost or made. The others are committed.
    """
    _ = run.samples, run.quarantine  # made here, not by the first of several tasks
    # NOTE: fingerprints before rows: a file that lands in between makes a partition stale, never taken for built
    keys = {partition: run.fingerprints.samples(partition) for partition in partitions}
    results, broken = _read(run, partitions)
    failures = _failures(run, partitions, broken)
    staged = _attach(run, partitions, results, broken, failures) if run.pipeline.windows else _plain(results)
    made = {p: results[p] for p in partitions if p not in failures}
    labels = _labels(run, {partition: staged[partition] for partition in made})
    entries: dict[Partition, dict[str, Any]] = {}
    for partition, result in made.items():
        try:
            entry = _entry(keys[partition], result, staged[partition]) | labels[partition]
            _check(run, entry, result, staged[partition])
            entries[partition] = entry
        except FeaturelibError as error:  # rows were lost or made
            failures[partition] = error
    set_aside = [made[partition].quarantine for partition in entries]
    commit(run, run.quarantine, [file for file in set_aside if file is not None], entries)
    version = commit(run, run.samples, [staged[partition] for partition in entries], entries)
    conclude(run, "samples", partitions, failures, keys)
    return version


def _read(run: Run, partitions: Sequence[Partition]) -> tuple[dict[Partition, PartitionResult], _Failures]:
    """Read each partition's logs, of those looked back to too; return what was made, and what could not be read."""
    tasks = _partition_tasks(run, partitions)
    results, broken = {}, {}
    for task, result in zip(tasks, attempt(run.engine, partition_task, tasks), strict=True):
        if isinstance(result, Failed):
            broken[task.partition] = result.error
        else:
            results[task.partition] = result
    return results, broken


def _failures(run: Run, partitions: Sequence[Partition], broken: _Failures) -> _Failures:
    """Return the partitions that cannot be built."""
    failures = {}
    for partition in partitions:
        # NOTE: windows over tiles of which some are missing would be wrong and look right
        reach = run.pipeline.looked_back([partition]) if broken else [partition]
        lost = [one for one in (partition, *reach) if one in broken]
        if lost:
            failures[partition] = broken[lost[0]]
    return failures


def _plain(results: Mapping[Partition, PartitionResult]) -> dict[Partition, StagedFile]:
    return {p: result.samples for p, result in results.items() if isinstance(result.samples, StagedFile)}


def _entry(parts: Mapping[str, Any], result: PartitionResult, file: StagedFile) -> dict[str, Any]:
    """Return the lineage entry of a partition, with what was written held against what was counted."""
    counted = result.counts[SAMPLES]
    checked = RowCounts(counted.rows_in, file.rows, counted.dropped, counted.made).check(SAMPLES, result.partition)
    rows = {name: counts.to_json() for name, counts in {**result.counts, SAMPLES: checked}.items()}
    return {"key": digest(parts), **parts, "rows": rows, "hours": result.hours, "landed": result.landed}


def _check(run: Run, entry: Mapping[str, Any], result: PartitionResult, file: StagedFile) -> None:
    """Hold what was counted against what was written, as `featurelib.ledger.conservation` does later."""
    check(
        Account.from_entry(entry),
        result.partition,
        sampled=run.pipeline.samples.log.name,
        rows=file.rows,
        set_aside=0 if result.quarantine is None else result.quarantine.rows,
    )


def _labels(run: Run, staged: Mapping[Partition, StagedFile]) -> dict[Partition, dict[str, Any]]:
    before = run.samples.at(run.samples.version)
    there = {file.partition for file in before.files_of(staged)}
    root, samples = run.workspace.table(run.pipeline.name, "samples"), run.pipeline.samples
    tasks = [LabelTask(samples, root, file, before.scan([p]) if p in there else None) for p, file in staged.items()]
    return dict(zip(staged, run.engine.map(label_task, tasks), strict=True))


def _partition_tasks(run: Run, partitions: Sequence[Partition]) -> list[PartitionTask]:
    reach = run.pipeline.looked_back(partitions) if run.pipeline.tiles else []
    stored = stored_tiles(run)
    lacking, writers = tiles_lacking(run, stored, reach), staging(run, stored)
    return [
        PartitionTask(run.pipeline, run.workspace, one, writers, run.scratch, one in set(partitions), specs)
        for one in sorted({*partitions, *lacking})
        for specs in [lacking.get(one, ())]
    ]


def _attach(
    run: Run,
    partitions: Sequence[Partition],
    results: Mapping[Partition, PartitionResult],
    broken: _Failures,
    failures: _Failures,
) -> dict[Partition, StagedFile]:
    """Commit the tiles, answer the windows by bucket, and attach the answers by partition."""
    asking = [partition for partition in partitions if partition not in failures]
    made = {partition: result.tiles for partition, result in results.items()}
    reach = run.pipeline.looked_back(partitions)
    tiles = commit_tiles(run, reach, made, broken)
    answers = [
        _answers(run, number, tiles, {one: results[one] for one in asking} if asking else {})
        for number in range(len(run.pipeline.questions))
    ]
    place, joins = run.samples.staging(run.name), []
    for partition in asking:
        rows = results[partition].samples
        if isinstance(rows, pl.LazyFrame):
            found = tuple(
                Answers(results[partition].asked[number].asks, tuple(files[partition] for files in answered))
                for number, answered in enumerate(answers)
            )
            joins.append(AttachTask(run.pipeline, place, partition, run.scratch, rows, found))
    staged = {}
    for join, file in zip(joins, attempt(run.engine, attach_task, joins), strict=True):
        if isinstance(file, Failed):
            failures[join.partition] = file.error
        else:
            staged[join.partition] = file
    return staged


def _answers(
    run: Run, number: int, tiles: Mapping[str, HeldTiles], results: Mapping[Partition, PartitionResult]
) -> list[dict[Partition, Path]]:
    """Answer one question for some partitions."""
    if not results:
        return []
    known = learned(run, number, tiles, list(results))
    asked = {one: result.asked[number].asked for one, result in results.items()}
    rows = sum(result.asked[number].rows for result in results.values())
    buckets = bucket_tasks(run, number, run.pipeline.questions[number].tiles, tiles, rows)
    return run.engine.map(answer_task, [AnswerTask(bucket, asked, known) for bucket in buckets])
