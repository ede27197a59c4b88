from datetime import timedelta
from typing import Any

import pytest

from featurelib.errors import ParameterError
from featurelib.windows import Rate, TileSpec
from tests.shop import logs

IMPRESSIONS, CLICKS = logs()


def rate(**changes: Any) -> Rate:
    parts = {"name": "ctr", "of": CLICKS, "per": IMPRESSIONS, "by": "item_id", "over": "7d"} | changes
    return Rate(parts.pop("name"), **parts)


@pytest.mark.parametrize("field", ["over", "delay"])
@pytest.mark.parametrize("text", ["90m", "1s", timedelta(microseconds=1), "30m"])
def test_durations_are_whole_hours(field: str, text: object):
    with pytest.raises(ParameterError, match=f"{field} must be whole hours, and a window of at least one, got "):
        rate(**{field: text})


@pytest.mark.parametrize("empty", ["0h", timedelta(0), timedelta(hours=-1)])
def test_window_must_not_be_empty(empty: object):
    with pytest.raises(ParameterError, match="over must be whole hours, and a window of at least one"):
        rate(over=empty)


def test_delay_must_not_look_ahead():
    with pytest.raises(ParameterError, match="delay must be whole hours"):
        rate(delay=timedelta(hours=-1))


@pytest.mark.parametrize("field", ["over", "delay"])
@pytest.mark.parametrize("text", ["", "soon", "7 d", "1w", "-1h"])
def test_durations_are_written_as_such(field: str, text: str):
    with pytest.raises(ParameterError, match=f"{field} must be a duration such as 30m, 2h or 7d, got '{text}'"):
        rate(**{field: text})


@pytest.mark.parametrize("field", ["alpha", "beta"])
@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_prior_is_above_zero_and_finite(field: str, value: float):
    with pytest.raises(ParameterError, match=f"{field} must be a finite number above 0, got {value}"):
        rate(**{field: value})


def test_both_logs_have_the_entity():
    with pytest.raises(ParameterError, match="by must be a column of log 'clicks', got 'shop_id'"):
        rate(by="shop_id")
    with pytest.raises(ParameterError, match="by must be a column of log 'impressions', got 'clicked_at'"):
        rate(by="clicked_at")


@pytest.mark.parametrize("name", ["entity", "hour"])
def test_name_is_not_one_of_the_tiles_own(name: str):
    with pytest.raises(
        ParameterError, match=f"name must be another than those of the tiles' own columns, got '{name}'"
    ):
        rate(name=name)


@pytest.mark.parametrize("log", ["bucket", "entity", "hour"])
def test_log_is_not_called_like_a_column_of_the_tiles(log: str):
    with pytest.raises(ParameterError, match=f"logs must be names other than those of the tiles' own .* got '{log}'"):
        TileSpec("item_id", ("clicks", log))


def test_reach_is_window_and_delay():
    assert rate(over="7d", delay="2h").reach == timedelta(days=7, hours=2)
