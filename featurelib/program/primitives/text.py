"""Text: read a column as its canonical text."""

from dataclasses import dataclass
from operator import index

import polars as pl

from featurelib.program.primitive import Cells, RowFunction
from featurelib.program.view import View

_PLAIN = frozenset({str, type(None)})


@dataclass(frozen=True)
class Text(View):
    """Read text as it is, an integer as its decimal digits, a boolean as ``true`` or ``false``. Null stays null.

    Floats are refused when the program is made: engines write them differently.
    """

    op = "text"
    gives = "text"
    want = "text, integer or boolean"

    @classmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        # NOTE: a tuple, not a set: an Enum equals its class without having its hash
        return dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Null)

    @classmethod
    def hint(cls, dtype: pl.DataType) -> str:
        return "Bin a float before you use it as a category." if dtype.is_float() else ""

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(pl.String)

    def row(self) -> RowFunction:
        return text

    def array(self, *inputs: Cells) -> Cells:
        return inputs[0] if _PLAIN.issuperset(map(type, inputs[0].to_list())) else super().array(*inputs)

    def of_row(self, column: str, then: RowFunction) -> RowFunction:
        # NOTE: nearly every value is a text; to see that here saves a call
        return lambda row: then(value if (value := row[column]).__class__ is str else text(value))


def text(value: object) -> str | None:
    """Return one value as its canonical text; a float is an error, as in a whole column."""
    if value.__class__ is str or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)  # the text itself, also of a StrEnum member or a NumPy text
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(index(value))  # type: ignore[arg-type]  # what is no integer raises the TypeError that we mean
