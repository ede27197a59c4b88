"""Each row of a slice knows where it stood."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import LogFileError, UsageError
from featurelib.logs import Log, LogSlice, _csv, _jsonl
from featurelib.schema.column import Column
from featurelib.schema.table import Table

START = datetime(2026, 11, 1, tzinfo=UTC)


class Click(Table):
    event_time = "at"

    at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was opened.")
    line = Column(dtype=pl.Int64(), doc="The line it stands in.", source="n", between=(0, None))
    note = Column(dtype=pl.String(), doc="Any text.", nullable=True, optional=True)


Row = tuple[str, str]  # what precedes it in the file, and its note
ROWS = st.lists(
    st.tuples(st.sampled_from(["", "\n", "\r\n", "x\n", "reject"]), st.sampled_from(["", "a", '"b\nc"', '"\r\n\r\n"'])),
    max_size=12,
)


def csv_of(rows: list[Row]) -> str:
    """Return a file each of whose good rows holds the line where it starts."""
    text = "at,n,note\n"
    for before, note in rows:
        text += "2026-11-01T00:00:00Z,-1,\n" if before == "reject" else before
        text += f"2026-11-01T00:00:00Z,{text.count(chr(10)) + 1},{note}\n"
    return text


def jsonl_of(rows: list[Row]) -> str:
    text = ""
    for before, _ in rows:
        text += '{"at":"2026-11-01T00:00:00Z","n":-1}\n' if before == "reject" else before
        text += f'{{"at":"2026-11-01T00:00:00Z","n":{text.count(chr(10)) + 1}}}\n'
    return text


def parquet_of(rows: list[Row], path: Path) -> None:
    lines = [at for n, (before, _) in enumerate(rows, 1) for at in ([-1, n] if before == "reject" else [n])]
    numbered = [number if at > 0 else -1 for number, at in enumerate(lines, 1)]
    pl.DataFrame({"at": START, "n": pl.Series(numbered, dtype=pl.Int64)}).with_columns(
        pl.col("at").cast(pl.Datetime("us", "UTC"))
    ).write_parquet(path)


@given(files=st.lists(ROWS, min_size=3, max_size=3), suffix=st.sampled_from([".csv", ".jsonl", ".parquet"]))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_is_found_again(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    monkeypatch: pytest.MonkeyPatch,
    files: list[list[Row]],
    suffix: str,
) -> None:
    monkeypatch.setattr(_csv, "_BLOCK", 128)
    monkeypatch.setattr(_jsonl, "_LINES", 3)
    for name, rows in zip("abc", files, strict=True):
        path = put(name + suffix, "")
        if suffix == ".parquet":
            parquet_of(rows, path)
        else:
            path.write_bytes((csv_of if suffix == ".csv" else jsonl_of)(rows).encode())
    day = read_day(make_log(suffix, table=Click))
    rows = day.numbered("#").collect()
    found = day.sources(rows["#"])
    assert dict(found.schema) == {"number": rows["#"].dtype, "file": pl.String, "line": pl.Int64}
    assert found["number"].to_list() == rows["#"].to_list()
    assert found["line"].to_list() == rows["line"].to_list()
    want = [f"2026-11-01/{name}{suffix}" for name, rows in zip("abc", files, strict=True) for _ in rows]
    assert found["file"].to_list() == want
    some = pl.concat([rows["#"].reverse(), rows["#"].head(2)])[::3]
    assert day.sources(some).rows() == [found.row(rows["#"].index_of(number) or 0) for number in some]


def test_numbers_that_are_null_or_of_no_row(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.csv", csv_of([("", "a")] * 3))
    day = read_day(make_log(".csv", table=Click))
    numbers = pl.Series([2, None, 0], dtype=pl.UInt32)
    assert day.sources(numbers).rows() == [
        (2, "2026-11-01/a.csv", 4),
        (None, None, None),
        (0, "2026-11-01/a.csv", 2),
    ]
    assert day.sources(pl.Series([], dtype=pl.UInt32)).shape == (0, 3)
    for wrong in (3, -1):
        with pytest.raises(UsageError, match=r"has rows from 0 to 2, not .*Number them by numbered\(\)"):
            day.sources(pl.Series([0, wrong]))


@pytest.mark.parametrize(("row", "walks"), [(("", "a"), False), (("\n", "a"), True), (("", '"a\nb"'), True)])
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", "\n\n"])
def test_a_file_of_one_line_a_row_is_not_read_again(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    row: Row,
    walks: bool,
    end: str,
) -> None:
    path = put("a.csv", csv_of([row] * 5).rstrip("\n") + end)
    day = read_day(make_log(".csv", table=Click))
    rows = day.numbered("#").collect()
    assert day.sources(rows["#"])["line"].to_list() == rows["line"].to_list()
    path.write_text(csv_of([row] * 4))
    if walks or end == "\n\n":
        with pytest.raises(LogFileError, match=r"held 5 rows when read, and fewer now. Is it still being written"):
            day.sources(rows["#"])
    else:
        assert day.sources(rows["#"]).height == 5


def test_rows_of_other_partitions_have_their_own_file(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    for day in ("2026-11-01", "2026-11-02"):
        put("a.csv", csv_of([("", "a")] * 2), day=day)
    found = read_day(make_log(".csv", table=Click, lateness=timedelta(hours=24)), days=1)
    assert found.sources(found.numbered("#").collect()["#"]).select("file", "line").rows() == [
        (f"2026-11-0{day}/a.csv", line) for day in (1, 2) for line in (2, 3)
    ]
