from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.days import Days, day_bounds, split_by_day
from featurelib.errors import ParameterError, UsageError
from featurelib.testing.strategies import ZONES

DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


@given(day=DAYS, zone=st.sampled_from(ZONES))
def test_days_tile_time(day: date, zone: str):
    start, end = day_bounds(day, zone)
    assert day_bounds(day + timedelta(days=1), zone)[0] == end
    tick = timedelta(microseconds=1)
    local = [instant.astimezone(ZoneInfo(zone)).date() for instant in (start - tick, start, end - tick, end)]
    assert local == [day - timedelta(days=1), day, day, day + timedelta(days=1)]
    assert timedelta(hours=23) <= end - start <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("day", "zone", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 11, 1), "America/New_York", 25),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),  # its midnight does not exist: the day starts at 01:00
        (date(2026, 11, 1), "Asia/Kolkata", 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_say(day: date, zone: str, hours: int):
    start, end = day_bounds(day, zone)
    assert end - start == timedelta(hours=hours)


def test_half_hour_zone_starts_its_day_at_half_past():
    assert day_bounds(date(2026, 11, 2), "Asia/Kolkata")[0] == datetime(2026, 11, 1, 18, 30, tzinfo=UTC)


@given(first=DAYS, zone=st.sampled_from(ZONES), start=st.integers(0, 72), hours=st.integers(-5, 90))
def test_parts_of_a_span_tile_it_and_lie_in_one_day_each(first: date, zone: str, start: int, hours: int):
    begin = day_bounds(first, zone)[0] + timedelta(hours=start)
    end = begin + timedelta(hours=hours)
    parts = split_by_day(begin, end, zone)
    if hours <= 0:
        assert parts == []
        return
    assert [parts[0][0], parts[-1][1]] == [begin, end]
    assert all(part[1] == following[0] for part, following in pairwise(parts))
    for low, high in parts:
        assert low < high
        last = high - timedelta(microseconds=1)
        assert low.astimezone(ZoneInfo(zone)).date() == last.astimezone(ZoneInfo(zone)).date()


def test_range_counts_both_ends():
    days = Days.parse("2026-10-31", "2026-11-02")
    assert len(days) == 3
    assert list(days) == [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]
    assert date(2026, 11, 2) in days
    assert date(2026, 11, 3) not in days
    assert "2026-11-01" not in days
    assert str(days) == "2026-10-31 .. 2026-11-02"
    assert str(days.ending(1)) == "2026-11-02"
    assert days.ending(5).start == date(2026, 10, 29)
    for length in (999_999, 10**12):
        with pytest.raises(UsageError, match=f"there are no {length:,} days up to 2026-11-02"):
            days.ending(length)


def test_range_must_not_end_before_it_starts():
    with pytest.raises(ParameterError, match="end must be 2026-11-02 or later, got '2026-11-01'"):
        Days.parse("2026-11-02", "2026-11-01")


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-11-31", ""])
def test_day_must_be_a_date(text: str):
    with pytest.raises(UsageError, match="days are written as 2026-11-01, got "):
        Days.parse(text, "2026-11-01")
