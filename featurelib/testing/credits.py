"""Oracle of who is credited with what: several logs, their broken and repeated rows, and labels that chain."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from featurelib.testing.attribution import Fate, attribute
from featurelib.testing.chains import Touch, attribute_via
from featurelib.testing.duplicates import first_of_each, repeats
from featurelib.testing.rows import Row, duration
from featurelib.testing.zones import day_of

Credits = dict[str, dict[int, Fate]]
"""For each label the fate of the distinct rows of its log, by position."""

Standings = Mapping[str, Sequence[str | None]]
"""For each log why each of its rows is set aside; None if it is distinct."""


@dataclass(frozen=True, kw_only=True)
class PlainLog:
    """What is declared of a log.

    Attributes
    ----------
    time, event_id, landing
        Columns with the event time, the event id and the landing time; None where there is none.
    repeats
        Columns and the gap below which a row without an event id repeats the one before; None for no such rule.
    broken
        Says of a row for which reason it is rejected, or None; by default no row is.
    """

    time: str
    event_id: str | None = "event_id"
    landing: str | None = "landed_at"
    repeats: tuple[Sequence[str], str | dt.timedelta] | None = None
    broken: Callable[[Row], str | None] | None = None


@dataclass(frozen=True, kw_only=True)
class PlainLabel:
    """What is declared of an attributed label.

    Attributes
    ----------
    name
        Of the label, and of its columns.
    log
        The log whose rows are credited.
    keys, within
        What must be equal, and for how long a row counts.
    via
        Name of an earlier label: rows are credited to the rows of its log, and with them to impressions. None if they
        are credited to impressions at once.
    """

    name: str
    log: str
    keys: Sequence[str]
    within: str | dt.timedelta
    via: str | None = None


def lookback(labels: Sequence[PlainLabel], impressions: str) -> dict[str, dt.timedelta]:
    """Return how long before a day each log may hold what a row of the day is credited to.

    Examples
    --------
    >>> clicked = PlainLabel(name="clicked", log="clicks", keys=["item"], within="30m")
    >>> bought = PlainLabel(name="bought", log="orders", keys=["item"], within="2h", via="clicked")
    >>> {log: str(span) for log, span in lookback([clicked, bought], "impressions").items()}
    {'impressions': '2:30:00', 'clicks': '2:00:00'}
    """
    spans: dict[str, dt.timedelta] = {}
    for label in labels:
        at, span = label, duration(label.within)
        while at.via is not None:
            at = named(labels, at.via)
            spans[at.log] = max(spans.get(at.log, span), span)
            span += duration(at.within)
        spans[impressions] = max(spans.get(impressions, span), span)
    return spans


def named(labels: Sequence[PlainLabel], name: str) -> PlainLabel:
    """Return the label of a name."""
    return next(label for label in labels if label.name == name)


def standing(
    rows: Sequence[Row], log: PlainLog, *, since: dt.datetime, timezone: str, start: dt.datetime | None = None
) -> list[str | None]:
    """Say of each row why it is set aside: None if it is the first of its event.

    The reason of ``broken``; ``repeat`` for the same columns again soon, on whatever day; ``unseen`` before ``since``;
    ``duplicate`` for the id of an earlier row of the same day that is none of these. From ``start`` on, the beginning
    of an hour, a row is also a duplicate of an unseen one of its day.

    Examples
    --------
    >>> def at(hour):
    ...     return dt.datetime(2026, 11, 1, tzinfo=dt.UTC) + dt.timedelta(hours=hour)
    >>> rows = [{"id": "a", "at": at(hour)} for hour in (1, 2, 3, 24)]
    >>> log = PlainLog(time="at", event_id="id", landing=None)
    >>> standing(rows, log, since=at(2), timezone="UTC")
    ['unseen', None, 'duplicate', None]
    >>> standing(rows, log, since=at(2), start=at(2), timezone="UTC")
    ['unseen', 'duplicate', 'duplicate', None]
    """
    found: list[str | None] = [log.broken(row) if log.broken is not None else None for row in rows]
    if log.repeats is not None:
        _set_repeats(found, rows, log, *log.repeats)
    seen = [reason is None and row[log.time] >= since for row, reason in zip(rows, found, strict=True)]
    known = [i for i, reason in enumerate(found) if reason is None]
    firsts_seen = _firsts([i for i in known if seen[i]], rows, log, timezone)
    firsts = _firsts(known, rows, log, timezone)
    for i in known:
        if not seen[i]:
            found[i] = "unseen"
        elif i not in (firsts if start is not None and rows[i][log.time] >= start else firsts_seen):
            found[i] = "duplicate"
    return found


def _firsts(numbers: Sequence[int], rows: Sequence[Row], log: PlainLog, timezone: str) -> set[int]:
    """Return which of some rows are the first of their event on their day."""
    firsts: set[int] = set()
    days = {i: day_of(rows[i][log.time], timezone) for i in numbers}
    for day in set(days.values()):
        of_day = [i for i in numbers if days[i] == day]
        kept = first_of_each([rows[i] for i in of_day], time=log.time, event_id=log.event_id, landing=log.landing)
        firsts.update(i for i, is_first in zip(of_day, kept, strict=True) if is_first)
    return firsts


def _set_repeats(
    found: list[str | None], rows: Sequence[Row], log: PlainLog, columns: Sequence[str], within: str | dt.timedelta
) -> None:
    whole = [i for i, reason in enumerate(found) if reason is None]
    answers = repeats(
        [rows[i] for i in whole],
        columns=columns,
        within=duration(within),
        time=log.time,
        event_id=log.event_id,
        landing=log.landing,
    )
    for i, is_repeat in zip(whole, answers, strict=True):
        found[i] = "repeat" if is_repeat else None


def credit(
    rows: Mapping[str, Sequence[Row]],
    standings: Standings,
    *,
    logs: Mapping[str, PlainLog],
    labels: Sequence[PlainLabel],
    impressions: str,
) -> Credits:
    """Credit the distinct rows of each label's log to distinct impressions, chained labels by way of others.

    Examples
    --------
    >>> def at(minute):
    ...     return dt.datetime(2026, 11, 1, 12, minute)
    >>> rows = {log: [{"item": "x", "at": at(minute)}] for log, minute in [("shown", 0), ("clicks", 1), ("orders", 9)]}
    >>> labels = [
    ...     PlainLabel(name="clicked", log="clicks", keys=["item"], within="5m"),
    ...     PlainLabel(name="bought", log="orders", keys=["item"], within="1h", via="clicked"),
    ... ]
    >>> logs = dict.fromkeys(rows, PlainLog(time="at"))
    >>> fates = credit(rows, dict.fromkeys(rows, [None]), logs=logs, labels=labels, impressions="shown")
    >>> fates["bought"]
    {0: Fate(reason='credited', impression=0)}
    """
    found: Credits = {}
    for label in labels:
        events = _distinct(label.log, standings)
        if label.via is None:
            targets = _distinct(impressions, standings)
            direct = attribute(
                [rows[impressions][i] for i in targets],
                [rows[label.log][i] for i in events],
                keys=label.keys,
                within=duration(label.within),
                shown_at=logs[impressions].time,
                clicked_at=logs[label.log].time,
                event_id=None,
            )
            fates = [
                Fate(fate.reason, None if fate.impression is None else targets[fate.impression])
                for fate in direct.fates
            ]
        else:
            via = named(labels, label.via)
            chained = attribute_via(
                [Touch(rows[via.log][i], found[via.name][i].impression) for i in _distinct(via.log, standings)],
                [rows[label.log][i] for i in events],
                keys=label.keys,
                within=duration(label.within),
                clicked_at=logs[via.log].time,
                ordered_at=logs[label.log].time,
            )
            fates = [Fate(fate.reason, fate.impression) for fate in chained]
        found[label.name] = dict(zip(events, fates, strict=True))
    return found


def _distinct(log: str, standings: Standings) -> list[int]:
    return [i for i, reason in enumerate(standings[log]) if reason is None]
