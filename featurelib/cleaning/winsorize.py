"""Winsorize: pull extreme values in, or leave them out."""

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.cleaning.cleaner import Cleaner
from featurelib.errors import ParameterError
from featurelib.fitting import Moments, RankSummary
from featurelib.fitting.rank_summary import finite, quantiles_of
from featurelib.fitting.state import State
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Clip, NullOutside

_WIDTHS = {"sigma": 3.0, "iqr": 1.5, "mad": 3.0}
_NORMAL_MAD = 1.4826  # the standard deviation of a normal distribution, in units of its MAD
_ACTIONS = ("bound", "null")

Bounds = tuple[float | None, float | None]


@dataclass(frozen=True)
class Winsorize(Cleaner):
    """Learn bounds, and replace values beyond them by the bound, or by null.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``; becomes ``Float64``.
    lower, upper
        Shares of rows, 0 to 1, ``lower`` below ``upper``; ``None`` leaves a side open. At least one is given, unless
        ``by`` is.
    by
        Instead of shares: ``sigma`` (mean ± k standard deviations), ``iqr`` (Tukey's fences: k interquartile ranges
        below the lower and above the upper quartile), or ``mad`` (median ± k · 1.4826 median absolute deviations).
    k
        How wide; above 0. By default 3 for ``sigma`` and ``mad``, 1.5 for ``iqr``.
    to
        What values beyond the bounds become: the ``bound``, or ``null`` (add `Impute` after it, to fill that).

    Raises
    ------
    ParameterError
        If the shares are out of range; unless exactly one of shares and ``by`` is given; if ``by`` or ``to`` is none of
        the above, or ``k`` is not above 0 or given without ``by``.

    Notes
    -----
    Null and NaN become null; -inf and +inf are beyond every bound. A quantile is the smallest value with at least that
    share of rows at or below it, from a `RankSummary`: exact up to 4,096 distinct values a partition, else within 1e-4
    of its rows. ±inf counts in ``lower`` and ``upper``, and is left out of what ``by`` learns. No spread (a standard
    deviation, range or MAD of 0, as where most rows are zeros) says nothing of what is extreme: then, and fitted on no
    values, nothing is pulled in.

    A row is never set aside: values that cannot be are for the schema of the samples table, which quarantines rows; a
    program answers every row it is asked about.

    References
    ----------
    Dixon, W. J. (1960). Simplified estimation from censored normal samples.
    Tukey, J. W. (1977). Exploratory data analysis.
    Leys, C. et al. (2013). Detecting outliers: do not use standard deviation around the mean, use absolute deviation
    around the median.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"price": [1.0, 2.0, 3.0, 1000.0]})
    >>> fit(Winsorize("price", upper=0.75), frame).transform(frame)["price"].to_list()
    [1.0, 2.0, 3.0, 3.0]
    >>> fit(Winsorize("price", by="mad", to="null"), frame).transform(frame)["price"].to_list()
    [1.0, 2.0, 3.0, None]
    """

    column: str
    _: KW_ONLY
    lower: float | None = None
    upper: float | None = None
    by: str | None = None
    k: float | None = None
    to: str = "bound"

    def __post_init__(self) -> None:
        if self.by is None:
            self._check_shares()
        elif self.by not in _WIDTHS:
            raise ParameterError(self, "by", got=self.by, want=f"one of {', '.join(_WIDTHS)}")
        elif (self.lower, self.upper) != (None, None):
            got = (self.lower, self.upper)
            raise ParameterError(self, "lower and upper", got=got, want=f"left out, as bounds go by {self.by}")
        if self.k is not None and (self.by is None or not 0 < self.k < math.inf):
            raise ParameterError(self, "k", got=self.k, want="above 0, beside `by`")
        if self.to not in _ACTIONS:
            raise ParameterError(self, "to", got=self.to, want=f"one of {', '.join(_ACTIONS)}")

    def _check_shares(self) -> None:
        low, high = (0.0 if self.lower is None else self.lower), (1.0 if self.upper is None else self.upper)
        if (self.lower, self.upper) == (None, None) or not 0 <= low < high <= 1:
            got = (self.lower, self.upper)
            raise ParameterError(self, "lower and upper", got=got, want="shares with 0 <= lower < upper <= 1")

    def state(self) -> State:
        return Moments() if self.by == "sigma" else RankSummary()

    def finish(self, learned: Moments | RankSummary) -> Iterable[Primitive]:
        lower, upper = self._bounds(learned)
        yield Clip(lower, upper) if self.to == "bound" else NullOutside(lower, upper)

    def _bounds(self, learned: Moments | RankSummary) -> Bounds:
        k = _WIDTHS.get(self.by or "", 0.0) if self.k is None else self.k
        if isinstance(learned, Moments):
            return _around(learned.mean, learned.mean, k * (learned.std or 0.0))
        if self.by is None:
            shares = [share for share in (self.lower, self.upper) if share is not None]
            found: dict[float | None, float] = dict(zip(shares, learned.quantiles(shares), strict=False))
            return found.get(self.lower), found.get(self.upper)
        points = finite(learned.points)
        if self.by == "iqr":
            low, high = quantiles_of(points, [0.25, 0.75]) or (0.0, 0.0)
            return _around(low, high, k * (high - low))
        (middle,) = quantiles_of(points, [0.5]) or (0.0,)
        away = points.with_columns((pl.col("value") - middle).abs()).sort("value")
        (deviation,) = quantiles_of(away, [0.5]) or (0.0,)
        return _around(middle, middle, k * _NORMAL_MAD * deviation)


def _around(low: float | None, high: float | None, width: float) -> Bounds:
    """Return bounds so far below and above; none without a width, or where one is beyond every float."""
    if low is None or high is None or not width:
        return None, None
    below, above = low - width, high + width
    return (below if math.isfinite(below) else None), (above if math.isfinite(above) else None)
