"""GroupSums: the mean of a number column by group, exact."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.state import State

_HALF = 27  # bits; a 53-bit mantissa falls into two halves, whose sums fit 64 bits up to 2^36 rows
_UNIT = 1126  # sums are integers in units of 2^-1126, below the last bit of the smallest float
_EMPTY = {"group": pl.String, "place": pl.Int64, "high": pl.Int64, "low": pl.Int64, "rows": pl.Int64}


@dataclass(frozen=True, slots=True)
class GroupSums(State):
    """Sums of the finite numbers in each group, as integers: the same whatever the split or the order (see `Moments`).

    Attributes
    ----------
    sums
        Frame of ``group`` (null for rows without one) and ``place`` (of the mantissas' last bit), rising in both; sums
        of the ``high`` and the ``low`` halves of the mantissas, and ``rows``. It has a row for each magnitude that
        occurs in a group.
    """

    sums: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=_EMPTY))

    def of(self, *columns: pl.Series) -> Self:
        import numpy as np

        number, group = columns
        finite = number.is_finite().fill_null(value=False)
        fraction, exponent = np.frexp(number.filter(finite).to_numpy() + 0.0)
        mantissa = np.ldexp(fraction, 53).astype(np.int64)
        halves = {"high": mantissa >> _HALF, "low": mantissa & (2**_HALF - 1)}
        place = exponent.astype(np.int64) + _UNIT - 53
        frame = pl.DataFrame({"group": group.filter(finite), "place": place, **halves})
        return type(self)(_added(frame.with_columns(rows=pl.lit(1, pl.Int64))))

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        return type(self)(_added(pl.concat([self.sums, *(other.sums for other in others)])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GroupSums) and self.sums.equals(other.sums)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def mean(self) -> float | None:
        """The mean of all finite numbers, in a group or not, correctly rounded; ``None`` without any."""
        return next(iter(_means(self.sums.with_columns(group=pl.lit(""))).values()), None)

    def means(self, *, at_least: int = 1) -> dict[str, float]:
        """Return the mean of each group of ``at_least`` numbers, correctly rounded, in the order of the groups."""
        enough = pl.col("rows").sum().over("group") >= at_least
        return _means(self.sums.drop_nulls("group").filter(enough))


def _added(sums: pl.DataFrame) -> pl.DataFrame:
    added = sums.group_by("group", "place").agg(pl.col("high", "low", "rows").sum())
    return added.with_columns(pl.col("group").cast(pl.String)).sort("group", "place")


def _means(sums: pl.DataFrame) -> dict[str, float]:
    totals: dict[str, int] = {}
    counts: dict[str, int] = {}
    for group, place, high, low, rows in sums.iter_rows():
        totals[group] = totals.get(group, 0) + (((high << _HALF) + low) << place)
        counts[group] = counts.get(group, 0) + rows
    return {group: total / (counts[group] << _UNIT) for group, total in totals.items()}
