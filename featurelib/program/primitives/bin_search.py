"""BinSearch: the number of the bin that holds a number."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.cell_table import CellTable
from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class BinSearch(Primitive):
    """Return 1 + the number of ``edges`` at or below x: bins are half-open, ``[edge, next edge)``.

    Null becomes 0, the missing slot; -inf falls in the first bin, +inf in the last. ``edges`` rise strictly; with no
    edge there is one bin. The result is ``UInt8`` up to 255 bins, else ``UInt16``.
    """

    edges: tuple[float, ...]

    op = "bin_search"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt8() if len(self.edges) < 255 else pl.UInt16()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return inputs[0].map_batches(self._whole_column, return_dtype=self.dtype, is_elementwise=True)

    def _whole_column(self, column: pl.Series) -> pl.Series:
        bins = self._table.count(column.fill_null(0.0).to_numpy())
        bins += 1
        if column.null_count():
            bins *= column.is_not_null().to_numpy()
        return pl.Series(column.name, bins, dtype=self.dtype)

    def row(self) -> RowFunction:
        edges = self.edges

        def bin_search(value: float | None) -> int:
            return 0 if value is None else bisect_right(edges, value) + 1

        return bin_search

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        bins = self._table.count(inputs[0].values) + 1
        return Cells(np.where(inputs[0].valid, bins, 0), np.ones(len(bins), dtype=bool))

    @cached_property
    def _table(self) -> CellTable:
        return CellTable(self.edges)
