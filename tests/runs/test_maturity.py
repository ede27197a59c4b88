"""Maturity: a day built before its labels are final says so, and is built once more when they are."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.ledger import Plan, State, plan
from featurelib.ledger.explain import explain
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.runs import Report, backfill
from featurelib.samples import AttributedLabel, Impressions, KeepFraction
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from tests.shop import TIME, logs, shop, workspace, write, write_file

DAY = date(2026, 11, 2)
NEXT = DAY + timedelta(days=1)
ONE = Days(DAY, DAY)
MIDNIGHT = datetime(2026, 11, 3, tzinfo=UTC)
MATURE = MIDNIGHT + timedelta(hours=2, minutes=30)  # the label's window, then the lateness of the logs
IMPRESSIONS, CLICKS = logs(lateness=timedelta(hours=2))
PIPELINE = shop((IMPRESSIONS, CLICKS), fit=ONE, windows=[])


def shown(n: int) -> dict[str, Any]:
    at = MIDNIGHT - timedelta(minutes=1 + n)
    keys = {"event_id": f"e{n}", "user_id": f"u{n % 2}", "request_id": f"r{n}", "item_id": f"i{n % 3}"}
    return {**keys, "slot": n % 5, "shown_at": at, "landed_at": at}


def clicked(n: int, *, landed: timedelta = timedelta()) -> dict[str, Any]:
    impression = shown(n)
    at = impression["shown_at"] + timedelta(seconds=5)
    keys = {name: impression[name] for name in ("user_id", "request_id", "item_id", "slot")}
    return {**keys, "event_id": f"c{n}", "clicked_at": at, "landed_at": at + landed}


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    made = workspace(tmp_path)
    write(IMPRESSIONS, made.logs, [shown(n) for n in range(10)], [DAY, NEXT])
    write(CLICKS, made.logs, [clicked(1)], [DAY, NEXT])
    return made


def build(space: Workspace, now: datetime, only: tuple[State, ...] | None = None, of: Pipeline = PIPELINE) -> Report:
    chosen = {} if only is None else {"only": only}
    return backfill(of, space, ONE, Loop(), say=lambda _: None, now=now, **chosen)


def planned(space: Workspace, now: datetime, of: Pipeline = PIPELINE) -> Plan:
    return plan(of, space, ONE, now=now)


def states(found: Plan) -> dict[str, tuple[str, bool, str]]:
    return {entry.table: (entry.state, entry.due, entry.why) for entry in found.entries}


def rows(space: Workspace, table: str) -> pl.DataFrame:
    return VersionedTable.open(space.table("shop", table)).scan().collect(engine="in-memory").sort("event_id")


def changes(space: Workspace) -> dict[str, int] | None:
    entry = VersionedTable.open(space.table("shop", "samples")).built(Partition(DAY)) or {}
    return entry.get("changes")


def land_late_click(space: Workspace) -> None:
    write_file(CLICKS, space.logs, NEXT, [clicked(4, landed=timedelta(hours=1))], name="late")


EARLY = MIDNIGHT + timedelta(minutes=10)


def test_a_day_built_before_its_labels_are_final_is_provisional_and_not_due(space: Workspace):
    report = build(space, EARLY)
    assert report.provisional == 1
    assert "Labels may still change in 1 of 1 partitions." in report.text()
    found = planned(space, EARLY)
    assert states(found) == {
        "samples": ("provisional", False, "its labels may change until 2026-11-03 02:30Z"),
        "features": ("provisional", False, "its samples are"),
    }
    assert found.nothing_to_do
    assert build(space, MATURE - timedelta(microseconds=1)).nothing_to_do


def test_late_clicks_make_a_provisional_day_stale_and_the_rebuild_counts_what_turned(space: Workspace):
    build(space, EARLY)
    assert changes(space) is None  # there was nothing before it
    land_late_click(space)
    later = EARLY + timedelta(hours=1)
    assert states(planned(space, later)) == {
        "samples": ("stale", True, "1 file of log clicks landed after the build: 1 rows"),
        "features": ("stale", True, "its samples changed"),
    }
    report = build(space, later)
    assert changes(space) == {"clicked 0 to 1": 1}
    assert "Samples that the last build changed: clicked 0 to 1 1" in report.text()
    assert states(planned(space, later))["samples"][:2] == ("provisional", False)
    for table in ("samples", "features"):
        found = rows(space, table)
        assert found["event_id"].to_list() == [f"e{n}" for n in range(10)]
        assert found.filter(pl.col("clicked") == 1)["event_id"].to_list() == ["e1", "e4"]


def test_a_negative_that_was_sampled_out_and_then_clicked_is_a_new_row_with_1(space: Workspace):
    samples = Impressions(
        IMPRESSIONS,
        labels=PIPELINE.samples.labels,
        keep=[KeepFraction(1e-12, label="clicked", keys=["event_id"])],
    )
    thinned = shop(samples=samples, fit=ONE, windows=[])
    build(space, EARLY, of=thinned)
    land_late_click(space)
    report = build(space, MATURE, of=thinned)
    assert rows(space, "samples")["event_id"].to_list() == ["e1", "e4"]
    assert changes(space) == {"new rows": 1, "new rows with clicked 1": 1}
    assert "Samples that the last build changed: new rows 1, new rows with clicked 1 1" in report.text()


def test_a_mature_day_is_due_once_and_complete_after(space: Workspace):
    build(space, EARLY)
    assert states(planned(space, MATURE)) == {
        "samples": ("provisional", True, "mature since 2026-11-03 02:30Z, built before"),
        "features": ("stale", True, "its samples changed"),
    }
    report = build(space, MATURE, only=("provisional",))  # features follow their samples
    assert report.built == {"samples": 1, "features": 1}
    assert changes(space) == {}
    assert report.provisional == 0
    assert states(planned(space, MATURE)) == {"samples": ("complete", False, ""), "features": ("complete", False, "")}
    assert build(space, MATURE + timedelta(days=400)).nothing_to_do
    assert rows(space, "samples")["event_id"].n_unique() == rows(space, "samples").height == 10


def test_clicks_that_landed_before_maturity_are_in_the_one_rebuild(space: Workspace):
    build(space, EARLY)
    land_late_click(space)
    assert states(planned(space, MATURE))["samples"][:2] == ("stale", True)
    assert build(space, MATURE, only=("provisional",)).nothing_to_do  # it is stale, and nobody asked for that
    assert build(space, MATURE).built == {"samples": 1, "features": 1}
    assert changes(space) == {"clicked 0 to 1": 1}
    assert planned(space, MATURE).nothing_to_do
    told = explain(PIPELINE, space, Partition(DAY), now=MATURE).text()
    assert "labels    final at 2026-11-03 02:30Z" in told
    assert told.endswith("samples that the last build changed: clicked 0 to 1 1")


def test_a_late_impression_that_takes_a_click_is_waited_for(space: Workspace):
    late = replace(IMPRESSIONS, lateness=timedelta(days=1))
    on_time = replace(CLICKS, lateness=timedelta())
    labels = [AttributedLabel("clicked", on_time, keys=["user_id", "item_id"], within="6h")]
    pipeline = shop(fit=ONE, windows=[], samples=Impressions(late, labels=labels))
    mature = MIDNIGHT + timedelta(days=1, hours=6)
    assert pipeline.mature_at(Partition(DAY)) == mature

    write(late, space.logs, [], [NEXT + timedelta(days=1)])
    click = clicked(2) | {"clicked_at": MIDNIGHT + timedelta(hours=5), "event_id": "c9"}
    write_file(on_time, space.logs, NEXT, [click | {"landed_at": click["clicked_at"]}], name="more")
    build(space, mature - timedelta(hours=1), of=pipeline)
    assert rows(space, "samples").filter(pl.col("clicked") == 1)["event_id"].to_list() == ["e1", "e2"]
    assert states(planned(space, mature - timedelta(hours=1), pipeline))["samples"][:2] == ("provisional", False)
    other = shown(2) | {"event_id": "taker", "shown_at": MIDNIGHT + timedelta(hours=4)}
    landed = other | {"landed_at": other["shown_at"] + timedelta(hours=23)}
    write_file(late, space.logs, NEXT + timedelta(days=1), [landed], name="late")
    build(space, mature, of=pipeline)
    assert changes(space) == {"clicked 1 to 0": 1}
    assert states(planned(space, mature, pipeline))["samples"][:2] == ("complete", False)


def test_a_day_built_once_mature_is_never_provisional(space: Workspace):
    build(space, MATURE)
    assert states(planned(space, MATURE))["samples"] == ("complete", False, "")
    # a clock set back does not unbuild it
    assert states(planned(space, EARLY)) == states(planned(space, MATURE))
    assert build(space, EARLY).nothing_to_do


class Ordered(Table):
    """One row per order."""

    event_time = "ordered_at"
    landing_time = "landed_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="The event.", nullable=True)
    user_id = Column(dtype=pl.String(), doc="The user.")
    item_id = Column(dtype=pl.String(), doc="The item.", nullable=True)
    ordered_at = Column(dtype=TIME, doc="When it was ordered.")
    landed_at = Column(dtype=TIME, doc="When the row landed.")


ORDERS = Log(
    name="orders",
    table=Ordered,
    files="orders/{dt}/*.parquet",
    lateness=timedelta(hours=1),
    event_id="event_id",
)


def test_a_chained_label_matures_after_both_windows(space: Workspace):
    labels = [
        AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m"),
        AttributedLabel("ordered", ORDERS, keys=["user_id", "item_id"], within="3h", via="clicked"),
    ]
    pipeline = shop(fit=ONE, windows=[], samples=Impressions(IMPRESSIONS, labels=labels))
    mature = MIDNIGHT + timedelta(hours=3.5) + CLICKS.lateness  # a click that late may take an order
    assert pipeline.samples.reach(labels[1]) == timedelta(hours=3.5)
    assert pipeline.mature_at(Partition(DAY)) == mature

    write(ORDERS, space.logs, [], [DAY, NEXT])
    build(space, MATURE, of=pipeline)
    assert states(planned(space, mature - timedelta(microseconds=1), pipeline))["samples"][:2] == ("provisional", False)
    at = clicked(1)["clicked_at"] + timedelta(hours=2, minutes=59)
    order = {"event_id": "o1", "user_id": "u1", "item_id": "i1", "ordered_at": at, "landed_at": at}
    write_file(ORDERS, space.logs, NEXT, [order], name="late")
    assert build(space, mature, of=pipeline).built == {"samples": 1, "features": 1}
    assert changes(space) == {"ordered 0 to 1": 1}
    assert rows(space, "samples").filter(pl.col("ordered") == 1)["event_id"].to_list() == ["e1"]
    assert states(planned(space, mature, pipeline))["samples"][:2] == ("complete", False)
