"""Winsorize: pull extreme values in to a quantile."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.cleaning.cleaner import Cleaner
from featurelib.errors import ParameterError
from featurelib.fitting import RankSummary
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Clip


@dataclass(frozen=True)
class Winsorize(Cleaner):
    """Learn quantiles, and replace values beyond them by them.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``; becomes ``Float64``.
    lower, upper
        Shares of rows, 0 to 1, ``lower`` below ``upper``; ``None`` leaves a side open. At least one is given.

    Raises
    ------
    ParameterError
        If the shares are out of range or both missing.

    Notes
    -----
    Null and NaN become null; -inf and +inf are pulled in like any value. A bound is the smallest value with at least
    that share of rows at or below it, from a `RankSummary` (exact up to 4,096 distinct values a partition). Fitted on
    no values, nothing is pulled in.

    References
    ----------
    Dixon, W. J. (1960). Simplified estimation from censored normal samples.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"price": [1.0, 2.0, 3.0, 1000.0]})
    >>> fit(Winsorize("price", upper=0.75), frame).transform(frame)["price"].to_list()
    [1.0, 2.0, 3.0, 3.0]
    """

    column: str
    _: KW_ONLY
    lower: float | None = None
    upper: float | None = None

    def __post_init__(self) -> None:
        low, high = (0.0 if self.lower is None else self.lower), (1.0 if self.upper is None else self.upper)
        if (self.lower, self.upper) == (None, None) or not 0 <= low < high <= 1:
            got = (self.lower, self.upper)
            raise ParameterError(self, "lower and upper", got=got, want="shares with 0 <= lower < upper <= 1")

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        yield Clip(self._bound(learned, self.lower), self._bound(learned, self.upper))

    @staticmethod
    def _bound(learned: RankSummary, share: float | None) -> float | None:
        return None if share is None else next(iter(learned.quantiles([share])), None)
