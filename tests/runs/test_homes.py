"""Homes: a row that was set aside may belong to another partition than the one it lies in."""

from datetime import date, timedelta

import polars as pl
import pytest

from featurelib.logs import REJECTS
from featurelib.pipeline import Pipeline
from featurelib.runs.homes import homes
from featurelib.samples import AttributedLabel, Impressions
from tests.shop import logs, shop

DAY = date(2026, 11, 2)
IMPRESSIONS, CLICKS = logs(lateness=timedelta(days=2))
HOURLY = shop(
    samples=Impressions(
        IMPRESSIONS,
        labels=[AttributedLabel("clicked", CLICKS, keys=["item_id"], within="90m")],
        every="1h",
    ),
    windows=[],
)
DAILY = shop((IMPRESSIONS, CLICKS), windows=[])
BERLIN = shop(logs(), windows=[], timezone="Europe/Berlin")


def found(pipeline: Pipeline, log: str, column: str | None, value: str | None, *, hour: int | None = None) -> list[str]:
    row = {"log": log, "column": column, "value": value, "dt": DAY, "hr": hour}
    rows = pl.LazyFrame([row], schema={**REJECTS, "dt": pl.Date(), "hr": pl.Int8()}, orient="row")
    return [str(partition) for partition in sorted(homes(pipeline, rows))]


AROUND = ["2026-10-31", "2026-11-01", "2026-11-02"]


@pytest.mark.parametrize(
    ("pipeline", "log", "column", "value", "expected"),
    [
        (DAILY, "impressions", "slot", "77", ["2026-11-02"]),
        (DAILY, "impressions", "shown_at", "2026-11-01 23:59:59.999999+00:00", ["2026-11-01", "2026-11-02"]),
        (DAILY, "impressions", "shown_at", "2026-11-01 00:30:00+01:00", ["2026-10-31", "2026-11-02"]),
        (DAILY, "impressions", "shown_at", "2026-10-30 23:59:59+00:00", ["2026-11-02"]),  # too late even now
        (DAILY, "impressions", "shown_at", "2026-11-03 00:00:00+00:00", ["2026-11-02"]),  # after its file
        (DAILY, "impressions", "shown_at", "yesterday", AROUND),
        (DAILY, "impressions", "shown_at", "9999-12-31 23:30:00+00:00", AROUND),
        (DAILY, "impressions", None, None, AROUND),
        (DAILY, "clicks", "slot", "77", ["2026-11-01", "2026-11-02"]),  # its impression, 30 minutes before
        (DAILY, "views", "slot", "77", ["2026-11-02"]),  # not read any more
        (BERLIN, "impressions", "shown_at", None, ["2026-11-02", "2026-11-03"]),  # the UTC day ends at one o'clock
    ],
)
def test_days(pipeline: Pipeline, log: str, column: str | None, value: str | None, expected: list[str]) -> None:
    assert found(pipeline, log, column, value) == expected


def test_hours() -> None:
    at = "2026-11-01 13:20:00.000000+00:00"
    assert found(HOURLY, "impressions", "shown_at", at, hour=5) == ["2026-11-01T13", "2026-11-02T05"]
    clicks = [f"2026-11-01T{hour}" for hour in (11, 12, 13)]
    assert found(HOURLY, "clicks", "clicked_at", at, hour=5) == [*clicks, "2026-11-02T05"]


def test_no_rows_have_none() -> None:
    assert homes(DAILY, pl.LazyFrame(schema={**REJECTS, "dt": pl.Date()})) == set()
