"""Minimum and maximum of a column."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import polars as pl

from featurelib.windows.parts import Count, Extreme
from featurelib.windows.past import Blocks, Past
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import ValueWindow


@dataclass(frozen=True, repr=False)
class Minimum(ValueWindow):
    """Smallest value of a column, in its type; null without any.

    Null and NaN values count as none; -0.0 is 0.0.

    Parameters
    ----------
    column
        Whole numbers, floats or booleans.
    """

    _which: ClassVar[str] = "min"
    _combine: ClassVar[Literal["minimum", "maximum"]] = "minimum"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_number(self.of, self.column)

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, Count(self.column), Extreme(self.column, self._which)),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        units, found = past.grain.units, {}
        for name, length in self.lengths.items():
            tiles, _ = self._span(past, spec, length)
            some = pl.Series(self._count(past, spec, length, Count(self.column))) > 0
            values, blocks = self._values(tiles.rows[Extreme(self.column, self._which).name])
            best = pl.Series(blocks.over(tiles.track, values, past.asked, units(length), units(self.waits)))
            found[name] = pl.select(pl.when(some).then(best)).to_series().cast(self._dtype).alias(name)
        return found

    def _values(self, column: pl.Series) -> tuple[Any, Blocks]:
        """Return a column's values with what no other loses against in place of null."""
        import numpy as np

        if column.dtype.is_float():
            worst = np.inf if self._which == "min" else -np.inf
            return column.fill_null(worst).to_numpy(), Blocks(self._combine, worst)
        kind: Any = np.uint64 if column.dtype.is_unsigned_integer() else np.int64
        limits = np.iinfo(kind)
        worst = limits.max if self._which == "min" else limits.min
        wide = column.cast(pl.UInt64 if kind is np.uint64 else pl.Int64)
        return wide.fill_null(worst).to_numpy(), Blocks(self._combine, worst)


@dataclass(frozen=True, repr=False)
class Maximum(Minimum):
    """Largest value of a column, in its type; null without any.

    Null and NaN values count as none; -0.0 is 0.0.

    Parameters
    ----------
    column
        Whole numbers, floats or booleans.
    """

    _which: ClassVar[str] = "max"
    _combine: ClassVar[Literal["minimum", "maximum"]] = "maximum"
