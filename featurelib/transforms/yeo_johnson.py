"""YeoJohnson: the power that makes a skewed column most like a normal one."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from featurelib.fitting import RankSummary
from featurelib.fitting.rank_summary import POINTS, condensed, finite
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine, ToFloat32, YeoJohnsonStep
from featurelib.transforms.registry import register
from featurelib.transforms.standardize import reciprocal
from featurelib.transforms.transform import Transform

_LOW, _HIGH = -5.0, 7.0  # powers tried; the same distance from 1, which changes nothing
_DECIMALS = 5
_GOLDEN = (math.sqrt(5) - 1) / 2

Points = Sequence[tuple[float, int]]


@register("yeo_johnson")
@dataclass(frozen=True)
class YeoJohnson(Transform):
    """Learn the power after which the values look most like a normal distribution; apply it, and standardize.

    Parameters
    ----------
    column
        Number or boolean column such as ``dwell_s``, of any sign.

    Notes
    -----
    Adds ``<column>__yeojohnson``, ``Float32``: ``((1 + x)^p - 1) / p`` for x from 0 on,
    ``-((1 - x)^(2 - p) - 1) / (2 - p)`` below it (logarithms where an exponent is 0), then minus mean, times 1 / std.
    Null and NaN become null. ±inf is left out of the fit; it stays ±inf, or takes the bound that a negative exponent
    has.

    p maximises the likelihood, from -5 to 7, by golden-section search to 5 decimals. It, mean and std are those of a
    `RankSummary`: of the values themselves up to 4,096 distinct ones a partition and 5,024 in all, else of 5,024
    quantiles; on 1M lognormal, normal, exponential or Pareto values p was then off by 2e-4 at most, on Cauchy values by
    0.02. A constant column, or one without values, has p = 1 and is only shifted.

    References
    ----------
    Yeo, I.-K. and Johnson, R. A. (2000). A new family of power transformations to improve normality or symmetry.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"x": [1.0, 2.0, 4.0, 8.0, 1000.0, None]})
    >>> made = fit(YeoJohnson("x"), frame).transform(frame)["x__yeojohnson"]
    >>> [value and round(value, 1) for value in made]
    [-1.2, -0.7, -0.1, 0.3, 1.7, None]
    """

    column: str

    suffix = "yeojohnson"

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        points = condensed(finite(learned.points), POINTS).rows()
        power = _most_likely_power(points)
        mean, std = _mean_and_std(_transformed(points, power))
        yield YeoJohnsonStep(power)
        yield Affine(shift=mean, scale=reciprocal(std))
        yield ToFloat32()


def _most_likely_power(points: Points) -> float:
    if len(points) < 2:
        return 1.0
    rows = sum(weight for _, weight in points)
    logs = math.fsum(math.copysign(math.log1p(abs(value)), value) * weight for value, weight in points)

    def log_likelihood(power: float) -> float:
        _, std = _mean_and_std(_transformed(points, power))
        return (power - 1.0) * logs - rows * math.log(std) if 0 < std < math.inf else -math.inf

    low, high = _LOW, _HIGH
    left, right = high - (high - low) * _GOLDEN, low + (high - low) * _GOLDEN
    at_left, at_right = log_likelihood(left), log_likelihood(right)
    while high - low > 10**-_DECIMALS:
        if at_left > at_right or (at_left == at_right and abs(left - 1.0) < abs(right - 1.0)):
            high, right, at_right = right, left, at_left
            left = high - (high - low) * _GOLDEN
            at_left = log_likelihood(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + (high - low) * _GOLDEN
            at_right = log_likelihood(right)
    return round((low + high) / 2, _DECIMALS)


def _transformed(points: Points, power: float) -> list[tuple[float, int]]:
    step = YeoJohnsonStep(power).row()
    return [(step(value), weight) for value, weight in points]


def _mean_and_std(points: Points) -> tuple[float, float]:
    """Return mean and standard deviation; (0, 0) without rows, or where a sum is too large for a float."""
    rows = sum(weight for _, weight in points)
    try:
        mean = math.fsum(value * weight for value, weight in points) / max(rows, 1)
        variance = math.fsum((value - mean) ** 2 * weight for value, weight in points) / max(rows, 1)
    except (OverflowError, ValueError):  # ValueError: inf - inf
        return 0.0, 0.0
    return (mean, math.sqrt(variance)) if math.isfinite(mean) and math.isfinite(variance) else (0.0, 0.0)
