"""Standardize, MinMax and Log1p: what becomes of edges, constants and extremes."""

import math
import statistics

import polars as pl
import pytest

from featurelib.program import Program
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Log1p, MinMax, Standardize, Transform, fit

test_contract = transform_contract(
    {
        "standardize": Standardize("x"),
        "min_max": MinMax("x"),
        "min_max beyond the ends": MinMax("x", clip=False),
        "log1p": Log1p("x"),
    }
)


def frame(*values: float | None) -> pl.DataFrame:
    return pl.DataFrame({"x": values}, schema={"x": pl.Float64})


def of(fitted: Program, *values: float | None) -> list[float | None]:
    return fitted.transform(frame(*values)).to_series().to_list()


def single(value: float) -> float:
    return pl.Series([value]).cast(pl.Float32)[0]  # type: ignore[no-any-return]  # a float


def test_standardized_values_are_the_z_scores():
    values = [0.1, 0.2, 0.4, 7.0]
    mean, std = statistics.fmean(values), statistics.pstdev(values)
    assert of(fit(Standardize("x"), frame(*values)), *values) == [single((x - mean) * (1 / std)) for x in values]


def test_standardize_leaves_infinity_and_missing_out_of_the_fit():
    assert fit(Standardize("x"), frame(1.0, 3.0, math.inf, None, math.nan)) == fit(Standardize("x"), frame(1.0, 3.0))
    assert of(fit(Standardize("x"), frame(1.0, 3.0)), math.inf, -math.inf, math.nan, None) == [
        math.inf, -math.inf, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize("transform", [Standardize("x"), MinMax("x", clip=False)], ids=str)
def test_constant_column_is_only_shifted(transform: Transform):
    assert of(fit(transform, frame(3.0, 3.0)), 3.0, 5.0, None) == [0.0, 2.0, None]


@pytest.mark.parametrize("transform", [Standardize("x"), MinMax("x", clip=False)], ids=str)
def test_column_without_values_changes_nothing(transform: Transform):
    assert of(fit(transform, frame(None)), 3.0, None) == [3.0, None]


def test_spread_too_small_to_divide_by_is_no_spread():
    assert of(fit(Standardize("x"), frame(0.0, 5e-324)), 1.0) == [1.0]


def test_min_max_clips_unless_told_not_to():
    clipped, free = (fit(MinMax("x", clip=clip), frame(2.0, 4.0)) for clip in (True, False))
    assert of(clipped, 1.0, 2.0, 3.0, 9.0, -math.inf, math.inf) == [0.0, 0.0, 0.5, 1.0, 0.0, 1.0]
    assert of(free, 1.0, 3.0, 9.0, -math.inf) == [-0.5, 0.5, 3.5, -math.inf]


@pytest.mark.parametrize("clip", [True, False])
def test_min_max_of_a_range_wider_than_a_float(clip: bool):
    fitted = fit(MinMax("x", clip=clip), frame(-1.7e308, 1.7e308))
    assert of(fitted, -1.7e308, 0.0, 1.7e308) == [0.0, 0.5, 1.0]
    assert fitted.transform_row({"x": 1.7e308}) == {"x__minmax": 1.0}


def test_extremes_that_were_not_fitted_overflow_to_infinity():
    assert of(fit(Standardize("x"), frame(0.0, 1e-200)), 1e300, -1e300) == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("value", "log"),
    [
        (0.0, 0.0),
        (-1.0, None),
        (-2.0, None),
        (math.inf, math.inf),
        (math.nan, None),
        (None, None),
        (-0.5, math.log(0.5)),
    ],
)
def test_log1p_has_a_value_only_above_minus_one(value: float | None, log: float | None):
    assert of(fit(Log1p("x"), frame()), value) == [None if log is None else single(log)]


def test_log1p_keeps_small_numbers_and_the_sign_of_zero():
    assert of(fit(Log1p("x"), frame()), 1e-20) == [single(1e-20)]
    (zero,) = of(fit(Log1p("x"), frame()), -0.0)
    assert zero is not None
    assert math.copysign(1.0, zero) == -1.0


def test_outputs_are_single_precision():
    for transform in (Standardize("x"), MinMax("x"), Log1p("x")):
        assert fit(transform, frame(1.0)).schema == {transform.makes[0]: pl.Float32}
