"""Kill, crowd, interrupt and starve a backfill; the end is that of an undisturbed one, and readers never notice."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

import featurelib
from featurelib.days import Days
from featurelib.engine import Engine, Loop, Processes
from featurelib.errors import PartitionsFailedError, UsageError
from featurelib.generator import ClickLogs, generate
from featurelib.ledger import plan
from featurelib.program import load, save, versions
from featurelib.runs import backfill
from featurelib.tables import Lineage, Partition, VersionedTable
from featurelib.workspace import Workspace
from pipelines.search_ranking import search_ranking

ROOT = Path(featurelib.__file__).parents[1]
DAYS = Days.parse("2026-11-01", "2026-11-09")
TILES = {spec.name for spec in search_ranking.tiles}
TABLES = ("samples", "features", "quarantine", "quarantine_features", *sorted(TILES))
COMMAND = [sys.executable, "-c", "from featurelib.cli import main; main()"]
SETTINGS = '[tool.featurelib]\nlogs = "logs"\ntables = "tables"\nwork = "work"\n'


def place(workspace: Workspace, name: str) -> Path:
    return workspace.tiles(name) if name in TILES else workspace.table("search_ranking", name)


@dataclass(frozen=True)
class Project:
    """A folder with settings, pipelines and logs, in which the command line is run."""

    root: Path

    @classmethod
    def make(cls, root: Path, logs: Path) -> "Project":
        root.mkdir(exist_ok=True)
        (root / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
        for name in ("pipelines", "schemas"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        (root / "logs").symlink_to(logs)
        return cls(root)

    @property
    def workspace(self) -> Workspace:
        return Workspace(self.root / "logs", self.root / "tables", self.root / "work")

    def table(self, name: str) -> VersionedTable:
        return VersionedTable.open(place(self.workspace, name))

    def start(self, days: Days = DAYS, *, parallel: int = 1) -> subprocess.Popen[str]:
        """Start a backfill, and return once it says its first step."""
        started = self.launch(days, parallel=parallel)
        assert said_a_step(started)
        return started

    def launch(self, days: Days = DAYS, *, parallel: int = 1) -> subprocess.Popen[str]:
        words = ["backfill", "search_ranking", "--start", str(days.start), "--end", str(days.end)]
        return subprocess.Popen(
            [*COMMAND, *words, "--parallel", str(parallel)],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that a signal can be sent to the driver and its workers, as a terminal does
        )

    def finish(self, *, parallel: int = 1) -> float:
        """Backfill to the end; return the seconds from its first step."""
        run = self.start(parallel=parallel)
        began = time.monotonic()
        _, errors = run.communicate(timeout=300)
        assert (run.returncode, errors) == (0, "")
        return time.monotonic() - began

    def kill(self, after_s: float, *, parallel: int = 1) -> bool:
        """Kill a backfill some time after its first step; return whether it was still running."""
        with self.start(parallel=parallel) as run:
            time.sleep(after_s)
            run.kill()
            run.communicate()
        return run.returncode == -signal.SIGKILL

    def content(self) -> dict[str, dict[Partition, pl.DataFrame]]:
        return {name: partitions(self.table(name)) for name in TABLES}

    def keys(self) -> dict[str, str | None]:
        tables = {name: self.table(name).partitions() for name in TABLES}
        return {f"{name} {day}": record.key for name, records in tables.items() for day, record in records.items()}

    def staged(self) -> set[str]:
        """The part files of all tables that no version has ever held."""
        found: set[str] = set()
        for name in TABLES:
            with suppress(UsageError):  # not made yet
                table, root = self.table(name), place(self.workspace, name)
                held = {
                    path for record in table.history() if record.run for path in table.lineage(record.version).files
                }
                found |= {path.relative_to(root).as_posix() for path in root.rglob("part-*")} - held
        return found


def said_a_step(run: subprocess.Popen[str]) -> bool:
    """Wait for the first line that a backfill says."""
    assert run.stdout is not None
    return run.stdout.readline() != ""


def partitions(table: VersionedTable) -> dict[Partition, pl.DataFrame]:
    frames = {day: table.scan(partitions=[day]).collect(engine="in-memory") for day in table.partitions()}
    doubles = pl.col(pl.Float64).reinterpret(dtype=pl.Int64)  # as bits: equal means equal in the last one
    return {
        day: frame.with_columns(doubles, pl.col(pl.Float32).reinterpret(dtype=pl.Int32))
        for day, frame in frames.items()
    }


@dataclass
class Reader:
    """Reads samples and features again and again, and remembers all that each partition ever was."""

    project: Project
    seen: dict[tuple[str, Partition], list[pl.DataFrame]] = field(default_factory=dict)
    errors: list[BaseException] = field(default_factory=list)
    reads: int = 0

    @contextmanager
    def reading(self) -> Iterator["Reader"]:
        over = threading.Event()
        thread = threading.Thread(target=self._read_until, args=(over,))
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _read_until(self, over: threading.Event) -> None:
        while not over.wait(0.2):
            for name in ("samples", "features"):
                try:
                    table = self.project.table(name)
                except UsageError:
                    continue  # not made yet
                try:
                    self._remember(name, partitions(table))
                except BaseException as error:  # told by the test: a thread's error would be lost
                    self.errors.append(error)

    def _remember(self, name: str, found: dict[Partition, pl.DataFrame]) -> None:
        self.reads += 1
        for day, frame in found.items():
            known = self.seen.setdefault((name, day), [])
            if not any(frame.equals(one) for one in known):
                known.append(frame)

    def check(self, final: dict[str, dict[Partition, pl.DataFrame]]) -> None:
        assert self.errors == []
        assert self.reads > 10
        assert self.seen
        for (name, day), frames in self.seen.items():
            assert len(frames) == 1, (name, day)
            assert frames[0].equals(final[name][day]), (name, day)


@dataclass(frozen=True)
class Undisturbed:
    """What a backfill comes to when nothing happens to it."""

    project: Project
    seconds: float
    content: dict[str, dict[Partition, pl.DataFrame]]

    def check(self, project: Project) -> None:
        """The other project's backfill has come to the same end, and nothing lies about."""
        content = project.content()
        for name, days in self.content.items():
            assert content[name].keys() == days.keys(), name
            assert [day for day, frame in days.items() if not frame.equals(content[name][day])] == [], name
        assert project.keys() == self.project.keys()
        ours, theirs = (load(one.workspace.pipeline("search_ranking")) for one in (project, self.project))
        assert ours.fingerprint == theirs.fingerprint
        assert ours.made == theirs.made
        assert plan(search_ranking, project.workspace, DAYS).nothing_to_do
        assert [path.name for path in (project.root / "work/search_ranking").iterdir()] == ["lock"]
        for name in TABLES:
            assert_only_live_files_after_vacuum(project.table(name))


