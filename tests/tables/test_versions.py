from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl
import pytest

from featurelib.errors import TableError, UsageError
from featurelib.tables import Lineage, Partition, VersionedTable


def values(table: VersionedTable, version: Any = None) -> list[int]:
    return table.scan(version).collect()["x"].to_list()


def test_each_version_reads_exactly_as_it_was(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: [2]})
    put(table, {days[0]: [3]})
    assert [values(table, version) for version in range(3)] == [[], [1, 2], [3, 2]]


@pytest.mark.parametrize("version", [-1, 2, 99])
def test_a_version_that_never_was_is_refused(table: VersionedTable, put: Any, days: Any, version: int) -> None:
    put(table, {days[0]: [1]})
    with pytest.raises(UsageError, match=f"there is no version {version}"):
        table.scan(version)


def test_rows_come_by_partition_then_as_staged_with_partition_columns_last(tmp_path: Path) -> None:
    table = VersionedTable.create(tmp_path / "t", pl.Schema({"x": pl.Int64()}), hourly=True)
    hours = [Partition(date(2026, 11, 1), hour) for hour in (10, 9, 0)]
    for hour in hours:
        frame = pl.DataFrame({"x": range(200_000)}, schema={"x": pl.Int64()})
        entry = {str(hour): {"key": "k"}}
        file = table.stage(frame, hour, run="r")
        table.commit([file], replaces=[hour], lineage=Lineage(run="r", pipeline="p", partitions=entry))
    found = table.scan().collect()
    assert found.schema == {"x": pl.Int64(), "dt": pl.Date(), "hr": pl.Int32()}
    assert found["hr"].unique(maintain_order=True).to_list() == [0, 9, 10]
    assert found["x"].to_list() == 3 * list(range(200_000))
    assert list(table.partitions()) == sorted(hours)


def test_a_filter_on_the_partition_reads_only_its_files(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: [2]})
    plan = table.scan().filter(pl.col("dt") == days[1].dt).explain()
    assert "dt=2026-11-02" in plan
    assert "dt=2026-11-01" not in plan


def test_scan_takes_the_partitions_asked_for(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: [2], days[2]: [3]})
    assert table.scan(partitions=[days[2], days[0]]).collect()["x"].to_list() == [1, 3]
    assert table.scan(partitions=[]).collect().height == 0


def test_a_partition_that_is_not_there_is_named(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    with pytest.raises(TableError, match="version 1 has no partition 2026-11-02, 2026-11-03"):
        table.scan(partitions=days[:3])


def test_an_empty_table_has_its_columns(table: VersionedTable) -> None:
    assert table.scan().collect().schema == {"x": pl.Int64(), "s": pl.String(), "dt": pl.Date()}
    assert (table.partitions(), table.verify(), table.tags()) == ({}, [], {})


def test_history_is_newest_first(table: VersionedTable, put: Any, days: Any) -> None:
    started = datetime.now(UTC)
    put(table, {days[1]: [1], days[0]: [2]})
    newest, first = table.history()
    assert (newest.version, newest.operation, newest.run, newest.pipeline) == (1, "commit", "run-1", "p")
    assert newest.partitions == (days[0], days[1])
    assert timedelta(seconds=-1) < newest.at - started < timedelta(seconds=60)
    assert (first.version, first.operation, first.run, first.partitions) == (0, "CREATE TABLE", None, ())
    assert table.history(limit=1) == [newest]


def test_lineage_comes_back_as_it_was_given_with_the_hash_of_each_file(
    table: VersionedTable, rows: Any, days: Any
) -> None:
    file = table.stage(rows([1]), days[0], run="r")
    entry = {"key": "k", "inputs": [{"path": "a.csv", "rows": 3}], "rows": {"in": 3, "kept": 1, "dropped": {"bot": 2}}}
    told = Lineage(run="r", pipeline="p", partitions={str(days[0]): entry}, common={"code": "abc", "seed": 7})
    table.commit([file], replaces=[days[0]], lineage=told)
    found = table.lineage()
    assert (found.run, found.pipeline, found.common) == ("r", "p", {"code": "abc", "seed": 7})
    assert found.partitions == {str(days[0]): entry}
    assert found.files == {file.path: file.sha256}
    assert table.built(days[0]) == entry


def test_lineage_of_a_version_is_that_of_its_own_commit(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]}, key="first")
    put(table, {days[1]: [1]}, key="second")
    table.evolve(pl.Schema({**table.schema, "u": pl.Int8()}))
    assert set(table.lineage(1).partitions) == {str(days[0])}
    assert set(table.lineage().partitions) == {str(days[1])}
    with pytest.raises(UsageError, match="version 3 has no lineage"):
        table.lineage(3)
    with pytest.raises(UsageError, match="version 0 has no lineage"):
        table.lineage(0)


