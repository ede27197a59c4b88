"""Gather: the value that stands at a position."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Gather(Primitive):
    """Return ``values[x]`` as ``Float64``. Null stays null; the step before gives no position beyond the values."""

    values: tuple[float | None, ...]

    op = "gather"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return self.expr_of(self.in_order, inputs[0])

    @staticmethod
    def expr_of(values: pl.Series, places: pl.Expr) -> pl.Expr:
        """Return the values at some places as a polars expression."""

        def gathered(column: pl.Series) -> pl.Series:
            return values[column].alias(column.name)  # NOTE: half of what `gather` takes, as no expression runs

        return places.map_batches(gathered, return_dtype=values.dtype, is_elementwise=True)

    @cached_property
    def in_order(self) -> pl.Series:
        """The values as a series."""
        return self.large("values", pl.Float64())

    def row(self) -> RowFunction:
        values = self.values

        def gather(position: int | None) -> float | None:
            return None if position is None else values[position]

        return gather

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        values, there = self._arrays
        places, null = inputs[0].to_list(), len(values) - 1
        if None in places:
            places = [null if place is None else place for place in places]
        taken = np.array(places, dtype=np.intp)
        return Cells(values.take(taken), there.take(taken))

    @cached_property
    def _arrays(self) -> "tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]":
        """The values, then one for null; and which of them are there."""
        listed = self.in_order.extend_constant(None, 1)
        return listed.fill_null(0.0).to_numpy(), listed.is_not_null().to_numpy()

    def tables(self) -> dict[str, pl.Series]:
        return {"values": self.in_order}
