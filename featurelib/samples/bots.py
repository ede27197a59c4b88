"""Bots: users and agents whose rows say nothing about what people like.

The rules look at one partition: "a user" is a user on that day. A row whose user is null belongs to no user and stays.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import ColumnTypeError, ParameterError
from featurelib.samples.step import DROPPED, LIVE, RowRule

CRAWLERS = (
    "bot/",  # NOTE: not "bot", nor "bot ", which are in the names of Cubot's phones
    "_bot",
    "+http",  # NOTE: the address of a page about itself, which no browser gives
    "crawler",
    "spider",
    "slurp",
    "googlebot",
    "adsbot-google",
    "mediapartners-google",
    "feedfetcher-google",
    "google-inspectiontool",
    "googleother",
    "bingpreview",
    "facebookexternalhit",
    "chatgpt-user",
    "ia_archiver",
    "headlesschrome",
    "phantomjs",
    "ezooms",
    "nutch",
    "feedparser",
    "feedburner",
    "feedbin",
    "feedly",
    "tiny tiny rss",
    "lighthouse",
    "pingdom",
    "python-requests",
    "python-urllib",
    "aiohttp",
    "scrapy",
    "libwww-perl",
    "go-http-client",
    "curl/",
    "wget/",
)
"""Texts in the user agents of crawlers and feed readers that say what they are, and of tools that are no browser."""

_FAST = "@clicks_too_fast"


@dataclass(frozen=True)
class TooManyImpressions(RowRule):
    """Drop all rows of a user who has more rows than a person sees in a day. Reason: ``bot_impressions``.

    Parameters
    ----------
    by
        The user's column, of any type.
    most
        A user with exactly this many live rows stays; at least 1.

    Raises
    ------
    ParameterError
        If ``most`` is below 1.

    Examples
    --------
    >>> rows = pl.LazyFrame({"user": ["u1", "u1", "u2", None, None]}).with_columns(
    ...     pl.lit(None, pl.String).alias(DROPPED)
    ... )
    >>> TooManyImpressions("user", most=1).mark(rows).collect()[DROPPED].to_list()
    ['bot_impressions', 'bot_impressions', None, None, None]
    """

    by: str
    _: KW_ONLY
    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ParameterError(self, "most", got=self.most, want="at least 1")

    @property
    def reasons(self) -> tuple[str, ...]:
        """``bot_impressions``."""
        return ("bot_impressions",)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns as they are."""
        self.need([self.by], given)
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        return _drop(rows, _of_user(self.by, LIVE.sum().over(self.by) > self.most), "bot_impressions")


@dataclass(frozen=True)
class TooManyClicks(RowRule):
    """Drop all rows of a user who clicks on too large a share of what is shown. Reason: ``bot_clicks``.

    Parameters
    ----------
    by
        The user's column, of any type.
    label
        The click: 1 is clicked, 0 and null are not.
    share
        A user with exactly this share of clicked rows stays; at least 0 and below 1.
    at_least
        Live rows that a user must have to be judged; at least 1. One click on one row is no sign of a bot.

    Raises
    ------
    ParameterError
        If ``share`` or ``at_least`` is out of its range.

    Examples
    --------
    >>> rows = pl.LazyFrame({"user": ["u1", "u1", "u2"], "click": [1, 1, 1]}).with_columns(
    ...     pl.lit(None, pl.String).alias(DROPPED)
    ... )
    >>> TooManyClicks("user", label="click", share=0.9, at_least=2).mark(rows).collect()[DROPPED].to_list()
    ['bot_clicks', 'bot_clicks', None]
    """

    by: str
    _: KW_ONLY
    label: str
    share: float
    at_least: int

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ParameterError(self, "share", got=self.share, want="at least 0 and below 1")
        if self.at_least < 1:
            raise ParameterError(self, "at_least", got=self.at_least, want="at least 1")

    @property
    def reasons(self) -> tuple[str, ...]:
        """``bot_clicks``."""
        return ("bot_clicks",)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns as they are."""
        self.need([self.by, self.label], given)
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        shown = LIVE.sum()
        clicked = (LIVE & (pl.col(self.label) == 1)).sum()
        # NOTE: a quotient, not share * shown: 3 of 10 is exactly 0.3 as people write it, and 0.3 * 10 need not be 3
        often = clicked / shown > self.share
        return _drop(rows, _of_user(self.by, ((shown >= self.at_least) & often).over(self.by)), "bot_clicks")


@dataclass(frozen=True)
class ClicksTooFast(RowRule):
    """Drop all rows of a user whose clicks follow each other faster than a person reads. Reason: ``bot_click_gaps``.

    Parameters
    ----------
    by
        The user's column, of any type.
    clicked_at
        When the row was clicked, such as ``click__at``; null where it was not.
    median_s
        A user whose median gap between one click and the next is exactly this many seconds stays; above 0. Two clicks
        at one instant are a gap of 0. The median of an even number of gaps is the mean of the middle two.
    at_least
        Clicked live rows that a user must have to be judged; at least 2.

    Raises
    ------
    ParameterError
        If ``median_s`` or ``at_least`` is out of its range.

    Examples
    --------
    >>> from datetime import datetime, timedelta
    >>> times = [datetime(2026, 11, 1) + timedelta(seconds=s) for s in (0, 1, 3)]
    >>> rows = pl.LazyFrame({"user": ["u1"] * 4, "at": [*times, None]}).with_columns(
    ...     pl.lit(None, pl.String).alias(DROPPED)
    ... )
    >>> ClicksTooFast("user", clicked_at="at", median_s=1.6, at_least=3).mark(rows).collect()[DROPPED].n_unique()
    1
    >>> ClicksTooFast("user", clicked_at="at", median_s=1.5, at_least=3).mark(rows).collect()[DROPPED].to_list()
    [None, None, None, None]
    """

    by: str
    _: KW_ONLY
    clicked_at: str
    median_s: float
    at_least: int = 5

    def __post_init__(self) -> None:
        if not self.median_s > 0:
            raise ParameterError(self, "median_s", got=self.median_s, want="above 0")
        if self.at_least < 2:
            raise ParameterError(self, "at_least", got=self.at_least, want="at least 2")

    @property
    def reasons(self) -> tuple[str, ...]:
        """``bot_click_gaps``."""
        return ("bot_click_gaps",)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns as they are."""
        self.need([self.by, self.clicked_at], given)
        if given[self.clicked_at] != pl.Datetime:
            want, got = "a time", given[self.clicked_at]
            raise ColumnTypeError(self, self.clicked_at, where="the samples", got=got, want=want)
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        clicker = pl.when(LIVE & pl.col(self.clicked_at).is_not_null()).then(pl.col(self.by))
        clicks = pl.col(self.clicked_at)
        # NOTE: as numbers, because the median of durations is cut to whole ticks
        gap_ns = clicks.sort().diff().dt.total_nanoseconds().median()
        fast = ((clicks.len() >= self.at_least) & (gap_ns < self.median_s * 1e9)).over(clicker)
        # sorted among clicked rows only, which are few, then told to the user's other rows
        judged = rows.with_columns((clicker.is_not_null() & fast).alias(_FAST))
        return _drop(judged, _of_user(self.by, pl.col(_FAST).any().over(self.by)), "bot_click_gaps").drop(_FAST)


