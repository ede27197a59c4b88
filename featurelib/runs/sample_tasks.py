"""Tasks that make samples: by partition from logs, by bucket over tiles, and the two joined, by partition.

Each is a module function of one picklable item: it writes files under unique names and returns a small summary, so an
engine may run it anywhere, twice, or kill it.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.logs import REJECTS, Log
from featurelib.pipeline import Pipeline
from featurelib.runs.credits import Credits
from featurelib.runs.partition_logs import PartitionLogs
from featurelib.runs.thinning import Thinned, thin
from featurelib.samples import CarriedLabel, RowCounts, add_carried, add_credits
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import PartitionFacts
from featurelib.tables import Partition, StagedFile, Staging
from featurelib.windows import Rate, TileSpec, answer, attach, fold, merge
from featurelib.workspace import Workspace

HOUR = timedelta(hours=1)

SAMPLES = "samples"
"""The stage, beside the logs, whose rows are counted."""


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """Read one partition of the logs.

    Attributes
    ----------
    staging
        What writes files of each table.
    samples
        Whether to make the partition's samples; otherwise only its tiles.
    """

    pipeline: Pipeline
    workspace: Workspace
    partition: Partition
    staging: Mapping[str, Staging]
    scratch: Path
    samples: bool


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What a partition task wrote, and how it accounts for the rows it read.

    Attributes
    ----------
    samples
        The staged samples; if windows are still to be attached, the plan that makes their other columns from the logs
        and from small files in the scratch folder: rows are written once.
    counts
        By log, and of the stage `SAMPLES`.
    hours
        For each log, events of each hour of the partition, and those of them that were kept.
    landed
        When the last row of each log landed, where it says so.
    """

    partition: Partition
    samples: StagedFile | pl.LazyFrame | None
    quarantine: StagedFile | None
    tiles: tuple[StagedFile, ...]
    counts: Mapping[str, RowCounts] = field(default_factory=dict)
    hours: Mapping[str, Any] = field(default_factory=dict)
    landed: Mapping[str, str] = field(default_factory=dict)


def partition_task(task: PartitionTask) -> PartitionResult:
    """Turn one partition of logs into samples without windows, quarantined rows, and tiles."""
    logs = PartitionLogs(task.pipeline, task.workspace, task.partition, task.scratch, required=task.samples)

    def stage(table: str, frame: pl.LazyFrame | pl.DataFrame) -> StagedFile:
        return task.staging[table].stage(frame, task.partition)

    made = _samples(logs, task.scratch) if task.samples else None
    tiles = tuple(stage(spec.name, _tiles(logs, spec)) for spec in task.pipeline.tiles)
    if made is None:
        return PartitionResult(task.partition, None, None, tiles)
    plain = made.thinned.rows.select(task.pipeline.samples.schema.names())
    return PartitionResult(
        partition=task.partition,
        samples=plain if task.pipeline.windows else stage("samples", plain),
        quarantine=stage("quarantine", pl.concat([pl.LazyFrame(schema=REJECTS), *logs.set_aside])),
        tiles=tiles,
        counts={**logs.counts, SAMPLES: made.thinned.counts},
        hours=made.hours,
        landed=made.landed,
    )


@dataclass(frozen=True, slots=True)
class _Made:
    """The samples of a partition without windows, how many of each hour there are, and when the logs landed."""

    thinned: Thinned
    hours: Mapping[str, Any]
    landed: Mapping[str, str]


def _samples(logs: PartitionLogs, scratch: Path) -> _Made:
    samples = logs.pipeline.samples
    labelled, credits_ = logs.events(samples.log), Credits(logs)
    credited: dict[str, int] = {}  # by column with the count of a label: how many events it must sum up to
    for label in samples.labels:
        if isinstance(label, CarriedLabel):
            labelled = add_carried(labelled, label)
        else:
            events = credits_.of(label)
            labelled = add_credits(labelled, label, events)
            credited[f"{label.name}__count"] = len(events.filter(pl.col(REASON).is_null() & pl.col(ROW).is_not_null()))
    credits_.account()
    clock = samples.log.table.landing_time
    looked_at = dict.fromkeys([samples.log.time, clock or samples.log.time, *credited])
    shown = labelled.select(list(looked_at)).collect()
    for count, number in credited.items():
        RowCounts(number, int(shown[count].sum())).check(f"credits to {count}", logs.partition)
    rows = logs.counts[samples.log.name].kept
    facts = PartitionFacts(samples.log.time, samples.label_schema, credits_.observed_at or logs.end, samples.outcomes)
    thinned = thin(labelled, samples, facts, rows=rows, scratch=scratch)
    landed = {samples.log.name: None if clock is None else shown[clock].max()}
    landed |= {log.name: logs.landed(log) for log in credits_.by_log}
    told = {name: str(at) for name, at in landed.items() if at is not None}
    return _Made(thinned, _hours(logs, credits_, thinned, shown[samples.log.time]), told)


