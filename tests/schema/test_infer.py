"""What is inferred imports, reads as ruff formats it, says what is doubtful, and accepts the data it came from."""

import gzip
import json
import math
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnTypeError, LogFileError, UsageError
from featurelib.generator import ClickLogs, generate
from featurelib.logs import Log, read
from featurelib.logs.undeclared import raw_files, undeclared
from featurelib.schema import Table
from featurelib.schema.infer import infer
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure

DATA = Path(__file__).parents[3] / "shared" / "data"
DAY = timedelta(days=1)
RUFF = Path(sys.executable).parent / "ruff"


def declared(text: str, name: str = "Raw") -> type[Table]:
    """Return the table that a source text declares."""
    names: dict[str, Any] = {"__name__": "inferred"}
    exec(compile(text, "inferred.py", "exec"), names)  # noqa: S102  it is what the text is for
    return names[name]


def of_files(*paths: Path, as_log: bool = True) -> tuple[str, type[Table], pl.LazyFrame]:
    found = undeclared(list(paths), as_log=as_log)
    text = infer(found.frame, name="Raw", origin="files", found=found.found, event_zone=as_log)
    return text, declared(text), found.frame


def of_lines(folder: Path, *lines: str, name: str = "raw.jsonl") -> tuple[str, type[Table]]:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    text, table, frame = of_files(folder / name)
    assert accepts(table, frame)
    return text, table


def accepts(table: type[Table], frame: pl.LazyFrame) -> bool:
    verdict = judge(measure(frame, table), table)
    return verdict.publishable and not verdict.warned


def comments(text: str, column: str) -> str:
    """Return the comments above a column."""
    above: list[str] = []
    for line in text.splitlines():
        if line.startswith(f"    {column} = "):
            return " ".join(above)
        above = [*above, line.strip("# ")] if line.startswith("    # ") else []
    raise AssertionError(text)


def reread(table: type[Table], root: Path, paths: list[Path], frame: pl.LazyFrame) -> int:
    """Land files as a log of one day, read them by a declaration, and return the rows that it refuses."""
    low, high = frame.select(low=pl.col(table.event_time).min(), high=pl.col(table.event_time).max()).collect().row(0)
    day = high.replace(hour=0, minute=0, second=0, microsecond=0)
    (root / f"dt={day:%Y-%m-%d}").mkdir(parents=True)
    for number, path in enumerate(paths):
        shutil.copy(path, root / f"dt={day:%Y-%m-%d}" / f"{number}{''.join(path.suffixes)}")
    files = "dt={dt}/*" + "".join(paths[0].suffixes)
    log = Log(name="raw", table=table, files=files, lateness=high - low + DAY)
    begin = low.replace(hour=0, minute=0, second=0, microsecond=0)
    found = read(log, root, begin, day + DAY, scratch=root / "scratch", required=False)
    assert found.rows_read == frame.select(pl.len()).collect().item()
    return len(found.rejects)


@pytest.fixture(scope="module", params=["parquet", "csv", "jsonl"])
def logs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp(request.param)
    form = request.param
    generate(
        ClickLogs(days=1, users=60, items=70, rows=400, seed=1, every="1d", format=form, start=date(2026, 11, 1)), root
    )
    return root


@pytest.mark.parametrize("log", ["impressions", "clicks"])
def test_a_generated_log_is_read_by_what_was_inferred_from_it(logs: Path, log: str, tmp_path: Path) -> None:
    files = raw_files(logs / log)
    text, table, frame = of_files(*files)
    assert accepts(table, frame)
    assert table.event_time is not None
    assert reread(table, tmp_path, files, frame) == 0
    assert table.columns["item_id"].dtype == pl.String()
    assert text == of_files(*files)[0]


REAL = {
    "open-bandit": "open-bandit/random_men.csv.gz",
    "snowplow-edge-cases": "snowplow-edge-cases/snowplow_web_events.csv.gz",
    "ubi-esci": "ubi-esci/ubi_queries_events.ndjson.gz",
    "otto-sample": "otto-sample/train.jsonl",
    "bestbuy-search": "bestbuy-search/train.csv",
}


