from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.program import Chain, Program, load, save
from featurelib.program.chain import VIEWS
from featurelib.program.primitives import Elapsed, Matches, ToFloat32
from featurelib.testing.columns import TYPES, frames
from featurelib.testing.contracts import check_evaluators

MORE: dict[str, list[pl.DataType]] = {
    "time": [pl.Datetime("ns", "Europe/Berlin"), pl.Null()],
    "texts": [pl.List(pl.Categorical()), pl.List(pl.Enum(["", "a", "é"])), pl.List(pl.Null()), pl.Null()],
    "numbers": [pl.List(pl.UInt64()), pl.List(pl.Boolean()), pl.List(pl.Decimal(38, 3)), pl.List(pl.Null()), pl.Null()],
}
CASES = [(kind, dtype) for kind in MORE for dtype in (*TYPES[kind], *MORE[kind])]


@pytest.mark.parametrize("place", range(len(CASES)))
@given(data=st.data())
@settings(max_examples=10)
def test_every_type_is_viewed_alike_in_columns_and_rows(place: int, data: st.DataObject):
    kind, dtype = CASES[place]
    frame = data.draw(frames({"a": dtype}))
    check_evaluators(Program.of([Chain("x", ("a",), kind, ())], frame.schema, ["x"]), frame)


def view(kind: str, value: Any) -> Any:
    return Chain("x", ("a",), kind, ()).row()({"a": value})


def test_times_are_microseconds_since_1970_rounded_down():
    at = datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    assert view("time", at) == view("time", at.astimezone(ZoneInfo("Asia/Kolkata"))) == -1
    nanoseconds = pl.DataFrame({"a": pl.Series([-1, -1001, 1999], dtype=pl.Int64).cast(pl.Datetime("ns", "UTC"))})
    program = Program.of([Chain("x", ("a",), "time", ())], nanoseconds.schema, ["x"])
    assert program.transform(nanoseconds)["x"].to_list() == [-1, -2, 1]
    assert view("time", pd.Timestamp(-1001, tz="UTC")) == -2
    assert view("time", pd.NaT) is None


def test_hour_that_the_clock_shows_twice_is_two_instants():
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    assert view("time", first.replace(fold=1)) - view("time", first) == timedelta(hours=1) // timedelta(microseconds=1)


def test_lists_come_as_lists_tuples_and_arrays():
    for values in ([1, 2], (1, 2), np.array([1, 2])):
        assert view("texts", values) == ["1", "2"]
        assert view("numbers", values) == [1.0, 2.0]
    assert view("numbers", [float("nan"), None, True]) == [None, None, 1.0]
    assert view("texts", []) == view("numbers", []) == []
    assert view("texts", None) is view("numbers", None) is view("time", None) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("time", "2026-11-01"),
        ("time", 0),
        ("time", datetime(2026, 11, 1)),  # noqa: DTZ001
        ("texts", "a"),
        ("texts", {"a"}),
        ("texts", [1.5]),
        ("texts", np.float64(1)),
        ("numbers", 1.0),
        ("numbers", ["1"]),
    ],
)
@pytest.mark.parametrize("rows", [1, 50])
def test_row_of_another_kind_of_value_is_refused(kind: str, value: object, rows: int):
    program = Program((Chain("x", ("a",), kind, ()),), {"a": pl.Null()}, ("x",))
    with pytest.raises(ColumnTypeError, match=f"x needs column 'a' of the row to be {VIEWS[kind].want}, got"):
        program.transform_rows([{"a": None}] * (rows - 1) + [{"a": value}])


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("time", pl.Datetime("us")),
        ("time", pl.Date()),
        ("time", pl.Int64()),
        ("texts", pl.String()),
        ("texts", pl.List(pl.Float64())),
        ("texts", pl.List(pl.List(pl.String()))),
        ("numbers", pl.List(pl.String())),
        ("numbers", pl.Float64()),
        ("number", pl.List(pl.Float64())),
        ("text", pl.List(pl.String())),
    ],
)
def test_column_of_another_type_is_refused(kind: str, dtype: pl.DataType):
    with pytest.raises(ColumnTypeError, match="x needs column 'a' of the frame to be"):
        Chain("x", ("a",), kind, ()).check_input("a", dtype, where="the frame")


