import math
from dataclasses import fields

import numpy as np
import polars as pl
import pytest

from featurelib.errors import ProgramError
from featurelib.program.primitive import REGISTRY, Cells, Primitive
from featurelib.program.primitives import (
    Affine,
    BinSearch,
    Clip,
    FillNull,
    Gather,
    Index,
    IsAmong,
    JoinText,
    Log1pStep,
    NormalizeText,
    Number,
    Text,
    ToFloat32,
    __all__,
)

INF = math.inf


def test_every_primitive_is_known_by_its_name():
    assert {kind.__name__ for kind in REGISTRY.values()} >= set(__all__)
    assert all(REGISTRY[name].op == name for name in REGISTRY)


@pytest.mark.parametrize(
    "step",
    [
        Affine(0.1, 3.0),
        BinSearch((0.0, 1.5)),
        Clip(None, 2.0),
        FillNull(0.5),
        Gather((0.0, 0.1)),
        Index(("", "é"), 1, None, 0),
        Index(("", "é", "a"), 4, buckets=3, retired=(0, 2)),
        IsAmong(("", "é"), inverted=True),
    ],
)
def test_description_and_tables_make_the_same_primitive(step: Primitive):
    assert Primitive.from_json(step.to_json(), step.tables()) == step
    assert {*step.to_json(), *step.tables()} == {"op", *(field.name for field in fields(step))}


def test_unknown_primitive_is_refused_with_those_known():
    with pytest.raises(ProgramError, match=r"uses primitive 'teleport'.*knows affine, bin_search.*or newer"):
        Primitive.from_json({"op": "teleport"}, {})


def test_primitive_with_other_constants_is_refused():
    with pytest.raises(ProgramError, match="primitive 'clip' has other constants than this featurelib"):
        Primitive.from_json({"op": "clip", "lower": 0.0, "upper": 1.0, "soft": True}, {})


def test_affine_multiplies_by_the_reciprocal_as_polars_does():
    third = Affine(0.0, 1 / 3)
    values = [float(value) for value in range(1, 200)]
    column = pl.DataFrame({"x": values}).select(third.expr(pl.col("x")))["x"].to_list()
    assert column == [third.row()(value) for value in values]
    assert column != [value / 3 for value in values]


@pytest.mark.parametrize(
    ("value", "number"),
    [(-INF, 1), (-0.5, 1), (-0.0, 2), (0.0, 2), (0.5, 2), (1.0, 3), (INF, 3), (None, 0)],
)
def test_bins_are_half_open_with_zero_for_missing(value: float | None, number: int):
    assert BinSearch((0.0, 1.0)).row()(value) == number


def test_bins_widen_their_type_only_when_they_must():
    assert BinSearch(tuple(map(float, range(254)))).dtype == pl.UInt8
    assert BinSearch(tuple(map(float, range(255)))).dtype == pl.UInt16


def test_clip_to_zero_leaves_negative_zero_alone_everywhere():
    clip = Clip(0.0, 0.0)
    frame = pl.DataFrame({"x": [-0.0]})
    results = [
        clip.row()(-0.0),
        frame.select(clip.expr(pl.col("x"))).item(),
        clip.array(Cells.of([-0.0])).to_list()[0],
    ]
    assert [math.copysign(1.0, result) for result in results] == [-1.0] * 3


@pytest.mark.parametrize(("value", "log"), [(-1.0, None), (-INF, None), (None, None), (INF, INF), (0.0, 0.0)])
def test_log1p_is_missing_where_it_has_no_value(value: float | None, log: float | None):
    assert Log1pStep().row()(value) == log


def test_single_precision_overflows_to_infinity_and_rounds_to_nearest():
    row = ToFloat32().row()
    assert row(1e300) == INF
    assert row(0.1) == float(np.float32(0.1))
    assert row(None) is None


@pytest.mark.parametrize(
    ("value", "number"), [(True, 1.0), (2**53 + 1, 2.0**53), (np.float32(0.5), 0.5), (np.nan, None)]
)
def test_number_reads_what_counts(value: object, number: float | None):
    assert Number().row()(value) == number


@pytest.mark.parametrize("value", ["3", b"3", [3.0], 3j])
def test_number_refuses_what_only_looks_like_one(value: object):
    with pytest.raises(TypeError, match=r".+"):
        Number().row()(value)


@pytest.mark.parametrize(
    ("value", "text"), [(True, "true"), (-7, "-7"), (2**64, str(2**64)), ("007", "007"), (None, None)]
)
def test_text_is_canonical(value: object, text: str | None):
    assert Text().row()(value) == text


def test_text_of_a_subclass_of_str_is_the_plain_text():
    assert type(Text().row()(np.str_("a"))) is str


@pytest.mark.parametrize("value", [1.0, float("nan"), b"a"])
def test_text_refuses_floats_and_bytes(value: object):
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        Text().row()(value)


def test_index_without_terms_knows_nothing():
    step = Index(())
    frame = pl.DataFrame({"t": ["a", "", None]})
    assert frame.select(step.expr(pl.col("t"))).to_series().to_list() == [1, 1, 0]


def test_joined_text_is_null_if_a_part_is():
    assert JoinText().row()("a", None) is None
    assert JoinText().row()("", "") == "\x1f"


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ΟΔΟΣ", "οδος"),  # the last sigma of a word
        ("İ", "i̇"),
        ("ﬁ", "fi"),
        ("Ｋ\u3000Ｋ", "k k"),
        ("\t a \n b \x0b\x0c", "a b"),
        ("e\u0301", "é"),
        (" \u00a0 ", ""),
    ],
)
def test_normal_text_follows_the_tables_of_python(text: str, normal: str):
    step = NormalizeText()
    assert step.row()(text) == normal
    assert pl.DataFrame({"t": [text]}).select(step.expr(pl.col("t"))).item() == normal


def test_cells_turn_into_arrays_and_back():
    cells = Cells.of([1.0, None, -0.0])
    assert cells.values.tolist()[0] == 1.0
    assert cells.valid.tolist() == [True, False, True]
    assert Cells(cells.values, cells.valid).to_list() == [1.0, None, -0.0]


def test_nan_that_a_step_makes_falls_in_the_missing_bin():
    step, values = BinSearch((0.0, 1.0)), [math.nan, 0.5] * 3_000  # enough for the table to be used
    column = pl.DataFrame({"x": values}).select(step.expr(pl.col("x"))).to_series()
    batch = step.array(Cells(np.array(values), np.ones(len(values), dtype=bool)))
    assert [step.row()(value) for value in values[:2]] == [0, 2]
    assert column.to_list() == batch.to_list() == [0, 2] * 3_000