@dataclass(frozen=True)
class ListedAgents(RowRule):
    """Drop rows whose user agent contains a listed text, in upper or lower case. Reason: ``bot_agent``.

    Parameters
    ----------
    column
        The user agent, text. A null agent stays, unless ``empty``.
    agents
        Texts, taken literally; by default those of `CRAWLERS`.
    empty
        Also drop rows whose agent is null or blank.

    Raises
    ------
    ParameterError
        If a listed text is blank (all agents contain it), or if nothing is listed and ``empty`` is false.

    Examples
    --------
    >>> agents = ["Mozilla/5.0 (compatible; Googlebot/2.1)", "Mozilla/5.0 (Linux; CUBOT NOTE 20)", None]
    >>> rows = pl.LazyFrame({"agent": agents}).with_columns(pl.lit(None, pl.String).alias(DROPPED))
    >>> ListedAgents("agent").mark(rows).collect()[DROPPED].to_list()
    ['bot_agent', None, None]
    """

    column: str
    agents: str | Sequence[str] = CRAWLERS
    _: KW_ONLY
    empty: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "agents", (self.agents,) if isinstance(self.agents, str) else tuple(self.agents))
        if not all(map(str.strip, self.agents)):
            raise ParameterError(self, "agents", got=self.agents, want="texts that are not blank")
        if not (self.agents or self.empty):
            raise ParameterError(self, "agents", got=self.agents, want="at least one text, or `empty` true")

    @property
    def reasons(self) -> tuple[str, ...]:
        """``bot_agent``."""
        return ("bot_agent",)

    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns as they are."""
        self.need([self.column], given)
        if given[self.column] != pl.String:
            raise ColumnTypeError(self, self.column, where="the samples", got=given[self.column], want="text")
        return given

    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """As `RowRule.mark`."""
        agent = pl.col(self.column)
        blank = (agent.is_null() | (agent.str.strip_chars() == "")) & self.empty
        return _drop(rows, blank | self._listed(agent), "bot_agent")

    def _listed(self, agent: pl.Expr) -> pl.Expr:
        if not self.agents:
            return pl.lit(value=False)
        return agent.str.contains("(?i)" + "|".join(map(pl.escape_regex, self.agents)))


def _of_user(by: str, is_bot: pl.Expr) -> pl.Expr:
    return pl.col(by).is_not_null() & is_bot


def _drop(rows: pl.LazyFrame, where: pl.Expr, reason: str) -> pl.LazyFrame:
    return rows.with_columns(pl.coalesce(DROPPED, pl.when(where).then(pl.lit(reason))))