@pytest.mark.parametrize("name", REAL)
def test_a_real_log_is_read_by_what_was_inferred_from_it(name: str, tmp_path: Path) -> None:
    path = DATA / REAL[name]
    if not path.exists():
        pytest.skip(f"the {name} data is not beside the repository")
    text, table, frame = of_files(path)
    assert accepts(table, frame)
    assert formatted(text)
    if table.event_time is not None:
        assert reread(table, tmp_path, [path], frame) == 0
    assert table.event_time is not None or name not in {"open-bandit", "snowplow-edge-cases"}


names = st.text(max_size=6) | st.sampled_from(["class", "version", "pl", "_x", "__y", "Column", "ﬁ", "item_id", "ts"])
COLUMNS = {
    pl.Int64(): st.integers(-5, 5)
    | st.integers(-(2**63), 2**63 - 1)
    | st.integers(1_793_491_200_000, 1_793_577_600_000),
    pl.UInt8(): st.integers(0, 1),
    pl.Float32(): st.floats(width=32) | st.sampled_from([math.nan, math.inf, 0.5, 1.0]),
    pl.Float64(): st.floats(0, 1),
    pl.String(): st.text(max_size=3) | st.sampled_from(["a", "b", "2026-11-01", "12", 'q"', "it's"]),
    pl.Boolean(): st.booleans(),
    pl.Date(): st.dates(),
    pl.Datetime("us", "UTC"): st.datetimes(timezones=st.just(UTC)),
    pl.Datetime("ms"): st.datetimes(),
    pl.Time(): st.just(time(1)),
    pl.Duration("us"): st.just(timedelta(1)),
    pl.List(pl.Int8()): st.lists(st.integers(0, 9), max_size=2),
    pl.Struct({"a b": pl.String(), "c": pl.List(pl.Float32())}): st.just({"a b": "x", "c": [0.5]}),
    pl.Array(pl.Int8(), 1): st.just([1]),
    pl.Enum(["x", "y" * 70, "z\"'"]): st.sampled_from(["x", "z\"'"]),
    pl.Categorical(): st.sampled_from(["x", "y"]),
    pl.Decimal(8, 2): st.decimals(-9, 9, places=2),
    pl.Binary(): st.binary(max_size=2),
    pl.Null(): st.none(),
}


@st.composite
def frames(draw: st.DrawFn) -> pl.DataFrame:
    rows = draw(st.integers(0, 4))
    columns = []
    for name in draw(st.lists(names.filter(lambda name: name != "_reasons"), min_size=1, max_size=5, unique=True)):
        dtype = draw(st.sampled_from(list(COLUMNS)))
        values = st.lists(
            COLUMNS[dtype] | st.none() if draw(st.booleans()) else COLUMNS[dtype], min_size=rows, max_size=rows
        )
        columns.append(pl.Series(name, draw(values), dtype=dtype))
    return pl.DataFrame(columns)


@settings(max_examples=40, deadline=None)
@given(frame=frames())
def test_any_frame_is_accepted_by_what_was_inferred_from_it(frame: pl.DataFrame) -> None:
    text = infer(frame.lazy(), name="Raw", origin="a frame")
    table = declared(text)
    assert dict(table.polars_schema()) == dict(frame.schema)
    assert accepts(table, frame.lazy())
    assert max(map(len, text.splitlines())) <= 140
    assert text == infer(frame.lazy(), name="Raw", origin="a frame")


def formatted(text: str) -> bool:
    """Return whether ruff would leave a text as it is; true where ruff is not installed."""
    if not RUFF.exists():
        return True
    words = [RUFF, "format", "--check", "--isolated", "--line-length", "120", "-"]
    return subprocess.run(words, input=text.encode(), capture_output=True, check=False).returncode == 0


