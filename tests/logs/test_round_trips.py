"""What is written is read back, in every format, whatever else stands between."""

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.logs import Log, LogSlice, read
from featurelib.schema.column import Column
from featurelib.schema.table import Table

START = datetime(2026, 11, 1, tzinfo=UTC)
END = START + timedelta(days=1)
SUFFIXES = [".csv", ".csv.gz", ".csv.zst", ".jsonl", ".jsonl.gz", ".ndjson.zst", ".parquet"]


def column(dtype: pl.DataType, *, nullable: bool = True) -> Column:
    return Column(dtype=dtype, doc="x", nullable=nullable, nan="allow" if dtype.is_float() else "error")


class Event(Table):
    event_time = "at"

    at = column(pl.Datetime("us", "UTC"), nullable=False)
    text = column(pl.String())
    count = column(pl.Int64())
    id = column(pl.UInt64())
    small = column(pl.Int8())
    share = column(pl.Float64())
    half = column(pl.Float32())
    seen = column(pl.Boolean())
    born = column(pl.Date())
    landed = column(pl.Datetime("ms", "Europe/Berlin"))
    local = column(pl.Datetime("us"))
    price = column(pl.Decimal(12, 3))
    kind = column(pl.Enum(["a", "b c", 'd"']))


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(
    ["", '"', "a,b", "\r\n", " x", "007", "null", "NaN"]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "at": st.integers(0, 86_400 * 10**6 - 1).map(lambda us: START + timedelta(microseconds=us)),
    "text": TEXTS,
    "count": st.integers(-(2**63), 2**63 - 1),
    "id": st.integers(0, 2**64 - 1),
    "small": st.integers(-128, 127),
    "share": st.floats(),
    "half": st.floats(width=32),
    "seen": st.booleans(),
    "born": st.dates(),
    "landed": st.integers(-(10**12), 10**13).map(
        lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    ),
    "local": st.datetimes(),
    "price": st.integers(-(10**12) + 1, 10**12 - 1).map(lambda n: Decimal(n).scaleb(-3)),
    "kind": st.sampled_from(["a", "b c", 'd"']),
}
ROW = st.fixed_dictionaries({name: values if name == "at" else st.none() | values for name, values in VALUES.items()})
FRAMES = st.lists(ROW, max_size=6).map(lambda rows: pl.DataFrame(rows, schema=Event.polars_schema()))


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else str(value)


def csv_row(row: dict[str, Any]) -> str:
    fields = []
    for name, value in row.items():
        text = "" if value is None else text_of(value)
        quoted = value is not None and (name == "text" or any(sign in text for sign in ',"\r\n'))
        fields.append('"' + text.replace('"', '""') + '"' if quoted else text)
    return ",".join(fields) + "\n"


def json_row(row: dict[str, Any]) -> str:
    plain = (int, float, str, type(None))
    values = {name: value if isinstance(value, plain) else text_of(value) for name, value in row.items()}
    return json.dumps(values, ensure_ascii=random.Random(len(str(row))).random() < 0.5) + "\n"  # noqa: S311


def written(frame: pl.DataFrame, suffix: str, pack: Callable[[bytes, str], bytes], path: Path) -> None:
    rows = frame.to_dicts()
    if suffix == ".parquet":
        frame.write_parquet(path)
    elif ".csv" in suffix:
        path.write_bytes(pack((",".join(Event.columns) + "\n" + "".join(map(csv_row, rows))).encode(), suffix))
    else:
        path.write_bytes(pack("".join(map(json_row, rows)).encode(), suffix))


def read_back(root: Path, suffix: str) -> LogSlice:
    log = Log(name="events", table=Event, files="{dt}" + suffix)
    return read(log, root, START, END, scratch=root / "scratch")


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(frame=FRAMES)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_written_frame_is_read_back(
    tmp_path: Path, pack: Callable[[bytes, str], bytes], suffix: str, frame: pl.DataFrame
) -> None:
    written(frame, suffix, pack, tmp_path / f"2026-11-01{suffix}")
    back = read_back(tmp_path, suffix)
    assert back.rejects.height == 0
    assert back.frame.collect().equals(frame)
    assert back.rows_read == frame.height


@pytest.mark.parametrize("suffix", [".csv", ".csv.zst", ".jsonl", ".jsonl.gz"])
@given(data=st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_a_row_or_a_reject_on_its_line(
    tmp_path: Path, pack: Callable[[bytes, str], bytes], suffix: str, data: st.DataObject
) -> None:
    rows = data.draw(FRAMES).to_dicts()
    write, head = (csv_row, ",".join(Event.columns) + "\n") if "csv" in suffix else (json_row, "")
    bad = ["only one\n", "x" + "," * 12 + "\n", "{\n", "\ufffd,\n", "[1]\r\n", '"quoted"\n']
    text, wrong = head, []
    for row in rows:
        for junk in data.draw(st.lists(st.sampled_from([*bad, "\n", "\r\n"]), max_size=3)):
            if junk.strip():
                wrong.append(lines_in(text) + 1)
            text += junk
        text += write(row)
    (tmp_path / f"2026-11-01{suffix}").write_bytes(pack(text.encode(), suffix))
    back = read_back(tmp_path, suffix)
    assert back.rejects["line"].to_list() == wrong
    assert back.frame.collect().equals(pl.DataFrame(rows, schema=Event.polars_schema()))
    assert back.rows_read == len(rows) + len(wrong)


def lines_in(text: str) -> int:
    """Count physical lines as text editors and Python do: ``\\n``, ``\\r\\n`` and a lone ``\\r`` end one."""
    return sum(1 for _ in io.StringIO(text, newline=""))


@given(frame=FRAMES.map(lambda frame: frame.select("at", "text", "count", "seen")))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_files_written_by_polars_and_by_python_are_read_back(tmp_path: Path, frame: pl.DataFrame) -> None:
    names = ("at", "text", "count", "seen")
    table = type("Small", (Table,), {"event_time": "at", **{name: Event.columns[name] for name in names}})
    log = Log(name="small", table=table, files="{dt}.csv")
    path = tmp_path / "2026-11-01.csv"
    frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6f%:z")
    assert read(log, tmp_path, START, END, scratch=tmp_path / "s").frame.collect().equals(frame)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        writer.writerows(frame.fill_null("").fill_null(0).fill_null(value=False).rows())
    want = frame.fill_null("").fill_null(0).fill_null(value=False)
    assert read(log, tmp_path, START, END, scratch=tmp_path / "s").frame.collect().equals(want)
