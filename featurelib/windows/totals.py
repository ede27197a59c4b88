"""Sum and mean of a column."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import numpy as np
import polars as pl

from featurelib.windows.parts import Count, Total
from featurelib.windows.past import Blocks, Past
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import RangedWindow

_FLOATS = Blocks(np.add, 0.0)


@dataclass(frozen=True, repr=False)
class Sum(RangedWindow):
    """Sum of a column: ``Int64``, or ``Float64`` of a column of floats; 0 without events.

    Null and NaN values count as none. Keep money in whole cents: sums of integers are exact. Sums of floats are formed
    in an order that follows from the window, so that they are the same to the last bit in every run.

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
    def makes(self) -> Mapping[str, pl.DataType]:
        return dict.fromkeys(self.lengths, pl.Float64() if self._is_float else pl.Int64())

    @property
    def empty(self) -> Mapping[str, Any]:
        return dict.fromkeys(self.lengths, 0.0 if self._is_float else 0)

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, Total(self.column)),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        return {name: self._total(past, name).alias(name) for name in self.lengths}

    def _total(self, past: Past, name: str) -> pl.Series:
        (spec,) = self.tiles(past.grain.timezone)
        column, length = Total(self.column).name, self.lengths[name]
        tiles, span = self._span(past, spec, length)
        if not self._is_float:
            return pl.Series(tiles.added(column, span))
        values = tiles.rows[column].to_numpy()
        units = past.grain.units
        return pl.Series(_FLOATS.over(tiles.track, values, past.asked, units(length), units(self.waits)))


@dataclass(frozen=True, repr=False)
class Mean(Sum):
    """Mean of a column's values, ``Float64``; null without any.

    Null and NaN values count as none.
    """

    @property
    def makes(self) -> Mapping[str, pl.DataType]:
        return dict.fromkeys(self.lengths, pl.Float64())

    @property
    def empty(self) -> Mapping[str, Any]:
        return dict.fromkeys(self.lengths)

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, Count(self.column), Total(self.column)),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        means = {}
        for name, length in self.lengths.items():
            number = pl.Series(self._count(past, spec, length, Count(self.column)))
            mean = self._total(past, name).cast(pl.Float64) / number
            means[name] = pl.select(pl.when(number > 0).then(mean)).to_series().alias(name)
        return means
