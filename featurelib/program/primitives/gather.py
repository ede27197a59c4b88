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

    def tables(self) -> dict[str, pl.Series]:
        return {"values": self.in_order}
