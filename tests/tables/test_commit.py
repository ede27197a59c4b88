import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import CommitConflictError, StorageError, TableError, UsageError
from featurelib.tables import Lineage, VersionedTable
from featurelib.tables import commit as committing


def values(table: VersionedTable) -> list[int]:
    return table.scan().collect()["x"].to_list()


def test_a_commit_replaces_whole_partitions_and_leaves_others(table: VersionedTable, put: Any, days: Any) -> None:
    assert put(table, {days[0]: [1, 2], days[1]: [3]}) == 1
    assert put(table, {days[0]: [9]}) == 2
    assert values(table) == [9, 3]


def test_a_partition_without_a_file_becomes_empty(table: VersionedTable, put: Any, told: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: [2]})
    assert table.commit([], replaces=[days[0]], lineage=told(days[0], key="cleared")) == 2
    assert values(table) == [2]
    assert list(table.partitions()) == [days[1]]


def test_a_partition_with_a_file_of_no_rows_is_built_and_empty(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: []}, key="k")
    assert table.partitions()[days[0]].rows == 0
    assert table.built(days[0]) == {"key": "k"}


def test_several_files_of_one_partition_come_in_by_name(table: VersionedTable, rows: Any, told: Any, days: Any) -> None:
    files = [table.stage(rows([number]), days[0], run=run) for number, run in [(2, "b"), (1, "a")]]
    table.commit(files, replaces=[days[0]], lineage=told(days[0]))
    assert values(table) == [1, 2]
    assert table.partitions()[days[0]].files == 2


def test_the_same_key_again_makes_no_version_and_leaves_no_file(
    table: VersionedTable, put: Any, days: Any, parts: Any
) -> None:
    assert put(table, {days[0]: [1], days[1]: [2]}, key="k") == 1
    before = parts(table)
    assert put(table, {days[0]: [7]}, key="k") == 1
    assert (table.version, parts(table), values(table)) == (1, before, [1, 2])


def test_one_new_key_commits_all_partitions(table: VersionedTable, rows: Any, told: Any, put: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: [2]}, key="k")
    files = [table.stage(rows([8]), day, run="r") for day in days[:2]]
    lineage = Lineage(run="r", pipeline="p", partitions={str(days[0]): {"key": "k"}, str(days[1]): {"key": "new"}})
    assert table.commit(files, replaces=days[:2], lineage=lineage) == 2
    assert values(table) == [8, 8]


def test_without_a_key_every_commit_counts(table: VersionedTable, put: Any, days: Any) -> None:
    assert [put(table, {days[0]: [1]}), put(table, {days[0]: [1]})] == [1, 2]


def test_committing_the_same_files_twice_is_one_commit(
    table: VersionedTable, rows: Any, told: Any, days: Any, put: Any
) -> None:
    file = table.stage(rows([1]), days[0], run="r")
    assert table.commit([file], replaces=[days[0]], lineage=told(days[0])) == 1
    put(table, {days[1]: [2]})
    assert table.commit([file], replaces=[days[0]], lineage=told(days[0])) == 1
    assert (values(table), table.version, table.verify()) == ([1, 2], 2, [])


def test_clearing_what_is_empty_makes_no_version(table: VersionedTable, told: Any, days: Any) -> None:
    assert table.commit([], replaces=[days[0]], lineage=told(days[0])) == 0


def test_rows_outside_the_replaced_partitions_are_refused(
    table: VersionedTable, rows: Any, told: Any, days: Any, parts: Any
) -> None:
    file = table.stage(rows([1]), days[1], run="r")
    with pytest.raises(UsageError, match="has rows of 2026-11-02, which is not among the replaced partitions"):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    assert parts(table) == set()


def test_replaces_and_lineage_must_fit(table: VersionedTable, rows: Any, told: Any, days: Any) -> None:
    with pytest.raises(UsageError, match="replaces must name each partition once"):
        table.commit([], replaces=[], lineage=told())
    with pytest.raises(UsageError, match="replaces must name each partition once"):
        table.commit([], replaces=[days[0], days[0]], lineage=told(days[0]))
    with pytest.raises(UsageError, match=r"exactly the replaced partitions; differing: \['2026-11-02'\]"):
        table.commit([], replaces=[days[0]], lineage=told(days[0], days[1]))
    file = table.stage(rows([1]), days[0], run="r")
    with pytest.raises(UsageError, match="files must name each staged file once"):
        table.commit([file, file], replaces=[days[0]], lineage=told(days[0]))


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_lineage_that_is_not_json_is_refused(table: VersionedTable, days: Any, value: object) -> None:
    lineage = Lineage(run="r", pipeline="p", partitions={str(days[0]): {"inputs": value}})
    with pytest.raises(UsageError, match="lineage of run 'r' is not JSON"):
        table.commit([], replaces=[days[0]], lineage=lineage)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "the staged file is gone"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "bytes on disk, .* when staged"),
        (lambda path: path.write_bytes(b"\0" * path.stat().st_size), "footer cannot be read"),
    ],
)
def test_a_file_that_changed_since_it_was_staged_is_refused(
    *, table: VersionedTable, rows: Any, told: Any, days: Any, damage: Any, message: str, put: Any, parts: Any
) -> None:
    put(table, {days[0]: [5]})
    before = parts(table)
    file = table.stage(rows([1]), days[0], run="r")
    damage(Path(table.uri) / file.path)
    with pytest.raises(TableError, match=message):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    assert (values(table), parts(table)) == ([5], before)


