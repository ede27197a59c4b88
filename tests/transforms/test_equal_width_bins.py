import math

import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.program import Program
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import EqualWidthBins, fit

test_contract = transform_contract({"five": EqualWidthBins("x", bins=5), "of two bytes": EqualWidthBins("x", bins=300)})


def program(*values: float | None, bins: int = 4) -> Program:
    return fit(EqualWidthBins("x", bins=bins), pl.DataFrame({"x": values}, schema={"x": pl.Float64}))


def bins_of(fitted: Program, *values: float | None) -> list[int]:
    return fitted.transform(pl.DataFrame({"x": values}, schema={"x": pl.Float64}))["x__bin"].to_list()


def test_bins_are_half_open_and_the_largest_value_lies_in_the_last():
    assert bins_of(program(0.0, 8.0), 0.0, 1.99, 2.0, 6.0, 8.0, None) == [1, 1, 2, 4, 4, 0]


def test_values_beyond_the_range_fall_in_the_end_bins():
    assert bins_of(program(0.0, 8.0), -1.0, 9.0, -math.inf, math.inf, math.nan) == [1, 4, 1, 4, 0]


def test_infinity_is_left_out_of_the_range():
    assert program(0.0, 8.0, math.inf, -math.inf) == program(0.0, 8.0)


@pytest.mark.parametrize("values", [(), (None,), (3.0, 3.0), (math.inf,)])
def test_column_without_a_range_has_one_bin(values: tuple[float | None, ...]):
    assert bins_of(program(*values), -5.0, 3.0, 9.0, None) == [1, 1, 1, 0]


def test_range_wider_than_a_float_still_has_even_bins():
    assert bins_of(program(-1.7e308, 1.7e308), -1.7e308, -1e308, -1e307, 1e307, 1.7e308) == [1, 1, 2, 3, 4]


def test_range_narrower_than_the_bins_loses_the_empty_ones():
    assert bins_of(program(0.0, 5e-324), 0.0, 5e-324)[0] == 1
    assert bins_of(program(0.0, 5e-324), 5e-324)[0] <= 4


def test_type_follows_the_number_of_bins():
    assert program(0.0, 1.0, bins=255).schema == {"x__bin": pl.UInt8}
    assert program(0.0, 1.0, bins=256).schema == {"x__bin": pl.UInt16}


@pytest.mark.parametrize("bins", [1, 0, 65_536])
def test_number_of_bins_out_of_range_is_refused(bins: int):
    with pytest.raises(ParameterError, match=rf"EqualWidthBins\(.*bins must be from 2 to 65535, got {bins}"):
        EqualWidthBins("x", bins=bins)
