"""Tasks that make samples: by day from logs, by bucket over tiles, and the two joined, by day.

Each is a module function of one picklable item: it writes files under unique names and returns a small summary, so an
engine may run it anywhere, twice, or kill it.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from featurelib.days import day_bounds, split_by_day
from featurelib.logs import REJECTS, Log, LogSlice, read
from featurelib.pipeline import Pipeline
from featurelib.samples import (
    AttributedLabel,
    CarriedLabel,
    Distinct,
    RowCounts,
    add_carried,
    add_credits,
    attribute,
    distinct,
)
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.tables import Partition, StagedFile, VersionedTable
from featurelib.windows import Rate, TileSpec, answer, attach, fold, merge
from featurelib.workspace import Workspace

_CLICK = "@click"  # the row number of a click, as `ROW` is that of an impression


@dataclass(frozen=True, slots=True)
class DayTask:
    """Read one day's logs.

    Attributes
    ----------
    samples
        Whether to make the day's samples; otherwise only its tiles.
    """

    pipeline: Pipeline
    workspace: Workspace
    day: date
    run: str
    scratch: Path
    samples: bool


@dataclass(frozen=True, slots=True)
class DayResult:
    """What a day task wrote, and how it accounts for the rows it read.

    Attributes
    ----------
    samples
        The staged samples; if windows are still to be attached, the plan that makes their other columns from the logs
        and from small files in the scratch folder: rows are written once.
    """

    day: date
    samples: StagedFile | pl.LazyFrame | None
    quarantine: StagedFile | None
    tiles: tuple[StagedFile, ...]
    counts: Mapping[str, RowCounts]


def day_task(task: DayTask) -> DayResult:
    """Turn one day of logs into samples without windows, quarantined rows, and tiles."""
    return _Day(task).result()


class _Day:
    """The work on one day: what is read once and used twice lives here."""

    def __init__(self, task: DayTask) -> None:
        self.task = task
        self.pipeline = task.pipeline
        self.partition = Partition(task.day)
        self.start, self.end = day_bounds(task.day, self.pipeline.samples.timezone)
        self.counts: dict[str, RowCounts] = {}
        self.quarantined: list[pl.LazyFrame] = []
        self.events: dict[str, Distinct] = {}
        self.attributed: dict[Log, list[pl.DataFrame]] = {}

    def result(self) -> DayResult:
        staged = self._samples() if self.task.samples else None
        tiles = tuple(self._stage(spec.name, self._tiles(spec)) for spec in self.pipeline.tiles)
        quarantine = self._stage("quarantine", pl.concat(self.quarantined)) if self.task.samples else None
        return DayResult(self.task.day, staged, quarantine, tiles, self.counts)

    def _stage(self, table: str, frame: pl.LazyFrame | pl.DataFrame) -> StagedFile:
        store = VersionedTable.open(self.task.workspace.table(self.pipeline.name, table))
        return store.stage(frame, self.partition, run=self.task.run)

    def _read(self, log: Log, start: datetime, end: datetime, *, required: bool = False) -> LogSlice:
        folder = self.task.scratch / f"logs-{uuid.uuid4().hex}"
        return read(log, self.task.workspace.logs, start, end, scratch=folder, required=required)

    def _near(self, log: Log, start: datetime, end: datetime) -> list[pl.LazyFrame]:
        """Return the rows of a log before or after the day, without those that are duplicates within their own day.

        A row is not known as a duplicate if its first copy lies further back than ``start``. Then a click just after
        midnight may count as credited to it here; no sample has it as its label.
        """
        spans = split_by_day(start, end, self.pipeline.samples.timezone)
        return [distinct(self._read(log, *span).numbered(ROW), log).frame for span in spans]

    def _day_events(self, log: Log, *, required: bool) -> Distinct:
        """Return a log's rows of the day without duplicates; rejects and duplicates are accounted for, once."""
        if log.name not in self.events:
            found = self._read(log, self.start, self.end, required=required)
            events = distinct(found.numbered(ROW), log)
            self.events[log.name] = events
            dropped = {reason: len(rows) for (reason,), rows in found.rejects.group_by("reason")}
            if events.dropped:
                dropped["duplicate"] = events.dropped
            rows_in = found.rows_read - found.rows_elsewhere
            kept = rows_in - sum(dropped.values())
            self.counts[log.name] = RowCounts(rows_in, kept, dict(sorted(dropped.items())))
            self.quarantined += [found.rejects.lazy(), _set_aside(log, events.duplicates, pl.lit("duplicate"))]
        return self.events[log.name]

    def _samples(self) -> StagedFile | pl.LazyFrame:
        samples = self.pipeline.samples
        frame = self._day_events(samples.log, required=True).frame
        for label in samples.labels:
            if isinstance(label, CarriedLabel):
                frame = add_carried(frame, label)
            else:
                frame = add_credits(frame, label, self._credits(label))
        for log, attributed in self.attributed.items():
            self._account(log, pl.concat(attributed))
        plain = frame.select(samples.schema.names())
        return plain if self.pipeline.windows else self._stage("samples", plain)

    def _credits(self, label: AttributedLabel) -> pl.LazyFrame:
        """Return what a label reads of its clicks, from a file: a plan that held them would travel with them."""
        path = self.task.scratch / f"credits-{label.name}-{self.task.day}-{uuid.uuid4().hex}.parquet"
        self._attribute(label).select(ROW, label.log.time, REASON).write_parquet(path, compression="lz4")
        return pl.scan_parquet(path)

    def _attribute(self, label: AttributedLabel) -> pl.DataFrame:
        """Return the clicks of the day and of the label's reach after it, credited; note what became of the day's."""
        log, reach = self.pipeline.samples.log, label.reach
        ours = self._day_events(log, required=True).frame
        near = [*self._near(log, self.start - reach, self.start), *self._near(log, self.end, self.end + reach)]
        others = [frame.with_columns(pl.lit(None, dtype=pl.UInt32).alias(ROW)) for frame in near]
        impressions = pl.concat(
            [frame.select(*label.keys, log.time, pl.col(ROW).cast(pl.UInt32)) for frame in (ours, *others)]
        )
        day_clicks = self._day_events(label.log, required=False).frame.rename({ROW: _CLICK})
        later = [frame.rename({ROW: _CLICK}) for frame in self._near(label.log, self.end, self.end + reach)]
        clicks = pl.concat([day_clicks, *later]).collect(engine="in-memory")
        attributed = attribute(
            impressions, clicks, keys=label.keys, shown_at=log.time, clicked_at=label.log.time, within=reach
        )
        of_day = attributed.filter(pl.col(label.log.time) < self.end)
        self.attributed.setdefault(label.log, []).append(of_day.drop(ROW))
        return attributed

    def _account(self, log: Log, attributed: pl.DataFrame) -> None:
        """Account for a day's clicks: those that some label credited are kept, the others go to quarantine."""
        unmatched = _unmatched(attributed)
        kept = attributed.filter(pl.col(REASON).is_null())[_CLICK].n_unique()
        reasons = {reason: len(rows) for (reason,), rows in unmatched.group_by(REASON)}
        read = self.counts[log.name]
        dropped = dict(sorted({**read.dropped, **reasons}.items()))
        self.counts[log.name] = RowCounts(read.rows_in, kept, dropped).check(
            f"attribution of {log.name}", self.partition
        )
        self.quarantined.append(_set_aside(log, unmatched.lazy(), pl.col(REASON)))

    def _tiles(self, spec: TileSpec) -> pl.DataFrame:
        def entities(log: Log) -> pl.LazyFrame:
            frame = self._day_events(log, required=False).frame
            return frame.select(entity=pl.col(spec.by), time=pl.col(log.time))

        sampled = self.pipeline.samples.log
        events = {log.name: entities(log) for log in self.pipeline.logs if log.name in spec.logs}
        return fold(spec, events, None if sampled.name in spec.logs else entities(sampled))


