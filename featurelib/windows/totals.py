"""Sum and mean of a column."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.windows.parts import Count, Total, beyond
from featurelib.windows.past import WIDEST, Blocks, Past
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import RangedWindow

_FLOATS = Blocks("add", 0.0)


@dataclass(frozen=True, repr=False)
class Sum(RangedWindow):
    """Sum of a column: ``Int64``, or ``Float64`` of a column of floats; 0 without events.

    Null and NaN values count as none. Keep money in whole cents: sums of integers are exact, and one that 64 bits do
    not hold is an error. Sums of floats are formed in an order that follows from the window, so that they are the same
    to the last bit in every run; infinite values of both signs add up to NaN.

    Parameters
    ----------
    column
        Whole numbers, floats or booleans.
    """

    _: KW_ONLY
    column: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_number(self.of, self.column)

    @property
    def _is_float(self) -> bool:
        return self.of.table.columns[self.column].dtype.is_float()

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Float64() if self._is_float else pl.Int64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, Total(self.column)),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        return {name: total.alias(name) for name, total in self._totals(past)}

    def _totals(self, past: Past) -> Iterator[tuple[str, pl.Series]]:
        import numpy as np

        (spec,) = self.tiles(past.grain.timezone)
        column, units = Total(self.column).name, past.grain.units
        for name, length in self.lengths.items():
            tiles, span = self._span(past, spec, length)
            is_exact = not self._is_float
            if is_exact and not tiles.may_wrap(column):
                yield name, pl.Series(tiles.added(column, span))
                continue
            values = tiles.rows[column].cast(pl.Float64).to_numpy()
            sums = _FLOATS.over(tiles.track, values, past.asked, units(length), units(self.waits))
            if is_exact and (np.abs(sums) >= WIDEST).any():
                raise beyond(self.of, self.column)
            yield name, pl.Series(tiles.added(column, span) if is_exact else sums)


@dataclass(frozen=True, repr=False)
class Mean(Sum):
    """Mean of a column's values, ``Float64``; null without any.

    Null and NaN values count as none.
    """

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Float64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, Count(self.column), Total(self.column)),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        means = {}
        for name, total in self._totals(past):
            number = pl.Series(self._count(past, spec, self.lengths[name], Count(self.column)))
            mean = total.cast(pl.Float64) / number
            means[name] = pl.select(pl.when(number > 0).then(mean)).to_series().alias(name)
        return means
