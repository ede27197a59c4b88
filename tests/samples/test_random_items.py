"""Random items, against the draws one by one in plain Python, and at their edges."""

import math
from bisect import bisect_right
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.samples import random_items
from featurelib.samples.duplicates import ROW
from featurelib.samples.random_items import RANDOM_ITEM, RandomItems
from featurelib.samples.step import DROPPED, WEIGHT, PartitionFacts

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
TIME = pl.Datetime("us", "UTC")
LABELS = pl.Schema({"click": pl.Int8(), "click__count": pl.Int32(), "click__at": TIME})
SCHEMA = {
    "user": pl.String,
    "request": pl.Int64,
    "item": pl.String,
    "price": pl.Float64,
    "position": pl.Int32,
    "at": TIME,
    **LABELS,
    WEIGHT: pl.Float64,
    DROPPED: pl.String,
}
FACTS = PartitionFacts(time="at", labels=LABELS, observed_at=NOON)
REQUEST = ["user", "request"]

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["u", "v", None]),
            "request": st.sampled_from([1, 2, None]),
            "item": st.sampled_from(["é", "a", "B", "z", "y", "x", None]),
            "price": st.integers(0, 99).map(float),
            "at": st.integers(0, 3).map(lambda minute: NOON + timedelta(minutes=minute)),
            DROPPED: st.sampled_from([None, None, "earlier"]),
        }
    ),
    max_size=20,
)


def frame_of(rows: list[dict[str, Any]]) -> pl.DataFrame:
    whole = {"position": 3, "click": 1, "click__count": 2, "click__at": NOON, WEIGHT: 5.0}
    filled = [{name: row.get(name, whole.get(name)) for name in SCHEMA} for row in rows]
    return pl.DataFrame(filled, schema=SCHEMA, orient="row").with_row_index(ROW)


def maker_of(n: int, seed: int = 0) -> RandomItems:
    return RandomItems("item", n=n, request=REQUEST, seed=seed, carries=["price"], blank=["position"])


