"""MonotonicWoe: the weight of evidence of a number's bin, in the best bins whose rate only rises or only falls."""

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.chain import Chain
from featurelib.program.primitives import Gather, ToFloat32, VariantPlace
from featurelib.transforms.bins_by_label import BinsByLabel, cells, check_share, fewest_rows
from featurelib.transforms.fitted import NOT_GIVEN, Fitted
from featurelib.transforms.registry import register
from featurelib.transforms.weight_of_evidence import shares, weights

if TYPE_CHECKING:
    import numpy as np

_PREBINS = 64


@register("monotonic_woe")
@dataclass(frozen=True)
class MonotonicWoe(BinsByLabel):
    """Learn the bins with the highest information value whose rate of the label rises, or falls, from bin to bin.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    label
        The label's column, read when the program is fitted and never after: 0 or 1. A row without one is left out.
    fitted
        Which rows a row's weight is learned from: `OutOfFold`, `EarlierDays` or `FirstDays`. There is no default, as
        the weight over all rows holds the row's own label.
    bins
        Most bins, 2 to 65,535.
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
    Adds ``<column>__woe``, ``Float32``, never null: ``ln(P(bin | 1) / P(bin | 0))``, where 0.5 stands for an empty
    cell. It rises strictly with the value, or falls; null and NaN have a weight of their own, 0 if there was none to
    learn from. One bin, of weight 0 if nothing is missing, is what is left where all labels or all values are equal, or
    nothing was learned from. A bin is half-open, ``[edge, next edge)``; an edge is a value that occurs, never ±inf.

    The bins are those with the highest information value, ``Σ (P(bin | 1) - P(bin | 0)) * weight`` over the rows that
    have a value, of all with a monotonic weight that can be put together from 64 prebins of about equal rows, or from
    the distinct values if there are fewer: found exactly, by dynamic programming. Of equal ones it takes the fewest
    bins, then a rising rate, then the lowest last edge. Some 15 ms for each variant with 64 prebins and ten bins.

    References
    ----------
    Navas-Palencia, G. (2020). Optimal binning: mathematical programming formulation. The problem; our way of solving
    it is another.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from featurelib.transforms import OutOfFold, fit
    >>> frame = pl.DataFrame({"x": range(8), "y": [0, 0, 1, 0, 1, 0, 1, 1], "request": range(8)})
    >>> frame = frame.with_columns(at=pl.lit(datetime(2026, 11, 1, tzinfo=UTC)))
    >>> woe = MonotonicWoe("x", label="y", bins=3, fitted=OutOfFold(key="request", time="at"))
    >>> program = fit(woe, frame)
    >>> later = frame.with_columns(at=pl.lit(datetime(2026, 11, 2, tzinfo=UTC)))
    >>> [round(value, 3) for value in program.transform(later)["x__woe"]]
    [-1.099, -1.099, -1.099, -1.099, 1.099, 1.099, 1.099, 1.099]
    """

    column: str
    _: KW_ONLY
    label: str
    fitted: Fitted = NOT_GIVEN
    bins: int = 10
    min_share: float = 0.05

    suffix = "woe"

    def __post_init__(self) -> None:
        self.check()
        check_share(self)

    def encode(
        self, variant: str, values: pl.Series, rows: "np.ndarray[Any, Any]", total: "np.ndarray[Any, Any]"
    ) -> tuple[Chain, ...]:
        edges = self.edges(values, rows, total)
        binned = self.binning(f"{self.column}@bin", variant, edges)
        table = self._weights(edges, values, rows, total)
        steps = VariantPlace(len(edges)), Gather(tuple(table.ravel().tolist())), ToFloat32()
        return binned, Chain(self.makes[0], (binned.into, variant), "place", steps)

    def _weights(
        self,
        edges: list[list[float]],
        values: pl.Series,
        rows: "np.ndarray[Any, Any]",
        positive: "np.ndarray[Any, Any]",
    ) -> "np.ndarray[Any, Any]":
        """Return the weight of each bin in each variant; bin 0 is missing."""
        import numpy as np

        there = values.is_not_null().to_numpy()
        counts = np.zeros((2, max(map(len, edges)) + 2, len(edges)), dtype=np.int64)
        for variant, listed in enumerate(edges):
            bins = np.where(there, np.searchsorted(listed, values.fill_null(0.0).to_numpy(), side="right") + 1, 0)
            for found, of in zip(counts, (rows, positive), strict=True):
                np.add.at(found[:, variant], bins, of[:, variant])
        return weights(counts[0], counts[1], rows.sum(axis=0), positive.sum(axis=0))

    def cut(self, rows: "np.ndarray[Any, Any]", positive: "np.ndarray[Any, Any]") -> list[int]:
        import numpy as np

        starts = cells(rows, _PREBINS)
        chosen = best_bins(
            np.add.reduceat(rows, starts),
            np.add.reduceat(positive, starts),
            bins=self.bins,
            fewest=fewest_rows(self.min_share, int(rows.sum())),
        )
        return [int(starts[place]) for place in chosen]


