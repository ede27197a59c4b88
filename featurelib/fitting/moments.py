"""Moments: count, sum, sum of squares, smallest and largest, all exact."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from featurelib.fitting.state import State

if TYPE_CHECKING:
    import numpy as np

_CHUNK = 2**20  # rows; keeps every partial sum below 2^53, where floats still count exactly
_HALF = 27  # bits; a 53-bit mantissa falls into two halves
_UNIT = 1126  # sums are integers in units of 2^-1126, below the last bit of the smallest float


@dataclass(frozen=True, slots=True)
class Moments(State):
    """Sums of a number column, as integers: the same whatever the split, the order or the engine.

    Streaming means change their last digit from run to run; a fit must not. So each float is taken apart into mantissa
    and exponent, mantissas are summed as integers by exponent, and nothing is ever rounded before `mean` and `std`.

    Attributes
    ----------
    rows, missing, infinite
        Rows seen; of them null; of them ±inf (left out of the sums).
    total, squares
        Σx and Σx² of the finite values, in units of 2^-1126 and 2^-2252.
    smallest, largest
        Of the finite values; ``None`` when there is none.
    """

    rows: int = 0
    missing: int = 0
    infinite: int = 0
    total: int = 0
    squares: int = 0
    smallest: float | None = None
    largest: float | None = None

    def of(self, *columns: pl.Series) -> Self:
        import numpy as np

        (column,) = columns
        values = column.drop_nulls().to_numpy()
        finite = values[np.isfinite(values)] + 0.0  # -0.0 becomes 0.0: equal values must leave equal states
        total = squares = 0
        for start in range(0, len(finite), _CHUNK):
            more, more_squares = _exact_sums(finite[start : start + _CHUNK])
            total, squares = total + more, squares + more_squares
        return type(self)(
            rows=len(column),
            missing=column.null_count(),
            infinite=len(values) - len(finite),
            total=total,
            squares=squares,
            smallest=float(finite.min()) if len(finite) else None,
            largest=float(finite.max()) if len(finite) else None,
        )

    def merge(self, other: Self) -> Self:
        smallest = [value for value in (self.smallest, other.smallest) if value is not None]
        largest = [value for value in (self.largest, other.largest) if value is not None]
        return type(self)(
            rows=self.rows + other.rows,
            missing=self.missing + other.missing,
            infinite=self.infinite + other.infinite,
            total=self.total + other.total,
            squares=self.squares + other.squares,
            smallest=min(smallest, default=None),
            largest=max(largest, default=None),
        )

    @property
    def count(self) -> int:
        """Finite values."""
        return self.rows - self.missing - self.infinite

    @property
    def mean(self) -> float | None:
        """The mean, correctly rounded; ``None`` without finite values."""
        return float(Fraction(self.total, self.count << _UNIT)) if self.count else None

    @property
    def std(self) -> float | None:
        """The population standard deviation (divided by n), within one last bit; ``None`` without finite values."""
        if not self.count:
            return None
        spread = self.count * self.squares - self.total * self.total  # n² · variance, in units of 2^-2252
        root = math.isqrt(spread << 128)  # 64 more bits than the integer square root has by itself
        return float(Fraction(root, self.count << (_UNIT + 64)))


def _exact_sums(values: "np.ndarray[Any, Any]") -> tuple[int, int]:
    """Return Σx and Σx² of finite floats, as integers in the units of `Moments`."""
    import numpy as np

    fraction, exponent = np.frexp(values)
    mantissa = np.ldexp(fraction, 53).astype(np.int64)
    place = exponent.astype(np.int64) + _UNIT - 53  # x = mantissa · 2^place units; never negative
    low = 2**_HALF - 1

    def by_place(parts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        upper = np.bincount(place, weights=parts >> _HALF)
        lower = np.bincount(place, weights=parts & low)
        return np.array(
            [(int(high) << _HALF) + int(rest) for high, rest in zip(upper, lower, strict=True)], dtype=object
        )

    magnitude = np.abs(mantissa)
    high, rest = magnitude >> _HALF, magnitude & low
    sums = by_place(mantissa)
    square_sums = (
        (by_place(high * high) << (2 * _HALF)) + (by_place(high * rest) << (_HALF + 1)) + by_place(rest * rest)
    )
    total = sum(int(part) << shift for shift, part in enumerate(sums) if part)
    squares = sum(int(part) << (2 * shift) for shift, part in enumerate(square_sums) if part)
    return total, squares
