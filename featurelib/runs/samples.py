"""Build samples: partition tasks, bucket tasks, attach tasks, one commit."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.engine import Failed, attempt
from featurelib.errors import FeaturelibError
from featurelib.ledger import digest
from featurelib.ledger.conservation import Account, check
from featurelib.runs.changes import LabelTask, label_task
from featurelib.runs.failures import conclude
from featurelib.runs.run import Run
from featurelib.runs.sample_tasks import (
    SAMPLES,
    AttachTask,
    BucketTask,
    PartitionResult,
    PartitionTask,
    attach_task,
    bucket_task,
    partition_task,
)
from featurelib.samples import RowCounts
from featurelib.tables import Lineage, Partition, StagedFile, TableVersion, VersionedTable
from featurelib.windows import TileSpec
from featurelib.windows.tiles import BUCKETS

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
    results, failures = _read(run, partitions)
    staged = _attach(run, partitions, results, failures) if run.pipeline.windows else _plain(results)
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
    _commit(run, run.quarantine, [file for file in set_aside if file is not None], entries)
    version = _commit(run, run.samples, [staged[partition] for partition in entries], entries)
    conclude(run, "samples", partitions, failures, keys)
    return version


def _read(run: Run, partitions: Sequence[Partition]) -> tuple[dict[Partition, PartitionResult], _Failures]:
    """Read each partition's logs; return what was made, and the partitions that cannot be built."""
    tasks = _partition_tasks(run, partitions)
    results, broken = {}, {}
    for task, result in zip(tasks, attempt(run.engine, partition_task, tasks), strict=True):
        if isinstance(result, Failed):
            broken[task.partition] = result.error
        else:
            results[task.partition] = result
    failures = {}
    for partition in partitions:
        # NOTE: windows over tiles of which some are missing would be wrong and look right
        reach = _reach(run, [partition]) if run.pipeline.windows and broken else [partition]
        lost = [one for one in (partition, *reach) if one in broken]
        if lost:
            failures[partition] = broken[lost[0]]
    return results, failures


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


def _commit(
    run: Run, table: VersionedTable, files: Sequence[StagedFile], entries: Mapping[Partition, Mapping[str, Any]]
) -> int:
    if not entries:
        return table.version
    lineage = Lineage(
        run=run.name,
        pipeline=run.pipeline.name,
        partitions={str(partition): entry for partition, entry in entries.items()},
        common={"featurelib": __version__},
    )
    return table.commit(files, replaces=list(entries), lineage=lineage)


def _partition_tasks(run: Run, partitions: Sequence[Partition]) -> list[PartitionTask]:
    wanted = dict.fromkeys(partitions, True)
    for partition in _without_tiles(run, partitions):
        wanted.setdefault(partition, False)
    tables = {"samples": run.samples, "quarantine": run.quarantine}
    tables |= {spec.name: run.tiles(spec.name, spec.schema) for spec in run.pipeline.tiles}
    staging = {name: table.staging(run.name) for name, table in tables.items()}
    make = partial(PartitionTask, run.pipeline, run.workspace, staging=staging, scratch=run.scratch)
    return [make(partition=partition, samples=samples) for partition, samples in sorted(wanted.items())]


def _without_tiles(run: Run, partitions: Sequence[Partition]) -> list[Partition]:
    """Return the earlier partitions that lack tiles and have logs."""
    missing: dict[Partition, None] = {}
    for spec in run.pipeline.tiles:
        reach = _reach(run, partitions)
        there = _keys(run.tiles(spec.name, spec.schema).at(), reach)
        for partition in reach:
            inputs = run.fingerprints.tiles(spec, partition)["inputs"]
            landed = any(log["files"] for log in inputs.values())
            if landed and not _are_current(run, spec, partition, there.get(partition)):
                missing[partition] = None
    return sorted(missing)


def _reach(run: Run, partitions: Sequence[Partition]) -> list[Partition]:
    """Return the partitions whose tiles the windows of some may read, ascending."""
    start, _ = run.pipeline.bounds(min(partitions))
    _, end = run.pipeline.bounds(max(partitions))
    # NOTE: in instants, not in days: a window reaches back from a whole UTC hour, and a day may have 23 hours
    hour = start.replace(minute=0, second=0, microsecond=0)
    return run.pipeline.partitions_between(hour - max(rate.reach for rate in run.pipeline.windows), end)


def _attach(
    run: Run, partitions: Sequence[Partition], results: Mapping[Partition, PartitionResult], failures: _Failures
) -> dict[Partition, StagedFile]:
    """Commit the tiles, answer the windows by bucket, and attach the answers by partition."""
    tasks: list[BucketTask] = []
    asked = tuple(partition for partition in partitions if partition not in failures)
    for number, spec in enumerate(run.pipeline.tiles):
        version = _commit_tiles(run, spec, {p: result.tiles[number] for p, result in results.items()})
        live = run.tiles(spec.name, spec.schema).at(version)
        there = _keys(live, _reach(run, partitions))
        tiles = live.scan([partition for partition, key in there.items() if _are_current(run, spec, partition, key)])
        tasks += [BucketTask(run.pipeline, spec, tiles, bucket, asked, run.scratch) for bucket in range(BUCKETS)]
    answers = run.engine.map(bucket_task, tasks) if asked else []
    staging, joins = run.samples.staging(run.name), []
    for partition in asked:
        rows = results[partition].samples
        if isinstance(rows, pl.LazyFrame):
            found = {
                spec.by: tuple(
                    files[partition] for task, files in zip(tasks, answers, strict=True) if task.spec == spec
                )
                for spec in run.pipeline.tiles
            }
            joins.append(AttachTask(run.pipeline, staging, partition, rows, found))
    staged = {}
    for join, file in zip(joins, attempt(run.engine, attach_task, joins), strict=True):
        if isinstance(file, Failed):
            failures[join.partition] = file.error
        else:
            staged[join.partition] = file
    return staged


def _keys(tiles: TableVersion, partitions: Sequence[Partition]) -> dict[Partition, str | None]:
    """Return what those tiles were made of that are there."""
    return {partition: entry.get("key") for partition, entry in tiles.entries(partitions)}


def _are_current(run: Run, spec: TileSpec, partition: Partition, key: str | None) -> bool:
    """Return whether a partition's tiles are of the logs as they are now; those of logs withdrawn do not count."""
    return key is not None and key == digest(run.fingerprints.tiles(spec, partition))


def _commit_tiles(run: Run, spec: TileSpec, files: Mapping[Partition, StagedFile]) -> int:
    parts = {partition: run.fingerprints.tiles(spec, partition) for partition in files}
    entries = {partition: {"key": digest(part), **part} for partition, part in parts.items()}
    return _commit(run, run.tiles(spec.name, spec.schema), list(files.values()), entries)
