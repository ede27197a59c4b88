"""NullOutside: no number where it lies beyond bounds."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class NullOutside(Primitive):
    """Replace a number below ``lower`` or above ``upper`` by null; ``None`` leaves a side open. Null stays null."""

    lower: float | None
    upper: float | None

    op = "null_outside"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        kept = inputs[0]
        if self.lower is not None:
            kept = pl.when(inputs[0] >= self.lower).then(kept)
        if self.upper is not None:
            kept = pl.when(inputs[0] <= self.upper).then(kept)
        return kept

    def row(self) -> RowFunction:
        lower = float("-inf") if self.lower is None else self.lower
        upper = float("inf") if self.upper is None else self.upper

        def null_outside(value: float | None) -> float | None:
            return value if value is not None and lower <= value <= upper else None

        return null_outside

    def array(self, *inputs: Cells) -> Cells:
        values, valid = inputs[0].values, inputs[0].valid
        if self.lower is not None:
            valid = valid & (values >= self.lower)
        if self.upper is not None:
            valid = valid & (values <= self.upper)
        return Cells(values, valid)