def assert_only_live_files_after_vacuum(table: VersionedTable) -> None:
    assert table.verify() == []
    table.vacuum(older_than=timedelta(0), no_job_running=True)
    root = Path(table.uri)
    files = {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}
    left = {file for file in files if not file.startswith("_delta_log/")}
    assert len(left) == sum(record.files for record in table.partitions().values()), left
    assert table.verify() == []
    assert {Path(file).suffix for file in files - left} <= {".json", ".parquet", ""}


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("logs")
    generate(ClickLogs(days=9, users=60, items=70, rows=2_500, seed=7, every="1h"), root)
    return root


@pytest.fixture(scope="module")
def undisturbed(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    project = Project.make(tmp_path_factory.mktemp("undisturbed"), logs)
    seconds = project.finish()
    return Undisturbed(project, seconds, project.content())


def test_a_backfill_killed_again_and_again_comes_to_the_same_end(
    undisturbed: Undisturbed, logs: Path, tmp_path: Path
) -> None:
    project = Project.make(tmp_path / "project", logs)
    with Reader(project).reading() as reader:
        moments = [0.08, 0.30, 0.15, 0.20]
        killed = [
            project.kill(share * undisturbed.seconds, parallel=1 + number % 2) for number, share in enumerate(moments)
        ]
        project.finish()
    assert killed.count(True) >= 3, killed  # a resumed run may be done before its moment comes
    reader.check(undisturbed.content)
    undisturbed.check(project)


@pytest.mark.slow
@pytest.mark.parametrize("moment", range(20))
def test_a_backfill_killed_at_any_moment_comes_to_the_same_end(
    moment: int, undisturbed: Undisturbed, logs: Path, tmp_path: Path
) -> None:
    project = Project.make(tmp_path / "project", logs)
    parallel = 1 + moment % 2
    with Reader(project).reading() as reader:
        # processes take longer to start: their runs last about twice as long
        project.kill((moment + 0.5) / 20 * undisturbed.seconds * parallel, parallel=parallel)
        project.finish()
    reader.check(undisturbed.content)
    undisturbed.check(project)


def test_two_backfills_of_the_same_days_at_once_both_end_well_and_lose_or_double_no_row(
    older: Project, undisturbed: Undisturbed
) -> None:
    check_two_at_once(older, undisturbed)


@pytest.mark.slow
def test_two_backfills_from_nothing_at_once_both_end_well_and_lose_or_double_no_row(
    undisturbed: Undisturbed, logs: Path, tmp_path: Path
) -> None:
    check_two_at_once(Project.make(tmp_path / "project", logs), undisturbed, parallel=2)


def check_two_at_once(project: Project, undisturbed: Undisturbed, *, parallel: int = 1) -> None:
    with Reader(project).reading() as reader:
        runs = [project.start(), project.start(parallel=parallel)]
        errors = [run.communicate(timeout=300)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], errors
    assert project.staged() == set()
    reader.check(undisturbed.content)
    undisturbed.check(project)


OVERLAPPING = [Days.parse(f"2026-11-0{first}", f"2026-11-0{last}") for first, last in ((6, 9), (7, 9), (6, 8))]


@pytest.mark.parametrize(
    "moments",
    [
        (0.05, 0.20),
        pytest.param((0.15,), marks=pytest.mark.slow),
        pytest.param((0.02, 0.25), marks=pytest.mark.slow),
        pytest.param((0.12, 0.14), marks=pytest.mark.slow),
    ],
    ids=str,
)
def test_three_backfills_of_overlapping_days_of_which_some_are_killed_lose_or_double_no_row(
    moments: tuple[float, ...], older: Project, undisturbed: Undisturbed
) -> None:
    lost = [Partition(day) for day in Days.parse("2026-11-06", "2026-11-07")]
    for name in TABLES:
        older.table(name).forget(lost, run="by-hand")
    runs = [older.launch(days, parallel=2 - number % 2) for number, days in enumerate(OVERLAPPING)]
    assert [said_a_step(run) for run in runs] == [True] * 3
    began = time.monotonic()
    for run, moment in zip(runs, moments, strict=False):
        time.sleep(max(0.0, began + moment * undisturbed.seconds - time.monotonic()))
        run.kill()
    errors = [run.communicate(timeout=300)[1] for run in runs]
    ends = [run.returncode for run in runs]
    assert ends[0] == -signal.SIGKILL
    assert set(ends[1:-1]) <= {-signal.SIGKILL, 0}, errors  # done before its moment came, or not to be killed
    assert ends[-1] == 0, errors
    older.finish()
    undisturbed.check(older)


@pytest.mark.parametrize("parallel", [1, 2])
def test_ctrl_c_says_how_to_go_on_and_leaves_no_staged_file(
    parallel: int, undisturbed: Undisturbed, logs: Path, tmp_path: Path
) -> None:
    project = Project.make(tmp_path / "project", logs)
    with project.start(parallel=parallel) as run:
        until = time.monotonic() + 30
        while not project.staged() and run.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)
        _, errors = run.communicate(timeout=60)
    assert errors.strip() == "Stopped. What was committed stands; the same command goes on from there."
    assert run.returncode == 3
    assert project.staged() == set()
    assert [path.name for path in (project.root / "work/search_ranking").iterdir()] == ["lock"]


