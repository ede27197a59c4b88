"""Number: read a column as a 64-bit float, with NaN as missing."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Cells, RowFunction
from featurelib.program.view import View

_PLAIN = frozenset({float, int, type(None)})


@dataclass(frozen=True)
class Number(View):
    """Read any number or boolean as ``Float64``. Null and NaN become null; ±inf and -0.0 stay.

    A decimal or an integer beyond 2^53 is rounded to the nearest float, as in IEEE 754.
    """

    op = "number"
    want = "a number or boolean"

    @classmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        return dtype.is_numeric() or dtype in {pl.Boolean(), pl.Null()}

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(pl.Float64).fill_nan(None)

    def row(self) -> RowFunction:
        return number

    def of_row(self, column: str, then: RowFunction) -> RowFunction:
        # NOTE: nearly every value is a float that is there; to see that here saves a call
        return lambda row: then(
            value if (value := row[column]).__class__ is float and value == value else number(value)  # noqa: PLR0124
        )

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        held = inputs[0].held
        if held is not None:
            values = np.asarray(held, dtype=np.float64)
            return Cells(values, inputs[0].valid & ~np.isnan(values))
        listed = inputs[0].to_list()
        if not _PLAIN.issuperset(map(type, listed)):
            return super().array(*inputs)
        values = np.array(listed, dtype=np.float64)  # null becomes NaN, which is missing like any NaN
        return Cells(values, ~np.isnan(values))


def number(value: object) -> float | None:
    """Return one value as a float, ``None`` for null and NaN; a text is an error, as in a whole column."""
    if value.__class__ is float:
        return value if value == value else None  # noqa: PLR0124  # NaN != NaN
    if value is None:
        return None
    if value.__class__ is int:
        return float(value)
    if isinstance(value, str | bytes):
        raise TypeError(value)
    return number(float(value))  # type: ignore[arg-type]  # what has no float raises the TypeError that we mean
