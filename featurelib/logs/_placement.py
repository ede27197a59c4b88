"""Placement: which slice of time a row of a log file belongs to."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

from featurelib.logs._rules import Fault
from featurelib.logs.log import Log

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Placement:
    """Say for the rows of one file which are ours, when events of ``[start, end)`` are read.

    A row belongs to the slice of its event time. A row whose event time is unknown, or outside what its partition
    may hold, belongs to the slice that holds the partition's start: so each row of each file, good or bad, belongs to
    exactly one of the slices that tile time, and a bad row is rejected once.
    """

    log: Log
    partition: datetime
    start: datetime
    end: datetime

    @property
    def home(self) -> bool:
        """Return whether rows without a usable event time are ours."""
        return self.start <= self.partition < self.end

    def holds(self, earliest: int, latest: int, unit: str) -> bool:
        """Return whether a row is ours, and in its partition, whatever its time between two counts since 1970 is."""
        second = {"ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
        first = max(self.start, self.partition - self.log.lateness)
        end = min(self.end, self.partition + self.log.step)
        return _micros(first) * second <= earliest * 10**6 and latest * 10**6 < _micros(end) * second

    def mine(self) -> pl.Expr:
        """Return whether a row belongs to the slice; never null."""
        time = pl.col(self.log.time)
        inside = (time >= self._bound(self.start)) & (time < self._bound(self.end))
        return pl.when(self._placed()).then(inside).otherwise(pl.lit(self.home))

    def outside(self) -> Fault:
        """Return the fault of an event time that the partition may not hold."""
        time = pl.col(self.log.time)
        broken = time.is_not_null() & self._placed().not_()
        return Fault("outside_partition", self.log.time, broken, time.cast(pl.String))

    def _placed(self) -> pl.Expr:
        time = pl.col(self.log.time)
        earliest, latest = self.partition - self.log.lateness, self.partition + self.log.step
        return ((time >= self._bound(earliest)) & (time < self._bound(latest))).fill_null(value=False)

    def _bound(self, instant: datetime) -> pl.Expr:
        """Return an instant in the unit of the event time, rounded up: ``>=`` and ``<`` then stay exact."""
        dtype = self.log.table.columns[self.log.time].dtype
        micros = _micros(instant)
        unit = dtype.time_unit if isinstance(dtype, pl.Datetime) else "us"
        count = {"ns": micros * 1000, "us": micros, "ms": -(-micros // 1000)}[unit]
        return pl.lit(count, dtype=pl.Int64).cast(dtype)


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
