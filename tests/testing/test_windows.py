"""The oracle of windows on histories worked by hand."""

import math
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.testing import poisons, window_values
from featurelib.testing.rates import fitted_prior, position_rates, wilson
from featurelib.testing.spans import clock, constant_delay, drawn_lag, span
from featurelib.testing.strategies import event_logs

TICK, SECOND, MINUTE = timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
LOG = SimpleNamespace(
    name="shown", event_id="id", table=SimpleNamespace(event_time="at", landing_time="landed_at", columns={})
)
CLICKS = SimpleNamespace(**vars(LOG) | {"name": "clicked"})
COMMON = {"of": LOG, "per": LOG, "by": "item", "over": "3h", "delay": timedelta(0), "grain": "1h", "exact": False}


def stand_in(kind: str, /, **fields: Any) -> Any:
    """Return what the oracle reads of an object of the library."""
    return type(kind, (SimpleNamespace,), {})(**fields)


def window(kind: str, /, **fields: Any) -> Any:
    return stand_in(kind, **COMMON | {"name": "w"} | fields)


def event(at: datetime, item: Any = "x", **columns: Any) -> dict[str, Any]:
    return {"id": None, "item": item, "at": at, "landed_at": at, **columns}


def values(
    declared: Any, shown: Any = (), clicked: Any = (), *, at: datetime = NOON, item: Any = "x", **how: Any
) -> Any:
    told = {"timezone": "UTC", "partition_start": NOON - 12 * HOUR} | how
    return window_values(declared, {"shown": shown, "clicked": clicked}, {"item": item}, at=at, **told)


def value(*args: Any, **how: Any) -> Any:
    return values(*args, **how)["w"]


def test_hours_are_half_open_and_end_before_the_hour_of_the_sample():
    edges = [NOON - 3 * HOUR - TICK, NOON - 3 * HOUR, NOON - TICK, NOON, NOON + 20 * MINUTE]
    at = NOON + 30 * MINUTE
    assert [value(window("Counter"), [event(edge)], at=at) for edge in edges] == [0, 1, 1, 0, 0]
    late = [value(window("Counter", delay="1h"), [event(edge - HOUR)], at=at) for edge in edges]
    assert late == [0, 1, 1, 0, 0]
    later_than_its_length = window("Counter", delay=2 * DAY, over=HOUR)
    assert value(later_than_its_length, [event(NOON - 49 * HOUR), event(NOON - 48 * HOUR)], at=at) == 1


def test_exact_window_ends_just_before_the_sample():
    at = NOON + 30 * MINUTE + TICK
    declared = window("Counter", exact=True, over=10 * MINUTE, delay=TICK)
    start, end = at - TICK - 10 * MINUTE, at - TICK
    assert [value(declared, [event(edge)], at=at) for edge in (start - TICK, start, end - TICK, end)] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        ("Europe/Berlin", date(2026, 10, 26), "2026-10-24T22", "2026-10-25T23"),  # 25 hours
        ("Europe/Berlin", date(2026, 3, 30), "2026-03-28T23", "2026-03-29T22"),  # 23 hours
        ("Asia/Kolkata", date(2026, 11, 2), "2026-10-31T18:30", "2026-11-01T18:30"),
        ("UTC", date(2026, 11, 2), "2026-11-01", "2026-11-02"),
    ],
)
def test_days_are_those_of_the_zone(zone: str, day: date, start: str, end: str):
    first, last = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    midday = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    assert span(midday, over="1d", grain="1d", timezone=zone) == (first, last)
    assert span(midday + DAY, over=DAY, delay="24h", grain="1d", timezone=zone) == (first, last)
    declared = window("Recency", over="1d", grain="1d")
    assert value(declared, [event(first)], at=midday, timezone=zone) == (last - first).total_seconds()
    for missed in (first - TICK, last):
        assert value(declared, [event(missed)], at=midday, timezone=zone) is None


