"""Lag curve: how long after its event a row of a log lands, by hour of the day."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl

from featurelib.days import Days, day_bounds
from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.logs import Log, read

QUANTILES: Mapping[str, Fraction] = {
    "p50": Fraction(1, 2),
    "p90": Fraction(9, 10),
    "p99": Fraction(99, 100),
    "p99.9": Fraction(999, 1000),
}

_SECOND = 1_000_000  # in us
_ANY_SKEW = timedelta(days=365 * 100)  # builds reject rows whose clock was further ahead than declared; here they count
_COUNTS = pl.Schema({"hour": pl.Int8(), "lag_s": pl.Int64(), "rows": pl.Int64()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How late some rows landed.

    Attributes
    ----------
    rows
        All of them: those that landed in time or late, and the two below.
    skewed
        Rows that landed before their event, by the clocks: of these the sender's clock was ahead. They are in no
        quantile.
    skew_s
        By how much, at most, in seconds; ``None`` if there are none.
    unknown
        Rows without a landing time; in no quantile.
    quantiles_s
        By the names in `QUANTILES`, in seconds: the smallest lag that at least that share of the rows does not exceed
        (the lower one at a tie, never one between two rows). ``None`` without rows.
    longest_s
        The longest lag.
    """

    rows: int
    skewed: int
    skew_s: int | None
    unknown: int
    quantiles_s: Mapping[str, int | None]
    longest_s: int | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """The lags of a log over some days, counted exactly.

    Attributes
    ----------
    log
        Whose.
    days, timezone
        The days of the events, and the zone that these and the hours are in.
    horizon
        How long after an event its row was looked for, in files laid out by landing time.
    counts
        Rows by ``hour`` of the event and ``lag_s``: seconds from event to landing, rounded away from zero; null
        without a landing time.
    rows_read
        Good rows and rejects.
    rejected
        Rows that no build reads either, by reason; they are in no count. Those of ``outside_partition`` may have landed
        later than `horizon`. Rows from a clock that was further ahead than the log's ``skew`` are counted, not here.
    missing
        Partitions of these days without a file.
    newest
        The latest landing time of all; ``None`` without one.
    """

    log: Log
    days: Days
    timezone: str
    horizon: timedelta
    counts: pl.DataFrame
    rejected: Mapping[str, int]
    missing: int
    newest: datetime | None

    @property
    def total(self) -> Lag:
        """All hours together."""
        return _lag(self.counts)

    @property
    def hours(self) -> tuple[Lag, ...]:
        """The 24 hours of the day, by what the clock shows at the event."""
        return tuple(_lag(self.counts.filter(pl.col("hour") == hour)) for hour in range(24))

    @property
    def rows_read(self) -> int:
        """Good rows and rejects."""
        return int(self.counts["rows"].sum()) + sum(self.rejected.values())

    def later_than(self, lateness: timedelta) -> int:
        """Return how many rows landed later after their event than that; exact for whole seconds."""
        return int(self.counts.filter(pl.col("lag_s") > lateness // timedelta(seconds=1))["rows"].sum())

    def ahead_of(self, skew: timedelta) -> int:
        """Return how many rows landed longer before their event than that; exact for whole seconds."""
        return int(self.counts.filter(pl.col("lag_s") < -(skew // timedelta(seconds=1)))["rows"].sum())


def measure(
    log: Log, root: Path, days: Days, *, timezone: str, scratch: Path, horizon: timedelta = timedelta()
) -> Curve:
    """Measure how late the rows of a log land.

    Parameters
    ----------
    log
        Its table must name a ``landing_time``.
    root
        The log root.
    days
        Of the events.
    timezone
        Zone of these days, and of the hours.
    scratch
        Directory for typed copies of text files; they are deleted as soon as they are counted.
    horizon
        How long after an event to look for its row; the log's declared lateness if that is longer. It matters for logs
        whose files are laid out by landing time: a row in a later partition is rejected as ``outside_partition``.

    Raises
    ------
    DeclarationError
        If the table names no landing time.
    ColumnTypeError
        If that is no ``Datetime`` with a time zone.
    LogMissingError
        If the log root does not exist.
    LogFileError, ColumnMissingError, ColumnTypeError, StorageError
        As from `featurelib.logs.read`.

    Notes
    -----
    Every row counts that passes the log's own rules; one that was sent twice landed twice. Memory follows the number of
    distinct lags, not of rows: one partition is read at a time, or as many as ``horizon`` is long, and then each file
    at most twice.
    """
    _check_landing(log)
    horizon = max(horizon, log.lateness)
    wide = replace(log, lateness=horizon, skew=_ANY_SKEW)
    start, end = day_bounds(days.start, timezone)[0], day_bounds(days.end, timezone)[1]
    counts, newest = pl.DataFrame(schema=_COUNTS), None
    rejected: dict[str, int] = {}
    missing: set[datetime] = set()
    for begin, stop in _spans(log, start, end, horizon):
        try:
            found = read(wide, root, begin, stop, scratch=scratch, required=False)
            counted = _counted(found.frame, wide, timezone)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        latest = counted["newest"].max()
        newest = max((at for at in (newest, latest) if isinstance(at, datetime)), default=None)
        counts = pl.concat([counts, counted.drop("newest")]).group_by("hour", "lag_s").agg(pl.col("rows").sum())
        for (reason,), rows in found.rejects.group_by("reason"):
            rejected[str(reason)] = rejected.get(str(reason), 0) + len(rows)
        missing |= {partition for partition in found.missing if partition < end}
    return Curve(
        log=log,
        days=days,
        timezone=timezone,
        horizon=horizon,
        counts=counts.sort("hour", "lag_s"),
        rejected=dict(sorted(rejected.items())),
        missing=len(missing),
        newest=newest,
    )


def _check_landing(log: Log) -> None:
    name = log.table.landing_time
    if name is None:
        raise DeclarationError(
            f"{log} has no landing time: name the column that says when a row could first be read as landing_time of "
            f"table {log.table.__name__}."
        )
    dtype = log.table.columns[name].dtype
    if not isinstance(dtype, pl.Datetime) or dtype.time_zone is None:
        raise ColumnTypeError("the lag", name, where=str(log), got=dtype, want="a Datetime with a time zone")


def _spans(log: Log, start: datetime, end: datetime, horizon: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of a span that are read at a time, so long that reading on for the horizon is no waste."""
    length = max(1, -(-horizon // log.step)) * log.step
    while start < end:
        stop = start.replace(minute=0, second=0, microsecond=0) + length
        stop = stop if log.every == "1h" else stop.replace(hour=0)
        yield start, min(stop, end)
        start = stop


def _counted(frame: pl.LazyFrame, log: Log, timezone: str) -> pl.DataFrame:
    event, landing = pl.col(log.time), pl.col(log.table.landing_time or "")
    lag = landing.dt.epoch("us") - event.dt.epoch("us")
    # NOTE: away from zero, so that a lag is negative, or longer than so many seconds, exactly if it is when rounded
    lag_s = pl.when(lag < 0).then(lag // _SECOND).otherwise((lag + _SECOND - 1) // _SECOND)
    hour = event.dt.convert_time_zone(timezone).dt.hour()
    keyed = frame.select(hour.alias("hour"), lag_s.alias("lag_s"), landing.alias("landing"))
    counted = keyed.group_by("hour", "lag_s").agg(
        pl.len().cast(pl.Int64).alias("rows"), pl.col("landing").max().alias("newest")
    )
    return counted.collect(engine="streaming")


def _lag(counts: pl.DataFrame) -> Lag:
    late = counts.filter(pl.col("lag_s") >= 0).group_by("lag_s").agg(pl.col("rows").sum()).sort("lag_s")
    skewed = counts.filter(pl.col("lag_s") < 0)
    earliest = skewed["lag_s"].min()
    longest = late["lag_s"].max()
    return Lag(
        rows=int(counts["rows"].sum()),
        skewed=int(skewed["rows"].sum()),
        skew_s=-earliest if isinstance(earliest, int) else None,
        unknown=int(counts.filter(pl.col("lag_s").is_null())["rows"].sum()),
        quantiles_s={name: _quantile(late, share) for name, share in QUANTILES.items()},
        longest_s=longest if isinstance(longest, int) else None,
    )


def _quantile(late: pl.DataFrame, share: Fraction) -> int | None:
    """Return the lag of the row of rank ``ceil(share * rows)``; counts ascend by lag."""
    if late.is_empty():
        return None
    upto = late["rows"].cum_sum()
    rank = -(-int(upto[-1]) * share.numerator // share.denominator)
    return int(late["lag_s"][upto.search_sorted(rank, side="left")])
