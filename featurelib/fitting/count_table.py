"""CountTable: how many rows hold each text, or each combination of texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.enumerated import counted
from featurelib.fitting.state import State
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

    def of(self, *columns: pl.Series) -> Self:
        column, *others = columns
        if others:
            together = pl.DataFrame([part.cast(pl.String).alias(str(place)) for place, part in enumerate(columns)])
            column = together.select(JoinText().expr(*map(pl.col, together.columns))).to_series()
        return type(self)(counted(column), column.null_count())

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
        frequent = self.counts.filter(pl.col("rows") >= at_least).sort("rows", "term", descending=[True, False])
        return frequent if at_most is None else frequent.head(at_most)
