import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from featurelib.errors import TableError, UsageError
from featurelib.tables import VersionedTable

NOW = timedelta(0)


def age(table: VersionedTable, path: str, hours: float) -> None:
    then = time.time() - hours * 3600
    os.utime(Path(table.uri) / path, (then, then))


def test_the_newest_and_the_tagged_versions_stay(table: VersionedTable, put: Any, days: Any, parts: Any) -> None:
    for number in range(1, 13):  # beyond the first checkpoint
        put(table, {days[0]: [number], days[1]: [-number]})
    table.tag("gold", 2)
    before = parts(table)
    deleted = table.vacuum(older_than=NOW, no_job_running=True)
    assert set(deleted) == before - parts(table)
    assert len(parts(table)) == 4
    assert table.scan("gold").collect()["x"].to_list() == [2, -2]
    assert table.scan().collect()["x"].to_list() == [12, -12]
    assert table.verify() == table.verify("gold") == []


def test_a_vacuumed_version_is_refused_by_scan_and_tag(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    put(table, {days[0]: [2]})
    table.vacuum(older_than=NOW, no_job_running=True)
    with pytest.raises(TableError, match="version 1 can no longer be read: 1 of its files are gone"):
        table.scan(1)
    with pytest.raises(TableError, match="version 1 cannot be tagged: 1 of its files are gone"):
        table.tag("late", 1)
    assert table.tags() == {}


def test_versions_within_the_time_stay_even_if_no_job_is_running(
    table: VersionedTable, rows: Any, put: Any, days: Any
) -> None:
    put(table, {days[0]: [1]})
    put(table, {days[0]: [2]})
    orphan = table.stage(rows([3]), days[0], run="killed")
    assert table.vacuum(older_than=timedelta(days=1), no_job_running=True) == [orphan.path]
    assert table.scan(1).collect()["x"].to_list() == [1]


def test_a_staged_file_stays_while_its_job_may_be_running(
    table: VersionedTable, rows: Any, days: Any, parts: Any
) -> None:
    young, old = (table.stage(rows([1]), days[0], run=run) for run in ("young", "old"))
    age(table, old.path, hours=25)
    assert table.vacuum(older_than=timedelta(hours=24)) == [old.path]
    assert parts(table) == {young.path}


def test_an_old_file_that_was_replaced_lately_stays(table: VersionedTable, put: Any, days: Any, parts: Any) -> None:
    put(table, {days[0]: [1]})
    for path in parts(table):
        age(table, path, hours=1000)
    put(table, {days[0]: [2]})
    assert table.vacuum(older_than=timedelta(hours=24)) == []
    assert table.scan(1).collect()["x"].to_list() == [1]


def test_a_dry_run_deletes_nothing(table: VersionedTable, put: Any, days: Any, parts: Any) -> None:
    put(table, {days[0]: [1]})
    put(table, {days[0]: [2]})
    before = parts(table)
    [path] = table.vacuum(older_than=NOW, no_job_running=True, dry_run=True)
    assert parts(table) == before
    assert table.vacuum(older_than=NOW, no_job_running=True) == [path]
    assert table.vacuum(older_than=NOW, no_job_running=True) == []


def test_files_of_others_under_the_root_are_left_alone(table: VersionedTable) -> None:
    notes = Path(table.uri) / "notes.parquet"
    notes.touch()
    assert table.vacuum(older_than=NOW, no_job_running=True) == []
    assert notes.exists()


def test_drafts_of_tags_that_a_killed_run_left_are_removed(table: VersionedTable) -> None:
    table.tag("gold")
    draft = Path(table.uri) / "_featurelib/tags/gold.json.0123.tmp"
    draft.touch()
    assert table.vacuum(older_than=NOW, no_job_running=True) == ["_featurelib/tags/gold.json.0123.tmp"]
    assert table.tags() == {"gold": 0}


def test_a_time_shorter_than_the_longest_job_is_refused(table: VersionedTable) -> None:
    with pytest.raises(UsageError, match=r"shorter than the longest job \(1 day, 0:00:00\).*say so"):
        table.vacuum(older_than=timedelta(hours=23))
    with pytest.raises(UsageError, match="older_than must not be negative"):
        table.vacuum(older_than=timedelta(hours=-1), no_job_running=True)
