"""The logs of one partition: each read once, and every row of them accounted for."""

import uuid
from datetime import datetime
from pathlib import Path

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
        self._root = workspace.logs
        self._required = pipeline.samples.log if required else None
        self._scratch = scratch
        self._events: dict[str, Distinct] = {}
        self._slices: dict[str, LogSlice] = {}

    def events(self, log: Log) -> pl.LazyFrame:
        """Return the partition's rows of a log, with their number in `ROW`; the first time, account for them."""
        if log.name not in self._events:
            found = self._read(log, self.start, self.end, required=log == self._required)
            self._slices[log.name] = found
            events = distinct(found.numbered(ROW), log, **self._earlier(log))
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

        A row is not known as a duplicate if its first copy lies further back than ``start``. Then a click just after
        midnight may count as credited to it here; no sample has it as its label.
        """
        spans = split_by_day(start, end, self.pipeline.samples.timezone)
        return [
            distinct(self._read(log, *span).numbered(ROW), log, **self._just_before(log, span[0])).frame
            for span in spans
        ]

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

    def _earlier(self, log: Log) -> dict[str, pl.LazyFrame]:
        """Return the rows before the partition that its own may repeat: of the same day, and of one gap."""
        midnight, _ = day_bounds(self.partition.dt, self.pipeline.samples.timezone)
        earlier = {}
        if log.event_id is not None and midnight < self.start:
            earlier["same_day"] = self._read(log, midnight, self.start).frame
        return earlier | self._just_before(log, self.start)

    def _just_before(self, log: Log, start: datetime) -> dict[str, pl.LazyFrame]:
        """Return the rows of one gap before an instant, that rows from there on may repeat."""
        if log.repeats is None:
            return {}
        return {"just_before": self._read(log, start - log.repeats.gap, start).frame}

    def _read(self, log: Log, start: datetime, end: datetime, *, required: bool = False) -> LogSlice:
        folder = self._scratch / f"logs-{uuid.uuid4().hex}"
        return read(log, self._root, start, end, scratch=folder, required=required)
