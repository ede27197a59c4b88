"""Robust: centre and spread that a few wild values do not move."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.fitting import RankSummary
from featurelib.fitting.rank_summary import finite, quantiles_of
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.standardize import reciprocal
from featurelib.transforms.transform import Transform


@register("robust")
@dataclass(frozen=True)
class Robust(Transform):
    """Learn median and interquartile range, and subtract and divide by them.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.

    Notes
    -----
    Adds ``<column>__robust``, ``Float32``: ``(x - median) * (1 / (q3 - q1))``. Null and NaN become null; ±inf stays
    ±inf and is left out of the fit. Where both quartiles are the same value (in a column of many zeros, say), or there
    is no value, the column is only shifted. Median and quartiles are values that occur, from a `RankSummary`: exact up
    to 4,096 distinct values a partition, else within 1e-4 of its rows.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(Robust("x"), pl.DataFrame({"x": [1.0, 2.0, 3.0, 1e9]}))
    >>> program.transform(pl.DataFrame({"x": [1.0, 2.0, 5.0, None]}))["x__robust"].to_list()
    [-0.5, 0.0, 1.5, None]
    """

    column: str

    suffix = "robust"

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        low, middle, high = quantiles_of(finite(learned.points), [0.25, 0.5, 0.75]) or (0.0, 0.0, 0.0)
        if math.isinf(high - low):  # too wide for a float: halve everything, or 0 * inf would make NaN
            yield Affine(shift=0.0, scale=0.5)
            low, middle, high = low / 2, middle / 2, high / 2
        yield Affine(shift=middle, scale=reciprocal(high - low))
        yield ToFloat32()
