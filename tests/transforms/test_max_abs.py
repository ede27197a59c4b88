import math

import polars as pl

from featurelib.testing.contracts import transform_contract
from featurelib.transforms import MaxAbs, fit

test_contract = transform_contract({"max_abs": MaxAbs("x")})


def test_largest_distance_to_zero_becomes_one_and_zero_stays():
    program = fit(MaxAbs("x"), pl.DataFrame({"x": [-8.0, 2.0, None, -math.inf]}))
    made = program.transform(pl.DataFrame({"x": [-8.0, 0.0, 4.0, 16.0, math.inf, None]}))
    assert made.to_series().to_list() == [-1.0, 0.0, 0.5, 2.0, math.inf, None]


def test_column_of_zeros_stays_as_it_is():
    assert fit(MaxAbs("x"), pl.DataFrame({"x": [0.0]})).transform_row({"x": 3.0}) == {"x__maxabs": 3.0}
