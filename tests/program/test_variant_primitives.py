import math
from dataclasses import fields

import polars as pl
import pytest

from featurelib.program.hashing import hash_text
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import BinSearchVariant, DaysBefore, Fold, VariantPlace

INF = math.inf


@pytest.mark.parametrize(
    "step",
    [Fold(5, -7, 2**60), DaysBefore((1, 2**60)), VariantPlace(3), BinSearchVariant((0.5, -1.0, 0.1), (1, 0, 2))],
    ids=lambda step: step.op,
)
def test_description_and_tables_make_the_same_primitive(step: Primitive):
    assert Primitive.from_json(step.to_json(), step.tables()) == step
    assert {*step.to_json(), *step.tables()} == {"op", *(field.name for field in fields(step))}


@pytest.mark.parametrize(
    ("key", "time", "fold"),
    [
        ("a", 10, hash_text("a") % 4),
        ("a", 9, 4),
        ("a", 19, hash_text("a") % 4),
        ("a", 20, 4),
        ("a", None, 4),
        (None, 10, 0),
        (None, None, 4),
        ("", 10, hash_text("") % 4),
    ],
)
def test_fold_is_told_within_the_span_and_nowhere_else(key: str | None, time: int | None, fold: int):
    step = Fold(4, 10, 20)
    frame = pl.DataFrame({"k": [key], "t": [time]}, schema={"k": pl.String, "t": pl.Int64})
    assert step.row()(key, time) == fold
    assert frame.select(step.expr(pl.col("k"), pl.col("t"))).item() == fold


@pytest.mark.parametrize(("time", "number"), [(-(2**62), 0), (4, 0), (5, 1), (6, 1), (7, 2), (2**62, 2), (None, 2)])
def test_days_that_end_at_the_time_are_before_it(time: int | None, number: int):
    step = DaysBefore((5, 7))
    frame = pl.DataFrame({"t": [time]}, schema={"t": pl.Int64})
    assert step.row()(time) == frame.select(step.expr(pl.col("t"))).item() == number
    assert DaysBefore(()).row()(time) == 0


@pytest.mark.parametrize(
    ("value", "variant", "number"),
    [(0.0, 0, 1), (0.5, 0, 2), (INF, 1, 1), (-INF, 2, 1), (-0.5, 2, 2), (INF, 2, 3), (None, 2, 0), (None, 1, 0)],
)
def test_bins_are_those_of_the_variant(value: float | None, variant: int, number: int):
    step = BinSearchVariant((0.5, -1.0, 0.1), (1, 0, 2))
    frame = pl.DataFrame({"x": [value], "v": [variant]}, schema={"x": pl.Float64, "v": pl.Float64})
    assert step.row()(value, float(variant)) == number
    assert frame.select(step.expr(pl.col("x"), pl.col("v"))).item() == number


def test_bins_widen_their_type_only_when_a_variant_needs_it():
    edges = tuple(map(float, range(255)))
    assert BinSearchVariant(edges, (254, 1)).dtype == pl.UInt8
    assert BinSearchVariant(edges, (0, 255)).dtype == pl.UInt16


def test_place_of_a_pair_is_null_where_one_of_them_is():
    step = VariantPlace(4)
    frame = pl.DataFrame({"p": [0.0, 2.0, None, 1.0], "v": [3.0, 1.0, 0.0, None]})
    expected = [3, 9, None, None]
    assert frame.select(step.expr(pl.col("p"), pl.col("v"))).to_series().to_list() == expected
    assert [step.row()(*pair) for pair in frame.rows()] == expected
