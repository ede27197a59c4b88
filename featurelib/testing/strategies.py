"""Strategies: small logs of clicks, and of orders, with everything that real ones have on a bad day."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from featurelib.testing.zones import midnight

_MINUTE = dt.timedelta(minutes=1)

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

    def midnight(self, n: int) -> dt.datetime:
        """Return when the nth day starts (n may be negative or past the last), in UTC."""
        return midnight(self.first + dt.timedelta(days=n), self.zone)

    def day_of(self, at: dt.datetime) -> dt.date:
        """Return the day, in the log's zone, in which an instant lies."""
        return at.astimezone(ZoneInfo(self.zone)).date()


@st.composite
def click_logs(
    draw: st.DrawFn,
    *,
    days: st.SearchStrategy[int] | None = None,
    zones: st.SearchStrategy[str] | None = None,
    window: dt.timedelta = dt.timedelta(minutes=30),
    null_items: bool = True,
    most: int = 12,
) -> ClickLog:
    """Draw two small logs of the same few days.

    Few users, requests and items, so that keys meet; times of a coarse grid, so that they tie; times at
    midnight and on the window's edge, because that is where mistakes live; repeated event ids; rows in any order.

    Parameters
    ----------
    draw
        Given by hypothesis.
    days, zones
        How many days, and their time zone; by default 1 to 3 days of any of `ZONES`.
    window
        Some clicks come exactly this long after an impression, or a microsecond before or after.
    null_items
        Whether ``item_id`` may be null.
    most
        Most impressions, and most clicks, before rows are repeated.
    """
    zone = draw(st.sampled_from(ZONES) if zones is None else zones)
    log = ClickLog(zone, draw(st.sampled_from(FIRST_DAYS)), draw(st.integers(1, 3) if days is None else days), [], [])
    times = _times(log)
    for n in range(draw(st.integers(0, most))):
        log.impressions.append({"event_id": f"i{n}", **draw(_keys(null_items=null_items)), "shown_at": draw(times)})
    for n in range(draw(st.integers(0, most))):
        log.clicks.append({"event_id": f"c{n}", **draw(_click(log, times, window, null_items=null_items))})
    for rows, time in ((log.impressions, "shown_at"), (log.clicks, "clicked_at")):
        for row in rows:
            row["event_id"] = None if draw(st.integers(0, 9)) == 0 else row["event_id"]
            row["landed_at"] = row[time] + dt.timedelta(minutes=draw(st.sampled_from((0, 0, 1, 5))))
        rows.extend([draw(_repeat(row, time, times)) for row in rows if draw(st.integers(0, 4)) == 0])
        rows[:] = draw(st.permutations(rows))
    return log


def _times(log: ClickLog) -> st.SearchStrategy[dt.datetime]:
    """Draw instants of the log's days: on a grid of 10 minutes, or next to a midnight."""
    start, end, tick = log.midnight(0), log.midnight(log.days), dt.timedelta(microseconds=1)
    steps = (end - start) // dt.timedelta(minutes=10)
    grid = st.integers(0, steps - 1).map(lambda n: start + n * dt.timedelta(minutes=10))
    edges = [log.midnight(n) + offset for n in range(log.days + 1) for offset in (-10 * _MINUTE, -tick, 0 * tick)]
    return grid | st.sampled_from([at for at in edges if start <= at < end])


def _keys(*, null_items: bool) -> st.SearchStrategy[dict[str, Any]]:
    items = st.sampled_from(("x", "y", "Z ", ""))
    return st.fixed_dictionaries(
        {
            "user_id": st.sampled_from(("u1", "u2")),
            "request_id": st.sampled_from(("r1", "r2", "r3")),
            "item_id": items | st.none() if null_items else items,
        }
    )


@st.composite
def _click(
    draw: st.DrawFn, log: ClickLog, times: st.SearchStrategy[dt.datetime], window: dt.timedelta, *, null_items: bool
) -> dict[str, Any]:
    """Draw a click: most follow an impression closely, some are on the edge of the window, some come from nowhere."""
    if not log.impressions or draw(st.integers(0, 4)) == 0:
        return draw(_keys(null_items=null_items)) | {"clicked_at": draw(times)}
    shown = draw(st.sampled_from(log.impressions))
    tick = dt.timedelta(microseconds=1)
    after = draw(
        st.sampled_from((0 * tick, _MINUTE, 10 * _MINUTE, window / 2, window - tick, window, window + tick, -tick))
    )
    last = log.midnight(log.days) - tick
    at = min(max(shown["shown_at"] + after, log.midnight(0)), last)
    return {key: shown[key] for key in ("user_id", "request_id", "item_id")} | {"clicked_at": at}