def best_bins(rows: "np.ndarray[Any, Any]", positive: "np.ndarray[Any, Any]", *, bins: int, fewest: int) -> list[int]:
    """Return the prebins, but the first, with which the bins of the highest information value begin.

    Parameters
    ----------
    rows, positive
        Rows, at least 1, and positive rows of each prebin.
    bins, fewest
        Most bins, and the fewest rows that one may have.

    Notes
    -----
    Exact: for each number of bins and each last bin ``[i, j)``, the best bins up to ``i`` whose last rate lies strictly
    below that of ``[i, j)`` (above, for falling rates). 0.5 stands for an empty count in the rate too: else weights
    need not rise with it (0 of 10 weighs more than 1 of 100). With p prebins O(bins p² log p).
    """
    import numpy as np

    count = len(rows)
    reached = np.concatenate([[0], np.cumsum(rows)]), np.concatenate([[0], np.cumsum(positive)])
    of, ones = (np.maximum(sums[None, :] - sums[:, None], 0) for sums in reached)  # of prebins i to j - 1
    for_it, against = shares(of, ones, of[0, -1], ones[0, -1])
    value = (for_it - against) * weights(of, ones, of[0, -1], ones[0, -1])
    value[of < max(fewest, 1)] = -np.inf
    rate = np.where(ones == 0, 0.5, ones) / np.where(of == ones, 0.5, of - ones)  # odds: equal ones are equal floats
    best, chosen = float(value[0, count]), list[int]()
    ways = [_Ways(value, rate), _Ways(value, -rate)]
    for _ in range(1, min(bins, count)):
        for way in ways:
            found, starts = way.with_another_bin()
            if found > best:
                best, chosen = found, starts
    return chosen


class _Ways:
    """The best ways to put prebins into some number of bins whose rates rise strictly, for each last bin."""

    def __init__(self, value: "np.ndarray[Any, Any]", rate: "np.ndarray[Any, Any]") -> None:
        import numpy as np

        self._value, self._rate = value, rate
        self._best = np.full(value.shape, -np.inf)  # of the ways whose last bin holds prebins i to j - 1
        self._best[0] = value[0]
        self._before: list[np.ndarray[Any, Any]] = []  # where the bin before [i, j) begins, by number of bins

    def with_another_bin(self) -> tuple[float, list[int]]:
        """Go on to one bin more; return the best value of all prebins, and the prebins that begin bins."""
        import numpy as np

        count = len(self._value) - 1
        best = np.full(self._value.shape, -np.inf)
        before = np.zeros(self._value.shape, dtype=np.int64)
        for start in range(1, count):
            rates, values = self._rate[:start, start], self._best[:start, start]
            by_rate = np.argsort(rates, kind="stable")
            liked = np.lexsort((-np.arange(start), values))  # the highest value last, of equal ones the lowest start
            place = np.empty(start, dtype=np.int64)
            place[liked] = np.arange(start)
            favourite = liked[np.maximum.accumulate(place[by_rate])]
            below = np.searchsorted(rates[by_rate], self._rate[start, start + 1 :], side="left")
            chosen = favourite[np.maximum(below - 1, 0)]
            before[start, start + 1 :] = chosen
            best[start, start + 1 :] = np.where(below > 0, values[chosen] + self._value[start, start + 1 :], -np.inf)
        self._best = best
        self._before.append(before)
        return float(best[:, count].max()), self._starts(int(np.argmax(best[:, count])))

    def _starts(self, start: int) -> list[int]:
        found, end = [start], len(self._value) - 1
        for before in reversed(self._before[1:]):
            start, end = int(before[start, end]), start
            found.append(start)
        return found[::-1]
