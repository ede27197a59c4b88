"""Oracle of window features: count the events of one entity by hand."""

import datetime as dt
from collections.abc import Iterable, Sequence

Event = tuple[Sequence[object], dt.datetime]
"""One event: the values of its entity's columns, and when it happened."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_HOUR = dt.timedelta(hours=1)


def floor_hour(at: dt.datetime) -> dt.datetime:
    """Return the start of the UTC hour that an instant lies in.

    Examples
    --------
    >>> floor_hour(dt.datetime(2026, 11, 1, 12, 59, 59, tzinfo=dt.UTC)).isoformat()
    '2026-11-01T12:00:00+00:00'
    """
    return _EPOCH + (at - _EPOCH) // _HOUR * _HOUR


def window(at: dt.datetime, *, over: dt.timedelta, delay: dt.timedelta) -> tuple[dt.datetime, dt.datetime]:
    """Return the half-open window ``[start, end)`` that a feature at an instant may read.

    Parameters
    ----------
    at
        When the feature is needed; with a time zone.
    over, delay
        How long the window is, and how long before the hour of ``at`` it ends.

    Examples
    --------
    >>> noon = dt.datetime(2026, 11, 1, 12, 30, tzinfo=dt.UTC)
    >>> [edge.isoformat() for edge in window(noon, over=dt.timedelta(days=1), delay=dt.timedelta(hours=2))]
    ['2026-10-31T10:00:00+00:00', '2026-11-01T10:00:00+00:00']
    """
    end = floor_hour(at) - delay
    return end - over, end


def smoothed_rate(
    of: Iterable[Event],
    per: Iterable[Event],
    *,
    entity: Sequence[object],
    at: dt.datetime,
    over: dt.timedelta,
    delay: dt.timedelta,
    alpha: float,
    beta: float,
) -> float | None:
    """Return ``(n_of + alpha) / (n_per + alpha + beta)`` of an entity at an instant.

    Parameters
    ----------
    of, per
        The events above and below the line, such as clicks and impressions.
    entity
        Values of the entity's columns; None in any of them makes the answer None.
    at, over, delay
        As in `window`.
    alpha, beta
        The prior: ``alpha`` events in ``alpha + beta`` trials. Their sum is formed first, so that the answer has one
        value to the last bit.

    Examples
    --------
    >>> def hour(h):
    ...     return dt.datetime(2026, 11, 1, h, tzinfo=dt.UTC)
    >>> shown = [(("x",), hour(8)), (("x",), hour(9)), (("y",), hour(9)), (("x",), hour(10))]
    >>> when = {"at": hour(12), "over": dt.timedelta(days=1), "delay": dt.timedelta(hours=2)}
    >>> smoothed_rate(shown[:1], shown, entity=("x",), **when, alpha=1.0, beta=1.0)
    0.5
    """
    if any(value is None for value in entity):
        return None
    start, end = window(at, over=over, delay=delay)

    def count(events: Iterable[Event]) -> int:
        return sum(1 for who, when in events if tuple(who) == tuple(entity) and start <= when < end)

    return (count(of) + alpha) / (count(per) + (alpha + beta))
