import math

import polars as pl
import pytest

from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Log1p, SignedLog, fit

test_contract = transform_contract({"signed_log": SignedLog("x")})


def test_sign_and_order_stay():
    values = [-math.inf, -1.7e308, -9.0, -1e-20, 0.0, 1e-20, 9.0, 1.7e308, math.inf]
    made = fit(SignedLog("x"), pl.DataFrame({"x": values})).transform(pl.DataFrame({"x": values})).to_series()
    assert made.to_list() == sorted(made)
    assert made.to_list() == [-value for value in reversed(made)]
    assert made[6] == pytest.approx(math.log(10))


def test_at_and_above_zero_it_is_log1p():
    frame = pl.DataFrame({"x": [0.0, 0.3, 17.0, None, math.nan]})
    assert fit(SignedLog("x"), frame).transform(frame).rows() == fit(Log1p("x"), frame).transform(frame).rows()
