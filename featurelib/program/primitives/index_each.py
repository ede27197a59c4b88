"""IndexEach: the number of each element of a list."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction
from featurelib.program.primitives.index import Index


@dataclass(frozen=True)
class IndexEach(Index):
    """Number each element of a list as `Index` does, null ones too; a null list stays null. A list of ``UInt32``."""

    op = "index_each"
    takes = "texts"  # type: ignore[assignment]  # `Index` takes one of them
    gives = "numbers"

    @property
    def dtype(self) -> pl.DataType:
        return pl.List(pl.UInt32())

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].list.eval(super().expr(pl.element()))

    def array(self, *inputs: Cells) -> Cells:
        return Primitive.array(self, *inputs)

    def row(self) -> RowFunction:
        index = super().row()

        def index_each(texts: list[str | None] | None) -> list[int | None] | None:
            return None if texts is None else [index(text) for text in texts]

        return index_each