def test_each_partition_knows_the_commit_that_wrote_it(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1], days[1]: [1, 2]}, key="a")
    put(table, {days[0]: [3]}, key="b")
    records = table.partitions()
    assert [(day, r.rows, r.files, r.key, r.version) for day, r in records.items()] == [
        (days[0], 1, 1, "b", 2),
        (days[1], 2, 1, "a", 1),
    ]
    assert table.partitions(1)[days[0]].key == "a"
    assert table.built(days[0], 1) == {"key": "a"}
    assert table.built(days[2]) is None


def test_a_thousand_partitions_in_a_hundred_commits_are_listed_in_well_under_a_second(
    table: VersionedTable, rows: Any
) -> None:
    first = date(2024, 1, 1)
    content = rows([1])
    for commit in range(100):
        wanted = [Partition(first + timedelta(days=10 * commit + index)) for index in range(10)]
        files = [table.stage(content, day, run="r") for day in wanted[:1]]
        entry = {"key": "k" * 64, "inputs": ["x" * 200] * 3}
        lineage = Lineage(run="r", pipeline="p", partitions={str(day): entry for day in wanted})
        copies = [copy_to(table, files[0], day) for day in wanted[1:]]
        table.commit(files + copies, replaces=wanted, lineage=lineage)
    started = perf_counter()
    records = table.partitions()
    took_s = perf_counter() - started
    assert len(records) == 1000
    assert {record.key for record in records.values()} == {"k" * 64}
    assert took_s < 0.7


def copy_to(table: VersionedTable, file: Any, day: Partition) -> Any:
    """Make a staged file by copying one: staging a thousand would time the disk, not the log."""
    path = file.path.replace(file.partition.path, day.path)
    target = Path(table.uri) / path
    target.parent.mkdir()
    target.write_bytes((Path(table.uri) / file.path).read_bytes())
    return type(file)(path, day, file.bytes, file.rows, file.sha256)


def test_a_tag_reads_its_version(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    assert table.tag("train-2026-11-01") == 1
    put(table, {days[0]: [2]})
    assert table.tag("train-2026-11-02") == 2
    assert table.tags() == {"train-2026-11-01": 1, "train-2026-11-02": 2}
    assert values(table, "train-2026-11-01") == [1]
    assert table.verify("train-2026-11-01") == []


def test_a_tag_is_never_moved(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    table.tag("gold")
    assert table.tag("gold", 1) == 1
    put(table, {days[0]: [2]})
    with pytest.raises(UsageError, match="tag 'gold' is taken: it points at version 1"):
        table.tag("gold")
    table.untag("gold")
    assert table.tag("gold") == 2


def test_of_many_who_take_a_tag_at_once_one_wins(table: VersionedTable, put: Any, days: Any) -> None:
    for number in range(8):
        put(table, {days[0]: [number]})

    def take(version: int) -> int:
        try:
            return table.tag("gold", version)
        except UsageError:
            return 0

    with ThreadPoolExecutor(8) as threads:
        won = [version for version in threads.map(take, range(1, 9)) if version]
    assert won == [table.tags()["gold"]]


@pytest.mark.parametrize("name", ["", "7", "a/b", "../x", "a b", "é", "x" * 101])
def test_a_tag_that_makes_no_file_name_is_refused(table: VersionedTable, name: str) -> None:
    with pytest.raises(UsageError, match="must be a letter, then up to 99 letters"):
        table.tag(name)


def test_an_unknown_tag_is_refused_with_a_guess(table: VersionedTable) -> None:
    table.tag("train-2026")
    for call in (table.scan, table.untag, table.verify):
        with pytest.raises(UsageError, match=r"there is no tag 'train-2025'\. Did you mean 'train-2026'\?"):
            call("train-2025")


def test_a_damaged_tag_is_refused(table: VersionedTable) -> None:
    table.tag("gold")
    (Path(table.uri) / "_featurelib/tags/gold.json").write_text("{")
    with pytest.raises(TableError, match="tag 'gold' is damaged"):
        table.tags()
