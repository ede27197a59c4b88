"""Damaged and dirty logs through the whole build: a clear error or a stated result; readers keep what they had."""

import csv
import gzip
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import FeaturelibError, LogMissingError, PartitionsFailedError
from featurelib.generator import ClickLogs, generate
from featurelib.ledger import plan
from featurelib.pipeline import Pipeline
from featurelib.runs import Report, backfill
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from pipelines.open_bandit import open_bandit
from pipelines.search_ranking import search_ranking

Rows = list[list[str]]
WHOLE_FILE = -1  # as many as the tampered file has rows


@dataclass(frozen=True)
class Example:
    """A pipeline, the day it is fitted on, the day whose logs are tampered with, and one file of that day."""

    pipeline: Pipeline
    good: Days
    bad: Days
    file: str

    def workspace(self, root: Path) -> Workspace:
        return Workspace(root / "logs", root / "tables", root / "work")

    def build(self, root: Path, days: Days) -> Report:
        return backfill(self.pipeline, self.workspace(root), days, Loop(), say=lambda _: None)

    def table(self, root: Path, name: str) -> VersionedTable:
        return VersionedTable.open(self.workspace(root).table(self.pipeline.name, name))


FIRST, SECOND = Days.parse("2026-11-01", "2026-11-01"), Days.parse("2026-11-02", "2026-11-02")
FIT, NEXT = Days.parse("2019-11-24", "2019-11-24"), Days.parse("2019-11-25", "2019-11-25")
PARQUET = Example(replace(search_ranking, fit=FIRST), FIRST, SECOND, "impressions/dt=2026-11-02/hr=12/part-0.parquet")
CSV = Example(replace(open_bandit, fit=FIT), FIT, NEXT, "open_bandit/dt=2019-11-25/random_all.csv.gz")


@pytest.fixture(scope="module")
def parquet_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("parquet")
    generate(ClickLogs(days=2, users=60, items=70, rows=600, seed=7, every="1h"), root / "logs")
    PARQUET.build(root, PARQUET.good)
    return root


@pytest.fixture(scope="module")
def csv_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("csv")
    for days in (CSV.good, CSV.bad):
        path = root / f"logs/open_bandit/dt={days.start}/random_all.csv.gz"
        path.parent.mkdir(parents=True)
        write_csv(path, [header(), *(shown(str(days.start), number) for number in range(100))])
    CSV.build(root, CSV.good)
    return root


@pytest.fixture(scope="module")
def usual(parquet_base: Path, csv_base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Report]:
    """What a build of the second day tells if nobody tampers with its logs, by file."""
    reports = {}
    for example, base in ((PARQUET, parquet_base), (CSV, csv_base)):
        root = tmp_path_factory.mktemp("usual") / "project"
        shutil.copytree(base, root)
        reports[example.file] = example.build(root, example.bad)
    return reports


def header() -> list[str]:
    names = ["impression_id", "policy", "campaign", "timestamp", "item_id", "position", "click", "propensity_score"]
    return [*names, *(f"user_feature_{number}" for number in range(4)), "user-item_affinity_0"]


def shown(day: str, number: int) -> list[str]:
    at = f"{day} {number % 24:02d}:00:00.000000+00:00"
    traits = [f"{number % (2 + trait):032x}" for trait in range(4)]
    seen = [str(number % 7), str(1 + number % 3), str(int(number % 9 == 0)), str((1 + number % 5) / 100)]
    return [f"random-all-{day}-{number}", "random", "all", at, *seen, *traits, str(number % 4)]


def write_csv(path: Path, rows: Rows) -> None:
    with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def read_csv(path: Path) -> Rows:
    with gzip.open(path, "rt", newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def in_parquet(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], Any]:
    return lambda path: change(pl.read_parquet(path, hive_partitioning=False)).write_parquet(path)


def in_csv(change: Callable[[Rows], Rows]) -> Callable[[Path], None]:
    return lambda path: write_csv(path, change(read_csv(path)))


def in_bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], Any]:
    return lambda path: path.write_bytes(change(path.read_bytes()))


def in_the_whole_day(change: Callable[[Path], Any]) -> Callable[[Path], None]:
    def tamper(path: Path) -> None:
        for hour in path.parents[1].glob("hr=*/*.parquet"):
            change(hour)

    return tamper


def quoted(change: Callable[[Rows], Rows]) -> Callable[[Path], None]:
    """Write all fields in quotes: an empty one is then an empty text."""

    def tamper(path: Path) -> None:
        rows = change(read_csv(path))
        with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
            csv.writer(file, quoting=csv.QUOTE_ALL).writerows(rows)

    return tamper


