"""Gather: the value that stands at a position."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Gather(Primitive):
    """Return ``values[x]`` as ``Float64``. Null stays null; the step before gives no position beyond the values."""

    values: tuple[float | None, ...]

    op = "gather"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=pl.Float64, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        return self._in_order.gather(column).alias(column.name)

    @cached_property
    def _in_order(self) -> pl.Series:
        return pl.Series("values", self.values, dtype=pl.Float64)

    def row(self) -> RowFunction:
        values = self.values

        def gather(position: int | None) -> float | None:
            return None if position is None else values[position]

        return gather

    def tables(self) -> dict[str, pl.Series]:
        return {"values": self._in_order}
