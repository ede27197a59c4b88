"""Impressions: the impression log of some pages, as an Arrow table, and the truth beside it."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from featurelib.generator.catalogue import category_of
from featurelib.generator.declaration import HOUR_US, ClickLogs
from featurelib.generator.draws import Bits, Floats, Ints, below, compact, draw, landing_s, unit
from featurelib.generator.ids import (
    CONSTANT_EVENT_ID,
    coded,
    event_ids,
    request_ids,
    session_ids,
    text_array,
    user_ids,
)
from featurelib.generator.pages import Pages
from featurelib.generator.words import (
    BRANDS,
    CATEGORIES,
    COUNTRIES,
    DEVICES,
    LAYOUTS,
    RELEASES,
    STYLE_SHARES,
    query_text,
    user_agents,
)

UTC_US = pa.timestamp("us", tz="UTC")
IMPRESSION_COLUMNS = [
    *("event_id", "request_id", "session_id", "user_id", "item_id", "query", "position", "device", "country"),
    *("category", "brand", "price_usd", "item_age_days", "relevance", "layout", "user_agent", "shown_at", "landed_at"),
]
AGAIN_US = 60_000_000  # a client sends again after a minute without an answer
_BROWSERS_OF = np.array([[0, 1], [2, 3], [1, 1], [0, 0]])  # by device


def impression_table(logs: ClickLogs, shown: Pages, day: int) -> pa.Table:
    """Return the impression log of some pages: in order of request and position, then the rows sent again.

    Repetitive text columns are dictionary-coded, each distinct value once. A row sent again lands at least a minute
    later; with another payload its relevance is halved.
    """
    columns = {**_identities(logs, shown), **_measures(logs, shown), **_context(logs, shown, day)}
    table = pa.table(columns).select(IMPRESSION_COLUMNS)
    same, altered = re_sent(logs, "impression", shown.number, logs.altered)
    rows = np.concatenate([same, altered])
    relevance = shown.relevance[rows] * np.repeat([1.0, 0.5], [len(same), len(altered)])
    later_us = AGAIN_US + landing_us(logs, "impression again", shown.number[rows])
    again = table.take(rows)
    again = again.set_column(IMPRESSION_COLUMNS.index("relevance"), "relevance", pa.array(relevance))
    again = again.set_column(
        IMPRESSION_COLUMNS.index("landed_at"), "landed_at", instants(logs, _landed_us(logs, shown, rows) + later_us)
    )
    return pa.concat_tables([table, again])


def truth_table(shown: Pages, impressions: pa.Table) -> pa.Table:
    """Return the true click probability of each impression, named by its event, request and item."""
    named = impressions.slice(0, len(shown.number)).select(["event_id", "request_id", "item_id"])
    return named.append_column("probability", pa.array(shown.probability))


def re_sent(logs: ClickLogs, log: str, number: Bits, altered: float = 0.0) -> tuple[Ints, Ints]:
    """Return the rows that are sent again as they were, and those sent again with another payload."""
    bits = draw(logs.seed, f"{log} sent again", number)
    same, either = below(bits, logs.resent), below(bits, logs.resent + altered)
    return np.flatnonzero(same), np.flatnonzero(either & ~same)


def landing_us(logs: ClickLogs, log: str, number: Bits) -> Ints:
    """Return how long after its event each row of a log lands, in microseconds."""
    law = landing_s(logs.landing_median_s, logs.landing_shares)
    return (law.of(draw(logs.seed, f"{log} landing", number)) * 1e6).astype(np.int64)


def instants(logs: ClickLogs, at_us: Ints) -> pa.Array:
    """Return microseconds since the logs' start as UTC instants."""
    return pa.array(at_us + logs.first_us).cast(UTC_US)


def _landed_us(logs: ClickLogs, shown: Pages, rows: Ints | slice) -> Ints:
    true_us = shown.shown_us[rows] - shown.requests.skew_us[shown.request[rows]]
    return true_us + landing_us(logs, "impression", shown.number[rows])


def _identities(logs: ClickLogs, shown: Pages) -> dict[str, Any]:
    sessions, session = np.unique(shown.requests.session, return_inverse=True)
    users, user = np.unique(shown.requests.user, return_inverse=True)
    queries, query = np.unique(shown.query * 4 + _style(logs, shown), return_inverse=True)
    item, items = compact(shown.slot, logs.items)
    events = event_ids(logs, shown.number)
    constant = shown.requests.bot[shown.request] == 0
    if constant.any():
        events = events.scatter(np.flatnonzero(constant), CONSTANT_EVENT_ID)
    return {
        "event_id": text_array(events),
        "request_id": coded(shown.request, request_ids(logs, shown.requests.number)),
        "session_id": coded(session[shown.request], session_ids(logs, sessions)),
        "user_id": coded(user[shown.request], user_ids(logs, users)),
        "query": coded(query[shown.request], query_text(queries // 4, queries % 4)),
        "item_id": coded(item, shown.items.id.gather(items)),
    }


def _style(logs: ClickLogs, shown: Pages) -> Ints:
    """Return how each request's query is typed."""
    typed = unit(draw(logs.seed, "style", shown.requests.number))
    return np.searchsorted(np.cumsum(STYLE_SHARES)[:-1], typed, side="right")


def _measures(logs: ClickLogs, shown: Pages) -> dict[str, Any]:
    price_absent = below(draw(logs.seed, "price absent", shown.number), logs.price_null)
    age_absent = below(draw(logs.seed, "age absent", shown.number), logs.age_null)
    age_days: Floats = shown.shown_us / (24 * HOUR_US) - shown.items.born_day[shown.slot]
    return {
        "position": pa.array(shown.position.astype(np.int16)),
        "price_usd": pa.array(shown.items.price_usd[shown.slot], mask=price_absent),
        "item_age_days": pa.array(age_days, mask=age_absent),
        "relevance": pa.array(shown.relevance),
        "shown_at": instants(logs, shown.shown_us),
        "landed_at": instants(logs, _landed_us(logs, shown, slice(None))),
    }


def _context(logs: ClickLogs, shown: Pages, day: int) -> dict[str, Any]:
    user, bot = shown.requests.user, shown.requests.bot
    device = np.searchsorted([0.62, 0.92, 0.98], unit(draw(logs.seed, "device", user)), side="right")
    country = (unit(draw(logs.seed, "country", user)) ** 2 * len(COUNTRIES)).astype(np.int64)
    chosen = draw(logs.seed, "browser", user)
    browser = _BROWSERS_OF[device, (chosen % np.uint64(2)).astype(np.int64)]
    agent = browser * RELEASES + (chosen >> np.uint64(1) & np.uint64(0xFFFF)).astype(np.int64) % RELEASES
    crawlers = _BROWSERS_OF.max() * RELEASES + RELEASES
    agent = np.where((bot >= 0) & (bot % 2 == 0), crawlers + bot // 2 % 2, agent)
    other = unit(draw(logs.seed, "layout", shown.requests.number))
    layout = np.searchsorted([logs.grid_share, (2 + logs.grid_share) / 3], other, side="right")
    values = {
        "device": (device[shown.request], DEVICES),
        "country": (country[shown.request], COUNTRIES),
        "layout": (layout[shown.request], LAYOUTS),
        "user_agent": (agent[shown.request], user_agents(logs.start, day)),
        "category": (category_of(shown.slot), CATEGORIES),
        "brand": (shown.items.brand[shown.slot], BRANDS),
    }
    return {name: coded(codes, pl.Series(texts)) for name, (codes, texts) in values.items()}
