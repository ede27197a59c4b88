import json
import os
import pickle
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib
from featurelib.errors import ProgramError, ProgramMissingError, StorageError
from featurelib.program import Chain, Program, load, save, storage, versions
from featurelib.program.primitives import Clip, Gather, Index

SCHEMA = {"x": pl.Float64(), "t": pl.String()}


def program(upper: float = 1.0) -> Program:
    chains = [
        Chain("x__c", ("x",), "number", (Clip(None, upper),)),
        Chain("t__f", ("t",), "text", (Index(("", "é", "a\x1f"), 1, None, 0), Gather((0.0, 0.1, 0.2, 0.3)))),
    ]
    return Program.of(chains, SCHEMA, ["x__c", "t__f"]).keeping(["x__c", "t__f"], made={"rows": 3, "note": "Ω"})


def rewrite(folder: Path, **changes: Any) -> None:
    """Change fields of a stored program and make its hash fit again, as another library's version would."""
    path = folder / "programs/v1/program.json"
    stored = json.loads(path.read_text(encoding="utf-8")) | changes
    stored.pop("hash")
    stored["hash"] = storage._hash(stored)
    path.write_text(json.dumps(stored), encoding="utf-8")


def test_loaded_program_equals_the_saved_one(tmp_path: Path):
    assert save(program(), tmp_path) == 1
    loaded = featurelib.load(tmp_path)
    assert loaded == program()
    assert loaded.made == {"rows": 3, "note": "Ω"}
    assert loaded.transform_row({"x": 5.0, "t": "é"}) == {"x__c": 1.0, "t__f": 0.2}


def test_tables_are_listed_when_they_are_needed_and_outlive_their_files(tmp_path: Path):
    retired = Index(("a", "b", "c"), retired=(1,))
    save(Program.of([*program().chains, Chain("t__i", ("t",), "text", (retired,))], SCHEMA, ["t__f", "t__i"]), tmp_path)
    loaded = load(tmp_path)
    shutil.rmtree(tmp_path / "programs")
    terms, gather = loaded.chains[0].steps
    assert "terms" not in vars(terms)
    assert "values" not in vars(gather)
    assert pickle.loads(pickle.dumps(terms)) == terms == program().chains[1].steps[0]  # noqa: S301
    assert loaded.transform_row({"t": "c"}) == {"t__f": 0.0, "t__i": 4}
    assert loaded.chains[1].steps == (retired,)
    with pytest.raises(AttributeError, match="'Gather' object has no attribute 'value'"):
        _ = gather.value


def test_versions_count_up_and_each_can_be_loaded(tmp_path: Path):
    assert [save(program(upper), tmp_path) for upper in (1.0, 2.0, 3.0)] == [1, 2, 3]
    assert versions(tmp_path) == [1, 2, 3]
    assert load(tmp_path, version=2) == program(2.0)
    assert load(tmp_path) == program(3.0)


def test_equal_program_is_not_saved_again(tmp_path: Path):
    save(program(), tmp_path)
    save(program(2.0), tmp_path)
    assert save(program(2.0), tmp_path) == 2
    assert save(program(), tmp_path) == 3  # equal to an older version: saved, as the latest must be what was fitted


def test_tenth_version_is_later_than_the_ninth(tmp_path: Path):
    for upper in range(11):
        save(program(float(upper)), tmp_path)
    assert versions(tmp_path)[-1] == 11
    assert load(tmp_path) == program(10.0)


def test_bounds_of_infinity_survive(tmp_path: Path):
    endless = program(float("inf"))
    save(endless, tmp_path)
    assert load(tmp_path).fingerprint == endless.fingerprint


def test_missing_program_and_version_say_what_is_there(tmp_path: Path):
    with pytest.raises(ProgramMissingError, match=r"has no program\. Fit one first"):
        load(tmp_path)
    with pytest.raises(ProgramMissingError, match=r"has no program of version 4, nor any other\. Fit one first"):
        load(tmp_path, version=4)
    save(program(), tmp_path)
    with pytest.raises(ProgramMissingError, match=r"has no program of version 4; there are \[1\]\. Ask for one"):
        load(tmp_path, version=4)


@pytest.mark.parametrize("name", ["program.json", "1.0.terms.arrow", "1.1.values.arrow"])
def test_flipped_byte_is_noticed(tmp_path: Path, name: str):
    save(program(), tmp_path)
    path = tmp_path / "programs/v1" / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ProgramError, match=r"does not match its hash|is not a whole program"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["program.json", "1.0.terms.arrow"])
def test_missing_file_is_noticed(tmp_path: Path, name: str):
    save(program(), tmp_path)
    (tmp_path / "programs/v1" / name).unlink()
    with pytest.raises(ProgramError, match=r"is not a whole program.*Fit again, or restore"):
        load(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "3", '{"hash": 1}', '{"hash": "a", "format": "one"}'])
def test_file_that_holds_something_else_is_noticed(tmp_path: Path, content: str):
    save(program(), tmp_path)
    (tmp_path / "programs/v1/program.json").write_text(content)
    with pytest.raises(ProgramError, match="is not a whole program"):
        load(tmp_path)


