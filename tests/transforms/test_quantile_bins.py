import math
from collections import Counter

import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.program import Program
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import QuantileBins, fit

test_contract = transform_contract({"quantile bins": QuantileBins("x", bins=4)})


def program(values: list[float | None], *, bins: int) -> Program:
    return fit(QuantileBins("x", bins=bins), pl.DataFrame({"x": values}, schema={"x": pl.Float64}))


def bins_of(fitted: Program, *values: float | None) -> list[int]:
    return fitted.transform(pl.DataFrame({"x": values}, schema={"x": pl.Float64}))["x__bin"].to_list()


@pytest.mark.parametrize("bins", [2, 3, 7, 10, 100])
def test_bins_of_distinct_values_hold_equal_rows(bins: int):
    values: list[float | None] = [float(value) for value in range(bins * 40)]
    sizes = Counter(bins_of(program(values, bins=bins), *values))
    assert sizes == dict.fromkeys(range(1, bins + 1), 40)


@pytest.mark.parametrize(
    ("values", "bins", "sizes"),
    [
        ([0.0] * 51 + [1.0] * 49, 2, [51, 49]),
        ([0.0] * 49 + [1.0] * 51, 2, [49, 51]),
        ([0.0] * 60 + [1.0] * 20 + [2.0] * 20, 5, [60, 20, 20]),
        ([0.0] * 98 + [1.0, 2.0], 10, [98, 2]),
        ([1.0, 2.0, 3.0, 4.0], 4, [1, 1, 1, 1]),
    ],
    ids=["more zeros", "more ones", "counts", "rare", "a value each"],
)
def test_frequent_value_does_not_share_its_bin_where_another_edge_is_near(
    values: list[float | None], bins: int, sizes: list[int]
):
    assert [size for _, size in sorted(Counter(bins_of(program(values, bins=bins), *values)).items())] == sizes


def test_rows_of_more_values_than_a_summary_holds_are_parted_equally():
    values = [float(number) for number in range(40_000)]
    sizes = Counter(bins_of(program([*values], bins=8), *values))
    assert all(abs(size - 5_000) <= 16 for size in sizes.values())


def test_hundred_bins_of_a_hundred_values_have_a_bin_each():
    edges = program([float(value) for value in range(1, 101)], bins=100).chains[0].steps[0].to_json()["edges"]
    assert edges == [float(value) for value in range(2, 101)]


def test_frequent_value_takes_the_place_of_several_edges():
    assert bins_of(program([0.0] * 90 + [1.0, 2.0, 3.0, 4.0, 5.0] * 2, bins=10), -1.0, 0.0, 1.0, 5.0) == [1, 1, 2, 2]


def test_infinity_counts_as_rows_and_is_never_an_edge():
    fitted = program([-math.inf, 1.0, 2.0, math.inf], bins=4)
    assert fitted.chains[0].steps[0].to_json()["edges"] == [1.0, 2.0]
    assert bins_of(fitted, -math.inf, 0.0, 1.0, 2.0, math.inf) == [1, 1, 2, 3, 3]


@pytest.mark.parametrize("values", [[], [None], [math.nan], [math.inf]])
def test_column_without_finite_values_has_one_bin(values: list[float | None]):
    assert bins_of(program(values, bins=5), -1.0, 1.0, None) == [1, 1, 0]


def test_constant_column_has_one_bin():
    assert bins_of(program([3.0] * 5, bins=5), 2.9, 3.0, 4.0, None) == [1, 1, 1, 0]


def test_number_of_bins_out_of_range_is_refused():
    with pytest.raises(
        ParameterError, match=r"QuantileBins\(column='x', bins=1\): bins must be from 2 to 65535, got 1"
    ):
        QuantileBins("x", bins=1)
