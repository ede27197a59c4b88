"""RankSummary: the quantiles of a number column in 32 kB a partition."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from featurelib.fitting.state import State

if TYPE_CHECKING:
    import numpy as np

EXACT = 4096
POINTS = 5024


@dataclass(frozen=True, slots=True)
class RankSummary(State):
    """Sorted values with weights: at most 5,024 per partition, about equally spaced in rank.

    Exact where a partition has at most 4,096 distinct values. Else each weight stands at the middle row of its cell,
    the smallest and the largest value in cells of their own, so that a rank is off by at most 1e-4 of the partition's
    rows, and half a row. Merging keeps the parts as they are, never compresses again, and is exact in any order. Null
    is left out; ±inf counts as a value.

    Attributes
    ----------
    parts
        Frame of ``packed``, in its order: one partition each, of at most 32 kB. `points` unpacks them.

    Notes
    -----
    Two summaries are equal if their points are: parts of few distinct values merge to what the whole would be.
    """

    parts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema={"packed": pl.Binary}))

    def of(self, *columns: pl.Series) -> Self:
        (column,) = columns
        return self.of_values(_there(column))

    @classmethod
    def of_values(cls, values: "np.ndarray[Any, Any]") -> Self:
        """Return the summary of floats that are there, none of them NaN; it leaves them sorted."""
        import numpy as np

        values.sort()
        if not len(values):
            return cls()
        if not _many_differ(values[:: len(values) // (4 * EXACT) + 1]):  # mostly, some of them tell
            new = values[1:] != values[:-1]
            if np.count_nonzero(new) < EXACT:
                starts = np.concatenate([[0], np.flatnonzero(new) + 1])
                return cls(_part(values[starts], np.diff(starts, append=len(values))))
        inner = min(POINTS, len(values)) - 2
        each, larger = divmod(len(values) - 2, inner)
        weights = np.concatenate([[1], np.repeat([each + 1, each], [larger, inner - larger]), [1]])
        middles = np.cumsum(weights) - weights + (weights - 1) // 2
        return cls(_part(values[middles], weights))

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        return type(self)(pl.concat([self.parts, *(other.parts for other in others)]).sort("packed"))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RankSummary) and self.points.equals(other.points)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    @property
    def points(self) -> pl.DataFrame:
        """Frame of ``value`` (rising) and ``weight`` (rows), unpacked and added up over the parts."""
        import numpy as np

        if self.parts.is_empty():
            return pl.DataFrame(schema={"value": pl.Float64, "weight": pl.Int64})
        unpacked = [_unpack(part) for part in self.parts["packed"]]
        values = np.concatenate([value for value, _ in unpacked])
        order = np.argsort(values)
        values, weights = values[order], np.concatenate([weight for _, weight in unpacked])[order]
        starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]]))
        return pl.DataFrame({"value": values[starts], "weight": np.add.reduceat(weights, starts)})

    @property
    def rows(self) -> int:
        """Values seen, without nulls."""
        return int(self.points["weight"].sum())

    def quantiles(self, shares: Sequence[float | Fraction]) -> list[float]:
        """Return, for each share from 0 to 1, the smallest value with at least that share of rows at or below it.

        The inverted distribution function: always a value that occurs, no interpolation. Empty without values. A float
        means the decimal that it shows: 0.07 of 100 rows are 7, though 0.07 * 100 is a little more in floats.
        """
        return quantiles_of(self.points, shares)


def finite(points: pl.DataFrame) -> pl.DataFrame:
    """Return the points that are no infinity."""
    return points.filter(pl.col("value").is_finite())


def condensed(points: pl.DataFrame, most: int) -> pl.DataFrame:
    """Return at most so many points: those given, or else the quantiles in the middle of equal shares of the rows."""
    if len(points) <= most:
        return points
    middles = [Fraction(2 * number + 1, 2 * most) for number in range(most)]
    values = pl.DataFrame({"value": quantiles_of(points, middles)})
    return values.group_by("value").agg(weight=pl.len().cast(pl.Int64)).sort("value")


def quantiles_of(points: pl.DataFrame, shares: Sequence[float | Fraction]) -> list[float]:
    """Return the quantiles of points, a frame of ``value`` (rising) and ``weight``: see `RankSummary.quantiles`."""
    import numpy as np

    if points.is_empty():
        return []
    reached = points["weight"].cum_sum().to_numpy()
    wanted = [math.ceil(Fraction(str(share)) * int(reached[-1])) for share in shares]
    position = np.minimum(np.searchsorted(reached, wanted, side="left"), len(reached) - 1)
    found: Any = points["value"].to_numpy()[position]
    return [float(value) for value in found]


def _there(column: pl.Series) -> "np.ndarray[Any, Any]":
    """Return the values that are there, in memory of their own."""
    import numpy as np

    values = np.empty(len(column) - column.null_count())
    start = 0
    for chunk in column.get_chunks():  # NOTE: `to_numpy` of them all would copy once more
        there = chunk.drop_nulls().to_numpy()
        values[start : start + len(there)] = there
        start += len(there)
    return values


def _many_differ(values: "np.ndarray[Any, Any]") -> bool:
    """Return whether rising values are more than 4,096 different ones."""
    import numpy as np

    return bool(np.count_nonzero(values[1:] != values[:-1]) >= EXACT)


def _part(values: "np.ndarray[Any, Any]", weights: "np.ndarray[Any, Any]") -> pl.DataFrame:
    """Pack rising values and their weights: values as steps between 64-bit keys that rise with them, byte by byte.

    Equally spaced in rank, neighbours share their first bits: 5,024 values take 17 to 31 kB (and up to 35, where
    they span more than 60 orders of magnitude).
    """
    import numpy as np

    bits = (values + 0.0).view(np.uint64)  # -0.0 becomes 0.0: equal values, equal states
    sign = np.uint64(2**63)
    keys = np.where(bits & sign, ~bits, bits | sign)
    packed = zlib.compress(_planes(np.diff(keys, prepend=np.uint64(0))) + _planes(weights))
    return pl.DataFrame({"packed": [packed]})


def _planes(numbers: "np.ndarray[Any, Any]") -> bytes:
    import numpy as np

    return numbers.astype("<u8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _unpack(packed: bytes) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    import numpy as np

    planes = np.frombuffer(zlib.decompress(packed), dtype=np.uint8).reshape(2, 8, -1)
    steps, weights = (np.ascontiguousarray(plane.T).view("<u8").reshape(-1) for plane in planes)
    keys = np.cumsum(steps, dtype=np.uint64)
    sign = np.uint64(2**63)
    return np.where(keys & sign, keys ^ sign, ~keys).view(np.float64), weights.astype(np.int64)
