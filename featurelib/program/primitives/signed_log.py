"""SignedLog: the logarithm of a number's distance to zero, with its sign."""

import math
from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class SignedLogStep(Primitive):
    """Compute ``sign(x) ln(1 + |x|)``. Null stays null, ±inf stays ±inf, -0.0 becomes 0.0.

    The micro-batch goes value by value, for the reason that `Log1pStep` gives.
    """

    op = "signed_log"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        sign = pl.when(inputs[0] < 0).then(-1.0).otherwise(1.0)  # with two branches there would be two logarithms
        return inputs[0].abs().log1p() * sign

    def row(self) -> RowFunction:
        log = math.log1p

        def signed_log(value: float | None) -> float | None:
            if value is None:
                return None
            return -log(-value) if value < 0 else log(abs(value))

        return signed_log