HISTORY = [
    event(NOON - 2 * HOUR, number=3, price=0.5, text="b", flag=True),
    event(NOON - 3 * HOUR, number=None, price=math.nan, text="a", flag=False),
    event(NOON - HOUR, number=3, price=None, text=None, flag=None),
    event(NOON - HOUR, number=-1, price=2.25, text="b", flag=True),
    event(NOON - HOUR, number=None, price=math.nan, text=None, flag=None),
    event(NOON - HOUR, item="y", number=100, price=100.0, text="y", flag=True),
]


@pytest.mark.parametrize(
    ("kind", "fields", "answer", "empty"),
    [
        ("Counter", {}, 5, 0),
        ("Sum", {"column": "number"}, 5, 0),
        ("Sum", {"column": "price"}, 2.75, 0),
        ("Sum", {"column": "flag"}, 2, 0),
        ("Mean", {"column": "number"}, 5 / 3, None),
        ("Mean", {"column": "price"}, 1.375, None),
        ("Minimum", {"column": "number"}, -1, None),
        ("Minimum", {"column": "price"}, 0.5, None),
        ("Maximum", {"column": "price"}, 2.25, None),
        ("Distinct", {"column": "text"}, 2, 0),
        ("Distinct", {"column": "flag"}, 2, 0),
        ("LastValue", {"column": "text"}, "b", None),
        ("LastValue", {"column": "price"}, 2.25, None),
        ("LastValue", {"column": "number"}, -1, None),
        ("Recency", {}, 3600.0, None),
        ("Decayed", {"column": None, "half_life": "1h"}, 1 / 4 + 1 / 8 + 3 / 2, 0.0),
        ("Decayed", {"column": "number", "half_life": HOUR}, 3 / 4 + 2 / 2, 0.0),
        ("Decayed", {"column": "price", "half_life": 2 * HOUR}, 0.5 / 2 + 2.25 * 2**-0.5, 0.0),
        ("Trend", {"short": "1h", "long": "3h", "kind": "ratio"}, 3 * 3 / 5, None),
        ("Trend", {"short": "1h", "long": "3h", "kind": "difference"}, 72.0 - 40.0, 0.0),
        ("LastN", {"column": "text", "n": 2, "also": (), "distinct": False}, ["b", "b"], []),
        ("LastN", {"column": "text", "n": 9, "also": (), "distinct": True}, ["a", "b"], []),
        ("LastN", {"column": "number", "n": 9, "also": (), "distinct": True}, [3, -1], []),
    ],
)
def test_each_member_passes_over_null_and_nan(kind: str, fields: Any, answer: Any, empty: Any):
    declared = window(kind, **fields)
    at = NOON + 59 * MINUTE
    assert value(declared, HISTORY, at=at) == answer
    assert type(value(declared, HISTORY, at=at)) is type(answer)
    assert value(declared, HISTORY, at=at, item="unseen") == empty
    assert value(declared, [], at=at) == empty
    assert value(declared, HISTORY, at=at, item=None) is None


def test_nothing_but_null_is_as_good_as_nothing():
    only_null = [event(NOON - HOUR, number=None, price=math.nan)]
    found = [
        value(window(kind, column=column, half_life="1h", n=1, also=(), distinct=False), only_null)
        for kind, column in [("Sum", "number"), ("Mean", "price"), ("Maximum", "price"), ("LastN", "price")]
    ]
    assert found == [0, None, None, []]
    assert value(window("Decayed", column="price", half_life="1h"), only_null) == 0.0


def test_sums_are_rounded_once_and_infinities_add_as_floats_do():
    def total(*prices: float) -> Any:
        return value(window("Sum", column="price"), [event(NOON - HOUR, price=price) for price in prices])

    assert total(*[0.1] * 10) == 1.0
    assert total(1e308, 1e308) == total(math.inf, 1.0) == math.inf
    assert math.isnan(total(math.inf, -math.inf))


