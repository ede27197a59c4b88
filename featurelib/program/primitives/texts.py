"""Texts: read a column of lists as lists of canonical texts."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import RowFunction
from featurelib.program.primitives.text import Text, text
from featurelib.program.view import View, element, listed

_PLAIN = frozenset({str, type(None)})


@dataclass(frozen=True)
class Texts(View):
    """Read each element of a list as `Text` reads a value. A null list is missing; an empty one is a list.

    Null elements stay null. In a row it is a list, a tuple or a NumPy array.
    """

    op = "texts"
    gives = "texts"
    want = "a list of texts, integers or booleans"

    @classmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        inner = element(dtype)
        return dtype == pl.Null() or (inner is not None and Text.fits(inner))

    @classmethod
    def hint(cls, dtype: pl.DataType) -> str:
        inner = element(dtype)
        return "" if inner is None else Text.hint(inner)

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(self.dtype)

    def row(self) -> RowFunction:
        def texts(values: object) -> list[str | None] | None:
            if values is None:
                return None
            elements = listed(values)
            if _PLAIN.issuperset(map(type, elements)):
                return elements  # they are texts already
            return [text(value) for value in elements]

        return texts
