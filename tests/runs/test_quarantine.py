"""Quarantine: what was set aside is shown, and put back once it is good."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import UsageError
from featurelib.ledger import conservation, plan
from featurelib.pipeline import Pipeline
from featurelib.runs import Replay, backfill, quarantined, replay
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace, write_file

FIRST = date(2026, 11, 2)
DAYS = Days(FIRST, FIRST + timedelta(days=1))
DAY, NEXT = Partition(FIRST), Partition(DAYS.end)
IMPRESSIONS, CLICKS = logs()
PIPELINE = shop(fit=Days(FIRST, FIRST))
LONGER = shop(fit=PIPELINE.fit, within="2h")


def event(day: date, n: int, name: str, minutes: int = 0) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=2 + n, minutes=minutes)
    keys = {"user_id": f"u{n % 3}", "request_id": f"{day}/r{n}", "item_id": f"i{n % 3}", "slot": n % 5}
    return {**keys, "event_id": f"{name}{day}/{n}", name: at, "landed_at": at}


def shown(day: date) -> list[dict[str, Any]]:
    return [event(day, n, "shown_at") for n in range(12)]


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    """Two days, built; on the first, an impression out of range and a click after 45 minutes."""
    space = workspace(tmp_path)
    for day in DAYS:
        rows = shown(day)
        rows[5]["slot"] = 77 if day == FIRST else 0
        clicks = [event(day, n, "clicked_at", 3) for n in (0, 4, 8)]
        late = [event(day, 1, "clicked_at", 45)] if day == FIRST else []
        write_file(IMPRESSIONS, space.logs, day, rows)
        write_file(CLICKS, space.logs, day, clicks + late)
    build(PIPELINE, space)
    return space


def build(pipeline: Pipeline, space: Workspace) -> None:
    backfill(pipeline, space, DAYS, Loop(), say=lambda _: None)


def again(pipeline: Pipeline, space: Workspace, **which: str) -> Replay:
    return replay(pipeline, space, DAYS, Loop(), say=lambda _: None, **which)


def test_rows_are_counted_by_log_and_reason_with_where_they_came_from(space: Workspace) -> None:
    found = quarantined(PIPELINE, space, DAYS, limit=20)
    assert found.counts == {("clicks", "outside_window"): 1, ("impressions", "out_of_range"): 1}
    assert found.partitions == (DAY,)
    click, impression = found.examples
    assert (impression["column"], impression["value"], impression["line"]) == ("slot", "77", 6)
    assert impression["file"].endswith("impressions/2026-11-02/a.parquet")
    assert '"event_id":"clicked_at2026-11-02/1"' in click["row"]
    assert "impressions/2026-11-02/a.parquet:6: out_of_range (slot = '77')" in found.text()


def test_one_log_one_reason_and_a_limit(space: Workspace) -> None:
    assert quarantined(PIPELINE, space, DAYS, log="clicks").counts == {("clicks", "outside_window"): 1}
    assert quarantined(PIPELINE, space, DAYS, log="clicks", reason="out_of_range").text().startswith("no such rows")
    assert len(quarantined(PIPELINE, space, DAYS, limit=1).examples) == 1
    with pytest.raises(UsageError, match="reads no log 'click'; there are: clicks, impressions"):
        quarantined(PIPELINE, space, DAYS, log="click")


def test_nothing_built_has_no_quarantine(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no quarantine yet"):
        quarantined(PIPELINE, workspace(tmp_path), DAYS)


def test_a_longer_window_puts_the_late_click_back_and_tables_agree(space: Workspace) -> None:
    done = again(LONGER, space, reason="outside_window")
    assert (done.partitions, done.unchanged) == ((DAY,), ())
    assert done.before == {("clicks", "outside_window"): 1}
    assert done.after == {("clicks", "outside_window"): 0}
    assert done.kept == {"clicks": 1}
    entries = [e for e in plan(LONGER, space, DAYS).entries if e.partition == DAY]
    assert [(e.table, e.due) for e in entries] == [("samples", False), ("features", False)]
    assert conservation(LONGER, space, [DAY]).accounts[DAY].labels == {"clicked": {"0": 7, "1": 4}}


def test_a_fixed_file_puts_its_row_back(space: Workspace) -> None:
    write_file(IMPRESSIONS, space.logs, FIRST, shown(FIRST))
    done = again(PIPELINE, space, log="impressions")
    assert done.before == {("impressions", "out_of_range"): 1}
    assert done.after == {("impressions", "out_of_range"): 0}
    assert done.kept == {"impressions": 1}
    features = VersionedTable.open(space.table("shop", "features")).partitions()
    assert [features[day].rows for day in (DAY, NEXT)] == [12, 12]


def test_without_a_fix_nothing_is_built_and_it_says_so(space: Workspace) -> None:
    table = VersionedTable.open(space.table("shop", "samples"))
    version = table.version
    done = again(PIPELINE, space)
    assert (done.partitions, done.unchanged) == ((), (DAY,))
    assert "the same rows would be refused again: 2026-11-02" in done.text()
    assert table.version == version


def test_no_such_rows_are_nothing_to_replay(space: Workspace) -> None:
    assert "nothing to replay" in again(LONGER, space, reason="duplicate").text()


def test_a_row_that_came_too_late_is_put_back_where_it_belongs(space: Workspace) -> None:
    late = event(FIRST, 20, "shown_at") | {"event_id": "late"}
    write_file(IMPRESSIONS, space.logs, NEXT.dt, [late], name="late")
    write_file(IMPRESSIONS, space.logs, NEXT.dt + timedelta(days=1), [])
    write_file(CLICKS, space.logs, NEXT.dt + timedelta(days=1), [])
    build(PIPELINE, space)
    assert quarantined(PIPELINE, space, [NEXT]).counts == {("impressions", "outside_partition"): 1}
    patient = shop(logs(lateness=timedelta(hours=6)), fit=PIPELINE.fit)
    done = replay(patient, space, [NEXT], Loop(), say=lambda _: None, reason="outside_partition")
    assert done.partitions == (DAY, NEXT)
    assert done.kept == {"impressions": 1}
    there = VersionedTable.open(space.table("shop", "samples")).scan().collect(engine="in-memory")
    assert there.filter(event_id="late")["dt"].to_list() == [FIRST]
    lines = done.text().splitlines()
    assert lines[2].split() == ["impressions", "outside_partition", "1", "0", "1"]
    assert "put back: +1 rows of impressions kept" in lines
    assert not any("not kept here" in line for line in lines)


def test_a_click_is_put_back_with_the_day_of_its_impression(space: Workspace) -> None:
    click = event(FIRST, 11, "clicked_at") | {"event_id": "next day"}
    click["clicked_at"] = click["landed_at"] = datetime.combine(NEXT.dt, datetime.min.time(), tzinfo=UTC)
    write_file(CLICKS, space.logs, NEXT.dt, [click], name="late")
    build(PIPELINE, space)
    assert ("clicks", "no_impression") in quarantined(PIPELINE, space, [NEXT]).counts
    longer = shop(fit=PIPELINE.fit, within="20h")
    done = replay(longer, space, [NEXT], Loop(), say=lambda _: None, log="clicks")
    assert done.partitions == (DAY, NEXT)
    there = VersionedTable.open(space.table("shop", "samples")).scan().collect(engine="in-memory")
    assert there.filter(event_id=f"shown_at{FIRST}/11")["clicked"].to_list() == [1]


def test_a_row_that_is_neither_set_aside_nor_kept_is_told(space: Workspace) -> None:
    rows = shown(FIRST)
    write_file(IMPRESSIONS, space.logs, FIRST, rows[:5] + rows[6:])
    done = again(PIPELINE, space, log="impressions")
    assert done.kept == {"impressions": 0}
    assert "  1 are no longer set aside and not kept here" in done.text()


def test_a_replay_tells_of_the_program_and_the_days_it_was_fitted_on(space: Workspace) -> None:
    write_file(IMPRESSIONS, space.logs, NEXT.dt, [event(NEXT.dt, 1, "shown_at") | {"slot": 77}], name="bad")
    build(PIPELINE, space)
    done = replay(LONGER, space, [NEXT], Loop(), say=lambda _: None, log="impressions")
    assert (done.partitions, done.kept) == ((NEXT,), {"impressions": 0})
    assert (done.program, done.fitted_on) == (2, (DAY,))
    assert "program v2; built again for it: 2026-11-02" in done.text()
    assert again(LONGER, space, log="impressions").program is None