def test_decay_and_recency_count_from_the_edge_or_the_instant_not_from_the_delay():
    shown, at = [event(NOON - 3 * HOUR)], NOON + 30 * MINUTE
    for changes, age in [({"delay": "1h"}, 3.0), ({"delay": "1h", "exact": True}, 3.5)]:
        assert value(window("Recency", **changes), shown, at=at) == age * 3600
        assert value(window("Decayed", column=None, half_life="30m", **changes), shown, at=at) == 2.0 ** (-age * 2)
    assert value(window("Recency", over="1d", grain="1d"), shown, at=NOON + DAY) == 15 * 3600


def test_several_lengths_and_companions_name_their_columns():
    several = window("Counter", over=["1h", "3h"], name="clicks")
    assert values(several, HISTORY) == {"clicks_1h": 3, "clicks_3h": 5}
    assert values(several, HISTORY, item=None) == {"clicks_1h": None, "clicks_3h": None}
    one = window("Counter", over=("3h",), name="clicks")
    assert values(one, HISTORY) == {"clicks_3h": 5}
    listed = window("LastN", column="number", n=2, also=("at", "price"), distinct=False)
    times = [NOON - HOUR, NOON - HOUR]
    assert values(listed, HISTORY) == {"w": [3, -1], "w_at": times, "w_price": [None, 2.25]}
    assert values(listed, HISTORY, item=None) == {"w": None, "w_at": None, "w_price": None}
    assert values(listed, []) == {"w": [], "w_at": [], "w_price": []}


def test_entity_of_several_columns_is_none_of_its_concatenations():
    declared = window("Counter", by=["item", "slot"])
    rows = [event(NOON - HOUR, item=item, slot=slot) for item, slot in [("a", 11), ("a", 11), ("a1", 1), ("a", None)]]
    found = [
        window_values(
            declared, {"shown": rows}, {"item": item, "slot": slot}, at=NOON, timezone="UTC", partition_start=NOON
        )["w"]
        for item, slot in [("a", 11), ("a1", 1), ("a", "11"), ("a", None), (None, 11)]
    ]
    assert found == [2, 1, 2, None, None]


def test_landed_events_count_from_their_landing_and_are_in_its_order():
    hours = [(-3, -1), (-2, -2), (-2, None), (-1, -2), (-2, 0), (-9, -1)]
    rows = [
        event(NOON + at * HOUR, n=n) | {"landed_at": None if landed is None else NOON + landed * HOUR}
        for n, (at, landed) in enumerate(hours)
    ]
    ordered = window("LastN", column="n", n=9, also=(), distinct=False, delay=stand_in("Landed", most="9d"))
    # both of -1 and of -9 are known at -1; of these the order is that of the events themselves
    assert value(ordered, rows) == [1, 2, 5, 0, 3]
    assert value(window("Recency", delay=stand_in("Landed", most="9d")), rows) == 3600.0
    assert value(window("LastN", **{**vars(ordered), "over": "1h", "exact": True}), rows, at=NOON + TICK) == [4]


def test_drawn_lag_is_on_the_line_between_the_shares_around_the_hash():
    curve = {1.0: "6h", 0.5: "2m", 0.9: timedelta(minutes=10)}
    low, high = (timedelta(0), timedelta(minutes=2)), (timedelta(minutes=10), timedelta(hours=6))
    for name in [None, "", *map(str, range(40))]:
        share = (xxhash.xxh64_intdigest((name or "").encode(), seed=42) >> 11) / 2**53
        if share < 0.5:
            shares, (least, most) = (0.0, 0.5), low
        elif share < 0.9:
            shares, (least, most) = (0.5, 0.9), (low[1], high[0])
        else:
            shares, (least, most) = (0.9, 1.0), high
        part = (share - shares[0]) / (shares[1] - shares[0])
        lag = drawn_lag(name, curve)
        assert least <= lag <= most
        assert abs(lag - (least + part * (most - least))) <= TICK
    assert drawn_lag(None, curve) == drawn_lag("", curve)
    assert drawn_lag(7, curve) == drawn_lag("7", curve)


