"""GroupCounts: how many rows of each group hold each text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.state import State

_EMPTY = {"group": pl.String, "term": pl.String, "rows": pl.Int64}


@dataclass(frozen=True, slots=True)
class GroupCounts(State):
    """Rows per group and distinct text; exact under any merge. Rows without a text are left out.

    Attributes
    ----------
    counts
        Frame of ``group`` (null for rows without one) and ``term``, rising in both, and ``rows``.
    """

    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EMPTY))

    def of(self, *columns: pl.Series) -> Self:
        term, group = columns
        frame = pl.DataFrame({"group": group, "term": term}).filter(pl.col("term").is_not_null())
        return type(self)(_added(frame.with_columns(rows=pl.lit(1, pl.Int64))))

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        return type(self)(_added(pl.concat([self.counts, *(other.counts for other in others)])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupCounts) and self.counts.equals(other.counts)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def mode(self) -> str | None:
        """The most frequent text of all rows, in a group or not, ties by the text; ``None`` without any."""
        whole = self.counts.select(pl.lit("").alias("group"), "term", "rows")
        return next(iter(_modes(_added(whole))["term"]), None)

    def modes(self, *, at_least: int = 1) -> dict[str, str]:
        """Return the most frequent text of each group of ``at_least`` rows, ties by the text, group by group."""
        enough = pl.col("rows").sum().over("group") >= at_least
        modes = _modes(self.counts.drop_nulls("group").filter(enough))
        return dict(zip(modes["group"], modes["term"], strict=True))


def _added(counts: pl.DataFrame) -> pl.DataFrame:
    added = counts.group_by("group", "term").agg(pl.col("rows").sum())
    return added.with_columns(pl.col("group", "term").cast(pl.String)).sort("group", "term")


def _modes(counts: pl.DataFrame) -> pl.DataFrame:
    frequent = counts.sort("group", "rows", "term", descending=[False, True, False])
    return frequent.group_by("group", maintain_order=True).agg(pl.col("term").first())
