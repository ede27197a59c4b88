"""Place: read a column of positions, such as an earlier chain makes."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, RowFunction
from featurelib.program.view import View


@dataclass(frozen=True)
class Place(View):
    """Read a whole number from 0 on as ``UInt32``, as it is. Null stays null."""

    op = "place"
    gives = "place"
    want = "a column of unsigned integers"

    @classmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        return dtype.is_unsigned_integer()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(pl.UInt32)

    def row(self) -> RowFunction:
        return place

    def array(self, *inputs: Cells) -> Cells:
        return inputs[0]


def place(value: int | None) -> int | None:
    """Return a position as it is."""
    return value
