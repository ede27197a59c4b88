"""The oracle of a day's samples on logs worked by hand, and what the strategy draws."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings

from featurelib.testing import PlainLabel, PlainLog, samples_of
from featurelib.testing.strategies import EventLog, event_logs

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
DAY = date(2026, 11, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEYS = ("user_id", "request_id", "item_id")
LOGS = {
    "impressions": PlainLog(time="shown_at", repeats=((*KEYS, "position"), "5m")),
    "clicks": PlainLog(time="clicked_at"),
    "orders": PlainLog(time="ordered_at"),
}
LABELS = [
    PlainLabel(name="clicked", log="clicks", keys=("request_id", "item_id"), within="30m"),
    PlainLabel(name="bought", log="orders", keys=("user_id", "item_id"), within="2h", via="clicked"),
]


def row(time: str, event: str | None, at: datetime, item: str = "x", **changes: Any) -> dict[str, Any]:
    keys = {"event_id": event, "user_id": "u", "request_id": "r", "item_id": item, "position": 1}
    return keys | {time: at, "landed_at": at} | changes


def shown(event: str | None, at: datetime, item: str = "x", **changes: Any) -> dict[str, Any]:
    return row("shown_at", event, at, item, **changes)


def clicked(event: str | None, at: datetime, item: str = "x", **changes: Any) -> dict[str, Any]:
    return row("clicked_at", event, at, item, **changes)


def ordered(event: str | None, at: datetime, item: str = "x", **changes: Any) -> dict[str, Any]:
    return row("ordered_at", event, at, item, **changes)


def samples(impressions: list[Any], clicks: list[Any], orders: list[Any], **how: Any) -> Any:
    told: dict[str, Any] = {"day": DAY, "timezone": "UTC", "logs": LOGS, "labels": LABELS} | how
    return samples_of({"impressions": impressions, "clicks": clicks, "orders": orders}, **told)


def test_every_row_of_a_day_has_a_fate():
    day = samples(
        [
            shown("i1", NOON),
            shown("i1", NOON + HOUR),
            shown(None, NOON, "y"),
            shown(None, NOON + 4 * MINUTE, "y"),
            shown("tomorrow", NOON + 24 * HOUR),
        ],
        [clicked("c1", NOON + MINUTE), clicked("c2", NOON - MINUTE, "y"), clicked("c3", NOON + 31 * MINUTE, "y")],
        [
            ordered("o1", NOON + HOUR),
            ordered("o2", NOON + 31 * MINUTE, "y"),
            ordered("o3", NOON + 3 * HOUR),
            ordered("o3", NOON + 3 * HOUR),
            ordered("o4", NOON, "z"),
        ],
    )
    assert [(found["event_id"], found["clicked"], found["bought"], found["@row"]) for found in day.rows] == [
        ("i1", 1, 1, 0),
        (None, 0, 0, 2),
    ]
    assert (day.rows[0]["bought__count"], day.rows[0]["bought__at"]) == (1, NOON + HOUR)
    assert day.fates == {
        "impressions": {0: "kept", 1: "duplicate", 2: "kept", 3: "repeat"},
        "clicks": {0: "kept", 1: "no_impression", 2: "outside_window"},
        "orders": {0: "kept", 1: "click_unmatched", 2: "outside_window", 3: "duplicate", 4: "no_click"},
    }
    assert day.counts("orders") == {
        "in": 5,
        "kept": 1,
        "dropped": dict.fromkeys(["click_unmatched", "outside_window", "duplicate", "no_click"], 1),
    }


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Berlin", date(2026, 10, 25), 25), ("Europe/Berlin", date(2026, 3, 29), 23), ("UTC", DAY, 24)],
)
def test_day_is_from_midnight_to_midnight_and_labels_reach_beyond(zone: str, day: date, hours: int):
    begin = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end, tick = begin + hours * HOUR, timedelta(microseconds=1)
    found = samples(
        [shown("before", begin - tick), shown("first", begin, "y"), shown("last", end - tick, "z"), shown("next", end)],
        [clicked("c0", begin), clicked("c1", end + 29 * MINUTE, "z"), clicked("c2", end, "w")],
        [ordered("o", end + 2 * HOUR, "z")],
        day=day,
        timezone=zone,
    )
    assert [(row["event_id"], row["clicked"], row["bought"]) for row in found.rows] == [("first", 0, 0), ("last", 1, 1)]
    assert found.fates == {"impressions": {1: "kept", 2: "kept"}, "clicks": {0: "kept"}, "orders": {}}


def test_what_lies_before_the_reach_of_the_labels_does_not_exist():
    midnight = NOON - 12 * HOUR
    impressions = [shown("i", midnight - 3 * HOUR)]
    clicks = [clicked("c", midnight)]
    assert samples(impressions, clicks, []).fates["clicks"] == {0: "no_impression"}
    longer = {"impressions": 3 * HOUR}
    assert samples(impressions, clicks, [], sees=longer).fates["clicks"] == {0: "outside_window"}


def test_label_of_several_counts_the_nearest_fate():
    labels = [LABELS[0], PlainLabel(name="today", log="clicks", keys=("user_id", "item_id"), within="6h")]
    clicks = [
        clicked("later", NOON + HOUR),
        clicked("too late", NOON + 7 * HOUR, request_id="other"),
        clicked("nothing", NOON, "z"),
    ]
    day = samples([shown("i", NOON)], clicks, [], labels=labels)
    assert day.fates["clicks"] == {0: "kept", 1: "outside_window", 2: "no_impression"}
    assert (day.rows[0]["clicked__count"], day.rows[0]["today__count"]) == (0, 1)


def test_rules_makers_and_shape_in_their_order():
    impressions = [
        shown("i1", NOON, position=2),
        shown("i2", NOON, "y", position=1),
        shown("i3", NOON, "z", request_id="s"),
        *[shown(f"b{n}", NOON, "v", user_id="bot") for n in range(4)],
        shown("i4", NOON, request_id=None, user_id="w"),
    ]
    day = samples(
        impressions,
        [clicked("c", NOON, "y"), clicked("d", NOON, "v", user_id="bot")],
        [],
        keep=[
            ("TooManyImpressions", {"by": "user_id", "most": 3}),
            ("SkipAbove", {"request": "request_id", "position": "position", "label": "clicked", "keep_below": 0}),
        ],
        make=[
            ("RandomItems", {"item": "item_id", "n": 9, "request": "request_id", "blank": ["event_id"]}),
            ("DelayedFeedback", {"label": "clicked"}),
        ],
        shape=("Lists", {"request": "request_id", "order": "position", "columns": ["item_id", "clicked"]}),
        observed_at=NOON,
    )
    # r shows y (clicked, so twice) and draws z; s shows z and draws v, x, y in some order
    assert [(found["request_id"], found["size"]) for found in day.rows] == [("r", 3), ("s", 4)]
    assert sorted(zip(day.rows[0]["item_id"], day.rows[0]["clicked"], strict=True)) == [("y", 0), ("y", 1), ("z", 0)]
    assert sorted(day.rows[1]["item_id"]) == ["v", "x", "y", "z"]
    assert day.made == [4, 1]
    assert day.unused == Counter(in_a_list=5)
    assert Counter(day.fates["impressions"].values()) == Counter(
        kept=2, bot_impressions=4, below_last_click=1, no_request=1
    )


def test_sessions_are_made_before_rules_and_over_distinct_rows():
    impressions = [
        shown("i1", NOON),
        shown("i1", NOON + 20 * MINUTE),
        shown("i2", NOON + 40 * MINUTE, user_agent="bot"),
        shown("i3", NOON + 60 * MINUTE),
    ]
    for impression in impressions:
        impression.setdefault("user_agent", "")
    day = samples(
        impressions,
        [],
        [],
        sessions={"by": "user_id", "time": "shown_at"},
        keep=[("ListedAgents", {"column": "user_agent", "agents": ["bot"]})],
    )
    stamp = int(NOON.timestamp()) * 1_000_000
    assert [(found["session_id"], found["session_position"]) for found in day.rows] == [
        (f"u@{stamp}", 1),
        (f"u@{stamp + 40 * 60 * 1_000_000}", 2),
    ]


@settings(max_examples=150)
@given(log=event_logs(ahead=10 * MINUTE))
def test_drawn_logs_keep_to_their_days_and_are_wholly_accounted_for(log: EventLog):
    met = Counter[str]()
    for n in range(log.days):
        day = samples_of(log.rows(), day=log.first + timedelta(days=n), timezone=log.zone, logs=LOGS, labels=LABELS)
        assert len(day.rows) == day.counts("impressions")["kept"]
        for name in LOGS:
            met[name] += day.counts(name)["in"]
    assert met == +Counter({name: len(rows) for name, rows in log.rows().items()})
    for name, rows in log.rows().items():
        assert all(-10 * MINUTE <= row["landed_at"] - row[LOGS[name].time] <= 26 * HOUR for row in rows)
