"""Credits: what one partition makes of its clicks is kept for the later ones of the run."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from featurelib.engine import Loop
from featurelib.ledger import plan
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, backfill_steps
from featurelib.runs.credits import Credits
from featurelib.runs.partition_logs import PartitionLogs
from featurelib.samples import AttributedLabel, Impressions
from featurelib.samples.attribution import REASON
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from tests.shop import TIME, logs, shop, workspace, write, write_file

FIRST, NEXT = date(2026, 11, 1), date(2026, 11, 2)
FILES = [FIRST + timedelta(days=n) for n in range(-1, 4)]
IMPRESSIONS, CLICKS = logs()


class Ordered(Table):
    """One row per order."""

    event_time = "ordered_at"
    min_rows = 0

    user_id = Column(dtype=pl.String(), doc="The user.")
    item_id = Column(dtype=pl.String(), doc="The item.")
    ordered_at = Column(dtype=TIME, doc="When it was ordered.")


ORDERS = Log(name="orders", table=Ordered, files="orders/{dt}/*.parquet")


CLICKED = AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m")
ORDERED = AttributedLabel("ordered", ORDERS, keys=["user_id", "item_id"], within="20h", via="clicked")


def pipeline(every: Literal["1d", "1h"] = "1d") -> Pipeline:
    samples = Impressions(IMPRESSIONS, labels=[CLICKED, ORDERED], every=every)
    return shop(name=f"by_{every}", samples=samples, windows=[])


def at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def shown(n: int, time: datetime) -> dict[str, Any]:
    keys = {"event_id": f"e{n}", "user_id": f"u{n}", "request_id": f"r{n}", "item_id": "i"}
    return {**keys, "slot": 1, "shown_at": time, "landed_at": time}


def clicked(n: int, time: datetime) -> dict[str, Any]:
    keys = {"event_id": f"c{n}", "user_id": f"u{n}", "request_id": f"r{n}", "item_id": "i"}
    return {**keys, "slot": 1, "clicked_at": time, "landed_at": time}


def fill(space: Workspace) -> None:
    """Write a first day whose clicks lead to orders of the next one."""
    impressions = [shown(n, at(FIRST, 20 + n)) for n in range(4)] + [shown(9, at(NEXT, 5))]
    clicks = [clicked(n, at(FIRST, 20 + n, 10)) for n in range(3)]
    clicks += [clicked(3, at(FIRST, 23, 40)), clicked(9, at(NEXT, 5, 5))]  # the first of these is too late
    orders = [{"user_id": f"u{n}", "item_id": "i", "ordered_at": at(NEXT, 12)} for n in (0, 1, 2, 3, 8, 9)]
    for log, rows in ((IMPRESSIONS, impressions), (CLICKS, clicks), (ORDERS, orders)):
        write(log, space.logs, rows, FILES)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    found = workspace(tmp_path)
    fill(found)
    return found


def begun(space: Workspace, every: Literal["1d", "1h"] = "1d") -> AbstractContextManager[Run]:
    return Run.begin(pipeline(every), space, Loop(), now=at(date(2026, 12, 1), 0))


def build(run: Run, wanted: Sequence[Partition]) -> None:
    step = next(backfill_steps(run, wanted))  # the next one fits
    assert step.makes == "samples"
    step.commit()


def rows(space: Workspace, every: str = "1d", table: str = "samples") -> pl.DataFrame:
    store = VersionedTable.open(space.table(f"by_{every}", table))
    frames = [store.scan(partitions=[one]).collect(engine="in-memory") for one in store.partitions()]
    return pl.concat(frames).drop("hr", strict=False)


def aside(space: Workspace, every: str = "1d") -> list[tuple[date, str, str]]:
    return rows(space, every, "quarantine").select("dt", "log", "reason").sort(pl.all()).rows()


NEXT_ASIDE = [(NEXT, "orders", "click_unmatched"), (NEXT, "orders", "no_click")]


def test_orders_go_by_clicks_of_the_day_before(space: Workspace) -> None:
    with begun(space) as run:
        build(run, [Partition(FIRST), Partition(NEXT)])
    assert rows(space)["ordered"].to_list() == [1, 1, 1, 0, 1]
    assert aside(space) == [(FIRST, "clicks", "outside_window"), *NEXT_ASIDE]


def test_a_day_alone_has_the_same_reasons(space: Workspace) -> None:
    with begun(space) as run:
        build(run, [Partition(NEXT)])
    assert aside(space) == NEXT_ASIDE


def test_hours_have_the_rows_and_reasons_of_the_days(space: Workspace) -> None:
    hours = [*(Partition(FIRST, hour) for hour in range(20, 24)), Partition(NEXT, 5), Partition(NEXT, 12)]
    with begun(space) as run:
        build(run, [Partition(FIRST), Partition(NEXT)])
    with begun(space, "1h") as run:
        build(run, hours)
    assert rows(space, "1h").equals(rows(space))
    assert aside(space, "1h") == aside(space)


def credits_of(space: Workspace, day: date) -> Credits:
    space.work.mkdir(exist_ok=True)
    return Credits(PartitionLogs(pipeline(), space, Partition(day), space.work, required=True))


def reasons(space: Workspace) -> list[str | None]:
    found = credits_of(space, NEXT).of(ORDERED)
    return found.sort("user_id")[REASON].to_list()


def test_what_a_day_made_of_its_clicks_is_kept_for_the_next(space: Workspace) -> None:
    _ = credits_of(space, FIRST).of(CLICKED)
    shutil.rmtree(space.logs / "impressions" / str(FIRST))
    assert reasons(space) == [None, None, None, "click_unmatched", "no_click", None]


def test_tasks_may_make_it_at_the_same_time(space: Workspace) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: reasons(space), range(4)))
    assert found == [[None, None, None, "click_unmatched", "no_click", None]] * 4
    kept = sorted(path.name for path in space.work.glob("credited-*"))
    assert kept == [f"credited-clicked-{day}.parquet" for day in (FIRST, NEXT)]


def test_a_click_that_lands_within_the_run_makes_both_days_stale(space: Workspace) -> None:
    both = [Partition(FIRST), Partition(NEXT)]
    with begun(space) as run:
        build(run, both[:1])
        write_file(CLICKS, space.logs, FIRST, [clicked(8, at(FIRST, 20, 30))], name="late")
        build(run, both[1:])
    assert aside(space)[1:] == NEXT_ASIDE  # as both days would be without it
    found = plan(pipeline(), space, both, now=at(date(2026, 12, 1), 0))
    assert found.due("samples") == both
    with begun(space) as run:
        build(run, both)
    assert aside(space)[2:] == [(NEXT, "orders", "click_unmatched")] * 2
