"""Spark makes the tables that a loop makes. Needs the extra ``spark`` and a Java runtime; a session takes 10 s."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Engine, Loop
from featurelib.errors import LogMissingError
from featurelib.generator import ClickLogs, generate
from featurelib.runs import backfill
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace
from pipelines.search_ranking import search_ranking

pyspark = pytest.importorskip("pyspark", reason="the extra `spark` is not installed: pip install 'featurelib[spark]'")

DAYS = Days.parse("2026-11-01", "2026-11-07")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs a Java runtime, and there is none"),
    pytest.mark.filterwarnings("ignore::FutureWarning:pyspark", "ignore::ResourceWarning"),  # pyspark's own
]


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    started = builder.config("spark.driver.host", "127.0.0.1").getOrCreate()
    yield started
    started.stop()


def built(engine: Engine, logs: Path, root: Path) -> dict[str, pl.DataFrame]:
    workspace = Workspace(logs, root / "tables", root / "work")
    backfill(search_ranking, workspace, DAYS, engine, say=lambda _: None)
    names = ("samples", "features", "quarantine")
    tables = {name: VersionedTable.open(workspace.table("search_ranking", name)) for name in names}
    tables |= {spec.name: VersionedTable.open(workspace.tiles(spec.name)) for spec in search_ranking.tiles}
    return {name: table.scan().collect(engine="in-memory") for name, table in tables.items()}


def test_spark_makes_the_tables_of_a_loop_row_for_row(session: Any, tmp_path: Path) -> None:
    from featurelib.engine.spark import Spark

    generate(ClickLogs(days=7, users=300, items=80, rows=14_000, seed=3, every="1h"), tmp_path / "logs")
    on_spark = built(Spark(session), tmp_path / "logs", tmp_path / "spark")
    in_a_loop = built(Loop(), tmp_path / "logs", tmp_path / "loop")
    for name, frame in in_a_loop.items():
        assert frame.equals(on_spark[name]), name


def test_an_error_in_a_task_comes_back_as_it_was(session: Any, tmp_path: Path) -> None:
    from featurelib.engine.spark import Spark

    with pytest.raises(LogMissingError, match="impressions"):
        built(Spark(session), tmp_path, tmp_path / "spark")
