from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError
from featurelib.online import OnlineStore, write_redis
from featurelib.online.values import decoder, encode, type_from_json, type_to_json
from featurelib.program import Chain, Program
from featurelib.program.primitives import Affine, HashBucket, Index, JoinText
from tests.online.exports import BY_ITEM, DECLARED, EMPTY, FRAMES, ROWS, expected, export, shown

PROGRAM = Program.of(
    [
        Chain("count_z", ("count",), "number", (Affine(1.0, 0.5),)),
        Chain("rate_z", ("rate",), "number", (Affine(0.1, 3.0),)),
        Chain("text_index", ("text",), "text", (Index(("", "null")),)),
        Chain("cross", ("item_id", "pair_count"), "text", (JoinText(), HashBucket(1000))),
    ],
    {"count": pl.Int64(), "rate": pl.Float64(), "text": pl.String(), "item_id": pl.String(), "pair_count": pl.Int64()},
    ["count_z", "rate_z", "text_index", "cross"],
)


@pytest.fixture(params=["folder", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> OnlineStore:
    export(tmp_path)
    if request.param == "folder":
        return OnlineStore.open(tmp_path)
    url = request.getfixturevalue("url")
    write_redis(tmp_path, url, expire="1h")
    return OnlineStore.redis(url, "shop")


def test_program_makes_of_the_rows_what_it_makes_of_a_sample(store: OnlineStore):
    samples = expected([row | {"item_id": row["item_id"] and str(row["item_id"])} for row in ROWS[:-2]])
    frame = pl.DataFrame({name: [row[name] for row in samples] for name in PROGRAM.inputs}, schema=dict(PROGRAM.inputs))
    offline = PROGRAM.transform(frame).to_dicts()
    assert shown(store.features(PROGRAM, ROWS[:-2])) == shown(offline)
    assert shown(store.features(PROGRAM, ROWS[:-2] * 5)) == shown(offline * 5)


def test_program_of_windows_declared_otherwise_is_refused(store: OnlineStore):
    def fitted(**others: str) -> Program:
        return replace(PROGRAM, made={"windows": DECLARED | others})

    asked = shown(store.features(PROGRAM, ROWS[:1]))
    for program in (fitted(), fitted(odd="other"), fitted(not_exported="a")):  # it reads none of these
        assert shown(store.features(program, ROWS[:1])) == asked
    told = r"program of shop was fitted on windows declared otherwise than those of the export .*Z: rate, pair_count\. "
    with pytest.raises(DeclarationError, match=told):
        store.features(fitted(rate="other", pair_count="other", odd="other"), ROWS[:1])
    without = {name: mark for name, mark in DECLARED.items() if name != "count"}
    with pytest.raises(DeclarationError, match=r"Z: count\. Load the program"):
        store.features(replace(PROGRAM, made={"windows": without}), ROWS[:1])


def test_rows_are_not_changed_and_windows_replace_what_they_say(store: OnlineStore):
    row = {"item_id": "0042", "user_id": "u1", "rate": "stale"}
    (made,) = store.read([row])
    assert row == {"item_id": "0042", "user_id": "u1", "rate": "stale"}
    assert made["rate"] == 0.1
    made["last"].append("changed")
    assert store.read([row])[0]["last"] == ["a", None, "é"]
    (new,) = store.read([row | {"item_id": "new"}])
    new["last"].append("changed")
    assert store.read([row | {"item_id": "new"}])[0]["last"] == []


def test_row_without_an_entity_is_refused(store: OnlineStore):
    with pytest.raises(ColumnMissingError, match=r"by user_id, item_id reads column 'user_id', which the row lacks"):
        store.read([ROWS[0], {"item_id": "0042"}])
    with pytest.raises(ColumnMissingError, match="by item_id reads column 'item_id', which the row lacks"):
        store.read([ROWS[0], {}])


@pytest.mark.parametrize("value", [1.5, ["0042"], b"0042", "\ud800"])
def test_entity_of_another_type_is_refused(store: OnlineStore, value: Any):
    with pytest.raises(ColumnTypeError, match="by item_id needs column 'item_id' of the row to be text, integer or"):
        store.read([ROWS[0], {"item_id": value, "user_id": "u1"}])


def test_many_rows_are_read_at_once(store: OnlineStore):
    rows = [ROWS[number % len(ROWS)] for number in range(3_000)]
    few = shown(expected(ROWS))
    assert shown(store.read(rows)) == [few[number % len(few)] for number in range(3_000)]
    assert store.read([]) == []


@pytest.mark.parametrize("name", [name for name in BY_ITEM.columns if name != "entity"])
def test_type_is_read_back_as_it_was(name: str):
    dtype = BY_ITEM.schema[name]
    assert type_from_json(type_to_json(name, dtype)) == dtype


VALUES: dict[str, tuple[pl.DataType, st.SearchStrategy[Any]]] = {
    "i": (pl.Int64(), st.integers(-(2**63), 2**63 - 1)),
    "f": (pl.Float64(), st.floats()),
    "t": (pl.String(), st.text(st.characters(codec="utf-8"))),
    "l": (pl.List(pl.String()), st.lists(st.none() | st.text(st.characters(codec="utf-8")), max_size=3)),
    "d": (pl.Datetime("us", "America/New_York"), st.datetimes()),
}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_values_are_read_back_as_polars_gives_them(data: st.DataObject):
    columns = {name: [data.draw(st.none() | values)] for name, (_, values) in VALUES.items()}
    schema = {name: dtype for name, (dtype, _) in VALUES.items()}
    frame = pl.DataFrame({"d": columns["d"]}, schema={"d": pl.Datetime("us", "UTC")}).cast({"d": schema["d"]})
    frame = pl.DataFrame({**columns, "d": frame["d"]}, schema=schema)
    assert shown([decoder(schema)(encode(frame.row(0)))]) == shown(frame.to_dicts())


def test_frames_of_the_tests_hold_every_window_column():
    held = {name for frame in FRAMES.values() for name in frame.columns} - {"entity"}
    assert held == set(EMPTY)
