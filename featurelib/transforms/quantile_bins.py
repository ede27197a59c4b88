"""QuantileBins: bins of about equal rows."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.fitting import RankSummary
from featurelib.parameters import check_whole
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
        How many, 2 to 65,535. Fewer come out where a value is so frequent that edges coincide, and of a constant
        column one.

    Raises
    ------
    ParameterError
        If ``bins`` is out of range.

    Notes
    -----
    Adds ``<column>__bin``, ``UInt8`` (``UInt16`` from 256 bins), never null: 0 is missing (null or NaN), then 1, 2, ...
    upwards; values beyond the fitted ones fall in the first or last bin. A bin is half-open, ``[edge, next edge)``.
    Edge i is the value for which the share of rows below it is nearest to ``i / bins``, of two the lower; ±inf never is
    an edge, nor a value that no row lies below, so no bin is empty of fitted rows. Edges come from a `RankSummary`:
    exact where a partition has at most 4,096 distinct values, else within 2e-4 of its rows. Fitted on no values there
    is one bin.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(QuantileBins("x", bins=2), pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]}))
    >>> program.transform(pl.DataFrame({"x": [2.0, 2.9, 3.0, 9.0, None]}))["x__bin"].to_list()
    [1, 1, 2, 2, 0]
    """

    column: str
    _: KW_ONLY
    bins: int

    suffix = "bin"

    def __post_init__(self) -> None:
        check_whole(self, "bins", least=2, most=MOST_BINS)

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        yield BinSearch(_edges(learned.points, self.bins))


def _edges(points: pl.DataFrame, bins: int) -> tuple[float, ...]:
    import numpy as np

    values, weights = points["value"].to_numpy(), points["weight"].to_numpy()
    # NOTE: rows below, not up to: else a value that holds most rows shares its bin with all that is above it
    below = np.cumsum(weights) - weights
    can_be = np.isfinite(values) & (below > 0)
    if not can_be.any():
        return ()
    values, reached = values[can_be], below[can_be] * bins
    wanted = np.arange(1, bins) * weights.sum()
    upper = np.minimum(np.searchsorted(reached, wanted), len(values) - 1)
    lower = np.maximum(upper - 1, 0)
    nearest = np.where(wanted - reached[lower] <= reached[upper] - wanted, lower, upper)
    edges: list[float] = values[np.unique(nearest)].tolist()
    return tuple(edges)
