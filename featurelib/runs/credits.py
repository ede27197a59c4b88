"""Credits: what the events of each label log are credited to, and what became of those that are not."""

from datetime import datetime, timedelta

import polars as pl

from featurelib.logs import Log
from featurelib.runs.partition_logs import PartitionLogs
from featurelib.samples import AttributedLabel, RowCounts, attribute, attribute_via
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW

EVENT = "@event"
"""The row number of a click or conversion of the partition, as `ROW` is that of an impression; null in near ones."""


class Credits:
    """The events of a partition's label logs, credited.

    Attributes
    ----------
    by_log
        For each label log, what each of its labels made of the events of the partition: `EVENT`, the event's time and
        `REASON`.
    observed_at
        When the last of the events landed, or happened where nobody knows; None without any.
    """

    def __init__(self, logs: PartitionLogs) -> None:
        self.logs = logs
        self.samples = logs.pipeline.samples
        self.by_log: dict[Log, list[pl.DataFrame]] = {}
        self.observed_at: datetime | None = None

    def of(self, label: AttributedLabel) -> pl.DataFrame:
        """Return the events that a label may be made of, with `ROW` of the impression each is credited to.

        They reach as far past the partition as the label does. Null in `ROW`: an impression of another partition.
        """
        credited = self._credited(label, before=timedelta(), after=self.samples.reach(label))
        own = credited.filter(pl.col(EVENT).is_not_null())
        self.by_log.setdefault(label.log, []).append(own)
        self._observe(label.log, credited)
        return credited

    def _credited(self, label: AttributedLabel, *, before: timedelta, after: timedelta) -> pl.DataFrame:
        """Credit a label's events from ``before`` the partition to ``after`` it."""
        events = self._events(label.log, before, after)
        cause = next((other for other in self.samples.attributed if other.name == label.via), None)
        # NOTE: a later cause takes an event from an earlier one, so causes are needed up to the last event
        reach = before + label.window
        if cause is None:
            return attribute(
                self._impressions(label, reach, after),
                events,
                keys=label.keys,
                shown_at=self.samples.log.time,
                clicked_at=label.log.time,
                within=label.window,
            )
        return attribute_via(
            self._credited(cause, before=reach, after=after),
            events,
            keys=label.keys,
            clicked_at=cause.log.time,
            converted_at=label.log.time,
            within=label.window,
        )

    def _impressions(self, label: AttributedLabel, before: timedelta, after: timedelta) -> pl.LazyFrame:
        log = self.samples.log
        others = [frame.with_columns(_unnumbered(ROW)) for frame in self._around(log, before, after)]
        frames = [self.logs.events(log), *others]
        return pl.concat([frame.select(*label.keys, log.time, pl.col(ROW).cast(pl.UInt32)) for frame in frames])

    def _events(self, log: Log, before: timedelta, after: timedelta) -> pl.DataFrame:
        own = self.logs.events(log).rename({ROW: EVENT})
        others = [frame.drop(ROW).with_columns(_unnumbered(EVENT)) for frame in self._around(log, before, after)]
        frames = [frame.select(EVENT, *log.table.polars_schema()) for frame in (own, *others)]
        return pl.concat(frames).collect(engine="in-memory")

    def _around(self, log: Log, before: timedelta, after: timedelta) -> list[pl.LazyFrame]:
        start, end = self.logs.start, self.logs.end
        return [*self.logs.near(log, start - before, start), *self.logs.near(log, end, end + after)]

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


def _unnumbered(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.UInt32).alias(name)


def _unmatched(events: pl.DataFrame) -> pl.DataFrame:
    """Return the events that no label credited, each once, given what each label made of them."""
    unmatched = events.filter(pl.col(REASON).is_not_null().all().over(EVENT))
    # NOTE: outside_window of one label says more than no_impression of another
    return unmatched.sort(EVENT, REASON, descending=[False, True]).unique(EVENT, keep="first", maintain_order=True)
