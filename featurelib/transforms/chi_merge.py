"""ChiMerge: bins from the bottom up, merging neighbours that the label does not tell apart."""

from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from featurelib.parameters import check_number
from featurelib.transforms.bins_by_label import BinsByLabel, cells
from featurelib.transforms.fitted import NOT_GIVEN, Fitted
from featurelib.transforms.registry import register

if TYPE_CHECKING:
    import numpy as np

_INTERVALS = 1024  # to start from
_SMALLEST = 0.5  # expected count that divides


@register("chi_merge")
@dataclass(frozen=True)
class ChiMerge(BinsByLabel):
    """Learn edges by merging, again and again, the two neighbouring intervals whose rates of the label differ least.

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
        Most bins, 2 to 65,535: merging goes on until there are no more.
    significance
        Level at which neighbours that stay apart must differ, above 0 and below 1.

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
    value that occurs, never ±inf. Merged is the pair with the lowest chi² of its two by two counts, of equal ones the
    one at the lower values, until each pair's exceeds the quantile of chi² with one degree of freedom at
    ``significance`` and there are at most ``bins``. An expected count below 0.5 divides as 0.5. All labels or all
    values equal, or nothing to learn from, give one bin. Each variant has bins of its own: bin 3 need not be the same
    range of values in two folds.

    It starts from the distinct values, or from 1,024 intervals of about equal rows if there are more; some 15 ms for
    each variant then.

    References
    ----------
    Kerber, R. (1992). ChiMerge: Discretization of numeric attributes. AAAI-92.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> import polars as pl
    >>> from featurelib.transforms import OutOfFold, fit
    >>> frame = pl.DataFrame({"x": range(12), "y": [0] * 4 + [1] * 4 + [0] * 4, "request": range(12)})
    >>> frame = frame.with_columns(at=pl.lit(datetime(2026, 11, 1, tzinfo=UTC)))
    >>> program = fit(ChiMerge("x", label="y", bins=5, fitted=OutOfFold(key="request", time="at")), frame)
    >>> later = frame.with_columns(at=pl.lit(datetime(2026, 11, 2, tzinfo=UTC)))
    >>> program.transform(later)["x__bin"].to_list()
    [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    """

    column: str
    _: KW_ONLY
    label: str
    fitted: Fitted = NOT_GIVEN
    bins: int
    significance: float = 0.95

    suffix = "bin"

    def __post_init__(self) -> None:
        self.check()
        # NOTE: as a float, which the quantile is asked for
        want, fits = "above 0 and below 1", lambda share: share > 0 and (1 + share) / 2 < 1
        check_number(self, "significance", fits=fits, want=want)

    def cut(self, rows: "np.ndarray[Any, Any]", positive: "np.ndarray[Any, Any]") -> list[int]:
        import numpy as np

        threshold = NormalDist().inv_cdf((1 + self.significance) / 2) ** 2
        starts = cells(rows, _INTERVALS)
        counts = list(
            zip(np.add.reduceat(rows, starts).tolist(), np.add.reduceat(positive, starts).tolist(), strict=True)
        )
        kept: list[int] = starts.tolist()
        differ = [_chi2(*pair) for pair in pairwise(counts)]
        while differ:
            lowest = min(differ)
            if lowest > threshold and len(kept) <= self.bins:
                break
            place = differ.index(lowest)
            (one_rows, one), (other_rows, other) = counts[place : place + 2]
            counts[place : place + 2] = [(one_rows + other_rows, one + other)]
            del kept[place + 1], differ[place]
            for pair in range(max(place - 1, 0), min(place + 1, len(differ))):
                differ[pair] = _chi2(counts[pair], counts[pair + 1])
        return kept[1:]


def _chi2(one: tuple[int, int], other: tuple[int, int]) -> float:
    """Return Pearson's chi² of two intervals and two labels, given each interval's rows and positive rows."""
    rows, positive = one[0] + other[0], one[1] + other[1]
    found = 0.0
    for of, here in (one, other):
        for count, total in ((here, positive), (of - here, rows - positive)):
            expected = of * total / rows
            found += (count - expected) ** 2 / max(expected, _SMALLEST)
    return found
