"""Declare click logs to generate: how many, of what shape, and with which planted fault."""

import datetime as dt
import math
from dataclasses import dataclass
from typing import Literal, get_args

from featurelib.errors import ParameterError

Every = Literal["1h", "1d"]
Format = Literal["parquet", "csv", "csv.gz", "jsonl", "jsonl.gz", "jsonl.zst"]
Fault = Literal["late_file", "duplicate_hour", "schema_change", "truncated_file", "empty_file"]

PAGE = 10  # impressions that one page shows; below it comes the page border
PAGE_MAX = 20  # a request shows two pages at most
KINDS = 32  # categories; an item's rank modulo this is its category
BOT_PAGE = 10
MEAN_PAGE = 10.75  # 70 % of requests show 10, 15 % show 20, 15 % show 1 to 9
BUYERS = 0.1  # share of requests in which an order is possible at all
HOUR_US = 3_600_000_000


@dataclass(frozen=True, kw_only=True)
class ClickLogs:
    """Declare impression, click and order logs whose truth is known.

    Every value is a function of the declaration and of a row's number: the same declaration gives the same bytes,
    and a day can be made without the days before it.

    Parameters
    ----------
    days, start
        How many UTC days, and the first of them.
    users, items
        Users and items that exist at one time; a few are replaced by new ones every day. At least 2, and at least 64.
    rows
        Impressions over all days, exactly; re-sent ones come on top.
    seed
        0 to 2**63 - 1. Another seed gives other logs of the same shape.
    queries
        Queries that exist at one time; left out, so many that half of a day's distinct queries are seen once.
    every
        One file per log and UTC hour of event time, or per day.
    format
        Format of the three logs. The truth is always Parquet.
    fault
        One known fault to plant in the impressions; see `featurelib.generator.faults`.
    truth
        Whether to write ``truth/``: the probability with which each impression was clicked.
    item_exponent, query_exponent
        Zipf exponents of the popularity of items and of queries, 0 to 3.
    user_sigma
        Sigma of the log-normal activity of users.
    examination_exponent, page_drop
        A position is examined with probability ``position ** -exponent``, divided by ``page_drop`` below position 10.
    attraction
        Probability that an item of median appeal is clicked once examined.
    click_delay, click_reach_s
        Log-normal (mu, sigma) of the seconds from impression to click, and where it is cut.
    order_share, order_delay, order_reach_days
        Share of clicks that lead to an order, 0 to 0.1; its delay in seconds, and where it is cut (30 days at most).
    session_requests, session_gap
        Median and 99th percentile of requests in a session; log-normal (mu, sigma) of the seconds between two.
    busiest_over_quietest, busiest_hour
        Ratio of people's traffic in the busiest and the quietest hour; the busiest hour, UTC.
    landing_median_s, landing_shares
        Median of the usual landing delay; shares of rows that land as usual, after a minute to 6 h, after 6 to 72 h,
        and after 72 h to 10 days. They sum to 1.
    skewed, skewed_by_hours
        Share of users whose clock is off by N(0, 60 s), and by 1 to 3 hours.
    bot_users, bot_events
        Share of users who are bots, and of impressions that are theirs.
    resent, altered
        Share of rows sent again with the same event id: unchanged, and with another payload (impressions only).
    orphans
        Share of clicks whose impression is in no log.
    item_turnover, user_turnover, query_turnover
        Share of items, users and queries that new ones replace each day.
    price_null, age_null
        Share of impressions without a price, and without the age of the item.
    grid_share
        Share of requests with the usual layout.

    Raises
    ------
    ParameterError
        If a parameter is out of its range.

    Examples
    --------
    >>> logs = ClickLogs(days=2, users=500, items=200, rows=10_000, seed=7)
    >>> logs.bots, logs.people, logs.hours
    (3, 497, 48)
    """

    days: int
    users: int
    items: int
    rows: int
    seed: int
    start: dt.date = dt.date(2026, 11, 1)
    queries: int | None = None
    every: Every = "1d"
    format: Format = "parquet"
    fault: Fault | None = None
    truth: bool = False
    item_exponent: float = 1.0
    query_exponent: float = 0.9
    user_sigma: float = 1.6
    examination_exponent: float = 1.0
    page_drop: float = 4.0
    attraction: float = 0.03
    click_delay: tuple[float, float] = (3.91, 1.04)
    click_reach_s: int = 300
    order_share: float = 0.04
    order_delay: tuple[float, float] = (6.03, 2.5)
    order_reach_days: int = 30
    session_requests: tuple[int, int] = (4, 150)
    session_gap: tuple[float, float] = (3.95, 1.51)
    busiest_over_quietest: float = 8.0
    busiest_hour: int = 20
    landing_median_s: float = 3.0
    landing_shares: tuple[float, float, float, float] = (0.975, 0.02, 0.004, 0.001)
    skewed: float = 0.01
    skewed_by_hours: float = 0.001
    bot_users: float = 0.006
    bot_events: float = 0.1
    resent: float = 0.003
    altered: float = 0.0002
    orphans: float = 0.003
    item_turnover: float = 0.05
    user_turnover: float = 0.05
    query_turnover: float = 0.02
    price_null: float = 0.02
    age_null: float = 0.05
    grid_share: float = 0.94

    def __post_init__(self) -> None:
        self._check_sizes()
        self._check_choices()
        self._check_shares()
        self._check_shapes()

    def _check_sizes(self) -> None:
        for name, low, high in (
            ("days", 1, 10_000),
            ("users", 2, 2**31),
            ("items", 64, 2**26),
            ("rows", 1, 2**40),
            ("seed", 0, 2**63 - 1),
            ("click_reach_s", 1, 3600),
            ("order_reach_days", 1, 30),
            ("busiest_hour", 0, 23),
        ):
            if not low <= getattr(self, name) <= high:
                raise ParameterError(self, name, got=getattr(self, name), want=f"from {low} to {high}")
        if self.queries is not None and not 1 <= self.queries <= 2**26:
            raise ParameterError(self, "queries", got=self.queries, want=f"left out, or from 1 to {2**26}")
        low_n, high_n = self.session_requests
        if not 1 <= low_n < high_n:
            raise ParameterError(
                self, "session_requests", got=self.session_requests, want="a median of at least 1, and more at p99"
            )

    def _check_choices(self) -> None:
        for name, known in (("every", get_args(Every)), ("format", get_args(Format)), ("fault", get_args(Fault))):
            value = getattr(self, name)
            if value not in known and not (name == "fault" and value is None):
                raise ParameterError(self, name, got=value, want=f"one of {', '.join(known)}")
        if self.fault == "schema_change" and self.partitions < 2:
            raise ParameterError(self, "fault", got=self.fault, want="left out when there is only one partition")

    def _check_shares(self) -> None:
        for name in (
            *("attraction", "skewed", "skewed_by_hours", "resent", "altered", "orphans", "price_null", "age_null"),
            *("bot_users", "bot_events", "grid_share", "item_turnover", "user_turnover", "query_turnover"),
        ):
            if not 0 <= getattr(self, name) < 1:
                raise ParameterError(self, name, got=getattr(self, name), want="a share, at least 0 and below 1")
        if not self.attraction > 0:
            raise ParameterError(self, "attraction", got=self.attraction, want="above 0")
        if not 0 <= self.order_share <= BUYERS:
            raise ParameterError(self, "order_share", got=self.order_share, want=f"from 0 to {BUYERS}")
        if (self.bot_users > 0) != (self.bot_events > 0):
            raise ParameterError(
                self, "bot_events", got=self.bot_events, want="above 0 with bot_users above 0, else both 0"
            )
        if min(self.landing_shares) < 0 or not math.isclose(sum(self.landing_shares), 1):
            raise ParameterError(self, "landing_shares", got=self.landing_shares, want="four shares that sum to 1")

    def _check_shapes(self) -> None:
        for name in ("item_exponent", "query_exponent", "examination_exponent", "user_sigma"):
            if not 0 <= getattr(self, name) <= 3:
                raise ParameterError(self, name, got=getattr(self, name), want="from 0 to 3")
        for name in ("page_drop", "busiest_over_quietest"):
            if not getattr(self, name) >= 1:
                raise ParameterError(self, name, got=getattr(self, name), want="at least 1")
        if not self.landing_median_s > 0:
            raise ParameterError(self, "landing_median_s", got=self.landing_median_s, want="above 0 s")
        for name in ("click_delay", "order_delay", "session_gap"):
            if not getattr(self, name)[1] > 0:
                raise ParameterError(self, name, got=getattr(self, name), want="a mu and a sigma above 0")

    @property
    def hours(self) -> int:
        """Return how many hours the logs cover."""
        return 24 * self.days

    @property
    def partitions(self) -> int:
        """Return how many partitions each log has."""
        return self.hours if self.every == "1h" else self.days

    @property
    def bots(self) -> int:
        """Return how many users are bots: none, or at least one."""
        return max(1, round(self.users * self.bot_users)) if self.bot_users > 0 else 0

    @property
    def people(self) -> int:
        """Return how many users are people."""
        return self.users - self.bots

    @property
    def bot_requests(self) -> int:
        """Return how many requests the bots make over all days."""
        return int(self.rows * self.bot_events) // BOT_PAGE

    @property
    def first_us(self) -> int:
        """Return the first instant as microseconds since 1970."""
        return (self.start - dt.date(1970, 1, 1)).days * 24 * HOUR_US
