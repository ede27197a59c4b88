"""Oracle of sessions: rows of one user that follow each other without a long gap."""

import datetime as dt
from collections.abc import Sequence
from itertools import pairwise

from featurelib.testing.hashing import SEPARATOR, text_of
from featurelib.testing.rows import EPOCH, Row, copied, duration, groups, live, microseconds, ordered, values


def sessions(
    rows: Sequence[Row],
    *,
    by: str | Sequence[str],
    time: str,
    gap: str | dt.timedelta | None = "30m",
    name: str = "session",
) -> list[Row]:
    """Return the same rows with ``<name>_id`` and ``<name>_position``.

    A session ends where the next row of the same ``by``, by time and number, comes ``gap`` or more later. Its id is the
    texts of ``by``, joined by the unit separator, ``@`` and the microseconds of its first row since 1970; without a gap
    the texts alone. The position counts from 1. Both are None where a part of ``by`` is null.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> def at(minute):
    ...     return dt.datetime(1970, 1, 1, 0, minute, tzinfo=dt.UTC)
    >>> rows = numbered({"user": "u", "at": at(minute)} for minute in (0, 59, 29))
    >>> [(row["session_id"], row["session_position"]) for row in sessions(rows, by="user", time="at")]
    [('u@0', 1), ('u@3540000000', 1), ('u@0', 2)]
    """
    found = copied(rows)
    for row in found:
        row[f"{name}_id"] = row[f"{name}_position"] = None
    for group in groups(live(found), by):
        for session in _split(ordered(group, time), time, gap):
            identity = SEPARATOR.join(text_of(value) for value in values(session[0], by))
            if gap is not None:
                identity += f"@{microseconds(session[0][time] - EPOCH)}"
            for position, row in enumerate(session, start=1):
                row[f"{name}_id"], row[f"{name}_position"] = identity, position
    return found


def _split(rows: list[Row], time: str, gap: str | dt.timedelta | None) -> list[list[Row]]:
    parts = [[rows[0]]]
    for before, row in pairwise(rows):
        if gap is not None and row[time] - before[time] >= duration(gap):
            parts.append([])
        parts[-1].append(row)
    return parts
