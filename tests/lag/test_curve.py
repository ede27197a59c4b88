"""The lag curve: exact counts and quantiles, and every row accounted for."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.days import Days
from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.generator import ClickLogs, generate
from featurelib.lag import QUANTILES, Curve, measure
from featurelib.logs import Log
from featurelib.schema import Column, Table
from pipelines.search_ranking import impressions as generated_impressions

TIME = pl.Datetime("us", "UTC")
DAY = date(2026, 11, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
Row = tuple[datetime, datetime | None]


class Opened(Table):
    event_time = "opened_at"
    landing_time = "landed_at"
    min_rows = 0

    opened_at = Column(dtype=TIME, doc="When it was opened.")
    landed_at = Column(dtype=TIME, doc="When the row landed.", nullable=True)


def opened(suffix: str = "parquet", **changes: object) -> Log:
    return Log(**({"name": "opened", "table": Opened, "files": f"opened/{{dt}}/*.{suffix}"} | changes))


def write(log: Log, root: Path, day: date, rows: Sequence[Row]) -> None:
    suffix = log.files.split("*.")[1]
    path = root / "opened" / str(day) / f"a.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = pl.DataFrame(rows, schema=Opened.polars_schema(), orient="row")
    texts = frame.with_columns(pl.col(TIME).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
    if suffix == "parquet":
        frame.write_parquet(path)
    elif suffix == "jsonl":
        texts.write_ndjson(path)
    else:
        texts.write_csv(path, compression="gzip")


def curve_of(log: Log, root: Path, *days: date, **changes: object) -> Curve:
    wanted = Days(days[0], days[-1]) if days else Days(DAY, DAY)
    return measure(log, root, wanted, **({"timezone": "UTC", "scratch": root / "scratch"} | changes))


def after(**late: float) -> Row:
    return NOON, NOON + timedelta(**late)


ROWS = [
    *(after(seconds=n) for n in range(1, 11)),
    after(seconds=0),
    after(microseconds=1),
    after(microseconds=-1),
    after(minutes=-11),
    (NOON, None),
    (NOON + timedelta(hours=3), NOON + timedelta(hours=5)),
]


@pytest.mark.parametrize("suffix", ["parquet", "csv.gz", "jsonl"])
def test_rows_are_counted_by_hour_and_skewed_and_unknown_ones_apart(tmp_path: Path, suffix: str) -> None:
    log = opened(suffix)
    write(log, tmp_path, DAY, ROWS)
    curve = curve_of(log, tmp_path)
    noon, three, total = curve.hours[12], curve.hours[15], curve.total
    assert (noon.rows, noon.skewed, noon.skew_s, noon.unknown, noon.longest_s) == (15, 2, 660, 1, 10)
    assert noon.quantiles_s == {"p50": 4, "p90": 9, "p99": 10, "p99.9": 10}
    assert (three.rows, three.longest_s, set(three.quantiles_s.values())) == (1, 7200, {7200})
    assert (total.rows, total.skewed, total.unknown, total.longest_s) == (16, 2, 1, 7200)
    assert sum(lag.rows for lag in curve.hours) == total.rows == curve.rows_read
    assert set(curve.hours[0].quantiles_s.values()) == {None}
    assert curve.newest == NOON + timedelta(hours=5)
    assert not (tmp_path / "scratch").exists()


def test_later_is_exact_to_the_microsecond(tmp_path: Path) -> None:
    write(opened(), tmp_path, DAY, [after(minutes=1), after(minutes=1, microseconds=1), after(minutes=-10)])
    curve = curve_of(opened(), tmp_path)
    assert curve.later_than(timedelta(minutes=1)) == 1
    assert curve.later_than(timedelta()) == 2
    assert (curve.ahead_of(timedelta(minutes=10)), curve.ahead_of(timedelta(minutes=10) - timedelta(seconds=1))) == (
        0,
        1,
    )


def test_a_clock_further_ahead_than_declared_is_measured_too(tmp_path: Path) -> None:
    log = opened(skew=timedelta(minutes=1))
    write(log, tmp_path, DAY, [after(hours=-2), after(seconds=-5), after(seconds=1)])
    curve = curve_of(log, tmp_path)
    assert (curve.rejected, curve.total.skewed, curve.total.skew_s) == ({}, 2, 7200)
    assert curve.ahead_of(log.skew) == 1


def test_rows_in_later_files_are_found_within_the_horizon_and_else_told(tmp_path: Path) -> None:
    days = [DAY + timedelta(days=n) for n in range(4)]
    for number, day in enumerate(days):  # laid out by landing time: each file holds a row of the first day
        write(opened(), tmp_path, day, [after(days=number)])
    near = curve_of(opened(), tmp_path, days[0], days[1])
    assert (near.total.rows, dict(near.rejected)) == (1, {"outside_partition": 1})
    declared = curve_of(opened(lateness=timedelta(days=1)), tmp_path, days[0], days[1])
    assert (declared.total.rows, declared.horizon) == (2, timedelta(days=1))
    far = curve_of(opened(), tmp_path, days[0], days[1], horizon=timedelta(days=3))
    assert (far.total.rows, far.total.longest_s, dict(far.rejected), far.missing) == (4, 3 * 86_400, {}, 0)


def test_partitions_without_files_and_bad_rows_are_told(tmp_path: Path) -> None:
    log = opened("jsonl")
    write(log, tmp_path, DAY, [after(seconds=1)])
    with (tmp_path / "opened" / str(DAY) / "a.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"opened_at": "soon", "landed_at": null}\n')
    curve = curve_of(log, tmp_path, DAY, DAY + timedelta(days=2))
    assert (curve.missing, dict(curve.rejected), curve.total.rows, curve.rows_read) == (2, {"bad_type": 1}, 1, 2)


def test_hours_are_those_of_the_zone_and_a_long_day_has_all_its_rows(tmp_path: Path) -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)  # midnight in Berlin; clocks go back that night
    rows = [(start + timedelta(hours=n), start + timedelta(hours=n, seconds=n)) for n in range(25)]
    for day in (date(2026, 10, 24), date(2026, 10, 25)):
        write(opened(), tmp_path, day, [row for row in rows if row[0].date() == day])
    curve = curve_of(opened(), tmp_path, date(2026, 10, 25), timezone="Europe/Berlin")
    assert [lag.rows for lag in curve.hours] == [1, 1, 2, *[1] * 21]
    assert (curve.hours[2].longest_s, curve.hours[3].longest_s) == (3, 4)


def test_a_zone_of_half_hours_reads_hourly_partitions_once(tmp_path: Path) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    log = opened(files="opened/{dt}/{hr}.parquet", every="1h")
    for hour in range(24):
        at = start + timedelta(hours=hour)
        path = tmp_path / f"opened/{at:%Y-%m-%d}/{at:%H}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [(at + timedelta(minutes=m), at + timedelta(minutes=m + 1)) for m in (0, 29, 30, 59)]
        pl.DataFrame(rows, schema=Opened.polars_schema(), orient="row").write_parquet(path)
    day = Days(date(2026, 11, 1), date(2026, 11, 2))
    for horizon in (timedelta(), timedelta(hours=5)):
        curve = curve_of(log, tmp_path, day.start, day.end, timezone="Asia/Kolkata", horizon=horizon)
        # the first day began at 18:30 UTC of the day before
        assert (curve.total.rows, [lag.rows for lag in curve.hours]) == (96, [4] * 24)


def test_all_rows_of_generated_logs_are_counted_by_hour_or_day_alike(tmp_path: Path) -> None:
    day = replace(generated_impressions, every="1d", files="impressions/dt={dt}/*.parquet")
    curves = []
    for every, log in (("1h", generated_impressions), ("1d", day)):
        root = tmp_path / every
        made = generate(ClickLogs(days=2, users=200, items=100, rows=4000, seed=3, every=every), root)  # type: ignore[arg-type]
        curves.append(curve_of(log, root, DAY, DAY + timedelta(days=1)))
        assert curves[-1].rows_read == curves[-1].total.rows == made.logs["impressions"].rows
    by_hour, by_day = curves
    assert by_hour.counts.equals(by_day.counts)
    lag = by_hour.total
    assert (lag.quantiles_s["p50"] or 0) <= 4  # the generator's median is 3 s, and seconds are rounded up
    assert 0.01 < by_hour.later_than(timedelta(minutes=1)) / lag.rows < 0.06  # of 2.5 % by session, and slow clocks


@settings(max_examples=60)
@given(lags=st.lists(st.tuples(st.integers(0, 23), st.integers(-3, 50)), max_size=60))
def test_quantiles_are_those_of_the_sorted_lags(lags: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame(lags, schema={"hour": pl.Int8, "lag_s": pl.Int64}, orient="row")
    counts = frame.group_by("hour", "lag_s").agg(pl.len().cast(pl.Int64).alias("rows"))
    curve = Curve(
        log=opened(),
        days=Days(DAY, DAY),
        timezone="UTC",
        horizon=timedelta(),
        counts=counts,
        rejected={},
        missing=0,
        newest=None,
    )
    late = sorted(lag for _, lag in lags if lag >= 0)
    for name, share in QUANTILES.items():
        rank = math.ceil(share * Fraction(len(late)))
        assert curve.total.quantiles_s[name] == (late[rank - 1] if late else None)
    assert curve.total.skewed == len(lags) - len(late)


def test_a_log_without_a_landing_time_is_refused(tmp_path: Path) -> None:
    class Bare(Table):
        event_time = "opened_at"
        opened_at = Column(dtype=TIME, doc="When.")

    with pytest.raises(DeclarationError, match="log 'opened' has no landing time: name the column"):
        curve_of(opened(table=Bare), tmp_path)


def test_a_landing_time_that_is_no_instant_is_refused(tmp_path: Path) -> None:
    class Dated(Table):
        event_time = "opened_at"
        landing_time = "landed_on"
        opened_at = Column(dtype=TIME, doc="When.")
        landed_on = Column(dtype=pl.Date(), doc="On which day.")

    with pytest.raises(ColumnTypeError, match="needs column 'landed_on' of log 'opened' to be a Datetime"):
        curve_of(opened(table=Dated), tmp_path)
