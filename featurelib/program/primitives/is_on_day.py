"""IsOnDay: whether a time lies on one of some days."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction

_DAY = 86_400_000_000


@dataclass(frozen=True)
class IsOnDay(Primitive):
    """Return 1.0 for a time on one of ``days``, else 0.0, as ``Float64``. Null stays null.

    ``days`` are counted from 1970-01-01, which is 0, on the clock that the time is of (see `LocalClock`).
    """

    days: tuple[int, ...]

    op = "is_on_day"
    takes = "time"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return (inputs[0] // _DAY).is_in(self._listed).cast(pl.Float64)

    @cached_property
    def _listed(self) -> pl.Series:
        return pl.Series([self.days], dtype=pl.List(pl.Int64))

    def row(self) -> RowFunction:
        days = frozenset(self.days)

        def is_on_day(time: int | None) -> float | None:
            if time is None:
                return None
            return 1.0 if time // _DAY in days else 0.0

        return is_on_day
