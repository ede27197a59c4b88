"""OTTO logs: sessions of four weeks with nested events, orders of what was never in a cart."""

import json
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import xxhash

import featurelib
from pipelines.otto_orders import carts, clicks, orders, otto_orders
from tests.real.landed import DATA, MINUTE, ONE_DAY, Built, built, example, midnight, needs, rows_of

SOURCE = DATA / "otto-sample" / "train.jsonl"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
GAP = 30 * MINUTE


@dataclass(frozen=True)
class Event:
    """An event of the file, read without featurelib."""

    id: str
    user: str
    item: str
    at: datetime
    type: str

    @property
    def key(self) -> tuple[str, str]:
        return self.user, self.item


@pytest.fixture(scope="module")
def events() -> list[Event]:
    found = []
    for line in SOURCE.read_text(encoding="utf-8").splitlines():
        session = json.loads(line)
        for place, event in enumerate(session["events"]):
            at = EPOCH + timedelta(milliseconds=event["ts"])
            ids = f"{session['session']}-{place}", str(session["session"]), str(event["aid"])
            found.append(Event(*ids, at, event["type"]))
    return found


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("otto")
    assert sum(rows for _, rows in example("otto_logs").split(SOURCE, logs)) == 862
    return logs


@pytest.fixture(scope="module")
def otto(root: Path, events: list[Event], tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(otto_orders, root, tmp_path_factory.mktemp("built"), {event.at.date() for event in events})


@needs("otto-sample")
def test_nested_events_become_rows_with_their_epoch_times(root: Path, events: list[Event], tmp_path: Path) -> None:
    assert Counter(event.type for event in events) == {"clicks": 800, "carts": 52, "orders": 10}
    read = {}
    for log in (clicks, carts, orders):
        found = rows_of(log, root, tmp_path)
        assert found.rejects.is_empty()
        rows = found.frame.select("event_id", "user_id", "item_id", log.time).collect().iter_rows()
        read |= {row[0]: Event(*row, log.name) for row in rows}
    assert read == {event.id: event for event in events}


@needs("otto-sample")
def test_carts_are_credited_to_clicks_and_orders_through_carts(otto: Built, events: list[Event]) -> None:
    by_type = defaultdict(list)
    for event in events:
        by_type[event.type].append(event)
    fates, causes = {}, {}
    for cart in by_type["carts"]:
        start = midnight(cart.at) - ONE_DAY
        before = [c for c in by_type["clicks"] if c.key == cart.key and start <= c.at <= cart.at]
        latest = max(before, key=lambda c: c.at, default=None)
        if latest is None or cart.at - latest.at >= ONE_DAY:
            fates[cart.id] = "no_impression" if latest is None else "outside_window"
        else:
            causes[cart.id] = latest.id
    for order in by_type["orders"]:
        start = midnight(order.at) - ONE_DAY
        before = [c for c in by_type["carts"] if c.key == order.key and start <= c.at <= order.at]
        latest = max(before, key=lambda c: c.at, default=None)
        if latest is None or order.at - latest.at >= ONE_DAY:
            fates[order.id] = "no_click" if latest is None else "outside_window"
        elif latest.id not in causes:
            fates[order.id] = "click_unmatched"
        else:
            causes[order.id] = causes[latest.id]
    never = [o.id for o in by_type["orders"] if not any(c.key == o.key and c.at <= o.at for c in by_type["carts"])]
    assert len(never) == 3
    assert {fates[order] for order in never} == {"no_click"}
    for name in ("carts", "orders"):
        aside = Counter((fates[event.id], event.id) for event in by_type[name] if event.id in fates)
        assert otto.reasons(name) == aside
        kept = sum(event.id in causes for event in by_type[name])
        assert otto.counts(name) == {"in": len(by_type[name]), "kept": kept, **Counter(why for why, _ in aside)}
    carted = Counter(causes[event.id] for event in by_type["carts"] if event.id in causes)
    ordered = Counter(causes[event.id] for event in by_type["orders"] if event.id in causes)
    assert (carted.total(), ordered.total()) == (41, 4)
    rows = otto.samples.select("event_id", "carted", "carted__count", "ordered", "ordered__count").iter_rows()
    for event, *found in rows:
        assert found == [int(carted[event] > 0), carted[event], int(ordered[event] > 0), ordered[event]]
    assert otto.samples.filter(carted=1).height == len(carted)  # no positive is sampled out


@needs("otto-sample")
def test_four_weeks_of_a_user_are_many_visits(otto: Built, events: list[Event]) -> None:
    visits = {}
    last: dict[tuple[str, date], tuple[str, datetime, int]] = {}
    for event in (event for event in events if event.type == "clicks"):  # the file is in order of time
        day = event.user, event.at.date()
        visit, before, place = last.get(day, ("", EPOCH, 0))
        if event.at - before >= GAP:
            visit, place = f"{event.user}@{(event.at - EPOCH) // timedelta(microseconds=1)}", 0
        visits[event.id] = visit, place + 1
        last[day] = visit, event.at, place + 1
    found = {event: (visit, place) for event, visit, place in otto.samples.select(
        "event_id", "visit_id", "visit_position").iter_rows()}  # fmt: skip
    assert found == {event: visits[event] for event in found}
    users = {event.user for event in events}
    assert len(users) == 20 < len({visit for visit, _ in visits.values()})


@needs("otto-sample")
def test_half_of_the_clicks_without_a_cart_stay_by_their_hash(otto: Built, events: list[Event]) -> None:
    carted = {event for event, label in otto.samples.select("event_id", "carted").iter_rows() if label == 1}
    limit = math.floor(0.5 * 2**64)
    stays = {
        event.id
        for event in events
        if event.type == "clicks"
        and (
            event.id in carted or xxhash.xxh64_intdigest(f"0\x1fkeep_fraction\x1f{event.id}".encode(), seed=42) < limit
        )
    }
    assert set(otto.samples["event_id"]) == stays
    assert dict(otto.samples.select("event_id", "sample_weight").iter_rows()) == {
        event: 1.0 if event in carted else 2.0 for event in stays
    }
    assert otto.counts("samples") == {"in": 800, "kept": len(stays), "sampled_out": 800 - len(stays)}


@needs("otto-sample")
def test_features_are_those_that_serving_makes(otto: Built) -> None:
    program = featurelib.load(otto.tables)
    assert otto.features.height == otto.samples.height
    for row in otto.samples[::41].iter_rows(named=True):
        features = otto.features.filter(pl.col("event_id") == row["event_id"]).row(0, named=True)
        assert program.transform_row(row).items() <= features.items()


def test_what_is_no_session_lands_and_is_refused_with_its_reason(tmp_path: Path) -> None:
    source = tmp_path / "train.jsonl"
    whole = {"aid": 1, "ts": 1659304800025, "type": "clicks"}
    session = {"session": 7, "events": [whole, {**whole, "ts": "soon"}, {**whole, "type": "returns"}, 3]}
    source.write_text(f'{json.dumps(session)}\n{{"session": 8, "ev\n{{"session": 9}}\n', encoding="utf-8")
    assert sum(rows for _, rows in example("otto_logs").split(source, tmp_path)) == 6
    found = rows_of(clicks, tmp_path, tmp_path / "scratch")
    assert found.frame.collect().height == 1
    assert found.rejects.select("reason", "column", "value").rows() == [("bad_type", "clicked_at", "soon")]
    others = (tmp_path / "otto/others/dt=2022-07-31/events.jsonl").read_text(encoding="utf-8").splitlines()
    assert others[1:] == ["3", '{"session": 8, "ev', '{"session": 9}']
