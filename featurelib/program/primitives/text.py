"""Text: read a column as its canonical text."""

from dataclasses import dataclass
from operator import index

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Text(Primitive):
    """Read text as it is, an integer as its decimal digits, a boolean as ``true`` or ``false``. Null stays null.

    Floats are refused when the program is made: engines write them differently.
    """

    op = "text"
    takes = "raw"
    gives = "text"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].cast(pl.String)

    def row(self) -> RowFunction:
        return text


def text(value: object) -> str | None:
    """Return one value as its canonical text; a float is an error, as in a whole column."""
    if value.__class__ is str or value is None:
        return value
    if isinstance(value, str):
        return str.__str__(value)  # the text itself, also of a StrEnum member or a NumPy text
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(index(value))  # type: ignore[arg-type]  # what is no integer raises the TypeError that we mean