def _unmatched(attributed: pl.DataFrame) -> pl.DataFrame:
    """Return the clicks that no label credited, each once, given what each label made of them."""
    unmatched = attributed.filter(pl.col(REASON).is_not_null().all().over(_CLICK))
    # NOTE: outside_window of one label says more than no_impression of another
    return unmatched.sort(_CLICK, REASON, descending=[False, True]).unique(_CLICK, keep="first", maintain_order=True)


def _set_aside(log: Log, rows: pl.LazyFrame, reason: pl.Expr) -> pl.LazyFrame:
    columns = log.table.polars_schema().names()
    return rows.select(
        pl.lit(log.name).alias("log"),
        pl.lit(None, dtype=pl.String).alias("file"),
        pl.lit(None, dtype=pl.Int64).alias("line"),
        reason.alias("reason"),
        pl.lit(None, dtype=pl.String).alias("column"),
        pl.lit(None, dtype=pl.String).alias("value"),
        pl.struct(columns).struct.json_encode().alias("row"),
    ).match_to_schema(REJECTS)


@dataclass(frozen=True, slots=True)
class BucketTask:
    """Answer the windows of one bucket of an entity, for some days."""

    pipeline: Pipeline
    workspace: Workspace
    spec: TileSpec
    version: int
    bucket: int
    reach: tuple[date, ...]
    days: tuple[date, ...]
    scratch: Path


def bucket_task(task: BucketTask) -> dict[date, Path]:
    """Merge the bucket's tiles, compute every window, and write the answers by day; return the file of each day."""
    table = VersionedTable.open(task.workspace.table(task.pipeline.name, task.spec.name))
    scan = table.scan(task.version, partitions=[Partition(day) for day in task.reach])
    tiles = merge([scan.filter(pl.col("bucket") == task.bucket).select(task.spec.schema.names())])
    rates = _rates(task.pipeline, task.spec)
    written = {}
    for day in task.days:
        path = task.scratch / f"answers-{task.spec.by}-{day}-{task.bucket}-{uuid.uuid4().hex}.parquet"
        answer(tiles, rates, *day_bounds(day, task.pipeline.samples.timezone)).write_parquet(path, compression="lz4")
        written[day] = path
    return written


def _rates(pipeline: Pipeline, spec: TileSpec) -> list[Rate]:
    return [rate for rate in pipeline.windows if rate.by == spec.by]


@dataclass(frozen=True, slots=True)
class AttachTask:
    """Join one day's samples with that day's answers."""

    pipeline: Pipeline
    workspace: Workspace
    day: date
    run: str
    samples: pl.LazyFrame
    answers: Mapping[str, tuple[Path, ...]]


def attach_task(task: AttachTask) -> StagedFile:
    """Stage the day's samples with their windows; rows and their order stay."""
    frame = task.samples
    time = task.pipeline.samples.log.time
    for by, paths in task.answers.items():
        frame = attach(frame, pl.scan_parquet(list(paths)), by=by, time=time)
    table = VersionedTable.open(task.workspace.table(task.pipeline.name, "samples"))
    return table.stage(frame.select(task.pipeline.sample_schema.names()), Partition(task.day), run=task.run)
