"""QuantileNormal: the rank of a value, as that of a normal distribution (Gauss rank)."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction
from statistics import NormalDist

from featurelib.fitting import RankSummary
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import ToFloat32
from featurelib.transforms.quantile_uniform import check_knots, interpolated_ranks
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("quantile_normal")
@dataclass(frozen=True)
class QuantileNormal(Transform):
    """Learn how values rank, and replace a value by the standard normal quantile of its rank.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    knots
        At how many values, 2 to 4,096, the distribution is kept; between them it is interpolated.

    Raises
    ------
    ParameterError
        If ``knots`` is out of range.

    Notes
    -----
    Adds ``<column>__normal``, ``Float32``: the normal quantile of the share that `QuantileUniform` gives, with the same
    ties, ends and errors; between two knots the quantiles are interpolated. Shares nearer to 0 or 1 than half a row of
    the fitted ones are taken as half a row, so the result stays finite: beyond the fitted values, and for ±inf, it is
    about ±5.2 after a fit on 5M rows. Null and NaN become null. Fitted on no finite value, every number becomes 0.

    References
    ----------
    Van der Waerden, B. L. (1952). Order tests for the two-sample problem and their power.
    Wichura, M. J. (1988). Algorithm AS 241: the percentage points of the normal distribution.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(QuantileNormal("x"), pl.DataFrame({"x": [1.0, 5.0, 5.0, 900.0]}))
    >>> made = program.transform(pl.DataFrame({"x": [1.0, 5.0, 900.0, None]}))["x__normal"]
    >>> [value and round(value, 2) for value in made]
    [-1.15, 0.0, 1.15, None]
    """

    column: str
    _: KW_ONLY
    knots: int = 1000

    suffix = "normal"

    def __post_init__(self) -> None:
        check_knots(self)

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        points = learned.points
        least = Fraction(1, 2 * max(int(points["weight"].sum()), 1))

        def score(share: Fraction) -> float:
            return NormalDist().inv_cdf(float(min(max(share, least), 1 - least)))

        yield interpolated_ranks(points, self.knots, score)
        yield ToFloat32()