def test_wrong_rows_or_columns_in_the_footer_are_refused(
    table: VersionedTable, rows: Any, told: Any, days: Any
) -> None:
    for frame, message in [
        (rows([1, 2]), "2 rows in the footer, 1 when staged"),
        (rows([1])[["x"]], "its columns are"),
    ]:
        file = table.stage(rows([1]), days[0], run="r")
        path = Path(table.uri) / file.path
        frame.write_parquet(path)
        lie = type(file)(file.path, file.partition, path.stat().st_size, 1, file.sha256)
        with pytest.raises(TableError, match=message):
            table.commit([lie], replaces=[days[0]], lineage=told(days[0]))


def test_two_stale_writers_of_a_new_partition_one_wins_without_our_loop(
    table: VersionedTable, rows: Any, days: Any
) -> None:
    """Hold deltalake to what our commit is built on; with its default retries both would win."""
    handles = [DeltaTable(table.uri), DeltaTable(table.uri)]
    won = 0
    for handle in handles:
        file = table.stage(rows([1]), days[0], run="r")
        add = AddAction(file.path, file.bytes, days[0].values(), 0, True, json.dumps({"numRecords": 1}))
        try:
            handle.create_write_transaction(
                [add], "append", handle.schema(), ["dt"], commit_properties=CommitProperties(max_commit_retries=0)
            )
            won += 1
        except CommitFailedError:
            pass
    assert won == 1
    assert values(table) == [1]


def test_two_stale_writers_through_our_loop_land_one_after_the_other(
    *, table: VersionedTable, rows: Any, told: Any, days: Any, monkeypatch: pytest.MonkeyPatch, put: Any
) -> None:
    file = table.stage(rows([1, 2]), days[0], run="slow")
    load, raced = committing.load, []

    def load_then_lose_the_race(storage: Any, version: int | None = None) -> Any:
        snapshot = load(storage, version)
        if not raced:
            raced.append(True)
            put(table, {days[0]: [7, 8, 9]})
        return snapshot

    monkeypatch.setattr(committing, "load", load_then_lose_the_race)
    assert table.commit([file], replaces=[days[0]], lineage=told(days[0])) == 2
    assert values(table) == [1, 2]
    assert table.scan(1).collect()["x"].to_list() == [7, 8, 9]


def test_losing_every_race_is_a_conflict_and_leaves_no_file(
    *, table: VersionedTable, rows: Any, told: Any, days: Any, monkeypatch: pytest.MonkeyPatch, parts: Any
) -> None:
    def lose(*_: object, **__: object) -> None:
        raise CommitFailedError("lost")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", lose)
    monkeypatch.setattr(committing, "_TRIES", 3)
    file = table.stage(rows([1]), days[0], run="r")
    with pytest.raises(CommitConflictError, match="other writers committed first in each of 3 tries"):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    assert (table.version, parts(table)) == (0, set())


@pytest.mark.parametrize("error", [CommitFailedError("lost answer"), OSError("no answer"), KeyboardInterrupt("^C")])
def test_a_commit_whose_answer_was_lost_keeps_its_files(
    *, table: VersionedTable, rows: Any, told: Any, days: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    honest = DeltaTable.create_write_transaction

    def commit_then_fail(self: DeltaTable, *arguments: Any, **named: Any) -> None:
        honest(self, *arguments, **named)
        raise error

    monkeypatch.setattr(DeltaTable, "create_write_transaction", commit_then_fail)
    file = table.stage(rows([1]), days[0], run="r")
    if isinstance(error, KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt, match="C"):
            table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    else:
        assert table.commit([file], replaces=[days[0]], lineage=told(days[0])) == 1
    assert (values(table), table.verify(), table.version) == ([1], [], 1)


def test_a_failing_log_is_a_storage_error_and_leaves_no_file(
    *, table: VersionedTable, rows: Any, told: Any, days: Any, monkeypatch: pytest.MonkeyPatch, parts: Any
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("No space left on device (os error 28)")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", fail)
    file = table.stage(rows([1]), days[0], run="r")
    with pytest.raises(StorageError, match=r"committing to .* failed: No space left"):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    assert parts(table) == set()


def test_a_commit_that_reads_back_differently_is_reported(
    table: VersionedTable, rows: Any, told: Any, days: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "_actions", lambda base, change: [])
    file = table.stage(rows([1]), days[0], run="r")
    with pytest.raises(TableError, match=r"version 1 should hold .* This is a defect"):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.dictionaries(st.integers(0, 3), st.none() | st.lists(st.integers(-9, 9), max_size=3), min_size=1),
        max_size=14,
    )
)
def test_any_sequence_of_commits_equals_a_plain_dictionary(
    tmp_path_factory: pytest.TempPathFactory, rows: Any, told: Any, days: Any, steps: list[dict[int, list[int] | None]]
) -> None:
    table = VersionedTable.create(tmp_path_factory.mktemp("model") / "t", pl.Schema(rows([]).schema))
    model: dict[Any, list[int]] = {}
    states = {0: dict(model)}
    for step in steps:
        wanted = {days[index]: content for index, content in step.items()}
        files = [table.stage(rows(new), day, run="r") for day, new in wanted.items() if new is not None]
        version = table.commit(files, replaces=list(wanted), lineage=told(*wanted))
        model = {day: content for day, content in {**model, **wanted}.items() if content is not None}
        states[version] = model
    for version, state in states.items():
        expected = [(x, day.dt) for day in sorted(state) for x in state[day]]
        assert table.scan(version).select("x", "dt").collect().rows() == expected
        assert {day: record.rows for day, record in table.partitions(version).items()} == {
            day: len(content) for day, content in state.items()
        }
    assert table.version == max(states)
    assert table.verify() == []
