import polars as pl
import pytest

from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.program import Chain
from featurelib.program.primitives import Affine, BinSearch, Clip, HashBucket, IsMissing, JoinText, ToFloat32


def test_step_of_another_kind_than_the_one_before_is_refused():
    with pytest.raises(DeclarationError, match="chain 'x': step hash_bucket takes a text, got a number"):
        Chain("x", ("a",), "number", (HashBucket(3),))
    with pytest.raises(DeclarationError, match="step clip takes a number, got a text"):
        Chain("x", ("a", "b"), "text", (JoinText(), Clip(0.0, None)))


def test_step_that_takes_anything_fits_both_views():
    assert Chain("x", ("a",), "number", (IsMissing(),)).row()({"a": float("nan")}) == 1
    assert Chain("x", ("a",), "text", (IsMissing(),)).row()({"a": ""}) == 0


def test_type_is_the_one_of_the_last_step_or_of_the_view():
    assert Chain("x", ("a",), "number", (Affine(0.0, 1.0), ToFloat32())).dtype == pl.Float32
    assert Chain("x", ("a",), "number", ()).dtype == pl.Float64
    assert Chain("x", ("a",), "text", ()).dtype == pl.String


@pytest.mark.parametrize("dtype", [pl.Float32(), pl.UInt64(), pl.Boolean(), pl.Null(), pl.Decimal(10, 2)])
def test_number_view_reads_numbers_and_booleans(dtype: pl.DataType):
    Chain("x", ("a",), "number", (Clip(0.0, None),)).check_input("a", dtype, where="the frame")


@pytest.mark.parametrize(
    "dtype", [pl.String(), pl.Int8(), pl.Boolean(), pl.Null(), pl.Categorical(), pl.Enum(["a"]), pl.Enum([])]
)
def test_text_view_reads_texts_categories_integers_and_booleans(dtype: pl.DataType):
    Chain("x", ("a",), "text", (HashBucket(3),)).check_input("a", dtype, where="the frame")


@pytest.mark.parametrize("dtype", [pl.String(), pl.Date(), pl.Datetime("us"), pl.Duration("us"), pl.List(pl.Int8())])
def test_number_view_refuses_what_is_no_number(dtype: pl.DataType):
    with pytest.raises(ColumnTypeError, match="x needs column 'a' of the frame to be a number or boolean, got"):
        Chain("x", ("a",), "number", (Clip(0.0, None),)).check_input("a", dtype, where="the frame")


def test_text_view_refuses_a_float_and_says_what_to_do():
    with pytest.raises(ColumnTypeError, match=r"to be text, integer or boolean, got Float64\. Bin a float before"):
        Chain("x", ("a",), "text", (HashBucket(3),)).check_input("a", pl.Float64(), where="the frame")


def test_one_row_goes_through_all_steps_in_order():
    steps = (Clip(0.0, 10.0), Affine(5.0, 0.5), BinSearch((0.0, 1.0)))
    row = Chain("x", ("a",), "number", steps).row()
    assert [row({"a": value}) for value in (-3, 5, 100, None)] == [1, 2, 3, 0]
