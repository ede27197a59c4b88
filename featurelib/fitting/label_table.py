"""LabelTable: how a feature's values and a label occur together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.state import State

_CELLS = 4096
_BINS = 20
_EMPTY = {"value": pl.Float64, "rows": pl.Int64, "positive": pl.Int64}


@dataclass(frozen=True, slots=True)
class LabelTable(State):
    """Rows and positive labels per value of a feature. Rows without a label are left out.

    Parameters
    ----------
    exact
        Keep every distinct value (codes, texts). Otherwise a partition with more than 4,096 distinct values is cut into
        4,096 cells of equal rows, each standing at its largest value (measures).
    texts
        Values are texts, not numbers.

    Attributes
    ----------
    table
        Frame of ``value`` (rising; null first, for missing), ``rows``, ``positive``.
    """

    exact: bool = True
    texts: bool = False
    table: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EMPTY))

    def __post_init__(self) -> None:
        if self.texts and self.table.is_empty():
            object.__setattr__(self, "table", self.table.cast({"value": pl.String}))

    def of(self, *columns: pl.Series) -> Self:
        value, label = columns
        value = value if self.texts else value + 0.0  # -0.0 becomes 0.0: equal values, equal states
        pairs = pl.DataFrame({"value": value, "label": label}).filter(pl.col("label").is_not_null())
        table = _add(pairs.select("value", rows=pl.lit(1, pl.Int64), positive=(pl.col("label") > 0).cast(pl.Int64)))
        if not self.exact and len(table) > _CELLS:
            cell = pl.col("rows").cum_sum() * _CELLS // (pl.col("rows").sum() + 1)
            there = table.filter(pl.col("value").is_not_null()).with_columns(cell=cell)
            cells = there.group_by("cell").agg(pl.col("value").max(), pl.col("rows").sum(), pl.col("positive").sum())
            table = _add(pl.concat([table.filter(pl.col("value").is_null()), cells.drop("cell")]))
        if self.texts:  # a survey hands on texts as codes
            table = table.cast({"value": pl.String}).sort("value", nulls_last=False)
        return type(self)(self.exact, self.texts, table)

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        return type(self)(self.exact, self.texts, _add(pl.concat([self.table, *(other.table for other in others)])))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelTable) or (self.exact, self.texts) != (other.exact, other.texts):
            return False
        return self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def rows(self) -> int:
        """Rows with a label."""
        return int(self.table["rows"].sum())

    @property
    def distinct(self) -> int:
        """Distinct values, with missing as one of them."""
        return len(self.table)

    def mapped(self, values: pl.Series, *, exact: bool) -> "LabelTable":
        """Return the table of a feature that is a function of this one.

        Parameters
        ----------
        values
            What it makes of each value of ``table``, in order, as numbers.
        exact
            Whether these are codes.
        """
        made = self.table.select("rows", "positive", value=values.cast(pl.Float64) + 0.0)
        return LabelTable(exact, table=_add(made))

    def rows_where(self, value: float | None) -> int:
        """Return the rows that hold a value, or null."""
        same = pl.col("value").is_null() if value is None else pl.col("value") == value
        return int(self.table.filter(same)["rows"].sum())

    def mutual_information(self) -> float:
        """Return the mutual information of value and label in nats, corrected for bias; 0 or more.

        ``Σ p(x, y) ln(p(x, y) / (p(x) p(y))) - (|X| - 1)(|Y| - 1) / 2n``. Measures are first cut into 20 bins of
        about equal rows; codes are taken as they are. Without the correction a code with many values looks good by
        sparsity alone.

        References
        ----------
        Miller, G. (1955). Note on the bias of information estimates.
        """
        table = self.table if self.exact or len(self.table) <= _BINS else self._binned()
        n = int(table["rows"].sum())
        positive = int(table["positive"].sum())
        if positive in {0, n}:
            return 0.0
        terms = []
        for rows, ones in table.select("rows", "positive").iter_rows():
            for count, total in ((ones, positive), (rows - ones, n - positive)):
                if count:
                    terms.append(count / n * math.log(count * n / (rows * total)))
        return max(0.0, math.fsum(terms) - (len(table) - 1) / (2 * n))

    def _binned(self) -> pl.DataFrame:
        missing = self.table.filter(pl.col("value").is_null()).select("rows", "positive")
        there = self.table.filter(pl.col("value").is_not_null())
        reached = pl.col("rows").cum_sum() - pl.col("rows")
        bins = there.with_columns(bin=reached * _BINS // pl.col("rows").sum()).group_by("bin", maintain_order=True)
        return pl.concat([missing, bins.agg(pl.col("rows").sum(), pl.col("positive").sum()).drop("bin")])


def _add(table: pl.DataFrame) -> pl.DataFrame:
    return table.group_by("value").agg(pl.col("rows").sum(), pl.col("positive").sum()).sort("value", nulls_last=False)
