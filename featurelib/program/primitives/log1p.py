"""Log1p: the natural logarithm of one plus a number."""

import math
from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class Log1pStep(Primitive):
    """Compute ``ln(1 + x)`` for x above -1. Null and x at or below -1 become null; +inf stays +inf.

    The micro-batch uses Python's ``math.log1p`` value by value: NumPy's vector form may differ in the last bit
    from one processor to the next.
    """

    op = "log1p"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.when(inputs[0] > -1.0).then(inputs[0].log1p())

    def row(self) -> RowFunction:
        log = math.log1p

        def log1p(value: float | None) -> float | None:
            return log(value) if value is not None and value > -1.0 else None

        return log1p

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        there = inputs[0].valid & (inputs[0].values > -1.0)
        values = np.where(there, inputs[0].values, 0.0).tolist()
        return Cells(np.fromiter(map(math.log1p, values), dtype=np.float64, count=len(values)), there)
