from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from featurelib.tables import VersionedTable


def live(table: VersionedTable) -> list[Path]:
    return sorted(Path(table.uri).rglob("part-*.parquet"))


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[10] ^= 1
    path.write_bytes(content)


def test_a_sound_table_has_no_problem(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: []})
    assert table.verify() == []


@pytest.mark.parametrize(
    ("damage", "kinds"),
    [
        (flip_a_bit, ["sha256"]),
        (lambda path: path.write_bytes(path.read_bytes()[:-20]), ["bytes", "sha256", "unreadable"]),
        (lambda path: path.write_bytes(b""), ["bytes", "sha256", "unreadable"]),
        (Path.unlink, ["missing"]),
    ],
)
def test_damage_is_found_and_the_other_files_are_still_looked_at(
    table: VersionedTable, put: Any, days: Any, damage: Any, kinds: list[str]
) -> None:
    put(table, {days[0]: [1, 2, 3], days[1]: [4]})
    first, second = live(table)
    damage(first)
    damage(second)
    found = table.verify()
    assert [problem.kind for problem in found] == kinds * 2
    assert {problem.path for problem in found} == {path.relative_to(table.uri).as_posix() for path in (first, second)}
    assert str(found[0]).startswith("dt=2026-11-01/part-run-1-")


def test_a_panic_of_the_reader_is_a_problem_and_not_a_crash(
    table: VersionedTable, put: Any, days: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import polars as pl

    put(table, {days[0]: [1]})

    def panic(*_: object, **__: object) -> None:
        raise pl.exceptions.PanicException("index out of bounds")

    monkeypatch.setattr(pl, "scan_parquet", panic)
    [problem] = table.verify()
    assert problem.kind == "unreadable"
    assert "polars panicked: index out of bounds" in problem.detail


def test_an_older_version_is_checked_by_its_own_record(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    flip_a_bit(live(table)[0])
    put(table, {days[0]: [2]})
    assert table.verify() == []
    assert [problem.kind for problem in table.verify(1)] == ["sha256"]


def test_a_file_of_another_tool_cannot_be_checked_and_is_reported(
    table: VersionedTable, put: Any, rows: Any, days: Any
) -> None:
    put(table, {days[0]: [1]})
    frame = rows([2]).with_columns(dt=days[1].dt)
    write_deltalake(DeltaTable(table.uri), frame.to_arrow(), mode="append")
    assert [problem.kind for problem in table.verify()] == ["unrecorded"]
    assert table.partitions()[days[1]].version is None
    assert table.built(days[1]) == {}
    assert table.scan().collect()["x"].to_list() == [1, 2]
