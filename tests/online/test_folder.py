import json
import os
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.errors import ColumnTypeError, ExportMissingError, StorageError, TableError, UsageError
from featurelib.online import OnlineStore
from featurelib.online import folder as folder_module
from tests.online.exports import AS_OF, BY_ITEM, DECLARED, EMPTY, FRAMES, ROWS, expected, export, numbered, shown


def values(folder: Path) -> list[dict[str, Any]]:
    return OnlineStore.open(folder).read([{"item_id": "i0", "user_id": "u"}, {"item_id": "new", "user_id": "new"}])


def of(number: int) -> list[dict[str, Any]]:
    known = {"item_id": "i0", "user_id": "u", "a": number, "b": number}
    return [known, {"item_id": "new", "user_id": "new", "a": -number, "b": -number}]


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_rows_get_the_values_of_their_entities_exactly(tmp_path: Path):
    export(tmp_path / "made" / "for" / "it")
    assert shown(OnlineStore.open(tmp_path / "made" / "for" / "it").read(ROWS)) == shown(expected(ROWS))


def test_export_says_what_it_holds(tmp_path: Path):
    written = export(tmp_path, as_of=AS_OF.astimezone(timezone(timedelta(hours=5))))
    read = OnlineStore.open(tmp_path).export
    assert read == written
    assert (read.pipeline, read.as_of, read.as_of.tzinfo, read.declared) == ("shop", AS_OF, UTC, DECLARED)
    assert [one.by for one in read.windows] == [("item_id",), ("user_id", "item_id")]
    assert read.schema["kind"] == pl.String
    assert {name: dtype for name, dtype in read.schema.items() if name in BY_ITEM.columns} == dict(
        BY_ITEM.drop("entity").schema
    )


def test_values_are_plain_parquet_by_entity(tmp_path: Path):
    export(tmp_path)
    (path,) = tmp_path.glob("*/user_id+item_id.parquet")
    assert pl.read_parquet(path)["entity"].to_list() == ["\x1f0042", "u1\x1f", "u1\x1f0042"]
    meta = json.loads((tmp_path / "meta.json").read_text())
    assert meta["folder"] == path.parent.name
    assert meta["windows"][1]["columns"] == {"pair_count": "Int64", "kind": "String"}


def test_version_follows_what_it_holds_not_the_order_of_rows(tmp_path: Path):
    first = export(tmp_path).version
    turned = {by: frame.reverse() for by, frame in reversed(FRAMES.items())}
    assert export(tmp_path, frames=turned).version == first
    for change in (
        {"declared": DECLARED | {"count": "other"}},
        {"pipeline": "other"},
        {"as_of": AS_OF + timedelta(microseconds=1)},
        {"empty": EMPTY | {"count": 1}},
        {"frames": FRAMES | {("item_id",): BY_ITEM.head(3)}},
    ):
        assert export(tmp_path, **change).version != first


def test_entities_of_odd_columns_have_files_of_their_own(tmp_path: Path):
    frame = pl.DataFrame({"entity": ["x"]})
    frames = {
        ("a+b",): frame.with_columns(v=1), ("a", "b"): frame.with_columns(w=2), ("../c",): frame.with_columns(z=3)
    }  # fmt: skip
    export(tmp_path, frames=frames, empty={"v": 0, "w": 0, "z": 0})
    row = {"a+b": "x", "a": "x", "b": "y", "../c": "x"}
    assert OnlineStore.open(tmp_path).read([row]) == [{**row, "v": 1, "w": 0, "z": 3}]


def test_entity_without_rows_has_an_empty_history(tmp_path: Path):
    frame = pl.DataFrame({"entity": [], "v": []}, schema={"entity": pl.String, "v": pl.Float64})
    export(tmp_path, frames={("a",): frame}, empty={"v": 0.5})
    assert OnlineStore.open(tmp_path).read([{"a": "x"}, {"a": None}]) == [{"a": "x", "v": 0.5}, {"a": None, "v": None}]
    assert OnlineStore.open(tmp_path).read([]) == []


def test_next_export_replaces_the_last_and_touches_nothing_else(tmp_path: Path):
    numbered(tmp_path, 1)
    (tmp_path / "notes").mkdir()
    reader = OnlineStore.open(tmp_path)
    numbered(tmp_path, 2)
    assert values(tmp_path) == of(2)
    assert reader.read([{"item_id": "i0", "user_id": "u"}]) == of(1)[:1]
    assert len(names(tmp_path)) == 3
    assert names(tmp_path) >= {"notes", "meta.json"}


