"""IsMissing: whether a value is missing."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class IsMissing(Primitive):
    """Return 1 for null (which a NaN has become by `Number`), else 0, as ``UInt8``. The empty text is not missing."""

    op = "is_missing"
    takes = "raw"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt8()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].is_null().cast(pl.UInt8)

    def row(self) -> RowFunction:
        def is_missing(value: object) -> int:
            return 1 if value is None else 0

        return is_missing
