"""CellTable: find where many numbers stand among sorted edges, without a binary search for each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_CELLS = 2**14
_AT_ONCE = 2**14  # values whose intermediate arrays stay in the cache
_FEW = 4096  # values for which a plain search is as fast


class CellTable:
    """Count, for each of many values, the edges at or below it.

    A table says for each of 16,384 cells how many edges lie in the cells before it; a value is then compared with the
    edges of its own cell alone, mostly one. Cells are of equal width, or, where edges crowd in few of those, of equal
    width in sign, exponent and first bits of the mantissa. Where they crowd in both, it searches. A value's cell rises
    with the value, so the count is that of a search, to the last edge.

    Parameters
    ----------
    edges
        Finite numbers, strictly rising; may be none.
    """

    __slots__ = ("_before", "_cell", "_edges", "_most", "_padded")

    def __init__(self, edges: Sequence[float]) -> None:
        import numpy as np

        self._edges = np.asarray(edges, dtype=np.float64)
        self._most = 0
        for most, cells in ((2, _Widths), (4, _Keys)):
            cell = cells.of(self._edges)
            if cell is None:
                continue
            held = np.bincount(cell(self._edges), minlength=_CELLS)
            if held.max() <= most:
                self._cell, self._most = cell, int(held.max())
                self._before = (np.cumsum(held) - held).astype(self.dtype)
                self._padded = np.concatenate([self._edges, np.full(self._most, np.nan)])  # nothing is above NaN
                return

    @property
    def dtype(self) -> Any:
        """The type of the counts; with one more, a count still fits."""
        import numpy as np

        return np.uint8 if len(self._edges) < 255 else np.uint16 if len(self._edges) < 65_535 else np.uint32

    def count(self, values: "Array") -> "Array":
        """Return the number of edges at or below each value; a NaN may get any number."""
        import numpy as np

        if not self._most or len(values) < _FEW:
            return np.searchsorted(self._edges, values, side="right").astype(self.dtype)
        counts = np.empty(len(values), dtype=self.dtype)
        with np.errstate(over="ignore"):
            for start in range(0, len(values), _AT_ONCE):
                part = values[start : start + _AT_ONCE]
                found = self._before[self._cell(part)]
                for _ in range(self._most):
                    found += self._padded[found] <= part
                counts[start : start + _AT_ONCE] = found
        return counts


@dataclass(frozen=True, slots=True)
class _Widths:
    """Cells of equal width between the first and the last edge."""

    low: float
    scale: float

    @classmethod
    def of(cls, edges: "Array") -> "_Widths | None":
        if len(edges) < 2:
            return None
        low, width = float(edges[0]), float(edges[-1]) - float(edges[0])
        scale = (_CELLS - 1) / width
        return cls(low, scale) if 0 < scale < math.inf else None

    def __call__(self, values: "Array") -> "Array":
        import numpy as np

        place = values - self.low
        place *= self.scale
        np.fmax(place, 0, out=place)  # NOTE: not `maximum`: what stands for null may be NaN
        np.minimum(place, _CELLS - 1, out=place)
        cells: Array = place.astype(np.int32)
        return cells


@dataclass(frozen=True, slots=True)
class _Keys:
    """Cells of equal width in a key that rises with the value: its bits; all that is nearer to 0 than any edge is 0."""

    nearest: int
    first: int = 0
    last: int = 0
    shift: int = 0

    @classmethod
    def of(cls, edges: "Array") -> "_Keys | None":
        import numpy as np

        if not np.any(edges):
            return None
        nearest = int(np.min(np.abs(edges[edges != 0])).view(np.int64) >> 1) - 1
        first, last = (int(end) for end in cls(nearest).key(edges[[0, -1]]))
        return cls(nearest, first, last, max(0, (last - first).bit_length() - (_CELLS.bit_length() - 1)))

    def key(self, values: "Array") -> "Array":
        import numpy as np

        bits = np.abs(values).view(np.int64) >> 1  # NOTE: the distance of two of them must fit 64 bits
        bits -= self.nearest
        np.maximum(bits, 0, out=bits)
        return np.where(values < 0, -bits, bits)

    def __call__(self, values: "Array") -> "Array":
        import numpy as np

        cells: Array = np.clip(self.key(values), self.first, self.last)
        cells -= self.first
        cells >>= self.shift
        return cells
