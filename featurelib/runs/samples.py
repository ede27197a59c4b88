"""Build samples: day tasks, bucket tasks, attach tasks, one commit."""

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from featurelib import __version__
from featurelib.days import Days, day_bounds
from featurelib.ledger import digest
from featurelib.logs import Log
from featurelib.runs.run import Run
from featurelib.runs.sample_tasks import (
    AttachTask,
    BucketTask,
    DayResult,
    DayTask,
    attach_task,
    bucket_task,
    day_task,
)
from featurelib.samples import RowCounts
from featurelib.tables import Lineage, Partition, PartitionRecord, StagedFile, VersionedTable
from featurelib.windows import TileSpec
from featurelib.windows.tiles import BUCKETS


def build_samples(run: Run, days: Sequence[date]) -> int:
    """Build the samples of some days and commit them at once, with their tiles and their quarantined rows.

    Parameters
    ----------
    run
        The run.
    days
        Days of the pipeline, ascending; built whatever their state is.

    Returns
    -------
    The version of the samples table that holds them.

    Raises
    ------
    LogMissingError, LogFileError, ColumnMissingError, ColumnTypeError
        If a log cannot be read.
    ConservationError
        If rows were lost or made.
    """
    _ = run.samples, run.quarantine  # made here, not by the first of several tasks
    # NOTE: fingerprints before rows: a file that lands in between makes the day stale, and is never taken for built
    keys = {day: run.fingerprints.samples(day) for day in days}
    results = run.engine.map(day_task, _day_tasks(run, days))
    by_day = {result.day: result for result in results if result.samples is not None}
    staged = _attach(run, days, results) if run.pipeline.windows else {day: by_day[day].samples for day in days}
    set_aside = [result.quarantine for result in by_day.values() if result.quarantine is not None]
    files = {day: file for day, file in staged.items() if isinstance(file, StagedFile)}
    sampled = run.pipeline.samples.log
    entries = {day: _entry(keys[day], by_day[day], sampled, kept=files[day].rows) for day in days}
    _commit(run, run.quarantine, set_aside, entries)
    return _commit(run, run.samples, list(files.values()), entries)


def _entry(parts: dict[str, Any], result: DayResult, sampled: Log, *, kept: int) -> dict[str, Any]:
    """Return the lineage entry of a day, with what was written held against what was counted."""
    counted = result.counts[sampled.name]
    checked = RowCounts(counted.rows_in, kept, counted.dropped).check("samples", Partition(result.day))
    rows = {name: counts.to_json() for name, counts in {**result.counts, sampled.name: checked}.items()}
    return {"key": digest(parts), **parts, "rows": rows}


def _commit(run: Run, table: VersionedTable, files: Sequence[StagedFile], entries: dict[date, dict[str, Any]]) -> int:
    partitions = {Partition(day): entry for day, entry in entries.items()}
    lineage = Lineage(
        run=run.name,
        pipeline=run.pipeline.name,
        partitions={str(partition): entry for partition, entry in partitions.items()},
        common={"featurelib": __version__},
    )
    return table.commit(files, replaces=list(partitions), lineage=lineage)


def _day_tasks(run: Run, days: Sequence[date]) -> list[DayTask]:
    wanted = dict.fromkeys(days, True)
    for day in _days_of_tiles(run, days):
        wanted.setdefault(day, False)
    make = partial(DayTask, run.pipeline, run.workspace, run=run.name, scratch=run.scratch)
    return [make(day=day, samples=samples) for day, samples in sorted(wanted.items())]


def _days_of_tiles(run: Run, days: Sequence[date]) -> list[date]:
    """Return the days before ``days`` that lack tiles and have logs."""
    missing: dict[date, None] = {}
    for spec in run.pipeline.tiles:
        there = run.tiles(spec.name, spec.schema).partitions()
        for day in _reach(run, days):
            inputs = run.fingerprints.tiles(spec, day)["inputs"]
            landed = any(found["files"] for log_days in inputs.values() for found in log_days.values())
            if landed and not _are_current(run, spec, day, there.get(Partition(day))):
                missing[day] = None
    return sorted(missing)


def _reach(run: Run, days: Sequence[date]) -> list[date]:
    """Return the days whose tiles the windows of ``days`` may read, ascending."""
    zone = run.pipeline.samples.timezone
    start, _ = day_bounds(min(days), zone)
    # NOTE: in instants, not in days: a window reaches back from a whole UTC hour, and a day may have 23 hours
    hour = start.replace(minute=0, second=0, microsecond=0)
    reached = hour - max(rate.reach for rate in run.pipeline.windows)
    return list(Days(reached.astimezone(ZoneInfo(zone)).date(), max(days)))


def _attach(run: Run, days: Sequence[date], results: Sequence[DayResult]) -> dict[date, StagedFile]:
    """Commit the tiles, answer the windows by bucket, and attach the answers by day."""
    tasks = []
    for number, spec in enumerate(run.pipeline.tiles):
        version = _commit_tiles(run, spec, {result.day: result.tiles[number] for result in results})
        there = run.tiles(spec.name, spec.schema).partitions(version)
        reach = tuple(day for day in _reach(run, days) if _are_current(run, spec, day, there.get(Partition(day))))
        make = partial(BucketTask, run.pipeline, run.workspace, spec, version)
        tasks += [make(bucket, reach, tuple(days), run.scratch) for bucket in range(BUCKETS)]
    answers = run.engine.map(bucket_task, tasks)
    joins = []
    for result in results:
        if isinstance(result.samples, pl.LazyFrame):
            found = {
                spec.by: tuple(
                    files[result.day] for task, files in zip(tasks, answers, strict=True) if task.spec == spec
                )
                for spec in run.pipeline.tiles
            }
            joins.append(AttachTask(run.pipeline, run.workspace, result.day, run.name, result.samples, found))
    return dict(zip([join.day for join in joins], run.engine.map(attach_task, joins), strict=True))


def _are_current(run: Run, spec: TileSpec, day: date, tiles: PartitionRecord | None) -> bool:
    """Return whether a day's tiles are of the logs as they are now; those of logs since withdrawn do not count."""
    return tiles is not None and tiles.key == digest(run.fingerprints.tiles(spec, day))


def _commit_tiles(run: Run, spec: TileSpec, files: dict[date, StagedFile]) -> int:
    parts = {day: run.fingerprints.tiles(spec, day) for day in files}
    entries = {day: {"key": digest(part), **part} for day, part in parts.items()}
    return _commit(run, run.tiles(spec.name, spec.schema), list(files.values()), entries)
