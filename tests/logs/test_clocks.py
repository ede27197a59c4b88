"""Clocks that count, clocks that are wrong, and identifiers that look like numbers."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnTypeError
from featurelib.logs import Log, LogSlice, read
from featurelib.logs._epochs import from_number, from_text
from featurelib.schema.column import Column, Epoch
from featurelib.schema.table import Table

START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MS = 1_793_491_200_000  # START
UBI = Path(__file__).parents[3] / "shared" / "data" / "ubi-esci" / "ubi_queries_events.ndjson.gz"


class Click(Table):
    event_time = "at"
    landing_time = "landed"

    at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was opened.", epoch="ms")
    landed = Column(dtype=pl.Datetime("us", "UTC"), doc="When we could read it.", nullable=True, optional=True)
    id = Column(dtype=pl.String(), doc="Its id.", nullable=True, optional=True)


CASES: list[tuple[Any, datetime | str]] = [
    (MS, START),
    (str(MS + 1), START + timedelta(milliseconds=1)),
    (f"{MS}.5", START + timedelta(microseconds=500)),
    ("2026-11-01T00:00:00.000Z", START),
    ("2026-11-01T01:00:00.000+0100", START),
    (MS // 1000, "bad_time"),  # seconds
    (MS * 1000, "bad_time"),
    (MS * 10**9, "bad_time"),
    (0, "bad_time"),
    (-MS, "bad_time"),
    ("2026-11-01T00:00:00", "bad_time"),
    (f"{MS}.0001", "bad_type"),
    ("1.7e12", "bad_type"),
    ("+1793491200000", "bad_type"),
    ("noon", "bad_type"),
    ("1969-12-31T23:59:59Z", "before_1970"),
    ("1970-01-01T00:00:00Z", "outside_partition"),
]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_texts_and_numbers_of_one_column_are_instants(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], suffix: str
) -> None:
    texts = [value for value, _ in CASES]
    if suffix == ".csv":
        put("a.csv", "at\n" + "".join(f"{text}\n" for text in texts))
    else:
        put("a.jsonl", "".join(json.dumps({"at": text}) + "\n" for text in texts))
    day = read_day(make_log(suffix, table=Click))
    assert day.frame.collect()["at"].to_list() == [want for _, want in CASES if isinstance(want, datetime)]
    rejects = day.rejects.select("reason", "column").rows()
    assert rejects == [(want, "at") for _, want in CASES if isinstance(want, str)]
    assert day.rejects["value"][0] == str(MS // 1000)


@pytest.mark.parametrize(
    ("epoch", "unit", "text", "want"),
    [
        ("s", "us", "1793491200.123", START + timedelta(milliseconds=123)),
        ("s", "us", "1793491200.1234560", START + timedelta(microseconds=123_456)),
        ("s", "ms", "1793491200.1234", None),
        ("s", "ms", "1793491200", START),
        ("us", "us", "1793491200000001.0", START + timedelta(microseconds=1)),
        ("us", "us", "1793491200000001.5", None),
        ("us", "ms", "1793491200001000", START + timedelta(milliseconds=1)),
        ("us", "ms", "1793491200000001", None),
        ("ms", "ns", "1793491200000.000001", START),
        ("s", "us", "31536000", datetime(1971, 1, 1, tzinfo=UTC)),
        ("s", "us", "31535999.999999", None),
        ("s", "us", "7258118399.999999", datetime(2200, 1, 1, tzinfo=UTC) - timedelta(microseconds=1)),
        ("s", "us", "7258118400", None),
    ],
)
def test_a_fraction_is_exact_or_refused(epoch: Epoch, unit: Any, text: str, want: datetime | None) -> None:
    dtype = pl.Datetime(unit, "UTC")
    assert pl.DataFrame({"x": [text]}).select(from_text(pl.col("x"), dtype, epoch)).item() == want


@given(
    count=st.integers(-(2**63), 2**63 - 1) | st.integers(0, 8 * 10**12),
    epoch=st.sampled_from(["s", "ms", "us"]),
    unit=st.sampled_from(["ms", "us", "ns"]),
)
def test_a_number_and_its_text_are_the_same_instant(count: int, epoch: Epoch, unit: Any) -> None:
    dtype = pl.Datetime(unit, "Europe/Berlin")
    frame = pl.DataFrame({"number": [count], "text": [str(count)]}, schema_overrides={"number": pl.Int64})
    found = frame.select(
        from_number(pl.col("number"), dtype, epoch), from_text(pl.col("text"), dtype, epoch).alias("t")
    )
    assert found.dtypes == [dtype, dtype]
    assert found["number"].to_physical().to_list() == found["t"].to_physical().to_list()


@pytest.mark.parametrize("dtype", [pl.Int64, pl.UInt64])
def test_whole_numbers_of_a_parquet_file_are_instants(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    tmp_path: Path,
    dtype: Any,
) -> None:
    numbers = [MS, MS // 1000, MS + 5, MS * 1000, None, MS + 86_400_000]
    pl.DataFrame({"at": numbers}, schema={"at": dtype}).write_parquet(put("a.parquet", ""))
    pl.DataFrame({"at": [MS, MS]}, schema={"at": dtype}).write_parquet(put("b.parquet", ""))
    log = make_log(".parquet", table=Click)
    day = read_day(log)
    assert day.frame.collect().schema == Click.polars_schema()
    assert day.frame.collect()["at"].to_list() == [START, START + timedelta(milliseconds=5), START, START]
    assert day.rejects.select("line", "reason", "value").rows() == [
        (2, "bad_time", str(MS // 1000)),
        (4, "bad_time", str(MS * 1000)),
        (5, "missing_value", None),
        (6, "outside_partition", "2026-11-02 00:00:00.000000+00:00"),
    ]
    assert day.rejects["row"][0] == f'{{"at":{MS // 1000},"landed":null,"id":null}}'
    assert day.sources(day.numbered("#").collect()["#"])["line"].to_list() == [1, 3, 1, 2]
    later = read(log, tmp_path, START + DAY / 2, START + DAY, scratch=tmp_path / "scratch")
    assert (later.rows_elsewhere, later.rejects.height, later.frame.collect().height) == (8, 0, 0)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_times_without_a_zone_of_a_parquet_file_are_of_the_declared_zone(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], unit: Any
) -> None:
    hour = timedelta(hours=1)
    berlin = Column(dtype=pl.Datetime(unit, "UTC"), doc="x", zone="Europe/Berlin")
    log = make_log(".parquet", table=type("Berlin", (Click,), {"at": berlin}), lateness=400 * DAY)
    autumn, spring, never = datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30), 2**62 // 10**3  # noqa: DTZ001
    local = START.replace(tzinfo=None)
    values = pl.Series([local, local + hour, None, autumn, spring, local + 26 * hour], dtype=pl.Datetime("ms"))
    frame = pl.DataFrame({"at": pl.concat([values, pl.Series([never]).cast(pl.Datetime("ms"))])})
    frame.write_parquet(put("a.parquet", ""))
    pl.DataFrame({"at": [START]}, schema={"at": pl.Datetime(unit, "UTC")}).write_parquet(put("b.parquet", ""))
    day = read_day(log)
    assert day.frame.collect().schema == log.table.polars_schema()
    assert day.frame.collect()["at"].to_list() == [START, START]
    assert (day.rows_read, day.rows_elsewhere) == (8, 1)  # the first is of the evening before, in UTC
    assert day.rejects.select("line", "reason", "value").rows()[:-1] == [
        (3, "missing_value", None),
        (4, "bad_time", "2026-10-25 02:30:00.000"),
        (5, "bad_time", "2026-03-29 02:30:00.000"),
        (6, "outside_partition", day.rejects["value"][3]),
    ]
    assert day.rejects["value"][3].startswith("2026-11-02 01:00:00")
    assert day.rejects["reason"].to_list()[4:] == ["bad_time"]
    assert day.rejects["row"][1] == '{"at":"2026-10-25 02:30:00","landed":null,"id":null}'


def test_times_without_a_zone_are_refused_unless_it_is_declared(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    local = pl.DataFrame({"at": [START.replace(tzinfo=None)]})
    local.write_parquet(put("a.parquet", ""))
    with pytest.raises(ColumnTypeError, match=r"time_zone=None\). If all are of one zone, declare .* zone='UTC'\."):
        read_day(make_log(".parquet", table=Click))
    coarse = Column(dtype=pl.Datetime("ms", "UTC"), doc="x", zone="UTC")
    with pytest.raises(ColumnTypeError, match=r"to be Datetime.*'ms'.* widens to it without loss, got"):
        read_day(make_log(".parquet", table=type("Coarse", (Click,), {"at": coarse})))
    put("a.csv", "at\n2026-11-01 00:00:00\n")
    assert read_day(make_log(".csv", table=Click)).rejects["reason"].to_list() == ["bad_time"]
    utc = type("Utc", (Click,), {"at": Column(dtype=pl.Datetime("us", "UTC"), doc="x", zone="UTC")})
    for suffix in (".csv", ".parquet"):
        assert read_day(make_log(suffix, table=utc)).frame.collect()["at"].to_list() == [START]


def test_numbers_that_are_not_declared_are_refused(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    plain = type("Plain", (Click,), {"at": Column(dtype=pl.Datetime("us", "UTC"), doc="x")})
    pl.DataFrame({"at": [MS]}).write_parquet(put("a.parquet", ""))
    with pytest.raises(ColumnTypeError, match=r"got Int64. If these are seconds, ms or us .* declare the column's"):
        read_day(make_log(".parquet", table=plain))
    put("a.csv", f"at\n{MS}\n")
    assert read_day(make_log(".csv", table=plain)).rejects["reason"].to_list() == ["bad_type"]
    coarse = type("Coarse", (Click,), {"at": Column(dtype=pl.Datetime("ms", "UTC"), doc="x", epoch="us")})
    pl.DataFrame({"at": [MS * 1000, MS * 1000 + 1]}).write_parquet(put("a.parquet", ""))
    day = read_day(make_log(".parquet", table=coarse))
    assert (day.frame.collect().height, day.rejects["reason"].to_list()) == (1, ["bad_type"])


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_an_event_is_not_later_than_its_landing(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    suffix: str,
    unit: Any,
) -> None:
    landed = Column(dtype=pl.Datetime(unit, "Europe/Berlin"), doc="x", nullable=True)
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="x")
    table = type("Landed", (Table,), {"event_time": "at", "landing_time": "landed", "at": at, "landed": landed})
    late, micro = START + 60 * MINUTE, timedelta(microseconds=1)
    rows = [
        (late, late - 10 * MINUTE),
        (late + micro, late - 10 * MINUTE),
        (late, late + DAY),
        (late, None),
        (late, START - 30_000 * DAY),
        (START - 30_000 * DAY, late),
        (START + DAY, START),
    ]
    path = put("a" + suffix, "")
    if suffix == ".csv":
        path.write_text("at,landed\n" + "".join(f"{a.isoformat()},{b.isoformat() if b else ''}\n" for a, b in rows))
    else:
        pl.DataFrame(rows, schema=table.polars_schema(), orient="row").write_parquet(path)
    lines = pl.col("line") - (suffix == ".csv")  # the header
    assert read_day(make_log(suffix, table=table)).rejects.select(lines, "reason", "column").rows() == [
        (2, "in_the_future", "at"),
        (5, "before_1970", "landed"),
        (6, "before_1970", "at"),
        (7, "in_the_future", "at"),
    ]
    wide = read_day(make_log(suffix, table=table, skew=DAY))
    assert wide.rejects["reason"].to_list() == ["before_1970", "before_1970", "outside_partition"]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_an_id_is_a_text_whatever_it_looks_like(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], suffix: str
) -> None:
    ids = ["12345678901234567890", "007", "", "1e5", "NaN", "null"]
    if suffix == ".csv":
        put("a.csv", "at,id\n" + "".join(f'{MS},"{text}"\n' if not text else f"{MS},{text}\n" for text in ids))
    else:
        put("a.jsonl", "".join(json.dumps({"at": MS, "id": text}) + "\n" for text in ids))
    assert read_day(make_log(suffix, table=Click)).frame.collect()["id"].to_list() == ids


def test_the_same_content_under_two_names_is_read_twice(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    for name in ("a.csv", "b.csv"):
        put(name, f"at,id\n{MS},7\n")
    path = put("c.csv", f"at,id\n{MS},8\n")
    path.with_name("d.csv").symlink_to(path)
    day = read_day(make_log(".csv", table=Click, event_id="id"))
    assert day.frame.collect()["id"].to_list() == ["7", "7", "8"]
    assert [file.path for file in day.files] == [f"2026-11-01/{name}.csv" for name in "abc"]


@pytest.mark.skipif(not UBI.is_file(), reason="the UBI sample is not beside the repository")
def test_all_three_clocks_of_the_ubi_sample_are_read(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path
) -> None:
    documents = [line for line in gzip.decompress(UBI.read_bytes()).decode().splitlines(True) if '"timestamp"' in line]
    put("a.jsonl", "".join(documents))
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="x", source="timestamp", epoch="ms")
    table = type("Ubi", (Table,), {"event_time": "at", "at": at})
    log = make_log(".jsonl", table=table, unknown_columns="ignore", lateness=1000 * DAY)
    found = read(log, tmp_path, START - 999 * DAY, START, scratch=tmp_path / "scratch", required=False)
    times = found.frame.collect()["at"]
    assert (len(times), found.rejects.height, found.rows_read) == (3921, 0, len(documents))
    assert (f"{times.min():%Y-%m-%d}", f"{times.max():%Y-%m-%d}") == ("2024-06-04", "2025-03-03")
