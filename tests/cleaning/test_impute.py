import math

import polars as pl
import pytest

from featurelib.cleaning import Impute
from featurelib.errors import ParameterError
from featurelib.transforms import fit

FRAME = pl.DataFrame(
    {"x": [4.0, None, math.nan, 1.0, math.inf], "t": ["b", None, "a", "", ""], "n": [7, 7, None, 1, 2]}
)


def filled(cleaner: Impute, frame: pl.DataFrame = FRAME) -> list[object]:
    return fit(cleaner, frame).transform(frame)[cleaner.column].to_list()


def test_nan_is_missing_and_infinity_is_not():
    assert filled(Impute("x", value=9)) == [4.0, 9.0, 9.0, 1.0, math.inf]


def test_mean_leaves_infinity_out_and_median_counts_it():
    assert filled(Impute("x", by="mean"))[1] == 2.5
    assert filled(Impute("x", by="median"))[1] == 4.0


def test_median_of_an_even_number_is_the_lower_one():
    assert filled(Impute("x", by="median"), pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, None]}))[-1] == 2.0


def test_mode_is_the_most_frequent_text_with_ties_by_the_text():
    assert filled(Impute("t", by="mode")) == ["b", "", "a", "", ""]
    assert filled(Impute("t", by="mode"), pl.DataFrame({"t": ["b", "a", None]}))[-1] == "a"
    assert filled(Impute("n", by="mode")) == ["7", "7", "7", "1", "2"]


def test_empty_text_is_not_missing():
    assert filled(Impute("t", value="none")) == ["b", "none", "a", "", ""]


def test_indicator_marks_null_and_nan():
    program = fit(Impute("x", by="mean", indicator=True), FRAME)
    assert program.transform(FRAME)["x__missing"].to_list() == [0, 1, 1, 0, 0]
    assert program.outputs == ("x__missing", "x")
    assert program.transform_row({"x": math.nan}) == {"x__missing": 1, "x": 2.5}


@pytest.mark.parametrize(("by", "value"), [("mean", 0.0), ("median", 0.0), ("mode", "")])
def test_nothing_learned_fills_with_zero_or_the_empty_text(by: str, value: object):
    frame = pl.DataFrame({"x": [None, None]})
    assert filled(Impute("x", by=by), frame) == [value, value]


@pytest.mark.parametrize("given", [{}, {"value": 1.0, "by": "mean"}])
def test_exactly_one_of_value_and_rule_is_given(given: dict[str, object]):
    with pytest.raises(ParameterError, match=r"Impute\(column='x'.*value must be given, or else `by`, but not both"):
        Impute("x", **given)  # type: ignore[arg-type]  # the test is that it is refused


def test_unknown_rule_is_refused_with_those_known():
    with pytest.raises(ParameterError, match="by must be one of mean, median, mode, got 'max'"):
        Impute("x", by="max")


def test_value_that_is_missing_itself_is_refused():
    with pytest.raises(ParameterError, match="value must be a value that is not missing itself, got nan"):
        Impute("x", value=math.nan)