def test_drawn_event_counts_from_when_its_lag_is_over():
    drawn = stand_in("Drawn", curve={1.0: "1h"})
    lag = drawn_lag("a", drawn.curve)
    shown = [event(NOON - HOUR) | {"id": "a"}]
    declared = window("Counter", delay=drawn, exact=True)
    seen_from = NOON - HOUR + lag
    assert [value(declared, shown, at=at) for at in (seen_from, seen_from + TICK, seen_from + 3 * HOUR + TICK)] == [
        0,
        1,
        0,
    ]
    assert value(window("Recency", delay=drawn, exact=True), shown, at=seen_from + SECOND) == 1.0


def rate(smooth: Any, **fields: Any) -> Any:
    return window("Rate", **{"of": CLICKS, "per": LOG, "smooth": smooth} | fields)


BETA = stand_in("Beta", alpha=1.0, beta=20.0)


def test_rate_adds_its_prior():
    shown, clicked = [event(NOON - HOUR) for _ in range(9)], [event(NOON - HOUR)]
    assert value(rate(BETA), shown, clicked) == 2 / 30
    assert value(rate(BETA), [], []) == 1 / 21
    assert value(rate(BETA), shown, clicked, item=None) is None


@pytest.mark.parametrize(
    ("events", "trials", "bound"),
    [(0, 10, 0.0), (5, 10, 0.2365896), (10, 10, 0.7224598), (12, 10, 0.7224598), (0, 0, 0.0), (3, 0, 0.0)],
)
def test_wilsons_bound_is_that_of_tables(events: int, trials: int, bound: float):
    shown, clicked = [event(NOON - HOUR)] * trials, [event(NOON - HOUR)] * events
    found = value(rate(stand_in("Wilson", z=1.96)), shown, clicked)
    assert found == wilson(events, trials, 1.96) == pytest.approx(bound, abs=1e-6)
    assert found >= 0


def test_prior_of_moments_has_the_mean_and_variance_of_the_rates():
    # rates 1/4, 2/4 and 3/4: mean 1/2, variance 1/16, so alpha + beta = 3; the fourth has no trial
    assert fitted_prior([(3, 4), (1, 4), (2, 4), (5, 0)], method="moments", otherwise=(9, 9)) == (1.5, 1.5)
    # more events than trials are as many as the trials
    assert fitted_prior([(9, 4), (0, 4), (2, 4)], method="moments", otherwise=(9, 9)) == (9, 9)
    for degenerate in ([], [(1, 2)], [(0, 4), (0, 9)], [(4, 4)] * 2, [(1, 2), (2, 4)], [(0, 1), (1, 1)], [(1, 5)] * 3):
        assert fitted_prior(degenerate, method="moments", otherwise=(9, 9)) == (9, 9)


def test_prior_of_most_likelihood_is_a_summit():
    counts = [(1, 10), (2, 8), (6, 9), (0, 5), (3, 3), (40, 200)]

    def likelihood(alpha: float, beta: float) -> float:
        return sum(
            math.lgamma(k + alpha) + math.lgamma(n - k + beta) - math.lgamma(n + alpha + beta)
            + math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta)
            for k, n in counts
        )  # fmt: skip

    alpha, beta = fitted_prior(counts, method="mle", otherwise=(1.0, 20.0))
    for up in (1.001, 0.999):
        assert likelihood(alpha, beta) > max(likelihood(alpha * up, beta), likelihood(alpha, beta * up))
    again = fitted_prior(counts, method="mle", otherwise=(2.0, 2.0))
    assert again == (alpha, beta)  # the moments have an answer, so what else to take does not matter
    for without in ([], [(0, 5), (0, 7)], [(5, 5), (2, 2)]):
        assert fitted_prior(without, method="mle", otherwise=(9.0, 9.0)) == (9.0, 9.0)


