"""Oracle of last-touch attribution: a few loops over lists of dicts."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.testing.duplicates import first_of_each

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one click.

    Attributes
    ----------
    reason
        ``credited``, ``no_impression``, ``outside_window`` or ``duplicate``.
    impression
        Position, in the list of impressions, of the one it is credited to; None unless credited.
    """

    reason: str
    impression: int | None = None


@dataclass(frozen=True, slots=True)
class Attribution:
    """The answer for a whole log; every list has one entry per row that came in.

    Attributes
    ----------
    kept
        False for an impression that repeats an earlier event id.
    label
        1 if at least one click is credited to the impression, else 0; None where it is not kept.
    clicks
        How many clicks are credited to it; None where it is not kept.
    first_click_at
        When the earliest of them happened; None without one.
    fates
        What became of each click.
    """

    kept: list[bool]
    label: list[int | None]
    clicks: list[int | None]
    first_click_at: list[dt.datetime | None]
    fates: list[Fate]


def attribute(
    impressions: Sequence[Row],
    clicks: Sequence[Row],
    *,
    keys: Sequence[str],
    within: dt.timedelta,
    shown_at: str = "shown_at",
    clicked_at: str = "clicked_at",
    event_id: str | None = "event_id",
    landing: str | None = None,
) -> Attribution:
    """Credit each click to the latest impression with the same keys, at or before it and within the window.

    Parameters
    ----------
    impressions, clicks
        The two logs, in the order of their rows.
    keys
        Columns that both have; a null key equals nothing, not even another null.
    within
        The attribution window: a click counts at ``shown_at <= clicked_at < shown_at + within``.
    shown_at, clicked_at
        Columns with the event times.
    event_id, landing
        Columns, of both logs, by which duplicates are found and ordered: see `first_of_each`.

    Notes
    -----
    Of several impressions with the same keys at the same instant, the later row gets the click.
    A click whose keys were shown only *after* it has ``no_impression``; one that comes ``within`` or more after
    the latest impression has ``outside_window``.

    Examples
    --------
    >>> def at(minute):
    ...     return dt.datetime(2026, 11, 1, 12, minute)
    >>> shown = [{"event_id": f"i{m}", "item": "x", "shown_at": at(m)} for m in (0, 5)]
    >>> clicked = [{"event_id": f"c{k}", "item": k, "clicked_at": at(7)} for k in "xy"]
    >>> answer = attribute(shown, clicked, keys=["item"], within=dt.timedelta(minutes=30))
    >>> answer.label, [fate.reason for fate in answer.fates]
    ([0, 1], ['credited', 'no_impression'])
    """
    shown_kept = first_of_each(impressions, time=shown_at, event_id=event_id, landing=landing)
    click_kept = first_of_each(clicks, time=clicked_at, event_id=event_id, landing=landing)
    shown = [(i, row) for i, row in enumerate(impressions) if shown_kept[i]]
    fates = [
        _fate(click, shown, keys, within, shown_at, clicked_at) if kept else Fate("duplicate")
        for click, kept in zip(clicks, click_kept, strict=True)
    ]
    credited: list[list[dt.datetime]] = [[] for _ in impressions]
    for click, fate in zip(clicks, fates, strict=True):
        if fate.impression is not None:
            credited[fate.impression].append(click[clicked_at])
    return Attribution(
        kept=shown_kept,
        label=[int(bool(times)) if kept else None for times, kept in zip(credited, shown_kept, strict=True)],
        clicks=[len(times) if kept else None for times, kept in zip(credited, shown_kept, strict=True)],
        first_click_at=[min(times, default=None) for times in credited],
        fates=fates,
    )


def _fate(
    click: Row,
    shown: Sequence[tuple[int, Row]],
    keys: Sequence[str],
    within: dt.timedelta,
    shown_at: str,
    clicked_at: str,
) -> Fate:
    before = [
        (row[shown_at], i)
        for i, row in shown
        if all(row[key] is not None and row[key] == click[key] for key in keys) and row[shown_at] <= click[clicked_at]
    ]
    if not before:
        return Fate("no_impression")
    latest_at, latest = max(before)
    if click[clicked_at] - latest_at >= within:
        return Fate("outside_window")
    return Fate("credited", latest)
