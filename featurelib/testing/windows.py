"""Oracle of window features: look at every event of the logs, and keep those that a window may read."""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featurelib.testing.rates import Prior, fitted_prior, position_rates, smoothed, wilson
from featurelib.testing.rows import duration, microseconds, names
from featurelib.testing.spans import clock, constant_delay, edge, span

Entity = tuple[str, ...]
Events = list[tuple[dt.datetime, Mapping[str, Any]]]
"""Rows in order, each with the instant at which a window takes it to have happened."""

_DAY_US = 86_400 * 10**6


def window_values(
    window: Any,
    events: Mapping[str, Sequence[Mapping[str, Any]]],
    sample: Mapping[str, Any],
    *,
    at: dt.datetime,
    timezone: str,
    partition_start: dt.datetime,
) -> dict[str, Any]:
    """Return what a window says of a sample, by column.

    Parameters
    ----------
    window
        A declared window of ``featurelib.windows``, read by the name of its class and its public fields. Of its logs
        only ``name``, ``event_id``, ``table.event_time`` and ``table.landing_time`` are read.
    events
        For the name of each log all its rows that count, of all entities: without rejects and repeats, by partition
        and, in a partition, in the order of the files. Times have a zone; a missing value is None.
    sample
        Its values of the window's entity columns. None in any of them makes every answer None.
    at
        Event time of the sample; its window ends before the hour of ``at``, or its day, or ``at`` if the window is
        exact, or earlier by the window's delay.
    timezone
        The zone in which days start at midnight.
    partition_start
        When the sample's partition starts: fitted priors and the click rates of positions are of what was known then.

    Returns
    -------
    dict
        One entry for each length of the window, or one named as the window if it has one length; for ``LastN`` also
        one for each accompanying column.

    Notes
    -----
    Slow on purpose: every call looks at every event. Floats are added exactly and rounded once (`math.fsum`), so a
    right answer may differ in the last bits. NaN in a log counts as null. Events at one instant are in the order of
    their event times, then of ``events``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> class Counter(SimpleNamespace): ...
    >>> clicks = SimpleNamespace(name="clicks", table=SimpleNamespace(event_time="at"))
    >>> how = {"of": clicks, "by": "item", "delay": "1h", "grain": "1h", "exact": False}
    >>> def hour(h):
    ...     return dt.datetime(2026, 11, 1, h, tzinfo=dt.UTC)
    >>> log = [{"item": "x", "at": hour(6)}, {"item": "x", "at": hour(9)}, {"item": "y", "at": hour(9)}]
    >>> when = {"at": hour(11), "timezone": "UTC", "partition_start": hour(0)}
    >>> window_values(Counter(name="item_clicks", over=("2h", "1d"), **how), {"clicks": log}, {"item": "x"}, **when)
    {'item_clicks_2h': 1, 'item_clicks_1d': 2}
    >>> window_values(Counter(name="item_clicks", over="2h", **how), {"clicks": log}, {"item": None}, **when)
    {'item_clicks': None}
    """
    entity = entity_of(sample, window.by)
    answers: dict[str, Any] = {}
    for column, over in _lengths(window):
        if entity is None:
            answers |= dict.fromkeys(_columns(window, column))
            continue
        asked = _Asked(window, events, over, entity, at, timezone, partition_start)
        answers |= zip(_columns(window, column), _MEMBERS[type(window).__name__](asked), strict=True)
    return answers


def entity_of(row: Mapping[str, Any], by: str | Sequence[str]) -> Entity | None:
    """Return the texts of a row's entity columns; None if one of them is null.

    Examples
    --------
    >>> entity_of({"item": "x", "slot": 3}, ["item", "slot"]), entity_of({"item": None}, "item")
    (('x', '3'), None)
    """
    found = [row[name] for name in names(by)]
    return None if any(value is None for value in found) else tuple(str(value) for value in found)


def _lengths(window: Any) -> Iterator[tuple[str, dt.timedelta]]:
    """Yield the first column of each length of a window, and the length; for a trend its long one."""
    if type(window).__name__ == "Trend":
        yield window.name, duration(window.long)
    elif isinstance(window.over, str | dt.timedelta):
        yield window.name, duration(window.over)
    else:
        for over in window.over:
            yield f"{window.name}_{over}", duration(over)


def _columns(window: Any, column: str) -> list[str]:
    also = names(window.also) if type(window).__name__ == "LastN" else ()
    return [column, *(f"{column}_{name}" for name in also)]


@dataclass(frozen=True)
class _Asked:
    """A window of one length, asked for one entity at one instant."""

    window: Any
    logs: Mapping[str, Sequence[Mapping[str, Any]]]
    over: dt.timedelta
    entity: Entity
    at: dt.datetime
    timezone: str
    partition_start: dt.datetime

    @property
    def edge(self) -> dt.datetime:
        return edge(self.at, grain=self.window.grain, exact=self.window.exact, timezone=self.timezone)

    def all_events(
        self, log: Any, *, at: dt.datetime, over: dt.timedelta, of: Callable[[Entity | None], bool] = lambda _: True
    ) -> Events:
        """Return the events that the window of a sample at an instant reads, of all entities or of some, in order."""
        window = self.window
        start, end = span(
            at,
            over=over,
            delay=constant_delay(window.delay),
            grain=window.grain,
            exact=window.exact,
            timezone=self.timezone,
        )
        rows = [row for row in self.logs[log.name] if of(entity_of(row, window.by))]
        timed = [(clock(row, log, window.delay), row) for row in rows]
        inside = [(s, row) for s, row in timed if start <= s < end]
        return sorted(inside, key=lambda event: (event[0], event[1][log.table.event_time]))

    def events(self, log: Any = None, *, over: dt.timedelta | None = None) -> Events:
        """Return the entity's events in the sample's window, in order."""
        own = self.window.of if log is None else log
        return self.all_events(own, at=self.at, over=over or self.over, of=lambda entity: entity == self.entity)

    def values(self) -> list[Any]:
        """Return the values of the window's column that are not null, in order."""
        return [row[self.window.column] for _, row in self.events() if _known(row[self.window.column])]