def _hours(logs: PartitionLogs, credits_: Credits, thinned: Thinned, shown: pl.Series) -> dict[str, Any]:
    """Return, for each log, how many events each hour of the partition has, and how many of them were kept."""
    samples = logs.pipeline.samples
    number = -((logs.start - logs.end) // HOUR)

    def by_hour(times: pl.Series) -> list[int]:
        hours = (times.dt.cast_time_unit("us").dt.convert_time_zone("UTC") - logs.start).dt.total_hours()
        counted = dict(hours.value_counts().iter_rows())
        return [counted.get(hour, 0) for hour in range(number)]

    told = {samples.log.name: {"events": by_hour(shown)}}
    if samples.log.time in samples.schema and samples.schema[samples.log.time].is_temporal():
        kept = thinned.rows.select(samples.log.time).collect().to_series() if any(samples.steps) else shown
        told[samples.log.name]["samples"] = told[samples.log.name]["events"] if kept is shown else by_hour(kept)
    for log in credits_.by_log:
        events, credited = credits_.times(log)
        told[log.name] = {"events": by_hour(events), "credited": by_hour(credited)}
    return {"start": str(logs.start), **told}


def _tiles(logs: PartitionLogs, spec: TileSpec) -> pl.DataFrame:
    def entities(log: Log) -> pl.LazyFrame:
        return logs.events(log).select(entity=pl.col(spec.by), time=pl.col(log.time))

    sampled = logs.pipeline.samples.log
    events = {log.name: entities(log) for log in logs.pipeline.logs if log.name in spec.logs}
    return fold(spec, events, None if sampled.name in spec.logs else entities(sampled))


@dataclass(frozen=True, slots=True)
class BucketTask:
    """Answer the windows of one bucket of an entity, for some partitions."""

    pipeline: Pipeline
    spec: TileSpec
    tiles: pl.LazyFrame
    bucket: int
    partitions: tuple[Partition, ...]
    scratch: Path


def bucket_task(task: BucketTask) -> dict[Partition, Path]:
    """Merge the bucket's tiles, compute every window, and write the answers by partition; return the file of each."""
    tiles = merge([task.tiles.filter(pl.col("bucket") == task.bucket).select(task.spec.schema.names())])
    rates = _rates(task.pipeline, task.spec)
    written = {}
    for partition in task.partitions:
        path = task.scratch / f"answers-{task.spec.by}-{partition}-{task.bucket}-{uuid.uuid4().hex}.parquet"
        answer(tiles, rates, *task.pipeline.bounds(partition)).write_parquet(path, compression="lz4")
        written[partition] = path
    return written


def _rates(pipeline: Pipeline, spec: TileSpec) -> list[Rate]:
    return [rate for rate in pipeline.windows if rate.by == spec.by]


@dataclass(frozen=True, slots=True)
class AttachTask:
    """Join one partition's samples with its answers."""

    pipeline: Pipeline
    staging: Staging
    partition: Partition
    samples: pl.LazyFrame
    answers: Mapping[str, Sequence[Path]]


def attach_task(task: AttachTask) -> StagedFile:
    """Stage the partition's samples with their windows; rows and their order stay."""
    frame = task.samples
    time = task.pipeline.samples.log.time
    for by, paths in task.answers.items():
        frame = attach(frame, pl.scan_parquet(list(paths)), by=by, time=time)
    return task.staging.stage(frame.select(task.pipeline.sample_schema.names()), task.partition)
