"""CellTable: find where many numbers stand among sorted edges, without a binary search for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_CELLS = 2**16
_OTHERS = 4  # one for NaN, one for what is below the first edge, two from the last edge on
_AT_ONCE = 2**15  # values whose intermediate arrays stay in the cache
_FEW = 4096  # values for which a plain search is as fast
_WORTH = 0.1  # of the values: to search for so many costs as much as the keys of all
_MOST = 0.5  # of the values: where more would be searched for, all are
_PLACES = 2.0**50  # floats above have no quarters: places of cells would run together


class CellTable:
    """Number, for each of many values, the bin between sorted edges that holds it.

    A table says for each of 65,536 cells in which bin it lies; the few values in a cell that an edge cuts in two are
    searched for. Cells are of equal width, or, where edges crowd in few of those, of equal width in sign, exponent and
    first bits of the mantissa; where they crowd in both, every value is searched for. A value's cell rises with the
    value, so the bin is that of a search, to the last edge.

    Parameters
    ----------
    edges
        Finite numbers, strictly rising; may be none.
    """

    __slots__ = ("_bins", "_cells", "_edges")

    def __init__(self, edges: Sequence[float]) -> None:
        import numpy as np

        self._edges = np.asarray(edges, dtype=np.float64)
        self._cells = self._best_cells()
        if self._cells is not None:
            held = np.bincount(self._cells(self._edges), minlength=_CELLS + _OTHERS)
            self._bins = (np.cumsum(held) - held + 1).astype(self.dtype)
            self._bins[held > 0] = self._cut
            self._bins[0] = 0

    def _best_cells(self) -> "_Widths | _Keys | None":
        widths, keys = _Widths.of(self._edges), _Keys.of(self._edges)
        searched, searched_by_key = self._searched(widths), self._searched(keys)
        if searched < min(searched_by_key + _WORTH, _MOST):
            return widths
        return keys if searched_by_key < _MOST else None

    def _searched(self, cells: "_Widths | _Keys | None") -> float:
        """Return which share of the values lies in cells that are cut, if as many lie between any two edges."""
        import numpy as np

        if cells is None:
            return 1.0
        return float(np.sum(1 / np.maximum(np.diff(cells(self._edges)), 1))) / len(self._edges)

    @property
    def dtype(self) -> Any:
        """The type of the bins' numbers."""
        import numpy as np

        return np.uint8 if len(self._edges) < 255 else np.uint16 if len(self._edges) < 65_535 else np.uint32

    @property
    def _cut(self) -> int:
        """What stands in the table for a cell that is cut; if the last bin has this number too, it is searched for."""
        import numpy as np

        return int(np.iinfo(self.dtype).max)

    def bins(self, values: "Array") -> "Array":
        """Return 1 + the number of edges at or below each value, and 0 for NaN."""
        import numpy as np

        values = np.asarray(values, dtype=np.float64)
        if self._cells is None or len(values) < _FEW:
            return np.where(np.isnan(values), 0, self._search(values)).astype(self.dtype)
        bins = np.empty(len(values), dtype=self.dtype)
        with np.errstate(over="ignore", invalid="ignore"):
            for start in range(0, len(values), _AT_ONCE):
                part, made = values[start : start + _AT_ONCE], bins[start : start + _AT_ONCE]
                np.take(self._bins, self._cells(part), out=made, mode="clip")  # none is outside; clip is the fast mode
                cut = np.flatnonzero(made == self._cut)
                made[cut] = self._search(part[cut])
        return bins

    def _search(self, values: "Array") -> "Array":
        import numpy as np

        return np.searchsorted(self._edges, values, side="right") + 1


@dataclass(frozen=True, slots=True)
class _Widths:
    """Cells of equal width between the first and the last edge, by ``value * scale + shift``."""

    scale: float
    shift: float

    @classmethod
    def of(cls, edges: "Array") -> "_Widths | None":
        if len(edges) < 2:
            return None
        low, high = float(edges[0]), float(edges[-1])
        scale = (_CELLS - 1) / (high - low)
        return cls(scale, 2.5 - low * scale) if 0 < scale * max(abs(low), abs(high)) < _PLACES else None

    def __call__(self, values: "Array") -> "Array":
        import numpy as np

        place = values * self.scale
        place += self.shift
        np.clip(place, 1, _CELLS + 2, out=place)
        np.fmax(place, 0, out=place)  # NaN, which `clip` keeps
        cells: Array = place.astype(np.intp)
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

        cells: Array = np.clip(self.key(values), self.first - 1, self.last + (1 << self.shift))
        cells -= self.first
        cells >>= self.shift
        cells += 2
        cells *= ~np.isnan(values)
        return cells
