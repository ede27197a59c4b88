"""Oracle of chained attribution: an order goes to a click, and with it to the impression of that click."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Touch:
    """A click that an order may be credited to.

    Attributes
    ----------
    row
        The click.
    impression
        Position of the impression that the click is credited to; None if it is credited to none.
    """

    row: Row
    impression: int | None


@dataclass(frozen=True, slots=True)
class ChainFate:
    """What became of one order.

    Attributes
    ----------
    reason
        ``credited``; ``no_click`` if none with its keys is at or before it; ``outside_window`` if the latest of them
        is too long ago; ``click_unmatched`` if that click is credited to no impression.
    click
        Position of the latest click, if it is within the window.
    impression
        Position of the impression that the order is credited to; None unless credited.
    """

    reason: str
    click: int | None = None
    impression: int | None = None


def attribute_via(
    touches: Sequence[Touch],
    orders: Sequence[Row],
    *,
    keys: Sequence[str],
    within: dt.timedelta,
    clicked_at: str = "clicked_at",
    ordered_at: str = "ordered_at",
) -> list[ChainFate]:
    """Credit each order to the latest click with the same keys, at or before it and within the window.

    Parameters
    ----------
    touches
        The distinct clicks, credited or not, in the order of their rows: at one instant the later row comes last.
    orders
        The distinct orders.
    keys
        Columns that both have; a null key equals nothing.
    within
        An order counts at ``clicked_at <= ordered_at < clicked_at + within``.
    clicked_at, ordered_at
        Columns with the event times.

    Notes
    -----
    The latest click decides alone: if it is credited to no impression, an earlier click that is does not step in.

    Examples
    --------
    >>> def at(minute):
    ...     return dt.datetime(2026, 11, 1, 12, minute)
    >>> touches = [Touch({"user": "u", "clicked_at": at(0)}, 7), Touch({"user": "u", "clicked_at": at(5)}, None)]
    >>> orders = [{"user": "u", "ordered_at": at(minute)} for minute in (4, 6)]
    >>> fates = attribute_via(touches, orders, keys=["user"], within=dt.timedelta(hours=1))
    >>> [(fate.reason, fate.impression) for fate in fates]
    [('credited', 7), ('click_unmatched', None)]
    """
    return [_fate(order, touches, keys, within, clicked_at, ordered_at) for order in orders]


def _fate(
    order: Row, touches: Sequence[Touch], keys: Sequence[str], within: dt.timedelta, clicked_at: str, ordered_at: str
) -> ChainFate:
    latest: int | None = None
    for i, touch in enumerate(touches):
        same = all(order[key] is not None and order[key] == touch.row[key] for key in keys)
        if not same or touch.row[clicked_at] > order[ordered_at]:
            continue
        if latest is None or touch.row[clicked_at] >= touches[latest].row[clicked_at]:
            latest = i
    if latest is None:
        return ChainFate("no_click")
    if order[ordered_at] - touches[latest].row[clicked_at] >= within:
        return ChainFate("outside_window")
    impression = touches[latest].impression
    return ChainFate("click_unmatched" if impression is None else "credited", latest, impression)
