import math
from statistics import NormalDist

import numpy as np
import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import QuantileNormal, fit

test_contract = transform_contract(
    {"quantile_normal": QuantileNormal("x"), "of three knots": QuantileNormal("x", knots=3)}
)


def scores(fitted: list[float], asked: list[float]) -> list[float | None]:
    program = fit(QuantileNormal("x"), pl.DataFrame({"x": fitted}, schema={"x": pl.Float64}))
    return program.transform(pl.DataFrame({"x": asked})).to_series().to_list()


def test_score_is_the_normal_quantile_of_the_middle_rank():
    made = scores([1.0, 5.0, 5.0, 9.0], [1.0, 5.0, 9.0])
    assert made == pytest.approx([NormalDist().inv_cdf(share) for share in (1 / 8, 1 / 2, 7 / 8)])


def test_ends_are_finite_at_half_a_row():
    made = scores([1.0, 5.0, 5.0, 9.0], [-math.inf, 0.0, 10.0, math.inf])
    end = NormalDist().inv_cdf(7 / 8)
    assert made == pytest.approx([-end, -end, end, end])


def test_skewed_values_come_out_normal():
    values = np.random.default_rng(1).lognormal(2, 2, size=20_000)
    made = np.array(scores(values.tolist(), values.tolist()))
    assert made.mean() == pytest.approx(0, abs=1e-3)
    assert made.std() == pytest.approx(1, abs=5e-3)
    assert np.abs(made - (np.log(values) - 2) / 2).mean() < 0.02


def test_no_values_give_the_middle():
    assert scores([], [3.0]) == [0.0]


def test_number_of_knots_out_of_range_is_refused():
    with pytest.raises(ParameterError, match="knots must be from 2 to 4096, got 0"):
        QuantileNormal("x", knots=0)
