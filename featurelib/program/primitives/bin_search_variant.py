"""BinSearchVariant: the number of the bin that holds a number, among the edges of one of several variants."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class BinSearchVariant(Primitive):
    """Return 1 + the number of the variant's edges at or below x, as `BinSearch` does with one list of edges.

    Null becomes 0. ``edges`` are those of all variants, one after another, of which variant v has ``sizes[v]``; each
    variant's rise strictly. The variant is the result of an earlier chain. The result is ``UInt8`` up to 255 bins, else
    ``UInt16``.
    """

    edges: tuple[float, ...]
    sizes: tuple[int, ...]

    op = "bin_search_variant"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt8() if max(self.sizes) < 255 else pl.UInt16()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.map_batches(inputs, self._whole_columns, return_dtype=self.dtype, is_elementwise=True)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        value, variant = columns
        bins = self._search(value.fill_null(0.0).to_numpy(), variant.to_numpy())
        there = pl.Series(value.name, bins).cast(self.dtype)
        return there.zip_with(value.is_not_null(), pl.Series([0], dtype=self.dtype)) if value.null_count() else there

    def _search(self, values: "np.ndarray[Any, Any]", variants: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        import numpy as np

        bins = np.empty(len(values), dtype=np.int64)
        for number in np.unique(variants).astype(np.int64).tolist():
            of_variant = variants == number
            bins[of_variant] = np.searchsorted(self._arrays[number], values[of_variant], side="right") + 1
        return bins

    def row(self) -> RowFunction:
        edges = self._edges

        def bin_search_variant(value: float | None, variant: float) -> int:
            return 0 if value is None else bisect_right(edges[int(variant)], value) + 1

        return bin_search_variant

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        value, variant = inputs
        bins = self._search(value.values, variant.values)
        return Cells(np.where(value.valid, bins, 0), np.ones(len(bins), dtype=bool))

    @cached_property
    def _edges(self) -> tuple[tuple[float, ...], ...]:
        return tuple(self.edges[start:end] for start, end in pairwise(accumulate(self.sizes, initial=0)))

    @cached_property
    def _arrays(self) -> "list[np.ndarray[Any, Any]]":
        import numpy as np

        return [np.asarray(edges, dtype=np.float64) for edges in self._edges]
