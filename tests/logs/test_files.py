"""Which partitions time needs, and which files they have."""

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import LogMissingError, UsageError
from featurelib.logs import Log, LogFile, available, files_of, fingerprint, partitions_of
from featurelib.logs._pattern import parse, partition_of

DAY = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("c/dt={dt}/*.csv", "c/dt=2026-11-01/a.csv"),
        ("{dt}.csv", "2026-11-01.csv"),
        ("c-{dt:%Y%m%d}.csv", "c-20261101.csv"),
        ("{dt:%Y/%m/%d}/*.csv", "2026/11/01/part.csv"),
        ("year={dt:%Y}/month={dt:%m}/day={dt:%d}/*.csv", "year=2026/month=11/day=01/x.csv"),
        ("{dt:%Y}/{dt:%Y-%j}.csv", "2026/2026-305.csv"),
        ("a[1]{dt}.csv", "a[1]2026-11-01.csv"),
        ("*/{dt}/*-x*.csv", "eu/2026-11-01/1-x.csv"),
    ],
)
def test_day_layouts(make_log: Callable[..., Log], tmp_path: Path, pattern: str, name: str) -> None:
    log = make_log(".csv", files=pattern)
    touch(tmp_path, name)
    assert files_of(log, tmp_path, DAY) == [tmp_path / name]
    assert files_of(log, tmp_path, DAY + timedelta(days=1)) == []
    assert available(log, tmp_path) == [DAY]


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("dt={dt}/hr={hr}/*.csv", "dt=2026-11-01/hr=05/a.csv"),
        ("{dt:%Y%m%d}-{hr:02d}.csv", "20261101-05.csv"),
        ("{dt}/{hr:d}/*.csv", "2026-11-01/5/a.csv"),
    ],
)
def test_hour_layouts(make_log: Callable[..., Log], tmp_path: Path, pattern: str, name: str) -> None:
    log = make_log(".csv", files=pattern, every="1h")
    touch(tmp_path, name)
    assert files_of(log, tmp_path, DAY + 5 * HOUR) == [tmp_path / name]
    assert files_of(log, tmp_path, DAY) == []
    assert available(log, tmp_path) == [DAY + 5 * HOUR]


def read_back(pattern: str, path: str) -> datetime | None:
    """Return the partition that a name states, as the walk finds it name by name."""
    fields: Any = {}
    for segment, name in zip(parse(pattern).segments, path.split("/"), strict=True):
        fields = segment.match(name, fields) if fields is not None else None
    return partition_of(fields) if fields is not None else None


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(0, 23))
def test_a_name_states_the_partition_it_was_written_for(day: date, hour: int) -> None:
    partition = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    for text in (
        "{dt}/{hr}.csv",
        "{dt:%Y%j}-{hr:d}.csv",
        "{dt:%Y}/{dt:%Y%m}/{dt:%d}/{hr}.csv",
        "./{dt:%Y%m}//{dt:%Y%j}{hr}",
    ):
        names = [str(segment.name(partition)) for segment in parse(text).segments]
        assert read_back(text, "/".join(names)) == partition


def test_names_that_state_no_day_are_not_ours(make_log: Callable[..., Log], tmp_path: Path) -> None:
    touch(tmp_path, "2026-13-01.csv", "2026-02-30.csv", "latest.csv", "2026-11-01.csv.tmp", "2026-1-1.csv")
    assert available(make_log(".csv", files="{dt}.csv"), tmp_path) == []
    touch(tmp_path, "2026-366.csv", "2026-000.csv")
    assert read_back("{dt:%Y-%j}.csv", "2026-365.csv") == datetime(2026, 12, 31, tzinfo=UTC)
    assert available(make_log(".csv", files="{dt:%Y-%j}.csv"), tmp_path) == []
    touch(tmp_path, "2026/11/2027-11-01.csv", "2026-11-01/05.csv", "2026-11-01/24.csv")
    assert available(make_log(".csv", files="{dt:%Y}/{dt:%m}/{dt}.csv"), tmp_path) == []
    assert available(make_log(".csv", files="{dt}/{hr:d}.csv", every="1h"), tmp_path) == []


