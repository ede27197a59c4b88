"""Hours: a pipeline by hours makes the rows of one by days, also on days of 23 and 25 hours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from featurelib.cli import build as commands
from featurelib.days import Days, day_bounds
from featurelib.engine import Loop
from featurelib.errors import TableError, UsageError
from featurelib.ledger import declared_features, plan
from featurelib.pipeline import Pipeline
from featurelib.program import load, save
from featurelib.runs import Report, backfill
from featurelib.samples import AttributedLabel, Impressions
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace, write

ZONE = "Europe/Berlin"
SHORT, LONG = date(2026, 3, 29), date(2026, 10, 25)
IMPRESSIONS, CLICKS = logs()


def by(every: str, day: date, **changes: Any) -> Pipeline:
    labels = [AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m")]
    samples = Impressions(IMPRESSIONS, labels=labels, timezone=ZONE, every="1h" if every == "1h" else "1d")
    return shop(**({"name": f"by_{every}", "samples": samples, "windows": [], "fit": Days(day, day)} | changes))


def shown(start: datetime, n: int) -> dict[str, Any]:
    at = start + timedelta(minutes=20 * n)
    keys = {"event_id": f"e{n}", "user_id": f"u{n % 3}", "request_id": f"r{n}", "item_id": f"i{n % 4}"}
    return {**keys, "slot": n % 5, "shown_at": at, "landed_at": at}


def clicked(impression: dict[str, Any]) -> dict[str, Any]:
    at = impression["shown_at"] + timedelta(minutes=25)  # often in the next hour
    keys = {name: impression[name] for name in ("user_id", "request_id", "item_id", "slot")}
    return {**keys, "event_id": f"c{impression['event_id']}", "clicked_at": at, "landed_at": at}


@dataclass(frozen=True)
class Built:
    """A day built by hours and by days from the same logs."""

    space: Workspace
    day: date

    @property
    def hours(self) -> list[Partition]:
        """Those on both sides of the change of clocks, some later one, and the last."""
        return [Partition(self.day, hour) for hour in (0, 1, 2, 3, 12, 22 if self.day == SHORT else 24)]

    def rows(self, every: str, table: str) -> pl.DataFrame:
        store = VersionedTable.open(self.space.table(f"by_{every}", table))
        assert store.hourly == (every == "1h")
        frames = [store.scan(partitions=[one]).collect(engine="in-memory") for one in store.partitions()]
        return pl.concat(frames).drop("dt", "hr", strict=False)


def fill(space: Workspace, day: date) -> None:
    start, end = day_bounds(day, ZONE)
    number = int((end - start) / timedelta(minutes=20))
    rows = [shown(start, n) for n in range(-3, number + 3)]
    again = [{**rows[10], "shown_at": rows[40]["shown_at"], "landed_at": rows[40]["landed_at"]}]  # ten hours later
    files = [day - timedelta(days=1), day, day + timedelta(days=1)]
    write(IMPRESSIONS, space.logs, sorted([*rows, *again], key=lambda row: row["shown_at"]), files)
    write(CLICKS, space.logs, [clicked(row) for row in rows[::2]], files)


def run(pipeline: Pipeline, space: Workspace, wanted: Days | list[Partition]) -> Report:
    return backfill(pipeline, space, wanted, Loop(), say=lambda _: None, now=datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture(scope="module", params=[SHORT, LONG], ids=["23 hours", "25 hours"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    space, day = workspace(tmp_path_factory.mktemp("hours")), request.param
    fill(space, day)
    run(by("1d", day), space, Days(day, day))
    program, hourly = load(space.pipeline("by_1d")), by("1h", day)
    made = {**program.made, "declared": declared_features(hourly)}  # a fit on all hours would take its time
    save(program.keeping(program.outputs, made=made), space.pipeline("by_1h"))
    found = Built(space, day)
    run(hourly, space, found.hours)
    return found


@pytest.mark.parametrize(("day", "hours"), [(SHORT, 23), (date(2026, 6, 1), 24), (LONG, 25)])
def test_a_day_has_as_many_partitions_as_hours_and_they_fill_it(day: date, hours: int):
    pipeline = by("1h", day)
    partitions = pipeline.partitions(Days(day, day))
    assert [str(one) for one in partitions] == [f"{day}T{hour:02d}" for hour in range(hours)]
    spans = [pipeline.bounds(one) for one in partitions]
    assert (spans[0][0], spans[-1][1]) == day_bounds(day, ZONE)
    assert all(one[1] == other[0] for one, other in pairwise(spans))
    assert {end - start for start, end in spans} == {timedelta(hours=1)}


@pytest.mark.parametrize("table", ["samples", "features"])
def test_hours_hold_the_rows_of_the_day(built: Built, table: str):
    spans = [by("1h", built.day).bounds(hour) for hour in built.hours]
    at = pl.col("shown_at")
    day = built.rows("1d", table).filter(pl.any_horizontal([(start <= at) & (at < end) for start, end in spans]))
    hours = built.rows("1h", table)
    assert day.height == 3 * len(spans)
    assert hours.sort("shown_at", "event_id").equals(day.sort("shown_at", "event_id"))
    assert 0 < day["clicked"].sum() < day.height


def test_an_id_of_an_earlier_hour_of_the_day_is_a_duplicate(built: Built):
    rows = built.rows("1h", "samples")
    assert rows["event_id"].is_unique().all()
    report = run(by("1h", built.day), built.space, built.hours)
    assert report.nothing_to_do
    assert report.logs["impressions"].dropped == {"duplicate": 1}
    aside = built.rows("1h", "quarantine")
    assert aside.filter(pl.col("log") == "impressions")["reason"].to_list() == ["duplicate"]


def test_the_plan_is_by_hours(built: Built):
    pipeline = by("1h", built.day)
    found = plan(pipeline, built.space, Days(built.day, built.day), now=datetime(2026, 12, 1, tzinfo=UTC))
    number = len(pipeline.partitions(Days(built.day, built.day)))
    assert len(found.entries) == 2 * number
    assert {entry.partition for entry in found.entries if entry.state == "complete"} == set(built.hours)
    assert f"samples   {built.day}T00 .. {built.day}T03 " in found.text()
    first = Partition(built.day, 0)
    _, end = pipeline.bounds(first)
    early = plan(pipeline, built.space, [first], now=end).entries[0]
    assert (early.state, early.due) == ("complete", False)  # built when its labels were final


def test_one_hour_is_run_from_the_command_line(built: Built, monkeypatch: pytest.MonkeyPatch):
    pipeline, hour = by("1h", built.day), Partition(built.day, 5)
    monkeypatch.setattr(commands, "project", lambda _: (pipeline, built.space))
    VersionedTable.open(built.space.table("by_1h", "samples")).forget([hour], run="by-hand")
    done = CliRunner().invoke(commands.run, ["by_1h", "--partition", str(hour)])
    assert done.exit_code == 0, done.output
    assert f"[0/2] samples {hour}" in done.output
    assert hour in VersionedTable.open(built.space.table("by_1h", "samples")).partitions()
    assert plan(pipeline, built.space, [hour]).nothing_to_do


@pytest.mark.parametrize(
    ("every", "wanted", "told"),
    [
        ("1h", Partition(LONG), "partitions of pipeline 'by_1h' are hours, such as 2026-11-01T05, got 2026-10-25"),
        ("1d", Partition(LONG, 5), "partitions of pipeline 'by_1d' are days, such as 2026-11-01, got 2026-10-25T05"),
        ("1h", Partition(SHORT, 23), "2026-03-29 has no hour 23 in Europe/Berlin: it has 23, counted from 0"),
    ],
)
def test_another_kind_of_partition_is_refused(every: str, wanted: Partition, told: str, tmp_path: Path):
    space = workspace(tmp_path)
    for ask in (run, plan):
        with pytest.raises(UsageError, match=told):
            ask(by(every, LONG), space, [wanted])
    assert not space.tables.exists()


def test_a_table_by_days_is_not_filled_by_hours(built: Built):
    pipeline = by("1h", built.day, name="by_1d")
    with pytest.raises(TableError, match="has partitions by days, pipeline 'by_1d' has others"):
        run(pipeline, built.space, [Partition(built.day, 3)])
