"""PadTexts: lists of one length."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class PadTexts(Primitive):
    """Cut lists to ``length`` elements, and fill shorter ones up with nulls; a null list becomes nulls alone.

    ``keep`` is the end that a longer list keeps, ``last`` or ``first``; ``side`` is where a shorter one is filled up,
    ``right`` (behind its elements) or ``left``. Null elements are elements.
    """

    length: int
    side: str
    keep: str

    op = "pad_texts"
    takes = "texts"
    gives = "texts"

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        nulls = pl.lit(pl.Series([[None] * self.length], dtype=self.dtype))
        there = inputs[0].fill_null(pl.lit([], dtype=self.dtype))
        cut = there.list.tail(self.length) if self.keep == "last" else there.list.head(self.length)
        if self.side == "right":
            return pl.concat_list(cut, nulls).list.head(self.length)
        return pl.concat_list(nulls, cut).list.tail(self.length)

    def row(self) -> RowFunction:
        length, on_right, from_end = self.length, self.side == "right", self.keep == "last"

        def pad_texts(texts: list[str | None] | None) -> list[str | None]:
            there = texts or []
            cut = there[-length:] if from_end else there[:length]
            nulls: list[str | None] = [None] * (length - len(cut))
            return cut + nulls if on_right else nulls + cut

        return pad_texts