def _known(value: object) -> bool:
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _total(values: Sequence[Any]) -> Any:
    """Return the sum: whole for whole numbers; for floats exact and rounded once, unless it leaves their range."""
    if not any(isinstance(value, float) for value in values):
        return sum(values)
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return sum(values)


def _counter(asked: _Asked) -> list[Any]:
    return [len(asked.events())]


def _sum(asked: _Asked) -> list[Any]:
    return [_total(asked.values())]


def _mean(asked: _Asked) -> list[Any]:
    values = asked.values()
    return [_total(values) / len(values) if values else None]


def _minimum(asked: _Asked) -> list[Any]:
    return [min(asked.values(), default=None)]


def _maximum(asked: _Asked) -> list[Any]:
    return [max(asked.values(), default=None)]


def _distinct(asked: _Asked) -> list[Any]:
    return [len(set(asked.values()))]


def _last_value(asked: _Asked) -> list[Any]:
    values = asked.values()
    return [values[-1] if values else None]


def _recency(asked: _Asked) -> list[Any]:
    events = asked.events()
    return [microseconds(asked.edge - events[-1][0]) / 10**6 if events else None]


def _decayed(asked: _Asked) -> list[Any]:
    column, half_life = asked.window.column, duration(asked.window.half_life)
    weighed = [(1 if column is None else row[column], (asked.edge - s) / half_life) for s, row in asked.events()]
    return [float(_total([value * 2.0**-age for value, age in weighed if _known(value)]))]


def _rate(asked: _Asked) -> list[Any]:
    events, trials, smooth = len(asked.events()), len(asked.events(asked.window.per)), asked.window.smooth
    kind = type(smooth).__name__
    if kind == "Wilson":
        return [wilson(events, trials, smooth.z)]
    if kind == "EmpiricalBayes":
        return [smoothed(events, trials, _prior(asked))]
    return [smoothed(events, trials, (smooth.alpha, smooth.beta))]


def _prior(asked: _Asked) -> Prior:
    """Return the prior fitted to all entities, at the start of the sample's partition."""
    met: dict[Entity, list[int]] = {}
    for n, log in enumerate((asked.window.of, asked.window.per)):
        for _, row in asked.all_events(log, at=asked.partition_start, over=asked.over):
            entity = entity_of(row, asked.window.by)
            if entity is not None:
                met.setdefault(entity, [0, 0])[n] += 1
    smooth = asked.window.smooth
    otherwise = (smooth.otherwise.alpha, smooth.otherwise.beta)
    return fitted_prior([(of, per) for of, per in met.values()], method=smooth.method, otherwise=otherwise)


def _coec(asked: _Asked) -> list[Any]:
    window = asked.window
    over = asked.over if window.curve_over is None else duration(window.curve_over)

    def positions(events: Events) -> list[Any]:
        return [row[window.position] if _known(row[window.position]) else None for _, row in events]

    clicked, shown = (
        positions(asked.all_events(log, at=asked.partition_start, over=over)) for log in (window.of, window.per)
    )
    rates = position_rates(clicked, shown)
    expected = sum(rates.get(position, 0) for position in positions(asked.events(window.per)))
    return [len(asked.events()) / (expected / 2**32) if expected else None]


def _trend(asked: _Asked) -> list[Any]:
    short, long = duration(asked.window.short), duration(asked.window.long)
    counts = [len(asked.events(over=over)) for over in (short, long)]
    lengths = [microseconds(over) for over in (short, long)]
    if asked.window.kind == "ratio":
        return [counts[0] * lengths[1] / (counts[1] * lengths[0]) if counts[1] else None]
    a_day = [count * _DAY_US / length for count, length in zip(counts, lengths, strict=True)]
    return [a_day[0] - a_day[1]]


def _last_n(asked: _Asked) -> list[Any]:
    window = asked.window
    rows = [row for _, row in asked.events() if _known(row[window.column])]
    if window.distinct:
        later = [{row[window.column] for row in rows[n + 1 :]} for n in range(len(rows))]
        rows = [row for row, values in zip(rows, later, strict=True) if row[window.column] not in values]
    last = rows[max(0, len(rows) - window.n) :]
    columns = (window.column, *names(window.also))
    return [[row[name] if _known(row[name]) else None for row in last] for name in columns]


_MEMBERS: dict[str, Callable[[_Asked], list[Any]]] = {
    "Counter": _counter,
    "Sum": _sum,
    "Mean": _mean,
    "Minimum": _minimum,
    "Maximum": _maximum,
    "Distinct": _distinct,
    "LastValue": _last_value,
    "Recency": _recency,
    "Decayed": _decayed,
    "Rate": _rate,
    "Coec": _coec,
    "Trend": _trend,
    "LastN": _last_n,
}


def smoothed_rate(
    of: Iterable[tuple[Sequence[object], dt.datetime]],
    per: Iterable[tuple[Sequence[object], dt.datetime]],
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
        As in `span`.
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
    start, end = span(at, over=over, delay=delay)

    def count(events: Iterable[tuple[Sequence[object], dt.datetime]]) -> int:
        return sum(1 for who, when in events if tuple(who) == tuple(entity) and start <= when < end)

    return (count(of) + alpha) / (count(per) + (alpha + beta))
