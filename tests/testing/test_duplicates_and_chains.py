"""The oracles of duplicates and chained attribution, on examples worked by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from featurelib.testing import PlainLabel, PlainLog, Touch, attribute_via, repeats
from featurelib.testing.credits import credit, lookback, standing

TICK = timedelta(microseconds=1)
FIVE = timedelta(minutes=5)
PLAIN = PlainLog(time="at", event_id="id", landing="landed")


def at(minute: float) -> datetime:
    return datetime(2026, 11, 1, 23, 50, tzinfo=UTC) + timedelta(minutes=minute)


def said(*times: datetime, **columns: object) -> list[dict[str, object]]:
    return [{"id": None, "user": "u", "at": time, "landed": None, **columns} for time in times]


def chain(rows: list[dict[str, object]]) -> list[bool]:
    return repeats(rows, columns=["user"], within=FIVE, time="at", event_id="id", landing="landed")


def test_gap_is_half_open():
    assert chain(said(at(0), at(5) - TICK)) == [False, True]
    assert chain(said(at(0), at(5))) == [False, False]


def test_chain_goes_on_by_way_of_repeats():
    assert chain(said(at(0), at(4), at(8), at(12), at(17))) == [False, True, True, True, False]


def test_order_is_by_time_then_landing_with_null_first_then_position():
    rows = said(at(1), at(1), at(1), at(0))
    rows[0]["landed"], rows[1]["landed"], rows[3]["user"] = at(3), at(2), "other"
    assert chain(rows) == [True, True, False, False]
    assert chain(said(at(1), at(1))) == [False, True]
    assert chain(said(at(1), at(0))) == [True, False]


def test_null_equals_null_and_rows_with_an_id_stand_aside():
    assert chain(said(at(0), at(1), user=None)) == [False, True]
    rows = said(at(0), at(1), at(6))
    rows[1]["id"] = "a"
    assert chain(rows) == [False, False, False]


def test_repeats_cross_midnight_and_ids_do_not():
    repeating = PlainLog(time="at", event_id="id", landing="landed", repeats=(["user"], "5m"))
    assert standing(said(at(8), at(11)), repeating, since=at(0), timezone="UTC") == [None, "repeat"]
    assert standing(said(at(8), at(11)), repeating, since=at(9), timezone="UTC") == ["unseen", "repeat"]
    assert standing(said(at(8), at(11), id="a"), repeating, since=at(0), timezone="UTC") == [None, None]
    assert standing(said(at(8), at(11), id="a"), repeating, since=at(0), timezone="Europe/Berlin") == [
        None,
        "duplicate",
    ]


def test_broken_row_repeats_nothing_and_hides_nothing():
    log = PlainLog(
        time="at",
        event_id="id",
        landing="landed",
        repeats=(["user"], "5m"),
        broken=lambda row: "bad" if row["at"] == at(1) else None,
    )
    rows = said(at(0), at(1)) + said(at(1), at(2), id="a")
    assert standing(rows, log, since=at(0), timezone="UTC") == [None, "bad", "bad", None]


WITHIN_HOUR = {"keys": ["user"], "within": timedelta(hours=1), "clicked_at": "at", "ordered_at": "at"}


@pytest.mark.parametrize(
    ("clicks", "order", "fate"),
    [
        ([], 0, ("no_click", None, None)),
        ([(1, 7)], 0, ("no_click", None, None)),
        ([(0, 7)], 0, ("credited", 0, 7)),
        ([(0, 7)], 59, ("credited", 0, 7)),
        ([(0, 7)], 60, ("outside_window", None, None)),
        ([(0, 7), (5, None)], 6, ("click_unmatched", 1, None)),
        ([(0, 7), (5, None)], 4, ("credited", 0, 7)),
        ([(5, 8), (0, 7)], 6, ("credited", 0, 8)),
        ([(0, 7), (0, 8)], 6, ("credited", 1, 8)),  # of two at one instant the later row
        ([(0, 7), (0, None)], 60, ("outside_window", None, None)),
    ],
)
def test_order_goes_where_its_latest_click_goes(clicks: list[tuple[int, int | None]], order: int, fate: object):
    touches = [Touch({"user": "u", "at": at(minute)}, impression) for minute, impression in clicks]
    (found,) = attribute_via(touches, [{"user": "u", "at": at(order)}], **WITHIN_HOUR)
    assert (found.reason, found.click, found.impression) == fate


def test_null_key_has_no_click():
    touch = Touch({"user": None, "at": at(0)}, 0)
    assert attribute_via([touch], [{"user": None, "at": at(1)}], **WITHIN_HOUR)[0].reason == "no_click"


LABELS = [
    PlainLabel(name="clicked", log="clicks", keys=["item"], within="30m"),
    PlainLabel(name="bought", log="orders", keys=["user"], within="2h", via="clicked"),
    PlainLabel(name="returned", log="returns", keys=["user"], within="1d", via="bought"),
]


def test_reach_of_a_chain_is_the_sum_of_its_windows():
    hours = {log: span / timedelta(hours=1) for log, span in lookback(LABELS, "impressions").items()}
    assert hours == {"impressions": 26.5, "clicks": 26.0, "orders": 24.0}


def test_label_by_way_of_a_chained_label_reaches_the_impression():
    rows = {
        "impressions": [{"item": "x", "at": at(0)}, {"item": "y", "at": at(1)}],
        "clicks": [{"item": "y", "user": "u", "at": at(-1)}, {"item": "y", "user": "u", "at": at(2)}],
        "orders": [{"user": "u", "at": at(3)}, {"user": "u", "at": at(0)}],
        "returns": [{"user": "u", "at": at(4)}, {"user": "u", "at": at(1)}, {"user": "u", "at": at(-2)}],
    }
    free: dict[str, list[str | None]] = {name: [None] * len(of_log) for name, of_log in rows.items()}
    logs = dict.fromkeys(rows, PlainLog(time="at"))
    found = credit(rows, free, logs=logs, labels=LABELS, impressions="impressions")
    told = {name: [(fate.reason, fate.impression) for fate in fates.values()] for name, fates in found.items()}
    assert told == {
        "clicked": [("no_impression", None), ("credited", 1)],
        "bought": [("credited", 1), ("click_unmatched", None)],
        "returned": [("credited", 1), ("click_unmatched", None), ("no_click", None)],
    }


def test_click_that_is_a_duplicate_gets_no_order():
    rows = {
        "impressions": [{"item": "x", "at": at(0)}],
        "clicks": [{"item": "x", "user": "u", "at": at(1)}],
        "orders": [{"user": "u", "at": at(2)}],
    }
    logs = dict.fromkeys(rows, PlainLog(time="at"))
    standings = {"impressions": [None], "clicks": ["duplicate"], "orders": [None]}
    found = credit(rows, standings, logs=logs, labels=LABELS[:2], impressions="impressions")
    assert found["clicked"] == {}
    assert found["bought"][0].reason == "no_click"
