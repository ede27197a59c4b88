"""Splits: by days of 23, 24 and 25 hours, by folds, and by who is in the rows."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.days import Days, day_bounds
from featurelib.errors import ParameterError
from featurelib.samples.keyed_hash import in_share
from featurelib.samples.splits import Fold, Holdout, TimeSplit, walk_forward
from featurelib.testing.strategies import FIRST_DAYS, ZONES

TICK = timedelta(microseconds=1)
TIME = pl.Datetime("us", "UTC")


def days(first: date, skipped: int, length: int) -> Days:
    start = first + timedelta(days=skipped)
    return Days(start, start + timedelta(days=length - 1))


def parts(split: TimeSplit, times: list[datetime | None]) -> list[str | None]:
    return pl.DataFrame({"at": times}, schema={"at": TIME}).select(split.part("at")).to_series().to_list()


def around(gap_day: date, *, reach: str | timedelta, timezone: str = "Europe/Berlin") -> TimeSplit:
    """A split with one day between train and validation, and enough before the test."""
    return TimeSplit(days(gap_day, -3, 3), days(gap_day, 1, 2), days(gap_day, 10, 2), timezone=timezone, reach=reach)


@given(zone=st.sampled_from(ZONES), first=st.sampled_from(FIRST_DAYS), gap=st.integers(0, 1), data=st.data())
def test_each_instant_is_in_the_part_of_its_day(zone: str, first: date, gap: int, data: st.DataObject):
    split = TimeSplit(days(first, 0, 2), days(first, 2 + gap, 1), days(first, 3 + 2 * gap, 2), timezone=zone)
    named = {"train": split.train, "validation": split.validation, "test": split.test}
    every = [first + timedelta(days=number) for number in range(-1, 8)]
    day = data.draw(st.sampled_from(every))
    begin, end = day_bounds(day, zone)
    expected = next((name for name, part in named.items() if day in part), None)
    assert parts(split, [begin, begin + (end - begin) / 2, end - TICK]) == [expected] * 3


def test_a_column_in_another_zone_is_split_by_the_same_days():
    split = around(date(2026, 10, 25), reach="1d")
    begin, _ = day_bounds(date(2026, 10, 26), "Europe/Berlin")
    there = pl.DataFrame({"at": [begin - TICK, begin]}).cast({"at": pl.Datetime("us", "America/New_York")})
    assert there.select(split.part("at")).to_series().to_list() == [None, "validation"]


def test_a_row_without_time_is_in_no_part():
    assert parts(around(date(2026, 11, 5), reach="0s"), [None]) == [None]
    assert parts(around(date(2026, 11, 5), reach="0s"), []) == []


def test_a_day_of_23_hours_is_too_short_for_a_label_of_24():
    change = date(2026, 3, 29)
    around(change, reach="23h")
    around(change, reach="24h", timezone="UTC")
    with pytest.raises(ParameterError, match="validation must be days that start at least 1 day, 0:00:00 after"):
        around(change, reach="24h")


def test_a_day_of_25_hours_is_long_enough_for_a_label_of_25():
    change = date(2026, 10, 25)
    around(change, reach="25h")
    with pytest.raises(ParameterError, match="would tell what happened in the days of validation"):
        around(change, reach=timedelta(hours=25) + TICK)


def test_parts_that_meet_are_refused_where_labels_reach_across():
    first = date(2026, 11, 1)
    next_to_each_other = days(first, 0, 5), days(first, 5, 2), days(first, 7, 2)
    TimeSplit(*next_to_each_other)
    with pytest.raises(ParameterError, match="labels of train are known only then"):
        TimeSplit(*next_to_each_other, reach="30m")
    with pytest.raises(ParameterError, match=r"test must be .* labels of validation are known only then"):
        TimeSplit(next_to_each_other[0], days(first, 6, 1), days(first, 7, 2), reach="30m")


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 0, 1), (0, 1, 1)])
def test_parts_out_of_order_or_with_a_day_in_two_are_refused(order: tuple[int, int, int]):
    first = date(2026, 11, 1)
    with pytest.raises(ParameterError, match="must be days after those of"):
        TimeSplit(*(days(first, 3 * place, 3) for place in order))


def test_a_negative_reach_is_refused():
    with pytest.raises(ParameterError, match="reach must be no shorter than nothing"):
        around(date(2026, 11, 5), reach=-TICK)


@given(
    length=st.integers(1, 40),
    train=st.integers(1, 9),
    test=st.integers(1, 9),
    step=st.none() | st.integers(1, 9),
    gap=st.integers(0, 5),
)
def test_folds_are_what_a_loop_finds(length: int, train: int, test: int, step: int | None, gap: int):
    first = date(2026, 2, 20)
    whole = days(first, 0, length)
    expected, start = [], 0
    while start + train + gap + test <= length:
        expected.append(Fold(days(first, start, train), days(first, start + train + gap, test)))
        start += step or test
    if expected:
        assert walk_forward(whole, train=train, test=test, step=step, gap=gap) == expected
    else:
        with pytest.raises(ParameterError, match="as one fold has"):
            walk_forward(whole, train=train, test=test, step=step, gap=gap)


def test_without_a_step_each_day_judges_once():
    folds = walk_forward(days(date(2026, 11, 1), 0, 10), train=3, test=2)
    judged = [day for fold in folds for day in fold.test]
    assert len(judged) == len(set(judged)) == 6


@pytest.mark.parametrize(("name", "value"), [("train", 0), ("test", 0), ("step", 0), ("gap", -1)])
def test_folds_of_no_days_are_refused(name: str, value: int):
    with pytest.raises(ParameterError, match=f"{name} must be at least"):
        walk_forward(days(date(2026, 11, 1), 0, 10), **{"train": 3, "test": 2, name: value})


USERS = pl.DataFrame({"user": [f"u{number}" for number in range(4000)], "item": pl.int_range(4000, eager=True)})


def held_out(users: pl.DataFrame, holdout: Holdout) -> list[bool]:
    return users.select(holdout.expr).to_series().to_list()


def test_about_the_fraction_is_held_out():
    assert sum(held_out(USERS, Holdout("user", fraction=0.25))) == pytest.approx(1000, abs=100)


def test_an_entity_is_on_one_side_in_any_order_of_rows_and_beside_any_others():
    holdout = Holdout(["user", "item"], fraction=0.5)
    whole = held_out(USERS, holdout)
    assert held_out(USERS.reverse(), holdout) == whole[::-1]
    assert held_out(USERS[100:200], holdout) == whole[100:200]


def test_a_larger_fraction_adds_and_another_seed_chooses_anew():
    tenth, half = (held_out(USERS, Holdout("user", fraction=fraction)) for fraction in (0.1, 0.5))
    assert all(more for less, more in zip(tenth, half, strict=True) if less)
    assert held_out(USERS, Holdout("user", fraction=0.5, seed=1)) != half


def test_the_hash_is_the_keyed_one_of_this_step():
    assert held_out(USERS, Holdout("user", fraction=0.3, seed=9)) == (
        USERS.select(in_share("holdout", 9, ["user"], 0.3)).to_series().to_list()
    )


def test_a_row_of_nobody_is_on_one_side_too():
    nobody = pl.DataFrame({"user": pl.Series([None, None], dtype=pl.String)})
    sides = held_out(nobody, Holdout("user", fraction=0.5))
    assert sides in ([True, True], [False, False])
    assert held_out(nobody.clear(), Holdout("user", fraction=0.5)) == []


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_fraction_that_splits_nothing_is_refused(fraction: float):
    with pytest.raises(ParameterError, match="fraction must be above 0 and below 1"):
        Holdout("user", fraction=fraction)


def test_a_holdout_of_nobody_is_refused():
    with pytest.raises(ParameterError, match="keys must be at least one column"):
        Holdout([], fraction=0.5)


def test_instants_are_compared_not_clock_times():
    # 2:30 is twice in Berlin on this day; both are of it
    twice = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    split = TimeSplit(
        days(date(2026, 10, 25), 0, 1),
        days(date(2026, 10, 26), 0, 1),
        days(date(2026, 10, 27), 0, 1),
        timezone="Europe/Berlin",
    )
    assert parts(split, twice) == ["train", "train"]
