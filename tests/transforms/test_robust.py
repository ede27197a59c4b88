import math

import polars as pl

from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Robust, fit

test_contract = transform_contract({"robust": Robust("x")})


def results(fitted: list[float | None], asked: list[float | None]) -> list[float | None]:
    program = fit(Robust("x"), pl.DataFrame({"x": fitted}, schema={"x": pl.Float64}))
    return program.transform(pl.DataFrame({"x": asked}, schema={"x": pl.Float64})).to_series().to_list()


def test_wild_values_and_infinity_do_not_move_centre_and_spread():
    plain = [float(value) for value in range(1, 102)]
    assert results(plain, [1.0, 51.0, 101.0]) == [-1.0, 0.0, 1.0]
    assert results([*plain[:-1], 1e300, math.inf, -math.inf, None], [1.0, 51.0]) == [-1.0, 0.0]


def test_half_the_rows_at_one_value_is_no_spread():
    assert results([0.0, 0.0, 0.0, 0.0, 9.0], [0.0, 9.0, math.inf, math.nan]) == [0.0, 9.0, math.inf, None]


def test_range_wider_than_a_float_is_halved():
    assert results([-1.7e308, 0.0, 0.0, 1.7e308], [0.0, 1.7e308]) == [0.0, 1.0]
