"""Strategies: small logs of clicks, and of orders, with everything that real ones have on a bad day."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from featurelib.testing.drawing import CHOICES_A_ROW, FIRST_DAYS, ZONES, Choices, ClickLog, EventLog, event_log

_MINUTE = dt.timedelta(minutes=1)


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
    """Draw three small logs of the same few days, as `event_log` makes them.

    Parameters
    ----------
    draw
        Given by hypothesis.
    days, zones
        How many days, and their time zone; by default 1 to 3 days of any of `ZONES`.
    edges, order_window, lateness, ahead, skew, nulls
        As in `event_log`.
    most
        Most impressions, and most clicks, before bots and rows that are sent again; orders are half as many.
    """
    zone = draw(st.sampled_from(ZONES) if zones is None else zones)
    first, number = draw(st.sampled_from(FIRST_DAYS)), draw(st.integers(1, 3) if days is None else days)
    impressions, clicks, orders, bot = (draw(st.integers(0, size)) for size in (most, most, most // 2, 8))
    size = CHOICES_A_ROW * (impressions + clicks + orders + 2 * bot + 2)
    return event_log(
        Choices(draw(st.binary(min_size=size, max_size=size))),
        zone=zone,
        first=first,
        days=number,
        sizes=(impressions, clicks, orders, bot),
        edges=edges,
        order_window=order_window,
        lateness=lateness,
        ahead=ahead,
        skew=skew,
        nulls=nulls,
    )
