"""WithinList: a number by how it stands among those of its list."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_LIMB = 2.0**31
_TINY = 1e-300
Listed = Sequence[float | None]


@dataclass(frozen=True)
class WithinList(Primitive):
    """Compare a number with those of the rows whose second column holds the same text, such as one request's.

    ``how`` is ``z`` (minus their mean, divided by their standard deviation), ``minmax`` (the smallest becomes 0, the
    largest 1) or ``rank`` (the share of them below it, and half the share equal to it). A row without a text is a list
    of its own. Null stays null, and is not compared with. ±inf is left out of ``z``, where it stays, and of ``minmax``,
    where it becomes 0 or 1; in ``rank`` it is a value. Without two different numbers, ``z`` and ``minmax`` are 0 and
    ``rank`` is 0.5, as for a row alone.

    It reads other rows: a frame or a micro-batch holds whole lists, in any order. So that the order does not matter,
    ``z`` adds up integers: its numbers in units of 2^-62 of the largest.
    """

    how: str

    op = "within_list"
    takes = ("number", "text")
    is_elementwise = False

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.map_batches(list(inputs), self._whole_columns, return_dtype=pl.Float64)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        import numpy as np

        name, values = columns[0].name, columns[0].to_numpy()  # NaN for null
        if not len(values):
            return pl.Series(name, [], dtype=pl.Float64)
        codes = _codes(columns[1])
        order = np.lexsort((values, codes)) if self.how == "rank" else np.argsort(codes, kind="stable")
        ordered = codes[order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        made = np.empty(len(values))
        with np.errstate(all="ignore"):  # what is computed of infinite and missing numbers is replaced
            made[order] = _WHOLE[self.how](values[order], starts)
        return pl.Series(name, made, nan_to_null=True)

    def row(self) -> RowFunction:
        compare = _LISTED[self.how]

        def within_list(value: float | None, _text: str | None) -> float | None:
            return compare([value])[0]

        return within_list

    def array(self, *inputs: Cells) -> Cells:
        values, texts = (column.to_list() for column in inputs)
        lists: dict[object, list[int]] = {}
        for row, text in enumerate(texts):
            lists.setdefault((row,) if text is None else text, []).append(row)
        made: list[float | None] = [None] * len(values)
        for rows in lists.values():
            for row, number in zip(rows, _LISTED[self.how]([values[row] for row in rows]), strict=True):
                made[row] = number
        return Cells.of(made)


# --- of one list


def _z(listed: Listed) -> Listed:
    finite = [value for value in listed if value is not None and math.isfinite(value)]
    if len({*finite}) < 2:
        return [0.0 if value is not None and math.isfinite(value) else value for value in listed]
    _, place = math.frexp(max(map(abs, finite)))
    scaled = [math.ldexp(value, -place) for value in finite]
    mean = _mean(scaled)
    _, rest = math.frexp(max(abs(value - mean) for value in scaled))
    distances = [math.ldexp(value - mean, -rest) for value in scaled]
    scale = 1.0 / math.sqrt(_mean([distance * distance for distance in distances]))

    def standardized(value: float | None) -> float | None:
        if value is None or not math.isfinite(value):
            return value
        return math.ldexp(math.ldexp(value, -place) - mean, -rest) * scale

    return [standardized(value) for value in listed]


def _mean(values: Sequence[float]) -> float:
    """Return the mean of numbers between -1 and 1, each cut to a multiple of 2^-62."""
    upper = [math.floor(value * _LIMB) for value in values]
    lower = [math.floor((value * _LIMB - limb) * _LIMB) for value, limb in zip(values, upper, strict=True)]
    return (sum(upper) + sum(lower) / _LIMB) / len(values) / _LIMB


def _minmax(listed: Listed) -> Listed:
    finite = [value * 0.5 + 0.0 for value in listed if value is not None and math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)  # of halves: no distance of them overflows
    scale = 1.0 / (high - low) if high - low > _TINY else 0.0

    def placed(value: float | None) -> float | None:
        if value is None:
            return None
        if math.isinf(value):
            return 1.0 if value > 0 else 0.0
        return min((value * 0.5 + 0.0 - low) * scale, 1.0)

    return [placed(value) for value in listed]


def _rank(listed: Listed) -> Listed:
    there = sorted(value for value in listed if value is not None)
    shares: dict[float, float] = {}
    start = 0
    for end, value in enumerate(there, start=1):
        if end == len(there) or there[end] != value:
            shares[value] = (start + end) / 2 / len(there)
            start = end
    return [None if value is None else shares[value] for value in listed]


_LISTED: dict[str, Callable[[Listed], Listed]] = {"z": _z, "minmax": _minmax, "rank": _rank}


# --- of all lists at once: rows list by list, the first of each at `starts`


def _codes(texts: pl.Series) -> "Array":
    """Return one number for each distinct text, and one of its own for each null."""
    import numpy as np

    # NOTE: categories of its own: they end with the column
    known = texts.cast(pl.Categorical(pl.Categories.random())).to_physical().cast(pl.Int64)
    return np.where(texts.is_null().to_numpy(), -1 - np.arange(len(texts)), known.fill_null(0).to_numpy())


def _members(starts: "Array", rows: int) -> "Array":
    import numpy as np

    return np.repeat(np.arange(len(starts)), np.diff(starts, append=rows))


def _z_whole(values: "Array", starts: "Array") -> "Array":
    import numpy as np

    member, finite = _members(starts, len(values)), np.isfinite(values)
    numbers = np.where(finite, values, 0.0)
    rows = np.add.reduceat(finite.astype(np.int64), starts)
    low = np.minimum.reduceat(np.where(finite, values, np.inf), starts)
    high = np.maximum.reduceat(np.where(finite, values, -np.inf), starts)

    def means(parts: "Array") -> "Array":
        upper = np.floor(parts * _LIMB)
        lower = np.floor((parts * _LIMB - upper) * _LIMB)
        sums = [np.add.reduceat(limbs.astype(np.int64), starts) for limbs in (upper, lower)]
        return (sums[0] + sums[1] / _LIMB) / rows / _LIMB

    def scaled(parts: "Array") -> "Array":
        _, place = np.frexp(np.maximum.reduceat(np.abs(parts), starts))
        return np.ldexp(parts, -place[member])

    parts = scaled(numbers)
    distances = scaled(np.where(finite, parts - means(parts)[member], 0.0))
    scales = 1.0 / np.sqrt(means(distances * distances))
    made = np.where((low < high)[member], distances * scales[member], 0.0)
    return np.where(finite, made, values)


def _minmax_whole(values: "Array", starts: "Array") -> "Array":
    import numpy as np

    member, finite = _members(starts, len(values)), np.isfinite(values)
    halves = values * 0.5 + 0.0
    low = np.minimum.reduceat(np.where(finite, halves, np.inf), starts)
    width = np.maximum.reduceat(np.where(finite, halves, -np.inf), starts) - low
    scales = np.where(width > _TINY, 1.0 / width, 0.0)
    made = np.minimum((halves - low[member]) * scales[member], 1.0)
    return np.where(np.isinf(values), np.where(values > 0, 1.0, 0.0), made)


def _rank_whole(values: "Array", starts: "Array") -> "Array":
    import numpy as np

    member, there = _members(starts, len(values)), ~np.isnan(values)
    rows = np.add.reduceat(there.astype(np.int64), starts)
    new = np.concatenate([[True], values[1:] != values[:-1]])
    new[starts] = True
    ties = np.flatnonzero(new)
    after = np.append(ties[1:], len(values))
    tie = np.cumsum(new) - 1
    shares = (ties + after - 2 * starts[member[ties]]) / 2 / rows[member[ties]]
    return np.where(there, shares[tie], np.nan)


_WHOLE: dict[str, "Callable[[Array, Array], Array]"] = {"z": _z_whole, "minmax": _minmax_whole, "rank": _rank_whole}
