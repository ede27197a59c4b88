"""Credits: what the events of each label log are credited to, and what became of those that are not."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl

from featurelib.logs import Log
from featurelib.runs.partition_logs import PartitionLogs, keep
from featurelib.samples import AttributedLabel, RowCounts, attribute, attribute_via
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.tables import Partition

EVENT = "@event"
"""The row number of a click or conversion of the partition, as `ROW` is that of an impression; null in near ones."""


class Credits:
    """The events of a partition's label logs, credited.

    Parameters
    ----------
    logs
        The partition's.
    ahead
        Whether to look past its end, as its labels do; what becomes of its own events is known without.

    Attributes
    ----------
    by_log
        For each label log, what each of its labels made of the events of the partition: `EVENT`, the event's time and
        `REASON`.
    observed_at
        When the last of the events landed, or happened where nobody knows; None without any.
    """

    def __init__(self, logs: PartitionLogs, *, ahead: bool = True) -> None:
        self.logs = logs
        self.samples = logs.pipeline.samples
        self.ahead = ahead
        self.by_log: dict[Log, list[pl.DataFrame]] = {}
        self.observed_at: datetime | None = None
        self._credited: dict[str, pl.DataFrame] = {}
        self._events: dict[Log, pl.DataFrame] = {}

    def of(self, label: AttributedLabel) -> pl.DataFrame:
        """Return the events that a label may be made of, with `ROW` of the impression each is credited to.

        They reach as far past the partition as the label does. Null in `ROW`: an impression of another partition.
        """
        if label.name not in self._credited:
            credited = self._credited[label.name] = self._credit(label)
            own = credited.filter(pl.col(EVENT).is_not_null())
            self.by_log.setdefault(label.log, []).append(own)
            self._observe(label.log, credited)
            if keys := self._keys_after(label):
                keep(own.lazy().select(*keys, label.log.time, REASON), self._kept(label, self.logs.partition))
        return self._credited[label.name]

    def _credit(self, label: AttributedLabel) -> pl.DataFrame:
        events = self._between(label.log, until=self._end(label))
        cause = self.samples.cause(label)
        if cause is None:
            return attribute(
                self._impressions(label),
                events,
                keys=label.keys,
                shown_at=self.samples.log.time,
                clicked_at=label.log.time,
                within=label.window,
            )
        return attribute_via(
            self._causes(cause, label),
            events,
            keys=label.keys,
            clicked_at=cause.log.time,
            converted_at=label.log.time,
            within=label.window,
        )

    def _impressions(self, label: AttributedLabel) -> pl.LazyFrame:
        log = self.samples.log
        # NOTE: an impression of the partition is no cause of what comes a window after its end, so that those shown
        # later than that take nothing from it
        near = [
            *self.logs.near(log, self.logs.start - label.window, self.logs.start),
            *self.logs.near(log, self.logs.end, self._end(label)),
        ]
        frames = [self.logs.events(log), *(frame.with_columns(_unnumbered(ROW)) for frame in near)]
        return pl.concat([frame.select(*label.keys, log.time, pl.col(ROW).cast(pl.UInt32)) for frame in frames])

    def _causes(self, cause: AttributedLabel, label: AttributedLabel) -> pl.DataFrame:
        """Return the events of another label's log to which those of a label may be credited, credited themselves.

        Of those further on than that label reaches, nobody asks what they are credited to: it is no impression of the
        partition. They are there because a later cause takes an event from an earlier one.
        """
        columns = (*label.keys, cause.log.time, ROW, REASON)
        known = self.of(cause)
        later = self._between(cause.log, since=self._end(cause), until=self._end(label)).with_columns(
            _unnumbered(ROW), pl.lit(None, dtype=pl.String).alias(REASON)
        )
        return pl.concat([*self._earlier(cause, label), known.select(columns), later.select(columns)])

    def _earlier(self, cause: AttributedLabel, label: AttributedLabel) -> Iterator[pl.DataFrame]:
        """Yield what the partitions that a label looks back on made of their own events of its cause."""
        since = self.logs.start - label.window
        for partition in self.logs.pipeline.partitions_between(since, self.logs.start):
            kept = self._kept(cause, partition)
            if not kept.is_file():
                Credits(self.logs.of(partition), ahead=False).of(cause)
            events = pl.read_parquet(kept, glob=False, hive_partitioning=False).filter(_micros(cause.log) >= since)
            yield events.select(*label.keys, cause.log.time, _unnumbered(ROW), REASON)

    def _kept(self, label: AttributedLabel, partition: Partition) -> Path:
        """Return where a partition keeps what became of its events for the tasks of later ones."""
        return self.logs.scratch / f"credited-{label.name}-{partition}.parquet"

    def _keys_after(self, label: AttributedLabel) -> list[str]:
        """Return the keys by which other labels go via one."""
        return list(
            dict.fromkeys(key for other in self.samples.attributed if other.via == label.name for key in other.keys)
        )

    def _end(self, label: AttributedLabel) -> datetime:
        return self.logs.end + (self.samples.reach(label) if self.ahead else timedelta())

    def _between(self, log: Log, *, since: datetime | None = None, until: datetime) -> pl.DataFrame:
        """Return the events of the partition, or those since an instant past it, until another."""
        if log not in self._events:
            self._events[log] = self._read(log)
        events, time = self._events[log], _micros(log)
        return events.filter(time < until if since is None else (time >= since) & (time < until))

    def _read(self, log: Log) -> pl.DataFrame:
        """Read the events of the partition, and those after it as far as any label needs them."""
        causes = {label: self.samples.cause(label) for label in self.samples.attributed}
        needs = [label for label, cause in causes.items() if log in (label.log, cause and cause.log)]
        own = self.logs.events(log).rename({ROW: EVENT})
        later = self.logs.near(log, self.logs.end, max(map(self._end, needs)))
        frames = [own, *(frame.drop(ROW).with_columns(_unnumbered(EVENT)) for frame in later)]
        columns = [EVENT, *log.table.polars_schema()]
        return pl.concat([frame.select(columns) for frame in frames]).collect(engine="in-memory")

    def _observe(self, log: Log, events: pl.DataFrame) -> None:
        seen = [self.observed_at, events[log.table.landing_time or log.time].max()]
        known = [at for at in seen if isinstance(at, datetime)]
        self.observed_at = min(max(known), self.logs.end + self.samples.lookahead) if known else None

    def account(self) -> None:
        """Account for the partition's events: those that some label credited are kept, the others are set aside."""
        for log, answers in self.by_log.items():
            events = pl.concat([answer.drop(ROW) for answer in answers])
            unmatched = _unmatched(events)
            reasons = {reason: len(rows) for (reason,), rows in unmatched.group_by(REASON)}
            read = self.logs.counts[log.name]
            kept = events.filter(pl.col(REASON).is_null())[EVENT].n_unique()
            dropped = dict(sorted({**read.dropped, **reasons}.items()))
            counts = RowCounts(read.rows_in, kept, dropped)
            self.logs.counts[log.name] = counts.check(f"attribution of {log.name}", self.logs.partition)
            if len(unmatched):
                self.logs.quarantine(log, unmatched.lazy(), EVENT, pl.col(REASON))

    def times(self, log: Log) -> tuple[pl.Series, pl.Series]:
        """Return when the events of the partition happened, and when those did that some label credited."""
        events = pl.concat([answer.select(EVENT, log.time, REASON) for answer in self.by_log[log]])
        by_event = events.group_by(EVENT).agg(pl.col(log.time).first(), pl.col(REASON).is_null().any().alias("kept"))
        return by_event[log.time], by_event.filter(pl.col("kept"))[log.time]


def _micros(log: Log) -> pl.Expr:
    """Return the event time in a unit that literals of any instant compare with exactly."""
    return pl.col(log.time).dt.cast_time_unit("us")


def _unnumbered(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.UInt32).alias(name)


def _unmatched(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events that no label credited, each once, given what each label made of them."""
    unmatched = events.filter(pl.col(REASON).is_not_null().all().over(EVENT))
    # NOTE: outside_window of one label says more than no_impression of another
    return unmatched.sort(EVENT, REASON, descending=[False, True]).unique(EVENT, keep="first", maintain_order=True)
