"""Grain: how finely windows see time: to the instant, by UTC hours, or by days of a time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import polars as pl

from featurelib.days import day_bounds
from featurelib.windows.delays import instant

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

# NOTE: as texts, so that a command that only declares windows need not load NumPy
Ints: TypeAlias = "npt.NDArray[np.int64]"
Hashes: TypeAlias = "npt.NDArray[np.uint64]"
Flags: TypeAlias = "npt.NDArray[np.bool_]"
Numbers: TypeAlias = "npt.NDArray[Any]"

_MICROSECOND, _HOUR, _DAY = timedelta(microseconds=1), timedelta(hours=1), timedelta(days=1)
_UNITS = {"instant": _MICROSECOND, "1h": _HOUR, "1d": _DAY}
_EPOCH, _EPOCH_DAY = datetime(1970, 1, 1, tzinfo=UTC), date(1970, 1, 1)


@dataclass(frozen=True)
class Grain:
    """What a window sees as one moment, and the number of that moment.

    Parameters
    ----------
    name
        ``instant`` (microseconds), ``1h`` (hours of UTC), or ``1d`` (days of the zone, 23 to 25 hours long).
    timezone
        The zone of the days.
    """

    name: Literal["instant", "1h", "1d"]
    timezone: str

    def __str__(self) -> str:
        return self.name

    @property
    def unit(self) -> timedelta:
        """The length of one moment; of a day, 24 hours."""
        return _UNITS[self.name]

    @property
    def dtype(self) -> pl.DataType:
        """The type that a moment has in a table."""
        return pl.Date() if self.name == "1d" else pl.Datetime("us", "UTC")

    def units(self, length: timedelta) -> int:
        """Return how many moments a length has."""
        return length // self.unit

    def floor(self, time: pl.Expr) -> pl.Expr:
        """Return the moment that an instant lies in, as `dtype`."""
        if self.name == "1d":
            return instant(time).dt.convert_time_zone(self.timezone).dt.date()
        return instant(time).dt.truncate("1h") if self.name == "1h" else instant(time)

    def number(self, moments: pl.Series) -> Ints:
        """Return the numbers of moments, which rise by one from each to the next."""
        return moments.to_frame("at").select(self.numbered(pl.col("at"))).to_series().to_numpy()

    def numbered(self, moments: pl.Expr) -> pl.Expr:
        """Return the numbers of moments, as `number` does."""
        physical = moments.to_physical().cast(pl.Int64)
        return physical // (_HOUR // _MICROSECOND) if self.name == "1h" else physical

    def number_at(self, instants: pl.Series) -> Ints:
        """Return the numbers of the moments that instants lie in, given in microseconds of UTC."""
        if self.name == "1d":
            return self.number(instants.to_frame("at").select(self.floor(pl.col("at"))).to_series())
        physical = instants.to_physical().to_numpy()
        return physical if self.name == "instant" else physical // (self.unit // _MICROSECOND)

    def moments(self, numbers: Ints) -> pl.Series:
        """Return the moments that have some numbers, as `dtype`."""
        if self.name == "1d":
            return pl.Series(numbers).cast(pl.Int32).cast(self.dtype)
        return pl.Series(self.starts(numbers)).cast(self.dtype)

    def starts(self, numbers: Ints) -> Ints:
        """Return at which instant each moment begins, in microseconds of UTC."""
        if self.name != "1d":
            return numbers * (self.unit // _MICROSECOND)
        if not len(numbers):
            return numbers
        first = int(numbers.min())
        return self._midnights(first, int(numbers.max()) + 1)[numbers - first]

    def _midnights(self, first: int, end: int) -> Ints:
        import numpy as np

        days = [_EPOCH_DAY + timedelta(days=number) for number in range(first, end)]
        return np.array([(day_bounds(day, self.timezone)[0] - _EPOCH) // _MICROSECOND for day in days], np.int64)

    @property
    def edge(self) -> timedelta:
        """How far before an instant its moment may begin, and a row of days be longer than so many times 24 hours."""
        return _EDGE[self.name]


_EDGE = {"instant": timedelta(), "1h": _HOUR, "1d": _DAY + 2 * _HOUR}
