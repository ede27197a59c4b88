"""Keys that are remembered are those of the table's log; without them a plan is the same, and takes longer."""

from collections.abc import Collection
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.ledger import plan
from featurelib.runs import backfill
from featurelib.tables import Partition, TableVersion, VersionedTable
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace, write

DAYS = Days(date(2026, 11, 1), date(2026, 11, 3))
PIPELINE = shop(windows=[], days=DAYS, features=shop().features)
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    space, (impressions, clicks) = workspace(tmp_path_factory.mktemp("keys")), logs()
    rows = []
    for n in range(30):
        at = datetime(2026, 11, 1 + n % 3, n % 24, tzinfo=UTC)
        keys = {"event_id": f"e{n}", "user_id": f"u{n % 3}", "request_id": f"r{n}", "item_id": f"i{n % 4}"}
        rows.append({**keys, "slot": n % 5, "shown_at": at, "landed_at": at})
    clicked = [{**row, "event_id": f"c{row['event_id']}", "clicked_at": row["shown_at"]} for row in rows[::2]]
    write(impressions, space.logs, rows, list(DAYS))
    write(clicks, space.logs, [{k: v for k, v in row.items() if k != "shown_at"} for row in clicked], list(DAYS))
    backfill(PIPELINE, space, DAYS, Loop(), say=lambda _: None, now=NOW)
    return space


def test_a_plan_reads_no_commit_that_it_has_seen(built: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan(PIPELINE, built, DAYS, now=NOW)
    assert before.nothing_to_do

    def refuse(_: TableVersion, partitions: Collection[Partition]) -> Any:
        raise AssertionError(f"asked for {partitions}")

    monkeypatch.setattr(TableVersion, "entries", refuse)
    assert plan(PIPELINE, built, DAYS, now=NOW) == before


@pytest.mark.parametrize("content", [None, b"", b"no database", b"SQLite format 3\0 and no more"])
def test_a_lost_or_damaged_memory_changes_no_plan(built: Workspace, content: bytes | None) -> None:
    before, memory = plan(PIPELINE, built, DAYS, now=NOW), built.work / "table-keys.sqlite"
    memory.unlink()
    if content is not None:
        memory.write_bytes(content)
    assert plan(PIPELINE, built, DAYS, now=NOW) == before
    assert memory.stat().st_size > 1000


def test_a_partition_committed_again_elsewhere_is_seen(built: Workspace, tmp_path: Path) -> None:
    day = Partition(DAYS.end)
    assert plan(PIPELINE, built, DAYS, now=NOW).nothing_to_do
    elsewhere = Workspace(built.logs, built.tables, tmp_path / "work")
    VersionedTable.open(built.table("shop", "samples")).forget([day], run="by-hand")
    assert plan(PIPELINE, built, DAYS, now=NOW).due("samples") == [day]
    backfill(PIPELINE, elsewhere, DAYS, Loop(), say=lambda _: None, now=NOW)
    assert plan(PIPELINE, built, DAYS, now=NOW).nothing_to_do
