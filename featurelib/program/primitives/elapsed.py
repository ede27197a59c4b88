"""Elapsed: from one time to another."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Elapsed(Primitive):
    """Return the microseconds from the first time to the second, as ``Float64``; negative if it lies before.

    Null if either is null.
    """

    op = "elapsed"
    takes = ("time", "time")

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return (inputs[1] - inputs[0]).cast(pl.Float64)

    def row(self) -> RowFunction:
        def elapsed(first: int | None, second: int | None) -> float | None:
            return None if first is None or second is None else float(second - first)

        return elapsed
