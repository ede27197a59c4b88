"""CSV logs: rows, rejects with their lines, and files that are refused."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, LogFileError
from featurelib.logs import Log, LogSlice, _csv
from featurelib.schema.column import Column
from featurelib.schema.table import Table

HEADER = "shown_at,item,slot,clicked,price,score,the note\n"
GOOD = "2026-11-01T00:00:00Z,a,1,0,1.5,,\n"


def test_a_file_becomes_typed_rows(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.csv", HEADER + '2026-11-01T00:00:00Z,007,1,,1e3,nan,"two\r\nlines, ""quoted"""\n' + GOOD)
    day = read_day(make_log(".csv"))
    assert dict(day.frame.collect_schema()) == dict(day.frame.collect().schema)
    assert day.frame.select("item", "slot", "clicked", "price", "note").collect().rows() == [
        ("007", 1, None, 1000.0, 'two\r\nlines, "quoted"'),
        ("a", 1, 0, 1.5, None),
    ]
    assert day.frame.select("score").collect().to_series().is_nan().to_list() == [True, None]
    assert (day.rows_read, day.rejects.height, day.files[0].rows) == (2, 0, 2)


def test_a_quoted_empty_text_is_not_missing(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.csv", HEADER + '2026-11-01T00:00:00Z,"",1,"",1,,\n2026-11-01T00:00:00Z,,1,,1,,\n')
    assert read_day(make_log(".csv")).frame.select("item", "clicked").collect().rows() == [("", None), (None, None)]


def test_declared_null_texts_replace_the_empty_field(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put(
        "a.csv",
        HEADER + 'NULL,"NULL",1,,1,-,\n2026-11-01T00:00:00Z,"NULL",1,"NULL",-,-,\n2026-11-01T00:00:00Z,-,1,0,-,-,\n',
    )
    day = read_day(make_log(".csv", null_texts=("NULL", "-")))
    assert day.frame.select("item", "clicked", "price", "note").collect().rows() == [
        ("NULL", None, None, ""),
        (None, 0, None, ""),
    ]
    assert day.rejects.select("line", "reason", "column").rows() == [(2, "bad_type", "clicked")]


CASES = [
    ("2026-11-01T00:00:00Z,a,1\n", "field_count", None, "3 fields, not 7"),
    (GOOD.replace(",a,", ",a,a,"), "field_count", None, "8 fields, not 7"),
    (GOOD.replace("Z", ""), "bad_time", "shown_at", "2026-11-01T00:00:00"),
    ("noon" + GOOD[20:], "bad_type", "shown_at", "noon"),
    (GOOD.replace(",1,", ",1.0,"), "bad_type", "slot", "1.0"),
    (GOOD[20:], "missing_value", "shown_at", None),
    (GOOD.replace(",1,", ",,"), "missing_value", "slot", None),
    (GOOD.replace("1.5", "nan"), "not_a_number", "price", "NaN"),
    (GOOD.replace("1.5", "-1"), "out_of_range", "price", "-1.0"),
    (GOOD.replace(",1,", ",11,"), "out_of_range", "slot", "11"),
    (GOOD.replace("1.5,,", "1.5,9.5,"), "out_of_range", "score", "9.5"),
    (GOOD.replace(",0,", ",7,"), "not_allowed", "clicked", "7"),
    (GOOD.replace(",1,0,", ",0,1,"), "check:clicked_has_slot", None, None),
    (GOOD.replace("11-01", "11-02"), "outside_partition", "shown_at", "2026-11-02 00:00:00.000000+00:00"),
    (GOOD.replace("11-01T", "10-31T"), "outside_partition", "shown_at", "2026-10-31 00:00:00.000000+00:00"),
]


def test_each_bad_row_is_one_reject_on_its_line(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    spread = '2026-11-01T00:00:00Z,"a\nb\r\n\nc",9,0,1.5,,\n'  # four lines, one blank; the rule it breaks only warns
    put("a.csv", HEADER + "".join(spread + "\n" + bad for bad, *_ in CASES))
    day = read_day(make_log(".csv"))
    want = [(7 + 6 * n, *case[1:]) for n, case in enumerate(CASES)]
    assert day.rejects.select("line", "reason", "column", "value").rows() == want
    assert set(day.rejects.select("log", "file").rows()) == {("impressions", "2026-11-01/a.csv")}
    assert day.frame.select(pl.len()).collect().item() == len(CASES)
    assert day.rows_read == 2 * len(CASES)
    assert day.rejects["row"][0] == '["2026-11-01T00:00:00Z", "a", "1"]'
    assert day.rejects["row"][4].startswith('{"shown_at":"2026-11-01T00:00:00Z","item":"a","slot":"1.0"')


def test_a_row_with_several_faults_has_the_first_reason(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.csv", HEADER + "2026-11-02T00:00:00Z,a,99,x,-1,,\n2026-11-02T00:00:00Z,a,99,0,-1,,\n")
    rejects = read_day(make_log(".csv")).rejects
    assert rejects.select("reason", "column").rows() == [("bad_type", "clicked"), ("out_of_range", "slot")]


def test_a_text_that_is_not_utf8_is_one_reject(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    bad, short = GOOD.encode().replace(b",a,", b",caf\xe9,"), b"\xff\n"
    put("a.csv", HEADER.encode() + GOOD.encode() + bad + short + GOOD.replace(",a,", ",\ufffd,").encode())
    day = read_day(make_log(".csv"))
    assert day.rejects.select("line", "reason", "column", "value").rows() == [
        (3, "bad_encoding", "item", "caf\ufffd"),
        (4, "field_count", None, "1 fields, not 7"),
    ]
    assert day.frame.select("item").collect().to_series().to_list() == ["a", "\ufffd"]


def test_an_optional_column_may_be_missing_and_others_may_not(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.csv", "slot,shown_at,item,clicked,price,score\n1,2026-11-01T00:00:00Z,a,0,1,2\n1,x,a,0,1,2\n")
    day = read_day(make_log(".csv"))
    assert day.frame.collect().row(0)[1:] == ("a", 1, 0, 1.0, 2.0, None)
    assert '"the note":null' in day.rejects["row"][0]
    put("a.csv", "slot,shown_at,itm\n")
    with pytest.raises(
        ColumnMissingError,
        match=r"log 'impressions' reads column 'item', which file 2026-11-01/a.csv lacks. Did you mean 'itm'",
    ):
        read_day(make_log(".csv"))


def test_an_unknown_column_is_refused_unless_ignored(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    put("a.csv", "extra," + HEADER + "x\ny," + GOOD[:-1] + "\nz," + GOOD)
    with pytest.raises(LogFileError, match=r"a.csv: has column 'extra', which table Impression lacks. Declare it"):
        read_day(make_log(".csv"))
    day = read_day(make_log(".csv", unknown_columns="ignore"))
    assert (day.rows_read, day.rejects["line"].to_list()) == (3, [2])


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n \n"[:2]])
def test_a_header_alone_is_zero_rows(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], ending: str
) -> None:
    put("a.csv", "\ufeff" + HEADER.strip() + ending)
    day = read_day(make_log(".csv"))
    assert (day.rows_read, day.frame.collect().height, day.frame.collect().schema) == (
        0,
        0,
        make_log(".csv").table.polars_schema(),
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a.csv: is empty \(zero bytes\). Fetch or write the file again"),
        (b"\n\n", "has no header line"),
        (b"shown_at,item,item\n", "names column 'item' twice. Write it again with distinct names"),
        (b"shown_at,caf\xe9\n", "has a header that is not UTF-8"),
        (b'shown_at,"item\n1,2\n', "opens a quote in its header that is never closed"),
        (b"\x1f\x8bxx", "holds gzip data, not plain text. Give the file"),
        (b"\x28\xb5\x2f\xfd", "holds zstd data, not plain text"),
        (b"\x53\x2a\x4d\x18", "holds zstd data, not plain text"),
        (b"PAR1", "holds parquet data, not plain text"),
    ],
)
def test_a_file_that_is_no_csv_is_refused(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    content: bytes,
    message: str,
) -> None:
    put("a.csv", content)
    with pytest.raises(LogFileError, match=message):
        read_day(make_log(".csv"))


@pytest.mark.parametrize("row", ['2026-11-01T00:00:00Z,"a,1,0\n', '2026-11-01T00:00:00Z,a,1,0,1,1,"x\n'])
def test_a_quote_that_is_never_closed_swallows_no_rows(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], row: str
) -> None:
    put("a.csv", HEADER + GOOD + row + GOOD * 3)
    with pytest.raises(LogFileError, match=r"opens a quote in line 3 that is never closed. Look for a quote"):
        read_day(make_log(".csv"))


def test_a_row_longer_than_a_block_is_refused(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_csv, "_BLOCK", 256)
    put("a.csv", HEADER + GOOD + GOOD.replace("a", "a" * 1000))
    with pytest.raises(LogFileError, match=r"straddling object .*Look for a quote"):
        read_day(make_log(".csv"))


def test_a_file_that_grows_while_it_is_read_is_refused(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = put("a.csv", HEADER + "broken\n")
    located = _csv.CsvFile.located

    def late(self: _csv.CsvFile, rejects: pl.DataFrame) -> pl.DataFrame:
        path.write_text(HEADER + "broken\n" + GOOD)
        return located(self, rejects)

    monkeypatch.setattr(_csv.CsvFile, "located", late)
    with pytest.raises(
        LogFileError, match=r"held 1 rows when first read, and 2 when read again. Is it still being written"
    ):
        read_day(make_log(".csv"))


class Pair(Table):
    event_time = "a"

    a = Column(dtype=pl.Datetime("us", "UTC"), doc="a")
    b = Column(dtype=pl.String(), doc="b", nullable=True)


SIGNS = st.lists(
    st.sampled_from(["a", ",", '"', "\n", "\r", "\r\n", '""', '",', 'x,"\r\ny"\n', " ", "\x00"]), max_size=60
)


@given(SIGNS)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_arrow_and_python_see_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signs: list[str]) -> None:
    monkeypatch.setattr(_csv, "_BLOCK", 61)  # so that blocks end everywhere, between \r and \n too
    body = "".join(signs)
    (tmp_path / "x.csv").write_bytes(b"a,b\n" + body.encode())
    want = [row for row in csv.reader(io.StringIO(body, newline="")) if row]
    source = _csv.CsvFile(Log(name="x", table=Pair, files="{dt}.csv", null_texts=()), tmp_path / "x.csv", "x.csv")
    try:
        got = [row for batch in source.batches() for row in batch.texts.select("a", "b").rows()]
    except LogFileError as error:
        assert "never closed" in str(error) or "straddling" in str(error)  # noqa: PT017  either is right here
        return
    assert got == [tuple(row) for row in want if len(row) == 2]
    assert source.broken == sum(len(row) != 2 for row in want)


def test_a_table_of_one_column_reads_a_file_of_one_column(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    table = type("One", (Table,), {"event_time": "a", "a": Pair.columns["a"]})
    put("a.csv", "a\n2026-11-01T00:00:00Z\n\n1,2\n2026-11-01T00:00:00Z")
    day = read_day(make_log(".csv", table=table))
    assert (day.frame.collect().height, day.rejects["line"].to_list()) == (2, [4])


def test_a_windows_line_end_inside_quotes_survives_the_end_of_a_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["x" * n + "\r\ny" for n in range(40)] + ["é" * n + "\r\n\r\n" for n in range(20)]
    rows = [f'2026-11-01T00:00:00Z,"{text}"\n' for text in texts]
    (tmp_path / "x.csv").write_bytes(("a,b\n" + "".join(rows)).encode())
    log = Log(name="x", table=Pair, files="{dt}.csv")
    for size in range(90, 130):  # Arrow alone loses a sign at a fifth of these
        monkeypatch.setattr(_csv, "_BLOCK", size)
        source = _csv.CsvFile(log, tmp_path / "x.csv", "x.csv")
        assert [text for batch in source.batches() for text in batch.texts["b"]] == texts