@st.composite
def _repeat(draw: st.DrawFn, row: dict[str, Any], time: str, times: st.SearchStrategy[dt.datetime]) -> dict[str, Any]:
    """Draw a row with the same event id: word for word, landed later, with other keys, or at another time."""
    later = {"landed_at": row["landed_at"] + draw(st.sampled_from((0, 1, 7))) * _MINUTE}
    at = draw(times)
    moved = {time: at, "landed_at": at}
    return {**row, **draw(st.sampled_from(({}, later, later | {"item_id": "other"}, moved)))}


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
_TICK = dt.timedelta(microseconds=1)
_SECOND = dt.timedelta(seconds=1)
_TIMES = {"impressions": "shown_at", "clicks": "clicked_at", "orders": "ordered_at"}
_KEYS = ("user_id", "request_id", "item_id")
_BYTES_A_ROW = 24


class _Choices:
    """Choices read from bytes, 0 choosing the first: drawing one text of bytes costs as much as drawing one number."""

    def __init__(self, source: bytes) -> None:
        self._source = iter(source)

    def of(self, options: Sequence[_Choice]) -> _Choice:
        return options[next(self._source, 0) % len(options)]

    def one_in(self, number: int) -> bool:
        return next(self._source, 0) % number == number - 1

    def recent(self, rows: Sequence[_Choice]) -> _Choice:
        """Choose the last row, or one of the three before it."""
        return rows[-1 - next(self._source, 0) % min(len(rows), 4)]


@st.composite
def event_logs(
    draw: st.DrawFn,
    *,
    days: st.SearchStrategy[int] | None = None,
    zones: st.SearchStrategy[str] | None = None,
    edges: Sequence[dt.timedelta] = (5 * _MINUTE, 30 * _MINUTE),
    order_window: dt.timedelta = dt.timedelta(hours=2),
    lateness: dt.timedelta = dt.timedelta(hours=26),
    ahead: dt.timedelta = dt.timedelta(0),
    skew: bool = True,
    nulls: bool = True,
    most: int = 12,
) -> EventLog:
    """Draw three small logs of the same few days, with all that samples are made from and cleaned of.

    Events follow each other at 0, at seconds, and on the edges of gaps and windows; also across midnights. Rows are
    sent again: word for word, later, changed, at another time; or without an id, within, at and after a gap, also in
    chains. Rows land up to ``lateness`` later, also on the next day, and lie in any order. A user may look like a
    bot: many impressions, each clicked within a second, with a crawler's user agent.

    Parameters
    ----------
    draw
        Given by hypothesis.
    days, zones
        How many days, and their time zone; by default 1 to 3 days of any of `ZONES`.
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
    most
        Most impressions, and most clicks, before bots and rows that are sent again; orders are half as many.
    """
    zone = draw(st.sampled_from(ZONES) if zones is None else zones)
    first, number = draw(st.sampled_from(FIRST_DAYS)), draw(st.integers(1, 3) if days is None else days)
    log = EventLog(zone, first, number, [], [], [])
    sizes = [draw(st.integers(0, size)) for size in (most, most, most // 2, 8)]
    size = _BYTES_A_ROW * (sum(sizes) + sizes[-1] + 2)
    drawn = _Drawing(
        log, _Choices(draw(st.binary(min_size=size, max_size=size))), edges, (lateness, ahead), nulls=nulls
    )
    for _ in range(sizes[0]):
        drawn.add_impression()
    for _ in range(sizes[1]):
        drawn.follow("clicks", log.impressions, edges, skew=skew)
    for _ in range(sizes[2]):
        drawn.follow("orders", log.clicks or log.impressions, (order_window,), skew=skew)
    drawn.add_bot(max(0, sizes[3] - 2))
    for name, rows in log.rows().items():
        drawn.send_again(name, rows)
        drawn.disorder(rows)
    return log


class _Drawing:
    """A log in the making."""

    def __init__(
        self,
        log: EventLog,
        choices: _Choices,
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
