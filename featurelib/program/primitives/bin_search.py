"""BinSearch: the number of the bin that holds a number."""

import math
import os
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from threading import BoundedSemaphore

import polars as pl

from featurelib.program.cell_table import CellTable
from featurelib.program.primitive import Cells, Primitive, RowFunction

# NOTE: half of the processors search at once. Each of NumPy's short loops hands the interpreter over, and threads that
# all wait for it take a third longer than those that wait here.
_TURNS = BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))


@dataclass(frozen=True)
class BinSearch(Primitive):
    """Return 1 + the number of ``edges`` at or below x: bins are half-open, ``[edge, next edge)``.

    Null and NaN become 0, the missing slot; -inf falls in the first bin, +inf in the last. ``edges`` rise strictly;
    with no edge there is one bin. The result is ``UInt8`` up to 255 bins, else ``UInt16``.
    """

    edges: tuple[float, ...]

    op = "bin_search"
    reads_nan = True

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt8() if len(self.edges) < 255 else pl.UInt16()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        # NOTE: NumPy reads NaN as it stands, and null by a copy that takes three times as long as this one
        with_nan = pl.when(inputs[0].is_not_null()).then(inputs[0]).otherwise(math.nan)
        return with_nan.map_batches(self._whole_column, return_dtype=self.dtype, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        with _TURNS:
            return pl.Series(column.name, self._table.bins(column.to_numpy()), dtype=self.dtype)

    def row(self) -> RowFunction:
        edges = self.edges

        def bin_search(value: float | None) -> int:
            return 0 if value is None or value != value else bisect_right(edges, value) + 1  # noqa: PLR0124

        return bin_search

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        bins = self._table.bins(inputs[0].values)
        return Cells(np.where(inputs[0].valid, bins, 0), np.ones(len(bins), dtype=bool))

    @cached_property
    def _table(self) -> CellTable:
        return CellTable(self.edges)