def test_changed_constant_is_noticed(tmp_path: Path):
    save(program(), tmp_path)
    path = tmp_path / "programs/v1/program.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"upper": 1.0', '"upper": 9.0'), encoding="utf-8")
    with pytest.raises(ProgramError, match=r"program\.json does not match its hash: it was changed or damaged"):
        load(tmp_path)


def test_file_beside_the_program_is_not_read(tmp_path: Path):
    save(program(), tmp_path)
    (tmp_path / "programs/v1/0.0.lower.arrow").write_bytes(b"not Arrow")
    assert load(tmp_path) == program()


def test_newer_format_is_refused_with_what_to_do(tmp_path: Path):
    save(program(), tmp_path)
    rewrite(tmp_path, format=99)
    with pytest.raises(ProgramError, match=r"format 99 is newer than this featurelib \(2\)\. Upgrade"):
        load(tmp_path)


def test_unknown_primitive_is_refused(tmp_path: Path):
    save(program(), tmp_path)
    chain = {"into": "x__c", "reads": ["x"], "view": "number", "steps": [{"op": "teleport"}]}
    rewrite(tmp_path, chains=[chain], outputs=["x__c"])
    with pytest.raises(ProgramError, match="uses primitive 'teleport', which this featurelib does not know"):
        load(tmp_path)


def test_program_of_the_first_format_is_read(tmp_path: Path):
    save(program(), tmp_path)
    path = tmp_path / "programs/v1/program.json"
    chains = json.loads(path.read_text(encoding="utf-8"))["chains"]
    for added in ("buckets", "retired"):
        del chains[1]["steps"][0][added]
    rewrite(tmp_path, format=1, chains=chains)
    assert load(tmp_path) == program()


CHAIN = {"into": "x__c", "reads": ["x"], "view": "number", "steps": [{"op": "clip", "lower": None, "upper": 1.0}]}


@pytest.mark.parametrize(
    "changes",
    [
        {"chains": [CHAIN | {"view": "picture"}]},
        {"chains": [CHAIN | {"view": "text"}]},
        {"chains": [CHAIN | {"reads": ["z"]}]},
        {"chains": [CHAIN | {"steps": [{}]}]},
        {"chains": [{"into": "x__c"}]},
        {"chains": ["x__c"]},
        {"chains": None},
        {"chains": [CHAIN], "outputs": ["y"]},
        {"chains": [CHAIN], "inputs": ["x"]},
        {"chains": [CHAIN], "inputs": {"x": None}},
    ],
    ids=["view", "kind", "column", "step", "half a chain", "text", "none", "output", "inputs", "type"],
)
def test_program_that_is_whole_but_foreign_is_refused(tmp_path: Path, changes: dict[str, Any]):
    save(program(), tmp_path)
    rewrite(tmp_path, **({"outputs": ["x__c"]} | changes))
    with pytest.raises(ProgramError, match=r"programs/v1 holds a program that this featurelib cannot read: "):
        load(tmp_path)


@pytest.mark.parametrize("text", ["Quaternion", "show_versions", "__name__", "List(Quaternion)", "List(show_versions)"])
def test_name_that_is_no_type_is_refused_and_never_called(tmp_path: Path, text: str):
    save(program(), tmp_path)
    rewrite(tmp_path, inputs={"x": text, "t": "String"})
    with pytest.raises(ProgramError, match=r"an input of type .*, which this featurelib cannot read"):
        load(tmp_path)


def test_damaged_version_does_not_stand_in_the_way_of_the_next(tmp_path: Path):
    save(program(), tmp_path)
    shutil.rmtree(tmp_path / "programs/v1")
    (tmp_path / "programs/v1").mkdir()
    (tmp_path / "programs/v1/program.json").write_text("{")
    assert save(program(), tmp_path) == 2
    assert load(tmp_path) == program()


def test_nothing_is_visible_if_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save(program(), tmp_path)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.os, "fsync", full_disk)
    with pytest.raises(StorageError, match=r"could not be saved: .*No space left on device"):
        save(program(2.0), tmp_path)
    assert versions(tmp_path) == [1]
    assert [path.name for path in (tmp_path / "programs").iterdir()] == ["v1"]


def test_folder_that_cannot_be_made_is_a_storage_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not be saved"):
        save(program(), tmp_path / "file")


def test_half_written_versions_of_other_writers_are_not_versions(tmp_path: Path):
    (tmp_path / "programs/.staged-0").mkdir(parents=True)
    assert versions(tmp_path) == []


def test_what_killed_writers_left_yesterday_is_removed(tmp_path: Path):
    old, new = tmp_path / "programs/.staged-old", tmp_path / "programs/.staged-new"
    old.mkdir(parents=True)
    new.mkdir()
    yesterday = time.time() - 2 * 86_400
    os.utime(old, (yesterday, yesterday))
    save(program(), tmp_path)
    assert (old.exists(), new.exists()) == (False, True)


def test_concurrent_saves_give_distinct_versions(tmp_path: Path):
    uppers = [float(number) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda upper: save(program(upper), tmp_path), uppers))
    assert sorted(numbers) == list(range(1, 17))
    for number, upper in zip(numbers, uppers, strict=True):
        assert load(tmp_path, version=number) == program(upper)
