"""JSON lines logs: values as their texts, broken lines as rejects."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from featurelib.errors import LogFileError
from featurelib.logs import Log, LogSlice, _jsonl

AT = '"shown_at":"2026-11-01T00:00:00Z"'
GOOD = f'{{{AT},"slot":1}}\n'


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ("12345678901234567890123", "12345678901234567890123"),
        ("1.10", "1.10"),
        ("1E400", "1E400"),
        ("-0", "-0"),
        ('"007"', "007"),
        ('""', ""),
        ("true", "true"),
        ("null", None),
        ('{"a": [1.0, "\\u00e9", {"b": null}]}', '{"a":[1.0,"é",{"b":null}]}'),
        ("[]", "[]"),
        ('"\\ud83d\\ude00"', "😀"),
    ],
)
def test_a_text_column_takes_any_value_as_its_text(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    value: str,
    want: str | None,
) -> None:
    put("a.jsonl", f'{{{AT},"slot":1,"item":{value},"clicked":null}}\n{{{AT},"slot":1,"item":true}}')
    day = read_day(make_log(".jsonl"))
    assert day.frame.select("item").collect().to_series().to_list() == [want, "true"]


def test_numbers_and_texts_of_numbers_are_typed_by_the_schema(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    lines = [
        '"slot":1,"price":1e3,"score":NaN,"clicked":"1","the note":5',
        '"slot":"1","price":"","score":-Infinity,"clicked":null',
        '"slot":1.0',
        '"slot":true',
        '"slot":[1]',
        '"slot":null',
        '"clicked":1',
    ]
    put("a.jsonl", "".join(f"{{{AT},{line}}}\n" for line in lines))
    day = read_day(make_log(".jsonl"))
    rows = day.frame.select("slot", "price", pl.col("score").cast(pl.String), "clicked", "note").collect().rows()
    assert rows == [(1, 1000.0, "NaN", 1, "5"), (1, None, "-inf", None, None)]
    assert day.rejects.select("line", "reason", "column", "value").rows() == [
        (3, "bad_type", "slot", "1.0"),
        (4, "bad_type", "slot", "true"),
        (5, "bad_type", "slot", "[1]"),
        (6, "missing_value", "slot", None),
        (7, "missing_value", "slot", None),
    ]
    assert day.rejects["row"][0] == f'{{{AT},"slot":1.0}}'


@pytest.mark.parametrize(
    ("line", "reason", "row"),
    [
        (b'{"slot":1', "bad_json", '"{\\"slot\\":1"'),
        (b"[1]", "bad_json", '"[1]"'),
        (b"7", "bad_json", '"7"'),
        (b'{"slot":1}{"slot":1}', "bad_json", '"{\\"slot\\":1}{\\"slot\\":1}"'),
        (b"{'slot':1}", "bad_json", "\"{'slot':1}\""),
        (b'{"item":"caf\xe9"}', "bad_encoding", '"{\\"item\\":\\"caf\ufffd\\"}"'),
        (b'{"item":"\\ud800"}', "bad_encoding", '"{\\"item\\":\\"\\\\ud800\\"}"'),
        (b'{"item":' + b"[" * 100_000, "bad_json", None),
        (b'{"item":' + b"[" * 900 + b"]" * 900 + b"}x", "bad_json", None),
    ],
)
def test_a_broken_line_is_one_reject(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    line: bytes,
    reason: str,
    row: str | None,
) -> None:
    put("a.jsonl", b"\xef\xbb\xbf" + GOOD.encode() + b" \r\n\n" + line + b"\r\n" + GOOD.strip().encode())
    day = read_day(make_log(".jsonl"))
    assert day.rejects.select("line", "reason", "column", "value").rows() == [(4, reason, None, None)]
    assert row is None or day.rejects["row"].to_list() == [row]
    assert (day.rows_read, day.frame.collect().height) == (3, 2)


def test_lines_are_counted_across_chunks(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_jsonl, "_LINES", 3)
    put("a.jsonl", "".join(GOOD if n % 4 else f'{{{AT},"slot":{n}}}\n\n{{\n' for n in range(40)))
    day = read_day(make_log(".jsonl"))
    rejects = day.rejects.select("line", "reason").rows()
    assert rejects == sorted(rejects)
    assert [line for line, reason in rejects if reason == "bad_json"] == [3 + 6 * n for n in range(10)]
    assert [line for line, reason in rejects if reason == "out_of_range"] == [1 + 6 * n for n in range(3, 10)]


def test_an_unknown_key_is_refused_unless_ignored(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.jsonl", GOOD + f'{{{AT},"slot":1,"extra":1}}\n')
    with pytest.raises(LogFileError, match=r"a.jsonl, line 2: has column 'extra', which table Impression lacks"):
        read_day(make_log(".jsonl"))
    assert read_day(make_log(".jsonl", unknown_columns="ignore")).frame.collect().height == 2


def test_an_empty_plain_file_is_zero_rows(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.jsonl", b"")
    day = read_day(make_log(".jsonl"))
    assert (day.rows_read, day.frame.collect().height) == (0, 0)


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".jsonl.zst"])
def test_an_empty_compressed_file_is_damaged(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], suffix: str
) -> None:
    put("a" + suffix, b"")
    with pytest.raises(LogFileError, match=r"is empty \(zero bytes\)"):
        read_day(make_log(suffix))
