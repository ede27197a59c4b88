"""Cuts: how the rows in each cell of one column are counted, of categories by polars, of numbers in NumPy."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl
from polars.datatypes.classes import SignedIntegerType

from featurelib.schema.edges import Bins, Category
from featurelib.schema.profile import UNIT_BITS

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

REACH = 32  # spreads from the centre; a value further away counts as if it lay there
_ROWS = 2**17  # whose edges are counted at once: fewer cost calls, more leave the cache
_CHUNK = 2**15  # whose deviations are added up at once: sums of squares are exact, 2^15 (32 · 2^14)² = 2^53
_CLIP = float(REACH << UNIT_BITS)
_LINE = 2**13  # of a chunk: BLAS wakes a second thread for longer ones, which costs more than it saves
_SINGLE = (pl.Float32(), pl.Int8(), pl.UInt8(), pl.Int16(), pl.UInt16())  # whose values a Float32 holds


@dataclass(frozen=True, slots=True)
class CategoryCut:
    """A column of categories, whose cells are sums that its rows stream by.

    Parameters
    ----------
    bins
        How it is cut.
    reads
        Name of the column.
    dtype
        Its type.
    """

    bins: Bins
    reads: str
    dtype: pl.DataType

    def sums(self) -> list[pl.Expr]:
        """Return the rows of each category, and last those with a value."""
        value = pl.col(self.reads)
        return [*(_equal(value, each, self.dtype).sum() for each in self.bins.categories), value.count()]

    def cells(self, sums: Sequence[int], rows: int) -> list[int]:
        """Return the rows of each cell."""
        *sums, there = sums
        return [*sums, there - sum(sums), rows - there]


@dataclass(slots=True)
class Numbers:
    """What some rows of a column of numbers held; that of more rows adds up to the same, in any order.

    Parameters
    ----------
    below
        Rows below each edge, and last those with a value.
    nans
        Rows with NaN.
    total, squares
        Sums of deviations from the centre and of their squares, in units of `Profile`.
    low, high
        Smallest and largest value, if there is one.
    """

    below: list[int]
    nans: int = 0
    total: int = 0
    squares: int = 0
    low: float | None = None
    high: float | None = None

    def add(self, other: "Numbers") -> None:
        """Add what more rows held."""
        self.below = [one + more for one, more in zip(self.below, other.below, strict=True)]
        self.nans += other.nans
        self.total += other.total
        self.squares += other.squares
        self.low = min((low for low in (self.low, other.low) if low is not None), default=None)
        self.high = max((high for high in (self.high, other.high) if high is not None), default=None)


class Room:
    """Arrays of a chunk that are written again for each; a thread needs its own."""

    def __init__(self) -> None:
        import numpy as np

        self.flags = np.empty(_ROWS, dtype=bool)
        self.singles, self.doubles = np.empty(_CHUNK, dtype=np.float32), np.empty(_CHUNK)


@dataclass(frozen=True)
class NumberCut:
    """A column of numbers, all of which is counted while a piece of it lies in the cache.

    Parameters are those of `CategoryCut`.
    """

    bins: Bins
    reads: str
    dtype: pl.DataType

    def nothing(self) -> Numbers:
        """Return what no rows hold."""
        return Numbers([0] * (len(self.bins.edges) + 1))

    def count(self, numbers: "Array", room: Room) -> Numbers:
        """Return what some rows hold, which have no nulls."""
        found = self.nothing()
        for start in range(0, len(numbers), _ROWS):
            there, nans, (low, high) = _extremes(numbers[start : start + _ROWS])
            found.nans += nans
            if len(there):
                total, squares = self._deviations(there, low, high, room)
                found.add(Numbers(self._below(there, room), 0, total, squares, low.item(), high.item()))
        return found

    def below(self, numbers: "Array", room: Room) -> list[int]:
        """Return the rows below each edge, and last those with a value, of rows without nulls."""
        found = self.nothing()
        for start in range(0, len(numbers), _ROWS):
            there, *_ = _extremes(numbers[start : start + _ROWS])
            found.add(Numbers(self._below(there, room)))
        return found.below

    def cells(self, below: Sequence[int], rows: int) -> list[int]:
        """Return the rows of each cell."""
        return [*(high - low for low, high in pairwise([0, *below])), rows - below[-1]]

    @cached_property
    def _edges(self) -> "Array":
        """The edges as the column's type holds them, but for those that all its values are below."""
        edges: list[float] = list(self.bins.edges)
        if not self.dtype.is_float():
            low, high = _bounds(self.dtype)
            wholes = map(math.ceil, edges)  # a whole number is below 2.5 if it is below 3
            edges = [max(whole, low) for whole in wholes if whole <= high]
        return pl.Series(edges, dtype=self.dtype).to_numpy()

    @cached_property
    def _units(self) -> tuple[Any, Any]:
        """The centre, and how many units of `Profile` make 1, in the precision that deviations are counted in."""
        import numpy as np

        centre, spread = self.bins.centre or 0.0, self.bins.spread or 1.0
        kind = np.float32 if self.dtype in _SINGLE and 2.0**-90 < spread < 2.0**90 else np.float64
        return kind(centre), kind(math.ldexp(1.0, UNIT_BITS) / spread)

    def _below(self, numbers: "Array", room: Room) -> list[int]:
        import numpy as np

        is_below = room.flags[: len(numbers)]
        counts = []
        for edge in self._edges:
            np.less(numbers, edge, out=is_below)
            counts.append(int(np.count_nonzero(is_below)))
        return counts + [len(numbers)] * (len(self.bins.edges) + 1 - len(counts))

    def _deviations(self, numbers: "Array", low: Any, high: Any, room: Room) -> tuple[int, int]:
        """Return the sums of deviations from the centre and of their squares, in units of `Profile`, exactly."""
        import numpy as np

        centre, scale = self._units
        kind, total, squares = type(centre), 0, 0
        with np.errstate(over="ignore"):
            is_far = not -_CLIP <= (kind(low) - centre) * scale <= (kind(high) - centre) * scale <= _CLIP
            for start in range(0, len(numbers), _CHUNK):
                chunk = numbers[start : start + _CHUNK]
                rounded = (room.singles if kind is np.float32 else room.doubles)[: len(chunk)]
                np.subtract(chunk, centre, out=rounded, casting="unsafe")
                np.multiply(rounded, scale, out=rounded)
                if is_far:
                    np.clip(rounded, -_CLIP, _CLIP, out=rounded)
                np.rint(rounded, out=rounded)
                if kind is np.float32:
                    room.doubles[: len(chunk)] = rounded
                room.doubles[len(chunk) :] = 0.0
                lines = room.doubles.reshape(-1, _LINE)
                total += int(lines.sum())
                squares += int(np.vecdot(lines, lines).sum())
        return total, squares


