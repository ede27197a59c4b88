"""What a row is to the oracles of the rules: a dict, with a number, and a reason once a rule dropped it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]

ROW, DROPPED = "@row", "@dropped"
"""Keys of a row's number, unique and rising in the day, and of why it was dropped: None while it is live."""

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def numbered(rows: Iterable[Row]) -> list[Row]:
    """Return copies of the rows, numbered from 0 in their order and live.

    Examples
    --------
    >>> numbered([{"item": "x"}])
    [{'item': 'x', '@row': 0, '@dropped': None}]
    """
    return [{**row, ROW: number, DROPPED: None} for number, row in enumerate(rows)]


def copied(rows: Iterable[Row]) -> list[Row]:
    """Return copies of the rows; those without a reason are live."""
    return [{**row, DROPPED: row.get(DROPPED)} for row in rows]


def live(rows: Iterable[Row]) -> list[Row]:
    """Return the rows, the same dicts, that no rule dropped."""
    return [row for row in rows if row.get(DROPPED) is None]


def drop(rows: Iterable[Row], reason: str) -> None:
    """Write the reason into the rows."""
    for row in rows:
        row[DROPPED] = reason


def names(columns: str | Sequence[str]) -> tuple[str, ...]:
    """Return one name or several as a tuple.

    Examples
    --------
    >>> names("user_id"), names(["request_id", "item_id"])
    (('user_id',), ('request_id', 'item_id'))
    """
    return (columns,) if isinstance(columns, str) else tuple(columns)


def values(row: Row, by: str | Sequence[str]) -> tuple[Any, ...]:
    """Return the row's values of some columns, nulls included."""
    return tuple(row[name] for name in names(by))


def groups(rows: Iterable[Row], by: str | Sequence[str]) -> list[list[Row]]:
    """Return the rows by equal values of some columns, groups and rows in their order; a row with a null is in none.

    Examples
    --------
    >>> groups([{"u": "a", "n": 1}, {"u": None, "n": 2}, {"u": "b", "n": 3}, {"u": "a", "n": 4}], "u")
    [[{'u': 'a', 'n': 1}, {'u': 'a', 'n': 4}], [{'u': 'b', 'n': 3}]]
    """
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if None not in values(row, by):
            found.setdefault(values(row, by), []).append(row)
    return list(found.values())


def ordered(rows: Iterable[Row], by: str) -> list[Row]:
    """Return the rows by the value of a column, nulls last; equal ones by their number.

    Examples
    --------
    >>> [row["@row"] for row in ordered(numbered([{"at": None}, {"at": 2}, {"at": 1}, {"at": 1}]), "at")]
    [2, 3, 1, 0]
    """
    return sorted(rows, key=lambda row: (row[by] is None, 0 if row[by] is None else row[by], row[ROW]))


def microseconds(span: dt.timedelta) -> int:
    """Return a span as a whole number of microseconds.

    Examples
    --------
    >>> microseconds(dt.timedelta(seconds=1.5))
    1500000
    """
    return span // MICROSECOND


def duration(text: str | dt.timedelta) -> dt.timedelta:
    """Return a duration written as ``30s``, ``30m``, ``2h`` or ``7d``; a ``timedelta`` as it is.

    Examples
    --------
    >>> duration("30m")
    datetime.timedelta(seconds=1800)
    """
    if isinstance(text, dt.timedelta):
        return text
    return dt.timedelta(**{_UNITS[text[-1]]: int(text[:-1])})
