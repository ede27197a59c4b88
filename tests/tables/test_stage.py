import hashlib
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest

from featurelib.errors import (
    ColumnMissingError,
    ColumnTypeError,
    DataRefusedError,
    StorageError,
    TableError,
    UsageError,
)
from featurelib.tables import Partition, VersionedTable, staging


def test_a_staged_file_is_recorded_and_not_visible(table: VersionedTable, rows: Any, days: Any) -> None:
    file = table.stage(rows([1, 2, 3]), days[0], run="try-7")
    content = (Path(table.uri) / file.path).read_bytes()
    assert file.path.startswith("dt=2026-11-01/part-try-7-")
    assert (file.partition, file.bytes, file.rows) == (days[0], len(content), 3)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert table.version == 0
    assert table.scan().collect().height == 0


def test_columns_may_come_in_any_order_and_are_stored_in_the_tables(
    table: VersionedTable, rows: Any, days: Any
) -> None:
    file = table.stage(rows([1]).select("s", "x").lazy(), days[0], run="r")
    assert pl.read_parquet_schema(Path(table.uri) / file.path) == table.schema


def test_no_rows_make_a_file_of_no_rows(table: VersionedTable, rows: Any, days: Any) -> None:
    assert table.stage(rows([]), days[0], run="r").rows == 0


def test_files_are_zstd_in_row_groups_that_bound_memory(table: VersionedTable, rows: Any, days: Any) -> None:
    file = table.stage(rows(range(150_000)), days[0], run="r")
    footer = pq.read_metadata(Path(table.uri) / file.path)
    assert footer.num_row_groups >= 3
    assert footer.row_group(0).num_rows <= 65_536
    assert footer.row_group(0).column(0).compression == "ZSTD"
    file = table.staging("r", codec="lz4").stage(rows([1]), days[0])
    assert pq.read_metadata(Path(table.uri) / file.path).row_group(0).column(0).compression == "LZ4"


def test_a_missing_column_is_named(table: VersionedTable, rows: Any, days: Any) -> None:
    with pytest.raises(ColumnMissingError, match=r"reads column 'x', which the frame lacks.*Columns: \[s\]"):
        table.stage(rows([1]).drop("x"), days[0], run="r")


def test_a_wrong_type_is_named(table: VersionedTable, rows: Any, days: Any) -> None:
    with pytest.raises(ColumnTypeError, match=r"column 'x' of the frame to be Int64, got Int32\. Cast it"):
        table.stage(rows([1]).cast({"x": pl.Int32()}), days[0], run="r")


def test_an_unknown_column_is_named(table: VersionedTable, rows: Any, days: Any) -> None:
    with pytest.raises(UsageError, match="the table has no column 'y'; drop it, or add it to the table with evolve"):
        table.stage(rows([1]).with_columns(y=1), days[0], run="r")


def test_partition_columns_that_agree_are_accepted_and_not_stored(
    tmp_path: Path, rows: Any, table: VersionedTable
) -> None:
    hourly = VersionedTable.create(tmp_path / "h", table.schema, hourly=True)
    hour = Partition(date(2026, 11, 1), 5)
    frame = rows([1, 2]).with_columns(dt=pl.lit(hour.dt), hr=pl.lit(5, pl.Int32()))
    file = hourly.stage(frame, hour, run="r")
    assert file.path.startswith("dt=2026-11-01/hr=5/part-")
    assert pl.read_parquet_schema(Path(hourly.uri) / file.path) == table.schema


@pytest.mark.parametrize("stranger", [date(2026, 11, 2), None])
def test_a_row_of_another_partition_is_refused(
    table: VersionedTable, rows: Any, days: Any, parts: Any, stranger: date | None
) -> None:
    frame = rows([1, 2]).with_columns(dt=pl.Series([days[0].dt, stranger], dtype=pl.Date()))
    with pytest.raises(DataRefusedError, match="rows outside partition 2026-11-01, by its own dt"):
        table.stage(frame, days[0], run="r")
    assert parts(table) == set()


