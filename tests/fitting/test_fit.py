import polars as pl
import pytest

from featurelib.cleaning import Impute, Normalize, Winsorize
from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError
from featurelib.fitting import Survey, fit, learn
from featurelib.fitting.state import State
from featurelib.transforms import (
    EqualWidthBins,
    Feature,
    HashedCross,
    Log1p,
    MinMax,
    QuantileBins,
    Standardize,
    Vocabulary,
)

FRAME = pl.DataFrame({"x": [1.0, 2.0, 3.0, 1000.0], "t": ["Ａ", "a", None, "b"]})


def test_operator_learns_from_what_those_before_it_made():
    program = fit([Winsorize("x", upper=0.75), Standardize("x")], FRAME)
    alone = fit(Standardize("x"), FRAME.with_columns(x=pl.Series([1.0, 2.0, 3.0, 3.0])))
    assert (
        program.transform(FRAME)["x__z"].to_list()
        == alone.transform(FRAME.with_columns(x=pl.col("x").clip(0, 3)))["x__z"].to_list()
    )


def test_operator_does_not_see_repairs_after_it():
    program = fit([Standardize("x"), Winsorize("x", upper=0.75), Feature("late", Standardize("x"))], FRAME)
    assert program.transform(FRAME)["x__z"].to_list() == fit(Standardize("x"), FRAME).transform(FRAME)["x__z"].to_list()
    assert program.transform(FRAME)["late"].to_list() != program.transform(FRAME)["x__z"].to_list()


def test_three_repairs_of_one_column_apply_in_order():
    operators = [Impute("t", value="ｂ "), Normalize("t"), Vocabulary("t")]
    program = fit(operators, FRAME)
    assert program.transform(FRAME).to_dict(as_series=False) == {"t": ["a", "a", "b", "b"], "t__index": [2, 2, 3, 3]}
    assert program.transform_row({"t": " A"}) == {"t": "a", "t__index": 2}


def test_data_is_looked_at_once_for_each_level_of_dependence():
    looks: list[Survey] = []

    def survey(asked: Survey) -> list[State]:
        looks.append(asked)
        return asked.of(FRAME.lazy())

    learn([Standardize("x"), QuantileBins("x", bins=2), Vocabulary("t")], survey)
    assert len(looks) == 1
    looks.clear()
    learn([Impute("x", by="mean"), Winsorize("x", upper=0.9), Standardize("x"), Vocabulary("t")], survey)
    assert [len(look.requests) for look in looks] == [2, 1, 1]
    looks.clear()
    learn([Log1p("x"), HashedCross(["t", "u"], buckets=3)], survey)
    assert looks == []


def test_indicator_reads_the_column_before_the_repair():
    program = fit(Impute("x", value=0.0, indicator=True), FRAME)
    assert program.transform_row({"x": None}) == {"x__missing": 1, "x": 0.0}


def test_missing_column_names_the_operator():
    with pytest.raises(
        ColumnMissingError, match=r"Vocabulary\(column='tt'.*\) reads column 'tt', which .* lacks\. Did you mean 't'"
    ):
        fit(Vocabulary("tt"), FRAME)
    with pytest.raises(ColumnMissingError, match="xx__log1p reads column 'xx'"):
        fit(Log1p("xx"), FRAME)


def test_column_of_the_wrong_type_names_the_operator():
    with pytest.raises(
        ColumnTypeError, match=r"Standardize\(column='t'\) needs column 't' .* a number or boolean, got String"
    ):
        fit(Standardize("t"), FRAME)
    with pytest.raises(ColumnTypeError, match=r"Vocabulary\(column='x'.* got Float64\. Bin a float before"):
        fit(Vocabulary("x"), FRAME)


def test_made_column_of_the_wrong_type_is_refused():
    with pytest.raises(ColumnTypeError, match="x__z_x_t__cross needs column 'x__z' of the program"):
        fit([Standardize("x"), HashedCross(["x__z", "t"], buckets=9)], FRAME)
    with pytest.raises(ColumnTypeError, match=r"Vocabulary\(column='x__z'.*got Float32"):
        fit([Standardize("x"), Vocabulary("x__z")], FRAME)
    with pytest.raises(ColumnTypeError, match=r"Standardize\(column='x'\).*got String"):
        fit([Impute("x", value="none"), Standardize("x")], FRAME.select(x=pl.lit(1)))


def test_two_operators_that_make_one_column_are_refused():
    with pytest.raises(
        DeclarationError, match=r"EqualWidthBins.* makes column 'x__bin', which QuantileBins.* made\. Name one"
    ):
        fit([QuantileBins("x", bins=3), EqualWidthBins("x", bins=3)], FRAME)
    program = fit([QuantileBins("x", bins=3), Feature("wide", EqualWidthBins("x", bins=3))], FRAME)
    assert program.outputs == ("x__bin", "wide")


def test_a_name_of_the_rows_that_was_given_to_something_else_is_not_read():
    rows = pl.DataFrame({"price": [1.0, 3.0], "dwell": [0.0, 10.0]})
    taken = Feature("price", Standardize("dwell"))
    complaint = (
        r"MinMax\(column='price'.*\) reads 'price', which the rows have, and which Feature\(name='price'.* makes of "
        r"other columns: which of them is meant cannot be told\. Give what is made another name"
    )
    with pytest.raises(DeclarationError, match=complaint):
        fit([taken, MinMax("price")], rows)
    behind = fit([MinMax("price"), taken], rows).transform_row({"price": 3.0, "dwell": 0.0})
    assert behind == {"price__minmax": 1.0, "price": -1.0}
    with pytest.raises(DeclarationError, match="name must be a text that is not empty, got ' '"):
        Feature(" ", Log1p("price"))
    repaired = fit([Feature("price", Log1p("price")), MinMax("price")], rows)  # it reads what it takes the name of
    assert repaired.transform_row({"price": 3.0})["price__minmax"] == 1.0
    assert fit([taken, MinMax("price")], rows.drop("price")).transform_row({"dwell": 10.0})["price__minmax"] == 1.0


def test_state_finds_its_columns_however_few_are_read_at_a_time(monkeypatch: pytest.MonkeyPatch):
    wide = pl.DataFrame({f"x{number}": [float(number), 0.0] for number in range(9)})
    operators = [Standardize(column) for column in wide.columns]
    whole = fit(operators, wide)
    monkeypatch.setattr("featurelib.fitting.survey._CELLS_AT_ONCE", 1)
    assert fit(operators, wide) == whole
