"""Features: rows that a rule of the feature table sets aside are kept elsewhere, with their reason, and counted."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import SchemaViolationError
from featurelib.runs import Report, backfill, quarantined, replay
from featurelib.runs.features import judged_in_builds
from featurelib.schema import Column, Reference, Table
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace
from tests.shop import ShopFeatures, logs, shop, workspace, write

DAY = date(2026, 11, 2)
ONE = Days(DAY, DAY)
IMPRESSIONS, CLICKS = logs()
TOP = 1.0  # slots 0 to 9, standardized: 8 and 9 lie above


def table(budget: float) -> type[Table]:
    """Return the feature table with a limit on ``slot_z`` that sets rows aside."""
    limit = Column(dtype=pl.Float32(), doc="Where.", between=(None, TOP), on_fail="quarantine")
    return type("Limited", (ShopFeatures,), {"slot_z": limit, "quarantine_budget": budget})


def build(space: Workspace, budget: float) -> Report:
    return backfill(shop(fit=ONE, table=table(budget)), space, ONE, Loop(), say=lambda _: None)


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    at = datetime.combine(DAY, datetime.min.time(), tzinfo=UTC)
    rows = [
        {
            "event_id": f"e{n}",
            "user_id": f"u{n % 3}",
            "request_id": f"r{n}",
            "item_id": f"i{n % 2}",
            "slot": n % 10,
            "shown_at": at + timedelta(minutes=n),
            "landed_at": at + timedelta(minutes=n),
        }
        for n in range(20)
    ]
    made = workspace(tmp_path)
    write(IMPRESSIONS, made.logs, rows, [DAY])
    write(CLICKS, made.logs, [], [DAY, DAY + timedelta(days=1)])
    return made


def rows_of(space: Workspace, name: str) -> pl.DataFrame:
    return VersionedTable.open(space.table("shop", name)).scan().collect(engine="in-memory")


def test_rows_beyond_a_limit_go_to_quarantine_and_are_counted(space: Workspace):
    report = build(space, budget=0.5)
    assert (report.features.rows_in, report.features.kept, report.features.dropped) == (20, 16, {"quarantined": 4})
    assert rows_of(space, "features")["slot_z"].max() <= TOP
    aside = rows_of(space, "quarantine_features")
    assert aside["reasons"].to_list() == [["slot_z.between"]] * 4
    assert [json.loads(row)["event_id"] for row in aside["row"]] == ["e8", "e9", "e18", "e19"]


def test_rows_set_aside_return_when_the_limit_goes(space: Workspace):
    build(space, budget=0.5)
    backfill(shop(fit=ONE), space, ONE, Loop(), say=lambda _: None)
    assert len(rows_of(space, "features")) == 20
    assert rows_of(space, "quarantine_features").is_empty()


def test_more_than_the_budget_is_refused_and_nothing_is_published(space: Workspace):
    with pytest.raises(SchemaViolationError, match=r"slot_z.*4 rows"):
        build(space, budget=0.1)
    assert VersionedTable.open(space.table("shop", "features")).version == 0


def test_rows_of_features_in_quarantine_are_shown_and_put_back(space: Workspace):
    build(space, budget=0.5)
    strict, loose = shop(fit=ONE, table=table(0.5)), shop(fit=ONE)
    found = quarantined(strict, space, ONE, log="features", limit=1)
    assert found.counts == {("features", "slot_z.between"): 4}
    assert "features of 2026-11-02: slot_z.between" in found.text()
    assert replay(strict, space, ONE, Loop(), say=lambda _: None, log="features").unchanged
    done = replay(loose, space, ONE, Loop(), say=lambda _: None, log="features")
    assert (done.before, done.after) == ({("features", "slot_z.between"): 4}, {("features", "slot_z.between"): 0})
    assert done.kept == {"features": 4}
    assert len(rows_of(space, "features")) == 20


def test_what_a_build_judges_is_declared_where_the_table_is():
    class Refers(ShopFeatures):
        references = (Reference(("item_id",), "Items"),)

    assert judged_in_builds(Refers).references == ()
    assert judged_in_builds(Refers).declared_at == Refers.declared_at
