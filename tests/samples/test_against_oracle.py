"""Whole partitions of samples, from files to the staged files, against the oracle; on generated logs.

A case is a generated log of a few days: three logs of one market. There are more than 2,000; most partitions hold 16.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from featurelib import samples as library
from featurelib.logs import Log, Repeats
from featurelib.samples import AttributedLabel, Impressions, Sessions
from featurelib.tables import Partition
from featurelib.testing.drawing import FIRST_DAYS, ZONES, Choices, EventLog, event_log
from featurelib.testing.samples import Declared
from featurelib.testing.strategies import event_logs
from tests.markets import KEYS, TABLES, Logs, check, pipeline_of

UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
REQUEST, USER = ("request_id", "item_id"), ("user_id", "item_id")

CLICKED: dict[str, Any] = {"name": "clicked", "log": "clicks", "keys": REQUEST, "within": "30m"}
CLICKED_SOON = CLICKED | {"keys": USER, "within": "5m"}
RECOGNIZED = CLICKED | {"name": "recognized", "keys": USER}
BOUGHT = {"name": "bought", "log": "orders", "keys": REQUEST, "within": "2h", "via": "clicked"}
BOUGHT_BY_USER = BOUGHT | {"keys": USER}
BOUGHT_AT_ONCE = {"name": "bought", "log": "orders", "keys": USER, "within": "30m"}

BOTS: tuple[Declared, ...] = (
    ("TooManyImpressions", {"by": "user_id", "most": 4}),
    ("TooManyClicks", {"by": "user_id", "label": "clicked", "share": 0.5, "at_least": 3}),
    ("ClicksTooFast", {"by": "user_id", "clicked_at": "clicked__at", "median_s": 2, "at_least": 2}),
    ("ListedAgents", {"column": "user_agent", "agents": ["googlebot", "bot"], "empty": True}),
)
SKIPS: tuple[Declared, ...] = (
    ("SkipAbove", {"request": ("request_id",), "position": "position", "label": "clicked", "keep_below": 1}),
    (
        "SkipAbove",
        {
            "request": ("user_id", "request_id"),
            "position": "position",
            "label": "clicked",
            "keep_below": 0,
            "without_click": "drop",
        },
    ),
)
FRACTIONS: tuple[Declared, ...] = (
    ("KeepFraction", {"rate": 0.3, "label": "clicked", "keys": ("request_id", "item_id"), "seed": 3}),
    ("CapPerUser", {"by": "user_id", "most": 2, "keys": KEYS, "seed": 1}),
)
RULES = (*BOTS, *SKIPS, *FRACTIONS)
RANDOM: tuple[Declared, ...] = (
    (
        "RandomItems",
        {"item": "item_id", "n": 2, "request": ("request_id",), "carries": ("category",), "blank": ("position",)},
    ),
    ("RandomItems", {"item": "item_id", "n": 1, "request": ("user_id", "request_id"), "seed": 5}),
)
DELAYED: Declared = ("DelayedFeedback", {"label": "clicked", "time": "shown_at"})
SHAPES: tuple[Declared, ...] = (
    ("Lists", {"request": ("market", "user_id", "request_id"), "order": "position", "columns": ["item_id", "clicked"]}),
    (
        "Lists",
        {
            "request": ("market", "user_id"),
            "order": "shown_at",
            "columns": ["query", "clicked"],
            "first": ["shown_at", "clicked__at"],
        },
    ),
    ("QueryPairs", {"by": "user_id", "query": "query", "time": "shown_at", "label": "clicked", "within": "5m"}),
    (
        "QueryPairs",
        {"by": "user_id", "query": "query", "time": "shown_at", "label": "clicked", "is_prefix": "is_prefix"},
    ),
)
SESSIONS: tuple[dict[str, Any], ...] = (
    {"by": "user_id", "time": "shown_at"},
    {"by": ("user_id", "request_id"), "time": "shown_at", "gap": "5m"},
    {"by": "request_id", "time": "shown_at", "gap": None},
)


CLOCK_CHANGES = (
    ("Europe/Berlin", date(2026, 3, 28)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 10, 31)),
    ("Australia/Lord_Howe", date(2026, 4, 4)),  # by half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
)


@dataclass(frozen=True, kw_only=True)
class Family:
    """What the declarations and logs of some cases have in common: each takes one of the options of each part.

    Attributes
    ----------
    places
        Time zones, and the first of the days.
    ahead
        How far the clock that timed an event may be ahead of the one that timed its landing; the logs allow 10 minutes.
    alone
        Whether a partition holds one market, because what is made of its rows goes by all rows of the partition.
    meets
        What must become of some rows, or nothing would be tested.
    """

    labels: Sequence[Sequence[dict[str, Any]]] = ((CLICKED,),)
    event_id: Sequence[str | None] = ("event_id",)
    repeats: Sequence[bool] = (False,)
    lateness: Sequence[timedelta] = (0 * HOUR,)
    ahead: Sequence[timedelta] = (0 * HOUR,)
    suffix: Sequence[str] = ("parquet",)
    places: Sequence[tuple[str, date]] = tuple(product(ZONES, FIRST_DAYS))
    every: Sequence[str] = ("1d",)
    sessions: Sequence[dict[str, Any] | None] = (None,)
    rules: Sequence[Declared] = ()
    most_rules: int = 4
    make: Sequence[Sequence[Declared]] = ((),)
    shape: Sequence[Declared | None] = (None,)
    alone: bool = False
    meets: Sequence[str] = ()

    def samples(self, choices: Choices, zone: str) -> Impressions:
        """Choose a declaration."""
        of = choices.of
        lateness, event_id, suffix = of(self.lateness), of(self.event_id), of(self.suffix)
        repeats = Repeats(["market", *KEYS], within="5m") if of(self.repeats) else None
        logs = {
            name: Log(
                name=name,
                table=table,
                files=f"{name}/{{dt}}/*.{suffix}",
                lateness=lateness,
                event_id=event_id,
                repeats=repeats,
            )
            for name, table in TABLES.items()
        }
        sessions, shape = of(self.sessions), of(self.shape)
        rules = [of(self.rules) for _ in range(of(range(self.most_rules + 1)))] if self.rules else []
        return Impressions(
            logs["impressions"],
            labels=[AttributedLabel(**each | {"log": logs[each["log"]]}) for each in of(self.labels)],
            sessions=None if sessions is None else Sessions(**sessions),
            keep=[_made(rule) for n, rule in enumerate(rules) if rule not in rules[:n]],
            make=[_made(maker) for maker in of(self.make)],
            shape=None if shape is None else _made(shape),
            every=of(self.every),
            timezone=zone,
        )

    def log(self, choices: Choices, zone: str, first: date, days: int) -> EventLog:
        """Choose a log."""
        of = choices.of
        sizes = of(range(13)), of(range(13)), of(range(7)), of(range(9))
        return event_log(choices, zone=zone, first=first, days=days, sizes=sizes, ahead=of(self.ahead))


def _made(declared: Declared) -> Any:
    name, how = declared
    return getattr(library, name)(**how)


FAMILIES = {
    "labels": Family(
        labels=((CLICKED,), (CLICKED_SOON,), (CLICKED, RECOGNIZED), (CLICKED, BOUGHT_AT_ONCE)),
        meets=("impressions duplicate", "clicks duplicate", "clicks no_impression", "clicks outside_window"),
    ),
    "chains": Family(
        labels=((CLICKED, BOUGHT), (CLICKED, BOUGHT_BY_USER)),
        meets=("orders kept", "orders no_click", "orders click_unmatched", "orders outside_window", "orders duplicate"),
    ),
    "repeats": Family(
        labels=((CLICKED,), (CLICKED, BOUGHT)),
        event_id=("event_id", None),
        repeats=(True,),
        meets=("impressions repeat", "impressions duplicate", "clicks repeat", "clicks duplicate", "orders repeat"),
    ),
    "late": Family(
        lateness=(26 * HOUR,),
        ahead=(10 * MINUTE, 15 * MINUTE),
        suffix=("parquet", "csv", "jsonl"),
        repeats=(False, True),
        meets=("impressions in_the_future", "clicks in_the_future", "outside_partition", "clicks duplicate"),
    ),
    "clock changes": Family(
        labels=((CLICKED,), (CLICKED, BOUGHT)),
        lateness=(0 * HOUR, 26 * HOUR),
        places=CLOCK_CHANGES,
        meets=("clicks kept", "orders kept", "impressions duplicate"),
    ),
    "hours": Family(
        labels=((CLICKED,), (CLICKED,), (CLICKED, BOUGHT)),
        every=("1h",),
        repeats=(False, True),
        meets=("clicks kept", "impressions duplicate", "clicks duplicate", "clicks repeat"),
    ),
    "rules": Family(
        sessions=(None, *SESSIONS),
        rules=RULES,
        meets=tuple(
            f"impressions {reason}"
            for reason in (
                *("bot_impressions", "bot_clicks", "bot_click_gaps", "bot_agent"),
                *("below_last_click", "no_click_in_request", "sampled_out", "over_cap"),
            )
        ),
    ),
    "delayed feedback": Family(
        make=((DELAYED,),),
        lateness=(0 * HOUR, 26 * HOUR),
        rules=FRACTIONS,
        most_rules=1,
        meets=("made", "impressions sampled_out"),
    ),
    "shapes": Family(
        sessions=(None, *SESSIONS),
        rules=BOTS,
        most_rules=1,
        shape=SHAPES,
        meets=tuple(
            f"impressions {reason}" for reason in ("in_a_list", "no_request", "no_session", "prefix", "no_next_query")
        ),
    ),
    "random items": Family(make=(RANDOM[:1], RANDOM[1:]), alone=True, meets=("made",)),
}
ANY = Family(
    labels=((CLICKED,), (CLICKED, BOUGHT)),
    event_id=("event_id", "event_id", None),
    repeats=(False, True),
    lateness=(0 * HOUR, 26 * HOUR),
    sessions=(None, *SESSIONS),
    rules=RULES,
    make=((), RANDOM[:1], RANDOM[1:], (DELAYED,)),
    shape=(None, *SHAPES),
)
"""Everything together."""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.mark.parametrize("name", FAMILIES)
def test_all_rows_of_a_market_become_what_the_oracle_makes_of_it_alone(name: str, root: Path):
    family = FAMILIES[name]
    packs, size = (30, 1) if family.alone else (15, 16)
    met: Counter[str] = Counter()
    cases = set()
    for pack in range(packs):
        choices = Choices.named(f"{name} {pack}")
        (zone, first), days = choices.of(family.places), choices.of((1, 2))
        samples = family.samples(choices, zone)
        names = [f"{name} {pack} {market}" for market in range(size)]
        markets = {f"m{n}": family.log(Choices.named(each), zone, first, days) for n, each in enumerate(names)}
        cases |= {repr(log.rows()) for log in markets.values()}
        met += compared(samples, root, markets)
    assert len(cases) == packs * size
    assert [fate for fate in family.meets if not met[fate]] == []


def compared(samples: Impressions, root: Path, markets: dict[str, EventLog]) -> Counter[str]:
    logs = Logs.write(samples, root, markets)
    met: Counter[str] = Counter()
    for partition in partitions(logs):
        try:
            met += check(logs, partition)
        except AssertionError as error:
            error.add_note(f"In {partition} of {samples!r}.")
            raise
    logs.delete()
    return met


def partitions(logs: Logs) -> list[Partition]:
    """Return the days of the logs, or the three hours of them that have most impressions."""
    pipeline = pipeline_of(logs.samples)
    spans = {partition: pipeline.bounds(partition) for partition in pipeline.partitions(logs.days)}
    if logs.samples.every == "1d":
        return list(spans)
    times = [row["shown_at"] for row in logs.rows["impressions"]]
    busy = {partition: sum(start <= at < end for at in times) for partition, (start, end) in spans.items()}
    return sorted(spans, key=lambda partition: (-busy[partition], partition))[:3]


@pytest.mark.parametrize("part", range(4))
def test_a_market_alone_becomes_what_the_oracle_makes_of_it(part: int, root: Path):
    @seed(part)  # else all parts would draw the same
    @settings(max_examples=10, phases=UNSHRUNK, database=None)
    @given(log=event_logs(), choices=st.binary(min_size=24, max_size=24).map(Choices))
    def alone(log: EventLog, choices: Choices) -> None:
        compared(ANY.samples(choices, log.zone), root, {"": log})

    alone()


def test_an_impression_that_is_sent_again_after_its_hour_takes_no_click_from_itself(root: Path):
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    row = {"event_id": "e", "user_id": "u", "request_id": "r", "item_id": "x"}
    other = {"category": None, "query": None, "user_agent": None, "position": None, "is_prefix": None}
    shown = [{**row, **other, "shown_at": time, "landed_at": time} for time in (at - MINUTE, at)]
    clicked = {**row, "clicked_at": at + MINUTE, "landed_at": at + MINUTE}
    samples = Family(every=("1h",)).samples(Choices(b""), "UTC")
    logs = Logs.write(samples, root, {"m": EventLog("UTC", at.date(), 1, shown, [clicked], [])})
    assert check(logs, Partition(at.date(), 11))["impressions kept"] == 1
    assert check(logs, Partition(at.date(), 12))["impressions duplicate"] == 1