def test_the_text_is_as_ruff_formats_it() -> None:
    many = [f"{'é' * 25} {n}" for n in range(10)]
    frame = pl.DataFrame(
        {
            "long_texts": many * 20,
            "nested": [{"a" * 60: 1, "b" * 60: "x"}] * 200,
            "odd name with 'quotes' and \"more\"": [None, 1.5] * 100,
            "price_usd_of_a_name_that_is_so_long_that_not_all_of_it_fits_on_a_line_with_the_rest": [None, 0.5] * 100,
            "kind": pl.Series(["\u6771\u4eac" * 9, "b"] * 100, dtype=pl.Enum(["\u6771\u4eac" * 9, "b", "c" * 40])),
        }
    )
    text = infer(frame.lazy(), name="Raw", origin=f"a very long origin {'/folder' * 30}")
    assert accepts(declared(text), frame.lazy())
    assert formatted(text)


# Values of one JSON field, the type that follows, and what the comment says.
FIELDS: dict[str, tuple[str, list[str], pl.DataType, str]] = {
    "leading zeros": ("code", ['"007"', '"008"'], pl.String(), "leading zeros"),
    "20 digits": ("number", ["12345678901234567890"], pl.String(), "20 digits"),
    "id as number": ("itemId", ["17", "18"], pl.String(), "name something"),
    "mixed": ("size", ["1", '"big"'], pl.String(), "1 numbers and 1 texts in one field"),
    "quoted numbers": ("size", ["1", '"2"'], pl.Int64(), "in one field"),
    "nested": ("extra", ['{"a": [1]}', "[]"], pl.String(), "nested"),
    "yes or no": ("is_new", ["0", "1"], pl.Int8(), "yes or no"),
    "truth": ("is_new", ["true", "false"], pl.Boolean(), ""),
    "fractions": (
        "dwell_s",
        ["1", "2", "3", "4", "5", "6", "7", "8", "9", "1.5"],
        pl.Float64(),
        "10.00 % of the numbers",
    ),
    "almost numbers": ("price", ["1.5", "2", '"N/A"'], pl.String(), "null_texts=('', 'N/A')"),
    "nothing": ("note", ["null", "null"], pl.String(), "no row has a value"),
    "dates": ("day", ['"2026-11-01"'], pl.Date(), ""),
    "stated zone": ("at", ['"2026-11-01T05:00:00.5+01:00"', '"2026-11-01 05:00:00Z"'], pl.Datetime("us", "UTC"), ""),
    "no zone": ("at", ['"2026-11-01 05:00:00"'], pl.Datetime("us", "UTC"), "no zone"),
    "epoch": ("event_ts", ["1793491200000", "1793491200001"], pl.Datetime("us", "UTC"), "read as ms since 1970"),
    "epoch unsaid": ("made", ["1793491200", "1793491201"], pl.Int64(), "numbers of s since 1970"),
    "epoch in texts": (
        "ts",
        ["1793491200000", '"2026-11-01T05:00:00Z"'],
        pl.Datetime("us", "UTC"),
        "1 of 2 are numbers",
    ),
    "nanoseconds": ("at", ['"2026-11-01T05:00:00.123456789Z"'], pl.Datetime("ns", "UTC"), ""),
    "nan": ("score", ["NaN", "0.5"], pl.Float64(), "NaN in 50.00 %"),
    "share": ("click_rate", ["0.5", "0.25"], pl.Float64(), ""),
}


@pytest.mark.parametrize("case", FIELDS)
def test_a_json_field_has_a_type_that_all_its_values_have_and_doubts_are_told(case: str, tmp_path: Path) -> None:
    name, values, dtype, remark = FIELDS[case]
    lines = [f'{{"{name}": {value}, "other": {number}}}' for number, value in enumerate(values)]
    text, table = of_lines(tmp_path, *lines)
    column = next(iter(table.columns))
    assert table.columns[column].dtype == dtype
    said = comments(text, column)
    assert remark in said if remark else "Doubtful" not in said


