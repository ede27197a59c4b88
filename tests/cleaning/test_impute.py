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


GROUPS = pl.DataFrame(
    {
        "g": ["a", "a", "a", "a", "b", "b", "c", None, None, ""],
        "x": [1.0, 2.0, 6.0, None, 10.0, None, None, 100.0, None, None],
        "t": ["p", "q", "q", None, "r", None, None, "q", None, None],
    }
)


def test_groups_have_their_own_mean_and_others_that_of_all_rows():
    assert filled(Impute("x", by="mean", within="g"), GROUPS) == [
        1.0, 2.0, 6.0, 3.0, 10.0, 10.0, 23.8, 100.0, 23.8, 23.8,
    ]  # fmt: skip


def test_groups_have_their_own_median_and_mode():
    assert filled(Impute("x", by="median", within="g"), GROUPS)[3:] == [2.0, 10.0, 10.0, 6.0, 100.0, 6.0, 6.0]
    assert filled(Impute("t", by="mode", within="g"), GROUPS)[3:] == ["q", "r", "r", "q", "q", "q", "q"]


def test_group_that_was_not_fitted_gets_the_value_of_all_rows():
    program = fit(Impute("x", by="mean", within="g", indicator=True), GROUPS)
    assert program.transform_row({"x": None, "g": "new"}) == {"x__missing": 1, "x": 23.8}
    assert program.transform_row({"x": 0.0, "g": "new"}) == {"x__missing": 0, "x": 0.0}


def test_group_with_nothing_but_infinity_has_no_mean():
    frame = pl.DataFrame({"g": ["a", "a", "b"], "x": [math.inf, None, 4.0]})
    assert filled(Impute("x", by="mean", within="g"), frame) == [math.inf, 4.0, 4.0]
    assert filled(Impute("x", by="median", within="g"), frame) == [math.inf, math.inf, 4.0]


@pytest.mark.parametrize("given", [{"value": 1.0, "within": "g"}, {"by": "mean", "within": "x"}], ids=str)
def test_group_beside_a_constant_or_the_column_itself_is_refused(given: dict[str, object]):
    with pytest.raises(ParameterError, match="within must be another column, beside `by`"):
        Impute("x", **given)  # type: ignore[arg-type]  # the test is that it is refused


@pytest.mark.parametrize(("by", "fill"), [("mean", 23.8), ("median", 6.0)])
def test_group_of_too_few_rows_gets_the_value_of_all_rows(by: str, fill: float):
    made = filled(Impute("x", by=by, within="g", min_count=2), GROUPS)
    assert (made[3], made[5]) == ({"mean": 3.0, "median": 2.0}[by], fill)


def test_group_of_too_few_texts_gets_the_text_of_all_rows():
    assert filled(Impute("t", by="mode", within="g", min_count=2), GROUPS)[3:6] == ["q", "r", "q"]


@pytest.mark.parametrize("given", [{"within": "g", "min_count": 0}, {"min_count": 2}], ids=str)
def test_least_rows_out_of_place_are_refused(given: dict[str, object]):
    with pytest.raises(ParameterError, match="min_count must be at least 1, beside `within`"):
        Impute("x", by="mean", **given)  # type: ignore[arg-type]  # the test is that it is refused
