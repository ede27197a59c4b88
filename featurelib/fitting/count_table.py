"""CountTable: how many rows hold each text, or each combination of texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import polars as pl

from featurelib.fitting.numbered_texts import NumberedTexts
from featurelib.fitting.state import Form, State
from featurelib.program.primitives import JoinText


@dataclass(frozen=True, slots=True)
class CountTable(State):
    """Rows per distinct text, and rows without one; exact under any merge.

    Of several columns, the text of a row is that of all of them as `JoinText` joins them; missing if one of them is.

    Attributes
    ----------
    counts
        Frame of ``term`` (rising) and ``rows``. The empty text is a term like any other.
    missing
        Rows with null.
    """

    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"term": pl.String, "rows": pl.Int64}))
    missing: int = 0

    @property
    def forms(self) -> Mapping[int, Form]:
        return {0: "numbered"}

    def of(self, *columns: Any) -> Self:  # the first may come as `NumberedTexts`
        column, *others = columns
        if others:
            first = column.to_series() if isinstance(column, NumberedTexts) else column
            parts = [part.cast(pl.String).alias(str(place)) for place, part in enumerate((first, *others))]
            together = pl.DataFrame(parts)
            column = together.select(JoinText().expr(*map(pl.col, together.columns))).to_series()
        return type(self)(*NumberedTexts.of(column).counted())

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        tables = [self.counts, *(other.counts for other in others)]
        counts = pl.concat(tables).group_by("term").agg(pl.col("rows").sum())
        return type(self)(counts.sort("term"), self.missing + sum(other.missing for other in others))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CountTable) and self.missing == other.missing and self.counts.equals(other.counts)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def rows(self) -> int:
        """Rows seen, with nulls."""
        return int(self.counts["rows"].sum()) + self.missing

    def most_frequent_first(self, *, at_least: int = 1, at_most: int | None = None) -> pl.DataFrame:
        """Return the terms with ``at_least`` rows, most frequent first, ties by the term; ``at_most`` of them."""
        frequent = self.counts.filter(pl.col("rows") >= at_least).sort("rows", descending=True, maintain_order=True)
        return frequent if at_most is None else frequent.head(at_most)