def made(maker: RandomItems, frame: pl.DataFrame) -> pl.DataFrame:
    """Return live and made rows, having seen that neither chunks nor the order of the rows matter."""
    rows, seen = frame.filter(pl.col(DROPPED).is_null()), frame.drop(DROPPED, *LABELS, WEIGHT)
    expected = maker.make(rows.lazy(), seen.lazy(), FACTS).collect(engine="in-memory")
    logged = expected.head(len(rows))
    assert logged.drop(RANDOM_ITEM).equals(rows)
    assert not logged[RANDOM_ITEM].any()
    assert expected.schema == maker.schema(frame.schema)
    shuffled = seen.sample(fraction=1, shuffle=True, seed=1)
    chunked = pl.concat([shuffled.head(len(seen) // 2), shuffled.slice(len(seen) // 2)], rechunk=False)
    assert maker.make(rows.lazy(), chunked.lazy(), FACTS).collect(engine="in-memory").equals(expected)
    turned = maker.make(rows.reverse().lazy(), chunked.lazy(), FACTS).collect(engine="in-memory")
    assert turned.slice(len(rows)).equals(expected.slice(len(rows)))
    return expected


def by_loop(frame: pl.DataFrame, n: int, seed: int) -> list[dict[str, Any]]:
    seen = frame.sort("at", ROW).to_dicts()
    first_seen: dict[str, dict[str, Any]] = {}
    for row in seen:
        first_seen.setdefault(row["item"], row)
    counts = Counter(row["item"] for row in seen if row["item"] is not None)
    items = sorted(counts)
    ends = list(accumulate(math.sqrt(counts[item]) * math.sqrt(math.sqrt(counts[item])) for item in items))
    first: dict[tuple[str, int], dict[str, Any]] = {}
    for row in seen:
        if row[DROPPED] is None and None not in (row["user"], row["request"]):
            first.setdefault((row["user"], row["request"]), row)
    rows = []
    for (user, request), context in sorted(first.items(), key=lambda entry: entry[1][ROW]):
        passed = {row["item"] for row in seen if (row["user"], row["request"]) == (user, request)}
        drawn: list[str] = []
        for j in range(10 * n + 100 if items else 0):
            if len(drawn) < n:
                h = xxhash.xxh64_intdigest(f"{seed}\x1frandom_items\x1f{user}\x1f{request}\x1f{j}".encode(), 42)
                item = items[bisect_right(ends, (h >> 11) * 2.0**-53 * ends[-1])]
                if item not in passed:
                    passed.add(item)
                    drawn.append(item)
        own = {"position": None, "click": 0, "click__count": 0, "click__at": None, WEIGHT: 1.0, RANDOM_ITEM: True}
        rows += [{**context, "item": item, "price": first_seen[item]["price"], **own} for item in drawn]
    return rows


@given(rows=ROWS, n=st.integers(1, 4), seed=st.integers(0, 3))
def test_made_rows_are_what_single_draws_give(rows: list[dict[str, Any]], n: int, seed: int):
    frame = frame_of(rows)
    found = made(maker_of(n, seed), frame)
    assert found.filter(RANDOM_ITEM).to_dicts() == by_loop(frame, n, seed)


def test_draws_may_be_made_in_parts(monkeypatch: pytest.MonkeyPatch):
    rows = [{"user": "u", "request": i // 2, "item": f"i{i * i % 61}", "at": NOON} for i in range(200)]
    frame = frame_of(rows)
    at_once = made(maker_of(7), frame)
    monkeypatch.setattr(random_items, "_DRAWS_AT_ONCE", 40)
    assert made(maker_of(7), frame).equals(at_once)
    assert at_once.filter(RANDOM_ITEM).to_dicts() == by_loop(frame, 7, 0)


def test_no_request_gets_what_it_showed_or_the_same_item_twice():
    rows = [{"user": "u", "request": i // 5, "item": f"i{i * i % 37}", "at": NOON} for i in range(100)]
    found = made(maker_of(6), frame_of(rows))
    drawn = found.filter(RANDOM_ITEM)
    assert drawn.select(*REQUEST, "item").is_duplicated().sum() == 0
    shown = found.filter(~pl.col(RANDOM_ITEM))
    assert drawn.join(shown, on=[*REQUEST, "item"], how="semi").is_empty()


def test_items_are_drawn_by_popularity_to_the_power_of_three_quarters():
    seen = [{"user": "other", "request": 0, "item": item, "at": NOON} for item in ["a"] * 81 + ["b"] * 16 + ["c"]]
    asks = [{"user": "u", "request": i, "item": None, "at": NOON} for i in range(4_000)]
    drawn = made(maker_of(1), frame_of(seen + asks)).filter(pl.col(RANDOM_ITEM) & (pl.col("user") == "u"))
    shares = {item: n / 4_000 for item, n in drawn["item"].value_counts().iter_rows()}
    weights = {"a": 27 / 36, "b": 8 / 36, "c": 1 / 36}
    assert shares == {item: pytest.approx(weight, abs=0.021) for item, weight in weights.items()}  # 3 standard errors


def test_dropped_impressions_count_as_seen_and_are_not_drawn_for_their_request():
    rows = [
        {"user": "u", "request": 1, "item": "a", "at": NOON},
        {"user": "u", "request": 1, "item": "b", "at": NOON, DROPPED: "earlier"},
        {"user": "v", "request": 2, "item": "c", "at": NOON, DROPPED: "earlier"},
    ]
    found = made(maker_of(3), frame_of(rows)).filter(RANDOM_ITEM)
    assert found.select("user", "item").rows() == [("u", "c")]


def test_nothing_is_made_where_all_items_were_shown_or_there_is_none():
    for items in (["a", "b"], [None, None]):
        rows = [{"user": "u", "request": 1, "item": item, "at": NOON} for item in items]
        assert not made(maker_of(3), frame_of(rows))[RANDOM_ITEM].any()
    assert made(maker_of(3), frame_of([])).is_empty()


def test_context_is_of_the_requests_first_row_by_time_and_made_rows_have_its_number():
    rows = [
        {"user": "u", "request": 1, "item": "a", "at": NOON + timedelta(minutes=1)},
        {"user": "v", "request": 1, "item": "b", "at": NOON},
        {"user": "u", "request": 1, "item": "a", "at": NOON},
    ]
    found = made(maker_of(1), frame_of(rows)).filter(RANDOM_ITEM)
    assert found.select(ROW, "user", "item", "at").rows() == [(1, "v", "a", NOON), (2, "u", "b", NOON)]


def test_carried_columns_are_of_the_items_first_row_by_time_though_it_was_dropped():
    rows = [
        {"user": "u", "request": 1, "item": "a", "price": 1.0, "at": NOON},
        {"user": "v", "request": 1, "item": "b", "price": 2.0, "at": NOON},
        {"user": "v", "request": 1, "item": "b", "price": 3.0, "at": NOON - timedelta(minutes=1), DROPPED: "earlier"},
    ]
    found = made(maker_of(1), frame_of(rows)).filter(RANDOM_ITEM)
    assert found.select("user", "item", "price").rows() == [("u", "b", 3.0), ("v", "a", 1.0)]


def test_samples_without_a_weight_get_none():
    frame = frame_of([{"user": u, "request": 1, "item": u, "at": NOON} for u in "uv"]).drop(WEIGHT)
    assert maker_of(1).make(frame.lazy(), frame.lazy(), FACTS).collect_schema() == maker_of(1).schema(frame.schema)


def test_row_numbers_that_an_earlier_maker_repeated_make_no_row_twice():
    frame = frame_of([{"user": u, "request": 1, "item": u, "at": NOON} for u in "uv"])
    doubled = pl.concat([frame, frame.with_columns(pl.lit(0, pl.Int8).alias("click"))])
    found = maker_of(1).make(doubled.lazy(), frame.lazy(), FACTS).collect(engine="in-memory")
    assert found.filter(RANDOM_ITEM).select("user", "item").rows() == [("u", "v"), ("v", "u")]


def test_made_rows_say_nothing_of_what_came_of_the_row_they_are_made_from():
    frame = frame_of([{"user": u, "request": 1, "item": u, "at": NOON} for u in "uv"]).with_columns(
        dwell_s=9.0, tap=True
    )
    facts = PartitionFacts("at", LABELS, NOON, frozenset({"dwell_s", "tap", "seen", WEIGHT, *LABELS}))
    found = maker_of(1).make(frame.lazy(), frame.lazy(), facts).collect(engine="in-memory").filter(RANDOM_ITEM)
    told = found.select("dwell_s", "tap", "click", "click__at", WEIGHT).unique().rows()
    assert told == [(None, None, 0, None, 1.0)]
    assert set(found["at"]) == {NOON}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n": 0}, "n must be at least 1"),
        ({"request": []}, "request must be at least one column"),
        ({"request": ["user", "user"]}, "request must be each column once"),
        ({"request": ["item"]}, "request must be each column once, and not 'item'"),
        ({"carries": ["item"]}, "carries must be columns other than"),
        ({"blank": ["user"]}, "blank must be columns other than"),
        ({"carries": ["price"], "blank": ["price"]}, "blank must be columns other than"),
    ],
)
def test_parameter_out_of_range_is_an_error(changed: dict[str, Any], message: str):
    with pytest.raises(ParameterError, match=message):
        RandomItems(**{"item": "item", "n": 1, "request": REQUEST, **changed})


def test_columns_are_checked_before_data_is_read():
    given = pl.Schema(SCHEMA)
    assert maker_of(1).schema(given) == pl.Schema({**given, RANDOM_ITEM: pl.Boolean()})
    with pytest.raises(ColumnMissingError, match="reads column 'title'"):
        RandomItems("item", n=1, request=REQUEST, carries=["title"]).schema(given)
    with pytest.raises(ColumnTypeError, match="'price' of the samples to be text, integer or boolean"):
        RandomItems("price", n=1, request=REQUEST).schema(given)
    with pytest.raises(DeclarationError, match="'random_item', which the samples already have"):
        maker_of(1).schema(maker_of(1).schema(given))
