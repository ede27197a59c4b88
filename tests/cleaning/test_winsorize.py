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


def test_sigma_is_k_standard_deviations_around_the_mean():
    frame = pl.DataFrame({"x": [-1.0, 1.0, math.inf, None]})
    program = fit(Winsorize("x", by="sigma", k=2), frame)
    assert [program.transform_row({"x": x})["x"] for x in (-2.5, -2.0, 1.9, math.inf)] == [-2.0, -2.0, 1.9, 2.0]


def test_fences_are_one_and_a_half_ranges_beyond_the_quartiles():
    assert pulled(Winsorize("x", by="iqr"), -60.0, 0.0, 151.0) == [-50.0, 0.0, 150.0]
    assert pulled(Winsorize("x", by="iqr", k=3, to="null"), -125.0, -126.0, 225.0, 226.0) == [-125.0, None, 225.0, None]


def test_absolute_deviation_counts_from_the_median():
    assert pulled(Winsorize("x", by="mad", k=2), -1e9, 50.0, math.inf) == pytest.approx(
        [50 - 2 * 1.4826 * 25, 50.0, 50 + 2 * 1.4826 * 25]
    )


def test_wild_values_stretch_sigma_and_not_the_deviation():
    frame = pl.DataFrame({"x": [*(float(value) for value in range(1, 100)), 1e6]})
    kept = {by: fit(Winsorize("x", by=by, to="null"), frame).transform(frame)["x"].max() for by in ("sigma", "mad")}
    assert kept == {"sigma": 99.0, "mad": 99.0}
    twice = pl.concat([frame, frame.tail(20).with_columns(x=pl.lit(1e6))])
    kept = {by: fit(Winsorize("x", by=by, to="null"), twice).transform(twice)["x"].max() for by in ("sigma", "mad")}
    assert kept == {"sigma": 1e6, "mad": 99.0}


def test_beyond_the_bounds_becomes_null_if_asked():
    assert pulled(Winsorize("x", upper=0.5, to="null"), -math.inf, 50.0, 50.1, math.inf, None) == [
        -math.inf, 50.0, None, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("by", ["sigma", "iqr", "mad"])
@pytest.mark.parametrize("values", [[], [None], [7.0], [0.0, 0.0, 0.0], [math.inf, -math.inf]], ids=str)
def test_no_spread_pulls_nothing_in(by: str, values: list[float | None]):
    program = fit(Winsorize("x", by=by), pl.DataFrame({"x": values}, schema={"x": pl.Float64}))
    assert program.transform_row({"x": 1e300}) == {"x": 1e300}
    assert program.transform_row({"x": -math.inf}) == {"x": -math.inf}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"by": "median"}, "by must be one of sigma, iqr, mad"),
        ({"by": "mad", "upper": 0.9}, "lower and upper must be left out"),
        ({"upper": 0.9, "k": 3}, "k must be above 0, beside `by`"),
        ({"by": "mad", "k": 0}, "k must be above 0, beside `by`"),
        ({"upper": 0.9, "to": "drop"}, "to must be one of bound, null"),
    ],
    ids=str,
)
def test_rules_that_contradict_are_refused(given: dict[str, object], why: str):
    with pytest.raises(ParameterError, match=why):
        Winsorize("x", **given)  # type: ignore[arg-type]  # the test is that it is refused
