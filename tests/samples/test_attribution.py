"""Attribution and duplicates against the oracles of `featurelib.testing`, row for row."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.logs import Log
from featurelib.samples import attribute, distinct
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED
from featurelib.schema import Column, Table
from featurelib.testing import attribute as oracle
from featurelib.testing import first_of_each
from featurelib.testing.strategies import ClickLog, click_logs

TIME = pl.Datetime("us", "UTC")
HALF_HOUR = timedelta(minutes=30)
ONE_DAY = st.just(1)
KEYS = {"user": ["user_id", "item_id"], "request": ["request_id", "item_id"], "item": ["item_id"]}


class Shown(Table):
    event_time = "shown_at"
    landing_time = "landed_at"

    event_id = Column(dtype=pl.String(), doc="Event.", nullable=True)
    user_id = Column(dtype=pl.String(), doc="User.")
    request_id = Column(dtype=pl.String(), doc="Request.")
    item_id = Column(dtype=pl.String(), doc="Item.", nullable=True)
    shown_at = Column(dtype=TIME, doc="When.")
    landed_at = Column(dtype=TIME, doc="When it landed.", nullable=True)


class ShownNoLanding(Shown):
    landing_time = None


SHOWN = Log(name="shown", table=Shown, files="{dt}.parquet", event_id="event_id")
UNLANDED = Log(name="shown", table=ShownNoLanding, files="{dt}.parquet", event_id="event_id")
NO_ID = Log(name="shown", table=Shown, files="{dt}.parquet")


def frames(log: ClickLog) -> tuple[pl.LazyFrame, pl.DataFrame]:
    shown = pl.DataFrame(log.impressions, schema=Shown.polars_schema())
    clicks = {"clicked_at" if name == "shown_at" else name: t for name, t in Shown.polars_schema().items()}
    return shown.with_row_index(ROW).lazy(), pl.DataFrame(log.clicks, schema=clicks).with_row_index("number")


@settings(max_examples=200)
@given(log=click_logs(most=14), keys=st.sampled_from(sorted(KEYS)), minutes=st.sampled_from([1, 10, 30, 2880]))
def test_each_click_goes_where_the_oracle_says(log: ClickLog, keys: str, minutes: int):
    within = timedelta(minutes=minutes)
    impressions, clicks = frames(log)
    found = attribute(
        impressions, clicks, keys=KEYS[keys], shown_at="shown_at", clicked_at="clicked_at", within=within
    ).sort("number")
    expected = oracle(log.impressions, log.clicks, keys=KEYS[keys], within=within, event_id=None)
    credited = found.select(ROW, REASON).rows()
    assert [(row if reason is None else None, reason or "credited") for row, reason in credited] == [
        (fate.impression, fate.reason) for fate in expected.fates
    ]
    assert found.select(clicks.columns).equals(clicks)


@settings(max_examples=100)
@given(log=click_logs(days=ONE_DAY, most=14), declared=st.sampled_from([SHOWN, UNLANDED, NO_ID]))
def test_the_first_of_each_event_stays_and_the_others_are_handed_back(log: ClickLog, declared: Log):
    frame = pl.DataFrame(log.impressions, schema=Shown.polars_schema())
    found = distinct(frame.lazy().with_row_index(ROW), declared)
    kept = first_of_each(
        log.impressions, time="shown_at", event_id=declared.event_id, landing=declared.table.landing_time
    )
    numbered = frame.with_row_index(ROW)
    assert found.frame.collect(engine="in-memory").equals(numbered.filter(pl.Series(kept, dtype=pl.Boolean)))
    again = numbered.filter(~pl.Series(kept, dtype=pl.Boolean))
    assert found.duplicates.drop(DROPPED).collect(engine="in-memory").equals(again)
    assert sum(found.dropped.values()) == len(again)


def at(minute: float) -> datetime:
    return datetime(2026, 11, 1, 12, tzinfo=UTC) + timedelta(minutes=minute)


def credit(shown: list[datetime], clicked: list[datetime], *, time: str = "shown_at") -> list[tuple[object, object]]:
    impressions = pl.LazyFrame({"k": ["x"] * len(shown), time: shown, ROW: range(len(shown))})
    clicks = pl.DataFrame({"k": ["x"] * len(clicked), "at": clicked})
    found = attribute(impressions, clicks, keys=["k"], shown_at=time, clicked_at="at", within=HALF_HOUR)
    return found.select(ROW, REASON).rows()


def test_click_at_the_instant_of_the_impression_counts():
    assert credit([at(0)], [at(0)]) == [(0, None)]


def test_window_is_half_open():
    tick = timedelta(microseconds=1)
    assert credit([at(0)], [at(30) - tick]) == [(0, None)]
    assert credit([at(0)], [at(30)]) == [(0, "outside_window")]


def test_click_before_the_first_impression_has_none():
    assert credit([at(5)], [at(4)]) == [(None, "no_impression")]


def test_of_two_impressions_at_one_instant_the_later_row_gets_the_click():
    assert credit([at(0), at(0)], [at(1)]) == [(1, None)]


def test_late_click_is_outside_the_window_though_an_earlier_impression_is_nearer_to_no_other():
    assert credit([at(0), at(10)], [at(39), at(40)]) == [(1, None), (1, "outside_window")]


def test_window_holds_where_both_logs_call_their_event_time_the_same():
    # an as-of join merges two key columns of one name: every click then seemed 0 s old, and none was unmatched
    assert credit([at(0)], [at(-1), at(10), at(31)], time="at") == [
        (None, "no_impression"),
        (0, None),
        (0, "outside_window"),
    ]


def test_click_that_carries_the_impressions_time_is_judged_by_the_impression():
    impressions = pl.LazyFrame({"k": ["x"], "shown_at": [at(0)], ROW: [0]})
    clicks = pl.DataFrame({"k": ["x", "y"], "clicked_at": [at(10), at(11)], "shown_at": [at(0), at(11)]})
    found = attribute(impressions, clicks, keys=["k"], shown_at="shown_at", clicked_at="clicked_at", within=HALF_HOUR)
    assert found[REASON].to_list() == [None, "no_impression"]
    assert found.columns == [*clicks.columns, ROW, REASON]


@pytest.mark.parametrize(("shown", "clicked"), [([], []), ([at(0)], []), ([], [at(0)])])
def test_empty_logs_give_empty_answers(shown: list[datetime], clicked: list[datetime]):
    impressions = pl.LazyFrame(
        {"k": ["x"] * len(shown), "s": shown, ROW: [0] * len(shown)}, schema_overrides={"s": TIME}
    )
    clicks = pl.DataFrame({"k": ["x"] * len(clicked), "c": clicked}, schema={"k": pl.String, "c": TIME})
    impressions = impressions.cast({"k": pl.String})
    found = attribute(impressions, clicks, keys=["k"], shown_at="s", clicked_at="c", within=HALF_HOUR)
    assert found[REASON].to_list() == ["no_impression"] * len(clicked)
