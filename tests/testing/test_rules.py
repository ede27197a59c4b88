"""The oracles of the rules, sessions, makers, shapes and splits, on examples worked by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import xxhash

from featurelib.testing import hashing, makers, rules, shapes, splits
from featurelib.testing.rows import numbered
from featurelib.testing.sessions import sessions

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def table(columns: str, *rows: tuple[Any, ...]) -> list[dict[str, Any]]:
    return numbered(dict(zip(columns.split(), row, strict=True)) for row in rows)


def reasons(rows: list[dict[str, Any]]) -> list[str | None]:
    return [row["@dropped"] for row in rows]


def test_hash_is_of_seed_and_keys_joined_with_a_mark_for_null():
    assert hashing.seeded_hash("cap", 7, ["u", None, 12]) == xxhash.xxh64_intdigest(
        b"7\x1fcap\x1fu\x1f\x1e\x1f12", seed=42
    )
    assert hashing.seeded_hash("cap", 7, ["u", ""]) != hashing.seeded_hash("cap", 7, ["u", None])


def test_share_is_of_the_whole_range():
    assert hashing.in_share(2**64 - 1, 1.0)
    assert not hashing.in_share(0, 0.0)
    assert [hashing.in_share(h, 0.25) for h in (2**62 - 1, 2**62)] == [True, False]


def test_rule_looks_at_live_rows_only_and_leaves_its_input_alone():
    rows = table("user", ("a",), ("a",), ("a",))
    rows[0]["@dropped"] = "before"
    assert reasons(rules.too_many_impressions(rows, by="user", most=2)) == ["before", None, None]
    assert reasons(rules.too_many_impressions(rows, by="user", most=1)) == ["before"] + ["bot_impressions"] * 2
    assert reasons(rows) == ["before", None, None]


def test_too_many_clicks_is_strict_about_the_share_and_counts_null_as_not_clicked():
    rows = table("user clicked", ("a", 1), ("a", None), ("b", 1), ("b", 1), ("b", 0), ("c", 1), (None, 1), (None, 1))
    found = rules.too_many_clicks(rows, by="user", label="clicked", share=0.5, at_least=2)
    assert reasons(found) == [None, None, "bot_clicks", "bot_clicks", "bot_clicks", None, None, None]


@pytest.mark.parametrize(
    ("seconds", "median_s", "dropped"),
    [
        ([0, 1, 3], 1.5, False),  # gaps 1 and 2: the median is 1.5, not below
        ([0, 1, 3], 1.6, True),
        ([3, None, 0, 1], 1.6, True),  # in any order; the row without a click is its user's
        ([0, 1], 9, False),  # two clicks are fewer than three
        ([0, 0.1, 0.2], 0.1, False),
        ([0, 0, 5, 10], 6, True),
    ],
)
def test_median_gap(seconds: list[float | None], median_s: float, dropped: bool):
    rows = table("user at", *[("a", None if s is None else NOON + s * SECOND) for s in seconds])
    found = rules.clicks_too_fast(rows, by="user", clicked_at="at", median_s=median_s, at_least=3)
    assert set(reasons(found)) == {"bot_click_gaps" if dropped else None}


def test_agents():
    rows = table("agent", ("CURL/8",), ("xcurly",), ("",), ("\t",), (None,), ("Firefox",))
    bot = "bot_agent"
    assert reasons(rules.listed_agents(rows, column="agent", agents=["curl"])) == [bot, bot, None, None, None, None]
    assert reasons(rules.listed_agents(rows, column="agent", agents=["Curl"], empty=True)) == [bot] * 5 + [None]


def test_skip_above():
    rows = table(
        "request slot clicked",
        *[("a", 3, 0), ("a", 1, 1), ("a", 2, 0), ("a", 2, 0), ("a", None, 1), ("a", 9, 0)],
        *[("b", 1, 0), ("b", None, 1), (None, 1, 0)],
    )
    how = {"request": "request", "position": "slot", "label": "clicked"}
    below, without = "below_last_click", "no_click_in_request"
    assert reasons(rules.skip_above(rows, **how)) == [below, None, None, None, None, below, None, None, None]
    found = rules.skip_above(rows, **how, keep_below=1, without_click="drop")
    assert reasons(found) == [below, None, None, below, None, below, without, None, None]
    rows[1]["@dropped"] = "bot_agent"  # its click is not looked at
    assert reasons(rules.skip_above(rows, **how))[0] is None


def test_fraction_keeps_positives_and_the_lowest_hashes_and_multiplies_weights():
    rows = table("id clicked", *[(str(n), n % 5 == 0) for n in range(40)])
    once = rules.keep_fraction(rows, rate=0.25, label="clicked", keys="id", seed=3)
    for row in once:
        low = hashing.seeded_hash("keep_fraction", 3, [row["id"]]) < 2**62
        assert (row["@dropped"] is None) == (row["clicked"] or low)
        assert row["sample_weight"] == (1.0 if row["clicked"] else 4.0)
    assert {row["sample_weight"] for row in rules.keep_fraction(once, rate=0.5, label="clicked", keys="id")} == {
        1.0,
        8.0,
    }
    assert set(reasons(rules.keep_fraction(rows, rate=1.0, label="clicked", keys="id"))) == {None}


def test_cap_takes_the_smallest_hashes_and_the_earlier_of_equals():
    rows = table("user id", *[("u", str(n)) for n in range(5)], (None, "0"), (None, "1"))
    found = rules.cap_per_user(rows, by="user", most=2, keys="id")
    best = sorted(rows[:5], key=lambda row: hashing.seeded_hash("cap_per_user", 0, [row["id"]]))[:2]
    assert [row["id"] for row in found[:5] if row["@dropped"] is None] == sorted(row["id"] for row in best)
    assert reasons(found)[5:] == [None, None]
    equal = table("user id", ("u", "x"), ("u", "x"))
    assert reasons(rules.cap_per_user(equal, by="user", most=1, keys="id")) == [None, "over_cap"]


def test_sessions_split_at_the_gap_and_order_ties_by_number():
    rows = table(
        "user at",
        *[("u", NOON + 30 * MINUTE), ("u", NOON), ("v", NOON), (None, NOON), ("u", NOON)],
        ("v", NOON + 30 * MINUTE - timedelta(microseconds=1)),
    )
    stamp = int(NOON.timestamp()) * 1_000_000
    found = sessions(rows, by=["user"], time="at", gap="30m", name="visit")
    assert [(row["visit_id"], row["visit_position"]) for row in found] == [
        (f"u@{stamp + 30 * 60 * 1_000_000}", 1),
        (f"u@{stamp}", 1),
        (f"v@{stamp}", 1),
        (None, None),
        (f"u@{stamp}", 2),
        (f"v@{stamp}", 2),
    ]
    whole = sessions(rows, by=["user"], time="at", gap=None)
    assert [(row["session_id"], row["session_position"]) for row in whole] == [
        *[("u", 3), ("u", 1), ("v", 1), (None, None), ("u", 2), ("v", 2)]
    ]


def test_session_of_several_columns_joins_their_texts():
    (row,) = sessions(table("user day at", ("u", 3, NOON)), by=["user", "day"], time="at", gap=None)
    assert row["session_id"] == "u\x1f3"


def test_random_items_are_rows_of_their_request_and_columns_of_their_item():
    seen = table(
        "request item category user at clicked clicked__count clicked__at sample_weight",
        ("a", "x", "c1", "u", NOON + SECOND, 1, 2, NOON, 0.5),
        ("a", "y", "c2", "u2", NOON, 0, 0, None, 0.5),
        ("b", "z", "late", "v", NOON + SECOND, 0, 0, None, 0.5),
        ("b", "z", "c3", "v", NOON, 0, 0, None, 0.5),
        (None, None, None, "w", NOON, 0, 0, None, 0.5),
    )
    found = makers.random_items(
        seen[:2],  # request b was dropped: it gets no items, but its items may be drawn
        seen,
        item="item",
        n=2,
        request="request",
        time="at",
        carries=["category"],
        blank=["user"],
        labels=["clicked"],
        outcomes=["dwell"],
    )
    assert [row["random_item"] for row in found] == [False, False, True]  # only z is left to draw
    made = {"request": "a", "item": "z", "category": "c3", "user": None, "at": NOON, "clicked": 0}
    rest = {"dwell": None, "clicked__count": 0, "clicked__at": None, "sample_weight": 1.0, "random_item": True}
    assert found[2] == made | rest | {"@row": 1, "@dropped": None}


def test_draws_point_into_the_cumulative_weights():
    seen = table("request item at", *[("a", item, NOON) for item in "wxxxxy"], ("b", "q", NOON))
    (made,) = (row for row in makers.random_items(seen[6:], seen, item="item", n=1, request="request", time="at")[1:])
    ends = {"q": 1.0, "w": 2.0, "x": 2.0 + 4**0.75, "y": 3.0 + 4**0.75}
    for j in range(110):
        hashed = xxhash.xxh64_intdigest(f"0\x1frandom_items\x1fb\x1f{j}".encode(), seed=42)
        drawn = next(item for item, end in ends.items() if end > (hashed >> 11) / 2**53 * ends["y"])
        if drawn != "q":
            break
    assert made["item"] == drawn


def test_delayed_feedback_shows_a_positive_twice():
    rows = table("at bought bought__at", (NOON, 0, None), (NOON, 1, NOON + MINUTE), (NOON + MINUTE, None, NOON))
    found = makers.delayed_feedback(rows, label="bought", time="at", observed_at=NOON + 30 * SECOND)
    assert [(row["@row"], row["bought"], row["seen_at"], row["delay_s"], row["elapsed_s"]) for row in found] == [
        (0, 0, NOON, None, 30.0),
        (1, 0, NOON, 60.0, 30.0),
        (2, 0, NOON + MINUTE, -60.0, 0.0),
        (1, 1, NOON + MINUTE, 60.0, 30.0),
    ]


def test_calibrations_undo_what_they_correct():
    for p in (0.01, 0.2, 0.49):
        sampled = p / (p + (1 - p) * 0.1)
        assert makers.calibrate(sampled, 0.1) == pytest.approx(p)
        assert makers.calibrate_fake_negatives(p / (1 + p)) == pytest.approx(p)
    assert makers.fake_negative_weight(1, 0.5) == 1.5
    assert makers.fake_negative_weight(0, 0.5) == 0.75


def test_lists():
    rows = table(
        "request slot item user", ("b", 1, "p", "v"), ("a", 2, "x", "u"), (None, 1, "n", "u"), ("a", 1, "y", "w")
    )
    rows.append({"request": "b", "slot": 1, "item": "q", "user": "z", "@row": 4})
    shaped = shapes.lists(rows, request=["request"], order="slot", columns=["item", "slot"], first=["user"])
    assert shaped.rows == [
        {"request": "b", "user": "v", "item": ["p", "q"], "slot": [1, 1], "size": 2, "@row": 0},
        {"request": "a", "user": "w", "item": ["y", "x"], "slot": [1, 2], "size": 2, "@row": 1},
    ]
    assert shaped.reasons == [None, "in_a_list", "no_request", None, "in_a_list"]


def test_query_pairs():
    rows = table(
        "s q at typing clicked",
        *[("s", "b", NOON + MINUTE, False, 1), ("s", "a", NOON, None, 0), ("s", "pre", NOON, True, 0)],
        *[(None, "a", NOON, False, 0), ("s", "c", NOON + 31 * MINUTE, False, 0), ("t", "d", NOON, False, 0)],
        ("s", "d", NOON + 31 * MINUTE, False, 0),
    )
    how = {"by": "s", "query": "q", "time": "at", "label": "clicked", "within": "30m"}
    shaped = shapes.query_pairs(rows, **how, is_prefix="typing")
    told = [(row["q"], row["next_query"], row["next_at"], row["next_clicked"], row["prefixes"]) for row in shaped.rows]
    assert told == [("a", "b", NOON + MINUTE, 1, ["pre"]), ("c", "d", NOON + 31 * MINUTE, 0, [])]
    late = "no_next_query"
    assert shaped.reasons == [late, None, "prefix", "no_session", None, late, late]
    plain = shapes.query_pairs(rows, **how)
    assert [(row["q"], row["next_query"]) for row in plain.rows] == [("a", "pre"), ("pre", "b"), ("c", "d")]
    assert "prefixes" not in plain.rows[0]


def test_splits():
    days = [date(2026, 10, n) for n in (23, 24, 25, 26, 27)]
    parts = [(days[0], days[1]), (days[3], days[4])]
    hours = 25  # the day between them, in Berlin
    assert splits.apart(parts, reach=timedelta(hours=hours), timezone="Europe/Berlin")
    assert not splits.apart(parts, reach=timedelta(hours=hours), timezone="UTC")
    assert not splits.apart(parts[::-1], reach=timedelta(0), timezone="UTC")
    named = dict(zip(("train", "test"), parts, strict=True))
    times = [datetime(2026, 10, 24, 21, 59, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)]
    assert [splits.part_of(time, named, timezone="Europe/Berlin") for time in times] == ["train", None]
    assert splits.walk_forward((days[0], days[4]), train=2, test=2, step=3) == [
        ((days[0], days[1]), (days[2], days[3]))
    ]
    assert splits.held_out(["u", None], fraction=1.0)
    assert not splits.held_out(["u"], fraction=0.0)
