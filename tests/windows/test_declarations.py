"""What a window may be declared as, and what each wrong declaration is told."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.logs import Log
from featurelib.schema import Column, Table
from featurelib.windows import (
    Coec,
    Counter,
    Decayed,
    Distinct,
    Drawn,
    Landed,
    LastN,
    LastValue,
    Maximum,
    Mean,
    Minimum,
    Rate,
    Sum,
    Trend,
)
from tests.shop import logs

IMPRESSIONS, CLICKS = logs()


def counter(**changes: Any) -> Counter:
    parts: dict[str, Any] = {"of": CLICKS, "by": "item_id", "over": "7d"} | changes
    return Counter("clicks", **parts)


def test_one_length_names_the_column_and_several_end_its_name():
    assert list(counter().makes) == ["clicks"]
    assert counter(over=["1h", "7d"]).makes == {"clicks_1h": pl.Int64(), "clicks_7d": pl.Int64()}
    assert list(LastN("l", of=CLICKS, by="item_id", column="slot", n=2, also=["clicked_at"], over=["1d"]).makes) == [
        "l_1d",
        "l_1d_clicked_at",
    ]


def test_one_text_is_one_column_of_the_entity():
    assert counter(by="item_id").entity == counter(by=["item_id"]).entity == ("item_id",)


@pytest.mark.parametrize("field", ["over", "delay"])
@pytest.mark.parametrize("text", ["90m", "1s", timedelta(microseconds=1)])
def test_a_part_of_a_tile_needs_exact(field: str, text: object):
    with pytest.raises(ParameterError, match=f"{field} must be whole hours, which its grain counts; exact=True sees"):
        counter(**{field: text})
    assert counter(**{field: text}, exact=True).exact


def test_a_part_of_a_day_needs_exact():
    with pytest.raises(ParameterError, match="over must be whole days, which its grain counts; exact=True"):
        counter(over="36h", grain="1d")


@pytest.mark.parametrize("empty", ["0h", timedelta(0), timedelta(hours=-1)])
def test_window_must_not_be_empty(empty: object):
    with pytest.raises(ParameterError, match="over must be longer than 0"):
        counter(over=empty)


def test_no_window_reaches_back_before_the_calendar():
    with pytest.raises(ParameterError, match="over must be longer than 0, and at most 36500 days"):
        counter(over="4000000d")


def test_delay_must_not_look_ahead_and_may_be_longer_than_the_window():
    with pytest.raises(ParameterError, match="delay must be 0 or longer"):
        counter(delay=timedelta(hours=-1))
    assert counter(over="1h", delay="2d").reach == timedelta(days=2, hours=1)


@pytest.mark.parametrize("over", [[], ["1d", timedelta(days=2)], ["1d", "1d"]])
def test_lengths_are_different_texts(over: object):
    with pytest.raises(ParameterError, match="over must be "):
        counter(over=over)


@pytest.mark.parametrize("text", ["", "soon", "7 d", "1w", "-1h"])
def test_durations_are_written_as_such(text: str):
    with pytest.raises(ParameterError, match=f"over must be a duration such as 30m, 2h or 7d, got '{text}'"):
        counter(over=text)


@pytest.mark.parametrize("over", [7, None, 1.5, "99999999999d"])
def test_a_length_that_is_none_is_told_so(over: Any):
    with pytest.raises(ParameterError, match="over must be"):
        counter(over=over)


def test_what_is_read_is_a_log():
    with pytest.raises(ParameterError, match=r"Counter\('clicks'\): of must be a Log, got 'clicks'"):
        counter(of="clicks")
    with pytest.raises(ParameterError, match="delay must be a duration such as 30m, 2h or 7d, got <class"):
        counter(delay=Landed)


def test_exact_has_no_grain():
    with pytest.raises(ParameterError, match="grain must be left out where exact=True"):
        counter(exact=True, grain="1d")
    with pytest.raises(ParameterError, match="grain must be '1h' or '1d'"):
        counter(grain="2h")


@pytest.mark.parametrize("by", [[], ["item_id", "item_id"]])
def test_entity_has_columns(by: object):
    with pytest.raises(ParameterError, match="by must be one column, or several different ones"):
        counter(by=by)


def test_every_log_has_the_entity():
    with pytest.raises(
        ColumnMissingError, match=r"Counter\('clicks'\) reads column 'shop_id', which log 'clicks' lacks"
    ):
        counter(by="shop_id")
    with pytest.raises(ColumnMissingError, match="reads column 'clicked_at', which log 'impressions' lacks"):
        Rate("ctr", of=CLICKS, per=IMPRESSIONS, by="clicked_at", over="1d")


@pytest.mark.parametrize("kind", [Sum, Mean, Minimum, Maximum])
def test_a_text_cannot_be_added_up(kind: Any):
    with pytest.raises(ColumnTypeError, match="needs column 'user_id' of log 'clicks' to be whole numbers of up to 64"):
        kind("x", of=CLICKS, by="item_id", column="user_id", over="1d")
    with pytest.raises(ColumnMissingError, match="reads column 'price'"):
        kind("x", of=CLICKS, by="item_id", column="price", over="1d")


class Odd(Table):
    """Columns that no window takes."""

    event_time = "at"

    at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.")
    user_id = Column(dtype=pl.String(), doc="Who.")
    weight = Column(dtype=pl.Float64(), doc="How much.")
    words = Column(dtype=pl.List(pl.String()), doc="Which.")
    took = Column(dtype=pl.Duration("us"), doc="How long.")
    wide = Column(dtype=pl.Int128(), doc="How many.")


ODD = Log(name="odd", table=Odd, files="odd/{dt}.parquet")


def test_floats_are_not_counted_as_values_and_lists_not_kept():
    with pytest.raises(ColumnTypeError, match="needs column 'weight' of log 'odd' to be text, whole numbers, booleans"):
        Distinct("d", of=ODD, by="user_id", column="weight", over="1d")
    for window in (LastValue, LastN):
        more = {"n": 3} if window is LastN else {}
        with pytest.raises(ColumnTypeError, match="needs column 'words' of log 'odd' to be single values"):
            window("l", of=ODD, by="user_id", column="words", over="1d", **more)
    with pytest.raises(ColumnTypeError, match="needs column 'weight' of log 'odd' to be text or whole numbers"):
        Coec("c", of=ODD, per=ODD, by="user_id", position="weight", over="1d")


def test_delays_need_what_they_are_measured_by():
    with pytest.raises(DeclarationError, match="table Odd of log 'odd' declares no landing_time"):
        Counter("n", of=ODD, by="user_id", over="1d", delay=Landed())
    with pytest.raises(DeclarationError, match="log 'odd' declares no event_id"):
        Counter("n", of=ODD, by="user_id", over="1d", delay=Drawn({1.0: "1h"}))
    with pytest.raises(ParameterError, match="most must be longer than 0"):
        Landed("0h")


@pytest.mark.parametrize(
    "curve", [{}, {0.5: "1h"}, {0.5: "1h", 1.0: "1m"}, {0.0: "1h", 1.0: "2h"}, {0.7: "1h", 0.5: "2h", 1.0: "3h"}]
)
def test_a_curve_rises_to_all_events(curve: Any):
    with pytest.raises(ParameterError, match="curve must be shares that rise from above 0 to"):
        Drawn(curve)


def test_other_parameters_have_their_ranges():
    with pytest.raises(ParameterError, match="half_life must be whole seconds, at least one"):
        Decayed("d", of=CLICKS, by="item_id", half_life=timedelta(milliseconds=1), over="1d")
    with pytest.raises(ParameterError, match="n must be at least 1"):
        LastN("l", of=CLICKS, by="item_id", column="slot", n=0, over="1d")
    with pytest.raises(ParameterError, match="also must be columns beside the value's, each once"):
        LastN("l", of=CLICKS, by="item_id", column="slot", n=1, also=["slot"], over="1d")
    with pytest.raises(ParameterError, match="short must be shorter than 1 day"):
        Trend("t", of=CLICKS, by="item_id", short="1d", long="1d")
    with pytest.raises(ParameterError, match="kind must be 'ratio' or 'difference'"):
        Trend("t", of=CLICKS, by="item_id", short="1h", long="1d", kind="quotient")
    with pytest.raises(ParameterError, match="smooth must be a Beta, EmpiricalBayes or Wilson"):
        Rate("r", of=CLICKS, per=IMPRESSIONS, by="item_id", over="1d", smooth=0.5)


@pytest.mark.parametrize("column", ["weight", "words", "at", "took"])
def test_an_entity_is_what_can_be_asked_for_online(column: str):
    with pytest.raises(ColumnTypeError, match=f"needs column '{column}' of log 'odd' to be an entity: text, whole num"):
        Counter("n", of=ODD, by=["user_id", column], over="1d")


def test_numbers_of_128_bits_and_lengths_are_not_taken():
    for kind, want in ((Sum, "whole numbers of up to 64 bits"), (Minimum, "whole numbers of"), (LastValue, "single")):
        with pytest.raises(ColumnTypeError, match=f"needs column 'wide' of log 'odd' to be {want}"):
            kind("x", of=ODD, by="user_id", column="wide", over="1d")
    with pytest.raises(ColumnTypeError, match="needs column 'took' of log 'odd' to be text, whole numbers, booleans"):
        Distinct("d", of=ODD, by="user_id", column="took", over="1d")


def test_events_do_not_count_before_they_may_have_landed():
    _, late = logs(lateness=timedelta(days=2))
    with pytest.raises(DeclarationError, match=r"those of log 'clicks' may land 2 days, 0:00:00 late: before they"):
        counter(of=late, delay=Landed())
    assert counter(of=late, delay=Landed("2d")).reach == timedelta(days=9)
