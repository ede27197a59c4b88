"""Small logs of clicks and orders, with everything that real ones have on a bad day, read from bytes."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from featurelib.testing.zones import midnight

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York", "Pacific/Apia")
"""Whole-hour zones east and west, one with a half hour, and two that change their clocks."""

FIRST_DAYS = (
    dt.date(2026, 11, 1),  # 25 hours in New York
    dt.date(2026, 10, 24),  # the day before 25 hours in Berlin
    dt.date(2026, 3, 28),  # the day before 23 hours in Berlin
    dt.date(2024, 2, 28),  # a leap day follows
    dt.date(2026, 12, 31),  # a year ends
)


@dataclass(frozen=True, slots=True)
class ClickLog:
    """One generated log of impressions and one of clicks.

    Attributes
    ----------
    zone, first, days
        The time zone in which a day starts at midnight, the first day, and how many there are.
    impressions
        Rows with ``event_id, user_id, request_id, item_id, shown_at, landed_at``.
    clicks
        Rows with ``event_id, user_id, request_id, item_id, clicked_at, landed_at``.
    """

    zone: str
    first: dt.date
    days: int
    impressions: list[dict[str, Any]]
    clicks: list[dict[str, Any]]

    @property
    def last(self) -> dt.date:
        """Return the last day."""
        return self.first + dt.timedelta(days=self.days - 1)

    def midnight(self, n: int) -> dt.datetime:
        """Return when the nth day starts (n may be negative or past the last), in UTC."""
        return midnight(self.first + dt.timedelta(days=n), self.zone)

    def day_of(self, at: dt.datetime) -> dt.date:
        """Return the day, in the log's zone, in which an instant lies."""
        return at.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class EventLog(ClickLog):
    """One generated log of impressions, one of clicks and one of orders.

    Attributes
    ----------
    zone, first, days
        The time zone in which a day starts at midnight, the first day, and how many there are.
    impressions
        Rows with ``event_id, user_id, request_id, item_id, category, position, query, is_prefix, user_agent, shown_at,
        landed_at``.
    clicks
        Rows with ``event_id, user_id, request_id, item_id, clicked_at, landed_at``.
    orders
        Rows with ``event_id, user_id, request_id, item_id, ordered_at, landed_at``.
    """

    orders: list[dict[str, Any]]

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return the three logs by name, as `samples_of` takes them."""
        return {"impressions": self.impressions, "clicks": self.clicks, "orders": self.orders}


_Choice = TypeVar("_Choice")
_MINUTE = dt.timedelta(minutes=1)
_TICK = dt.timedelta(microseconds=1)
_SECOND = dt.timedelta(seconds=1)
_TIMES = {"impressions": "shown_at", "clicks": "clicked_at", "orders": "ordered_at"}
_KEYS = ("user_id", "request_id", "item_id")
_LENGTH = 4_096

CHOICES_A_ROW = 24
"""More than any row takes."""


class Choices:
    """Choices read from bytes, 0 choosing the first: drawing one text of bytes costs as much as drawing one number.

    Parameters
    ----------
    source
        One byte is read for each choice; after the last, each choice is the first.

    Examples
    --------
    >>> choices = Choices(bytes([4, 2]))
    >>> [choices.of("abc") for _ in range(3)]
    ['b', 'c', 'a']
    """

    def __init__(self, source: bytes) -> None:
        self._source = iter(source)

    @classmethod
    def named(cls, name: str) -> "Choices":
        """Return the choices of a name: some thousands, the same on every machine, unlike those of any other name.

        Examples
        --------
        >>> [[choices.of(range(100)) for _ in range(4)] for choices in (Choices.named("a"), Choices.named("b"))]
        [[34, 26, 44, 76], [29, 21, 99, 81]]
        """
        return cls(hashlib.shake_256(name.encode()).digest(_LENGTH))

    def of(self, options: Sequence[_Choice]) -> _Choice:
        """Choose one of at most 256 options."""
        return options[next(self._source, 0) % len(options)]

    def one_in(self, number: int) -> bool:
        """Say yes once in so many times."""
        return next(self._source, 0) % number == number - 1

    def recent(self, rows: Sequence[_Choice]) -> _Choice:
        """Choose the last row, or one of the three before it."""
        return rows[-1 - next(self._source, 0) % min(len(rows), 4)]


def event_log(
    choices: Choices,
    *,
    zone: str,
    first: dt.date,
    days: int,
    sizes: tuple[int, int, int, int],
    edges: Sequence[dt.timedelta] = (5 * _MINUTE, 30 * _MINUTE),
    order_window: dt.timedelta = dt.timedelta(hours=2),
    lateness: dt.timedelta = dt.timedelta(hours=26),
    ahead: dt.timedelta = dt.timedelta(0),
    skew: bool = True,
    nulls: bool = True,
) -> EventLog:
    """Return three small logs of the same few days, with all that samples are made from and cleaned of.

    Events follow each other at 0, at seconds, and on the edges of gaps and windows; also across midnights. Rows are
    sent again: word for word, later, changed, at another time; or without an id, within, at and after a gap, also in
    chains. Rows land up to ``lateness`` later, also on the next day, and lie in any order. A user may look like a
    bot: many impressions, each clicked within a second, with a crawler's user agent.

    Parameters
    ----------
    choices
        What the logs are made of; `CHOICES_A_ROW` are read for a row, at most.
    zone, first, days
        Their time zone, the first day, and how many days there are.
    sizes
        Impressions, clicks, orders and impressions of a bot (from 3), before rows are sent again.
    edges
        Gaps and windows that matter: between two events, and from an impression to a click, lie often exactly this
        long, or a microsecond more or less.
    order_window
        Likewise from a click to an order.
    lateness
        No row lands later than this after its event.
    ahead
        How much earlier than its event a row may land, because the clock that timed the event was ahead.
    skew
        Whether the clocks of clicks and orders may be seconds or minutes ahead or behind: then a click may lie before
        its impression.
    nulls
        Whether keys, positions, queries and user agents may be null. Event ids may in any case.

    Examples
    --------
    >>> day = {"zone": "UTC", "first": dt.date(2026, 11, 1), "days": 1}
    >>> log = event_log(Choices(b""), **day, sizes=(2, 1, 0, 0))
    >>> [(row["event_id"], row["item_id"], f"{row['shown_at']:%H:%M}") for row in log.impressions]
    [('i0', 'x', '00:00'), ('i1', 'x', '00:00')]
    >>> [(row["event_id"], row["item_id"], f"{row['clicked_at']:%H:%M}") for row in log.clicks]
    [('c0', 'x', '00:01')]
    """
    log = EventLog(zone, first, days, [], [], [])
    drawn = _Drawing(log, choices, edges, (lateness, ahead), nulls=nulls)
    impressions, clicks, orders, bot = sizes
    for _ in range(impressions):
        drawn.add_impression()
    for _ in range(clicks):
        drawn.follow("clicks", log.impressions, edges, skew=skew)
    for _ in range(orders):
        drawn.follow("orders", log.clicks or log.impressions, (order_window,), skew=skew)
    drawn.add_bot(max(0, bot - 2))
    for name, rows in log.rows().items():
        drawn.send_again(name, rows)
        drawn.disorder(rows)
    return log


class _Drawing:
    """A log in the making."""

    def __init__(
        self,
        log: EventLog,
        choices: Choices,
        edges: Sequence[dt.timedelta],
        landing: tuple[dt.timedelta, dt.timedelta],
        *,
        nulls: bool,
    ) -> None:
        self.log, self.choices, self.nulls = log, choices, nulls
        lateness, ahead = landing
        late = [min(minutes * _MINUTE, lateness) for minutes in (0, 0, 0, 1, 5, 60, 180, 26 * 60)]
        self.delays = (*late, -ahead, -ahead / 4)
        self.start, self.end = log.midnight(0), log.midnight(log.days) - _TICK
        nights = [log.midnight(n) for n in range(log.days + 1)]
        hours = (-10 * _MINUTE, -_MINUTE, -_TICK, 0 * _TICK, 60 * _MINUTE, 130 * _MINUTE, 12 * 60 * _MINUTE)
        self.anchors = [
            at for at in (night + hour for night in nights for hour in hours) if self.start <= at < self.end
        ]
        self.gaps = (0 * _TICK, _SECOND, _TICK, 10 * _SECOND, _MINUTE, *_around(edges), 10 * _MINUTE, 6 * 60 * _MINUTE)

    def add_impression(self) -> None:
        before = self.log.impressions
        of, nullable = self.choices.of, self._nullable
        again = before and not self.choices.one_in(4)
        at = self.choices.recent(before)["shown_at"] + of(self.gaps) if again else of(self.anchors)
        self._add(
            "impressions",
            at,
            user_id=nullable(("u1", "u1", "u2")),
            request_id=nullable(("r1", "r2", "r3")),
            item_id=nullable(("x", "y", "Z ", "")),
            category=nullable(("c1", "c2")),
            position=nullable((1, 2, 3, 4)),
            query=nullable(("shoes", "sho", "red shoes")),
            is_prefix=self.choices.one_in(4),
            user_agent=nullable(("Mozilla/5.0", "Mozilla/5.0", "Mozilla/5.0 (compatible; GoogleBot/2.1)", " ")),
        )

    def follow(self, name: str, rows: Sequence[dict[str, Any]], windows: Sequence[dt.timedelta], *, skew: bool) -> None:
        """Add an event that most often follows a row closely, or on the edge of a window, and sometimes nothing."""
        of = self.choices.of
        if not rows or self.choices.one_in(6):
            keys = {"user_id": ("u1", "u2"), "request_id": ("r1", "r2", "r4"), "item_id": ("x", "y", "w")}
            self._add(name, of(self.anchors), **{key: self._nullable(options) for key, options in keys.items()})
            return
        row = of(rows)
        (time,) = (time for time in _TIMES.values() if time in row)
        after = of((_MINUTE, 0 * _TICK, _SECOND, 10 * _MINUTE, windows[-1] / 2, *_around(windows)))
        wrong = of((0, 0, 0, 0, 2, -2, -90, 240)) if skew else 0
        self._add(name, row[time] + after + wrong * _SECOND, **{key: row[key] for key in _KEYS})

    def add_bot(self, number: int) -> None:
        at, gap = self.choices.of(self.anchors), self.choices.of((_SECOND, 0 * _TICK, 2 * _SECOND))
        for n in range(number):
            keys = {"user_id": "bot", "request_id": f"b{n // 3}", "item_id": self.choices.of(("x", "y", "v"))}
            other = {"category": "c1", "position": n % 3 + 1, "query": "shoes", "is_prefix": False}
            agent = {"user_agent": self.choices.of(("Mozilla/5.0", "curl/8.0 bot", ""))}
            self._add("impressions", at + n * gap, **keys, **other, **agent)
            if not self.choices.one_in(3):
                self._add("clicks", at + n * gap + self.choices.of((_SECOND, 0 * _TICK)), **keys)

    def send_again(self, name: str, rows: list[dict[str, Any]]) -> None:
        """Add rows that say what another said: with its id, or a chain of them without one."""
        for row in list(rows):
            kind = self.choices.of(("", "", "", "", "", "", "same", "later", "changed", "moved", "chain", "chain"))
            if kind == "chain":
                row["event_id"] = None
                for _ in range(self.choices.of((1, 1, 2, 3))):
                    row = self._again(name, row, self.choices.of(self.gaps))  # noqa: PLW2901 - the chain goes on
                    rows.append(row)
            elif kind == "moved":
                rows.append(self._again(name, row, self.choices.of((-_MINUTE, *self.gaps))))
            elif kind:
                changes = {"same": (), "later": ("landed_at",), "changed": ("landed_at", "item_id")}[kind]
                new = {"landed_at": self._landed(row[_TIMES[name]]), "item_id": "other"}
                rows.append(row | {column: new[column] for column in changes})

    def _again(self, name: str, row: dict[str, Any], after: dt.timedelta) -> dict[str, Any]:
        at = self._within(row[_TIMES[name]] + after)
        return row | {_TIMES[name]: at, "landed_at": self._landed(at)}

    def disorder(self, rows: list[dict[str, Any]]) -> None:
        """Leave the rows as they are, displace some, or shuffle them."""
        width = self.choices.of((1, 4, 256))
        rows.sort(key=lambda _: self.choices.of(range(width)))

    def _add(self, name: str, at: dt.datetime, **columns: Any) -> None:
        rows, at = self.log.rows()[name], self._within(at)
        event_id = None if self.choices.one_in(5) else f"{name[0]}{len(rows)}"
        rows.append({"event_id": event_id, **columns, _TIMES[name]: at, "landed_at": self._landed(at)})

    def _nullable(self, options: Sequence[_Choice]) -> _Choice | None:
        return self.choices.of((*options, *options, *options, None) if self.nulls else options)

    def _within(self, at: dt.datetime) -> dt.datetime:
        return min(max(at, self.start), self.end)

    def _landed(self, at: dt.datetime) -> dt.datetime:
        return at + self.choices.of(self.delays)


def _around(edges: Sequence[dt.timedelta]) -> list[dt.timedelta]:
    return [edge + offset for edge in edges for offset in (-_TICK, 0 * _TICK, _TICK)]
