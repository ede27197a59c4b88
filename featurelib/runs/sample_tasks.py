"""Tasks that make samples: by partition from logs, by bucket over tiles, and the two joined, by partition.

Each is a module function of one picklable item: it writes files under unique names and returns a small summary, so an
engine may run it anywhere, twice, or kill it.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.logs import REJECTS
from featurelib.pipeline import Pipeline
from featurelib.runs.credits import Credits
from featurelib.runs.partition_logs import PartitionLogs
from featurelib.runs.thinning import Thinned, thin
from featurelib.samples import CarriedLabel, RowCounts, add_carried, add_credits
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import PartitionFacts
from featurelib.tables import Partition, StagedFile, Staging
from featurelib.windows import TileSpec, fold
from featurelib.windows.answers import ASKS
from featurelib.windows.entities import BUCKETS, Entities, Numbering
from featurelib.workspace import Workspace

HOUR = timedelta(hours=1)

SAMPLES = "samples"
"""The stage, beside the logs, whose rows are counted."""

TILE_ROWS = 16_384
"""Rows of a row group in files that are read by bucket: a task decodes little more than its own."""


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """Read one partition of the logs.

    Attributes
    ----------
    staging
        What writes files of each table.
    samples
        Whether to make the partition's samples; otherwise only its tiles.
    tiles
        Which tiles to make.
    """

    pipeline: Pipeline
    workspace: Workspace
    partition: Partition
    staging: Mapping[str, Staging]
    scratch: Path
    samples: bool
    tiles: tuple[TileSpec, ...] = ()


@dataclass(frozen=True, slots=True)
class AskedFiles:
    """What the samples of a partition ask in one question.

    Attributes
    ----------
    asked, asks
        The file of that, and the file of who asks what.
    rows
        How much is asked.
    """

    asked: Path
    asks: Path
    rows: int


@dataclass(frozen=True, slots=True)
class PartitionResult:
    """What a partition task wrote, and how it accounts for the rows it read.

    Attributes
    ----------
    samples
        The staged samples; if windows are still to be attached, the plan that makes their other columns from the logs
        and from small files in the scratch folder: rows are written once.
    tiles
        The staged tiles that the task asked for.
    asked
        For each question of the pipeline, what the samples ask.
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
    tiles: Mapping[TileSpec, StagedFile]
    asked: tuple[AskedFiles, ...] = ()
    counts: Mapping[str, RowCounts] = field(default_factory=dict)
    hours: Mapping[str, Any] = field(default_factory=dict)
    landed: Mapping[str, str] = field(default_factory=dict)


def partition_task(task: PartitionTask) -> PartitionResult:
    """Turn one partition of logs into samples without windows, quarantined rows, and tiles."""
    logs = PartitionLogs(task.pipeline, task.workspace, task.partition, task.scratch, required=task.samples)

    def stage(table: str, frame: pl.LazyFrame | pl.DataFrame) -> StagedFile:
        return task.staging[table].stage(frame, task.partition)

    pipeline = task.pipeline
    made = _samples(logs, task.scratch) if task.samples else None
    numbering = Numbering()  # samples are mostly what their log has
    tiles = {spec: stage(spec.name, folded) for spec, folded in fold(task.tiles, logs.events, numbering)}
    if made is None:
        return PartitionResult(task.partition, None, None, tiles)
    plain = made.thinned.rows.select(pipeline.samples.schema.names())
    set_aside = pl.concat([pl.LazyFrame(schema=REJECTS), *logs.set_aside])
    return PartitionResult(
        partition=task.partition,
        samples=plain if pipeline.windows else stage("samples", plain),
        quarantine=stage("quarantine", set_aside),
        tiles=tiles,
        asked=_asked(task, plain, numbering),
        counts={**logs.counts, SAMPLES: made.thinned.counts},
        hours=made.hours,
        landed=made.landed,
    )


def _asked(task: PartitionTask, samples: pl.LazyFrame, numbering: Numbering) -> tuple[AskedFiles, ...]:
    """Write what the samples ask of the past, for each question."""
    time, asking = task.pipeline.samples.log.time, task.pipeline.questions
    if not asking:  # samples of some shapes have no time
        return ()
    columns = dict.fromkeys([*(name for question in asking for name in question.by), time])
    rows, written = samples.select(list(columns)).collect(engine="in-memory").lazy(), []
    for question in asking:
        name = f"{question}-{task.partition}-{uuid.uuid4().hex}.arrow"
        asked, asks = question.asked(rows, time, numbering)
        files = AskedFiles(task.scratch / f"asked-{name}", task.scratch / f"asks-{name}", len(asked))
        asked.write_ipc(files.asked)
        asks.write_ipc(files.asks)
        written.append(files)
    return tuple(written)


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