ODD = [
    "+5",
    "",
    "5",
    "5.",
    ".5",
    "1e5",
    "1e400",
    "-0",
    "007",
    "1_000",
    "0x10",
    "NaN",
    "inf",
    "-Infinity",
    "TRUE",
    "f",
    "null",
    "x",
    "1793491200",
    "1793491200.25",
]
ODD += ["2026-11-01", "2026-13-45", "0001-01-01T00:00:00Z", "2026-11-01 05:00:00", "2026-11-01T05:00:00.1234567Z"]
ODD += ["2026-11-01T05:00:00+01", "01/Nov/2026:05:00:00 +0100", "9" * 19, "9" * 25, "", "\uff11"]
VALUES: list[Any] = [0, 1, -1, 2**63, 10**25, 1.5, 1e300, 1793491200, 1793491200000, True, False, None, [1], {"a": "b"}]
FIELD = st.lists(st.sampled_from(ODD) | st.sampled_from(VALUES), min_size=1, max_size=3)


@settings(max_examples=25, deadline=None)
@given(values=FIELD, times=st.integers(1, 5), name=st.sampled_from(["x", "x_at", "x_id"]), csv=st.booleans())
def test_whatever_texts_a_field_holds_a_log_reads_them_all(values: list[Any], times: int, name: str, csv: bool) -> None:
    rows = [{name: value, "seen_at": "2026-11-01T05:00:00Z"} for value in values * times]
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("raw.csv" if csv else "raw.jsonl")
        plain = pl.DataFrame({key: [None if row[key] is None else str(row[key]) for row in rows] for key in rows[0]})
        text = plain.write_csv(quote_style="necessary") if csv else "\n".join(map(json.dumps, rows))
        path.write_text(text, encoding="utf-8")
        source, table, frame = of_files(path)
        assert reread(table, Path(folder) / "log", [path], frame) == 0, source


def test_times_carry_their_epoch_and_zone(tmp_path: Path) -> None:
    _, table = of_lines(tmp_path, '{"a_ts": 1793491200, "b_at": "2026-11-01 05:00:00", "c_at": "2026-11-01T05:00:00Z"}')
    columns = table.columns
    assert [(columns[name].epoch, columns[name].zone) for name in columns] == [("s", None), (None, "UTC"), (None, None)]


def test_raw_names_that_no_attribute_can_have_are_kept_as_sources(tmp_path: Path) -> None:
    header = '"","user-item affinity 3",class,version,item_id,Item ID'
    (tmp_path / "raw.csv").write_text(f"{header}\n0,0.5,a,1,007,x\n1,,b,2,008,y\n", encoding="utf-8")
    _, table, frame = of_files(tmp_path / "raw.csv")
    assert {name: column.source for name, column in table.columns.items()} == {
        "raw": "",
        "user_item_affinity_3": "user-item affinity 3",
        "raw_class": "class",
        "raw_version": "version",
        "item_id": None,
        "item_id_2": "Item ID",
    }
    assert accepts(table, frame)


