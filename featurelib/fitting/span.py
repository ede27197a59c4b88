"""Span: the smallest and the largest number of a column."""

import math
from dataclasses import dataclass
from typing import Self

import polars as pl

from featurelib.fitting.state import State


@dataclass(frozen=True, slots=True)
class Span(State):
    """Smallest and largest finite number; exact under any merge. Null and ±inf are left out.

    `Moments` know them too, at ten times the cost.

    Attributes
    ----------
    smallest, largest
        ``None`` when there is no finite number. Never -0.0.
    """

    smallest: float | None = None
    largest: float | None = None

    def of(self, *columns: pl.Series) -> Self:
        (column,) = columns
        ends = _ends(column)
        if not all(map(math.isfinite, ends)):
            ends = _ends(column.filter(column.is_finite()))
        return type(self)(*(end + 0.0 for end in ends))  # -0.0 becomes 0.0: equal values must leave equal states

    def merge(self, other: Self) -> Self:
        ends = [end for end in (self.smallest, self.largest, other.smallest, other.largest) if end is not None]
        return type(self)(min(ends), max(ends)) if ends else type(self)()


def _ends(column: pl.Series) -> list[float]:
    return [float(end) for end in (column.min(), column.max()) if end is not None]  # type: ignore[arg-type]  # numbers
