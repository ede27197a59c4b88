import polars as pl
import pytest

from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.program import Chain
from featurelib.program.hashing import hash_text
from featurelib.program.primitive import RowFunction
from featurelib.program.primitives import (
    Affine,
    BinSearch,
    Clip,
    Gather,
    HashBucket,
    Index,
    IsMissing,
    JoinText,
    ToFloat32,
)


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


@pytest.mark.parametrize("count", range(8))
def test_any_number_of_steps_is_one_function_of_the_row(count: int):
    row = Chain("x", ("a",), "number", (Affine(-1.0, 1.0),) * count).row()
    assert [row({"a": value}) for value in (0, 0.5, True, None, float("nan"))] == [
        *(count, count + 0.5, count + 1, None, None)
    ]


@pytest.mark.parametrize("columns", [("a", "b"), ("a", "b", "c")])
def test_row_joins_two_texts_or_more(columns: tuple[str, ...]):
    row = Chain("x", columns, "text", (JoinText(), HashBucket(1000), Affine(0.0, 2.0))).row()
    whole = {"a": "tv", "b": 7, "c": True, "d": None}
    joined = {2: "tv\x1f7", 3: "tv\x1f7\x1ftrue"}[len(columns)]
    assert row(whole) == 2.0 * (1 + hash_text(joined) % 1000)
    assert row({**whole, "b": None}) == 0


@pytest.mark.parametrize("size", [3, 200_001])
def test_what_follows_a_table_is_applied_to_its_values_once_if_it_is_small(size: int):
    calls = []

    class Counted(Affine):
        def row(self) -> RowFunction:
            function = super().row()
            return lambda value: calls.append(value) or function(value)

    steps = (Index(("a", "b")), Gather((None, 0.1, *[0.3] * (size - 2))), Counted(0.0, 3.0), ToFloat32())
    row = Chain("x", ("t",), "text", steps).row()
    made = [row({"t": text}) for text in (None, "unseen", "a", None)]
    assert made == [
        None,
        pl.Series([0.1 * 3.0], dtype=pl.Float32)[0],
        pl.Series([0.3 * 3.0], dtype=pl.Float32)[0],
        None,
    ]
    assert len(calls) == (3 if size == 3 else 4)
