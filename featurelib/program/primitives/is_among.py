"""IsAmong: whether a text is one of some."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class IsAmong(Primitive):
    """Return 1 for a text that is one of ``terms``, else 0, as ``UInt8``; with ``inverted``, 1 for one that is not.

    Null becomes 0 either way: a value that is missing is neither. The empty text is a text like any other.
    """

    terms: tuple[str, ...]
    inverted: bool = False

    op = "is_among"
    takes = "text"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt8()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        found = inputs[0] == self.terms[0] if len(self.terms) == 1 else inputs[0].is_in(self._listed)
        return (~found if self.inverted else found).fill_null(value=False).cast(pl.UInt8)

    @property
    def _listed(self) -> pl.Expr:
        return pl.lit(pl.Series(self.terms, dtype=pl.String)).implode()

    def row(self) -> RowFunction:
        terms, inverted = frozenset(self.terms), self.inverted

        def is_among(value: str | None) -> int:
            return int(value is not None and (value in terms) != inverted)

        return is_among
