"""Combine: two numbers as one."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "product": operator.mul,
    "ratio": operator.truediv,
    "difference": operator.sub,
}


@dataclass(frozen=True)
class Combine(Primitive):
    """Compute ``a * b`` (``how="product"``), ``a / b`` (``"ratio"``) or ``a - b`` (``"difference"``).

    Null if one of them is null, if ``b`` of a ratio is 0 (or -0.0), and where no number is defined: 0 * inf, inf / inf,
    inf - inf. Whole columns are divided by NumPy: polars would multiply by a reciprocal where a column is constant.
    """

    how: str

    op = "combine"
    takes = ("number", "number")

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.map_batches(list(inputs), self._whole_columns, return_dtype=pl.Float64, is_elementwise=True)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        first, second = (column.to_numpy() for column in columns)  # NaN for null
        return pl.Series(columns[0].name, self._combined(first, second), nan_to_null=True)

    def _combined(self, first: "np.ndarray[Any, Any]", second: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        import numpy as np

        with np.errstate(all="ignore"):  # overflow to inf is the stated result
            combined: np.ndarray[Any, Any] = _OPERATIONS[self.how](first, second)
        if self.how == "ratio":
            combined[second == 0] = np.nan
        return combined

    def row(self) -> RowFunction:
        operation, divides = _OPERATIONS[self.how], self.how == "ratio"

        def combine(first: float | None, second: float | None) -> float | None:
            if first is None or second is None or (divides and second == 0):
                return None
            combined: float = operation(first, second)
            return combined if combined == combined else None  # noqa: PLR0124  # NaN != NaN

        return combine

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        combined = self._combined(inputs[0].values, inputs[1].values)
        return Cells(combined, inputs[0].valid & inputs[1].valid & ~np.isnan(combined))