def test_what_killed_writers_left_goes_after_a_day(tmp_path: Path):
    old, young = tmp_path / f"values-{'a' * 32}", tmp_path / f"values-{'b' * 32}"
    for path in (old, young, tmp_path / "old notes"):
        path.mkdir()
    for path in (old, tmp_path / "old notes"):
        os.utime(path, (time.time() - 90_000,) * 2)
    numbered(tmp_path, 1)
    assert not old.exists()
    assert names(tmp_path) >= {young.name, "old notes", "meta.json"}


@pytest.mark.parametrize("broken", ["_write", "_digest", "_switch", "replace"])
def test_write_that_fails_leaves_the_old_export_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
):
    numbered(tmp_path, 1)
    before = names(tmp_path)

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path if broken == "replace" else folder_module, broken, fails)
        with pytest.raises(StorageError, match=r"the export of shop to .* could not be written: .*No space left"):
            numbered(tmp_path, 2)
    assert names(tmp_path) == before
    assert values(tmp_path) == of(1)


def test_reader_that_meets_a_writer_reads_the_new_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    numbered(tmp_path, 1)
    read = folder_module._read

    def replaced_first(*arguments: Any) -> pl.DataFrame:
        monkeypatch.setattr(folder_module, "_read", read)
        numbered(tmp_path, 2)
        return read(*arguments)

    monkeypatch.setattr(folder_module, "_read", replaced_first)
    assert values(tmp_path) == of(2)


def test_folder_without_an_export_is_refused(tmp_path: Path):
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ExportMissingError, match=r"has no export\. Write one: featurelib export-online"):
            OnlineStore.open(folder)


def test_damage_is_found(tmp_path: Path):
    numbered(tmp_path, 1)
    (path,) = tmp_path.glob("*/item_id.parquet")
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    with pytest.raises(TableError, match=r"item_id.parquet does not match its hash: it was changed or damaged"):
        OnlineStore.open(tmp_path)
    path.unlink()
    with pytest.raises(TableError, match=r"item_id.parquet is missing\. Export again"):
        OnlineStore.open(tmp_path)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"as_of": "2026-11-23T00:00:00+00:00"}, "does not match its version: it was changed or damaged"),
        ({"format": 2}, r"format 2 is newer than this featurelib \(1\)\. Upgrade"),
        ({"windows": [{}]}, r"does not describe an export: KeyError\('by'\)\. Export again"),
        ({"windows": [{"by": ["a"], "columns": {"v": "Blob"}}]}, r"does not describe an export: KeyError\('Blob'\)"),
    ],
)
def test_changed_description_is_refused(tmp_path: Path, change: dict[str, Any], match: str):
    numbered(tmp_path, 1)
    meta = tmp_path / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | change))
    with pytest.raises(TableError, match=match):
        OnlineStore.open(tmp_path)
    numbered(tmp_path, 2)  # the next export repairs it
    assert values(tmp_path) == of(2)


def test_description_that_is_no_json_is_refused(tmp_path: Path):
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(TableError, match="does not describe an export"):
        OnlineStore.open(tmp_path)


ENTITY = pl.DataFrame({"entity": ["x"], "v": [1]})


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"frames": {}}, UsageError, "needs at least one window"),
        ({"as_of": datetime(2026, 11, 22)}, UsageError, "as of an instant, got 2026-11-22 00:00:00 without a zone"),  # noqa: DTZ001
        ({"empty": {}}, UsageError, "column 'v' has no value for an empty history"),
        ({"frames": {("a",): ENTITY, ("b",): ENTITY}}, UsageError, "the windows have two columns 'v'"),
        ({"frames": {("a", "b"): ENTITY.drop("entity")}}, UsageError, "by a, b have no text column 'entity'"),
        ({"frames": {("a",): ENTITY.with_columns(entity=3)}}, UsageError, "by a have no text column 'entity'"),
        ({"frames": {("a",): pl.concat([ENTITY, ENTITY])}}, UsageError, "an entity that is null or there twice"),
        (
            {"frames": {("a",): ENTITY.with_columns(entity=pl.lit(None, pl.String))}},
            UsageError,
            "an entity that is null or there twice",
        ),
        (
            {"frames": {("a",): ENTITY.with_columns(v=pl.lit(b"x"))}},
            ColumnTypeError,
            "the export needs column 'v' of the windows to be a number, .* got Binary",
        ),
        ({"frames": {("a",): ENTITY.with_columns(v=pl.concat_list(pl.struct("v")))}}, ColumnTypeError, "column 'v'"),
    ],
)
def test_frames_that_are_no_export_are_refused(tmp_path: Path, changes: Any, error: type[Exception], match: str):
    with pytest.raises(error, match=match):
        export(tmp_path / "x", **{"frames": {("a",): ENTITY}, "empty": {"v": 0}} | changes)
    assert not (tmp_path / "x").exists()
