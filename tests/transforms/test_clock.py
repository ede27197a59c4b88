import math
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from featurelib.errors import ColumnTypeError, ParameterError
from featurelib.fitting import Operator
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import CyclicCos, CyclicSin, Feature, Holiday, Hour, Weekday, Weekend, fit

BERLIN, CHATHAM = "Europe/Berlin", "Pacific/Chatham"  # the second is 12:45 or 13:45 ahead of UTC

test_contract = transform_contract(
    {
        "hour": Hour("x", zone=CHATHAM),
        "weekday and weekend": [Weekday("x", zone=BERLIN), Weekend("x", zone=BERLIN, days=[5, 6])],
        "holiday": Holiday("x", dates=["1970-01-01", "2000-02-29"], zone=BERLIN),
        "sine and cosine": [CyclicSin("x", zone=BERLIN), CyclicCos("x", zone="UTC", period="year")],
        "week": CyclicSin("x", zone=CHATHAM, period="week"),
    }
)


def made(operator: Operator, *times: datetime | None) -> list[float | None]:
    frame = pl.DataFrame({"x": times}, schema={"x": pl.Datetime("us", "UTC")})
    return fit(operator, frame).transform(frame).to_series().to_list()


@pytest.mark.parametrize("zone", [BERLIN, CHATHAM, "America/New_York", "Asia/Kolkata", "Africa/Casablanca", "UTC"])
def test_every_hour_of_many_years_is_the_one_that_python_shows(zone: str):
    start = datetime(1969, 12, 1, 0, 30, tzinfo=UTC)
    times = [start + timedelta(hours=997 * number) for number in range(1300)]  # to 2117, every hour of day and year
    times = [time for time in times if time.year <= 2100]
    shown = [time.astimezone(ZoneInfo(zone)) for time in times]
    assert made(Hour("x", zone=zone), *times) == [time.hour + 1 for time in shown]
    assert made(Weekday("x", zone=zone), *times) == [time.isoweekday() for time in shown]


def test_the_hour_before_and_after_a_change_of_the_clock():
    spring, autumn = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
    moment = timedelta(microseconds=1)
    hours = made(Hour("x", zone=BERLIN), spring - moment, spring, autumn - moment, autumn, None)
    assert hours == [1 + 1, 3 + 1, 2 + 1, 2 + 1, 0]


def test_the_zone_that_a_column_is_stored_in_does_not_matter():
    program = fit(Hour("x", zone=BERLIN), pl.DataFrame({"x": []}, schema={"x": pl.Datetime("us", "UTC")}))
    at = datetime(2026, 11, 1, 5, tzinfo=UTC)
    assert program.transform_row({"x": at}) == program.transform_row({"x": at.astimezone(ZoneInfo(CHATHAM))})


def test_a_time_without_a_zone_is_refused():
    frame = pl.DataFrame({"x": [datetime(2026, 11, 1)]})  # noqa: DTZ001
    with pytest.raises(ColumnTypeError, match=r"to be a Datetime with a time zone, got .*Say which zone"):
        fit(Hour("x", zone=BERLIN), frame)
    program = fit(Hour("x", zone=BERLIN), frame.with_columns(pl.col("x").dt.replace_time_zone("UTC")))
    with pytest.raises(ColumnTypeError, match="needs column 'x' of the row to be a Datetime with a time zone"):
        program.transform_row({"x": datetime(2026, 11, 1)})  # noqa: DTZ001


def test_weekend_and_holiday_begin_and_end_at_midnight_of_the_zone():
    friday = datetime(2026, 12, 25, tzinfo=ZoneInfo(BERLIN)).astimezone(UTC)
    moment = timedelta(microseconds=1)
    holiday = Holiday("x", dates=[date(2026, 12, 25), "2026-12-25"], zone=BERLIN)
    assert made(holiday, friday - moment, friday, friday + timedelta(days=1), None) == [0, 1, 0, None]
    saturday = friday + timedelta(days=1)
    assert made(Weekend("x", zone=BERLIN), saturday - moment, saturday, None) == [0, 1, None]


def test_sine_and_cosine_are_those_of_the_angle():
    at = datetime(2026, 11, 2, 9, 0, 59, tzinfo=UTC)  # a Monday
    angle = 2 * math.pi * 9 * 60 / (24 * 60)
    single = pl.Series([math.sin(angle), math.cos(angle)], dtype=pl.Float32).to_list()
    assert [*made(CyclicSin("x", zone="UTC"), at), *made(CyclicCos("x", zone="UTC"), at)] == single
    assert made(CyclicCos("x", zone="UTC", period="week"), at - timedelta(hours=9)) == [1]
    new_year = datetime(2026, 1, 1, tzinfo=UTC)
    assert made(CyclicCos("x", zone="UTC", period="year"), new_year)[0] == pytest.approx(1, abs=0.001)


def test_two_periods_of_one_column_take_names():
    operators = [CyclicSin("x", zone="UTC"), Feature("of_week", CyclicSin("x", zone="UTC", period="week"))]
    frame = pl.DataFrame({"x": [None]}, schema={"x": pl.Datetime("ms", "UTC")})
    assert fit(operators, frame).outputs == ("x__sin", "of_week")


def test_unknown_parameters_are_refused():
    with pytest.raises(ParameterError, match="zone must be an IANA name such as UTC or Europe/Berlin, got 'Berlin'"):
        Hour("x", zone="Berlin")
    with pytest.raises(ParameterError, match="days must be numbers from 1 for Monday"):
        Weekend("x", zone="UTC", days=[0])
    with pytest.raises(ParameterError, match="dates must be at least one date"):
        Holiday("x", dates=[], zone="UTC")
    with pytest.raises(ParameterError, match=r"dates must be dates such as 2026-12-25, got '25\.12\.2026'"):
        Holiday("x", dates=["25.12.2026"], zone="UTC")
    with pytest.raises(ParameterError, match="period must be one of day, week, year, got 'month'"):
        CyclicSin("x", zone="UTC", period="month")