def values_of(rows: pl.DataFrame, names: Collection[str]) -> Iterator[tuple[str, "Array"]]:
    """Yield columns by name, without their nulls."""
    if not names:
        return
    columns = rows[list(names)]
    # NOTE: one look at all columns, as asking polars about one costs more than its rows do
    is_there = columns.select(pl.all().is_not_null())
    for values, there in zip(columns.iter_columns(), is_there.iter_columns(), strict=True):
        yield values.name, (values.filter(there) if values.null_count() else values).to_numpy()


def cut(bins: Bins, reads: str, dtype: pl.DataType) -> CategoryCut | NumberCut:
    """Return how a column is counted."""
    return (NumberCut if bins.kind == "numbers" else CategoryCut)(bins, reads, dtype)


def _extremes(numbers: "Array") -> tuple["Array", int, tuple[Any, Any]]:
    """Return numbers without NaN, how many of these there were, and the smallest and the largest of the others."""
    import numpy as np

    high = np.maximum.reduce(numbers)
    if not np.isnan(high):
        return numbers, 0, (np.minimum.reduce(numbers), high)
    there = numbers[~np.isnan(numbers)]
    ends = (there.min(), there.max()) if len(there) else (None, None)
    return there, len(numbers) - len(there), ends


def _equal(value: pl.Expr, category: Category, dtype: pl.DataType) -> pl.Expr:
    never = pl.lit(value=False)
    if dtype.is_integer():
        low, high = _bounds(dtype)
        return value == pl.lit(category, dtype=dtype) if low <= int(category) <= high else never
    if isinstance(dtype, pl.Enum):
        return value == category if category in dtype.categories else never
    return value == category


def _bounds(dtype: pl.DataType) -> tuple[int, int]:
    signed, bits = isinstance(dtype, SignedIntegerType), int(str(dtype).lstrip("UInt"))
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
