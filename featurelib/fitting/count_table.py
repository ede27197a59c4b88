"""CountTable: how many rows hold each text."""

from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.state import State


@dataclass(frozen=True, slots=True)
class CountTable(State):
    """Rows per distinct text, and rows without one; exact under any merge.

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
        (column,) = columns
        found = pl.DataFrame({"term": column.drop_nulls()}).group_by("term").agg(rows=pl.len().cast(pl.Int64))
        return type(self)(found.sort("term"), column.null_count())

    def merge(self, other: Self) -> Self:
        both = pl.concat([self.counts, other.counts]).group_by("term").agg(pl.col("rows").sum())
        return type(self)(both.sort("term"), self.missing + other.missing)

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
