import math
from fractions import Fraction

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.fitting import RankSummary


def of(values: list[float | None]) -> RankSummary:
    return RankSummary().of(pl.Series(values, dtype=pl.Float64))


def inverted_distribution(values: list[float], share: Fraction) -> float:
    """The slow oracle: walk up until enough of the rows are at or below."""
    for value in sorted(values):
        if Fraction(sum(other <= value for other in values), len(values)) >= share:
            return value
    raise AssertionError("no value reaches the share")


@given(
    st.lists(st.floats(allow_nan=False) | st.integers(0, 3).map(float), min_size=1, max_size=25),
    st.lists(st.tuples(st.integers(0, 100), st.just(100)), min_size=1, max_size=8),
)
def test_quantiles_are_the_inverted_distribution_function(values: list[float], shares: list[tuple[int, int]]):
    found = of(values).quantiles([above / below for above, below in shares])
    assert found == [inverted_distribution(values, Fraction(above, below)) for above, below in shares]


def test_float_share_means_the_decimal_that_it_shows():
    hundred = of([float(value) for value in range(1, 101)])
    assert hundred.quantiles([0.07, 0.14, 0.28, 0.29, 0.55, 0.57]) == [7, 14, 28, 29, 55, 57]
    assert hundred.quantiles([Fraction(7, 100), Fraction(1, 3), 1e-9]) == [7, 34, 1]


def test_ends_are_the_smallest_and_largest_value():
    assert of([3.0, 1.0, 2.0]).quantiles([0, 1]) == [1.0, 3.0]


def test_infinity_counts_and_null_does_not():
    summary = of([math.inf, None, 1.0, -math.inf])
    assert summary.rows == 3
    assert summary.quantiles([0.0, 0.5, 1.0]) == [-math.inf, 1.0, math.inf]


def test_no_values_have_no_quantiles():
    assert of([None]).quantiles([0.5]) == []
    assert RankSummary() == of([])


@pytest.mark.parametrize("zeros", [1, 50_000])
def test_up_to_4096_distinct_values_are_exact_however_crowded(zeros: int):
    values = [0.0] * zeros + [float(value) for value in range(1, 4_096)] * 2
    assert of(values).points.rows() == [(0.0, zeros), *((float(value), 2) for value in range(1, 4_096))]
