"""Proposals: round durations, the rows beyond them, and what waits for them."""

from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.lag import Curve, propose
from featurelib.logs import Log
from featurelib.samples import AttributedLabel, Impressions
from featurelib.tables import Partition
from pipelines.open_bandit import open_bandit
from tests.shop import logs, rate, shop

DAY = Days(date(2026, 11, 1), date(2026, 11, 1))
HOUR = timedelta(hours=1)


def curve(log: Log, lags: dict[int, int]) -> Curve:
    counts = pl.DataFrame(
        {"hour": [12] * len(lags), "lag_s": list(lags), "rows": list(lags.values())},
        schema={"hour": pl.Int8, "lag_s": pl.Int64, "rows": pl.Int64},
    )
    return Curve(log=log, days=DAY, timezone="UTC", horizon=HOUR, counts=counts, rejected={}, missing=0, newest=None)


@pytest.mark.parametrize(
    ("lag_s", "lateness", "lookback"),
    [
        (0, timedelta(), 0),
        (1, timedelta(minutes=1), 1),
        (60, timedelta(minutes=1), 1),
        (61, timedelta(minutes=5), 1),
        (3600, HOUR, 1),
        (86_401, timedelta(days=2), 2),
        (40 * 86_400 + 1, timedelta(days=41), 41),
    ],
)
def test_lateness_is_the_next_round_duration(lag_s: int, lateness: timedelta, lookback: int) -> None:
    found = propose(curve(logs()[0], {lag_s: 5}))
    assert found is not None
    assert (found.lateness, found.lookback, found.still_later) == (lateness, lookback, 0)


def test_one_row_in_a_thousand_may_be_later_and_is_told() -> None:
    late = curve(logs(lateness=HOUR)[0], {30: 9980, 7200: 10, 90_000: 10, -50: 7})
    found = propose(late)
    assert found is not None
    assert (found.lateness, found.still_later, found.later_than_declared, found.measured) == (2 * HOUR, 10, 20, 10_000)
    one_more = propose(curve(logs()[0], {30: 9980, 7200: 9, 90_000: 11}))
    assert one_more is not None
    assert (one_more.lateness, one_more.still_later) == (timedelta(days=2), 0)


def test_lookback_counts_partitions_of_the_log() -> None:
    hourly = replace(logs()[0], every="1h", files="impressions/{dt}/{hr}.parquet")
    found = propose(curve(hourly, {6000: 1}))
    assert found is not None
    assert (found.lateness, found.lookback) == (2 * HOUR, 2)


def test_waits_follow_the_pipelines_windows_and_all_its_logs() -> None:
    impressions, clicks = logs(lateness=3 * HOUR)
    pipeline = shop((impressions, clicks), within="30m")
    found = propose(curve(clicks, {86_400: 1}), [pipeline])
    assert found is not None
    whole, label = found.waits
    assert (whole.pipeline, whole.label, label.label) == ("shop", None, "clicked")
    assert (label.declared, label.proposed) == (3 * HOUR + HOUR / 2, 24 * HOUR + HOUR / 2)
    assert (whole.declared, whole.proposed) == (3 * HOUR + HOUR / 2, 24 * HOUR + HOUR / 2)
    partition = Partition(date(2026, 11, 1))
    assert pipeline.mature_at(partition) == pipeline.bounds(partition)[1] + whole.declared
    other = propose(curve(impressions, {60: 1}), [pipeline])
    assert other is not None
    assert [(wait.label, wait.proposed) for wait in other.waits] == [(None, 3 * HOUR + HOUR / 2)]


def test_a_label_waits_for_the_latest_of_the_logs_that_it_is_made_of() -> None:
    impressions, clicks = logs()
    orders = replace(clicks, name="orders")
    labels = [
        AttributedLabel("clicked", clicks, keys=["request_id", "item_id"], within="30m"),
        AttributedLabel("ordered", orders, keys=["user_id", "item_id"], within="2h", via="clicked"),
        AttributedLabel("recognized", replace(orders, name="others"), keys=["user_id", "item_id"], within="1h"),
    ]
    pipeline = shop(windows=[], samples=Impressions(impressions, labels=labels))
    late = 10 * HOUR

    def whole(log: str) -> timedelta:
        return pipeline.settles_with(lambda other: late if other.name == log else timedelta())

    assert whole("none") == 2.5 * HOUR
    # a later impression takes a click of any label, a later click an order
    assert whole("impressions") == whole("clicks") == whole("orders") == late + 2.5 * HOUR
    assert whole("others") == late + HOUR


def test_rows_that_no_label_is_made_of_are_waited_for_too() -> None:
    impressions, clicks = logs(lateness=3 * HOUR)
    views = replace(clicks, name="views", lateness=9 * HOUR)
    assert shop((impressions, clicks), windows=[]).settles_after == 3.5 * HOUR
    assert shop((impressions, clicks), windows=[rate(impressions, views)]).settles_after == 9 * HOUR
    carried = replace(open_bandit.samples, log=replace(open_bandit.samples.log, lateness=5 * HOUR))
    assert replace(open_bandit, samples=carried).settles_after == 5 * HOUR


def test_nothing_is_proposed_from_no_lag() -> None:
    assert propose(curve(logs()[0], {})) is None
    assert propose(curve(logs()[0], {-5: 3})) is None