def test_a_partition_column_of_another_type_is_refused(table: VersionedTable, rows: Any, days: Any) -> None:
    with pytest.raises(ColumnTypeError, match="column 'dt' of the frame to be Date, got String"):
        table.stage(rows([1]).with_columns(dt=pl.lit("2026-11-01")), days[0], run="r")


def test_a_table_by_days_has_no_hr(table: VersionedTable, rows: Any, days: Any) -> None:
    with pytest.raises(UsageError, match="the table has no column 'hr'"):
        table.stage(rows([1]).with_columns(hr=pl.lit(1, pl.Int32())), days[0], run="r")


def test_a_partition_of_the_wrong_kind_is_refused(tmp_path: Path, table: VersionedTable, rows: Any) -> None:
    hourly = VersionedTable.create(tmp_path / "h", table.schema, hourly=True)
    with pytest.raises(UsageError, match="2026-11-01T05 is an hour, and the table is by days"):
        table.stage(rows([1]), Partition(date(2026, 11, 1), 5), run="r")
    with pytest.raises(UsageError, match="2026-11-01 is a day, and the table is by hours"):
        hourly.stage(rows([1]), Partition(date(2026, 11, 1)), run="r")


@pytest.mark.parametrize("run", ["", "a/b", "a b", "2026-11-01T05:00", "..", "é"])
def test_a_run_that_makes_no_file_name_is_refused(table: VersionedTable, rows: Any, days: Any, run: str) -> None:
    with pytest.raises(UsageError, match="becomes part of a file name"):
        table.stage(rows([1]), days[0], run=run)


@pytest.mark.parametrize("error", [ValueError("broken plan"), KeyboardInterrupt("stopped")])
def test_an_exception_on_the_way_leaves_no_file(
    *, table: VersionedTable, rows: Any, days: Any, parts: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def write_some_then_fail(self: pl.LazyFrame, target: str, **_: object) -> None:
        Path(target).write_bytes(b"PAR1 torn")
        raise error

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", write_some_then_fail)
    with pytest.raises(type(error), match=str(error)):
        table.stage(rows([1]), days[0], run="r")
    assert parts(table) == set()


def test_an_exception_of_the_plan_itself_comes_through_and_leaves_no_file(
    table: VersionedTable, rows: Any, days: Any, parts: Any
) -> None:
    def fail(_: pl.Series) -> pl.Series:
        raise RuntimeError("my own mistake")

    frame = rows([1]).lazy().with_columns(pl.col("x").map_batches(fail, return_dtype=pl.Int64()))
    with pytest.raises(RuntimeError, match="my own mistake"):
        table.stage(frame, days[0], run="r")
    assert parts(table) == set()


def test_a_file_that_does_not_read_back_is_not_left(
    table: VersionedTable, rows: Any, days: Any, parts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise TableError("footer cannot be read")

    monkeypatch.setattr(staging, "read_footer", fail)
    with pytest.raises(TableError, match="footer cannot be read"):
        table.stage(rows([1]).lazy(), days[0], run="r")
    assert parts(table) == set()


def test_a_failing_disk_is_a_storage_error(table: VersionedTable, rows: Any, days: Any) -> None:
    (Path(table.uri) / "dt=2026-11-01").write_text("a file where the directory should be")
    with pytest.raises(StorageError, match=r"writing .* failed"):
        table.stage(rows([1]), days[0], run="r")


def test_discard_deletes_staged_files_and_never_live_ones(
    table: VersionedTable, rows: Any, told: Any, days: Any, parts: Any
) -> None:
    live = table.stage(rows([1]), days[0], run="r")
    table.commit([live], replaces=[days[0]], lineage=told(days[0]))
    staged = table.stage(rows([2]), days[1], run="r")
    table.discard([live, staged])
    table.discard([staged])
    table.discard([])
    assert parts(table) == {live.path}
