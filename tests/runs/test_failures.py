"""Failures: partitions that cannot be built do not keep others from it, are remembered, and are tried again alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import LogFileError, PartitionsFailedError, TaskFailedError, UsageError
from featurelib.ledger import plan
from featurelib.pipeline import Pipeline
from featurelib.runs import Progress, Report, Run, Step, backfill, backfill_steps
from featurelib.samples import CarriedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.transforms import Feature, Vocabulary
from featurelib.workspace import Workspace
from tests.shop import TIME, logs, rate, shop, workspace, write

FIRST = date(2026, 11, 2)
DAYS = Days(FIRST, FIRST + timedelta(days=2))
LONGER = Days(FIRST, FIRST + timedelta(days=4))
LIST = list(DAYS)
ALL = ["complete"] * 3
BAD = LIST[1]
IMPRESSIONS, CLICKS = logs()


class Small(Table):
    """One row per item shown."""

    event_time = "shown_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="The event.", nullable=True)
    shown_at = Column(dtype=TIME, doc="When it was shown.")
    clicked = Column(dtype=pl.Int8(), doc="Whether it was clicked.", between=(0, 1), nullable=True)
    item_index = Column(dtype=pl.UInt32(), doc="The item.")


# NOTE: the log carries its label: nothing of a day is read for another, but by windows
SAMPLES = Impressions(IMPRESSIONS, labels=[CarriedLabel("clicked", column="slot")])
PLAIN = shop(
    samples=SAMPLES,
    windows=[],
    features=[Feature("item_index", Vocabulary("item_id"))],
    table=Small,
    fit=Days(FIRST, FIRST),
)
WINDOWED = shop(
    samples=SAMPLES,
    windows=[rate(IMPRESSIONS, CLICKS)],
    features=PLAIN.features,
    table=Small,
    fit=Days(FIRST, FIRST),
)


def shown(day: date, n: int) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=n)
    keys = {"event_id": f"{day}/{n}", "user_id": "u", "request_id": f"{day}/r{n}", "item_id": f"i{n % 2}"}
    return {**keys, "slot": n % 2, "shown_at": at, "landed_at": at}


@dataclass(frozen=True)
class Shop:
    """A workspace whose log of one day is damaged."""

    space: Workspace
    whole: bytes

    @property
    def path(self) -> Path:
        return self.space.logs / "impressions" / str(BAD) / "a.parquet"

    def mend(self) -> None:
        self.path.write_bytes(self.whole)

    def build(self, pipeline: Pipeline = PLAIN, days: Days = DAYS, **more: Any) -> Report:
        return backfill(pipeline, self.space, days, Loop(), **({"say": lambda _: None} | more))

    def fail(self, pipeline: Pipeline = PLAIN, **more: Any) -> PartitionsFailedError:
        with pytest.raises(PartitionsFailedError) as raised:
            self.build(pipeline, **more)
        return raised.value

    def states(self, table: str, pipeline: Pipeline = PLAIN, days: Days = DAYS) -> list[str]:
        return [entry.state for entry in plan(pipeline, self.space, days).entries if entry.table == table]

    def built(self, table: str) -> list[date]:
        return [one.dt for one in VersionedTable.open(self.space.table("shop", table)).partitions()]


@pytest.fixture
def damaged(tmp_path: Path) -> Shop:
    space = workspace(tmp_path)
    write(IMPRESSIONS, space.logs, [shown(day, n) for day in LONGER for n in range(6)], list(LONGER))
    write(CLICKS, space.logs, [], list(LONGER))
    path = space.logs / "impressions" / str(BAD) / "a.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    return Shop(space, whole)


OTHERS = [day for day in LIST if day != BAD]


def test_other_days_are_built_and_the_error_lists_the_one_that_failed(damaged: Shop):
    error = damaged.fail()
    assert damaged.built("samples") == damaged.built("features") == OTHERS
    assert list(error.failures) == [("samples", str(BAD))]
    assert isinstance(error.failures["samples", str(BAD)], LogFileError)
    text = str(error)
    assert text.startswith("1 partition of shop failed; what was committed stands.\n")
    assert f"samples {BAD}: LogFileError: " in text
    assert text.endswith(f"again: featurelib run shop --partition {BAD}")
    assert not error.retryable


def test_the_plan_says_failed_with_the_error_until_the_file_is_mended(damaged: Shop):
    damaged.fail()
    assert damaged.states("samples") == ["complete", "failed", "complete"]
    assert damaged.states("features") == ["complete", "missing", "complete"]
    entry = plan(PLAIN, damaged.space, Days(BAD, BAD)).entries[0]
    assert entry.due
    assert entry.why.startswith("LogFileError: ")
    assert entry.why.endswith(" (not built yet)")
    damaged.mend()
    assert damaged.states("samples")[1] == "missing"
    assert damaged.build().built == {"samples": 1, "features": 1}
    assert damaged.states("samples") == damaged.states("features") == ALL
    assert list((damaged.space.pipeline("shop") / "failures").rglob("*.json")) == []


def test_a_failure_is_not_forgotten_when_the_day_matures(damaged: Shop):
    early = datetime.combine(BAD + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    one = Days(BAD, BAD)
    with pytest.raises(LogFileError):
        damaged.build(days=one, now=early)
    told = [plan(PLAIN, damaged.space, one, now=now).entries[0] for now in (early, PLAIN.mature_at(Partition(BAD)))]
    assert [(entry.state, entry.due) for entry in told] == [("failed", True)] * 2
    assert told[0].why == told[1].why
    damaged.mend()
    assert damaged.states("samples", days=one) == ["missing"]


def test_a_day_that_was_built_before_keeps_its_rows_when_its_rebuild_fails(damaged: Shop):
    damaged.mend()
    damaged.build()
    damaged.path.write_bytes(damaged.whole[:-100])
    with pytest.raises(LogFileError):  # of one partition, its own error
        damaged.build()
    assert damaged.built("samples") == LIST
    entry = plan(PLAIN, damaged.space, Days(BAD, BAD)).entries[0]
    assert (entry.state, entry.rows, entry.due) == ("failed", 6, True)
    assert entry.why.endswith("(1 file of log impressions changed)")
    damaged.mend()  # as it was built: nothing is to be done, whatever was tried in between
    assert damaged.states("samples") == ALL
    assert damaged.build().nothing_to_do


def test_only_repairs_the_states_asked_for(damaged: Shop):
    damaged.build(days=Days(FIRST, FIRST))
    with pytest.raises(LogFileError):
        damaged.build(days=Days(BAD, BAD))
    assert damaged.states("samples") == ["complete", "failed", "missing"]
    assert damaged.build(only=("missing",)).built == {"samples": 1, "features": 1}
    assert damaged.states("samples")[1] == "failed"
    with pytest.raises(LogFileError):
        damaged.build(only=("failed",))
    damaged.mend()
    assert damaged.build(only=("failed", "stale")).nothing_to_do  # it is missing again
    assert damaged.build(only=("missing",)).built == {"samples": 1, "features": 1}


def test_a_step_taken_again_tries_only_what_failed(damaged: Shop):
    with Run.begin(PLAIN, damaged.space, Loop()) as run:
        step = next(iter(backfill_steps(run, DAYS)))
        assert (step.makes, step.partitions) == ("samples", tuple(Partition(day) for day in LIST))
        with pytest.raises(PartitionsFailedError):
            step.commit()
        before = VersionedTable.open(damaged.space.table("shop", "samples"))
        records = before.partitions()
        assert Partition(BAD) not in records
        damaged.mend()
        step.commit()
    after = VersionedTable.open(damaged.space.table("shop", "samples")).partitions()
    assert {day: after[day] for day in records} == records
    assert sorted(after) == [Partition(day) for day in LIST]


def test_a_day_whose_windows_read_a_failed_day_is_not_built(damaged: Shop):
    days = list(LONGER)
    error = damaged.fail(WINDOWED, days=LONGER)
    # a window of a day and a delay of an hour: the day after the next reads the last hour of the failed one
    assert [day for _, day in error.failures] == [str(day) for day in days[1:4]]
    assert damaged.built("samples") == [days[0], days[4]]
    assert damaged.states("samples", WINDOWED, LONGER) == ["complete", "failed", "failed", "failed", "complete"]
    damaged.mend()
    assert damaged.states("samples", WINDOWED, LONGER)[1:4] == ["missing"] * 3


def test_a_dry_run_writes_nothing(damaged: Shop, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("featurelib.cli.build.project", lambda _: (PLAIN, damaged.space))
    words = ["shop", "--start", str(LIST[0]), "--end", str(LIST[-1]), "--dry-run"]
    from featurelib.cli import build

    done = CliRunner().invoke(build.backfill, words)
    assert done.exit_code == 0, done.output
    assert "shop: partitions to build: 3 of samples, 3 of features" in done.output
    assert not damaged.space.tables.exists()
    none = CliRunner().invoke(build.backfill, [*words, "--only", "failed"])
    assert "shop: partitions to build: 0 of samples, 0 of features" in none.output


def test_progress_tells_what_is_done_and_how_long_the_rest_takes():
    said: list[str] = []
    times: Iterator[float] = iter([0.0, 10.0, 100.0, 100.0, 200.0, 203.0])
    days = [Partition(day) for day in LONGER]
    progress = Progress(said.append, {"samples": 5, "features": 5}, clock=lambda: next(times))
    step = Step("samples", tuple(days), lambda: 7)
    assert progress.take(step) == 7
    progress.take(Step("program", (days[0],), lambda: 1))
    assert said == [
        f"[0/10] {step}",
        f"[5/10] program {FIRST}, about 0:00:10 left",
    ]


def test_progress_goes_on_after_a_step_that_failed():
    said: list[str] = []
    times: Iterator[float] = iter([0.0, 60.0, 60.0, 66.0, 66.0, 70.0])
    progress = Progress(said.append, {"samples": 2, "features": 2}, clock=lambda: next(times))

    def fail() -> int:
        raise UsageError("no")

    one, two = (Partition(day) for day in LIST[:2])
    with pytest.raises(UsageError):
        progress.take(Step("samples", (one, two), fail))
    progress.take(Step("features", (one,), lambda: 1))
    progress.take(Step("features", (two,), lambda: 1))
    assert said[1:] == [f"[2/4] features {one}, about 0:01:00 left", f"[3/4] features {two}, about 0:00:06 left"]


def test_an_error_of_another_kind_in_a_task_is_told_as_a_failed_task(damaged: Shop, monkeypatch: pytest.MonkeyPatch):
    damaged.mend()
    monkeypatch.setattr("featurelib.runs.samples.partition_task", breaking_on(BAD))
    error = damaged.fail()
    failure = error.failures["samples", str(BAD)]
    assert isinstance(failure, TaskFailedError)
    assert str(failure).startswith("ZeroDivisionError: division by zero (broken, line ")
    assert error.exit_code == 70
    assert damaged.built("features") == OTHERS
    assert damaged.states("samples")[1] == "failed"
    monkeypatch.undo()
    assert damaged.build(only=("failed",)).built["samples"] == 1  # nothing of its inputs changed


def breaking_on(day: date) -> Callable[[Any], Any]:
    from featurelib.runs.sample_tasks import partition_task

    def broken(task: Any) -> Any:
        if task.partition.dt == day:
            return 1 / 0
        return partition_task(task)

    return broken