def setting(column: str, value: str, rows: slice = slice(1, None)) -> Callable[[Rows], Rows]:
    def change(table: Rows) -> Rows:
        place = table[0].index(column)
        for row in table[rows]:
            row[place] = value
        return table

    return change


def ids(*values: str) -> Callable[[Rows], Rows]:
    def change(table: Rows) -> Rows:
        for value, row in zip(values, table[1:], strict=False):
            row[0] = value
        return table

    return change


def with_another_file(rows: slice) -> Callable[[Path], None]:
    """Write a second file of the day that repeats some rows of the first."""
    return lambda path: write_csv(path.with_name("random_again.csv.gz"), [header(), *read_csv(path)[rows]])


def with_a_link(path: Path) -> None:
    path.with_name("random_link.csv.gz").symlink_to(path.name)


def moved(rows: int, at: pl.Expr) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """Set the time of the first so many events."""
    return lambda frame: pl.concat([frame.head(rows).with_columns(shown_at=at), frame.slice(rows)])


def zeroed(content: bytes) -> bytes:
    return content[:200] + bytes(64) + content[264:]


no_ids = pl.lit(None, dtype=pl.String).alias("event_id")
again = r"Fetch or write the file again"

REFUSED = {
    "missing Parquet": (
        PARQUET,
        Path.unlink,
        1,
        r"LogMissingError: log 'impressions' has no file for 2026-11-02T12 \(1 in all\): .* Wait until the log",
    ),
    "empty Parquet": (
        PARQUET,
        in_bytes(lambda _: b""),
        1,
        rf"LogFileError: \S+hr=12/part-0\.parquet: is empty .*{again}",
    ),
    "truncated Parquet": (
        PARQUET,
        in_bytes(lambda content: content[:-100]),
        1,
        rf"LogFileError: \S+hr=12/part-0\.parquet: cannot be read .*{again}",
    ),
    "Parquet with a damaged page": (
        PARQUET,
        in_bytes(zeroed),
        1,
        rf"LogFileError: \S+hr=12/part-0\.parquet: cannot be read .*{again}",
    ),
    "Parquet column of the wrong type": (
        PARQUET,
        in_parquet(lambda frame: frame.with_columns(pl.col("position").cast(pl.String))),
        2,
        r"ColumnTypeError: log 'impressions' needs column 'position' of file \S+hr=12/part-0\.parquet to be Int16 .*"
        r"got String\. Write the file again with that type",
    ),
    "Parquet clock in milliseconds": (
        PARQUET,
        in_parquet(lambda frame: frame.with_columns(pl.col("shown_at").dt.epoch("ms"))),
        2,
        r"ColumnTypeError: log 'impressions' needs column 'shown_at' of .* got Int64\. .* declare the column's epoch",
    ),
    "Parquet clock without a zone": (
        PARQUET,
        in_parquet(lambda frame: frame.with_columns(pl.col("shown_at").dt.replace_time_zone(None))),
        2,
        r"ColumnTypeError: log 'impressions' needs column 'shown_at' of .*time_zone=None\)\. .* as the column's zone",
    ),
    "unknown Parquet column": (
        PARQUET,
        in_parquet(lambda frame: frame.with_columns(positions=1)),
        1,
        r"LogFileError: \S+hr=12/part-0\.parquet: has column 'positions', which table ImpressionLog lacks\. Declare it",
    ),
    "absent Parquet column": (
        PARQUET,
        in_parquet(lambda frame: frame.drop("query")),
        2,
        r"ColumnMissingError: log 'impressions' reads column 'query', which file \S+hr=12/part-0\.parquet lacks",
    ),
    "Parquet day without rows": (
        PARQUET,
        in_the_whole_day(in_parquet(pl.DataFrame.clear)),
        1,
        r"SchemaViolationError: search_ranking features of 2026-11-02: .*FAIL  rows: at least 1 rows   seen 0 rows",
    ),
    "missing CSV": (CSV, Path.unlink, 1, r"LogMissingError: log 'open_bandit' has no file for 2019-11-25 \(1 in all\)"),
    "empty CSV": (CSV, in_bytes(lambda _: b""), 1, rf"LogFileError: \S+random_all\.csv\.gz: is empty .*{again}"),
    "CSV without a header": (
        CSV,
        in_csv(lambda _: []),
        1,
        r"LogFileError: \S+random_all\.csv\.gz: has no header line\. Write the column names as its first line\.",
    ),
    "truncated CSV": (
        CSV,
        in_bytes(lambda content: content[:-100]),
        1,
        r"LogFileError: \S+random_all\.csv\.gz: cannot be read \(.*[Tt]runcated",
    ),
    "CSV that is not packed": (
        CSV,
        in_bytes(gzip.decompress),
        1,
        r"LogFileError: \S+random_all\.csv\.gz: holds plain or unknown data, not gzip\. Give the file",
    ),
    "unknown CSV column": (
        CSV,
        in_csv(lambda rows: [[*rows[0], "clicks"], *([*row, "1"] for row in rows[1:])]),
        1,
        r"LogFileError: \S+random_all\.csv\.gz: has column 'clicks', which table OpenBanditLog lacks\. Declare it",
    ),
    "absent CSV column": (
        CSV,
        in_csv(lambda rows: [[*row[:6], *row[7:]] for row in rows]),
        2,
        r"ColumnMissingError: log 'open_bandit' reads column 'click', which file \S+random_all\.csv\.gz lacks",
    ),
    "CSV day with a header only": (
        CSV,
        in_csv(lambda rows: rows[:1]),
        1,
        r"SchemaViolationError: open_bandit features of 2019-11-25: .*FAIL  rows: at least 1 rows   seen 0 rows",
    ),
    "CSV column of the wrong type in all rows": (
        CSV,
        in_csv(setting("position", "left")),
        1,
        r"SchemaViolationError: open_bandit features of 2019-11-25: .*FAIL  rows: at least 1 rows   seen 0 rows",
    ),
}
COUNTED = {
    "null keys in Parquet": (
        PARQUET,
        in_parquet(lambda frame: frame.with_columns(no_ids)),
        {"missing_value": WHOLE_FILE},
    ),
    "duplicate keys in Parquet": (
        PARQUET,
        in_parquet(lambda frame: pl.concat([frame, frame])),
        {"duplicate": WHOLE_FILE},
    ),
    "Parquet clocks in the future": (
        PARQUET,
        in_parquet(moved(3, pl.col("landed_at").dt.offset_by("11m"))),
        {"in_the_future": 3},
    ),
    "Parquet clocks that were never set": (
        PARQUET,
        in_parquet(moved(2, pl.lit(datetime(1969, 12, 31, tzinfo=UTC)).dt.cast_time_unit("us"))),
        {"before_1970": 2},
    ),
    "a Parquet hour without rows": (PARQUET, in_parquet(pl.DataFrame.clear), {}),
    "null keys in CSV": (CSV, in_csv(setting("impression_id", "", slice(10, 13))), {"missing_value": 3}),
    "duplicate keys in CSV": (CSV, in_csv(lambda rows: [*rows, *rows[1:5]]), {"duplicate": 4}),
    "a second CSV file with the last rows of the first": (CSV, with_another_file(slice(-40, None)), {"duplicate": 40}),
    "a CSV file under two names": (CSV, with_a_link, {}),
    "leading zeros and twenty digits as keys in CSV": (
        CSV,
        in_csv(ids("7", "07", "007", "12345678901234567890", "12345678901234567891", "1e3", "1000")),
        {},
    ),
    "empty keys in CSV": (CSV, quoted(ids("", "", "")), {"duplicate": 2}),
    "CSV clocks in seconds, milliseconds and microseconds": (
        CSV,
        in_csv(
            lambda rows: [
                [*row[:3], str(1_574_640_000 * 1000 ** (n % 3)) if 0 < n < 7 else row[3], *row[4:]]
                for n, row in enumerate(rows)
            ]
        ),
        {"bad_type": 6},
    ),
    "CSV clocks without a zone": (
        CSV,
        in_csv(setting("timestamp", "2019-11-25 01:00:00", slice(1, 4))),
        {"bad_time": 3},
    ),
    "CSV clocks before 1970": (
        CSV,
        in_csv(setting("timestamp", "1969-12-31 23:59:59+00:00", slice(1, 4))),
        {"before_1970": 3},
    ),
    "texts for numbers in CSV": (CSV, in_csv(setting("position", "left", slice(10, 12))), {"bad_type": 2}),
    "numbers out of range in CSV": (CSV, in_csv(setting("position", "9", slice(10, 12))), {"out_of_range": 2}),
    "short rows in CSV": (CSV, in_csv(lambda rows: [*rows[:-1], rows[-1][:5]]), {"field_count": 1}),
    "rows of another day in CSV": (
        CSV,
        in_csv(setting("timestamp", "2019-11-20 00:00:00.000000+00:00", slice(1, 6))),
        {"outside_partition": 5},
    ),
}


