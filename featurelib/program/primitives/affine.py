"""Affine: shift, then scale."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class Affine(Primitive):
    """Compute ``(x - shift) * scale``. Null stays null; ±inf stays ±inf.

    ``scale`` is a stored reciprocal, never a division: polars divides by a constant by multiplying by its
    reciprocal, Python and NumPy don't, and a third of the results would differ in their last bit.
    """

    shift: float
    scale: float

    op = "affine"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return (inputs[0] - self.shift) * self.scale

    def row(self) -> RowFunction:
        shift, scale = self.shift, self.scale

        def affine(value: float | None) -> float | None:
            return None if value is None else (value - shift) * scale

        return affine

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        with np.errstate(all="ignore"):  # overflow to inf is the stated result
            return Cells((inputs[0].values - self.shift) * self.scale, inputs[0].valid)
