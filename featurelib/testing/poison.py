"""Poison: events that a feature must not see, changed in every way that could move it."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def poisons(
    rows: Sequence[Mapping[str, Any]],
    since: dt.datetime,
    *,
    time: str,
    event_id: str,
    entity: Sequence[str] = (),
    extra: Sequence[Mapping[str, Any]] = (),
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield versions of a log that agree before an instant and differ at or after it.

    A feature that reads only what is before ``since`` has one value for all of them.

    Parameters
    ----------
    rows
        The log; left as it is.
    since
        The first instant that may be poisoned.
    time, event_id
        Columns with the event time and the event id; added rows get ids of their own.
    entity
        Columns that the ``moved`` version gives away to another entity.
    extra
        Rows that the ``added`` version appends. Those before ``since`` are refused by an assertion.

    Yields
    ------
    tuple of str and list of dict
        What was done (``removed``, ``repeated``, ``moved``, ``added``), and the poisoned log.

    Examples
    --------
    >>> def day(d):
    ...     return dt.datetime(2026, 11, d, tzinfo=dt.UTC)
    >>> log = [{"id": "a", "at": day(1)}, {"id": "b", "at": day(2)}]
    >>> for kind, poisoned in poisons(log, day(2), time="at", event_id="id"):
    ...     print(kind, [row["id"] for row in poisoned])
    removed ['a']
    repeated ['a', 'b', 'b~1', 'b~2', 'b~3']
    moved ['a', 'b']
    added ['a', 'b']
    """
    assert all(row[time] >= since for row in extra), f"a row of `extra` is before {since}"  # noqa: S101 - a test's tool
    before = [dict(row) for row in rows if row[time] < since]
    after = [dict(row) for row in rows if row[time] >= since]
    copies = [row | {event_id: f"{row[event_id]}~{n}"} for row in after for n in (1, 2, 3)]
    elsewhere = [row | dict.fromkeys(entity, "poisoned") for row in after]
    yield "removed", before
    yield "repeated", before + after + copies
    yield "moved", before + elsewhere
    yield "added", before + after + [dict(row) for row in extra]
