"""Tiles of a project: what a build makes of them, who shares them, and what is exported from them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import CommitConflictError, LogMissingError, UsageError
from featurelib.ledger import plan
from featurelib.online import OnlineStore, write_export, write_redis
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, backfill, window_values
from featurelib.runs.samples import build_samples
from featurelib.runs.tiles import commit_tiles, stored_tiles, tiles_lacking
from featurelib.samples import Lists
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.testing import window_values as looked_at
from featurelib.transforms import Feature, Frequency
from featurelib.windows import (
    Coec,
    Counter,
    Decayed,
    Distinct,
    EmpiricalBayes,
    Landed,
    LastN,
    Minimum,
    Rate,
    Recency,
    Sum,
)
from featurelib.workspace import Workspace
from tests.redis_server import NoServerError, redis_server
from tests.shop import Row, logs, shop, workspace, write, write_file

FIRST = date(2026, 11, 1)
SHARE = Column(dtype=pl.Float32(), doc="Share of the user's rows.", between=(0, 1))
DAYS = [FIRST + timedelta(days=number) for number in range(4)]
IMPRESSIONS, CLICKS = logs()
BY = {"by": "item_id", "over": "2d", "delay": "1h"}
WINDOWS = [
    Counter("shown", of=IMPRESSIONS, by=["user_id", "item_id"], over=["1h", "2d"], delay="1h"),
    Counter("clicked_exact", of=CLICKS, by="item_id", over="90m", exact=True),
    Counter("clicks_by_day", of=CLICKS, by="item_id", over="2d", grain="1d"),
    Counter("landed", of=CLICKS, by="item_id", over="1d", delay=Landed()),
    Sum("slots", of=CLICKS, column="slot", **BY),
    Distinct("users", of=CLICKS, column="user_id", **BY),
    Recency("since", of=CLICKS, **BY),
    Decayed("heat", of=CLICKS, half_life="6h", **BY),
    Rate("rate", of=CLICKS, per=IMPRESSIONS, smooth=EmpiricalBayes(), **BY),
    Coec("coec", of=CLICKS, per=IMPRESSIONS, position="slot", **BY),
    LastN("last", of=CLICKS, by="user_id", column="item_id", n=3, also=["clicked_at"], over="3d"),
]


def events() -> tuple[list[Row], list[Row]]:
    """Return impressions of four days, and the click of every third."""
    shown, clicked = [], []
    for number in range(160):
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=35 * number, seconds=number)
        row = {
            "event_id": f"i{number}",
            "user_id": f"u{number % 5}",
            "request_id": f"r{number}",
            "item_id": f"x{number % 7}",
            "slot": number % 4,
            "shown_at": at,
            "landed_at": at,
        }
        shown.append(row)
        if number % 3 == 0:
            when = at + timedelta(minutes=4)
            kept = {name: row[name] for name in ("user_id", "request_id", "item_id", "slot")}
            late = timedelta(hours=number % 4)
            clicked.append({**kept, "event_id": f"c{number}", "clicked_at": when, "landed_at": when + late})
    return shown, clicked


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    made = workspace(tmp_path)
    for log, rows in zip((IMPRESSIONS, CLICKS), events(), strict=True):
        write(log, made.logs, rows, [FIRST - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=1)])
    return made


def built(pipeline: Pipeline, space: Workspace, days: Sequence[date] = DAYS) -> pl.DataFrame:
    backfill(pipeline, space, Days(days[0], days[-1]), Loop(), say=lambda _: None)
    table = VersionedTable.open(space.table(pipeline.name, "samples"))
    return table.scan(partitions=[Partition(day) for day in days]).collect(engine="in-memory")


def versions(pipeline: Pipeline, space: Workspace) -> dict[str, int]:
    return {spec.name: VersionedTable.open(space.tiles(spec.name)).version for spec in pipeline.tiles}


def kept_rows(name: str) -> list[Row]:
    return [dict(row) for row in events()[0 if name == "impressions" else 1]]


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_samples_have_what_looking_at_every_event_gives(space: Workspace, zone: str):
    pipeline = shop(windows=WINDOWS, timezone=zone)
    samples = built(pipeline, space, DAYS[1:3])
    assert len(samples) > 70
    known = {log.name: kept_rows(log.name) for log in (IMPRESSIONS, CLICKS)}
    for row in samples.iter_rows(named=True):
        start, _ = pipeline.bounds(Partition(row["dt"]))
        when = {"at": row["shown_at"], "timezone": zone, "partition_start": start}
        for window in WINDOWS:
            for column, value in looked_at(window, known, row, **when).items():
                assert same(row[column], value), (column, row)


def same(got: Any, want: Any) -> bool:
    return got == pytest.approx(want, rel=1e-12) if isinstance(want, float) else got == want


def test_a_second_pipeline_reads_the_tiles_of_the_first(space: Workspace):
    one = shop(windows=WINDOWS)
    other = shop(name="other", windows=[replace(WINDOWS[4], name="slots_1d", over="1d"), *WINDOWS[5:8]])
    built(one, space)
    before = versions(one, space)
    built(other, space)
    assert versions(one, space) == before
    assert {spec.name for spec in other.tiles} - {spec.name for spec in one.tiles}  # the sum alone is another fold


def test_a_new_day_makes_tiles_of_that_day_alone(space: Workspace):
    pipeline = shop(windows=WINDOWS)
    built(pipeline, space, DAYS[:3])
    table = VersionedTable.open(space.tiles(pipeline.tiles[0].name))
    before = {one: record.version for one, record in table.partitions().items()}
    built(pipeline, space)
    after = {one: record.version for one, record in table.partitions().items()}
    assert {one: after[one] for one in before} == before
    assert set(after) - set(before) == {Partition(DAYS[3])}


def test_pipelines_by_days_and_by_hours_keep_tiles_of_their_own(space: Workspace):
    days = shop(windows=[Counter("n", of=IMPRESSIONS, by="user_id", over="3h")])
    hours = replace(days, name="hourly", samples=replace(days.samples, every="1h"))
    hour = Partition(DAYS[1], 5)
    whole = built(days, space, DAYS[1:2])
    with Run.begin(hours, space, Loop()) as run:
        build_samples(run, [hour])
    part = VersionedTable.open(space.table("hourly", "samples")).scan(partitions=[hour]).collect(engine="in-memory")
    assert len(part) == 2
    assert part.select("event_id", "n").rows() == [
        (row["event_id"], row["n"]) for row in whole.iter_rows(named=True) if row["shown_at"].hour == hour.hr
    ]


def test_a_column_of_another_type_makes_other_tiles(space: Workspace):
    columns = {"slot": Column(dtype=pl.Int64(), doc="Where.", between=(0, 9)), "__doc__": "Wide."}
    wide = replace(CLICKS, table=type("Clicked", (CLICKS.table,), columns))
    windows = [[Minimum("least", of=log, column="slot", by="item_id", over="1d")] for log in (CLICKS, wide)]
    one = built(shop(windows=windows[0]), space, DAYS[1:2])
    other = built(shop((IMPRESSIONS, wide), name="wide", windows=windows[1]), space, DAYS[1:2])
    assert other.schema["least"] == pl.Int64()
    assert one["least"].cast(pl.Int64).equals(other["least"])


def test_tiles_that_another_run_made_otherwise_are_not_taken_for_none(space: Workspace):
    windows = [Counter("n", of=CLICKS, by="item_id", over="1d")]
    pipeline = shop(windows=windows)
    built(pipeline, space, DAYS[:2])
    with Run.begin(pipeline, space, Loop()) as run:
        reach = pipeline.looked_back([Partition(DAYS[1])])
        assert tiles_lacking(run, stored_tiles(run), reach) == {}
        late = replace(CLICKS, lateness=timedelta(hours=1))
        built(shop((IMPRESSIONS, late), name="late", windows=[replace(windows[0], of=late)]), space, DAYS[:2])
        with pytest.raises(CommitConflictError, match="of 2026-10-31 were made anew meanwhile, for a pipeline that"):
            commit_tiles(run, reach, {})


def test_a_file_that_makes_an_event_in_reach_a_duplicate_makes_samples_stale(tmp_path: Path):
    space = workspace(tmp_path)
    write(IMPRESSIONS, space.logs, events()[0], [FIRST - timedelta(days=1), *DAYS])
    hourly = replace(CLICKS, every="1h", files="clicks/{dt}/{hr}/*.parquet")
    start = datetime.combine(FIRST, datetime.min.time(), UTC)
    row = {"event_id": "c23", "user_id": "u1", "request_id": "r", "item_id": "x1", "slot": 1}

    def land(at: datetime, name: str) -> None:
        (space.logs / f"clicks/{at:%Y-%m-%d}/{at:%H}").mkdir(parents=True, exist_ok=True)
        pl.DataFrame([row | {"clicked_at": at, "landed_at": at}], schema=hourly.table.polars_schema()).write_parquet(
            space.logs / f"clicks/{at:%Y-%m-%d}/{at:%H}/{name}.parquet"
        )

    land(start + timedelta(hours=23, minutes=30), "a")
    pipeline = shop((IMPRESSIONS, hourly), windows=[Counter("n", of=hourly, by="item_id", over="1d", delay="6h")])
    before = built(pipeline, space, DAYS[2:3])
    assert before["n"].max() == 1
    land(start + timedelta(hours=5), "b")  # of the day that the windows begin in, but before they do
    assert built(pipeline, space, DAYS[2:3])["n"].max() == 0


def test_a_cross_and_a_column_called_like_it_are_two_entities(space: Workspace):
    name = "user_id_x_item_id"
    tables = [
        type("Crossed", (log.table,), {name: Column(dtype=pl.String(), doc="Both."), "__doc__": "Crossed."})
        for log in (IMPRESSIONS, CLICKS)
    ]
    both = [replace(log, table=table) for log, table in zip((IMPRESSIONS, CLICKS), tables, strict=True)]
    for path in space.logs.rglob("*.parquet"):
        pl.read_parquet(path).with_columns(pl.concat_str("user_id", "item_id").alias(name)).write_parquet(path)
    windows = [
        Counter(f"n{number}", of=both[1], by=by, over="1d") for number, by in enumerate([["user_id", "item_id"], name])
    ]
    samples = built(shop((both[0], both[1]), windows=windows), space, DAYS[1:2])
    assert samples["n0"].sum() > 0
    assert samples["n0"].equals(samples["n1"])


def test_windows_of_listed_samples_are_lists_of_what_each_element_has(space: Workspace):
    single = shop()
    kept = {"columns": ["event_id", "item_id"], "first": ["user_id", "shown_at", "clicked"]}
    shape = Lists("slot", order="shown_at", **kept)  # some forty in a list
    features = [Feature("user_share", Frequency("user_id"))]
    table = type("Listed", (Table,), {"__doc__": "One row per list.", "min_rows": 0, "user_share": SHARE})
    by_item = [window for window in WINDOWS if window.entity == ("item_id",)]
    lists = replace(
        single,
        name="lists",
        samples=replace(single.samples, shape=shape),
        windows=[*by_item, Counter("own", of=CLICKS, by="user_id", over="1d")],
        features=features,
        table=table,
    )
    made = built(lists, space, DAYS[2:3])
    assert made.schema == {**lists.sample_schema, "dt": pl.Date()}
    assert made.schema["own"] == pl.Int64()
    assert len(made) == 4
    names = [name for window in by_item for name in window.makes]
    asked = made.select("shown_at", "item_id", *names).explode("item_id", *names)
    known = {log.name: kept_rows(log.name) for log in (IMPRESSIONS, CLICKS)}
    start, _ = lists.bounds(Partition(DAYS[2]))
    for row in asked[::7].iter_rows(named=True):
        for window in by_item:
            when = {"at": row["shown_at"], "timezone": "UTC", "partition_start": start}
            for column, value in looked_at(window, known, row, **when).items():
                assert same(row[column], value), (column, row)


def test_a_late_file_makes_its_tiles_anew_and_the_samples_that_read_them(space: Workspace):
    pipeline = shop(windows=[Counter("n", of=CLICKS, by="item_id", over="1d")])
    days = Days(DAYS[0], DAYS[-1])
    built(pipeline, space)
    at = datetime.combine(DAYS[1], datetime.min.time(), UTC) + timedelta(hours=3)
    late = {"event_id": "late", "user_id": "u1", "request_id": "r", "item_id": "x1", "slot": 1}
    write_file(CLICKS, space.logs, DAYS[1], [{**late, "clicked_at": at, "landed_at": at}], name="c")
    stale = [
        entry.partition.dt for entry in plan(pipeline, space, days).entries if entry.table == "samples" and entry.due
    ]
    assert stale == [DAYS[0], DAYS[1], DAYS[2], DAYS[3]][: len(stale)]
    assert DAYS[2] in stale
    anew = built(pipeline, space)
    fresh = workspace(space.logs.parent / "fresh")
    again = built(pipeline, replace(fresh, logs=space.logs))
    assert anew.equals(again)


def exported(pipeline: Pipeline, space: Workspace, at: datetime, folder: Path) -> OnlineStore:
    with Run.begin(pipeline, space, Loop(), now=at) as run:
        values = window_values(run, at)
    write_export(
        folder, pipeline=pipeline.name, as_of=at, declared=values.declared, frames=values.frames, empty=values.empty
    )
    return OnlineStore.open(folder)


def test_the_values_of_an_export_are_those_of_samples_at_that_instant(space: Workspace, tmp_path: Path):
    pipeline = shop(windows=WINDOWS)
    samples = built(pipeline, space)
    columns = [name for window in WINDOWS for name in window.makes]
    for row in samples.filter(pl.col("dt") == DAYS[2])[::9].iter_rows(named=True):
        store = exported(pipeline, space, row["shown_at"], tmp_path / "online")
        (read,) = store.read([{name: row[name] for name in ("item_id", "user_id")}])
        assert {name: read[name] for name in columns} == {name: row[name] for name in columns}


def test_redis_gives_what_the_folder_does(space: Workspace, tmp_path: Path):
    pipeline, at = shop(windows=WINDOWS), datetime(2026, 11, 3, 7, 30, tzinfo=UTC)
    folder = exported(pipeline, space, at, tmp_path / "online")
    rows = [{"item_id": f"x{n % 9}", "user_id": f"u{n % 7}" if n % 5 else None} for n in range(60)]
    try:
        with redis_server() as url:
            write_redis(tmp_path / "online", url, expire="1h")
            assert OnlineStore.redis(url, pipeline.name).read(rows) == folder.read(rows)
    except NoServerError as error:
        pytest.skip(str(error))


def test_an_unknown_entity_has_an_empty_history(space: Workspace, tmp_path: Path):
    pipeline, at = shop(windows=WINDOWS), datetime(2026, 11, 3, 7, 30, tzinfo=UTC)
    store = exported(pipeline, space, at, tmp_path / "online")
    (read,) = store.read([{"item_id": "new", "user_id": "new"}])
    assert (read["shown_1h"], read["users"], read["since"], read["heat"], read["last"]) == (0, 0, None, 0.0, [])
    assert 0 < read["rate"] < 1


def test_an_instant_that_no_event_reaches_is_not_exported(space: Workspace, tmp_path: Path):
    with pytest.raises(
        LogMissingError, match=r"no log of pipeline 'shop' has an event from 2062-\S+ on that windows see"
    ):
        exported(shop(windows=WINDOWS[:1]), space, datetime(2062, 11, 3, tzinfo=UTC), tmp_path)


def test_a_pipeline_without_windows_has_nothing_to_export(space: Workspace, tmp_path: Path):
    with pytest.raises(UsageError, match="pipeline 'shop' has no windows; there is nothing to export"):
        exported(shop(windows=[]), space, datetime(2026, 11, 3, tzinfo=UTC), tmp_path)
