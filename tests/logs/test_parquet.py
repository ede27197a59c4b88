"""Parquet logs: read where they lie, with types from the footer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, ColumnTypeError, LogFileError
from featurelib.logs import Log, LogSlice
from featurelib.logs._columns import widens
from featurelib.schema.column import Column
from featurelib.schema.table import Table

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
RAW = pl.DataFrame(
    {
        "shown_at": [AT, AT, AT],
        "item": ["a", None, "c"],
        "slot": [1, 2, 3],
        "clicked": [0, None, 1],
        "price": [1.0, None, 3.0],
        "score": [float("nan"), 1.0, None],
        "the note": ["x", "y", "z"],
    },
    schema={
        "shown_at": pl.Datetime("us", "UTC"),
        "item": pl.String,
        "slot": pl.Int32,
        "clicked": pl.Int8,
        "price": pl.Float64,
        "score": pl.Float64,
        "the note": pl.String,
    },
)


@pytest.fixture
def put_frame(tmp_path: Path) -> Callable[..., Path]:
    def put(frame: pl.DataFrame, name: str = "a.parquet", day: str = "2026-11-01") -> Path:
        path = tmp_path / day / name
        path.parent.mkdir(exist_ok=True)
        frame.write_parquet(path, row_group_size=2)
        return path

    return put


def test_a_good_file_is_scanned_where_it_lies(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice], tmp_path: Path
) -> None:
    put_frame(RAW)
    day = read_day(make_log(".parquet"))
    assert day.frame.collect().equals(RAW.rename({"the note": "note"}))
    assert "a.parquet" in day.frame.explain()
    assert "FILTER" not in day.frame.explain()
    assert list((tmp_path / "scratch").rglob("*.parquet")) == []
    assert (day.rows_read, day.files[0].rows) == (3, 3)


def test_types_widen_without_loss(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    narrow = RAW.cast(
        {"shown_at": pl.Datetime("ms", "UTC"), "slot": pl.UInt8, "price": pl.Float32, "item": pl.Categorical}
    )
    put_frame(narrow.with_columns(pl.lit(None).alias("the note")), "b.parquet")
    put_frame(RAW, "c.parquet")
    frame = read_day(make_log(".parquet")).frame
    assert frame.collect_schema() == make_log(".parquet").table.polars_schema()
    want = RAW.rename({"the note": "note"})
    assert frame.collect().equals(pl.concat([want.with_columns(note=pl.lit(None, dtype=pl.String)), want]))


@pytest.mark.parametrize(
    ("got", "want", "fits"),
    [
        (pl.Int32(), pl.Int64(), True),
        (pl.Int64(), pl.Int32(), False),
        (pl.UInt32(), pl.Int64(), True),
        (pl.UInt64(), pl.Int64(), False),
        (pl.Int8(), pl.UInt64(), False),
        (pl.Float32(), pl.Float64(), True),
        (pl.Float64(), pl.Float32(), False),
        (pl.Int32(), pl.Float64(), False),
        (pl.Float64(), pl.Int64(), False),
        (pl.String(), pl.Int64(), False),
        (pl.Int64(), pl.String(), False),
        (pl.Categorical(), pl.String(), True),
        (pl.Enum(["a"]), pl.String(), True),
        (pl.Null(), pl.Int8(), True),
        (pl.Datetime("ms", "UTC"), pl.Datetime("ns", "UTC"), True),
        (pl.Datetime("ns", "UTC"), pl.Datetime("us", "UTC"), False),
        (pl.Datetime("us"), pl.Datetime("us", "UTC"), False),
        (pl.Datetime("us", "Europe/Berlin"), pl.Datetime("us", "UTC"), False),
        (pl.Date(), pl.Datetime("us", "UTC"), False),
        (pl.List(pl.Int8()), pl.List(pl.Int8()), True),
        (pl.List(pl.Int8()), pl.List(pl.Int16()), False),
    ],
)
def test_which_types_widen(got: pl.DataType, want: pl.DataType, fits: bool) -> None:
    assert widens(got, want) is fits


@pytest.mark.parametrize(
    ("column", "dtype", "shown"),
    [
        ("slot", pl.Int64, r"'slot' of file 2026-11-01/a.parquet to be Int32 .*, got Int64. Write the file again"),
        ("shown_at", pl.Datetime("us"), r"time_zone='UTC'\) .*, got Datetime\(time_unit='us', time_zone=None\)"),
        ("price", pl.String, "to be Float64 .*, got String. .* or declare String and convert it later"),
    ],
)
def test_another_type_is_refused(
    make_log: Callable[..., Log],
    put_frame: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    column: str,
    dtype: Any,
    shown: str,
) -> None:
    if column == "shown_at":
        put_frame(RAW.with_columns(pl.col(column).dt.replace_time_zone(None)))
    else:
        put_frame(RAW.cast({column: dtype}))
    with pytest.raises(ColumnTypeError, match=r"log 'impressions' needs column .*" + shown):
        read_day(make_log(".parquet"))


def test_columns_that_are_missing_or_unknown(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put_frame(RAW.drop("the note").select(pl.all().reverse()))
    assert read_day(make_log(".parquet")).frame.select("note").collect().to_series().to_list() == [None] * 3
    put_frame(RAW.drop("slot"))
    with pytest.raises(ColumnMissingError, match=r"reads column 'slot', which file 2026-11-01/a.parquet lacks"):
        read_day(make_log(".parquet"))
    put_frame(RAW.with_columns(extra=1))
    with pytest.raises(LogFileError, match="has column 'extra', which table Impression lacks"):
        read_day(make_log(".parquet"))
    assert read_day(make_log(".parquet", unknown_columns="ignore")).frame.collect().shape == (3, 7)


def test_each_bad_row_is_one_reject_with_its_row_number(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    changes: list[tuple[dict[str, object], str, str | None, str | None]] = [
        ({"shown_at": None}, "missing_value", "shown_at", None),
        ({"slot": None}, "missing_value", "slot", None),
        ({"slot": 11, "clicked": 5}, "out_of_range", "slot", "11"),
        ({"price": float("nan")}, "not_a_number", "price", "NaN"),
        ({"price": -0.5}, "out_of_range", "price", "-0.5"),
        ({"score": float("inf")}, "out_of_range", "score", "inf"),
        ({"clicked": 2}, "not_allowed", "clicked", "2"),
        ({"slot": 0, "clicked": 1}, "check:clicked_has_slot", None, None),
        ({"shown_at": AT + timedelta(days=1)}, "outside_partition", "shown_at", "2026-11-02 12:00:00.000000+00:00"),
    ]
    rows = [row for change, *_ in changes for row in (RAW.row(0, named=True), RAW.row(0, named=True) | change)]
    put_frame(pl.DataFrame(rows, schema=RAW.schema))
    put_frame(RAW, "b.parquet")
    day = read_day(make_log(".parquet"))
    assert day.rejects.select("line", "reason", "column", "value").rows() == [
        (2 * n + 2, *case[1:]) for n, case in enumerate(changes)
    ]
    assert day.rejects["row"][1] == (
        '{"shown_at":"2026-11-01T12:00:00+00:00","item":"a","slot":null,"clicked":0,"price":1.0,"score":null,'
        '"the note":"x"}'
    )
    assert day.frame.collect().height == len(changes) + 3
    assert day.rows_read == 2 * len(changes) + 3


def test_a_reject_with_bytes_and_nested_values_is_shown(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    columns = {
        "event_time": "at",
        "at": Column(dtype=pl.Datetime("us", "UTC"), doc="x"),
        "code": Column(dtype=pl.Binary(), doc="x", nullable=True),
        "tags": Column(dtype=pl.List(pl.String()), doc="x", nullable=True),
        "blobs": Column(dtype=pl.List(pl.Binary()), doc="x", nullable=True),
        "n": Column(dtype=pl.Int8(), doc="x"),
    }
    table = type("Nested", (Table,), columns)
    row = {"at": [AT], "code": [b"\xff"], "tags": [["a"]], "blobs": [[b"\xff"]], "n": [None]}
    put_frame(pl.DataFrame(row, schema=table.polars_schema()))
    rejects = read_day(make_log(".parquet", table=table)).rejects
    assert rejects["row"].to_list() == ['{"at":"2026-11-01T12:00:00+00:00","code":"/w==","tags":["a"],"n":null}']


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little")
    path.write_bytes(
        {
            "empty": b"",
            "truncated": content[: len(content) // 2],
            "no footer": content[:-4] + b"XXXX",
            "footer length": content[:-8] + b"\xff\xff\xff\x7fPAR1",
            "footer": content[: -8 - footer] + b"\xff" * footer + content[-8:],
            "text": b"shown_at,item\n",
            "gzip": b"\x1f\x8b" + content,
        }[how]
    )


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("empty", r"is empty \(zero bytes\)"),
        ("truncated", "cannot be read .*magic bytes not found.*complete only with its footer"),
        ("no footer", "cannot be read"),
        ("footer length", "cannot be read"),
        ("footer", "cannot be read"),
        ("text", "holds plain or unknown data, not parquet"),
        ("gzip", "holds gzip data, not parquet"),
    ],
)
def test_a_damaged_file_is_refused(
    make_log: Callable[..., Log],
    put_frame: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    how: str,
    message: str,
) -> None:
    damaged(put_frame(RAW), how)
    with pytest.raises(LogFileError, match=r"2026-11-01/a.parquet: " + message):
        read_day(make_log(".parquet"))


def test_a_damaged_page_of_a_ruled_column_is_refused(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    path = put_frame(RAW)
    content = bytearray(path.read_bytes())
    content[4:200] = b"\xa5" * 196
    path.write_bytes(content)
    with pytest.raises(LogFileError, match=r"a.parquet: cannot be read"):
        read_day(make_log(".parquet"))


def test_column_names_that_stand_twice_are_refused(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    path = put_frame(RAW)
    table = RAW.to_arrow()
    parquet.write_table(pa.Table.from_arrays([*table.columns, table["slot"]], [*table.column_names, "slot"]), path)
    with pytest.raises(LogFileError, match="names column 'slot' twice"):
        read_day(make_log(".parquet"))


def test_a_folder_with_glob_signs_is_read_as_it_is_named(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice], tmp_path: Path
) -> None:
    path = put_frame(RAW)
    (tmp_path / "x[ab]=1").mkdir()
    path.rename(tmp_path / "x[ab]=1/2026-11-01.parquet")
    day = read_day(make_log(".parquet", files="x[ab]=1/{dt}.parquet"))
    assert day.frame.collect().shape == (3, 7)


def test_rows_of_several_files_are_rejected_where_they_stand(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    late = pl.col("shown_at") + pl.when(pl.col("slot") == 2).then(timedelta(days=3)).otherwise(timedelta(0))
    put_frame(RAW, "a.parquet")
    put_frame(RAW.clear(), "b.parquet")
    put_frame(RAW.with_columns(late), "c.parquet")  # one that its footer cannot vouch for
    put_frame(RAW.with_columns(slot=pl.lit(None, dtype=pl.Int32)), "d.parquet")
    put_frame(RAW, "e.parquet")
    day = read_day(make_log(".parquet"))
    stood = day.rejects.with_columns(pl.col("file").str.slice(-9, 1)).select("file", "line", "reason").rows()
    nulls = [("d", line, "missing_value") for line in (1, 2, 3)]
    assert stood == [("c", 2, "outside_partition"), *nulls]
    kept = day.numbered("#").collect(engine="in-memory")
    assert kept["#"].is_sorted()
    assert day.rows_read == 12 == kept.height + len(stood) + day.rows_elsewhere
    places = day.sources(kept["#"]).with_columns(pl.col("file").str.slice(-9, 1))
    assert places.filter(pl.col("file").is_in(["a", "c", "e"])).select("file", "line").rows() == [
        ("a", 1),
        ("a", 2),
        ("a", 3),
        ("c", 1),
        ("c", 3),
        ("e", 1),
        ("e", 2),
        ("e", 3),
    ]


def test_of_several_files_the_damaged_one_is_named(
    make_log: Callable[..., Log], put_frame: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    for name in ("a.parquet", "b.parquet", "c.parquet"):
        path = put_frame(RAW, name)
        if name == "b.parquet":
            content = bytearray(path.read_bytes())
            content[4:400] = bytes(396)  # the pages, not the footer
            path.write_bytes(content)
    with pytest.raises(LogFileError, match=r"b.parquet: cannot be read"):
        read_day(make_log(".parquet"))
