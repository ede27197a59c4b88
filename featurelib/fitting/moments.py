"""Moments: count, sum, sum of squares, smallest and largest, all exact."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from featurelib.fitting.state import State

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_CHUNK = 2**14  # rows; more could make a partial sum too long for a float
_UNIT = 1126  # sums are integers in units of 2^-1126, below the last bit of the smallest float
_SPLIT = 2.0**27 + 1.0  # a 53-bit mantissa falls into two halves, whose products are floats
# sizes from, to, and the power of two to multiply by: so that squares and their last bits stay within the floats
_MAGNITUDES = ((0.0, 2.0**-400, 600), (2.0**-400, 2.0**400, 0), (2.0**400, math.inf, -600))


@dataclass(frozen=True, slots=True)
class Moments(State):
    """Sums of a number column, as integers: the same whatever the split, the order or the engine.

    Streaming means change their last digit from run to run; a fit must not. So each float is taken apart into pieces
    whose sums need no rounding, these are added up as integers, and nothing is rounded before `mean` and `std`.

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
        total = squares = count = 0
        smallest, largest = math.inf, -math.inf
        for start in range(0, len(values), _CHUNK):
            chunk = values[start : start + _CHUNK]
            finite = np.isfinite(chunk)
            chunk = chunk if finite.all() else chunk[finite]
            if len(chunk):
                more, more_squares = _exact_sums(chunk)
                total, squares, count = total + more, squares + more_squares, count + len(chunk)
                smallest, largest = min(smallest, float(chunk.min())), max(largest, float(chunk.max()))
        return type(self)(
            rows=len(column),
            missing=column.null_count(),
            infinite=len(values) - count,
            total=total,
            squares=squares,
            smallest=smallest + 0.0 if count else None,  # -0.0 becomes 0.0: equal values must leave equal states
            largest=largest + 0.0 if count else None,
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


def _exact_sums(values: "Array") -> tuple[int, int]:
    """Return Σx and Σx² of at most 2^14 finite floats, as integers in the units of `Moments`."""
    import numpy as np

    total = squares = 0
    sizes = np.abs(values)
    not_zero = np.count_nonzero(sizes)
    for low, high, scale in _MAGNITUDES:
        these = (sizes > low) & (sizes <= high)
        if count := np.count_nonzero(these):
            scaled = np.ldexp(values if count == not_zero else values[these], scale)
            more, more_squares = _scaled_sums(scaled)
            total, squares = total + _shifted(more, -scale), squares + _shifted(more_squares, -2 * scale)
    return total >> _UNIT, squares


def _scaled_sums(values: "Array") -> tuple[int, int]:
    """Return Σx and Σx² in units of 2^-2252, of floats whose squares and their rounding errors are floats.

    Overwrites them.
    """
    squares = values * values
    upper = values * _SPLIT
    upper -= upper - values
    lower = values - upper
    errors = upper * upper - squares  # NOTE: Dekker 1971: x² is exactly its rounded value and this error
    errors += upper * lower * 2.0
    errors += lower * lower
    return _exact_sum(values), _exact_sum(squares) + _exact_sum(errors)


def _exact_sum(rest: "Array") -> int:
    """Return the sum of at most 2^14 floats, in units of 2^-2252; overwrites them.

    From each float the part above a common bit is split off by adding and subtracting one large power of two: so few
    bits are left that their sum is a float without rounding. What remains is smaller by 2^38, and treated likewise
    (Rump, Ogita and Oishi 2008, accurate floating-point summation).
    """
    total = 0
    place = math.frexp(float(max(rest.max(), -rest.min())))[1] + 15
    while rest.any():
        large = math.ldexp(1.0, place)
        parts = rest + large
        parts -= large
        rest -= parts
        above, below = float(parts.sum()).as_integer_ratio()
        total += above << (2 * _UNIT + 1 - below.bit_length())
        place -= 38
    return total


def _shifted(number: int, bits: int) -> int:
    return number << bits if bits >= 0 else number >> -bits
