"""A version is read once and stays what it was; files can be staged where its table cannot be opened."""

import pickle
from typing import Any

import pytest
from deltalake import DeltaTable, write_deltalake

from featurelib.errors import TableError, UsageError
from featurelib.tables import VersionedTable


def test_a_version_does_not_notice_later_commits(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    seen = table.at()
    put(table, {days[0]: [2], days[1]: [3]})
    assert seen.version == 1
    assert list(seen.partitions()) == [days[0]]
    assert seen.scan().collect()["x"].to_list() == [1]
    assert table.at().scan([days[1]]).collect()["x"].to_list() == [3]
    assert [file.partition for file in table.at().files_of([days[1], days[5]])] == [days[1]]


def test_entries_are_those_of_the_newest_commit_of_each_partition(
    table: VersionedTable, put: Any, rows: Any, days: Any
) -> None:
    for number in range(20):
        put(table, {days[number % 3]: [number]}, key=f"k{number}")
    put(table, {days[3]: [1]}, key="gone")
    table.forget([days[3]], run="by-hand")
    write_deltalake(DeltaTable(table.uri), rows([2]).with_columns(dt=days[4].dt).to_arrow(), mode="append")
    want = {days[0]: {"key": "k18"}, days[1]: {"key": "k19"}, days[2]: {"key": "k17"}, days[4]: {}}
    assert dict(table.at().entries(days)) == want
    assert {day: table.built(day) for day in days[:5]} == {**want, days[3]: None}


def test_files_are_staged_by_what_was_pickled(table: VersionedTable, rows: Any, told: Any, days: Any) -> None:
    staging = pickle.loads(pickle.dumps(table.staging("run-1")))  # noqa: S301  # our own
    file = staging.stage(rows([1, 2]), days[0])
    table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    assert table.scan().collect()["x"].to_list() == [1, 2]
    with pytest.raises(UsageError, match="becomes part of a file name"):
        table.staging("a/b")


def test_files_staged_before_the_table_evolved_are_refused(
    table: VersionedTable, rows: Any, told: Any, days: Any
) -> None:
    staging = table.staging("run-1")
    table.evolve(table.schema | {"more": table.schema["x"]})
    file = staging.stage(rows([1]), days[0])
    with pytest.raises(TableError, match="Did the table evolve meanwhile"):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))
