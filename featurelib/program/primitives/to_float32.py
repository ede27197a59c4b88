"""ToFloat32: store a number in half the bytes."""

from ctypes import c_float
from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class ToFloat32(Primitive):
    """Round to the nearest ``Float32``. Null stays null; beyond its range becomes ±inf."""

    op = "to_float32"

    @property
    def dtype(self) -> pl.DataType:
        return pl.Float32()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(pl.Float32)

    def row(self) -> RowFunction:
        single = c_float

        def to_float32(value: float | None) -> float | None:
            return None if value is None else single(value).value

        return to_float32

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        with np.errstate(all="ignore"):  # overflow to inf is the stated result
            return Cells(inputs[0].values.astype(np.float32), inputs[0].valid)
