"""Delays: how late the online system sees an event, where that is not one number for all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise

import polars as pl

from featurelib.durations import duration
from featurelib.errors import DeclarationError, ParameterError
from featurelib.logs import Log
from featurelib.program.hashing import hash_expr

_MICROSECOND = timedelta(microseconds=1)
_INSTANT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Landed:
    """Each event counts from the instant at which it landed, as it did online.

    An event without a landing time, or one that landed before it happened by the clocks, counts from its event time.

    Parameters
    ----------
    most
        The longest lag: an event that landed later still counts from so long after it happened. It bounds how far a
        build reads back, and keeps a log that was loaded again much later from losing its past.

    Raises
    ------
    ParameterError
        If ``most`` is not above 0.
    """

    most: str | timedelta = "1d"

    def __post_init__(self) -> None:
        object.__setattr__(self, "most", duration(self, "most", self.most))
        if self.longest <= timedelta():
            raise ParameterError(self, "most", got=str(self.most), want="longer than 0")

    @property
    def longest(self) -> timedelta:
        """The longest lag."""
        return duration(self, "most", self.most)

    def check(self, owner: object, log: Log) -> None:
        """Refuse a log that cannot say when its events landed.

        Raises
        ------
        DeclarationError
            If the log's table has no landing time, or its events may land later than ``most``.
        """
        if log.table.landing_time is None:
            raise DeclarationError(
                f"{owner!r} counts events from when they landed, but table {log.table.__name__} of {log} declares no "
                "landing_time; name its column there, or give a constant delay."
            )
        if log.lateness > self.longest:
            raise DeclarationError(
                f"{owner!r} counts events {self.longest} after they happened at the latest, but those of {log} may "
                f"land {log.lateness} late: before they could be read. Give Landed(most=...) at least as much."
            )

    def clock(self, log: Log) -> pl.Expr:
        """Return from when each event of a log counts, to the microsecond, UTC."""
        happened = instant(pl.col(log.time))
        landed = instant(pl.col(str(log.table.landing_time)))
        return pl.min_horizontal(pl.max_horizontal(happened, landed), happened + self.longest)


@dataclass(frozen=True)
class Drawn:
    """Each event is seen after a lag drawn from a measured curve: for logs that do not tell how late they landed.

    Which lag an event gets follows from the stable hash of its id, so that every run draws the same. Measure the curve
    on a log that landed live (``featurelib lag``).

    Parameters
    ----------
    curve
        Shares of the events, ascending, up to 1.0, and the lag that each share does not exceed:
        ``{0.5: "2m", 0.9: "10m", 1.0: "6h"}``. Between two points, and from no lag at 0, the curve is straight.

    Raises
    ------
    ParameterError
        If shares or lags fall, a share is not above 0, or the last one is not 1.0.
    """

    curve: Mapping[float, str | timedelta]
    _points: tuple[tuple[float, timedelta], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        points = tuple((float(share), duration(self, "curve", lag)) for share, lag in self.curve.items())
        steps = list(pairwise([(0.0, timedelta()), *points]))
        rises = all(before[0] < share and before[1] <= lag for before, (share, lag) in steps)
        if not points or not rises or points[-1][0] != 1.0:
            want = "shares that rise from above 0 to 1.0, with lags that do not fall"
            raise ParameterError(self, "curve", got=dict(self.curve), want=want)
        object.__setattr__(self, "_points", points)
        object.__setattr__(self, "curve", dict(points))

    def __hash__(self) -> int:
        return hash(self._points)

    @property
    def longest(self) -> timedelta:
        """The longest lag."""
        return self._points[-1][1]

    def check(self, owner: object, log: Log) -> None:
        """Refuse a log whose events have no id to draw by.

        Raises
        ------
        DeclarationError
            If the log declares no event id.
        """
        if log.event_id is None:
            raise DeclarationError(
                f"{owner!r} draws how late each event is seen by its event id, but {log} declares no event_id."
            )

    def clock(self, log: Log) -> pl.Expr:
        """Return from when each event of a log counts, to the microsecond, UTC."""
        text = pl.col(str(log.event_id)).cast(pl.String).fill_null("")
        drawn = (hash_expr(text) // 2**11).cast(pl.Float64) * 2.0**-53
        lag = pl.lit(None, pl.Int64)
        for (low, least), (high, most) in reversed(list(pairwise([(0.0, timedelta()), *self._points]))):
            first, width = least // _MICROSECOND, (most - least) // _MICROSECOND
            # NOTE: polars divides by a constant through its reciprocal; a column of it is divided by exactly
            part = (drawn - low) / (drawn * 0.0 + (high - low)) * float(width)
            lag = pl.when(drawn < high).then(first + part.floor().cast(pl.Int64)).otherwise(lag)
        return instant(pl.col(log.time)) + pl.duration(microseconds=lag)


def instant(time: pl.Expr) -> pl.Expr:
    """Return an instant in microseconds, UTC, whatever the zone and unit of its column."""
    return time.dt.cast_time_unit("us").dt.convert_time_zone("UTC").cast(_INSTANT)
