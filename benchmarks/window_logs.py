"""Window logs: impressions, clicks, carts and orders, as uneven among items and users as real ones, by day.

A request shows ten items; seven impressions in thirty are clicked, two clicks in seven lead to the cart, every other
cart to an order: of 20 million events 15 million are impressions. Items are Zipf 1.1, and one user, a bot, makes 5 % of
all events. A few users, queries and prices are null. Each value is a function of the seed and of its row.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.window_columns import AT, PRICED
from benchmarks.window_tables import TABLES
from featurelib.days import Days
from featurelib.generator.draws import Bits, Floats, Ints, active_users, below, draw, log_normal, unit, zipf
from featurelib.generator.words import id_text, query_category, query_text

PAGE, DAY_US, HOUR_US = 10, 86_400_000_000, 3_600_000_000
BOT_SHARE, NO_USER, NO_QUERY, OTHER_CATEGORY, NO_PRICE = 0.05, 0.01, 0.02, 0.2, 0.01
CLICKED, CARTED, ORDERED = 7 / 30, 2 / 7, 1 / 2


@dataclass(frozen=True, kw_only=True)
class WindowLogs:
    """Declare the logs.

    Attributes
    ----------
    days
        All days of the logs; what follows an impression after them is left out.
    impressions
        Impressions of a day, in tens.
    users, items, queries
        How many there are; user 0 is the bot.
    """

    days: Days
    impressions: int
    users: int = 200_000
    items: int = 100_000
    queries: int = 100_000
    seed: int = 7

    def write(self, root: Path) -> None:
        """Write ``<log>/dt=<day>/part-0.parquet``, in the order of their time."""
        later: dict[tuple[str, int], list[pl.DataFrame]] = defaultdict(list)
        for number, day in enumerate(self.days):
            for log, events in self._of_day(number):
                for (fell_on,), part in events.group_by(pl.col("at") // DAY_US, maintain_order=True):
                    later[log, int(str(fell_on))].append(part)
            for log in AT:
                events = pl.concat(later.pop((log, number))).sort("at", maintain_order=True)
                out = root / log / f"dt={day}" / "part-0.parquet"
                out.parent.mkdir(parents=True)
                self._spelled(log, events).write_parquet(out, compression="zstd", row_group_size=65_536)

    def _of_day(self, day: int) -> Iterator[tuple[str, pl.DataFrame]]:
        shown = self._impressions(day)
        clicks = self._after(shown.filter(pl.col("clicked") == 1), "click", log_normal(3.91, 1.04, 3600.0).of)
        carts = self._after(clicks.filter(_share(clicks, self.seed, "cart", CARTED)), "cart", log_normal(5, 1, 7200).of)
        orders = carts.filter(_share(carts, self.seed, "order", ORDERED))
        yield "impressions", shown
        yield "clicks", clicks
        yield "carts", carts
        yield "orders", self._after(orders, "order", log_normal(6.03, 2.5, 259_200.0).of)

    def _impressions(self, day: int) -> pl.DataFrame:
        count = self.impressions // PAGE
        requests = np.arange(day * count, (day + 1) * count)
        query = zipf(0.9, self.queries).of(self._draw("query", requests)).astype(np.int64)
        other = below(self._draw("other category", requests), OTHER_CATEGORY)
        category = np.where(other, self._draw("category", requests) % np.uint64(32), query_category(query)).astype(int)
        user = 1 + active_users(1.6, self.users - 1).of(self._draw("user", requests)).astype(np.int64)
        user[below(self._draw("bot", requests), BOT_SHARE)] = 0
        at = day * DAY_US + (_hours_of_day(unit(self._draw("time", requests))) * HOUR_US).astype(np.int64)
        rows = np.arange(day * count * PAGE, (day + 1) * count * PAGE)
        clicked = below(self._draw("clicked", rows), CLICKED)
        return pl.DataFrame(
            {
                "row": rows,
                "at": np.minimum(np.repeat(at, PAGE) + rows % PAGE * 200_000, (day + 1) * DAY_US - 1),
                "user": np.repeat(user, PAGE),
                "no_user": np.repeat(below(self._draw("no user", requests), NO_USER) & (user > 0), PAGE),
                "item": zipf(1.1, self.items).of(self._draw("item", rows)).astype(np.int64),
                "query": np.repeat(query, PAGE),
                "no_query": np.repeat(below(self._draw("no query", requests), NO_QUERY), PAGE),
                "category": np.repeat(category, PAGE),
                "clicked": clicked.astype(np.int8),
            }
        )

    def _after(self, events: pl.DataFrame, stream: str, delay_s: Callable[[Bits], Floats]) -> pl.DataFrame:
        delay = (delay_s(self._draw(f"{stream} delay", events["row"].to_numpy())) * 1e6).astype(np.int64)
        return events.with_columns(at=pl.col("at") + pl.Series(delay))

    def _draw(self, stream: str, numbers: Ints) -> Bits:
        return draw(self.seed, stream, numbers)

    def _spelled(self, log: str, events: pl.DataFrame) -> pl.DataFrame:
        users, items, queries, cents = _texts(self)
        row, at = pl.col("row"), pl.lit(self.days.start).cast(pl.Datetime("us", "UTC")) + pl.duration(microseconds="at")
        columns = {
            "user_id": pl.when(~pl.col("no_user")).then(pl.lit(users).gather("user")),
            "item_id": pl.lit(items).gather("item"),
            "query": pl.when(~pl.col("no_query")).then(pl.lit(queries).gather("query")),
            "category": pl.format("category {}", "category"),
        }
        if log in PRICED:
            discount = np.round(unit(self._draw("discount", events["row"].to_numpy())) * 0.3, 2)
            no_price = below(self._draw(f"no price {log}", events["row"].to_numpy()), NO_PRICE)
            columns["price_cents"] = pl.when(~pl.lit(pl.Series(no_price))).then(pl.lit(cents).gather("item"))
            columns["discount"] = pl.lit(pl.Series(discount))
        if log == "impressions":
            columns["impression_id"] = (row + 10**12).cast(pl.String)
            columns["clicked"] = pl.col("clicked")
        columns[AT[log]] = at
        return events.select(**columns).select(list(TABLES[log].columns))


def _share(events: pl.DataFrame, seed: int, stream: str, share: float) -> pl.Series:
    return pl.Series(below(draw(seed, stream, events["row"].to_numpy()), share))


def _hours_of_day(share: Floats) -> Floats:
    """Return hours from 0 to 24 at which people are there: the busiest has eight times the traffic of the quietest."""
    traffic = np.exp(np.log(8) / 2 * np.cos((np.arange(24) - 20) / 24 * 2 * np.pi))
    hours: Floats = np.interp(share, np.concatenate([[0.0], np.cumsum(traffic) / traffic.sum()]), np.arange(25.0))
    return hours


@cache
def _texts(logs: WindowLogs) -> tuple[pl.Series, pl.Series, pl.Series, pl.Series]:
    users, items, queries = (np.arange(count, dtype=np.uint64) for count in (logs.users, logs.items, logs.queries))
    base = np.uint64(10_000_000)
    cents = np.exp(3.2 + np.log(log_normal(0, 1).of(draw(logs.seed, "price", items)))) * 100
    return (
        id_text(users + base, draw(logs.seed, "user id", users), scientific=False),
        id_text(items + base, draw(logs.seed, "item id", items), scientific=True),
        query_text(queries.astype(np.int64), np.zeros(logs.queries, dtype=np.int64)),
        pl.Series(cents.astype(np.int64)),
    )
