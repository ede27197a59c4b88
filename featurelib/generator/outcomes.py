"""Outcomes: the clicks on some pages, and the orders that clicks lead to."""

import numpy as np
import polars as pl

from featurelib.generator.declaration import BUYERS, HOUR_US, ClickLogs
from featurelib.generator.draws import Bits, Ints, below, draw, log_normal
from featurelib.generator.ids import CLICK, ORDER, event_ids, request_ids, user_ids
from featurelib.generator.impressions import AGAIN_US, landing_us, re_sent
from featurelib.generator.pages import Pages, pages
from featurelib.generator.requests import Requests

_UTC_US = pl.Datetime("us", "UTC")
_NO_REQUEST = np.uint64(1 << 62)  # added to a request's number, it names a request that no log has


def click_frame(logs: ClickLogs, shown: Pages) -> pl.DataFrame:
    """Return the clicks on some pages, by time of click, with those sent again.

    An orphan click names a request and an item that no impression has.
    """
    rows = np.flatnonzero(shown.clicked)
    number = shown.number[rows] + CLICK
    orphan = _orphan(logs, shown.number[rows])
    requests = shown.requests.number[shown.request[rows]]
    other = (draw(logs.seed, "orphan item", number) % np.uint64(logs.items)).astype(np.int64)
    at_us = _clicked_us(logs, shown, rows)
    frame = pl.DataFrame(
        {
            "event_id": event_ids(logs, number),
            "request_id": request_ids(logs, np.where(orphan, requests + _NO_REQUEST, requests)),
            "item_id": shown.items.id.gather(np.where(orphan, other, shown.slot[rows])),
            "user_id": user_ids(logs, shown.requests.user[shown.request[rows]]),
            "clicked_at": _at(logs, at_us),
            "landed_at": _at(logs, _landed_us(logs, shown, rows, at_us, "click")),
        }
    )
    return _with_those_sent_again(logs, frame, "click", number)


def order_frame(logs: ClickLogs, requests: Requests, hour: int) -> pl.DataFrame:
    """Return the orders that follow from the requests of an hour, up to 30 days later, by time of order.

    Only one request in ten may lead to orders, which is known from its number: so the orders of a day can be
    found without making all impressions of the 30 days before it.
    """
    buyers = below(draw(logs.seed, "buyer", requests.number), BUYERS) & (requests.bot < 0)
    shown = pages(logs, requests.take(buyers), hour)
    rows = np.flatnonzero(shown.clicked)
    ordered = below(draw(logs.seed, "order", shown.number[rows]), logs.order_share / BUYERS)
    rows = rows[ordered & ~_orphan(logs, shown.number[rows])]
    number = shown.number[rows] + ORDER
    delay_s = log_normal(*logs.order_delay, logs.order_reach_days * 86_400).of(draw(logs.seed, "order delay", number))
    at_us = _clicked_us(logs, shown, rows) + (delay_s * 1e6).astype(np.int64)
    pieces = 1 + (draw(logs.seed, "pieces", number) % np.uint64(6)).astype(np.int64) // 4
    cents = np.rint(shown.items.price_usd[shown.slot[rows]] * 100).astype(np.int64)
    frame = pl.DataFrame(
        {
            "order_id": event_ids(logs, number),
            "request_id": request_ids(logs, shown.requests.number[shown.request[rows]]),
            "user_id": user_ids(logs, shown.requests.user[shown.request[rows]]),
            "item_id": shown.items.id.gather(shown.slot[rows]),
            "ordered_at": _at(logs, at_us),
            "landed_at": _at(logs, _landed_us(logs, shown, rows, at_us, "order")),
            "amount_cents": cents * pieces,
        }
    )
    return _with_those_sent_again(logs, frame, "order", number)


def of_hour(frame: pl.DataFrame, time: str, logs: ClickLogs, hour: int) -> pl.DataFrame:
    """Return the rows whose event lies in an hour, by event time."""
    start = logs.first_us + hour * HOUR_US
    inside = pl.col(time).dt.epoch("us").is_between(start, start + HOUR_US, closed="left")
    return frame.filter(inside).sort(time, frame.columns[0], "landed_at")


def _orphan(logs: ClickLogs, number: Bits) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return below(draw(logs.seed, "orphan", number), logs.orphans)


def _clicked_us(logs: ClickLogs, shown: Pages, rows: Ints) -> Ints:
    law = log_normal(*logs.click_delay, logs.click_reach_s)
    delay_s = law.of(draw(logs.seed, "click delay", shown.number[rows]))
    return shown.shown_us[rows] + np.maximum(delay_s * 1e6, 1000).astype(np.int64)


def _landed_us(logs: ClickLogs, shown: Pages, rows: Ints, at_us: Ints, log: str) -> Ints:
    true_us = at_us - shown.requests.skew_us[shown.request[rows]]
    return true_us + landing_us(logs, log, shown.number[rows])


def _at(logs: ClickLogs, at_us: Ints) -> pl.Series:
    return pl.Series(at_us + logs.first_us, dtype=pl.Int64).cast(_UTC_US)


def _with_those_sent_again(logs: ClickLogs, frame: pl.DataFrame, log: str, number: Bits) -> pl.DataFrame:
    same, _ = re_sent(logs, log, number)
    later = AGAIN_US + landing_us(logs, f"{log} again", number[same])
    moved = pl.col("landed_at") + pl.Series(later).cast(pl.Duration("us"))
    return pl.concat([frame, frame[same].with_columns(moved)])
