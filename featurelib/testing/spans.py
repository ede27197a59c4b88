"""Oracle of clocks and spans: when an event counts, and which part of time a window reads."""

import datetime as dt
import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import xxhash

from featurelib.testing.hashing import text_of
from featurelib.testing.rows import EPOCH, duration, microseconds
from featurelib.testing.zones import day_of, midnight

_NO_TIME, _HOUR, _DAY = dt.timedelta(0), dt.timedelta(hours=1), dt.timedelta(days=1)


def floor_hour(at: dt.datetime) -> dt.datetime:
    """Return the start of the UTC hour that an instant lies in.

    Examples
    --------
    >>> floor_hour(dt.datetime(2026, 11, 1, 12, 59, 59, tzinfo=dt.UTC)).isoformat()
    '2026-11-01T12:00:00+00:00'
    """
    return EPOCH + (at - EPOCH) // _HOUR * _HOUR


def constant_delay(delay: Any) -> dt.timedelta:
    """Return how long before the edge a window ends: 0 if the delay is each event's own.

    Examples
    --------
    >>> constant_delay("2h")
    datetime.timedelta(seconds=7200)
    """
    return duration(delay) if isinstance(delay, str | dt.timedelta) else _NO_TIME


def edge(at: dt.datetime, *, grain: str = "1h", exact: bool = False, timezone: str = "UTC") -> dt.datetime:
    """Return the instant that a window counts back from.

    Parameters
    ----------
    at
        When the feature is needed; with a time zone.
    grain, exact
        Exactly then; or at the start of its UTC hour (``1h``), or of its day (``1d``).
    timezone
        The zone of the days.

    Examples
    --------
    >>> at = dt.datetime(2026, 11, 1, 12, 30, tzinfo=dt.UTC)
    >>> [f"{edge(at, grain=grain, timezone='Asia/Kolkata'):%d %H:%M}" for grain in ("1h", "1d")]
    ['01 12:00', '31 18:30']
    """
    if exact:
        return at.astimezone(dt.UTC)
    return floor_hour(at) if grain == "1h" else midnight(day_of(at, timezone), timezone)


def span(
    at: dt.datetime,
    *,
    over: str | dt.timedelta,
    delay: str | dt.timedelta = _NO_TIME,
    grain: str = "1h",
    exact: bool = False,
    timezone: str = "UTC",
) -> tuple[dt.datetime, dt.datetime]:
    """Return the half-open span ``[start, end)`` that a window reads for a sample at an instant.

    Parameters
    ----------
    at, grain, exact, timezone
        As in `edge`.
    over, delay
        How long the span is, and how long before the edge it ends. With days as grain both are numbers of days of the
        zone, which may have 23 or 25 hours.

    Examples
    --------
    >>> at = dt.datetime(2026, 10, 26, 12, 30, tzinfo=dt.UTC)
    >>> for grain in ("1h", "1d"):
    ...     start, end = span(at, over="1d", delay="1d", grain=grain, timezone="Europe/Berlin")
    ...     print(f"{start:%d %H:%M} to {end:%d %H:%M}")
    24 12:00 to 25 12:00
    23 22:00 to 24 22:00
    """
    length, late = duration(over), duration(delay)
    if grain == "1d" and not exact:
        last = day_of(at, timezone) - late // _DAY * _DAY
        return midnight(last - length // _DAY * _DAY, timezone), midnight(last, timezone)
    end = edge(at, exact=exact) - late
    return end - length, end


def clock(event: Mapping[str, Any], log: Any, delay: Any) -> dt.datetime:
    """Return when a window takes an event to have happened, in UTC.

    Parameters
    ----------
    event
        A row of the log.
    log
        Its declaration: ``table.event_time``, ``table.landing_time`` and ``event_id`` name columns.
    delay
        That of the window. With ``Landed()`` the later of the event time and the landing time, but no more than
        its ``most`` after the event time, and the event time if the landing time is null; with ``Drawn(...)`` the
        event time and a `drawn_lag`; else the event time.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> class Landed:
    ...     most = "1d"
    >>> log = SimpleNamespace(table=SimpleNamespace(event_time="at", landing_time="landed_at"), event_id=None)
    >>> noon = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    >>> row = {"at": noon, "landed_at": noon + dt.timedelta(hours=3)}
    >>> [clock(row, log, delay).hour for delay in ("1h", Landed())]
    [12, 15]
    """
    at: dt.datetime = event[log.table.event_time].astimezone(dt.UTC)
    kind = type(delay).__name__
    if kind == "Landed":
        landed = event[log.table.landing_time]
        return at if landed is None else min(max(at, landed.astimezone(dt.UTC)), at + duration(delay.most))
    if kind == "Drawn":
        return at + drawn_lag(event[log.event_id], delay.curve)
    return at


def drawn_lag(event_id: object, curve: Mapping[float, str | dt.timedelta]) -> dt.timedelta:
    """Return the lag of an event, drawn by the hash of its id from the quantiles of a lag.

    Parameters
    ----------
    event_id
        A null id draws as an empty text does.
    curve
        Lags by the share of events that have at most that lag; the last share is 1. Between two shares, and from a lag
        of 0 at a share of 0, lags grow in a straight line; they are rounded down to whole microseconds.

    Notes
    -----
    The share is XXH64 of the text of the id, with seed 42, without its lowest 11 bits, over ``2**53``.

    Examples
    --------
    >>> [str(drawn_lag(n, {0.5: "2m", 1.0: "1h"})) for n in ("a", "b", "c", None)]
    ['0:06:01.819383', '0:19:48.303595', '0:38:19.684682', '0:13:11.334183']
    """
    text = "" if event_id is None else text_of(event_id)
    share = (xxhash.xxh64_intdigest(text.encode(), seed=42) >> 11) * 2.0**-53
    points = [(0.0, 0), *((q, microseconds(duration(lag))) for q, lag in sorted(curve.items()))]
    for (q0, lag0), (q1, lag1) in pairwise(points):
        if share < q1:
            return dt.timedelta(microseconds=lag0 + math.floor((share - q0) / (q1 - q0) * (lag1 - lag0)))
    raise ValueError(f"the last share of a lag is 1.0, not {points[-1][0]}")
