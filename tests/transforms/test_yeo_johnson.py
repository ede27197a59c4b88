import math
import statistics

import numpy as np
import polars as pl
import pytest

from featurelib.program.primitives import YeoJohnsonStep
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import YeoJohnson, fit

test_contract = transform_contract({"yeo_johnson": YeoJohnson("x")})


def frame(values: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame({"x": values}, schema={"x": pl.Float64})


def power(values: list[float | None]) -> float:
    (chain,) = fit(YeoJohnson("x"), frame(values)).chains
    step = chain.steps[0]
    assert isinstance(step, YeoJohnsonStep)
    return step.power


def likelihood(values: np.ndarray, power: float) -> float:
    """The slow oracle, from the formula of the paper."""
    above, below = values[values >= 0], -values[values < 0]
    made = [
        *(((1 + above) ** power - 1) / power if power else np.log1p(above)),
        *(-(((1 + below) ** (2 - power) - 1) / (2 - power) if power != 2 else np.log1p(below))),
    ]
    spread = -len(values) / 2 * math.log(np.var(made))
    return spread + (power - 1) * float(np.sum(np.sign(values) * np.log1p(np.abs(values))))


@pytest.mark.parametrize(("sign", "shift"), [(1, 0.0), (-1, 0.0), (1, -3.0)])
def test_no_other_power_is_more_likely(sign: int, shift: float):
    values = sign * np.random.default_rng(1).lognormal(1, 1, size=300) + shift
    best = power(values.tolist())
    found = likelihood(values, best)
    assert all(found >= likelihood(values, best + step) for step in (-0.5, -0.01, -1e-4, 1e-4, 0.01, 0.5))


def test_result_has_mean_0_and_deviation_1():
    values = np.random.default_rng(2).exponential(size=500).tolist()
    made = fit(YeoJohnson("x"), frame(values)).transform(frame(values)).to_series()
    assert statistics.fmean(made) == pytest.approx(0, abs=1e-6)
    assert statistics.pstdev(made) == pytest.approx(1, abs=1e-6)


def test_more_values_than_are_kept_change_the_power_little():
    values = np.random.default_rng(3).lognormal(1, 1, size=40_000)
    best = power(values.tolist())
    assert likelihood(values, best) >= max(likelihood(values, best - 0.002), likelihood(values, best + 0.002))


@pytest.mark.parametrize("values", [[], [None], [7.0, 7.0], [math.inf, 1.0]], ids=str)
def test_columns_without_spread_are_only_shifted(values: list[float | None]):
    assert power(values) == 1.0


def test_exponent_of_zero_is_the_logarithm():
    above, below = YeoJohnsonStep(0.0).row(), YeoJohnsonStep(2.0).row()
    assert above(5.0) == math.log1p(5.0)
    assert below(-5.0) == -math.log1p(5.0)


def test_order_stays_up_to_the_infinities():
    values = [-math.inf, -1e300, -2.0, -0.0, 0.0, 1e-9, 3.0, 1e300, math.inf]
    program = fit(YeoJohnson("x"), frame([1.0, 2.0, 10.0]))
    made = program.transform(frame(values)).to_series().to_list()
    assert made == sorted(made)
    assert None not in made
