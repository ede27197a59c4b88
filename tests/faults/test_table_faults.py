"""Kill, crowd and starve the writers of a table; its readers must never notice."""

import shutil
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import featurelib
from featurelib.tables import Partition, VersionedTable

SCHEMA = pl.Schema({"x": pl.Int64()})
DAYS = [Partition(date(2026, 11, day)) for day in (1, 2, 3)]
ROWS = 5_000
ROOT = Path(featurelib.__file__).parents[1]  # `python -c` imports from where it starts

WRITER = """
import sys
from itertools import count
import polars as pl
from featurelib.tables import Lineage, Partition, VersionedTable

uri, run, commits, *texts = sys.argv[1:]
days = [Partition.parse(text) for text in texts]
table = VersionedTable.open(uri)
print("ready", flush=True)
for number in range(int(commits)) if int(commits) else count():
    frame = pl.DataFrame({"x": pl.repeat(table.version + 1, 5_000, eager=True, dtype=pl.Int64)})
    files = [table.stage(frame, day, run=run) for day in days]
    lineage = Lineage(run=f"{run}-{number}", pipeline="p", partitions={str(day): {} for day in days})
    print(table.commit(files, replaces=days, lineage=lineage), flush=True)
"""

STARVED = """
import os, subprocess, sys
from datetime import date, timedelta
from pathlib import Path
import polars as pl
import pytest
from featurelib.errors import StorageError
from featurelib.tables import Lineage, Partition, VersionedTable

disk = Path(sys.argv[1])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
table = VersionedTable.create(disk / "t", pl.Schema({"x": pl.UInt64()}))
day = Partition(date(2026, 11, 1))

def told(key):
    return Lineage(run="r", pipeline="p", partitions={str(day): {"key": key}})

def files():
    return {path for path in disk.rglob("*") if path.is_file()}

def fill():
    with suppress_full(), open(disk / "filler", "wb", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))

class suppress_full:
    def __enter__(self): pass
    def __exit__(self, kind, error, trace): return kind is OSError

small = pl.DataFrame({"x": [1]}, schema=table.schema)
table.commit([table.stage(small, day, run="r")], replaces=[day], lineage=told("a"))
before = files()

noise = pl.LazyFrame({"x": pl.arange(0, 4_000_000, eager=True, dtype=pl.Int64)}).select(pl.col("x").hash())
with pytest.raises(StorageError, match="No space left"):
    table.stage(noise, day, run="big")
assert files() == before, files() - before

staged = table.stage(small, day, run="r")
fill()
with pytest.raises(StorageError, match="No space left"):
    table.commit([staged], replaces=[day], lineage=told("b"))
assert files() == before | {disk / "filler"}, files() - before
assert table.scan().collect()["x"].to_list() == [1]
assert table.verify() == [] and table.version == 1
assert table.vacuum(older_than=timedelta(0), no_job_running=True) == []

os.remove(disk / "filler")
two = pl.DataFrame({"x": [2]}, schema=table.schema)
assert table.commit([table.stage(two, day, run="r")], replaces=[day], lineage=told("c")) == 2
assert table.scan().collect()["x"].to_list() == [2]
"""


def start_writer(table: VersionedTable, run: str, commits: int, days: list[Partition]) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, table.uri, run, str(commits), *map(str, days)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def assert_whole(table: VersionedTable) -> None:
    """All three days are of one commit, with all their rows, as one version shows them."""
    found = table.scan().group_by("dt").agg(pl.col("x").n_unique().alias("values"), pl.col("x").first(), pl.len())
    state = found.collect()
    assert state.height in {0, 3}
    assert state["x"].n_unique() <= 1
    assert set(state["values"]) <= {1}
    assert set(state["len"]) <= {ROWS}


def stored(table: VersionedTable) -> set[str]:
    return {path.relative_to(table.uri).as_posix() for path in Path(table.uri).rglob("part-*")}


def live(table: VersionedTable) -> set[str]:
    return {path for version in [table.version] for path in table.lineage(version).files}


def test_a_writer_killed_at_any_moment_leaves_whole_versions_and_no_orphan_after_vacuum(tmp_path: Path) -> None:
    table = VersionedTable.create(tmp_path / "t", SCHEMA)
    acknowledged = orphans = 0
    for kill in range(10):
        writer = start_writer(table, f"w{kill}", 0, DAYS)
        until = time.monotonic() + 0.05 + 0.037 * kill
        while time.monotonic() < until:
            assert_whole(table)
        writer.send_signal(signal.SIGKILL)
        answers, _ = writer.communicate()
        acknowledged = max([acknowledged, *map(int, answers.split())])
        assert table.version in {acknowledged, acknowledged + 1}  # the last one may be committed and not yet told
        assert_whole(table)
        assert table.verify() == []
    orphans = len(stored(table)) - 3 * table.version
    assert acknowledged > 10
    table.vacuum(older_than=timedelta(0), no_job_running=True)
    assert stored(table) == live(table), orphans
    assert_whole(table)
    assert {path.suffix for path in (tmp_path / "t/_delta_log").iterdir()} <= {".json", ".parquet", ""}


def test_writers_of_one_partition_all_land_and_no_update_is_lost(tmp_path: Path) -> None:
    table = VersionedTable.create(tmp_path / "t", SCHEMA)
    writers = [start_writer(table, f"w{number}", 8, DAYS[:1]) for number in range(4)]
    answers = [writer.communicate(timeout=60)[0].split() for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    versions = [int(answer) for told in answers for answer in told]
    assert sorted(versions) == list(range(1, 33))
    runs = [record.run for record in table.history() if record.run]
    assert sorted(runs) == sorted(f"w{writer}-{number}" for writer in range(4) for number in range(8))
    for version in versions:
        assert table.scan(version).select(pl.len()).collect().item() == ROWS
    assert len(stored(table)) == 32


def test_writers_of_different_partitions_do_not_disturb_each_other(tmp_path: Path) -> None:
    table = VersionedTable.create(tmp_path / "t", SCHEMA)
    writers = [start_writer(table, f"w{number}", 5, [DAYS[number]]) for number in range(3)]
    for writer in writers:
        writer.communicate(timeout=60)
    assert table.version == 15
    assert [record.rows for record in table.partitions().values()] == [ROWS] * 3


def may_mount(where: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(where)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_full_disk_is_a_storage_error_and_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    if not may_mount(tmp_path):
        pytest.skip("needs a small file system of its own: `unshare -rm mount -t tmpfs` is not allowed here")
    command = ["unshare", "-rm", sys.executable, "-c", STARVED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert done.returncode == 0, done.stderr
