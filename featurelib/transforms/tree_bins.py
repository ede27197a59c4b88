"""TreeBins: bins that a decision tree over one column cuts."""

from dataclasses import KW_ONLY, dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, Literal

from featurelib.errors import ParameterError
from featurelib.transforms.bins_by_label import BinsByLabel, check_share, fewest_rows
from featurelib.transforms.fitted import NOT_GIVEN, Fitted
from featurelib.transforms.registry import register

if TYPE_CHECKING:
    import numpy as np


@register("tree_bins")
@dataclass(frozen=True)
class TreeBins(BinsByLabel):
    """Learn edges by splitting again and again where the label tells the two sides apart best.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    label
        The label's column, read when the program is fitted and never after: 0 or 1. A row without one is left out.
    fitted
        Which rows a row's bins are learned from: `OutOfFold`, `EarlierDays` or `FirstDays`. There is no default, as
        edges drawn around all rows are drawn around the row's own label too.
    bins
        Most bins, 2 to 65,535: leaves of the tree.
    criterion
        ``gini`` or ``entropy``: the impurity that a split is to lower most.
    min_share
        Share of the rows with a value that a bin needs at least, 0 to 0.5.

    Raises
    ------
    ParameterError
        If a parameter is out of its range, or the label is also read.
    DataRefusedError
        By the fit, if a label is neither 0 nor 1.

    Notes
    -----
    Adds ``<column>__bin``, ``UInt8`` (``UInt16`` from 256 bins), never null: 0 is missing (null or NaN), then 1, 2, ...
    upwards; a bin is half-open, ``[edge, next edge)``; -inf falls in the first bin, +inf in the last. An edge is a
    value that occurs, never ±inf. The leaf whose best split lowers the impurity of all rows most is split next; of
    equal splits the one at the lower value. There are fewer bins where no split lowers it: one, if all labels or all
    values are equal, or nothing was learned from. Each variant has bins of its own: bin 3 need not be the same range of
    values in two folds.

    Splits are tried at every distinct value, or at 4,096 of them in each partition (see `LabelsByPart`): a pass over
    these for each level of the tree and each variant.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R. and Stone, C. (1984). Classification and Regression Trees.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from featurelib.transforms import OutOfFold, fit
    >>> frame = pl.DataFrame({"x": range(8), "y": [0, 0, 1, 1, 1, 0, 0, 0], "request": range(8)})
    >>> frame = frame.with_columns(at=pl.lit(datetime(2026, 11, 1, tzinfo=UTC)))
    >>> program = fit(TreeBins("x", label="y", bins=3, fitted=OutOfFold(key="request", time="at")), frame)
    >>> later = frame.with_columns(at=pl.lit(datetime(2026, 11, 2, tzinfo=UTC)))
    >>> program.transform(later)["x__bin"].to_list()
    [1, 1, 2, 2, 2, 3, 3, 3]
    """

    column: str
    _: KW_ONLY
    label: str
    fitted: Fitted = NOT_GIVEN
    bins: int
    criterion: Literal["gini", "entropy"] = "gini"
    min_share: float = 0.01

    suffix = "bin"

    def __post_init__(self) -> None:
        self.check()
        check_share(self)
        if self.criterion not in ("gini", "entropy"):
            raise ParameterError(self, "criterion", got=self.criterion, want="'gini' or 'entropy'")

    def cut(self, rows: "np.ndarray[Any, Any]", positive: "np.ndarray[Any, Any]") -> list[int]:
        import numpy as np

        gain = _gini_gain if self.criterion == "gini" else _entropy_gain
        counts = np.stack([np.cumsum(rows), np.cumsum(positive)]).astype(np.float64)
        fewest = max(1, fewest_rows(self.min_share, int(counts[0, -1])))

        def best(start: int, end: int) -> tuple[float, int, int, int]:
            """Return the gain of the best split of a leaf, negated, and the leaf's start, split and end."""
            before = counts[:, start - 1 : start] if start else np.zeros((2, 1))
            left = counts[:, start : end - 1] - before
            right = counts[:, end - 1 : end] - before - left
            gains = np.where(np.minimum(left[0], right[0]) >= fewest, gain(left, right), 0.0)
            split = int(np.argmax(gains)) if len(gains) else 0
            return -float(gains[split]) if len(gains) else 0.0, start, start + split + 1, end

        leaves = [best(0, len(rows))]
        splits: list[int] = []
        while len(splits) + 1 < self.bins and leaves[0][0] < 0:
            _, start, split, end = heappop(leaves)
            heappush(leaves, best(start, split))
            heappush(leaves, best(split, end))
            splits.append(split)
        return sorted(splits)


def _gini_gain(left: "np.ndarray[Any, Any]", right: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return by how much a split lowers rows times Gini impurity, halved: 0 where both sides have one rate."""
    rows = left[0] + right[0]
    gained: np.ndarray[Any, Any] = left[0] * right[0] / rows * (left[1] / left[0] - right[1] / right[0]) ** 2
    return gained


def _entropy_gain(left: "np.ndarray[Any, Any]", right: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    """Return by how much a split lowers rows times entropy, in nats: 0 where both sides have one rate."""
    import numpy as np

    rate = (left[1] + right[1]) / (left[0] + right[0])
    differ = left[1] / left[0] != right[1] / right[0]
    gained = np.zeros(left.shape[1])
    for side in (left, right):
        for count, share in ((side[1], rate), (side[0] - side[1], 1 - rate)):
            there = differ & (count > 0)
            ratio = np.divide(count, side[0] * share, where=there, out=np.ones(len(gained)))
            gained += count * np.log(ratio)
    return gained
