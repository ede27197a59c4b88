"""Served: the same rows are chosen whatever the order of rows, files and formats."""

import gzip
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, LogFileError, UsageError
from featurelib.parity import read_served
from featurelib.program.hashing import hash_text

ROWS = [{"request": f"r{number // 4}", "item": f"i{number}", "price": number / 2} for number in range(400)]


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def test_the_rows_are_those_of_the_smallest_hashes(tmp_path: Path) -> None:
    whole = lines(tmp_path / "served.jsonl", ROWS)
    parts = [lines(tmp_path / "b.jsonl.gz", ROWS[:150:-1]), tmp_path / "a.parquet"]
    pl.DataFrame(ROWS[150::-1]).write_parquet(parts[1])
    found = read_served([whole], by=["item"], most=30)
    wanted = sorted(ROWS, key=lambda row: hash_text(f"parity\x1f{row['item']}"))[:30]
    assert (list(found.rows), found.seen) == (wanted, 400)
    assert read_served(parts, by=["item"], most=30) == found
    assert read_served(parts[::-1], by=["item"], most=30) == found


def test_rows_of_one_request_stay_together(tmp_path: Path) -> None:
    found = read_served([lines(tmp_path / "served.jsonl", ROWS)], by=["request"], most=30)
    requests = [row["request"] for row in found.rows]
    assert len(requests) == 32
    assert all(requests.count(request) == 4 for request in requests)
    more = read_served([tmp_path / "served.jsonl"], by=["request"], most=60)
    assert found.rows == more.rows[:32]
    assert len(read_served([tmp_path / "served.jsonl"], by=["request"], most=1000).rows) == 400


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("served.csv", b"a,b\n", UsageError, r"is of .parquet, .jsonl or .jsonl.gz files, got .*served.csv"),
        ("served.jsonl", b'{"item": 1}\n[2]\n', LogFileError, "line 2 is no JSON object"),
        ("served.jsonl", b'{"item": 1\n', LogFileError, "cannot be read"),
        ("served.jsonl.gz", b"no gzip", LogFileError, "cannot be read"),
        ("served.parquet", b"no parquet", LogFileError, "cannot be read"),
        ("served.jsonl", b'{"id": 1}\n', ColumnMissingError, "parity reads column 'item', which the log of served"),
    ],
)
def test_what_is_no_log_of_served_features_is_said(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], message: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(error, match=message):
        read_served([path], by=["item"], most=10)


def test_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs at least one file"):
        read_served([], by=["item"], most=1)
    with pytest.raises(LogFileError, match="cannot be read"):
        read_served([tmp_path / "nothing.jsonl"], by=["item"], most=1)
