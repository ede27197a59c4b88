"""Pages: which items a request shows, in which order, and which of them are clicked.

Notes
-----
The true probability of a click is ``examination * appeal``:

- examination is ``position ** -examination_exponent``, divided by ``page_drop`` below position 10;
- appeal is the logistic function of ``logit(attraction)`` + 0.6 * quality of the item + 0.9 if item and query are of
  one category + 0.4 * how well this item suits this query + 0.5 * the user's taste for the category
  - 0.15 * (ln(price) - 3.2) + 0.2 * cos(2 * pi * (hour - 21) / 24).

Bots examine nothing: every third one clicks 15 % of what it is shown, the others click nothing.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from featurelib.generator.catalogue import Catalogue, catalogue, category_of
from featurelib.generator.declaration import HOUR_US, KINDS, MEAN_PAGE, PAGE, PAGE_MAX, ClickLogs
from featurelib.generator.draws import Bits, Floats, Ints, draw, normal, unit, zipf
from featurelib.generator.requests import Requests, generation
from featurelib.generator.words import STYLE_SHARES, query_category

_SAME_KIND, _QUALITY, _SUITS, _TASTE, _PRICE, _HOUR = 0.9, 0.6, 0.4, 0.5, 0.15, 0.2
_HEAD = 10 * KINDS  # the most popular items are shown for any query
_VARIANTS = np.uint64(32)  # result pages that one query alternates between
_SCROLL_US = 200_000
_SLOT_BITS = 5
_BOT_CLICKS = 0.15
_CLICKING_BOT = 2  # of every three bots, the one that clicks


@dataclass(frozen=True, eq=False)
class Pages:
    """The impressions of a few requests, one entry per impression, by request and position.

    Attributes
    ----------
    requests, query
        The requests, and the identity of each one's query.
    request, slot
        For each impression, the index of its request, and the item's slot in the catalogue.
    number
        Identity of the impression; below 2**60.
    position
        1-based.
    relevance
        The score that ranked it: quality and fit to the query, with noise.
    shown_us
        Microseconds since the logs' start, by the client's clock.
    probability, clicked
        The true probability of a click, and whether it was.
    """

    items: Catalogue
    requests: Requests
    query: Ints
    request: Ints
    slot: Ints
    number: Bits
    position: Ints
    relevance: Floats
    shown_us: Ints
    probability: Floats
    clicked: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class _Rows:
    """What is known of each impression before its item is; as in `Pages`, but the position is 0-based."""

    requests: Requests
    query: Ints
    request: Ints
    position: Ints
    number: Bits


def pages(logs: ClickLogs, requests: Requests, hour: int) -> Pages:
    """Show the pages of some requests of one hour."""
    items, rows = catalogue(logs, hour // 24), _rows(logs, requests, hour)
    slot = _candidates(logs, rows)
    fit = _fit(logs, items, rows.query[rows.request], slot)
    relevance = fit + 0.6 * normal().of(draw(logs.seed, "ranking", rows.number))
    order = _ranking(rows, relevance)
    slot, fit = slot[order], fit[order]
    probability = _probability(logs, rows, items, slot, fit, hour=hour)
    return Pages(
        items=items,
        requests=requests,
        query=rows.query,
        request=rows.request,
        slot=slot,
        number=rows.number,
        position=rows.position + 1,
        relevance=relevance[order],
        shown_us=_shown_us(logs, rows, hour),
        probability=probability,
        clicked=unit(draw(logs.seed, "click", rows.number)) < probability,
    )


@lru_cache(maxsize=8)
def query_count(logs: ClickLogs) -> int:
    """Return how many queries exist at one time.

    Where it is not declared, so many that half of the distinct queries of a day's requests are seen once.
    """
    if logs.queries is not None:
        return logs.queries
    requests = logs.rows / logs.days / MEAN_PAGE
    low, high = 2, 2**24
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (low, middle) if _share_seen_once(logs.query_exponent, middle, requests) > 0.5 else (middle, high)
    return low


def _share_seen_once(exponent: float, count: int, requests: float) -> float:
    """Return the expected share of distinct texts seen once; a query in another style is another text."""
    ranks = np.unique(np.geomspace(1, count + 1, 2000).astype(np.int64))
    width = np.diff(ranks)
    weights = (ranks[:-1] + width / 2 - 0.5) ** -exponent
    expected = np.outer(STYLE_SHARES, requests * weights / (weights * width).sum())
    return float((width * expected * np.exp(-expected)).sum() / (width * -np.expm1(-expected)).sum())


def _rows(logs: ClickLogs, requests: Requests, hour: int) -> _Rows:
    request = np.repeat(np.arange(len(requests)), requests.size)
    position = np.arange(len(request)) - np.repeat(np.cumsum(requests.size) - requests.size, requests.size)
    first = np.repeat(requests.number << np.uint64(_SLOT_BITS), requests.size)
    query = _queries(logs, requests, hour // 24)
    return _Rows(requests, query, request, position, first + position.astype(np.uint64))


def _queries(logs: ClickLogs, requests: Requests, day: int) -> Ints:
    count = query_count(logs)
    rank = zipf(logs.query_exponent, count).of(draw(logs.seed, "query", requests.number)).astype(np.int64)
    return generation(logs, "query", rank, logs.query_turnover, day) * count + rank


def _candidates(logs: ClickLogs, rows: _Rows) -> Ints:
    """Return the items of each page, all different and together Zipf-distributed.

    Each page takes one item from each of ``size`` equal shares of all popularity; half of the items depend on the
    query alone, and of those outside the head four in five are moved to a neighbour of the query's category.
    """
    own, query, size = draw(logs.seed, "item", rows.number), rows.query[rows.request], rows.requests.size[rows.request]
    variant = (own % _VARIANTS) * np.uint64(PAGE_MAX) + rows.position.astype(np.uint64)
    shared = draw(logs.seed, "result", query, variant)
    share = unit(np.where(own & np.uint64(32) == 0, own, shared))
    rank = zipf(logs.item_exponent, logs.items).at((rows.position + share) / size).astype(np.int64)
    near = (rank >= _HEAD) & (own >> np.uint64(6) & np.uint64(1023) < np.uint64(819))
    rank = np.where(near, rank - category_of(rank) + query_category(query), rank)
    # NOTE: a rank that repeats the one before it moves on to the next rank: an item stands once on a page.
    offset = rows.request * (2 * logs.items) - rows.position
    apart = np.maximum.accumulate(rank + offset) - offset
    slot: Ints = np.minimum(apart, logs.items - size + rows.position)
    return slot


def _fit(logs: ClickLogs, items: Catalogue, query: Ints, slot: Ints) -> Floats:
    """Return how appealing each item is to everybody who asks this query."""
    same = category_of(slot) == query_category(query)
    suits = normal().of(draw(logs.seed, "suits", query, items.number[slot]))
    fit: Floats = _QUALITY * items.quality[slot] + _SAME_KIND * same + _SUITS * suits
    return fit


def _ranking(rows: _Rows, relevance: Floats) -> Ints:
    """Return the rows ordered by request and falling relevance."""
    keys = ((16 - relevance) * 2**22).astype(np.int64)
    keys += rows.request << 27
    keys <<= _SLOT_BITS
    keys += rows.position
    keys.sort()
    order: Ints = np.arange(len(keys)) - rows.position + (keys & (2**_SLOT_BITS - 1))
    return order


def _shown_us(logs: ClickLogs, rows: _Rows, hour: int) -> Ints:
    """Return when each item came into view; a page is seen within its hour, faster where little of it is left."""
    left = (hour + 1) * HOUR_US - 1 - rows.requests.at_us
    step = np.minimum(_SCROLL_US, left // PAGE_MAX)[rows.request]
    scrolled = rows.position * step + (unit(draw(logs.seed, "scroll", rows.number)) * step).astype(np.int64)
    shown: Ints = rows.requests.at_us[rows.request] + scrolled
    return shown


def _probability(logs: ClickLogs, rows: _Rows, items: Catalogue, slot: Ints, fit: Floats, *, hour: int) -> Floats:
    """Return the true probability that each impression is clicked."""
    ranks = np.arange(1, PAGE_MAX + 1, dtype=np.float64)
    examination = ranks**-logs.examination_exponent / np.where(ranks > PAGE, logs.page_drop, 1)
    user, bot = rows.requests.user[rows.request], rows.requests.bot[rows.request]
    taste = normal().of(draw(logs.seed, "taste", user, category_of(slot)))
    of_item = _PRICE * (3.2 - np.log(items.price_usd))
    base = math.log(logs.attraction / (1 - logs.attraction)) + _HOUR * math.cos(2 * math.pi * (hour - 21) / 24)
    appeal = fit + _TASTE * taste + of_item[slot] + base
    probability = examination[rows.position] / (1 + np.exp(-appeal))
    return np.where(bot < 0, probability, np.where(bot % 3 == _CLICKING_BOT, _BOT_CLICKS, 0.0))