@dataclass(frozen=True, slots=True)
class BucketTask:
    """Read the tiles of some buckets of an entity's, for one question.

    Attributes
    ----------
    question
        Its number in the pipeline.
    buckets
        From the first one to before the last one.
    tables
        The tiles that may be read, by partition, of each table.
    """

    pipeline: Pipeline
    question: int
    buckets: tuple[int, int]
    tables: Mapping[str, pl.LazyFrame]
    scratch: Path

    def tiles(self, specs: Sequence[TileSpec]) -> Iterator[tuple[TileSpec, pl.LazyFrame]]:
        """Yield the tiles of the buckets, of one spec after the other, unread."""
        for spec in specs:
            name = next(held.name for held in self.pipeline.tiles if held.without_parts == spec.without_parts)
            yield spec, self.ours(self.tables[name]).select(spec.schema.names()).drop("bucket")

    def held(self, specs: Sequence[TileSpec]) -> dict[TileSpec, pl.LazyFrame]:
        """Return the tiles of the buckets, of all specs, in memory: to be read more than once."""
        return {spec: rows.collect().lazy() for spec, rows in self.tiles(specs)}

    def ours(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of these buckets."""
        if self.buckets[0] <= 0 and self.buckets[1] >= BUCKETS:  # to filter costs a third of reading
            return rows
        return rows.filter(pl.col("bucket").is_between(*self.buckets, closed="left"))


@dataclass(frozen=True, slots=True)
class LearnTask:
    """Learn what the windows of some partitions know of all entities."""

    bucket: BucketTask
    partitions: tuple[Partition, ...]


def learn_task(task: LearnTask) -> dict[Partition, dict[str, Any]]:
    """Return what there is to learn in the buckets, by partition."""
    pipeline = task.bucket.pipeline
    question = pipeline.questions[task.bucket.question]
    tiles = task.bucket.held(question.surveyed)
    return {one: question.survey(tiles, pipeline.bounds(one)[0]) for one in task.partitions}


@dataclass(frozen=True, slots=True)
class AnswerTask:
    """Answer the windows of one question for some buckets and partitions.

    Attributes
    ----------
    asked
        By partition, the file of what its samples ask.
    known
        By partition, what was learned of all entities.
    """

    bucket: BucketTask
    asked: Mapping[Partition, Path]
    known: Mapping[Partition, Mapping[str, Any]]


def answer_task(task: AnswerTask) -> dict[Partition, Path]:
    """Compute every window of the buckets, and write the answers by partition; return the file of each."""
    question = task.bucket.pipeline.questions[task.bucket.question]
    frames = [task.bucket.ours(pl.scan_ipc(path)).drop("bucket").collect() for path in task.asked.values()]
    entities = Entities.of([pl.concat([frame["entity"] for frame in frames])])
    laid, end = question.lay(task.bucket.tiles(question.tiles), entities.names), 0
    written = {}
    for partition, frame in zip(task.asked, frames, strict=True):
        start, end = end, end + len(frame)
        asked = frame.with_columns(pl.Series("entity", entities.codes[start:end]))
        path = task.bucket.scratch / f"answers-{question}-{partition}-{uuid.uuid4().hex}.arrow"
        laid.answer(asked, task.known.get(partition, {})).write_ipc(path)
        written[partition] = path
    return written


@dataclass(frozen=True, slots=True)
class ExportTask:
    """Answer the windows of some questions of one entity at an instant, for all entities of some buckets.

    Attributes
    ----------
    buckets
        One for each question.
    at
        The instant.
    known
        For each question, what was learned of all entities.
    """

    buckets: tuple[BucketTask, ...]
    at: datetime
    known: tuple[Mapping[str, Any], ...]


def export_task(task: ExportTask) -> Path:
    """Compute every window of the buckets for each entity that has a tile, and write them; return the file."""
    pipeline, scratch = task.buckets[0].pipeline, task.buckets[0].scratch
    asking = [pipeline.questions[bucket.question] for bucket in task.buckets]
    tiles = [bucket.held(question.tiles) for bucket, question in zip(task.buckets, asking, strict=True)]
    texts = pl.concat([rows.select("entity") for held in tiles for rows in held.values()])
    entities = texts.unique().collect().to_series().sort()
    made = pl.DataFrame({"entity": entities})
    for question, held, known in zip(asking, tiles, task.known, strict=True):
        at = pl.DataFrame({"at": [task.at]}, schema={"at": pl.Datetime("us", "UTC")})
        numbers = pl.DataFrame({"id": range(len(made)), "entity": range(len(made))})
        asked = numbers.join(at.select(question.grain.floor(pl.col("at"))), how="cross")
        made = made.hstack(question.lay(held.items(), entities).answer(asked, known).sort("id").select(*question.makes))
    path = scratch / f"export-{uuid.uuid4().hex}.parquet"
    made.write_parquet(path, compression="lz4")
    return path


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers to one question of a partition's samples: who asks what, and the files of the answers."""

    asks: Path
    files: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class AttachTask:
    """Put one partition's samples and their answers side by side.

    Attributes
    ----------
    answers
        For each question of the pipeline.
    """

    pipeline: Pipeline
    staging: Staging
    partition: Partition
    scratch: Path
    samples: pl.LazyFrame
    answers: Sequence[Answers]


def attach_task(task: AttachTask) -> StagedFile:
    """Stage the partition's samples with their windows; rows and their order stay."""
    questions = {f"{ASKS} {number}": question for number, question in enumerate(task.pipeline.questions)}
    asks = [
        pl.read_ipc(found.asks).to_series().alias(name) for name, found in zip(questions, task.answers, strict=True)
    ]
    rows = pl.concat([task.samples, pl.LazyFrame(asks)], how="horizontal")
    for (name, question), found in zip(questions.items(), task.answers, strict=True):
        # NOTE: told as the rows stream by; the windows of all rows at once would be most of what is in memory. And no
        # name for what is read here, so that it is gone once its pieces were joined
        told = question.told(
            pl.scan_ipc(list(found.files), glob=False).collect(),
            pl.col(name),
            listed=task.pipeline.asks_lists(question.by),
        )
        rows = rows.with_columns(told).unnest(name)
    return task.staging.stage(rows.select(task.pipeline.sample_schema.names()), task.partition)
