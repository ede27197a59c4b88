import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import QuantileUniform, fit

test_contract = transform_contract(
    {"quantile_uniform": QuantileUniform("x"), "of three knots": QuantileUniform("x", knots=3)}
)
VALUES = st.sampled_from([-math.inf, -1.7e308, -1.0, 0.0, 5e-324, 0.5, 3.0, 1.7e308, math.inf])


def ranks(fitted: list[float], asked: list[float], *, knots: int = 1000) -> np.ndarray:
    program = fit(QuantileUniform("x", knots=knots), pl.DataFrame({"x": fitted}, schema={"x": pl.Float64}))
    return program.transform(pl.DataFrame({"x": asked})).to_series().to_numpy()


@given(st.lists(VALUES, min_size=1, max_size=12), st.lists(VALUES.filter(math.isfinite), min_size=1, max_size=6))
@settings(max_examples=30)
def test_few_values_get_the_middle_of_their_ranks(fitted: list[float], asked: list[float]):
    known = [value for value in fitted if math.isfinite(value)]
    for value, rank in zip(asked, ranks(fitted, asked), strict=True):
        below = sum(other < value for other in fitted)
        upto = sum(other <= value for other in fitted)
        assert rank == np.float32((below + upto) / 2 / len(fitted) if known else 0.5)


def test_many_values_come_out_uniform_within_the_stated_error():
    values = np.random.default_rng(1).lognormal(2, 2, size=30_000)
    made = ranks(values.tolist(), values.tolist(), knots=50)
    exact = (np.argsort(np.argsort(values)) + 0.5) / len(values)
    assert np.abs(made - exact).max() <= 1 / 50 + 1e-4
    assert np.abs(ranks(values.tolist(), values.tolist()) - exact).max() <= 1 / 1000 + 1e-4


def test_frequent_value_among_many_keeps_its_ties():
    generator = np.random.default_rng(2)
    values = np.concatenate([np.zeros(15_000), generator.exponential(size=9_000), -generator.exponential(size=6_000)])
    made = ranks(values.tolist(), [-1e-9, 0.0, 1e-9], knots=100)
    assert made == pytest.approx([0.2, 0.45, 0.7], abs=0.01)


def test_order_stays_and_ends_are_0_and_1():
    values = np.random.default_rng(3).normal(size=5_000)
    asked = np.sort(np.concatenate([values, values + 1e-3, [-9, 9, -1e300, 1e300]]))
    made = ranks(values.tolist(), asked.tolist(), knots=20)
    assert np.all(np.diff(made) >= 0)
    assert (made[0], made[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("knots", [1, 4097])
def test_number_of_knots_out_of_range_is_refused(knots: int):
    with pytest.raises(ParameterError, match=f"knots must be from 2 to 4096, got {knots}"):
        QuantileUniform("x", knots=knots)
