"""Gather: the value that stands at a position."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Gather(Primitive):
    """Return ``values[x]`` as ``Float64``. Null stays null; positions come from `Index`, so each has a value."""

    values: tuple[float, ...]

    op = "gather"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=pl.Float64, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        return pl.Series(column.name, self.values, dtype=pl.Float64).gather(column)

    def row(self) -> RowFunction:
        values = self.values

        def gather(position: int | None) -> float | None:
            return None if position is None else values[position]

        return gather

    def tables(self) -> dict[str, pl.Series]:
        return {"values": pl.Series("values", self.values, dtype=pl.Float64)}
