"""RankSummary: the quantiles of a number column in 32 kB a partition."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Self

import polars as pl

from featurelib.fitting.state import State

POINTS = 4096


@dataclass(frozen=True, slots=True)
class RankSummary(State):
    """Sorted values with weights: at most 4,096 per partition, equally spaced in rank.

    Exact where a partition has at most 4,096 distinct values; else each weight stands at the largest value of its
    cell, so a rank is off by at most 1/4,096 of the partition's rows. Merging adds weights value by value, and never
    compresses again: it is exact in any order. Null is left out; ±inf counts as a value.

    Attributes
    ----------
    points
        Frame of ``value`` (rising) and ``weight`` (rows).
    """

    points: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"value": pl.Float64, "weight": pl.Int64}))

    def of(self, *columns: pl.Series) -> Self:
        import numpy as np

        (column,) = columns
        values = np.sort(column.drop_nulls().to_numpy()) + 0.0  # -0.0 becomes 0.0: equal values, equal states
        distinct, weights = np.unique(values, return_counts=True)
        if len(distinct) > POINTS:
            ends = (np.arange(1, POINTS + 1) * len(values)) // POINTS  # rows in the cells up to this one
            weights = np.diff(ends, prepend=0)
            distinct = values[ends - 1]
        return type(self)(_add(pl.DataFrame({"value": distinct, "weight": weights.astype(np.int64)})))

    def merge(self, other: Self) -> Self:
        return type(self)(_add(pl.concat([self.points, other.points])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RankSummary) and self.points.equals(other.points)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def rows(self) -> int:
        """Values seen, without nulls."""
        return int(self.points["weight"].sum())

    def quantiles(self, shares: Sequence[float | Fraction]) -> list[float]:
        """Return, for each share from 0 to 1, the smallest value with at least that share of rows at or below it.

        The inverted distribution function: always a value that occurs, no interpolation. Empty without values. A float
        means the decimal that it shows: 0.07 of 100 rows are 7, though 0.07 * 100 is a little more in floats.
        """
        import numpy as np

        if not self.rows:
            return []
        reached = self.points["weight"].cum_sum().to_numpy()
        rows = self.rows
        wanted = [math.ceil(Fraction(str(share)) * rows) for share in shares]
        position = np.minimum(np.searchsorted(reached, wanted, side="left"), len(reached) - 1)
        found: Any = self.points["value"].to_numpy()[position]
        return [float(value) for value in found]


def _add(points: pl.DataFrame) -> pl.DataFrame:
    return points.group_by("value").agg(pl.col("weight").sum()).sort("value")
