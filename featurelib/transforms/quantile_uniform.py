"""QuantileUniform: the share of rows below a value."""

from collections.abc import Callable, Iterable
from dataclasses import KW_ONLY, dataclass
from fractions import Fraction

import polars as pl

from featurelib.fitting import RankSummary
from featurelib.fitting.rank_summary import finite, quantiles_of
from featurelib.parameters import check_whole
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Interpolate, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform

_MOST_KNOTS = 4096


@register("quantile_uniform")
@dataclass(frozen=True)
class QuantileUniform(Transform):
    """Learn how values rank, and replace a value by the share of rows below it: uniform from 0 to 1.

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
    Adds ``<column>__uniform``, ``Float32``: the share of rows below x, plus half the share of rows equal to x (so ties
    share the middle of their ranks). Null and NaN become null. ±inf counts as a value in the shares; it, and a number
    beyond the fitted ones, gets the share below or above every finite value: 0 or 1 if no infinity was fitted.

    With at most ``knots`` distinct values this is exact, and a value between two of them gets the share of rows below
    it. Else the knots are the quantiles in the middle of equal shares, with the smallest and the largest value; a
    value between two knots is interpolated, and a share is off by at most ``1 / knots`` (and the 1e-4 of a
    `RankSummary`). A value that holds more than such a share of rows keeps its ties exactly. Fitted on no finite value,
    every number becomes 0.5.

    References
    ----------
    Parzen, E. (2004). Quantile probability and statistical data modeling (the mid-distribution function).

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(QuantileUniform("x"), pl.DataFrame({"x": [1.0, 5.0, 5.0, 9.0]}))
    >>> program.transform(pl.DataFrame({"x": [0.0, 1.0, 2.0, 5.0, 10.0, None]}))["x__uniform"].to_list()
    [0.0, 0.125, 0.25, 0.5, 1.0, None]
    """

    column: str
    _: KW_ONLY
    knots: int = 1000

    suffix = "uniform"

    def __post_init__(self) -> None:
        check_knots(self)

    def state(self) -> RankSummary:
        return RankSummary()

    def finish(self, learned: RankSummary) -> Iterable[Primitive]:
        yield interpolated_ranks(learned.points, self.knots, float)
        yield ToFloat32()


def check_knots(owner: Transform) -> None:
    """Raise `ParameterError` if a transform's number of knots is out of range."""
    check_whole(owner, "knots", least=2, most=_MOST_KNOTS)


def interpolated_ranks(points: pl.DataFrame, most: int, score: Callable[[Fraction], float]) -> Interpolate:
    """Return the step from a value to the score of the share of rows below it, through at most so many knots.

    A value with more than ``1 / most`` of the rows makes a jump, from the share below it to the share up to it; the
    rest of a value's rows are taken to lie evenly around it.
    """
    rows = int(points["weight"].sum())
    ranked = points.with_columns(upto=points["weight"].cum_sum())
    known = finite(ranked)
    if known.is_empty():
        return Interpolate(score(Fraction(1, 2)), (), (), (), ())
    exact = len(known) <= most
    if not exact:
        middles = [Fraction(2 * number + 1, 2 * (most - 2)) for number in range(most - 2)]
        held = {known["value"][0], *quantiles_of(known, middles), known["value"][-1]}
        known = known.filter(known["value"].is_in(sorted(held)))
    spread = Fraction(0) if exact else Fraction(rows, most)
    knots: list[float] = []
    below, at, after = [], [], []
    for value, weight, upto in known.rows():
        middle, jump = upto - Fraction(weight, 2), max(weight - spread, Fraction(0)) / 2
        knots.append(value)
        below.append(score((middle - jump) / rows))
        at.append(score(middle / rows))
        after.append(score((middle + jump) / rows))
    first, last = known.row(0, named=True), known.row(-1, named=True)
    before, after[-1] = score(Fraction(first["upto"] - first["weight"], rows)), score(Fraction(last["upto"], rows))
    slopes = [_slope(*ends) for ends in zip(knots, after, knots[1:], below[1:], strict=False)]
    return Interpolate(before, tuple(knots), tuple(at), tuple(after), (*slopes, 0.0))


def _slope(knot: float, after: float, following: float, before: float) -> float:
    """Return the rise per half unit to the next knot; 0 where the knots are too close to tell."""
    tiny = 1e-300
    half = following * 0.5 - knot * 0.5
    return (before - after) / half if half > tiny else 0.0
