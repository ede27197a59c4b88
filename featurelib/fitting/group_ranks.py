"""GroupRanks: the median of a number column by group."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from featurelib.fitting.enumerated import enumerated, terms_of
from featurelib.fitting.state import State

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_EXACT = 256
_EMPTY = {"group": pl.String, "value": pl.Float64, "weight": pl.Int64}


@dataclass(frozen=True, slots=True)
class GroupRanks(State):
    """Sorted values with weights in each group.

    Exact where a group has at most 256 distinct values in a partition. Else they are cut into 256 cells of about equal
    rows, each standing at its most frequent value (of several, the largest): a rank is off by at most 1/100 of the
    group's rows in the partition. Merging adds weights value by value, and is exact in any order. Null is left out;
    ±inf counts as a value.

    Attributes
    ----------
    points
        Frame of ``group`` (null for rows without one) and ``value``, rising in both, and ``weight`` (rows).
    """

    points: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EMPTY))

    def of(self, *columns: pl.Series) -> Self:
        import numpy as np

        number, group = columns
        there = number.is_not_null()
        codes = enumerated(group.filter(there))
        values, places = number.filter(there).to_numpy(), codes.to_physical().cast(pl.Int64).fill_null(-1).to_numpy()
        if not len(values):
            return type(self)()
        order = np.lexsort((values, places))
        values, places = values[order] + 0.0, places[order]  # -0.0 becomes 0.0: equal values, equal states
        starts = _starts(values, places)
        values, places, weights = values[starts], places[starts], np.diff(starts, append=len(values))
        starts = _starts(places, _cells(places, weights))
        # the place of the greatest weight, and of several the last
        standing = np.maximum.reduceat(weights * len(weights) + np.arange(len(weights)), starts) % len(weights)
        points = pl.DataFrame(
            {
                "group": terms_of(codes).gather(pl.Series(places[starts]).replace(-1, None)),
                "value": values[standing],
                "weight": np.add.reduceat(weights, starts),
            }
        )
        return type(self)(_added(points))

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        return type(self)(_added(pl.concat([self.points, *(other.points for other in others)])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupRanks) and self.points.equals(other.points)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def median(self) -> float | None:
        """The lower median of all values, in a group or not; ``None`` without any."""
        whole = self.points.select(pl.lit("").alias("group"), "value", "weight")
        return next(iter(_medians(_added(whole))["value"]), None)

    def medians(self, *, at_least: int = 1) -> dict[str, float]:
        """Return the lower median of each group of ``at_least`` values, in the order of the groups."""
        enough = pl.col("weight").sum().over("group") >= at_least
        medians = _medians(self.points.drop_nulls("group").filter(enough))
        return dict(zip(medians["group"], medians["value"], strict=True))


def _starts(*columns: "Array") -> "Array":
    """Return where rows differ from the row before, in any of the columns."""
    import numpy as np

    differs = [column[1:] != column[:-1] for column in columns]
    return np.flatnonzero(np.concatenate([[True], np.logical_or.reduce(differs)]))


def _cells(groups: "Array", weights: "Array") -> "Array":
    """Return the cell of each value within its group: one each where they are few."""
    import numpy as np

    starts = _starts(groups)
    distinct = np.diff(starts, append=len(groups))
    total = np.repeat(np.add.reduceat(weights, starts), distinct)
    reached = np.cumsum(weights)
    before = np.repeat(reached[starts] - weights[starts], distinct)
    middle = 2 * (reached - before) - weights
    return np.where(np.repeat(distinct, distinct) > _EXACT, middle * _EXACT // (2 * total), np.arange(len(groups)))


def _added(points: pl.DataFrame) -> pl.DataFrame:
    added = points.group_by("group", "value").agg(pl.col("weight").sum())
    return added.with_columns(pl.col("group").cast(pl.String)).sort("group", "value")


def _medians(points: pl.DataFrame) -> pl.DataFrame:
    reached = (pl.col("weight").cum_sum() * 2 >= pl.col("weight").sum()).over("group", order_by="value")
    return points.filter(reached).group_by("group", maintain_order=True).agg(pl.col("value").first())
