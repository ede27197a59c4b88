"""The logs of one partition: each read once, and every row of them accounted for."""

import uuid
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

from featurelib.days import day_bounds, split_by_day
from featurelib.logs import REJECTS, Log, LogSlice, read
from featurelib.pipeline import Pipeline
from featurelib.samples import Distinct, RowCounts, distinct
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED
from featurelib.tables import Partition
from featurelib.workspace import Workspace


class PartitionLogs:
    """The rows of a partition's logs, without duplicates.

    Parameters
    ----------
    pipeline, workspace, partition
        Whose logs, where, and of when.
    scratch
        Where typed copies of text logs are kept.
    required
        Whether the impression log must have a file.

    Attributes
    ----------
    scratch
        As given: what the tasks of a run share.
    start, end
        Instants between which the partition lies, UTC.
    counts
        Rows of each log that was read: in, kept, dropped by reason.
    set_aside
        Rows for the quarantine, in its columns.
    """

    def __init__(
        self, pipeline: Pipeline, workspace: Workspace, partition: Partition, scratch: Path, *, required: bool
    ) -> None:
        self.pipeline = pipeline
        self.partition = partition
        self.start, self.end = pipeline.bounds(partition)
        self.counts: dict[str, RowCounts] = {}
        self.set_aside: list[pl.LazyFrame] = []
        self.scratch = scratch
        self._workspace = workspace
        self._required = pipeline.samples.log if required else None
        self._events: dict[str, Distinct] = {}
        self._slices: dict[str, LogSlice] = {}

    def events(self, log: Log) -> pl.LazyFrame:
        """Return the partition's rows of a log, with their number in `ROW`; the first time, account for them."""
        if log.name not in self._events:
            found = self._read(log, self.start, self.end, required=log == self._required)
            self._slices[log.name] = found
            events = distinct(found.numbered(ROW), log, **self._earlier(log, self.start))
            self._events[log.name] = events
            dropped = {reason: len(rows) for (reason,), rows in found.rejects.group_by("reason")} | events.dropped
            rows_in = found.rows_read - found.rows_elsewhere
            self.counts[log.name] = RowCounts(rows_in, rows_in - sum(dropped.values()), dict(sorted(dropped.items())))
            self.set_aside.append(found.rejects.lazy())
            if events.dropped:
                self.quarantine(log, events.duplicates, ROW, pl.col(DROPPED))
        return self._events[log.name].frame

    def near(self, log: Log, start: datetime, end: datetime) -> list[pl.LazyFrame]:
        """Return the rows of a log before or after the partition, each day without its duplicates.

        A row before the partition is not known as a duplicate if its first copy lies further back than ``start``. Then
        a click just after midnight may count as credited to it here; no sample has it as its label.
        """
        zone = self.pipeline.samples.timezone
        frames = []
        for span in split_by_day(start, end, zone):
            day = span[0].astimezone(ZoneInfo(zone)).date()
            is_kept = log != self.pipeline.samples.log and span == day_bounds(day, zone)
            frames.append(self._kept(log, day, span) if is_kept else self._distinct(log, span))
        return frames

    def _distinct(self, log: Log, span: tuple[datetime, datetime]) -> pl.LazyFrame:
        earlier = self._earlier(log, span[0]) if span[0] >= self.end else self._just_before(log, span[0])
        return distinct(self._read(log, *span).numbered(ROW), log, **earlier).frame

    def _kept(self, log: Log, day: date, span: tuple[datetime, datetime]) -> pl.LazyFrame:
        kept = self.scratch / f"events-{log.name}-{day}.parquet"
        if not kept.is_file():
            keep(self._distinct(log, span), kept)
        return pl.scan_parquet(kept, glob=False, hive_partitioning=False)

    def of(self, partition: Partition) -> "PartitionLogs":
        """Return the logs of another partition."""
        return PartitionLogs(self.pipeline, self._workspace, partition, self.scratch, required=False)

    def landed(self, log: Log) -> datetime | None:
        """Return when the last of the partition's rows of a log landed; None if none did, or nobody knows."""
        clock = log.table.landing_time
        return None if clock is None else self.events(log).select(pl.col(clock).max()).collect().item()

    def quarantine(self, log: Log, rows: pl.LazyFrame, number: str, reason: pl.Expr) -> None:
        """Set rows of the partition aside, with their number in a column ``number``, that tells where they came from.

        Lazy but for the numbers and places.
        """
        places = self._slices[log.name].sources(rows.select(number).collect().to_series())
        self.set_aside.append(
            rows.select(
                number,
                pl.lit(log.name).alias("log"),
                reason.alias("reason"),
                pl.lit(None, dtype=pl.String).alias("column"),
                pl.lit(None, dtype=pl.String).alias("value"),
                pl.struct(log.table.polars_schema().names()).struct.json_encode().alias("row"),
            )
            .join(places.rename({"number": number}).lazy(), on=number, how="left", maintain_order="left")
            .select(REJECTS.names())
            .match_to_schema(REJECTS)
        )

    def _earlier(self, log: Log, start: datetime) -> dict[str, pl.LazyFrame]:
        """Return the rows before an instant that those from there on may repeat: of the same day, and of one gap."""
        zone = self.pipeline.samples.timezone
        midnight, _ = day_bounds(start.astimezone(ZoneInfo(zone)).date(), zone)
        earlier = {}
        if log.event_id is not None and midnight < start:
            earlier["same_day"] = self._read(log, midnight, start).frame
        return earlier | self._just_before(log, start)

    def _just_before(self, log: Log, start: datetime) -> dict[str, pl.LazyFrame]:
        """Return the rows of one gap before an instant, that rows from there on may repeat."""
        if log.repeats is None:
            return {}
        return {"just_before": self._read(log, start - log.repeats.gap, start).frame}

    def _read(self, log: Log, start: datetime, end: datetime, *, required: bool = False) -> LogSlice:
        folder = self.scratch / f"logs-{uuid.uuid4().hex}"
        return read(log, self._workspace.logs, start, end, scratch=folder, required=required)


def keep(rows: pl.LazyFrame, path: Path) -> None:
    """Write rows, in order, to a file that several tasks may read, and write at once.

    They all write the same, and a file takes its name only when it is whole.
    """
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
    rows.sink_parquet(draft, compression="lz4", maintain_order=True)
    draft.replace(path)