def test_each_column_has_a_view_of_its_own():
    chain = Chain("x", ("a", "b"), ("text", "texts"), (Matches("count"), ToFloat32()))
    assert chain.kinds == ("text", "texts")
    assert chain.row()({"a": 7, "b": ["7", 7]}) == 2
    assert chain.to_json()["view"] == ["text", "texts"]
    with pytest.raises(ColumnTypeError, match="to be a list of texts, integers or booleans, got String"):
        chain.check_input("b", pl.String(), where="the frame")


def test_views_that_are_all_the_same_are_written_as_one():
    one, each = (Chain("x", ("a", "b"), view, (Elapsed(),)) for view in ("time", ("time", "time")))
    assert one == each
    assert each.to_json()["view"] == "time"


def test_views_that_do_not_fit_the_columns_or_the_step_are_refused():
    with pytest.raises(DeclarationError, match=r"views \('a', 'b'\) as \('text',\); give one for all, or one for each"):
        Chain("x", ("a", "b"), ("text",), (Matches("count"),))
    with pytest.raises(DeclarationError, match=r"views .* as 'duration'"):
        Chain("x", ("a",), "duration", ())
    with pytest.raises(DeclarationError, match="step matches takes a text, texts, got a texts, text"):
        Chain("x", ("a", "b"), ("texts", "text"), (Matches("count"),))
    with pytest.raises(DeclarationError, match="step elapsed takes a time, time, got a time"):
        Chain("x", ("a",), "time", (Elapsed(),))


def test_saved_program_keeps_views_and_types_of_inputs(tmp_path: Any):
    schema = {
        "a": pl.Enum(["z"]),
        "b": pl.List(pl.Categorical()),
        "s": pl.Datetime("ms", "Asia/Tokyo"),
        "t": pl.Datetime("ns", "UTC"),
        "v": pl.Array(pl.Decimal(9, 2), 3),
    }
    chains = [
        Chain("x", ("a", "b"), ("text", "texts"), (Matches("last"),)),
        Chain("y", ("s", "t"), "time", (Elapsed(),)),
        Chain("z", ("v",), "numbers", ()),
    ]
    program = Program.of(chains, schema, ["x", "y", "z"])
    stored = load(tmp_path, save(program, tmp_path))
    assert stored.chains == program.chains
    assert stored.fingerprint == program.fingerprint
    assert dict(stored.inputs) == {
        "a": pl.String(),
        "b": pl.List(pl.String()),
        "s": pl.Datetime("us", "UTC"),
        "t": pl.Datetime("us", "UTC"),
        "v": pl.List(pl.Float64()),
    }


def test_pandas_lists_and_times_are_read():
    at = datetime(2026, 11, 1, tzinfo=UTC)
    frame = pl.DataFrame({"a": ["1", "2"], "b": [[1, 1], None], "s": [at, None], "t": [at + timedelta(seconds=1)] * 2})
    chains = [
        Chain("x", ("a", "b"), ("text", "texts"), (Matches("count"),)),
        Chain("y", ("s", "t"), "time", (Elapsed(),)),
    ]
    program = Program.of(chains, frame.schema, ["x", "y"])
    made = program.transform(frame.to_pandas())
    assert program.transform(frame).rows() == [(2.0, 1e6), (None, None)]
    assert made["x"].tolist()[0] == 2
    assert made["y"].tolist()[0] == 1e6
    assert program.transform(frame.to_arrow()).to_pydict() == {"x": [2.0, None], "y": [1e6, None]}
