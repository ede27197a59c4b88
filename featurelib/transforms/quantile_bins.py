"""QuantileBins: bins of about equal rows."""

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

from featurelib.errors import ParameterError
from featurelib.fitting import RankSummary
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import BinSearch
from featurelib.transforms.edges import MOST_BINS
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("quantile_bins")
@dataclass(frozen=True)
class QuantileBins(Transform):
    """Learn edges at quantiles, so that bins hold about equal numbers of rows.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    bins
        How many, 2 to 65,535. Fewer come out where a value is so frequent that edges coincide.

    Raises
    ------
    ParameterError
        If ``bins`` is out of range.

    Notes
    -----
    Adds ``<column>__bin``, ``UInt8`` (``UInt16`` from 256 bins), never null: 0 is missing (null or NaN), then 1, 2, ...
    upwards; values beyond the fitted ones fall in the first or last bin. A bin is half-open, ``[edge, next edge)``.
    Edge i is the smallest value with at least ``i / bins`` of the rows at or below it; ±inf never is an edge. Edges
    come from a `RankSummary`: exact where a partition has at most 4,096 distinct values, else within 1/4,096 of its
    rows. Fitted on no values there is one bin.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(QuantileBins("x", bins=2), pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}))
    >>> program.transform(pl.DataFrame({"x": [1.9, 2.0, 9.0, None]}))["x__bin"].to_list()
    [1, 2, 2, 0]
    """

    column: str
    _: KW_ONLY
    bins: int

    suffix = "bin"

    def __post_init__(self) -> None:
        check_bins(self, self.bins)

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        edges = learned.quantiles([Fraction(number, self.bins) for number in range(1, self.bins)])
        yield BinSearch(tuple(dict.fromkeys(edge for edge in edges if math.isfinite(edge))))


def check_bins(owner: Transform, bins: int) -> None:
    """Raise `ParameterError` if a transform's number of bins is out of range."""
    if not 2 <= bins <= MOST_BINS:
        raise ParameterError(owner, "bins", got=bins, want=f"from 2 to {MOST_BINS}")
