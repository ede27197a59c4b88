"""Numbers: read a column of lists as lists of 64-bit floats."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import RowFunction
from featurelib.program.primitives.number import Number, number
from featurelib.program.view import View, element, listed

_FLOATS = frozenset({float})


@dataclass(frozen=True)
class Numbers(View):
    """Read each element of a list as `Number` reads a value. A null list is missing; an empty one is a list.

    Null and NaN elements become null elements. In a row it is a list, a tuple or a NumPy array.
    """

    op = "numbers"
    gives = "numbers"
    want = "a list of numbers or booleans"

    @classmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        inner = element(dtype)
        return dtype == pl.Null() or (inner is not None and Number.fits(inner))

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(self.dtype).list.eval(pl.element().fill_nan(None))

    def row(self) -> RowFunction:
        def numbers(values: object) -> list[float | None] | None:
            if values is None:
                return None
            elements = listed(values)
            if _FLOATS.issuperset(map(type, elements)):
                total = sum(elements)
                if total == total:  # noqa: PLR0124  # then none of them is NaN
                    return elements
            return [number(value) for value in elements]

        return numbers
