"""Facts of files: right when read, and remembered only while the file is the same."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import xxhash

from featurelib.errors import StorageError
from featurelib.logs import FactsCache, Log, LogFile, LogIndex, facts_of
from featurelib.logs import _bytes as log_bytes
from featurelib.logs.facts import _instant
from featurelib.schema.column import Column
from featurelib.schema.table import Table

START = datetime(2026, 11, 1, tzinfo=UTC)
LONG_AGO = 10**18


class Click(Table):
    event_time = "at"
    landing_time = "landed"

    at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was opened.")
    landed = Column(dtype=pl.Datetime("us", "UTC"), doc="When we could read it.", source="arrived", epoch="ms")


@pytest.fixture
def put_old(put: Callable[..., Path]) -> Callable[..., Path]:
    """Write a file as if long ago: one just written is not trusted."""

    def write(name: str, content: bytes | str) -> Path:
        path = put(name, content)
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
        return path

    return write


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note which files are read for their checksum."""
    seen: list[str] = []

    def noted(path: Path) -> str:
        seen.append(path.name)
        return log_bytes.checksum(path)

    monkeypatch.setattr("featurelib.logs.facts.checksum", noted)
    return seen


def look(log: Log, root: Path, cache: Path | None = None) -> list[LogFile]:
    return facts_of(LogIndex.of(log, root), cache=None if cache is None else FactsCache(cache))


@pytest.mark.parametrize(
    ("suffix", "text", "rows"),
    [
        (".csv", "at,landed\nx,y\n\nx,y", 3),
        (".csv.gz", "at,landed\nx,y\n", 1),
        (".csv", "", 0),
        (".jsonl.zst", "{}\n{}\n{}", 3),
        (".jsonl", "", 0),
    ],
)
def test_facts_of_a_text_file(
    make_log: Callable[..., Log],
    put: Callable[..., Path],
    pack: Callable[[bytes, str], bytes],
    tmp_path: Path,
    suffix: str,
    text: str,
    rows: int,
) -> None:
    content = pack(text.encode(), suffix)
    put("a" + suffix, content)
    (file,) = look(make_log(suffix, table=Click), tmp_path)
    assert file == LogFile(f"2026-11-01/a{suffix}", len(content), xxhash.xxh64(content).hexdigest())
    assert (file.rows, file.landed_at) == (rows, None)


def test_facts_of_a_parquet_file(make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path) -> None:
    log, times = make_log(".parquet", table=Click), [START, None, START + timedelta(hours=30), START]
    frame = pl.DataFrame({"at": START, "arrived": times}, schema_overrides={"arrived": pl.Datetime("ms", "UTC")})
    count = pl.col("arrived").dt.epoch("ms")
    kinds = {
        "a": frame,
        "b": frame.with_columns(count),
        "c": frame.with_columns(pl.col("arrived").dt.replace_time_zone(None)),
        "d": frame.drop("arrived"),
        "e": frame.clear(),
        "f": frame.with_columns(arrived=2**62),
    }
    for name, kind in kinds.items():
        kind.write_parquet(put(f"{name}.parquet", ""), row_group_size=1)
    frame.write_parquet(put("g.parquet", ""), statistics=False)
    found = look(log, tmp_path)
    assert [file.rows for file in found] == [4, 4, 4, 4, 0, 4, 4]
    latest = START + timedelta(hours=30)
    assert [file.landed_at for file in found] == [latest, latest, None, None, None, None, latest]
    assert look(make_log(".parquet"), tmp_path)[0].landed_at is None
    landed = replace(Click.columns["landed"], nullable=True, optional=True, zone="Asia/Tokyo")
    told = look(make_log(".parquet", table=type("Told", (Click,), {"landed": landed})), tmp_path)
    assert [file.landed_at for file in told] == [latest, latest, latest - timedelta(hours=9), None, None, None, latest]
    assert _instant(1_999, 10**9) == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)


def test_a_damaged_file_has_facts_and_one_that_is_gone_has_not(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path
) -> None:
    put("a.parquet", b"PAR1" + b"\xa5" * 100)
    put("a.csv.gz", b"\x1f\x8b" + b"\xa5" * 100)
    for suffix in (".parquet", ".csv.gz"):
        (file,) = look(make_log(suffix, table=Click), tmp_path)
        assert (file.bytes > 100, file.rows, file.landed_at) == (True, None, None)
    index = LogIndex.of(make_log(".csv.gz"), tmp_path)
    (tmp_path / "2026-11-01/a.csv.gz").unlink()
    with pytest.raises(StorageError, match=r"a.csv.gz: No such file"):
        facts_of(index)


def test_only_what_changed_is_read_again(
    make_log: Callable[..., Log], put_old: Callable[..., Path], tmp_path: Path, reads: list[str]
) -> None:
    log, cache = make_log(".csv", table=Click), tmp_path / "work/facts.db"
    paths = [put_old(name, "at,arrived\n1,2\n") for name in ("a.csv", "b.csv", "c.csv", "d.csv")]
    before = look(log, tmp_path, cache)
    assert look(log, tmp_path, cache) == before
    assert [file.rows for file in look(log, tmp_path, cache)] == [1] * 4
    assert reads == ["a.csv", "b.csv", "c.csv", "d.csv"]
    reads.clear()
    put_old("a.csv", "at,arrived\n1,2\n3,4\n")
    os.utime(paths[1], ns=(LONG_AGO, LONG_AGO + 1))
    paths[2].rename(paths[2].with_name("kept"))
    put_old("c.csv", "at,arrived\n9,9\n")  # same size and time, another file
    after = look(log, tmp_path, cache)
    assert reads == ["a.csv", "b.csv", "c.csv"]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, False, True]
    cache.unlink()
    assert look(log, tmp_path, cache) == after