def test_unfinished_and_side_files_are_not_ours(make_log: Callable[..., Log], tmp_path: Path) -> None:
    touch(tmp_path, *(f"2026-11-01/{name}" for name in ("_tmp.csv", ".a.csv", "a.csv.crc", "_SUCCESS", "b_.csv")))
    (tmp_path / "2026-11-01/folder.csv").mkdir()
    assert [path.name for path in files_of(make_log(".csv"), tmp_path, DAY)] == ["b_.csv"]


def test_files_are_sorted_by_name_and_a_linked_file_counts_once(make_log: Callable[..., Log], tmp_path: Path) -> None:
    touch(tmp_path, "2026-11-01/b.csv", "2026-11-01/a.csv", "2026-11-01/B.csv")
    (tmp_path / "2026-11-01/c.csv").symlink_to(tmp_path / "2026-11-01/a.csv")
    (tmp_path / "2026-11-01/lost.csv").symlink_to(tmp_path / "no.csv")
    (tmp_path / "2026-11-01/loop.csv").symlink_to(tmp_path / "2026-11-01/loop.csv")
    assert [path.name for path in files_of(make_log(".csv"), tmp_path, DAY)] == ["B.csv", "a.csv", "b.csv"]


def test_partitions_are_those_where_events_may_have_landed(make_log: Callable[..., Log]) -> None:
    daily = make_log(".csv", lateness=6 * HOUR)
    assert partitions_of(daily, DAY, DAY + 24 * HOUR) == [DAY, DAY + 24 * HOUR]
    assert partitions_of(daily, DAY + HOUR, DAY + 18 * HOUR) == [DAY]
    assert partitions_of(make_log(".csv"), DAY - HOUR, DAY + HOUR) == [DAY - 24 * HOUR, DAY]
    hourly = make_log(".csv", files="{dt}-{hr}.csv", every="1h")
    assert partitions_of(hourly, DAY + HOUR / 2, DAY + HOUR * 2) == [DAY, DAY + HOUR]
    berlin = timezone(HOUR)
    assert partitions_of(make_log(".csv"), DAY.replace(tzinfo=berlin), DAY) == [DAY - 24 * HOUR]


def test_a_span_without_zone_or_length_is_refused(make_log: Callable[..., Log]) -> None:
    log = make_log(".csv")
    with pytest.raises(UsageError, match="between instants with a time zone, got datetime"):
        partitions_of(log, DAY.replace(tzinfo=None), DAY)
    with pytest.raises(UsageError, match="from a start before its end"):
        partitions_of(log, DAY, DAY)


def test_a_fingerprint_follows_the_content(make_log: Callable[..., Log], tmp_path: Path) -> None:
    log = make_log(".csv")
    touch(tmp_path, "2026-11-01/a.csv", "2026-11-03/b.csv")
    before = fingerprint(log, tmp_path, DAY, DAY + timedelta(days=3))
    text = b"2026-11-01/a.csv"
    assert before[0] == LogFile("2026-11-01/a.csv", len(text), xxhash.xxh64(text).hexdigest())
    assert [file.path for file in before] == ["2026-11-01/a.csv", "2026-11-03/b.csv"]
    (tmp_path / "2026-11-01/a.csv").write_bytes(hashlib.md5(text, usedforsecurity=False).digest())
    after = fingerprint(log, tmp_path, DAY, DAY + timedelta(days=3))
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_a_large_file_is_hashed_in_chunks(make_log: Callable[..., Log], tmp_path: Path) -> None:
    content = os.urandom((2 << 20) + 17)
    (tmp_path / "2026-11-01").mkdir()
    (tmp_path / "2026-11-01/a.csv").write_bytes(content)
    (file,) = fingerprint(make_log(".csv"), tmp_path, DAY, DAY + HOUR)
    assert file.checksum == xxhash.xxh64(content).hexdigest()


def test_a_log_root_that_does_not_exist_is_an_error(make_log: Callable[..., Log], tmp_path: Path) -> None:
    for call in (
        lambda: available(make_log(".csv"), tmp_path / "no"),
        lambda: files_of(make_log(".csv"), tmp_path / "no", DAY),
    ):
        with pytest.raises(LogMissingError, match=r"log 'impressions': the log root .*no is no directory"):
            call()
