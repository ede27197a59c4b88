"""FillNull: a stated number where there is none."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class FillNull(Primitive):
    """Replace null by ``value``, a ``Float64``."""

    value: float

    op = "fill_null"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].fill_null(self.value)

    def row(self) -> RowFunction:
        fill = self.value

        def fill_null(value: float | None) -> float:
            return fill if value is None else value

        return fill_null

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        values, valid = inputs[0].values, inputs[0].valid
        return Cells(np.where(valid, values, self.value), np.ones(len(values), dtype=bool))