@pytest.fixture(scope="module")
def week(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables in which all days but the last two are built."""
    folder = tmp_path_factory.mktemp("week")
    workspace = Workspace(logs, folder / "tables", folder / "work")
    backfill(search_ranking, workspace, Days.parse("2026-11-01", "2026-11-07"), Loop(), say=lambda _: None)
    return workspace.tables


@pytest.fixture
def older(week: Path, logs: Path, tmp_path: Path) -> Project:
    """A project of one's own, with logs of its own, in which all days but the last two are built."""
    shutil.copytree(logs, tmp_path / "logs")
    project = Project.make(tmp_path / "project", tmp_path / "logs")
    shutil.copytree(week, project.workspace.tables)
    return project


@pytest.mark.parametrize("engine", [Loop(), Processes(2)], ids=["loop", "processes"])
def test_a_failing_day_publishes_nothing_of_its_own_and_readers_stay_on_the_old_version(
    engine: Engine, older: Project
) -> None:
    days, workspace = Days.parse("2026-11-08", "2026-11-09"), older.workspace
    bad = Partition(days.end)
    before = {name: partitions(older.table(name)).get(bad) for name in TABLES}
    [path] = (workspace.logs / "impressions/dt=2026-11-09/hr=12").glob("*.parquet")
    whole = path.read_bytes()

    path.write_bytes(whole[:-100])
    with pytest.raises(PartitionsFailedError, match=r"dt=2026-11-09/hr=12/\S+: .*Fetch or write the file again"):
        backfill(search_ranking, workspace, days, engine, say=lambda _: None)
    assert older.staged() == set()
    for name, frame in before.items():
        found = partitions(older.table(name)).get(bad)
        assert found is frame is None or found.equals(frame)
    assert Partition(days.start) in older.table("samples").partitions()  # the other day is built

    path.write_bytes(whole)
    for file in workspace.logs.glob("impressions/dt=2026-11-09/hr=*/*.parquet"):
        pl.read_parquet(file, hive_partitioning=False).clear().write_parquet(file)
    with pytest.raises(PartitionsFailedError, match="SchemaViolationError: search_ranking features of 2026-11-09"):
        backfill(search_ranking, workspace, days, engine, say=lambda _: None)
    assert older.staged() == set()
    found, frame = partitions(older.table("features")).get(bad), before["features"]
    assert found is frame is None or found.equals(frame)
    assert list(older.table("samples").partitions())[-1] == Partition(days.end)  # its samples are fine, and empty


STARVED = """
import os, subprocess, sys
from pathlib import Path
import pytest
from featurelib.runs import backfill
from featurelib.days import Days
from featurelib.engine import Loop, Processes
from featurelib.errors import PartitionsFailedError, StorageError
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace
from pipelines.search_ranking import search_ranking

def quiet(line):
    pass

def fill(disk, spare):
    space = os.statvfs(disk)
    free = space.f_bavail * space.f_frsize - spare
    with open(disk / "filler", "wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, free)

def state():
    tables = [VersionedTable.open(place) for place in places]
    return {table.uri: (table.version, table.scan().collect().height, table.verify()) for table in tables}

def parts():
    return {path for path in workspace.tables.rglob("part-*")}

if __name__ == "__main__":
    source, disk, after = map(Path, sys.argv[1:])
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], check=True)
    subprocess.run(["cp", "-rL", *source.iterdir(), disk], check=True)
    workspace = Workspace(disk / "logs", disk / "tables", disk / "work")
    places = [path.parent for path in (disk / "tables").glob("*/*/_delta_log")]
    days = Days.parse("2026-11-08", "2026-11-09")
    for spare in (0, 4_096, 32_768, 65_536, 98_304):
        fill(disk, spare)
        with pytest.raises((StorageError, PartitionsFailedError), match=r"No space left on device|is the disk full\\?"):
            backfill(search_ranking, workspace, days, Processes(2) if spare == 65_536 else Loop(), say=quiet)
        now = state()
        assert all(problems == [] for _, _, problems in now.values()), now
        os.remove(disk / "filler")
    fill(disk, 4_096)
    words = ["backfill", "search_ranking", "--start", "2026-11-08", "--end", "2026-11-09"]
    done = subprocess.run([sys.executable, "-c", "from featurelib.cli import main; main()", *words], cwd=disk,
                          capture_output=True, text=True)
    assert done.returncode == 3, done
    assert "StorageError: " in done.stderr and "Traceback" not in done.stderr, done.stderr
    os.remove(disk / "filler")
    backfill(search_ranking, workspace, days, Loop(), say=quiet)
    subprocess.run(["cp", "-r", disk / "tables", disk / "work", after], check=True)
"""


def may_mount(where: Path) -> bool:
    if shutil.which("unshare") is None:
        return False
    command = ["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", str(where)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_a_disk_that_is_full_in_the_middle_is_a_storage_error_and_the_build_goes_on_once_there_is_space(
    older: Project, undisturbed: Undisturbed, logs: Path, tmp_path: Path
) -> None:
    disk, after, script = tmp_path / "disk", tmp_path / "after", tmp_path / "starved.py"
    disk.mkdir()
    if not may_mount(disk):
        pytest.skip("needs a small file system of its own: `unshare -rm mount -t tmpfs` is not allowed here")
    after.mkdir()
    (after / "logs").symlink_to(logs)
    script.write_text(STARVED, encoding="utf-8")
    command = ["unshare", "-rm", sys.executable, str(script), str(older.root), str(disk), str(after)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, done.stderr
    undisturbed.check(Project(after))


def test_a_failed_run_deletes_its_own_staged_files_and_no_others(tmp_path: Path) -> None:
    table = VersionedTable.create(tmp_path / "t", pl.Schema({"x": pl.Int64()}))
    days = [Partition(day) for day in Days.parse("2026-11-01", "2026-11-02")]
    frame = pl.DataFrame({"x": [1]}, schema=table.schema)
    kept = table.stage(frame, days[0], run="r")
    table.commit([kept], replaces=[days[0]], lineage=Lineage(run="r", pipeline="p", partitions={str(days[0]): {}}))
    table.stage(frame, days[1], run="r")
    others = [table.stage(frame, days[1], run=run) for run in ("r-1", "rr", "x-r")]
    table.discard_run("r")
    left = {path.relative_to(table.uri).as_posix() for path in Path(table.uri).rglob("part-*")}
    assert left == {kept.path, *(file.path for file in others)}


def test_what_a_killed_fit_left_goes_with_a_later_save_and_what_a_running_one_writes_stays(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    program = load(undisturbed.project.workspace.pipeline("search_ranking"))
    old, young = (tmp_path / "programs" / f".staged-{name}" for name in ("old", "young"))
    for folder in (old, young):
        folder.mkdir(parents=True)
        (folder / "program.json").touch()
    yesterday = time.time() - 86_401
    os.utime(old, (yesterday, yesterday))
    assert save(program, tmp_path) == 1
    assert versions(tmp_path) == [1]
    assert not old.exists()
    assert young.exists()


def test_a_folder_that_a_killed_run_made_for_a_table_does_not_stop_the_next_run(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, tmp_path / "tables", tmp_path / "work")
    workspace.table("search_ranking", "samples").mkdir(parents=True)
    found = plan(search_ranking, workspace, Days.parse("2026-11-01", "2026-11-01"))
    assert [entry.state for entry in found.entries] == ["missing", "missing"]
