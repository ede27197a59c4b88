"""A run in which a sum is off fails, and what was there stays: rows lost by a step, labels, quarantined rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import ConservationError, PartitionsFailedError
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, build_samples, sample_tasks
from featurelib.runs.partition_logs import PartitionLogs
from featurelib.runs.thinning import thin
from featurelib.samples import (
    AttributedLabel,
    DelayedFeedback,
    Impressions,
    Lists,
    RandomItems,
    RowMaker,
    RowRule,
    add_credits,
)
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import PartitionFacts
from featurelib.tables import Partition
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace, write

DAY = date(2026, 11, 2)
NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
IMPRESSIONS, CLICKS = logs()
LABEL = AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m")


@dataclass(frozen=True)
class LosingMaker(RowMaker):
    """Loses a row, and may put in the last one once more."""

    again: bool = False

    def schema(self, given: pl.Schema) -> pl.Schema:
        return given

    def make(self, rows: pl.LazyFrame, seen: pl.LazyFrame, facts: PartitionFacts) -> pl.LazyFrame:
        return pl.concat([rows.slice(1), rows.tail(1)]) if self.again else rows.slice(1)


@dataclass(frozen=True)
class LosingRule(RowRule):
    """Loses a row and gives no reason."""

    @property
    def reasons(self) -> tuple[str, ...]:
        return ()

    def schema(self, given: pl.Schema) -> pl.Schema:
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.filter(pl.col("event_id") != "i3")


def event(kind: str, n: int, name: str, after: timedelta = timedelta()) -> dict[str, Any]:
    at = datetime(2026, 11, 2, 3 + n, tzinfo=UTC) + after
    keys = {"user_id": f"u{n % 3}", "request_id": f"r{n}", "item_id": f"i{n % 4}", "slot": n}
    return {**keys, "event_id": f"{kind}{n}", name: at, "landed_at": at}


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six impressions; a click for each of three, and one for none."""
    root = tmp_path_factory.mktemp("logged")
    write(IMPRESSIONS, workspace(root).logs, [event("i", n, "shown_at") for n in range(6)], [DAY])
    minute = timedelta(minutes=1)
    clicks = [event("c", n, "clicked_at", minute) for n in (0, 2, 4)] + [event("c", 9, "clicked_at")]
    write(CLICKS, workspace(root).logs, clicks, [DAY])
    return root


def pipeline(**steps: Any) -> Pipeline:
    return shop(samples=Impressions(IMPRESSIONS, labels=[LABEL], **steps), windows=[], fit=Days(DAY, DAY))


def build(made: Pipeline, space: Workspace) -> None:
    with Run.begin(made, space, Loop()) as run:
        build_samples(run, [Partition(DAY)])


def space_of(logged: Path, root: Path) -> Workspace:
    return Workspace(logs=logged / "logs", tables=root / "tables", work=root / "work")


ITEMS = RandomItems("item_id", n=1, request="request_id")
DELAYED = DelayedFeedback("clicked", time="shown_at")


@pytest.mark.parametrize(
    ("steps", "lost"),
    [
        ({"make": [LosingMaker()]}, "6 rows in, 5 kept, dropped: none. [+]1 rows"),
        ({"make": [LosingMaker(again=True)]}, "6 rows in, 1 made, 6 kept, dropped: none. [+]1 rows"),
        ({"make": [LosingMaker(), ITEMS]}, "6 rows in, 5 made, 10 kept, dropped: none. [+]1 rows"),
        ({"make": [ITEMS, LosingMaker()]}, "6 rows in, 6 made, 11 kept, dropped: none. [+]1 rows"),
        ({"make": [DELAYED, LosingMaker()]}, "6 rows in, 3 made, 8 kept, dropped: none. [+]1 rows"),
        ({"keep": [LosingRule()]}, "6 rows in, 5 kept, dropped: none. [+]1 rows"),
        ({"keep": [LosingRule()], "make": [ITEMS]}, "6 rows in, 5 made, 10 kept, dropped: none. [+]1 rows"),
    ],
    ids=repr,
)
def test_a_step_that_loses_rows_fails_the_run(logged: Path, tmp_path: Path, steps: dict[str, Any], lost: str) -> None:
    with pytest.raises(PartitionsFailedError, match=f"samples of 2026-11-02: {lost}"):
        build(pipeline(**steps), space_of(logged, tmp_path))


def test_rows_lost_before_a_shape_are_missed(tmp_path: Path) -> None:
    rows = [event("i", n, "shown_at") for n in range(6)]
    labelled = pl.LazyFrame(rows).with_columns(clicked=pl.lit(0, pl.Int8)).with_row_index(ROW)
    lists = Lists("user_id", order="slot", columns=["item_id", "clicked"])
    samples = Impressions(IMPRESSIONS, labels=[LABEL], keep=[LosingRule()], shape=lists)
    thinned = thin(labelled, samples, PartitionFacts("shown_at", pl.Schema(), NOON), rows=6, scratch=tmp_path)
    assert thinned.rows.collect().height == 3
    with pytest.raises(ConservationError, match=r"6 rows in, 3 kept, dropped: in_a_list 2\. \+1 rows"):
        thinned.counts.check("samples", DAY)


def losing_quarantine(patch: pytest.MonkeyPatch) -> None:
    whole = PartitionLogs.quarantine

    def losing(self: PartitionLogs, log: Any, rows: pl.LazyFrame, *rest: Any) -> None:
        whole(self, log, rows.head(0), *rest)

    patch.setattr(PartitionLogs, "quarantine", losing)


def losing_labels(patch: pytest.MonkeyPatch) -> None:
    def losing(samples: pl.LazyFrame, label: AttributedLabel, attributed: pl.DataFrame) -> pl.LazyFrame:
        kept = attributed.filter(pl.col(REASON).is_null()).head(2)
        return add_credits(samples, label, kept)

    patch.setattr(sample_tasks, "add_credits", losing)


@pytest.mark.parametrize(
    ("lose", "told"),
    [
        (losing_quarantine, "rows in quarantine of 2026-11-02: 1 rows in, 0 kept"),
        (losing_labels, "credits to clicked__count of 2026-11-02: 3 rows in, 2 kept"),
    ],
)
def test_rows_lost_between_stages_fail_the_run_and_leave_what_is_there(
    logged: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lose: Callable[[pytest.MonkeyPatch], None], told: str
) -> None:
    space = space_of(logged, tmp_path)
    build(pipeline(), space)
    lose(monkeypatch)
    with Run.begin(pipeline(), space, Loop()) as run:
        before = run.samples.version, run.quarantine.version
        with pytest.raises(PartitionsFailedError, match=told):
            build_samples(run, [Partition(DAY)])
        assert (run.samples.version, run.quarantine.version) == before
