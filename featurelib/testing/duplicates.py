"""Oracles of duplicates: the same event id again, or the same columns again soon."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def first_of_each(rows: Sequence[Row], *, time: str, event_id: str | None, landing: str | None = None) -> list[bool]:
    """Say of each row whether it is the first with its event id.

    First by event time, then by landing time, then by position. A null event id repeats nothing.

    Parameters
    ----------
    rows
        The log.
    time, landing
        Columns with the event time and the landing time; a null landing time comes before any other.
    event_id
        Column with the id; None if the log has none, which keeps every row.

    Examples
    --------
    >>> rows = [{"id": "a", "at": 2}, {"id": "a", "at": 1}, {"id": None, "at": 1}, {"id": None, "at": 1}]
    >>> first_of_each(rows, time="at", event_id="id")
    [False, True, True, True]
    """
    if event_id is None:
        return [True] * len(rows)
    kept = [True] * len(rows)
    for i, row in enumerate(rows):
        for j, other in enumerate(rows):
            same = i != j and row[event_id] is not None and row[event_id] == other[event_id]
            if same and _rank(rows, j, time, landing) < _rank(rows, i, time, landing):
                kept[i] = False
    return kept


def repeats(
    rows: Sequence[Row],
    *,
    columns: Sequence[str],
    within: dt.timedelta,
    time: str,
    event_id: str | None,
    landing: str | None = None,
) -> list[bool]:
    """Say of each row whether it repeats the row before it: the same columns again, sooner than ``within``.

    The row before it is the previous one with the same columns, by event time, landing time and position, be that one
    a repeat itself or not: of a chain of rows that follow each other soon, the first alone is no repeat. Rows with an
    event id repeat nothing, and nothing repeats them.

    Parameters
    ----------
    rows
        The log, from ``within`` before the first row that matters.
    columns
        What must be equal; null equals null.
    within
        Below this gap a row is a repeat; at it, it is not.
    time, event_id, landing
        As in `first_of_each`.

    Examples
    --------
    >>> def at(minute):
    ...     return dt.datetime(2026, 11, 1, 12, minute)
    >>> rows = [{"item": "x", "at": at(minute)} for minute in (0, 4, 8, 13)]
    >>> repeats(rows, columns=["item"], within=dt.timedelta(minutes=5), time="at", event_id=None)
    [False, True, True, False]
    """
    anonymous = [i for i, row in enumerate(rows) if event_id is None or row[event_id] is None]
    found = [False] * len(rows)
    for i in anonymous:
        before = [
            j
            for j in anonymous
            if all(rows[j][name] == rows[i][name] for name in columns)
            and _rank(rows, j, time, landing) < _rank(rows, i, time, landing)
        ]
        if before:
            previous = max(before, key=lambda j: _rank(rows, j, time, landing))
            found[i] = rows[i][time] - rows[previous][time] < within
    return found


def _rank(rows: Sequence[Row], i: int, time: str, landing: str | None) -> tuple[Any, ...]:
    landed = rows[i][landing] if landing is not None else None
    return (rows[i][time], landed is not None, landed, i)