def test_a_file_just_written_is_not_trusted(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path, reads: list[str]
) -> None:
    log, cache = make_log(".csv"), tmp_path / "facts.db"
    path = put("a.csv", "one")
    seen = path.stat()
    (first,) = look(log, tmp_path, cache)
    path.write_text("two")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # within a tick of the clock
    assert look(log, tmp_path, cache) != [first]
    assert reads == ["a.csv", "a.csv"]


def test_a_file_that_changes_while_it_is_read_is_not_remembered(
    make_log: Callable[..., Log], put_old: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, cache = make_log(".csv"), tmp_path / "facts.db"

    def overtaken(path: Path) -> str:
        digest = log_bytes.checksum(path)
        put_old("a.csv", "three")
        return digest

    put_old("a.csv", "one")
    with monkeypatch.context() as patch:
        patch.setattr("featurelib.logs.facts.checksum", overtaken)
        look(log, tmp_path, cache)
    assert look(log, tmp_path, cache)[0].checksum == xxhash.xxh64(b"three").hexdigest()


def test_another_landing_time_is_looked_up_anew(
    make_log: Callable[..., Log], put: Callable[..., Path], tmp_path: Path
) -> None:
    cache = tmp_path / "facts.db"
    path = put("a.parquet", "")
    pl.DataFrame({"at": [START], "arrived": [START + timedelta(hours=1)]}).write_parquet(path)
    os.utime(path, ns=(LONG_AGO, LONG_AGO))
    times = {"at": START, "landed": START + timedelta(hours=1), None: None}
    for _ in range(2):
        for name, want in times.items():
            log = make_log(".parquet", table=type("Other", (Click,), {"landing_time": name}))
            assert [file.landed_at for file in look(log, tmp_path, cache)] == [want]


@pytest.mark.parametrize("how", ["text", "cut", "columns", "values", "empty"])
def test_a_damaged_cache_is_replaced(
    make_log: Callable[..., Log], put_old: Callable[..., Path], tmp_path: Path, reads: list[str], how: str
) -> None:
    log, cache = make_log(".csv"), tmp_path / "facts.db"
    for number in range(300):  # some pages of the database
        put_old(f"{number}.csv", str(number))
    want = look(log, tmp_path, cache)
    content = cache.read_bytes()
    if how == "columns":
        cache.unlink()
        with closing(sqlite3.connect(cache)) as other:
            other.execute("CREATE TABLE log_files_1 (x)")
    elif how == "values":
        with closing(sqlite3.connect(cache, isolation_level=None)) as other:
            other.execute("UPDATE log_files_1 SET landed_us = 'noon'")
    else:
        cache.write_bytes({"text": b"no database " * 99, "cut": content[: len(content) // 2], "empty": b""}[how])
    assert look(log, tmp_path, cache) == want
    reads.clear()
    assert look(log, tmp_path, cache) == want
    assert reads == []


def test_a_cache_that_cannot_be_used_is_done_without(
    make_log: Callable[..., Log], put_old: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, cache = make_log(".csv"), tmp_path / "facts.db"
    put_old("a.csv", "one")
    put_old("caf\udce9.csv", "two")  # a name that is no text
    want = look(log, tmp_path)
    assert look(log, tmp_path, tmp_path) == want
    assert look(log, tmp_path, tmp_path / "2026-11-01/a.csv/facts.db") == want
    monkeypatch.setattr("featurelib.cachefile._WAIT_S", 0)
    look(log, tmp_path, cache)
    with closing(sqlite3.connect(cache, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert look(log, tmp_path, cache) == want
        other.execute("ROLLBACK")
        assert other.execute("SELECT path FROM log_files_1").fetchall() == [("2026-11-01/a.csv",)]


def test_several_processes_share_a_cache(
    make_log: Callable[..., Log], put_old: Callable[..., Path], tmp_path: Path, reads: list[str]
) -> None:
    for number in range(60):
        put_old(f"{number}.csv", str(number))
    script = f"""
import sys
from pathlib import Path
import polars as pl
from featurelib.logs import FactsCache, Log, LogIndex, facts_of
from featurelib.schema.column import Column
from featurelib.schema.table import Table
class Click(Table):
    event_time = "at"
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="x")
root = Path({str(tmp_path)!r})
index = LogIndex.of(Log(name="x", table=Click, files="{{dt}}/*.csv"), root)
for file in index.files[int(sys.argv[1])::3]:
    facts_of(index, [file], FactsCache(root / "facts.db"))
"""
    root = Path(__file__).parents[2]
    workers = [subprocess.Popen([sys.executable, "-c", script, str(number)], cwd=root) for number in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    assert len(look(make_log(".csv"), tmp_path, tmp_path / "facts.db")) == 60
    assert reads == []
