"""Oracle of a day's samples: which rows come out, and what became of every row of the day that went in."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.testing.credits import Credits, PlainLabel, PlainLog, Standings, credit, lookback, standing
from featurelib.testing.makers import delayed_feedback, random_items
from featurelib.testing.rows import DROPPED, ROW, Row, live
from featurelib.testing.rules import (
    cap_per_user,
    clicks_too_fast,
    keep_fraction,
    listed_agents,
    skip_above,
    too_many_clicks,
    too_many_impressions,
)
from featurelib.testing.sessions import sessions as with_sessions
from featurelib.testing.shapes import Shaped, lists, query_pairs
from featurelib.testing.zones import midnight

Declared = tuple[str, Mapping[str, Any]]
"""A class of the library by its name, and its parameters by theirs: ``("CapPerUser", {"by": "user_id", ...})``."""

RULES: dict[str, Callable[..., list[Row]]] = {
    "TooManyImpressions": too_many_impressions,
    "TooManyClicks": too_many_clicks,
    "ClicksTooFast": clicks_too_fast,
    "ListedAgents": listed_agents,
    "SkipAbove": skip_above,
    "KeepFraction": keep_fraction,
    "CapPerUser": cap_per_user,
}
MAKERS: dict[str, Callable[..., list[Row]]] = {"RandomItems": random_items, "DelayedFeedback": delayed_feedback}
SHAPES: dict[str, Callable[..., Shaped]] = {"Lists": lists, "QueryPairs": query_pairs}

KEPT = "kept"
NEAREST = ("credited", "click_unmatched", "outside_window", "no_click", "no_impression")
"""If several labels give fates to one row, the first of these counts."""

_NO_TIME, _HOUR = dt.timedelta(0), dt.timedelta(hours=1)


@dataclass(frozen=True)
class DaySamples:
    """The samples of one day, and the fate of every row of that day.

    Attributes
    ----------
    rows
        The samples in order. ``@row`` is the position, in the log as it was given, of the impression each comes from.
    fates
        For each log its rows of the day, by position in the log: ``kept``, or the reason why not.
    made
        How many rows each maker made, in the order of the makers.
    unused
        Why made rows did not become rows of their own in the shape, and how many.
    """

    rows: list[Row]
    fates: dict[str, dict[int, str]]
    made: list[int]
    unused: Counter[str]

    def counts(self, log: str) -> dict[str, Any]:
        """Return how many rows of a log came in, were kept, and were dropped for each reason."""
        reasons = Counter(self.fates[log].values())
        kept = reasons.pop(KEPT, 0)
        return {"in": len(self.fates[log]), "kept": kept, "dropped": dict(reasons)}


def samples_of(
    rows: Mapping[str, Sequence[Row]],
    *,
    day: dt.date,
    timezone: str,
    hour: int | None = None,
    logs: Mapping[str, PlainLog],
    labels: Sequence[PlainLabel] = (),
    impressions: str = "impressions",
    carried: Sequence[str] = (),
    sessions: Mapping[str, Any] | None = None,
    keep: Sequence[Declared] = (),
    make: Sequence[Declared] = (),
    shape: Declared | None = None,
    observed_at: dt.datetime | None = None,
    sees: Mapping[str, dt.timedelta] | None = None,
) -> DaySamples:
    """Return the samples of one day, or of one hour of it, and what became of its rows.

    Parameters
    ----------
    rows
        The rows of each log, of all days, in the order in which a reader meets them.
    day, timezone
        The day, from midnight to midnight in the zone.
    hour
        Which hour of it, from 0 at midnight; None for the whole day.
    logs
        What is declared of each log.
    labels, carried
        The attributed labels, a chained one after the one it goes by; names of the labels that are in the log.
    impressions
        Name of the log that the samples are made from.
    sessions, keep, make, shape
        The parameters of ``Sessions``; the rules, makers and shape by name and parameters.
    observed_at
        Until when labels were waited for; only ``DelayedFeedback`` asks, and cannot do without.
    sees
        How long before the day, or the hour, each log is read. By default `lookback` of the labels, so that a click
        whose one impression was shown long before has ``no_impression``.

    Notes
    -----
    The way of a row: rejected, repeated or duplicate (see `standing`); credited; put into a session; judged by each
    rule in turn; joined by made rows; shaped. Clicks are credited to impressions that a rule drops, too. A row that
    serves several labels has the nearest of its fates.

    Examples
    --------
    >>> def at(minute):
    ...     return dt.datetime(2026, 11, 1, 23, 50, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
    >>> log = PlainLog(time="at", event_id=None, landing=None)
    >>> day = samples_of(
    ...     {
    ...         "impressions": [{"user": user, "at": at(minute)} for user, minute in [("u", 0), ("v", 1), ("u", 11)]],
    ...         "clicks": [{"user": user, "at": at(minute)} for user, minute in [("u", 9), ("v", 12), ("w", 9)]],
    ...     },
    ...     day=dt.date(2026, 11, 1),
    ...     timezone="UTC",
    ...     logs={"impressions": log, "clicks": log},
    ...     labels=[PlainLabel(name="clicked", log="clicks", keys=["user"], within="30m")],
    ... )
    >>> [(row["user"], row["clicked"], row["clicked__count"], row["@row"]) for row in day.rows]
    [('u', 1, 1, 0), ('v', 1, 1, 1)]
    >>> day.fates["clicks"]
    {0: 'kept', 2: 'no_impression'}
    >>> day.counts("clicks")
    {'in': 2, 'kept': 1, 'dropped': {'no_impression': 1}}
    """
    spans = lookback(labels, impressions) | dict(sees or {})
    begin, end = midnight(day, timezone), midnight(day + dt.timedelta(days=1), timezone)
    if hour is not None:
        begin += hour * _HOUR
        end = begin + _HOUR
    since = {name: begin - spans.get(name, _NO_TIME) for name in logs}
    standings = {
        name: standing(rows[name], log, since=since[name], start=begin, timezone=timezone) for name, log in logs.items()
    }
    answers = credit(rows, standings, logs=logs, labels=labels, impressions=impressions)
    known = _Known(rows, logs, labels, standings, answers)
    of_day = {
        name: [i for i, row in enumerate(rows[name]) if begin <= row[log.time] < end] for name, log in logs.items()
    }
    fates = {name: {i: known.fate(name, i) for i in numbers} for name, numbers in of_day.items()}

    today = [
        {**rows[impressions][i], ROW: i, DROPPED: standings[impressions][i], **known.labels_of(i)}
        for i in of_day[impressions]
    ]
    if sessions is not None:
        today = with_sessions(today, **sessions)
    seen = live(today)
    for name, how in keep:
        today = RULES[name](today, **how)
    fates[impressions] = {row[ROW]: row[DROPPED] or KEPT for row in today}

    found, made = live(today), []
    logged = len(found)
    told: dict[str, dict[str, Any]] = {
        "RandomItems": {"seen": seen, "time": logs[impressions].time, "carried": carried, "labels": known.names()},
        "DelayedFeedback": {"time": logs[impressions].time, "observed_at": observed_at},
    }
    for name, how in make:
        before = len(found)
        found = MAKERS[name](found, **{**told[name], **how})
        made.append(len(found) - before)

    unused: Counter[str] = Counter()
    if shape is not None:
        name, how = shape
        shaped = SHAPES[name](found, **how)
        fates[impressions] |= {row[ROW]: why or KEPT for row, why in _pairs(found, shaped.reasons, end=logged)}
        unused.update(why for _, why in _pairs(found, shaped.reasons, start=logged) if why is not None)
        found = shaped.rows
    return DaySamples([_without_reason(row) for row in found], fates, made, unused)


@dataclass(frozen=True)
class _Known:
    """What is known of all rows of all logs, before any rule."""

    rows: Mapping[str, Sequence[Row]]
    logs: Mapping[str, PlainLog]
    labels: Sequence[PlainLabel]
    standings: Standings
    credits: Credits

    def names(self) -> list[str]:
        return [label.name for label in self.labels]

    def fate(self, log: str, i: int) -> str:
        """Return what became of a row of a log before any rule."""
        aside = self.standings[log][i]
        if aside is not None:
            return aside
        reasons = [self.credits[label.name][i].reason for label in self.labels if label.log == log]
        nearest = min(reasons, key=NEAREST.index, default="credited")
        return KEPT if nearest == "credited" else nearest

    def labels_of(self, impression: int) -> Row:
        """Return the label columns of an impression."""
        columns: Row = {}
        for label in self.labels:
            events, time = self.rows[label.log], self.logs[label.log].time
            fates = self.credits[label.name].items()
            times = [events[event][time] for event, fate in fates if fate.impression == impression]
            columns[label.name] = 1 if times else 0
            columns[f"{label.name}__count"] = len(times)
            columns[f"{label.name}__at"] = min(times, default=None)
        return columns


def _pairs(
    rows: list[Row], reasons: list[str | None], *, start: int = 0, end: int | None = None
) -> list[tuple[Row, str | None]]:
    return list(zip(rows, reasons, strict=True))[start:end]


def _without_reason(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != DROPPED}