def test_prior_is_fitted_to_all_entities_at_the_start_of_the_partition():
    begin = NOON - 12 * HOUR
    shown = [event(begin - HOUR, item=item) for item in "xyz" for _ in range(4)]
    clicked = [event(begin - HOUR, item=item) for item in "xyyzzz"]
    # none of these is known by then: of the day itself, too old, of no item
    shown += [event(begin), event(begin - 3 * HOUR - TICK), *[event(begin - HOUR, item=None)] * 7]
    smooth = stand_in("EmpiricalBayes", method="moments", otherwise=BETA)
    assert value(rate(smooth), shown, clicked) == 0.5  # (0 + 1.5) / (0 + 3): nothing of the last three hours
    assert value(rate(smooth), shown, clicked, at=begin) == (1 + 1.5) / (4 + 3)
    assert value(rate(smooth, delay="1h"), shown, clicked, at=begin) == 1 / (1 + 21.0)
    assert value(rate(smooth), shown, clicked, partition_start=begin - 6 * HOUR) == 1 / 21


def test_coec_expects_of_each_impression_what_its_position_gets():
    begin = NOON - 12 * HOUR
    shown = [event(begin - HOUR, item=item, slot=slot) for item, slot in [("a", 1), ("b", 1), (None, 2), ("a", 3)]]
    clicked = [event(begin - HOUR, item=item, slot=slot) for item, slot in [("a", 1), (None, 2), ("b", None), ("b", 9)]]
    shown += [
        event(NOON - HOUR, slot=slot) for slot in (1, 1, 2, 3, None, 9)
    ]  # expects 1/2 + 1/2 + 1, and 0 for others
    clicked += [event(NOON - HOUR, slot=slot) for slot in (1, None, 9)]
    declared = window("Coec", of=CLICKS, per=LOG, position="slot", curve_over=None)
    assert value(declared, shown, clicked) == 3 / 2
    assert value(declared, shown, clicked, item="a") is None
    assert value(window("Coec", **{**vars(declared), "curve_over": "30m", "exact": True}), shown, clicked) is None
    assert value(window("Coec", **{**vars(declared), "over": "1h", "curve_over": "6h"}), shown, clicked) == 3 / 2


def test_rates_of_positions_are_rounded_half_to_even_to_whole_units():
    assert position_rates([1], [1] * 3) == {1: round(2**32 / 3)}
    assert position_rates([1, 2, 2, None], [1, 1, None]) == {1: 2**31}


@settings(max_examples=40)
@given(log=event_logs(), data=st.data())
def test_nothing_at_or_after_the_end_of_a_window_moves_it(log: Any, data: st.DataObject):
    named = SimpleNamespace(name="shown", table=SimpleNamespace(event_time="shown_at", landing_time="landed_at"))
    shown, delay = log.impressions, data.draw(st.sampled_from(["1h", timedelta(0), stand_in("Landed", most="9d")]))
    how = {"of": named, "per": named, "by": "item_id", "over": "2h", "delay": delay}
    declared = [
        window("Counter", **how),
        window("LastN", column="query", n=3, also=("shown_at",), distinct=True, **how),
        window("Coec", position="position", curve_over="1d", **how),
        rate(stand_in("EmpiricalBayes", method="mle", otherwise=BETA), **how),
    ]
    at = log.midnight(0) + data.draw(st.integers(0, 48)) * 30 * MINUTE
    _, since = span(at, over="2h", delay=constant_delay(delay))

    def found(rows: Any) -> list[Any]:
        when = {"at": at, "timezone": log.zone, "partition_start": log.midnight(0)}
        return [window_values(each, {"shown": rows}, {"item_id": "x"}, **when) for each in declared]

    clocked = [row | {"clock": clock(row, named, delay)} for row in shown]
    extra = [row | {"clock": since, "shown_at": since} for row in clocked[:3] if row["landed_at"] <= since]
    for _, changed in poisons(clocked, since, time="clock", event_id="event_id", entity=["item_id"], extra=extra):
        assert found(changed) == found(shown)
