import os
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable

from featurelib.errors import ColumnTypeError, TableError, UsageError
from featurelib.tables import Lineage, Partition, VersionedTable

EVERY_TYPE = pl.DataFrame(
    {
        "flag": [True, None], "i8": [-1, None], "u8": [255, None], "u16": [65535, None], "u32": [2**32 - 1, None],
        "u64": [2**64 - 1, None], "f32": [float("nan"), None], "f64": [-0.0, None], "text": ["", None],
        "raw": [b"\0", None], "day": [date(2026, 1, 1), None], "at": [datetime(2026, 1, 1, tzinfo=UTC), None],
        "local": [datetime(2026, 1, 1), None], "price": [Decimal("1.10"), None], "many": [[1, None], None],  # noqa: DTZ001 - a naive column is what is stored
        "pair": [[1, 2], None], "both": [{"a": 1, "b": ["x"]}, None],
    },
    schema={
        "flag": pl.Boolean(), "i8": pl.Int8(), "u8": pl.UInt8(), "u16": pl.UInt16(), "u32": pl.UInt32(),
        "u64": pl.UInt64(), "f32": pl.Float32(), "f64": pl.Float64(), "text": pl.String(), "raw": pl.Binary(),
        "day": pl.Date(), "at": pl.Datetime("us", "UTC"), "local": pl.Datetime("us"), "price": pl.Decimal(10, 2),
        "many": pl.List(pl.UInt32()), "pair": pl.Array(pl.Int8(), 2),
        "both": pl.Struct({"a": pl.UInt8(), "b": pl.List(pl.String())}),
    },
)  # fmt: skip


def test_every_type_is_stored_and_read_exactly(tmp_path: Path, told: Callable[..., Lineage]) -> None:
    table = VersionedTable.create(tmp_path / "t", EVERY_TYPE.schema)
    day = Partition(date(2026, 11, 1))
    table.commit([table.stage(EVERY_TYPE, day, run="r")], replaces=[day], lineage=told(day))
    assert VersionedTable.open(tmp_path / "t").schema == EVERY_TYPE.schema
    assert table.scan().drop("dt").collect().equals(EVERY_TYPE)


@pytest.mark.parametrize(
    "dtype", [pl.Categorical(), pl.Duration("us"), pl.Time(), pl.Datetime("ns"), pl.Datetime("us", "Asia/Tokyo")]
)
@pytest.mark.parametrize("wrap", [lambda dtype: dtype, pl.List])
def test_a_type_that_cannot_be_stored_exactly_is_refused(tmp_path: Path, dtype: Any, wrap: Any) -> None:
    with pytest.raises(ColumnTypeError, match="needs column 'c' of its schema to be a type that Parquet and Delta"):
        VersionedTable.create(tmp_path / "t", pl.Schema({"c": wrap(dtype)}))


def test_create_opens_a_table_that_is_there(table: VersionedTable) -> None:
    assert VersionedTable.create(table.uri, table.schema) == table
    assert table.version == 0


def test_another_schema_is_refused_and_the_columns_are_named(table: VersionedTable) -> None:
    with pytest.raises(TableError, match=r"'x': Int64 in the table, Int32 given; 'y': absent in the table, Int8 given"):
        VersionedTable.create(table.uri, pl.Schema({"x": pl.Int32(), "s": pl.String(), "y": pl.Int8()}))


def test_another_order_of_columns_is_refused(table: VersionedTable) -> None:
    with pytest.raises(TableError, match="the order is"):
        VersionedTable.create(table.uri, pl.Schema({"s": pl.String(), "x": pl.Int64()}))


def test_days_and_hours_do_not_mix(table: VersionedTable) -> None:
    with pytest.raises(TableError, match="the table is by days, not by hours"):
        VersionedTable.create(table.uri, table.schema, hourly=True)


