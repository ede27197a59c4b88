"""Cycle: where in a cycle of equal steps a time lies."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Cycle(Primitive):
    """Return 1 + the number of the step, of ``steps`` to a cycle, that a time lies in; null becomes 0.

    A step takes ``step`` microseconds; the first of a cycle began ``shift`` microseconds before 1970. The result is
    ``UInt8`` up to 255 steps, else ``UInt16``.
    """

    step: int
    steps: int
    shift: int = 0

    op = "cycle"
    takes = "time"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt8() if self.steps < 256 else pl.UInt16()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        # NOTE: `//` and `%` of integers round down in polars, as in Python
        return ((inputs[0] + self.shift) // self.step % self.steps + 1).fill_null(0).cast(self.dtype)

    def row(self) -> RowFunction:
        step, steps, shift = self.step, self.steps, self.shift

        def cycle(time: int | None) -> int:
            return 0 if time is None else (time + shift) // step % steps + 1

        return cycle
