"""Query pairs: against a loop over the rows, and at the edges of the time between two queries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.query_pairs import QueryPairs
from featurelib.samples.step import DROPPED

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TIME = pl.Datetime("us", "UTC")
GIVEN = pl.Schema(
    {
        ROW: pl.UInt32(),
        "user": pl.String(),
        "site": pl.Int64(),
        "q": pl.String(),
        "at": TIME,
        "click": pl.Int8(),
        "typing": pl.Boolean(),
        DROPPED: pl.String(),
    }
)
DECLARED = pl.Schema({name: dtype for name, dtype in GIVEN.items() if not name.startswith("@")})
PAIRS = QueryPairs("user", query="q", time="at", label="click")
TYPED = QueryPairs("user", query="q", time="at", label="click", is_prefix="typing")


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def frame(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of (user, query, minute or instant, whether a prefix); every second query was clicked."""
    whole = []
    for row, (user, query, at, *typing) in enumerate(rows):
        instant = minutes(at) if isinstance(at, int | float) else at
        whole.append((row, user, 1, query, instant, row % 2, *(typing or [False]), None))
    return pl.DataFrame(whole, schema=GIVEN, orient="row")


def fates(rows: pl.DataFrame, shape: QueryPairs = PAIRS) -> list[str | None]:
    return shape.mark(rows.lazy()).collect()[DROPPED].to_list()


def formed(rows: pl.DataFrame, shape: QueryPairs = PAIRS) -> pl.DataFrame:
    return shape.form(shape.mark(rows.lazy())).collect()


def reason_of(row: dict[str, Any], shape: QueryPairs) -> str | None:
    """Why a row cannot be of a pair."""
    if row[DROPPED] is not None:
        return row[DROPPED]
    if None in [row[column] for column in shape.by]:
        return "no_session"
    if shape.is_prefix is not None and row[shape.is_prefix]:
        return "prefix"
    return None


def oracle(rows: list[dict[str, Any]], shape: QueryPairs) -> tuple[list[str | None], list[dict[str, Any]]]:
    """Why each row makes none of its own, and what the others make, by loops."""
    reasons, made = [reason_of(row, shape) for row in rows], []
    late = minutes(10**6)
    ordered = sorted(range(len(rows)), key=lambda place: (rows[place]["at"] or late, rows[place][ROW], place))
    for place, row in enumerate(rows):
        if reasons[place] is not None:
            continue
        same = [other for other in ordered if all(rows[other][c] == row[c] for c in shape.by)]
        typed, following = [], None
        for other in same[same.index(place) + 1 :]:
            if reason_of(rows[other], shape) is None:
                following = rows[other]
                break
            if reason_of(rows[other], shape) == "prefix":
                typed.append(rows[other]["q"])
        if following is None or None in (row["at"], following["at"]) or following["at"] - row["at"] >= shape.within:
            reasons[place] = "no_next_query"
            continue
        pair = {name: value for name, value in row.items() if name in DECLARED}
        pair |= {"next_query": following["q"], "next_at": following["at"], "next_click": following["click"]}
        made.append(pair if shape.is_prefix is None else pair | {"prefixes": typed})
    return reasons, made


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["u1", "u1", "u2", None]),
            "site": st.sampled_from([1, 1, 2, None]),
            "q": st.sampled_from(["shoe", "red shoe", "", None]),
            "at": st.none() | st.sampled_from([0, 0, 10, 29, 30, 40, 60]).map(minutes),
            "click": st.sampled_from([0, 1, None]),
            "typing": st.sampled_from([False, False, True, None]),
            DROPPED: st.sampled_from([None, None, None, "bot_agent"]),
        }
    ),
    max_size=14,
)


