import math

import polars as pl
import pytest

from featurelib.cleaning import Winsorize
from featurelib.errors import ParameterError
from featurelib.transforms import fit

FRAME = pl.DataFrame({"x": [float(value) for value in range(1, 101)]})


def pulled(cleaner: Winsorize, *values: float | None) -> list[float | None]:
    return fit(cleaner, FRAME).transform(pl.DataFrame({"x": values}, schema={"x": pl.Float64}))["x"].to_list()


def test_values_beyond_the_quantiles_become_them():
    assert pulled(Winsorize("x", lower=0.05, upper=0.95), 1.0, 5.0, 50.5, 96.0, None) == [5.0, 5.0, 50.5, 95.0, None]


def test_share_is_read_as_the_decimal_it_shows():
    assert pulled(Winsorize("x", lower=0.07, upper=0.57), 0.0, 99.0) == [7.0, 57.0]


def test_infinities_are_pulled_in_and_nan_is_missing():
    assert pulled(Winsorize("x", lower=0, upper=1), -math.inf, math.inf, math.nan) == [1.0, 100.0, None]


def test_open_side_is_left_alone():
    assert pulled(Winsorize("x", upper=0.5), -math.inf, 1e9) == [-math.inf, 50.0]


def test_fitted_on_nothing_pulls_nothing_in():
    program = fit(Winsorize("x", lower=0.1, upper=0.9), pl.DataFrame({"x": [None]}))
    assert program.transform_row({"x": 1e300}) == {"x": 1e300}


@pytest.mark.parametrize(
    ("lower", "upper"), [(None, None), (0.5, 0.5), (0.9, 0.1), (-0.1, None), (None, 1.1), (math.nan, None), (None, 0.0)]
)
def test_shares_out_of_order_are_refused(lower: float | None, upper: float | None):
    with pytest.raises(ParameterError, match="lower and upper must be shares with 0 <= lower < upper <= 1"):
        Winsorize("x", lower=lower, upper=upper)
