"""Interpolate: a function that is given at knots."""

import sys
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.cell_table import CellTable
from featurelib.program.primitive import Cells, Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]


_AT_ONCE = 2**14  # values whose intermediate arrays stay in the cache
_LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Interpolate(Primitive):
    """Return ``at[i]`` at the knot i, and between it and the next one ``after[i] + (x/2 - knots[i]/2) * slopes[i]``.

    Below the first knot the result is ``before``; from the last one on there is ``after`` with a slope of 0. The
    function may jump at a knot, and have a value of its own there. Halves are taken so that no distance of two floats
    overflows. Null stays null. ``knots`` are finite and rise strictly; without knots every number becomes ``before``.
    """

    before: float
    knots: tuple[float, ...]
    at: tuple[float, ...]
    after: tuple[float, ...]
    slopes: tuple[float, ...]

    op = "interpolate"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=pl.Float64, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        return pl.Series(column.name, self._interpolated(column.to_numpy()), nan_to_null=True)  # NaN for null

    def _interpolated(self, values: "Array") -> "Array":
        import numpy as np

        table, halves, knots, at, after, slopes = self._arrays
        made = np.empty(len(values))
        for start in range(0, len(values), _AT_ONCE):
            given = values[start : start + _AT_ONCE]
            place = table.bins(given)
            part = np.clip(given, -_LARGEST, _LARGEST)  # infinity lies in no sloped part, and 0 * inf would be NaN
            part *= 0.5
            part -= halves[place]
            part *= slopes[place]
            part += after[place]
            np.copyto(part, at[place], where=given == knots[place])
            made[start : start + _AT_ONCE] = part
        return made

    def row(self) -> RowFunction:
        before, knots, at, after, slopes = self.before, self.knots, self.at, self.after, self.slopes

        def interpolate(value: float | None) -> float | None:
            if value is None:
                return None
            place = bisect_right(knots, value) - 1
            if place < 0:
                return before
            knot, slope = knots[place], slopes[place]
            if value == knot:
                return at[place]
            return after[place] if slope == 0 else after[place] + (value * 0.5 - knot * 0.5) * slope

        return interpolate

    def array(self, *inputs: Cells) -> Cells:
        return Cells(self._interpolated(inputs[0].values), inputs[0].valid)

    @cached_property
    def _arrays(self) -> "tuple[CellTable, Array, Array, Array, Array, Array]":
        """The constants by bin: of NaN, which stays NaN whatever they are; below the first knot; from each knot on."""
        import numpy as np

        def array(first: float, rest: tuple[float, ...]) -> "Array":
            return np.array([first, first, *rest], dtype=np.float64)

        return (
            CellTable(self.knots),
            array(0.0, self.knots) * 0.5,
            array(np.nan, self.knots),
            array(self.before, self.at),
            array(self.before, self.after),
            array(0.0, self.slopes),
        )

    def tables(self) -> dict[str, pl.Series]:
        constants = {"knots": self.knots, "at": self.at, "after": self.after, "slopes": self.slopes}
        return {name: pl.Series(name, values, dtype=pl.Float64) for name, values in constants.items()}