@given(
    drawn=ROWS,
    by=st.sampled_from([("user",), ("user", "site")]),
    is_prefix=st.sampled_from([None, "typing"]),
    alike=st.booleans(),
    engine=st.sampled_from(["in-memory", "streaming"]),
    data=st.data(),
)
def test_pairs_are_what_loops_make_of_the_rows(drawn: list[dict[str, Any]], by, is_prefix, alike, engine, data):
    # row numbers repeat where rows were made, and rows may come in any order
    numbers = data.draw(st.permutations([place // 2 if alike else place for place in range(len(drawn))]))
    rows = [{ROW: number, **row} for number, row in zip(numbers, drawn, strict=True)]
    shape = QueryPairs(by, query="q", time="at", label="click", is_prefix=is_prefix)
    given_rows = pl.DataFrame(rows, schema=GIVEN)
    marked = shape.mark(given_rows.lazy())
    reasons, made = oracle(rows, shape)
    found = marked.collect(engine=engine)
    assert found[DROPPED].to_list() == reasons
    assert found.drop(DROPPED).equals(given_rows.drop(DROPPED))
    pairs = shape.form(marked).collect(engine=engine)
    assert pairs.to_dicts() == made
    assert pairs.schema == shape.schema(DECLARED)


def test_a_pair_has_all_of_the_first_query_and_what_came_of_the_next():
    rows = frame(("u", "shoe", 0), ("u", "red shoe", 5))
    assert formed(rows).drop("site", "typing").rows() == [("u", "shoe", minutes(0), 0, "red shoe", minutes(5), 1)]


def test_the_time_between_is_half_open():
    assert fates(frame(("u", "a", 0), ("u", "b", minutes(30) - TICK))) == [None, "no_next_query"]
    assert fates(frame(("u", "a", 0), ("u", "b", 30))) == ["no_next_query", "no_next_query"]


def test_at_one_instant_the_later_row_is_next():
    rows = frame(("u", "a", 0), ("u", "b", 0)).reverse()
    assert formed(rows).select("q", "next_query").rows() == [("a", "b")]


def test_the_same_text_again_is_a_next_query():
    assert formed(frame(("u", "a", 0), ("u", "a", 1)))["next_query"].to_list() == ["a"]


def test_queries_of_another_user_do_not_follow():
    rows = frame(("u1", "a", 0), ("u2", "b", 1), ("u1", "c", 2), (None, "d", 3), (None, "e", 4))
    assert fates(rows) == [None, "no_next_query", "no_next_query", "no_session", "no_session"]
    assert formed(rows)["next_query"].to_list() == ["c"]


def test_prefixes_between_two_queries_are_listed_in_the_order_typed():
    rows = frame(("u", "a", 0), ("u", "re", 2, True), ("u", "r", 1, True), ("u", "red", 3), ("u", "redd", 4))
    assert fates(rows, TYPED) == [None, "prefix", "prefix", None, "no_next_query"]
    assert formed(rows, TYPED).select("q", "next_query", "prefixes").rows() == [
        ("a", "red", ["r", "re"]),
        ("red", "redd", []),
    ]


def test_what_was_typed_before_the_first_query_belongs_to_none():
    rows = frame(("u1", "a", 0), ("u1", "b", 1), ("u2", "x", 0, True), ("u2", "c", 1), ("u2", "d", 2))
    assert formed(rows, TYPED)["prefixes"].to_list() == [[], []]


def test_a_row_that_may_be_a_prefix_is_a_query_and_a_prefix_may_lack_its_text():
    rows = frame(("u", "a", 0), ("u", "b", 1, None), ("u", None, 2, True), ("u", "c", 3))
    assert fates(rows, TYPED) == [None, None, "prefix", "no_next_query"]
    assert formed(rows, TYPED)["prefixes"].to_list() == [[], [None]]


def test_a_query_of_unknown_text_is_one_like_any_other():
    rows = frame(("u", "a", 0), ("u", None, 1), ("u", "b", 2))
    assert formed(rows).select("q", "next_query").rows() == [("a", None), (None, "b")]


def test_a_dropped_row_is_passed_over_and_keeps_its_reason():
    rows = frame(("u", "a", 0), ("u", "bot", 1), ("u", "b", 2))
    rows = rows.with_columns(pl.Series(DROPPED, [None, "bot_agent", None]))
    assert fates(rows) == [None, "bot_agent", "no_next_query"]
    assert formed(rows)["next_query"].to_list() == ["b"]


@pytest.mark.parametrize("shape", [PAIRS, TYPED])
def test_no_rows_make_no_pairs(shape: QueryPairs):
    assert formed(frame(), shape).is_empty()
    assert formed(frame(), shape).schema == shape.schema(DECLARED)


def test_many_rows_make_the_same_pairs_when_streamed():
    number = pl.int_range(200_000, dtype=pl.UInt32)
    rows = pl.LazyFrame().select(
        number.alias(ROW),
        (number * 7919 % 10_007).cast(pl.String).alias("user"),
        number.cast(pl.String).alias("q"),
        (pl.lit(NOON) + pl.duration(seconds=number * 104_729 % 86_400)).cast(TIME).alias("at"),
        (number % 2).alias("click"),
        (number % 5 == 0).alias("typing"),
        pl.lit(None, dtype=pl.String).alias(DROPPED),
    )
    marked = TYPED.mark(rows)
    assert marked.collect(engine="streaming").equals(marked.collect(engine="in-memory"))
    pairs = TYPED.form(marked).collect(engine="streaming")
    assert pairs.equals(TYPED.form(marked).collect(engine="in-memory"))
    assert pairs["q"].cast(pl.UInt32).is_sorted()
    assert pairs["q"].to_list() == marked.filter(pl.col(DROPPED).is_null()).collect().sort(ROW)["q"].to_list()


def test_no_feature_may_read_what_came_of_the_next_query():
    assert PAIRS.outcomes == ("next_click",)


def test_declarations_that_cannot_work_are_refused():
    with pytest.raises(ParameterError, match="by must be at least one column"):
        QueryPairs([], query="q", time="at", label="click")
    with pytest.raises(ParameterError, match="within must be longer than nothing"):
        QueryPairs("user", query="q", time="at", label="click", within="0s")
    with pytest.raises(DeclarationError, match="two columns 'next_at'; rename the label"):
        QueryPairs("user", query="q", time="at", label="at")


@pytest.mark.parametrize(
    ("column", "want"), [("query", "String"), ("time", "Datetime"), ("is_prefix", "Boolean")], ids=lambda text: text
)
def test_columns_of_another_type_are_refused(column: str, want: str):
    shape = QueryPairs("user", **{"query": "q", "time": "at", "is_prefix": "typing", column: "site"}, label="click")
    with pytest.raises(ColumnTypeError, match=f"'site' of the samples to be {want}, got Int64"):
        shape.schema(DECLARED)


def test_columns_that_are_missing_or_taken_are_refused():
    with pytest.raises(ColumnMissingError, match="Did you mean 'click'"):
        QueryPairs("user", query="q", time="at", label="clicks").schema(DECLARED)
    with pytest.raises(DeclarationError, match="adds column 'next_query', which the samples already have"):
        PAIRS.schema(pl.Schema({**DECLARED, "next_query": pl.String()}))