@pytest.mark.parametrize(
    ("schema", "message"),
    [({}, "at least one column"), ({"dt": pl.Date()}, "partition columns"), ({"HR": pl.Int8()}, "partition columns")],
)
def test_a_schema_that_makes_no_table_is_refused(tmp_path: Path, schema: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        VersionedTable.create(tmp_path / "t", pl.Schema(schema))


@pytest.mark.parametrize(
    ("uri", "options", "message"),
    [
        ("gs://bucket/t", None, "give a local path or s3://bucket/prefix"),
        ("/data/env=prod/t", None, "must not contain '='"),
        ("/data/100%/t", None, "must not contain"),
        ("/data/t", {"aws_region": "x"}, "storage options are for s3:// addresses"),
    ],
)
def test_an_address_we_cannot_use_is_refused(uri: str, options: dict[str, str] | None, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        VersionedTable.create(uri, pl.Schema({"x": pl.Int8()}), storage_options=options)


def test_open_needs_a_table(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no table here; create it first"):
        VersionedTable.open(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_a_table_whose_versions_expire_is_refused(tmp_path: Path, table: VersionedTable) -> None:
    DeltaTable.create(str(tmp_path / "foreign"), DeltaTable(table.uri).schema(), partition_by=["dt"])
    with pytest.raises(TableError, match=r"setting delta.enableExpiredLogCleanup is None, not 'false'"):
        VersionedTable.open(tmp_path / "foreign")


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    with pytest.raises(UsageError, match="this file system has no hard links"):
        VersionedTable.create(tmp_path / "t", pl.Schema({"x": pl.Int8()}))
    assert list((tmp_path / "t").iterdir()) == []


def test_many_may_create_the_same_table_at_once_and_one_does(tmp_path: Path) -> None:
    schema = pl.Schema({"x": pl.Int8()})
    for number in range(15):
        with ThreadPoolExecutor(8) as threads:
            tables = list(threads.map(lambda where: VersionedTable.create(where, schema), [tmp_path / str(number)] * 8))
        assert {table.version for table in tables} == {0}


def test_the_loser_of_a_race_to_create_does_not_change_the_winners_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, winner = DeltaTable.create, pl.Schema({"x": pl.Int8()})

    def lose_the_race(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(DeltaTable, "create", honest)
        VersionedTable.create(tmp_path / "t", winner)
        return honest(*arguments, **named)

    monkeypatch.setattr(DeltaTable, "create", lose_the_race)
    with pytest.raises(TableError, match="'y': absent in the table, Int8 given"):
        VersionedTable.create(tmp_path / "t", pl.Schema({"y": pl.Int8()}))
    assert VersionedTable.open(tmp_path / "t").schema == winner


def test_many_may_evolve_a_table_at_once(table: VersionedTable) -> None:
    wider = pl.Schema({**table.schema, "u": pl.Int8()})
    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(lambda _: table.evolve(wider), range(8)))
    assert (set(versions), table.schema) == ({1}, wider)


def test_a_table_can_be_sent_to_another_process(table: VersionedTable) -> None:
    assert pickle.loads(pickle.dumps(table)) == table  # noqa: S301 - our own bytes


def test_a_path_with_spaces_and_accents_works(tmp_path: Path, table: VersionedTable, put: Any, days: Any) -> None:
    other = VersionedTable.create(tmp_path / "été [1]" / "a b", table.schema)
    put(other, {days[0]: [1]})
    assert other.scan().collect()["x"].to_list() == [1]
    assert other.verify() == []


def test_evolve_adds_columns_at_the_end_and_old_rows_have_null(table: VersionedTable, put: Any, days: Any) -> None:
    put(table, {days[0]: [1]})
    wider = pl.Schema({**table.schema, "u": pl.UInt16()})
    assert table.evolve(wider) == 2
    assert table.evolve(wider) == 2
    assert VersionedTable.open(table.uri).schema == wider
    assert table.scan().collect().row(0) == (1, "1", None, days[0].dt)
    assert table.scan(1).collect_schema().names() == ["x", "s", "dt"]


@pytest.mark.parametrize(
    "schema",
    [{"x": pl.Int64()}, {"x": pl.Int32(), "s": pl.String(), "u": pl.Int8()}, {"u": pl.Int8(), "x": pl.Int64()}],
)
def test_evolve_changes_no_column_that_is_there(table: VersionedTable, schema: dict[str, Any]) -> None:
    with pytest.raises(TableError, match="evolve only adds columns at the end"):
        table.evolve(pl.Schema(schema))


def test_a_file_staged_before_the_table_evolved_is_refused(
    table: VersionedTable, rows: Any, told: Any, days: Any, parts: Any
) -> None:
    file = table.stage(rows([1]), days[0], run="r")
    table.evolve(pl.Schema({**table.schema, "u": pl.UInt16()}))
    with pytest.raises(TableError, match="Did the table evolve meanwhile"):
        table.commit([file], replaces=[days[0]], lineage=told(days[0]))
    assert parts(table) == set()
