"""Clip: keep a number within bounds."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class Clip(Primitive):
    """Replace a number below ``lower`` by ``lower``, one above ``upper`` by ``upper``; ``None`` leaves a side open.

    Null stays null; -inf and +inf are clipped like any number.
    """

    lower: float | None
    upper: float | None

    op = "clip"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        clipped = inputs[0]
        # NOTE: comparisons, not `Expr.clip`: a bound of 0.0 must leave -0.0 alone in every evaluator
        if self.lower is not None:
            clipped = pl.when(clipped < self.lower).then(self.lower).otherwise(clipped)
        if self.upper is not None:
            clipped = pl.when(clipped > self.upper).then(self.upper).otherwise(clipped)
        return clipped

    def row(self) -> RowFunction:
        lower = float("-inf") if self.lower is None else self.lower
        upper = float("inf") if self.upper is None else self.upper

        def clip(value: float | None) -> float | None:
            if value is None:
                return None
            return lower if value < lower else upper if value > upper else value

        return clip

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        values = inputs[0].values
        if self.lower is not None:
            values = np.where(values < self.lower, self.lower, values)
        if self.upper is not None:
            values = np.where(values > self.upper, self.upper, values)
        return Cells(values, inputs[0].valid)
