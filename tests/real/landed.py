"""Where the real logs lie, how they are landed, and what a build made of them."""

import importlib.util
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest

from featurelib.engine import Loop
from featurelib.logs import Log, LogSlice, available, read
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, build_features, build_samples, fit_program
from featurelib.tables import Partition
from featurelib.workspace import Workspace

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parents[3] / "shared" / "data"
ONE_DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(not (DATA / name).is_dir(), reason=f"the {name} data is not beside the repository")


def example(name: str) -> ModuleType:
    """Return a script of ``examples``, imported."""
    found = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def rows_of(log: Log, root: Path, scratch: Path) -> LogSlice:
    """Return all rows of a log."""
    days = available(log, root)
    return read(log, root, min(days) - log.lateness, max(days) + ONE_DAY, scratch=scratch, required=False)


def midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@dataclass(frozen=True)
class Built:
    """What a build left."""

    tables: Path
    samples: pl.DataFrame
    quarantine: pl.DataFrame
    features: pl.DataFrame | None
    rows: dict[date, dict[str, Any]]

    def reasons(self, log: str) -> Counter[tuple[str, str | None]]:
        """Return the rows of a log that were set aside, by reason and event id."""
        aside = self.quarantine.filter(pl.col("log") == log).select("reason", "row").rows()
        return Counter((reason, json.loads(row).get("event_id")) for reason, row in aside)

    def counts(self, stage: str) -> Counter[str]:
        """Return how many rows went in, stayed, and were dropped, by reason, over all days."""
        total: Counter[str] = Counter()
        for day in self.rows.values():
            total += Counter({"in": day[stage]["in"], "kept": day[stage]["kept"], **day[stage]["dropped"]})
        return total


def built(pipeline: Pipeline, logs: Path, folder: Path, days: Iterable[date], *, features: bool = True) -> Built:
    """Build days, which may lie far apart, and read what was committed."""
    space = Workspace(logs=logs, tables=folder / "tables", work=folder / "work")
    partitions = [Partition(day) for day in sorted(days)]
    with Run.begin(pipeline, space, Loop()) as run:
        build_samples(run, partitions)
        if features:
            fit_program(run, pipeline.fit)
            build_features(run, partitions)
        rows = {partition.dt: run.samples.built(partition)["rows"] for partition in partitions}
        tables = [table.scan().collect() for table in (run.samples, run.quarantine)]
        made = run.features.scan().collect() if features else None
        return Built(space.pipeline(pipeline.name), *tables, made, rows)
