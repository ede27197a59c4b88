"""LocalClock: what the clocks of a time zone show."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FROM, _TO = datetime(1900, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
_MICROSECOND, _SECOND, _DAY = timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=1)


@dataclass(frozen=True)
class LocalClock(Primitive):
    """Return a time as its local clock shows it: microseconds since 1970-01-01 00:00 of that clock. Null stays null.

    The changes of the clock are constants of the step, from 1900 to 2100 as Python's zone database had them when the
    step was made: a program means the same on a machine with another database. Before and after, the clock stays.

    Attributes
    ----------
    zone
        Name of the zone, for readers.
    starts
        When each offset but the first begins: microseconds since 1970, UTC, rising.
    offsets
        The offsets from UTC in microseconds; one more than ``starts``.
    """

    zone: str
    starts: tuple[int, ...]
    offsets: tuple[int, ...]

    op = "local_clock"
    takes = "time"
    gives = "time"

    @classmethod
    def of(cls, zone: str) -> "LocalClock":
        """Return the step for a zone, such as ``Europe/Berlin``."""
        return cls(zone, *_offsets(zone))

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=pl.Int64, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        import numpy as np

        starts, offsets = self._arrays
        place = np.searchsorted(starts, column.fill_null(0).to_numpy(), side="right")
        return column + pl.Series(offsets[place])

    @cached_property
    def _arrays(self) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        import numpy as np

        return np.asarray(self.starts, dtype=np.int64), np.asarray(self.offsets, dtype=np.int64)

    def row(self) -> RowFunction:
        starts, offsets = self.starts, self.offsets

        def local_clock(time: int | None) -> int | None:
            return None if time is None else time + offsets[bisect_right(starts, time)]

        return local_clock


@lru_cache(maxsize=64)  # 40 ms each
def _offsets(name: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    zone = ZoneInfo(name)

    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    at, known = _FROM, offset(_FROM)
    starts, offsets = [], [known]
    while at < _TO:
        if offset(at + _DAY) != known:
            before, after = at, at + _DAY
            while after - before > _SECOND:
                middle = before + (after - before) // _SECOND // 2 * _SECOND
                before, after = (middle, after) if offset(middle) == known else (before, middle)
            known = offset(after)
            starts.append(after)
            offsets.append(known)
        at += _DAY
    return tuple((start - _EPOCH) // _MICROSECOND for start in starts), tuple(o // _MICROSECOND for o in offsets)
