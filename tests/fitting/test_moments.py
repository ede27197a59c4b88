import math
import statistics
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.fitting import Moments

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def of(values: list[float | None]) -> Moments:
    return Moments().of(pl.Series(values, dtype=pl.Float64))


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_mean_is_the_correctly_rounded_one(values: list[float]):
    assert of(values).mean == float(sum(map(Fraction, values)) / len(values))


@given(st.lists(FINITE, min_size=1, max_size=30))
def test_std_is_within_one_last_bit_of_the_exact_one(values: list[float]):
    exact = statistics.pstdev(map(Fraction, values))
    std = of(values).std
    assert std is not None
    assert abs(std - float(exact)) <= math.ulp(float(exact))


@given(st.lists(FINITE, max_size=30))
def test_sums_are_exact_integers(values: list[float]):
    moments = of(values)
    assert Fraction(moments.total, 2**1126) == sum(map(Fraction, values))
    assert Fraction(moments.squares, 2**2252) == sum(Fraction(value) ** 2 for value in values)


def test_cancellation_loses_nothing():
    assert of([1e308, 1.0, -1e308]).mean == 1 / 3
    assert of([1e16, 1e16 + 2]).std == 1.0


def test_constant_column_has_no_spread_at_all():
    assert of([0.1] * 1000).std == 0.0
    assert of([0.1] * 1000).mean == 0.1


def test_infinite_and_missing_values_are_counted_and_left_out():
    moments = of([math.inf, -math.inf, None, 2.0])
    assert (moments.rows, moments.missing, moments.infinite, moments.count) == (4, 1, 2, 1)
    assert (moments.mean, moments.smallest, moments.largest) == (2.0, 2.0, 2.0)


@pytest.mark.parametrize("values", [[], [None], [math.inf]])
def test_without_finite_values_there_is_no_mean(values: list[float | None]):
    moments = of(values)
    assert (moments.mean, moments.std, moments.smallest, moments.largest) == (None, None, None, None)


def test_zeros_of_both_signs_leave_equal_states():
    assert str(of([-0.0])) == str(of([0.0]))


def test_more_rows_than_one_chunk_are_still_exact():
    size = 2**20 + 3
    moments = Moments().of(pl.Series([1.1]).new_from_index(0, size))
    assert Fraction(moments.total, 2**1126) == Fraction(1.1) * size
    assert moments.mean == 1.1
