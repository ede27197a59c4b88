"""Bot rules, against loops in plain Python, and at their limits."""

import statistics
from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.samples.bots import CRAWLERS, ClicksTooFast, ListedAgents, TooManyClicks, TooManyImpressions
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED, RowRule

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SCHEMA = {
    "user": pl.String,
    "click": pl.Int8,
    "at": pl.Datetime("us", "UTC"),
    "agent": pl.String,
    DROPPED: pl.String,
}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["u1", "u2", None]),
            "click": st.sampled_from([0, 1, None]),
            "at": st.none() | st.integers(0, 5).map(lambda tick: NOON + timedelta(microseconds=tick)),
            DROPPED: st.sampled_from([None, None, None, "earlier"]),
        }
    ),
    max_size=14,
)


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    filled = [{name: row.get(name) for name in SCHEMA} for row in rows]
    return pl.DataFrame(filled, schema=SCHEMA, orient="row").with_row_index(ROW)


def marks(rule: RowRule, rows: list[dict[str, Any]]) -> list[str | None]:
    """Return the marks, having seen that neither engine, nor chunks, nor the order of the rows changes them."""
    frame = frame_of(rows)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    chunked = pl.concat([shuffled.head(len(rows) // 2), shuffled.slice(len(rows) // 2)], rechunk=False)
    expected = rule.mark(frame.lazy()).collect(engine="in-memory")
    assert expected.drop(DROPPED).equals(frame.drop(DROPPED))
    for engine in ("in-memory", "streaming"):
        found = rule.mark(chunked.lazy()).collect(engine=engine)
        assert found[ROW].equals(chunked[ROW])
        assert found.sort(ROW).equals(expected)
    return expected[DROPPED].to_list()


def by_user(rows: list[dict[str, Any]], reason: str, is_bot: Callable[[list[dict[str, Any]]], bool]) -> list[Hashable]:
    live = defaultdict(list)
    for row in rows:
        if row[DROPPED] is None and row["user"] is not None:
            live[row["user"]].append(row)
    bots = {user for user, theirs in live.items() if is_bot(theirs)}
    return [row[DROPPED] or (reason if row["user"] in bots else None) for row in rows]


@given(rows=ROWS, most=st.integers(1, 4))
def test_too_many_impressions_is_what_a_loop_says(rows: list[dict[str, Any]], most: int):
    rule = TooManyImpressions("user", most=most)
    assert marks(rule, rows) == by_user(rows, "bot_impressions", lambda theirs: len(theirs) > most)


@given(rows=ROWS, share=st.sampled_from([0.0, 0.25, 1 / 3, 0.5, 2 / 3, 0.75]), at_least=st.integers(1, 4))
def test_too_many_clicks_is_what_a_loop_says(rows: list[dict[str, Any]], share: float, at_least: int):
    def is_bot(theirs: list[dict[str, Any]]) -> bool:
        return len(theirs) >= at_least and sum(row["click"] == 1 for row in theirs) / len(theirs) > share

    rule = TooManyClicks("user", label="click", share=share, at_least=at_least)
    assert marks(rule, rows) == by_user(rows, "bot_clicks", is_bot)


@given(rows=ROWS, ticks=st.sampled_from([0.5, 1, 1.5, 2]), at_least=st.integers(2, 4))
def test_clicks_too_fast_is_what_a_loop_says(rows: list[dict[str, Any]], ticks: float, at_least: int):
    def is_bot(theirs: list[dict[str, Any]]) -> bool:
        times = sorted(row["at"] for row in theirs if row["at"] is not None)
        gaps = [(after - before) / timedelta(microseconds=1) for before, after in pairwise(times)]
        return len(times) >= at_least and statistics.median(gaps) < ticks

    rule = ClicksTooFast("user", clicked_at="at", median_s=ticks / 1e6, at_least=at_least)
    assert marks(rule, rows) == by_user(rows, "bot_click_gaps", is_bot)


def test_user_with_exactly_the_most_impressions_stays():
    rows = [{"user": "u"}] * 3
    assert marks(TooManyImpressions("user", most=3), rows) == [None] * 3
    assert marks(TooManyImpressions("user", most=2), rows) == ["bot_impressions"] * 3


def test_rows_without_a_user_belong_to_no_bot():
    rows = [{"user": None, "click": 1, "at": NOON}] * 6
    for rule in (
        TooManyImpressions("user", most=1),
        TooManyClicks("user", label="click", share=0, at_least=1),
        ClicksTooFast("user", clicked_at="at", median_s=1),
    ):
        assert marks(rule, rows) == [None] * 6


def test_rows_dropped_earlier_count_for_nothing_and_keep_their_reason():
    rows = [{"user": "u", "click": 1, "at": NOON, DROPPED: "earlier"}] * 5 + [{"user": "u"}]
    for rule in (
        TooManyImpressions("user", most=1),
        TooManyClicks("user", label="click", share=0, at_least=1),
        ClicksTooFast("user", clicked_at="at", median_s=1, at_least=2),
    ):
        assert marks(rule, rows) == ["earlier"] * 5 + [None]


@pytest.mark.parametrize(("clicked", "shown"), [(1, 10), (3, 10), (7, 10), (1, 3), (29, 100)])
def test_exactly_the_share_of_clicks_stays(clicked: int, shown: int):
    rows = [{"user": "u", "click": int(i < clicked)} for i in range(shown)]
    at = TooManyClicks("user", label="click", share=clicked / shown, at_least=1)
    below = TooManyClicks("user", label="click", share=(clicked - 0.5) / shown, at_least=1)
    assert set(marks(at, rows)) == {None}
    assert set(marks(below, rows)) == {"bot_clicks"}


def test_exactly_enough_rows_are_judged():
    rows = [{"user": "u", "click": 1}] * 4
    assert set(marks(TooManyClicks("user", label="click", share=0.5, at_least=4), rows)) == {"bot_clicks"}
    assert set(marks(TooManyClicks("user", label="click", share=0.5, at_least=5), rows)) == {None}


def test_null_label_is_not_clicked():
    rows = [{"user": "u", "click": 1}, {"user": "u", "click": None}]
    assert set(marks(TooManyClicks("user", label="click", share=0.5, at_least=1), rows)) == {None}


def test_exactly_the_median_gap_stays():
    rows = [{"user": "u", "at": NOON + timedelta(seconds=s)} for s in (3, 0, 1)]
    assert set(marks(ClicksTooFast("user", clicked_at="at", median_s=1.5, at_least=3), rows)) == {None}
    assert set(marks(ClicksTooFast("user", clicked_at="at", median_s=1.51, at_least=3), rows)) == {"bot_click_gaps"}


def test_rows_that_were_not_clicked_are_no_clicks_but_go_with_their_user():
    rows = [{"user": "u", "at": NOON}] * 4 + [{"user": "u", "at": None}]
    assert set(marks(ClicksTooFast("user", clicked_at="at", median_s=1), rows)) == {None}
    assert set(marks(ClicksTooFast("user", clicked_at="at", median_s=1, at_least=4), rows)) == {"bot_click_gaps"}


def test_fast_clicks_without_a_user_do_not_speak_for_users():
    rows = [{"user": None, "at": NOON}] * 6 + [{"user": "u", "at": None}]
    assert marks(ClicksTooFast("user", clicked_at="at", median_s=1), rows) == [None] * 7


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_gaps_are_seconds_in_every_unit_of_time(unit: str):
    frame = frame_of([{"user": "u", "at": NOON + timedelta(seconds=s)} for s in (0, 2, 5)]).lazy()
    frame = frame.cast({"at": pl.Datetime(unit, "UTC")})
    at, above = (ClicksTooFast("user", clicked_at="at", median_s=s, at_least=3) for s in (2.5, 2.6))
    assert at.mark(frame).collect()[DROPPED].null_count() == 3
    assert above.mark(frame).collect()[DROPPED].null_count() == 0


@given(
    agents=st.lists(st.none() | st.text("aB(.*\n ", max_size=5), max_size=6),
    listed=st.lists(st.text("Ab(.*", min_size=1, max_size=2), min_size=1, max_size=3),
    empty=st.booleans(),
)
def test_listed_agents_is_what_a_loop_says(agents: list[str | None], listed: list[str], empty: bool):
    def is_bot(agent: str | None) -> bool:
        if agent is None or not agent.strip():
            return empty
        return any(text.lower() in agent.lower() for text in listed)

    rule = ListedAgents("agent", listed, empty=empty)
    expected = ["bot_agent" if is_bot(agent) else None for agent in agents]
    assert marks(rule, [{"agent": agent} for agent in agents]) == expected


AGENTS = {
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": True,
    "Mozilla/5.0 (compatible; AHREFSBOT/7.0)": True,
    "curl/8.4.0": True,
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36": True,
    "Mozilla/5.0 (compatible; archive.org_bot +http://www.archive.org/details/archive.org_bot)": True,
    "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)": True,
    "Mozilla/5.0 (compatible; Ezooms/1.0; help@moz.com)": True,
    "UniversalFeedParser/4.2-pre-314-svn +http://feedparser.org/": True,
    "Tiny Tiny RSS/1.11 (http://tt-rss.org/)": True,
    "FeedBurner/1.0 (http://www.FeedBurner.com)": True,
    "Mozilla/5.0 (Linux; Android 10; CUBOT NOTE 20) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36": False,
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 Chrome/120.0.0.0 Mobile Safari/537.36": False,
    "Mozilla/5.0 (Linux; U; Android 4.2.2; de-de; CUBOT; Build/JDQ39) AppleWebKit/534.30 Mobile Safari/534.30": False,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Safari/604.1": False,
}


def test_known_crawlers_are_told_from_browsers():
    found = marks(ListedAgents("agent"), [{"agent": agent} for agent in AGENTS])
    assert [reason == "bot_agent" for reason in found] == list(AGENTS.values())
    assert all(text == text.lower() and text.strip() for text in CRAWLERS)


def test_one_text_is_one_agent():
    rows = [{"agent": agent} for agent in ("Lumibot 2.0", "Mozilla/5.0")]
    assert marks(ListedAgents("agent", "lumibot"), rows) == ["bot_agent", None]


def test_only_blank_agents_may_be_listed():
    rows = [{"agent": agent} for agent in (None, "", " \t", "x")]
    assert marks(ListedAgents("agent", (), empty=True), rows) == ["bot_agent"] * 3 + [None]


def test_agent_of_a_row_dropped_earlier_is_not_judged():
    assert marks(ListedAgents("agent"), [{"agent": "curl/8", DROPPED: "earlier"}]) == ["earlier"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: TooManyImpressions("user", most=0), "most must be at least 1"),
        (lambda: TooManyClicks("user", label="click", share=1, at_least=1), "share must be at least 0 and below 1"),
        (lambda: TooManyClicks("user", label="click", share=0.5, at_least=0), "at_least must be at least 1"),
        (lambda: ClicksTooFast("user", clicked_at="at", median_s=0), "median_s must be above 0"),
        (lambda: ClicksTooFast("user", clicked_at="at", median_s=1, at_least=1), "at_least must be at least 2"),
        (lambda: ListedAgents("agent", ["x", " "]), "agents must be texts that are not blank"),
        (lambda: ListedAgents("agent", []), "agents must be at least one text"),
    ],
)
def test_parameter_out_of_range_is_an_error(make: Callable[[], RowRule], message: str):
    with pytest.raises(ParameterError, match=message):
        make()


def test_columns_are_checked_before_data_is_read():
    given = frame_of([]).schema
    for rule in (TooManyImpressions("usr", most=1), ListedAgents("agnt")):
        with pytest.raises(ColumnMissingError, match="Did you mean"):
            rule.schema(given)
    with pytest.raises(ColumnTypeError, match="'click' of the samples to be a time, got Int8"):
        ClicksTooFast("user", clicked_at="click", median_s=1).schema(given)
    with pytest.raises(ColumnTypeError, match="'click' of the samples to be text, got Int8"):
        ListedAgents("click").schema(given)


def test_rules_add_no_column_and_name_their_reasons():
    given = frame_of([]).schema
    rules = {
        "bot_impressions": TooManyImpressions("user", most=1),
        "bot_clicks": TooManyClicks("user", label="click", share=0.5, at_least=1),
        "bot_click_gaps": ClicksTooFast("user", clicked_at="at", median_s=1),
        "bot_agent": ListedAgents("agent"),
    }
    for reason, rule in rules.items():
        assert (rule.reasons, rule.schema(given)) == ((reason,), given)
        assert rule.mark(frame_of([]).lazy()).collect_schema() == given
