"""TreeLeaves: in which leaf of each of many trees a row ends."""

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.primitive import Cells, Primitive, RowFunction

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_AT_ONCE = 2**16  # rows times trees whose intermediate arrays stay in the cache
LOWEST = -sys.float_info.max


@dataclass(frozen=True)
class TreeLeaves(Primitive):
    """Return the numbers of the leaves in which a row ends: a list of ``size``, one for each tree, then zeros.

    It takes ``width`` numbers and, last, a variant: for variant 0 all are 0. Node n of the trees compares the number
    ``features[n] mod width`` with ``thresholds[n]``, a finite one: a smaller one goes to ``lower[n]``, another to
    ``upper[n]``. Null is smaller if ``features[n] < width``, else larger; -inf is the lowest finite number. Where they
    lead, and where a tree begins in ``roots``: to that node from 0 on, or, below 0, to the leaf with number ``~next``.
    The result is ``List(UInt32)``, never null.
    """

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    lower: tuple[int, ...]
    upper: tuple[int, ...]
    roots: tuple[int, ...]
    width: int
    size: int

    op = "tree_leaves"
    gives = "numbers"

    @property
    def dtype(self) -> pl.DataType:
        return pl.List(pl.UInt32())

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return pl.map_batches(inputs, self._whole_columns, return_dtype=self.dtype, is_elementwise=True)

    def _whole_columns(self, columns: Sequence[pl.Series]) -> pl.Series:
        *numbers, variant = columns
        found = self._leaves([column.fill_null(math.nan).to_numpy() for column in numbers], variant.to_numpy())
        return pl.Series(columns[0].name, found.ravel()).reshape(found.shape).arr.to_list()

    def _leaves(self, numbers: "Sequence[Array]", variants: "Array") -> "Array":
        """Return the leaves by row and tree; a number that is missing is NaN."""
        import numpy as np

        found = np.zeros((len(variants), self.size), dtype=np.uint32)
        if not self.roots:
            return found
        (there,) = np.nonzero(variants)
        step = max(1, _AT_ONCE // len(self.roots))
        for start in range(0, len(there), step):
            rows = there[start : start + step]
            cells = np.stack([column[rows] for column in numbers], axis=1)
            missing = np.isnan(cells)
            either = np.hstack([np.where(missing, side, np.maximum(cells, LOWEST)) for side in (-np.inf, np.inf)])
            found[rows, : len(self.roots)] = self._walk(either)
        return found

    def _walk(self, cells: "Array") -> "Array":
        import numpy as np

        features, thresholds, children, roots = self._arrays
        flat, width = cells.ravel(), cells.shape[1]
        found = np.empty(len(cells) * len(roots), dtype=np.uint32)
        node = np.tile(roots, len(cells))
        place = np.arange(len(found), dtype=np.int32)
        first = np.repeat(np.arange(len(cells), dtype=np.int32) * width, len(roots))
        while len(node):
            node = children[2 * node + (flat[first + features[node]] >= thresholds[node])]
            ended = node < 0
            found[place[ended]] = ~node[ended]
            node, place, first = node[~ended], place[~ended], first[~ended]
        return found.reshape(len(cells), len(roots))

    @cached_property
    def _arrays(self) -> "tuple[Array, Array, Array, Array]":
        import numpy as np

        children = np.stack([self.lower, self.upper], axis=1).ravel().astype(np.int32)
        features, roots = (np.asarray(listed, dtype=np.int32) for listed in (self.features, self.roots))
        return features, np.asarray(self.thresholds, dtype=np.float64), children, roots

    def row(self) -> RowFunction:
        roots, width, rest = self.roots, self.width, [0] * (self.size - len(self.roots))
        nodes = list(zip(self.features, self.thresholds, self.lower, self.upper, strict=True))
        low, high = -math.inf, math.inf

        def tree_leaves(*values: float | None) -> list[int]:
            if not values[width]:
                return [0] * len(roots) + rest
            cells = [low if value is None else max(value, LOWEST) for value in values[:width]]
            cells += [high if value is None else max(value, LOWEST) for value in values[:width]]
            leaves = []
            for root in roots:
                node = root
                while node >= 0:
                    feature, threshold, lower, upper = nodes[node]
                    node = upper if cells[feature] >= threshold else lower
                leaves.append(~node)
            return leaves + rest

        return tree_leaves

    def array(self, *inputs: Cells) -> Cells:
        import numpy as np

        *numbers, variant = inputs
        columns = [np.where(column.valid, column.values, np.nan) for column in numbers]
        return Cells.of(self._leaves(columns, variant.values).tolist())

    def tables(self) -> dict[str, pl.Series]:
        whole = {name: pl.Series(name, getattr(self, name), dtype=pl.Int32) for name in ("lower", "upper", "roots")}
        return {
            "features": pl.Series("features", self.features, dtype=pl.UInt32),
            "thresholds": pl.Series("thresholds", self.thresholds, dtype=pl.Float64),
            **whole,
        }
