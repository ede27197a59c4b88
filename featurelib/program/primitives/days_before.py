"""DaysBefore: how many of some days have ended."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.primitive import Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class DaysBefore(Primitive):
    """Return how many of ``ends`` lie at or before the time; null counts them all.

    ``ends`` rise; they are in microseconds since 1970. The result is ``UInt32``, never null.
    """

    ends: tuple[int, ...]

    op = "days_before"
    takes = "time"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt32()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=self.dtype, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        import numpy as np

        times = column.fill_null(np.iinfo(np.int64).max).to_numpy()
        return pl.Series(column.name, np.searchsorted(self._ends_array, times, side="right"), dtype=pl.UInt32)

    def row(self) -> RowFunction:
        ends, every = self.ends, len(self.ends)

        def days_before(time: int | None) -> int:
            return every if time is None else bisect_right(ends, time)

        return days_before

    @cached_property
    def _ends_array(self) -> "np.ndarray[Any, Any]":
        import numpy as np

        return np.asarray(self.ends, dtype=np.int64)
