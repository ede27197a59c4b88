"""Oracles of the shapes of samples other than one row per impression."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from featurelib.testing.rows import ROW, Row, duration, groups, names, ordered, values


@dataclass(frozen=True, slots=True)
class Shaped:
    """Rows in their new shape, and what became of those that came in.

    Attributes
    ----------
    rows
        The new rows.
    reasons
        For each row that came in why it made none of its own; None for one that did.
    """

    rows: list[Row]
    reasons: list[str | None]


def lists(
    rows: Sequence[Row],
    *,
    request: str | Sequence[str],
    order: str,
    columns: Sequence[str],
    first: Sequence[str] = (),
) -> Shaped:
    """Make one row per request: its columns, ``first`` of its first row, lists of ``columns``, and its ``size``.

    A list is ordered by ``order`` (nulls last), then by the number of the row; the lists by the smallest number of
    their rows. A row with a null part of the request is dropped as ``no_request``; each but the first of a list counts
    as ``in_a_list``.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> rows = numbered({"request": r, "slot": slot, "item": item} for r, slot, item in [("a", 2, "x"), ("a", 1, "y")])
    >>> shaped = lists([*rows, {"request": None, "@row": 9}], request="request", order="slot", columns=["item"])
    >>> shaped.rows, shaped.reasons
    ([{'request': 'a', 'item': ['y', 'x'], 'size': 2, '@row': 0}], ['in_a_list', None, 'no_request'])
    """
    found, heads = [], []
    for group in sorted(groups(rows, request), key=lambda group: min(row[ROW] for row in group)):
        listed = ordered(group, order)
        heads.append(listed[0])
        found.append(
            {name: listed[0][name] for name in (*names(request), *first)}
            | {name: [row[name] for row in listed] for name in columns}
            | {"size": len(listed), ROW: min(row[ROW] for row in listed)}
        )
    return Shaped(found, [_in_list(row, request, heads) for row in rows])


def _in_list(row: Row, request: str | Sequence[str], heads: list[Row]) -> str | None:
    if None in values(row, request):
        return "no_request"
    return None if any(row is head for head in heads) else "in_a_list"


def query_pairs(
    rows: Sequence[Row],
    *,
    by: str | Sequence[str],
    query: str,
    time: str,
    label: str,
    within: str | dt.timedelta = "30m",
    is_prefix: str | None = None,
) -> Shaped:
    """Join each query to the next of the same ``by``, if that comes sooner than ``within``.

    A pair has all columns of the first query and ``next_query``, ``next_at``, ``next_<label>``; with ``is_prefix`` also
    ``prefixes``, the texts of the prefixes between the two. Rows are ordered by time and number. Why a row makes no
    pair: ``no_session`` (``by`` has a null), ``prefix``, ``no_next_query``.

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> def at(minute):
    ...     return dt.datetime(2026, 11, 1, 12, minute)
    >>> typed = [("a", 0, False), ("a b", 1, True), ("a bc", 2, False), ("d", 32, False)]
    >>> rows = numbered({"s": 1, "q": q, "at": at(m), "typing": typing, "clicked": 0} for q, m, typing in typed)
    >>> shaped = query_pairs(rows, by="s", query="q", time="at", label="clicked", is_prefix="typing")
    >>> [(row["q"], row["prefixes"], row["next_query"]) for row in shaped.rows]
    [('a', ['a b'], 'a bc')]
    >>> shaped.reasons
    [None, 'prefix', 'no_next_query', 'no_next_query']
    """
    pairs: dict[int, Row] = {}
    for group in groups(rows, by):
        for row, prefixes, following in _steps(ordered(group, time), is_prefix):
            if following[time] - row[time] < duration(within):
                pairs[id(row)] = row | {
                    "next_query": following[query],
                    "next_at": following[time],
                    f"next_{label}": following[label],
                }
                if is_prefix is not None:
                    pairs[id(row)]["prefixes"] = [prefix[query] for prefix in prefixes]

    def reason(row: Row) -> str | None:
        if None in values(row, by):
            return "no_session"
        if is_prefix is not None and row[is_prefix] is True:
            return "prefix"
        return None if id(row) in pairs else "no_next_query"

    return Shaped([pairs[id(row)] for row in rows if id(row) in pairs], [reason(row) for row in rows])


def _steps(rows: list[Row], is_prefix: str | None) -> list[tuple[Row, list[Row], Row]]:
    """Return each query that has a next one, the prefixes between them, and the next one."""
    steps: list[tuple[Row, list[Row], Row]] = []
    query: Row | None = None
    prefixes: list[Row] = []
    for row in rows:
        if is_prefix is not None and row[is_prefix] is True:
            prefixes.append(row)
            continue
        if query is not None:
            steps.append((query, prefixes, row))
        query, prefixes = row, []
    return steps
