"""YeoJohnson: a power for the numbers above zero, its mirror for those below."""

import math
from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class YeoJohnsonStep(Primitive):
    """Compute ``((1 + x)^p - 1) / p`` for x from 0 on and ``-((1 - x)^(2 - p) - 1) / (2 - p)`` below it.

    Where the exponent is 0 the logarithm takes its place: ``ln(1 + x)``, ``-ln(1 - x)``. Null stays null; what is too
    large for a float, and ±inf, become ±inf, or the bound that a negative exponent has.

    A power is computed as ``exp(p ln(1 + x))``, and divided by p through its reciprocal: so that columns and rows agree
    to the last bit. The micro-batch goes value by value, for the reason that `Log1pStep` gives.
    """

    power: float

    op = "yeo_johnson"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        def powered(log: pl.Expr, power: float) -> pl.Expr:
            return ((log * power).exp() - 1.0) * (1.0 / power) if power else log

        above = powered(inputs[0].log1p(), self.power)
        below = -powered((-inputs[0]).log1p(), 2.0 - self.power)
        return pl.when(inputs[0] < 0).then(below).otherwise(above)

    def row(self) -> RowFunction:
        above, below = _powered(self.power), _powered(2.0 - self.power)

        def yeo_johnson(value: float | None) -> float | None:
            if value is None:
                return None
            made: float = -below(-value) if value < 0 else above(value)
            return made

        return yeo_johnson


def _powered(power: float) -> RowFunction:
    log, exp = math.log1p, math.exp
    if not power:
        return log
    scale = 1.0 / power

    def powered(distance: float) -> float:
        try:
            return (exp(log(distance) * power) - 1.0) * scale
        except OverflowError:
            return math.inf

    return powered
