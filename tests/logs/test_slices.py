"""A slice of a log: order, lateness, missing partitions, and every row accounted for."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from featurelib.errors import LogFileError, LogMissingError, StorageError, UsageError
from featurelib.logs import Log, LogSlice, fingerprint, read
from featurelib.schema.column import Column
from featurelib.schema.table import Table

START = datetime(2026, 11, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Click(Table):
    event_time = "at"

    at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was opened.", nullable=True)
    n = Column(dtype=pl.Int32(), doc="Its number.", between=(0, None))


def csv_of(*rows: tuple[datetime | str, object]) -> str:
    return "at,n\n" + "".join(f"{at.isoformat() if isinstance(at, datetime) else at},{n}\n" for at, n in rows)


def numbers(day: LogSlice) -> list[int]:
    return day.frame.select("n").collect().to_series().to_list()


def accounted(day: LogSlice) -> bool:
    kept = day.frame.select(pl.len()).collect().item()
    return day.rows_read == kept + day.rejects.height + day.rows_elsewhere


def test_rows_come_in_order_of_files_and_rows(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    log = make_log(".csv", table=Click)
    for day in (2, 1):
        for name in ("b", "a", "c"):
            rows = [(START + (day - 1) * DAY, 100_000 * day + 1000 * ord(name) + n) for n in range(50, 0, -1)]
            put(f"{name}.csv", csv_of(*rows), day=f"2026-11-0{day}")
    both = read_day(log, days=2)
    want = [100_000 * day + 1000 * ord(name) + n for day in (1, 2) for name in "abc" for n in range(50, 0, -1)]
    for engine in ("streaming", "in-memory"):
        assert both.frame.collect(engine=engine)["n"].to_list() == want  # type: ignore[call-overload]
    assert [file.path[11:] for file in both.files] == ["a.csv", "b.csv", "c.csv"] * 2


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_numbers_rise_with_the_rows_and_are_the_same_in_every_plan(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], suffix: str
) -> None:
    log = make_log(suffix, table=Click)
    for name in "ab":
        rows = [(START, 1), (START, -2), (START - HOUR, 3), (START, 4), (START, 5)]
        if suffix == ".csv":
            put(f"{name}.csv", csv_of(*rows))
        else:
            frame = pl.DataFrame(rows, schema=Click.polars_schema(), orient="row")
            frame.write_parquet(put(f"{name}.parquet", ""))
    found = read_day(log)
    numbered = found.numbered("#").collect(engine="in-memory")
    assert numbered.drop("#").equals(found.frame.collect(engine="in-memory"))
    assert numbered["#"].is_sorted()
    assert numbered["#"].is_unique().all()
    last = found.numbered("#").filter(pl.col("#") >= numbered["#"][-2]).collect(engine="streaming")
    assert last.equals(numbered.tail(2))


def test_only_events_of_the_span_are_read(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path
) -> None:
    put("a.csv", csv_of(*((START + n * HOUR, n) for n in range(24))))
    day = read(make_log(".csv", table=Click), tmp_path, START + 2 * HOUR, START + 4 * HOUR, scratch=tmp_path / "s")
    assert (numbers(day), day.rows_read, day.rows_elsewhere, day.rejects.height) == ([2, 3], 24, 22, 0)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_late_rows_are_found_in_the_next_partition(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], suffix: str
) -> None:
    first = [(START, 1), (START + DAY, 2)]  # an event cannot land before it happens
    second = [
        (START + 22 * HOUR, 3),
        (START + 21 * HOUR, 4),
        (START + 22 * HOUR, -5),
        (START + DAY, 6),
        (START + DAY, -7),
    ]
    for date, rows in (("2026-11-01", first), ("2026-11-02", second)):
        path = put(f"a{suffix}", csv_of(*rows), day=date)
        if suffix == ".parquet":
            schema = Click.polars_schema()
            pl.DataFrame(rows, schema=schema, orient="row").write_parquet(path)
    day = read_day(make_log(suffix, table=Click, lateness=2 * HOUR))
    assert numbers(day) == [1, 3]
    assert day.rejects.select("file", "reason", "column").rows() == [
        (f"2026-11-01/a{suffix}", "outside_partition", "at"),
        (f"2026-11-02/a{suffix}", "out_of_range", "n"),
    ]
    assert (day.rows_read, day.rows_elsewhere) == (7, 3)  # 4 is too late: the slice of its partition rejects it


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_line_that_is_no_row_is_rejected_with_the_partition_it_lies_in(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path, suffix: str
) -> None:
    log = make_log(suffix, table=Click, lateness=2 * HOUR)
    good = {".csv": csv_of((START + 23 * HOUR, 1)), ".jsonl": '\n{"at":"2026-11-01T23:00:00Z","n":1}\n'}[suffix]
    bad = {".csv": ",-1\n2026-11-01T23:00:00Z,-1\n", ".jsonl": '{"n":-1}\n{"at":"2026-11-01T23:00:00Z","n":-1}\n'}[
        suffix
    ]
    for day in (1, 2, 3):
        put("a" + suffix, good + "broken\n" + bad, day=f"2026-11-0{day}")
    first, second = (
        read(log, tmp_path, START + n * DAY, START + (n + 1) * DAY, scratch=tmp_path / "scratch") for n in range(2)
    )
    assert [(file[9:10], line) for file, line in first.rejects.select("file", "line").rows()] == [
        *[("1", 3), ("1", 4), ("1", 5)],
        ("2", 5),
    ]
    assert (first.rows_read, first.rows_elsewhere, second.rows_read, second.rows_elsewhere) == (8, 2, 8, 6)
    assert accounted(first)
    assert accounted(second)


def test_the_edges_of_a_span_are_exact_in_the_unit_of_the_event_time(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path
) -> None:
    at = Column(dtype=pl.Datetime("ms", "Europe/Berlin"), doc="x")
    log = make_log(".csv", table=type("Coarse", (Table,), {"event_time": "at", "at": at}))
    put("a.csv", "at\n2026-11-01T00:00:00.001Z\n2026-11-01T00:00:00.002Z\n2026-11-01T00:00:00.003Z\n")
    micro = timedelta(microseconds=1)
    span = (START + 1001 * micro, START + 2001 * micro)
    assert read(log, tmp_path, *span, scratch=tmp_path / "s").frame.collect()["at"].dt.millisecond().to_list() == [2]


def test_a_folder_name_never_fills_a_column(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path, read_day: Callable[..., LogSlice]
) -> None:
    path = put("n=7/a.parquet", b"")
    pl.DataFrame([(START, 1)], schema=Click.polars_schema(), orient="row").write_parquet(path)
    assert numbers(read_day(make_log(".parquet", table=Click, files="{dt}/n=*/*.parquet"))) == [1]


def test_a_missing_partition_is_an_error_or_listed(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    log = make_log(".csv", table=Click)
    with pytest.raises(
        LogMissingError, match=r"log 'impressions' has no file for 2026-11-01 \(1 in all\): .* no file at all"
    ):
        read_day(log)
    empty = read_day(log, required=False)
    assert (empty.frame.collect().schema, empty.files, empty.missing) == (Click.polars_schema(), (), (START,))
    assert empty.rejects.schema == read_day(log, required=False).rejects.schema
    put("a.csv", csv_of((START, 1)))
    put("a.csv", csv_of((START + 9 * DAY, 1)), day="2026-11-10")
    with pytest.raises(
        LogMissingError, match=r"2026-11-02, .* and others \(8 in all\): .* from 2026-11-01 to 2026-11-10. Wait until"
    ):
        read_day(log, days=10)
    gaps = read_day(log, days=10, required=False)
    assert (numbers(gaps), gaps.missing) == ([1, 1], tuple(START + n * DAY for n in range(1, 9)))


def test_the_files_of_a_slice_equal_its_fingerprint(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], tmp_path: Path
) -> None:
    log = make_log(".csv", table=Click)
    put("a.csv", csv_of((START, 1), (START, "x")))
    files = read_day(log).files
    assert files == fingerprint(log, tmp_path, START, START + DAY)
    assert files[0].rows == 2


def test_a_file_with_two_names_is_read_once(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice]
) -> None:
    path = put("b.csv", csv_of((START, 1)))
    path.with_name("a.csv").symlink_to(path)
    assert numbers(read_day(make_log(".csv", table=Click))) == [1]
    (path.parents[1] / "2026-11-02").symlink_to(path.parent)
    assert read_day(make_log(".csv", table=Click), days=2).rows_read == 1


@pytest.mark.parametrize("suffix", [".csv.gz", ".csv.zst", ".jsonl.gz", ".jsonl.zst"])
@pytest.mark.parametrize("how", ["truncated", "plain", "other"])
def test_a_damaged_compressed_file_is_refused(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    pack: Callable[[bytes, str], bytes],
    read_day: Callable[..., LogSlice],
    suffix: str,
    how: str,
) -> None:
    rows = [(START, n) for n in range(5000)]
    text = csv_of(*rows) if "csv" in suffix else "".join(f'{{"at":"{at.isoformat()}","n":{n}}}\n' for at, n in rows)
    other = ".gz" if suffix.endswith(".zst") else ".zst"
    whole = pack(text.encode(), suffix)
    content = {"truncated": whole[: len(whole) // 2], "plain": text.encode(), "other": pack(text.encode(), other)}[how]
    want = "Truncated compressed stream" if how == "truncated" else "holds .* data, not"
    put("a" + suffix, content)
    with pytest.raises(LogFileError, match=f"a{suffix}: .*{want}"):
        read_day(make_log(suffix, table=Click))


def test_a_failed_read_leaves_nothing_in_scratch(
    make_log: Callable[..., Log], put: Callable[..., Path], read_day: Callable[..., LogSlice], tmp_path: Path
) -> None:
    put("a.csv", csv_of((START, 1)))
    put("b.csv", "")
    with pytest.raises(LogFileError, match=r"b.csv: is empty"):
        read_day(make_log(".csv", table=Click))
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_scratch_that_cannot_be_written_may_be_tried_again(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = make_log(".csv", table=Click)
    put("a.csv", csv_of((START, 1)))
    with pytest.raises(StorageError, match=r"a.csv/x: cannot be made \(.*Choose a scratch directory"):
        read(log, tmp_path, START, START + DAY, scratch=tmp_path / "2026-11-01/a.csv/x")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(StorageError, match=r"cannot be written \(.*No space left.*Free some space"):
        read(log, tmp_path, START, START + DAY, scratch=tmp_path / "scratch")


def test_a_file_that_cannot_be_opened_may_be_tried_again(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    read_day: Callable[..., LogSlice],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put("a.csv", csv_of((START, 1)))

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(StorageError, match=r"a.csv: Permission denied. Check that it exists"):
        read_day(make_log(".csv", table=Click))


def test_a_span_without_zone_is_refused(make_log: Callable[..., Log], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="between instants with a time zone"):
        read(make_log(".csv"), tmp_path, START.replace(tzinfo=None), START, scratch=tmp_path)


INSTANTS = st.integers(-30, 80).map(lambda hours: START + hours * HOUR)
ROWS = st.lists(
    st.tuples(st.one_of(INSTANTS, st.sampled_from(["", "noon", "2026-11-01T00:00:00"])), st.integers(-1, 3)), max_size=8
)


@given(
    files=st.lists(ROWS, min_size=4, max_size=4),
    lateness=st.integers(0, 30),
    cut=st.integers(1, 71),
    suffix=st.sampled_from([".csv", ".jsonl", ".parquet"]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_slices_that_tile_time_share_out_every_row(
    make_log: Callable[..., Log],
    tmp_path_factory: pytest.TempPathFactory,
    files: list[list[tuple[datetime | str, int]]],
    lateness: int,
    cut: int,
    suffix: str,
) -> None:
    root = tmp_path_factory.mktemp("tiles")
    log = make_log(suffix, table=Click, files="{dt}" + suffix, lateness=lateness * HOUR)
    for number, rows in enumerate(files):
        path = root / f"2026-11-0{number + 1}{suffix}"
        if suffix == ".csv":
            path.write_text(csv_of(*rows))
        elif suffix == ".jsonl":
            path.write_text(
                "".join(f'{{"at":"{at.isoformat() if isinstance(at, datetime) else at}","n":{n}}}\n' for at, n in rows)
            )
        else:
            known = [(at if isinstance(at, datetime) else None, n) for at, n in rows]
            pl.DataFrame(known, schema=Click.polars_schema(), orient="row").write_parquet(path)
    edges = [START - 3 * DAY, START + cut * HOUR, START + 3 * DAY + HOUR / 2, START + 4 * DAY]
    tiles = [read(log, root, start, end, scratch=root / "scratch", required=False) for start, end in pairwise(edges)]
    assert all(map(accounted, tiles))
    kept = [at for tile in tiles for at in tile.frame.collect()["at"]]
    rejected = sum(tile.rejects.height for tile in tiles)
    assert len(kept) + rejected == sum(map(len, files))
    good = [
        at
        for number, rows in enumerate(files)
        for at, n in rows
        if isinstance(at, datetime) and n >= 0
        if START + number * DAY - lateness * HOUR <= at < START + (number + 1) * DAY
    ]
    assert sorted(kept) == sorted(good)


def test_reading_imports_no_pandas(tmp_path: Path) -> None:
    code = f"""
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import polars as pl
import featurelib.logs as logs
assert not {{"pandas", "pyarrow"}} & set(sys.modules), "import"
from featurelib.schema.column import Column
from featurelib.schema.table import Table
class Click(Table):
    event_time = "at"
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="x")
root, day = Path({str(tmp_path)!r}), datetime(2026, 11, 1, tzinfo=UTC)
(root / "2026-11-01.csv").write_text("at\\n2026-11-01T00:00:00Z\\nx\\n")
(root / "2026-11-01.jsonl").write_text('{{"at":"2026-11-01T00:00:00Z"}}\\nx\\n')
pl.DataFrame({{"at": [day]}}, schema=Click.polars_schema()).write_parquet(root / "2026-11-01.parquet")
for suffix in (".csv", ".jsonl", ".parquet"):
    log = logs.Log(name="x", table=Click, files="{{dt}}" + suffix)
    found = logs.read(log, root, day, day + timedelta(days=1), scratch=root / "scratch")
    assert found.frame.collect().height == 1
assert "pandas" not in sys.modules, "read"
"""
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)
