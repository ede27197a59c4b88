"""BoostedTrees: grow small trees one after the other, each on what those before it left unexplained."""

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

from featurelib.program.primitives.tree_leaves import LOWEST, TreeLeaves
from featurelib.transforms.bins_by_label import cells

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_BINS = 255
_UNIT = 2**16  # gradients are whole multiples of 1/65,536: their sums are exact in any order
_LEAST_GAIN = 1e-9  # of what the two sides explain; below, it is the rounding of equal numbers


@dataclass(frozen=True, slots=True)
class Boosting:
    """How trees are grown.

    Parameters
    ----------
    trees, leaves
        How many, at most, and the leaves of each, at most.
    learning_rate
        Share of what a tree explains that is added to the score.
    min_rows
        Rows of each leaf, at least.

    Notes
    -----
    Newton steps of the logistic loss, with an L2 penalty of 1 for the score of a leaf. Numbers are cut into at most 255
    bins of about equal rows. Of all leaves, the one whose best split gains most is split next; of equal gains, that of
    the first leaf, the first column, null on the lower side, and the lowest threshold. Sums are exact, so the trees do
    not depend on the order of the rows or on the machine, as far as its ``exp`` agrees to 16 bits.

    References
    ----------
    Friedman, J. (2001). Greedy function approximation: a gradient boosting machine. Chen, T. and Guestrin, C. (2016).
    XGBoost: a scalable tree boosting system (the gain, and the side of missing values).
    """

    trees: int
    leaves: int
    learning_rate: float
    min_rows: int

    def grow(self, values: "Array", labels: "Array") -> TreeLeaves:
        """Return the trees. Leaf l of tree t, from left to right and both from 0 on, is ``1 + t * leaves + l``.

        Parameters
        ----------
        values
            Numbers by row and column; NaN is missing.
        labels
            0 or 1. With one class alone there is no tree.
        """
        import numpy as np

        forest = _Forest(self.leaves)
        rate = labels.sum() / max(len(labels), 1)
        if 0 < rate < 1:
            columns = [_Column.of(column) for column in values.T]
            score = np.full(len(labels), np.log(rate / (1 - rate)))
            for _ in range(self.trees):
                chance = 1 / (1 + np.exp(-score))
                slope, curve = np.rint((labels - chance) * _UNIT), np.rint(chance * (1 - chance) * _UNIT)
                tree = self._tree(columns, slope, curve)
                if tree.sides is None:
                    break
                for leaf in forest.add(tree):
                    score[leaf.rows] += self.learning_rate * leaf.score
        return TreeLeaves(
            tuple(feature + above * values.shape[1] for feature, above in forest.features),
            *(tuple(forest.thresholds), tuple(forest.lower), tuple(forest.upper), tuple(forest.roots)),
            width=values.shape[1],
            size=self.trees,
        )

    def _tree(self, columns: "list[_Column]", slope: "Array", curve: "Array") -> "_Part":
        import numpy as np

        width = max(len(column.edges) for column in columns) + 2

        def counted(rows: "Array") -> "Array":
            """Return rows, slope and curve by column and bin."""
            counts = np.empty((3, len(columns), width))
            weights = None, slope[rows], curve[rows]
            for number, column in enumerate(columns):
                codes = column.codes[rows].astype(np.intp)
                for into, weight in zip(counts, weights, strict=True):
                    into[number] = np.bincount(codes, weight, minlength=width)
            return counts

        every = np.arange(len(slope))
        root = _Part.of(every, counted(every), self.min_rows)
        heap = [(-root.gain, 0, root)]
        for made in range(1, self.leaves):
            if not heap[0][0]:
                break
            _, _, part = heappop(heap)
            column = columns[part.feature]
            codes = column.codes[part.rows]
            below = (codes <= part.cut) & (codes > 0) if part.above else codes <= part.cut
            rows = part.rows[below], part.rows[~below]
            fewer = int(len(rows[1]) < len(rows[0]))  # the others are what is left
            counts = counted(rows[fewer])
            of_sides = (part.counts - counts, counts) if fewer else (counts, part.counts - counts)
            lower, upper = (_Part.of(*side, self.min_rows) for side in zip(rows, of_sides, strict=True))
            part.threshold = float(column.edges[part.cut - 1]) if part.cut else LOWEST
            part.sides = lower, upper
            heappush(heap, (-lower.gain, 2 * made, lower))
            heappush(heap, (-upper.gain, 2 * made + 1, upper))
        return root


@dataclass(frozen=True, slots=True)
class _Column:
    """A column in bins: 0 is missing, bin 1 lies below the first edge."""

    edges: "Array"
    codes: "Array"

    @classmethod
    def of(cls, values: "Array") -> "_Column":
        import numpy as np

        there = ~np.isnan(values)
        distinct, rows = np.unique(np.maximum(values[there], LOWEST), return_counts=True)
        edges = distinct[cells(rows, _BINS)][1:] if len(distinct) else distinct
        edges = edges[np.isfinite(edges)]
        codes = np.where(there, 1 + np.searchsorted(edges, values, side="right"), 0)
        return cls(edges, codes.astype(np.uint16))


@dataclass(slots=True, eq=False)
class _Part:
    """Rows that ended together, and their best split: below ``cut`` of a column, or above it with what is missing."""

    rows: "Array"
    counts: "Array"
    score: float
    gain: float
    feature: int
    above: bool
    cut: int
    threshold: float = 0.0
    sides: "tuple[_Part, _Part] | None" = None

    @classmethod
    def of(cls, rows: "Array", counts: "Array", min_rows: int) -> "_Part":
        import numpy as np

        total = counts[:, 0].sum(axis=1)
        below = np.cumsum(counts, axis=2)[:, :, :-1]
        lower = np.stack([below, below - counts[:, :, :1]], axis=2)
        upper = total[:, None, None, None] - lower
        explained = sum(side[1] ** 2 / (side[2] + _UNIT) for side in (lower, upper))
        gained = explained - total[1] ** 2 / (total[2] + _UNIT)
        allowed = np.minimum(lower[0], upper[0]) >= min_rows
        gains = np.where(allowed & (gained > _LEAST_GAIN * explained), gained, 0.0)
        best = int(np.argmax(gains))
        feature, above, cut = (int(place) for place in np.unravel_index(best, gains.shape))
        score = float(total[1] / (total[2] + _UNIT))
        return cls(rows, counts, score, float(gains.flat[best]), feature, bool(above), cut)


class _Forest:
    """Trees as `TreeLeaves` holds them."""

    def __init__(self, leaves: int) -> None:
        self.leaves = leaves
        self.features: list[tuple[int, bool]] = []
        self.thresholds: list[float] = []
        self.lower: list[int] = []
        self.upper: list[int] = []
        self.roots: list[int] = []

    def add(self, tree: _Part) -> list[_Part]:
        """Add a tree, and return its leaves from left to right."""
        leaves: list[_Part] = []
        first = 1 + len(self.roots) * self.leaves

        def place(part: _Part) -> int:
            if part.sides is None:
                leaves.append(part)
                return ~(first + len(leaves) - 1)
            number = len(self.features)
            self.features.append((part.feature, part.above))
            self.thresholds.append(part.threshold)
            self.lower.append(0)
            self.upper.append(0)
            lower, upper = part.sides
            self.lower[number], self.upper[number] = place(lower), place(upper)
            return number

        self.roots.append(place(tree))
        return leaves