def tampered(example: Example, tamper: Callable[[Path], Any], root: Path, request: pytest.FixtureRequest) -> Path:
    """Return a project of one's own whose first day is built, and one file of whose second day is tampered with."""
    shutil.copytree(request.getfixturevalue("parquet_base" if example is PARQUET else "csv_base"), root)
    tamper(root / "logs" / example.file)
    return root


def live(example: Example, root: Path) -> pl.DataFrame:
    return example.table(root, "features").scan().collect(engine="in-memory")


@pytest.mark.parametrize(("example", "tamper", "code", "match"), REFUSED.values(), ids=REFUSED)
def test_a_refused_log_is_one_clear_error_and_the_last_version_stays(
    example: Example,
    tamper: Callable[[Path], Any],
    code: int,
    match: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    root = tampered(example, tamper, tmp_path / "project", request)
    before, version = live(example, root), example.table(root, "features").version
    with pytest.raises(FeaturelibError, match=r"^\S") as caught:
        example.build(root, example.bad)
    [error] = caught.value.failures.values() if isinstance(caught.value, PartitionsFailedError) else [caught.value]
    assert re.match(match, f"{type(error).__name__}: {error}", re.DOTALL), caught.value
    assert caught.value.exit_code == code
    assert example.table(root, "features").version == version
    assert live(example, root).equals(before)


@pytest.mark.parametrize(("example", "tamper", "dropped"), COUNTED.values(), ids=COUNTED)
def test_bad_rows_are_counted_by_reason_and_set_aside_and_the_others_are_built(
    example: Example,
    tamper: Callable[[Path], Any],
    dropped: dict[str, int],
    tmp_path: Path,
    usual: dict[str, Report],
    request: pytest.FixtureRequest,
) -> None:
    expected = usual[example.file].logs[example.pipeline.samples.log.name]
    base: Path = request.getfixturevalue("parquet_base" if example is PARQUET else "csv_base")
    height = rows_of(base / "logs" / example.file)
    root = tampered(example, tamper, tmp_path / "project", request)
    before = live(example, root)
    report = example.build(root, example.bad)
    counts = report.logs[example.pipeline.samples.log.name]
    more = {reason: height if number == WHOLE_FILE else number for reason, number in dropped.items()}
    reasons = {*expected.dropped, *counts.dropped}
    found = {reason: counts.dropped.get(reason, 0) - expected.dropped.get(reason, 0) for reason in reasons}
    assert {reason: number for reason, number in found.items() if number} == more
    assert counts.rows_in == counts.kept + sum(counts.dropped.values())
    assert report.features.kept == counts.kept
    day = Partition(example.bad.start)
    aside = example.table(root, "quarantine").scan(partitions=[day]).collect()
    assert dict(aside["reason"].value_counts().iter_rows()) == counts.dropped
    assert live(example, root).filter(pl.col("dt") == example.good.start).equals(before)


def rows_of(path: Path) -> int:
    return pl.read_parquet(path).height if path.suffix == ".parquet" else len(read_csv(path)) - 1


def test_clicks_on_what_was_never_shown_are_credited_to_nothing(
    tmp_path: Path, usual: dict[str, Report], request: pytest.FixtureRequest
) -> None:
    root = tampered(PARQUET, lambda _: None, tmp_path / "project", request)
    nobodys = in_the_whole_day(in_parquet(lambda frame: frame.with_columns(request_id=pl.lit("nobody's"))))
    nobodys(root / "logs" / PARQUET.file.replace("impressions", "clicks"))
    report = PARQUET.build(root, PARQUET.bad)
    before, after = usual[PARQUET.file].logs["clicks"], report.logs["clicks"]
    samples = PARQUET.table(root, "samples").scan(partitions=[Partition(PARQUET.bad.start)]).collect()
    assert before.kept > after.kept == 0 == samples["clicked"].sum()
    assert after.dropped["no_impression"] == before.kept + before.dropped.get("outside_window", 0)
    assert after.rows_in == before.rows_in == sum(after.dropped.values())
    aside = PARQUET.table(root, "quarantine").scan().filter(reason="no_impression").collect()
    assert aside["row"].str.contains("nobody's").sum() == after.dropped["no_impression"]
    assert usual[PARQUET.file].logs["samples"] == report.logs["samples"]


def test_a_partition_that_disappears_after_it_was_used_is_named_and_the_tables_stay(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    root = tampered(CSV, lambda _: None, tmp_path / "project", request)
    CSV.build(root, CSV.bad)
    before, version = live(CSV, root), CSV.table(root, "features").version
    shutil.rmtree((root / "logs" / CSV.file).parent)
    first = plan(CSV.pipeline, CSV.workspace(root), CSV.bad).entries[0]
    assert (first.state, first.why) == (
        "stale",
        "1 file of log open_bandit gone; no log files for it any more, so it cannot be built",
    )
    with pytest.raises(LogMissingError, match=r"log 'open_bandit' has no file for 2019-11-25 \(1 in all\)"):
        CSV.build(root, CSV.bad)
    assert CSV.table(root, "features").version == version
    assert live(CSV, root).equals(before)