def test_a_column_that_some_files_lack_is_optional(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,at\n1,2026-11-01T05:00:00Z\n", encoding="utf-8")
    (tmp_path / "b.csv").write_text("x,y,at\n1,2,2026-11-01T06:00:00Z\n", encoding="utf-8")
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    _, table, frame = of_files(*files)
    assert [name for name, column in table.columns.items() if column.optional] == ["y"]
    assert reread(table, tmp_path / "root", files, frame) == 0


def test_rows_that_cannot_be_cut_are_counted_and_files_read_until_there_are_enough(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(b'{"x": 1}\n{oops\n[2]\n\n{}\n{"x": 3}\n'))
    found = undeclared(raw_files(tmp_path), most_rows=6)
    assert (found.files, found.of, found.rows, found.broken) == (2, 3, 10, 6)
    assert found.frame.collect()["x"].to_list() == [1, 3, 1, 3]


def test_parquet_files_of_a_log_say_instants_and_of_a_table_what_they_hold(tmp_path: Path) -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    frame = pl.DataFrame({"ts": [1793491200000], "local_at": [noon.replace(tzinfo=None)], "user-id": ["007"]})
    frame.write_parquet(tmp_path / "a.parquet")
    frame.with_columns(pl.col("ts").cast(pl.Int64), more=1.5).write_parquet(tmp_path / "b.parquet")
    files = raw_files(tmp_path)
    _, log, rows = of_files(*files)
    assert {n: (c.dtype, c.epoch, c.zone, c.source, c.optional) for n, c in log.columns.items()} == {
        "ts": (pl.Datetime("us", "UTC"), "ms", None, None, False),
        "local_at": (pl.Datetime("us", "UTC"), None, "UTC", None, False),
        "user_id": (pl.String(), None, None, "user-id", False),
        "more": (pl.Float64(), None, None, None, True),
    }
    assert accepts(log, rows)
    assert reread(log, tmp_path / "root", files, rows) == 0
    _, table, rows = of_files(files[0], as_log=False)
    assert dict(table.polars_schema()) == dict(frame.schema)
    assert accepts(table, rows)


def test_guesses_hold_for_all_rows() -> None:
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "request_id": [f"r{n // 4}" for n in range(400)],
            "item_id": [f"i{n % 4}" for n in range(400)],
            "landed_at": [noon + timedelta(minutes=n) for n in range(400)],
            "shown_at": [noon + timedelta(minutes=n, seconds=-30) for n in range(400)],
            "device": ["tv", "web"] * 200,
            "click_rate": [0.5, 1.0] * 200,
            "temperature": [0.5, 1.0] * 200,
            "n_views": [0, 3] * 200,
            "clicked": pl.Series([0, 1] * 200, dtype=pl.Int8),
        }
    )
    table = declared(infer(frame.lazy(), name="Raw", origin="rows"))
    assert table.key == ("request_id", "item_id")
    assert (table.event_time, table.landing_time) == ("shown_at", "landed_at")
    columns = table.columns
    assert columns["device"].allowed == ("tv", "web")
    between = {name: columns[name].between for name in ("click_rate", "temperature", "n_views", "clicked")}
    assert between == {"click_rate": (0, 1), "temperature": None, "n_views": (0, None), "clicked": (0, 1)}
    roles = {name: columns[name].role for name in ("item_id", "shown_at", "clicked", "device")}
    assert roles == {"item_id": "key", "shown_at": "time", "clicked": "label", "device": "meta"}


def test_no_rows_give_a_table_that_may_be_empty() -> None:
    frame = pl.DataFrame(schema={"item_id": pl.String(), "price": pl.Float64()})
    table = declared(infer(frame.lazy(), name="Raw", origin="no rows"))
    assert table.min_rows == 0
    assert accepts(table, frame.lazy())


@pytest.mark.parametrize(
    ("name", "schema", "match"),
    [
        ("2nd", {"a": pl.Int8()}, "cannot be the name of a class"),
        ("Raw", {}, "has no column"),
        ("Raw", {"_reasons": pl.Int8()}, "keeps for itself"),
        ("Raw", {"a": pl.Object()}, "cannot be declared"),
    ],
    ids=["class", "nothing", "reasons", "objects"],
)
def test_what_cannot_be_declared_is_refused(name: str, schema: dict[str, pl.DataType], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        infer(pl.LazyFrame(schema=schema), name=name, origin="nothing")


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text("", encoding="utf-8")
    (tmp_path / "c.tsv").write_text("x\t1\n", encoding="utf-8")
    (tmp_path / "d.parquet").write_bytes(b"PAR1 and no more")
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "e.parquet")
    pl.DataFrame({"x": ["a"]}).write_parquet(tmp_path / "f.parquet")
    for files, error, match in [
        ([], UsageError, "no file"),
        (["a.csv", "b.jsonl"], UsageError, "one format"),
        (["c.tsv"], UsageError, "ending in"),
        (["b.jsonl"], UsageError, "no column"),
        (["d.parquet"], LogFileError, "d.parquet"),
        (["e.parquet", "f.parquet"], ColumnTypeError, "x"),
    ]:
        with pytest.raises(error, match=match):
            undeclared([tmp_path / name for name in files])
