"""Parity of served requests: with the program and the online counters, and with what training reads."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import UsageError
from featurelib.online import OnlineStore, write_export
from featurelib.parity import Parity
from featurelib.program import load
from featurelib.runs import Run, backfill, window_values
from featurelib.runs.parity import Limits, Served, beside_table, replayed
from featurelib.tables import VersionedTable
from featurelib.transforms import Feature, ListRank
from tests.shop import FEATURES, ShopFeatures, logs, shop, workspace, write

DAYS = Days(date(2026, 11, 1), date(2026, 11, 2))
IMPRESSIONS, CLICKS = logs()
AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
Change = Callable[[dict[str, Any]], Mapping[str, Any]]


class Keyed(ShopFeatures):
    key = ("event_id",)
    event_id = replace(ShopFeatures.columns["event_id"], nullable=False)
    item_rate = replace(ShopFeatures.columns["slot_z"], doc="Rate of the item.", dtype=pl.Float64())


PIPELINE = shop(fit=Days(DAYS.start, DAYS.start), table=Keyed, features=FEATURES)


class Place:
    """A built shop, its export, and what a model server logged of it."""

    def __init__(self, root: Path) -> None:
        self.space = workspace(root)
        rows = []
        for day in DAYS:
            for n in range(20):
                at = datetime.combine(day, time(n), tzinfo=UTC)
                event = "again" if n == 13 else f"{day}/{n}"  # one id on both days
                ids = {"event_id": event, "user_id": f"u{n % 4}", "request_id": f"{day}/r{n}"}
                rows.append({**ids, "item_id": f"i{n % 3}", "slot": n % 10, "shown_at": at, "landed_at": at})
        write(IMPRESSIONS, self.space.logs, rows, list(DAYS))
        clicks = [{**row, "clicked_at": row["shown_at"] + timedelta(minutes=1)} for row in rows[::3]]
        for click in clicks:
            del click["shown_at"]
        write(CLICKS, self.space.logs, clicks, [*DAYS, DAYS.end + timedelta(days=1)])
        backfill(PIPELINE, self.space, DAYS, Loop(), say=lambda _: None)
        with Run.begin(PIPELINE, self.space, Loop()) as run:
            values = window_values(run, AT)
        write_export(root / "online", pipeline="shop", as_of=AT, declared={}, frames=values.frames, empty=values.empty)
        self.online = OnlineStore.open(root / "online")
        program = load(self.space.pipeline("shop"))
        asked = [row for row in rows if row["shown_at"] >= AT]
        counted = self.online.read(asked)
        made = program.transform_rows(counted)
        self.log = [{**row, **features} for row, features in zip(counted, made, strict=True)]
        self.root = root

    def served(self, change: Change = dict, *, every: int = 1) -> Served:
        """Write the log as it would be with a fault in every n-th row."""
        rows = [dict(change(dict(row)) if number % every == 0 else row) for number, row in enumerate(self.log)]
        path = self.root / "served.jsonl"
        path.write_text("".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in rows))
        return Served([path])

    def replayed(self, change: Change = dict, **options: Any) -> Parity:
        return replayed(PIPELINE, self.space, self.served(change), online=self.online, **options)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return Place(tmp_path_factory.mktemp("parity"))


def found(parity: Parity) -> dict[str, dict[str, int]]:
    """Return the features that differ, with how many values by kind."""
    return {one.feature: {k: n for k, n in one.counts.items() if n} for one in parity.features if one.differing}


def test_what_this_code_served_agrees_with_it(place: Place) -> None:
    parity = place.replayed()
    assert (parity.rows, parity.lost, parity.unknown, found(parity)) == (8, {}, (), {})
    assert parity.agrees
    assert {one.feature for one in parity.features} == {"item_index", "user_share", "slot_z", "item_rate"}


FAULTS: dict[str, tuple[Change, dict[str, dict[str, int]]]] = {
    "another transform": (lambda row: row | {"slot_z": row["slot_z"] + 0.5}, {"slot_z": {"value": 8}}),
    "a feature left out": (lambda row: {k: v for k, v in row.items() if k != "slot_z"}, {"slot_z": {"missing": 8}}),
    "an index as text": (lambda row: row | {"item_index": str(row["item_index"])}, {"item_index": {"type": 8}}),
    "NaN for a share": (lambda row: row | {"user_share": None}, {"user_share": {"missing": 8}}),
    "a counter too old": (lambda row: row | {"item_rate": 0.125}, {"item_rate": {"value": 8}}),
}


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_found_in_its_feature_alone(place: Place, fault: str) -> None:
    change, differs = FAULTS[fault]
    assert found(place.replayed(change)) == differs


def test_rows_that_cannot_be_replayed_are_told_and_the_others_compared(place: Place) -> None:
    broken = place.served(lambda row: {k: v for k, v in row.items() if k != "slot"}, every=4)
    parity = replayed(PIPELINE, place.space, broken)
    assert parity.rows == 6
    assert list(parity.lost.values()) == [2]
    assert "slot_z reads column 'slot'" in next(iter(parity.lost)) or "'slot'" in next(iter(parity.lost))
    wrong = place.served(lambda row: row | {"slot": "first"}, every=4)
    assert sum(replayed(PIPELINE, place.space, wrong).lost.values()) == 2


def test_columns_that_the_log_lacks_come_from_the_counters(place: Place) -> None:
    without = place.served(lambda row: {k: v for k, v in row.items() if k != "item_rate"})
    parity = replayed(PIPELINE, place.space, without, online=place.online)
    assert parity.agrees
    assert "item_rate" not in {one.feature for one in parity.features}


def test_the_bundle_computes_the_worst_rows_again(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    parity = place.replayed(lambda row: row | {"slot_z": 7.5}, bundle=folder)
    assert len(parity.worst) == 8
    done = subprocess.run([sys.executable, folder / "reproduce.py"], capture_output=True, text=True, check=True)
    assert done.stdout.count("slot_z: served 7.5, then computed") == 8
    assert "event_id=2026-11-02/12" in done.stdout
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 100_000
    with pytest.raises(UsageError, match="is there already"):
        place.replayed(lambda row: row | {"slot_z": 7.5}, bundle=folder)


def test_no_bundle_where_nothing_differs(place: Place, tmp_path: Path) -> None:
    assert place.replayed(bundle=tmp_path / "bundle").agrees
    assert not (tmp_path / "bundle").exists()


def test_beside_the_table_an_old_counter_is_a_difference_of_serving_and_training(place: Place) -> None:
    parity = beside_table(PIPELINE, place.space, place.served())
    assert (parity.rows, parity.lost) == (8, {})
    stored = VersionedTable.open(place.space.table("shop", "samples")).scan().collect(engine="in-memory")
    trained = dict(stored.filter(dt=DAYS.end).select("event_id", "item_rate").iter_rows())
    moved = sum(abs(row["item_rate"] - trained[row["event_id"]]) > 1e-5 for row in place.log)
    assert 0 < moved < 8
    assert found(parity) == {"item_rate": {"value": moved}}


def test_a_key_that_two_days_have_is_found_by_the_time_of_its_event(place: Place) -> None:
    timeless = place.served(lambda row: {name: value for name, value in row.items() if name != "shown_at"})
    assert beside_table(PIPELINE, place.space, timeless).lost == {"the table has their key in several partitions": 1}
    assert beside_table(PIPELINE, place.space, place.served()).lost == {}


@pytest.mark.parametrize("key", ["new", ["new"], {"id": "new"}], ids=["text", "list", "object"])
def test_served_rows_that_training_never_saw(place: Place, key: Any) -> None:
    parity = beside_table(PIPELINE, place.space, place.served(lambda row: row | {"event_id": key}, every=8))
    assert parity.lost == {"the table has no row of their key": 1}
    assert not parity.agrees


def test_limits_are_those_asked_for(place: Place) -> None:
    log = place.served(lambda row: row | {"slot_z": 7.5, "item_index": 99}, every=8)
    assert not replayed(PIPELINE, place.space, log).agrees
    assert replayed(PIPELINE, place.space, log, limits=Limits(allow=0.2, allow_floats=0.2)).agrees


def test_lists_are_replayed_whole_and_only_by_a_column_of_theirs(tmp_path: Path) -> None:
    class Ranked(Keyed):
        slot_rank = replace(ShopFeatures.columns["slot_z"], doc="Rank in the request.")

    space = workspace(tmp_path)
    at = datetime.combine(DAYS.start, time(1), tzinfo=UTC)
    rows = [
        {
            "event_id": f"e{n}",
            "user_id": f"u{n}",
            "request_id": f"r{n // 3}",
            "item_id": f"i{n}",
            "slot": n % 3,
            "shown_at": at + timedelta(minutes=n),
            "landed_at": at + timedelta(minutes=n),
        }
        for n in range(9)
    ]
    write(IMPRESSIONS, space.logs, rows, [DAYS.start])
    write(CLICKS, space.logs, [], list(DAYS))
    day = Days(DAYS.start, DAYS.start)
    ranks = Feature("slot_rank", ListRank("slot", within="request_id"))
    pipeline = shop(fit=day, table=Ranked, features=(*FEATURES, ranks))
    backfill(pipeline, space, day, Loop(), say=lambda _: None)
    made = load(space.pipeline("shop")).transform_rows(rows)
    path = tmp_path / "served.jsonl"
    served = [{**row, **features} for row, features in zip(rows, made, strict=True)]
    path.write_text("".join(json.dumps(row, default=datetime.isoformat) + "\n" for row in served))
    with pytest.raises(UsageError, match="compares the rows of a list, so all rows of a list are replayed together"):
        replayed(pipeline, space, Served([path]))
    parity = replayed(pipeline, space, Served([path], by=["request_id"], most=4))
    assert parity.agrees
    assert parity.rows == 6
