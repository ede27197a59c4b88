"""The ledger: which partitions are missing, stale or complete, and the cause in words."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.ledger import describe, digest, plan
from featurelib.ledger.plan import Entry, Plan
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.program import load
from featurelib.runs import Report, Run, backfill, fit_program
from featurelib.samples import AttributedLabel, Impressions
from featurelib.schema import Column, RowCheck, Table
from featurelib.selection import DropConstant
from featurelib.tables import Partition, VersionedTable
from featurelib.transforms import Feature, Log1p
from featurelib.windows import Beta
from featurelib.workspace import Workspace
from tests.shop import FEATURES, Clicked, Shown, logs, rate, shop, workspace, write, write_file

FIRST = date(2026, 11, 2)
DAYS = Days(FIRST, FIRST + timedelta(days=2))
IMPRESSIONS, CLICKS = logs()
ALL = dict.fromkeys(DAYS, ("complete", ""))


def shown(day: date, n: int) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=2 + n % 20, minutes=n)
    keys = {
        "event_id": f"{day}/{n}",
        "user_id": f"u{n % (3 + day.day)}",
        "request_id": f"{day}/r{n}",
        "item_id": f"i{n % 3}",
    }
    return {**keys, "slot": (n + day.day) % 5, "shown_at": at, "landed_at": at}


def clicked(impression: dict[str, Any], minutes: int = 3) -> dict[str, Any]:
    at = impression["shown_at"] + timedelta(minutes=minutes)
    keys = {name: impression[name] for name in ("user_id", "request_id", "item_id", "slot")}
    return {**keys, "event_id": f"c {impression['event_id']}", "clicked_at": at, "landed_at": at}


@dataclass(frozen=True)
class Shop:
    """A workspace with the logs of three days."""

    space: Workspace

    def build(self, pipeline: Pipeline, days: Days = DAYS) -> Report:
        return backfill(pipeline, self.space, days, Loop(), say=lambda _: None)

    def states(self, pipeline: Pipeline, table: str) -> dict[date, tuple[str, str]]:
        entries = plan(pipeline, self.space, DAYS).entries
        return {entry.partition.dt: (entry.state, entry.why) for entry in entries if entry.table == table}


PIPELINE = shop(fit=Days(FIRST, FIRST))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Shop]:
    """Build once; each test gets a copy."""
    import shutil

    original = tmp_path_factory.mktemp("shop")
    fill(original)
    Shop(workspace(original)).build(PIPELINE)

    def copy(target: Path) -> Shop:
        shutil.copytree(original, target, dirs_exist_ok=True)
        return Shop(workspace(target))

    return copy


@pytest.fixture
def complete(built: Callable[[Path], Shop], tmp_path: Path) -> Shop:
    return built(tmp_path)


def fill(root: Path) -> None:
    rows = [shown(day, n) for day in DAYS for n in range(12)]
    clicks = [clicked(one) for one in rows[::4]] + [clicked(rows[1], 45)]
    write(IMPRESSIONS, workspace(root).logs, [*rows, rows[0]], list(DAYS))
    write(CLICKS, workspace(root).logs, clicks, [*DAYS, DAYS.end + timedelta(days=1)])


def test_what_was_never_built_is_missing(tmp_path: Path):
    shop_ = Shop(workspace(tmp_path))
    assert set(shop_.states(PIPELINE, "samples").values()) == {("missing", "no log files for it")}
    fill(tmp_path)
    assert set(shop_.states(PIPELINE, "samples").values()) == {("missing", "not built yet")}
    assert set(shop_.states(PIPELINE, "features").values()) == {("missing", "no program is fitted as declared")}


def withdraw(shop_: Shop, log: str, day: str) -> None:
    for path in (shop_.space.logs / log / day).iterdir():
        path.unlink()


def test_a_complete_day_says_which_clicks_may_still_land(complete: Shop):
    withdraw(complete, "clicks", "2026-11-05")
    complete.build(PIPELINE)
    assert plan(PIPELINE, complete.space, DAYS).entries[-2].why == "log clicks has no file of 2026-11-05 yet"


def test_quarantined_rows_of_another_build_make_a_day_stale(complete: Shop):
    table = VersionedTable.open(complete.space.table("shop", "quarantine"))
    table.forget([Partition(date(2026, 11, 3))], run="by-hand")
    assert complete.states(PIPELINE, "samples")[date(2026, 11, 3)] == (
        "stale",
        "its quarantined rows are of another build",
    )
    complete.build(PIPELINE)
    assert complete.states(PIPELINE, "samples") == ALL


def test_another_label_window_is_fitted_anew(complete: Shop):
    label = AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="2h")
    pipeline = shop(fit=PIPELINE.fit, samples=Impressions(IMPRESSIONS, labels=[label]))
    before = load(complete.space.pipeline("shop")).made
    complete.build(pipeline)
    assert load(complete.space.pipeline("shop")).made["samples"] != before["samples"]
    assert complete.states(pipeline, "features") == ALL


def test_features_carry_the_key_of_the_samples_they_were_made_from(complete: Shop):
    samples = VersionedTable.open(complete.space.table("shop", "samples"))
    features = VersionedTable.open(complete.space.table("shop", "features"))
    for day, record in samples.partitions().items():
        assert (features.built(day) or {})["samples"] == record.key


def test_tiles_of_logs_since_withdrawn_do_not_count(complete: Shop, tmp_path: Path):
    for log in ("impressions", "clicks"):
        withdraw(complete, log, "2026-11-02")
    rest = Days(date(2026, 11, 3), date(2026, 11, 4))
    anew = replace(complete.space, tables=tmp_path / "anew", work=tmp_path / "anew-work")
    frames = []
    for space in (complete.space, anew):
        backfill(shop(fit=rest), space, rest, Loop(), say=lambda _: None)
        table = VersionedTable.open(space.table("shop", "samples"))
        frames.append(table.scan(partitions=[Partition(day) for day in rest]).collect(engine="in-memory"))
    assert frames[0].equals(frames[1])


def test_what_was_built_is_complete(complete: Shop):
    made = plan(PIPELINE, complete.space, DAYS)
    assert made.nothing_to_do
    assert {(entry.state, entry.rows) for entry in made.entries} == {("complete", 12)}
    assert made.text() == (
        "shop\n"
        "  samples   2026-11-02 .. 2026-11-04   complete\n"
        "  features  2026-11-02 .. 2026-11-04   complete\n"
        "  nothing to be done"
    )
    assert [one.dt for one in made.built("samples")] == list(DAYS)
    assert made.to_json()["partitions"][0] == {
        "table": "samples", "partition": "2026-11-02", "state": "complete", "due": False, "why": "", "rows": 12,
    }  # fmt: skip


def test_touching_files_or_reading_them_elsewhere_makes_nothing_stale(complete: Shop):
    for path in complete.space.logs.rglob("*.parquet"):
        os.utime(path, (0, 0))
    assert complete.states(PIPELINE, "samples") == complete.states(PIPELINE, "features") == ALL
    moved = Shop(replace(complete.space, logs=complete.space.logs.rename(complete.space.logs.with_name("elsewhere"))))
    assert moved.states(PIPELINE, "samples") == ALL


def causes(stale: dict[date, tuple[str, str]]) -> list[str]:
    return [f"{state} {why}".strip() for state, why in stale.values()]


def test_changed_file_makes_its_day_stale_and_those_that_look_at_it(complete: Shop):
    middle = FIRST + timedelta(days=1)
    write_file(CLICKS, complete.space.logs, middle, [clicked(shown(middle, 7))])
    stale = complete.states(PIPELINE, "samples")
    # the first day's labels may still change with the clicks of the next; the windows of the third read the second
    assert [state for state, _ in stale.values()] == ["stale"] * 3
    assert {why for _, why in stale.values()} == {"1 file of log clicks changed: 1 rows"}
    assert {why.split(";")[0] for _, why in complete.states(PIPELINE, "features").values()} == {"its samples changed"}


def test_late_clicks_of_the_last_day_leave_the_first_alone(complete: Shop):
    write_file(CLICKS, complete.space.logs, DAYS.end, [clicked(shown(DAYS.end, 7))], name="late")
    assert causes(complete.states(PIPELINE, "samples")) == [
        "complete",
        "stale 1 file of log clicks landed after the build: 1 rows",
        "stale 1 file of log clicks landed after the build: 1 rows",
    ]


def test_removed_file_makes_stale(complete: Shop):
    next((complete.space.logs / "impressions" / str(DAYS.end)).glob("b.*")).unlink()
    assert [state for state, _ in complete.states(PIPELINE, "samples").values()] == ["complete", "stale", "stale"]
    assert complete.states(PIPELINE, "samples")[DAYS.end][1] == "1 file of log impressions gone"


def test_same_bytes_under_another_name_are_another_log(complete: Shop):
    path = next((complete.space.logs / "clicks" / str(DAYS.end)).glob("a.*"))
    path.rename(path.with_name("z.parquet"))
    assert complete.states(PIPELINE, "samples")[DAYS.end][0] == "stale"


def test_rebuilding_repairs_and_building_again_does_nothing(complete: Shop):
    write_file(CLICKS, complete.space.logs, DAYS.end, [clicked(shown(DAYS.end, 7))], name="late")
    report = complete.build(PIPELINE)
    assert report.built == {"samples": 2, "features": 2}
    assert complete.states(PIPELINE, "samples") == complete.states(PIPELINE, "features") == ALL
    again = complete.build(PIPELINE)
    assert again.nothing_to_do
    assert (again.samples_version, again.features_version) == (report.samples_version, report.features_version)


class Reworded(Table):
    """The same rows, told in other words."""

    version = "1.4.2"
    event_time = "clicked_at"
    landing_time = "landed_at"
    min_rows = 0
    owner = "somebody else"

    # a comment
    event_id = Column(dtype=pl.String(), doc="Other words.", nullable=True)
    user_id = Column(dtype=pl.String(), doc="Other words.")
    request_id = Column(dtype=pl.String(), doc="Other words.")
    item_id = Column(dtype=pl.String(), doc="Other words.", nullable=True)
    slot = Column(dtype=pl.Int32(), doc="Other words.", between=(0, 9), unit="places")
    clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="Other words.")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="Other words.")


Reworded.__name__ = "Clicked"


def with_clicks(table: type[Table]) -> Pipeline:
    return shop((IMPRESSIONS, replace(CLICKS, table=table)), fit=PIPELINE.fit)


def test_other_words_lines_and_owners_make_nothing_stale(complete: Shop):
    assert Reworded.declared_at != Clicked.declared_at
    assert complete.states(with_clicks(Reworded), "samples") == ALL
    assert complete.states(with_clicks(Reworded), "features") == ALL


def changed(**attributes: Any) -> type[Table]:
    table = type("Clicked", (Clicked,), attributes)
    assert table.__name__ == "Clicked"
    return table


@pytest.mark.parametrize(
    "table",
    [
        changed(slot=Column(dtype=pl.Int32(), doc="Where.", between=(0, 8))),
        changed(slot=Column(dtype=pl.Int64(), doc="Where.", between=(0, 9))),
        changed(item_id=Column(dtype=pl.String(), doc="The item.")),
        changed(checks=(RowCheck("landed", "landed_at >= clicked_at", on_fail="quarantine"),)),
        changed(event_time="landed_at"),
        changed(landing_time=None),
        changed(version="2.0.0"),
    ],
    ids=["range", "type", "null", "row check", "event time", "landing time", "version"],
)
def test_other_rules_of_a_log_make_samples_stale(complete: Shop, table: type[Table]):
    states = complete.states(with_clicks(table), "samples")
    assert {why.split(";")[0] for _, why in states.values()} == {"the declaration changed"}


@pytest.mark.parametrize(
    "pipeline",
    [
        shop(fit=PIPELINE.fit, within="31m"),
        shop(fit=PIPELINE.fit, keys=["user_id", "item_id"]),
        shop(fit=PIPELINE.fit, windows=[rate(IMPRESSIONS, CLICKS, over="2d")]),
        shop(fit=PIPELINE.fit, windows=[rate(IMPRESSIONS, CLICKS, smooth=Beta(0.1, 0.8))]),
        shop(fit=PIPELINE.fit, timezone="Europe/Berlin"),
        shop((IMPRESSIONS, replace(CLICKS, event_id=None)), fit=PIPELINE.fit),
    ],
    ids=["window of the label", "keys", "window", "prior", "zone", "event id"],
)
def test_other_declaration_of_the_samples_makes_them_stale(complete: Shop, pipeline: Pipeline):
    states = complete.states(pipeline, "samples")
    assert {(state, why.split(";")[0]) for state, why in states.values()} == {("stale", "the declaration changed")}


def test_a_longer_window_is_the_same_however_it_is_written():
    hours = shop(windows=[rate(IMPRESSIONS, CLICKS, over="24h")])
    assert describe(hours.windows) == describe(
        shop(windows=[rate(IMPRESSIONS, CLICKS, over=timedelta(days=1))]).windows
    )


@pytest.mark.parametrize(
    "changes",
    [{"selection": [DropConstant()]}, {"features": [*FEATURES[:2], Feature("slot_z", Log1p("slot"))]}],
    ids=["selection", "features"],
)
def test_other_features_need_another_program_and_leave_the_samples(complete: Shop, changes: dict[str, Sequence[Any]]):
    pipeline = shop(fit=PIPELINE.fit, **changes)
    assert complete.states(pipeline, "samples") == ALL
    (state,) = set(complete.states(pipeline, "features").values())
    assert state == ("stale", "no program is fitted as declared")
    # NOTE: the rule drops nothing, so the program means the same; it must still count as fitted to this declaration
    complete.build(pipeline)
    assert complete.states(pipeline, "features") == ALL


def test_another_program_makes_features_stale_and_leaves_the_samples(complete: Shop):
    with Run.begin(PIPELINE, complete.space, Loop()) as run:
        assert fit_program(run, DAYS) == 2
    assert complete.states(PIPELINE, "samples") == ALL
    assert set(complete.states(PIPELINE, "features").values()) == {("stale", "the program is another one now")}
    ranges = [(run[0].table, len(run), run[0].state) for run in plan(PIPELINE, complete.space, DAYS).ranges()]
    assert ranges == [("samples", 3, "complete"), ("features", 3, "stale")]


def spans(timezone: str, *texts: str) -> list[str]:
    """Return the lines of a plan in which these partitions are stale, and no other is there."""
    entries = [Entry("samples", Partition.parse(text), "stale", "x", 1, due=True) for text in texts]
    of_features = [entry._replace(table="features") for entry in entries]
    lines = Plan("p", tuple(entries + of_features), timezone).only(["stale"]).text().splitlines()
    shown = [line.split(maxsplit=1)[1].removesuffix("stale: x").strip() for line in lines[1:-1]]
    assert shown[: len(shown) // 2] == shown[len(shown) // 2 :]
    return shown[: len(shown) // 2]


def test_only_partitions_that_follow_on_each_other_are_told_as_a_range():
    days = [f"2026-{day}" for day in ("02-28", "03-01", "03-03", "03-04", "03-05", "03-09")]
    assert spans("UTC", *days) == ["2026-02-28 .. 2026-03-01", "2026-03-03 .. 2026-03-05", "2026-03-09"]


def test_an_hour_follows_on_the_last_one_that_its_day_had():
    evening = ["2026-03-28T22", "2026-03-28T23", "2026-03-29T00"]
    assert spans("Europe/Berlin", *evening) == ["2026-03-28T22 .. 2026-03-29T00"]
    assert spans("Europe/Berlin", "2026-03-29T22", "2026-03-30T00") == ["2026-03-29T22 .. 2026-03-30T00"]
    assert spans("UTC", "2026-03-29T22", "2026-03-30T00") == ["2026-03-29T22", "2026-03-30T00"]
    autumn = ["2026-10-25T23", "2026-10-26T00"]
    assert spans("Europe/Berlin", *autumn) == autumn
    assert spans("Europe/Berlin", "2026-10-25T23", "2026-10-25T24", "2026-10-26T00") == [
        "2026-10-25T23 .. 2026-10-26T00"
    ]


def test_other_rules_of_the_feature_table_make_features_stale(complete: Shop):
    table = type("ShopFeatures", (PIPELINE.table,), {"min_rows": 1})
    pipeline = shop(fit=PIPELINE.fit, table=table)
    assert complete.states(pipeline, "samples") == ALL
    assert set(complete.states(pipeline, "features").values()) == {("stale", "the declaration changed")}


def test_added_label_and_window_are_built_into_the_tables_there(complete: Shop):
    samples = Impressions(
        IMPRESSIONS,
        labels=[
            AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m"),
            AttributedLabel("later", CLICKS, keys=["request_id", "item_id"], within="2h"),
        ],
    )
    windows = [*PIPELINE.windows, replace(rate(IMPRESSIONS, CLICKS, by="user_id"), name="user_rate")]
    pipeline = shop(fit=PIPELINE.fit, samples=samples, windows=windows)
    complete.build(pipeline)
    assert complete.states(pipeline, "samples") == ALL
    rows = VersionedTable.open(complete.space.table("shop", "samples")).scan().collect()
    assert rows["user_rate"].null_count() == rows["later"].null_count() == 0


def test_report_tells_the_numbers(complete: Shop):
    report = complete.build(PIPELINE)
    text = report.text()
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "shop, 2026-11-02 .. 2026-11-04"
    assert "Nothing was to be done: samples, program and features are complete. What is there:" in lines
    assert "impressions 37 36 duplicate 1" in lines
    assert "clicks 10 9 outside_window 1" in lines
    assert "samples -> features 36 36 none" in lines
    assert any(line.startswith("Features: 3 kept, 0 dropped") for line in lines)
    assert all(any(line.startswith(f"kept {name} ") for line in lines) for name in PIPELINE.feature_names)
    assert any(line.endswith("(over 3 partitions)") and " passed" in line for line in lines)
    assert f"Versions: samples {report.samples_version}, features {report.features_version}" in lines
    assert f"VersionedTable.open({report.location!r}).scan({report.features_version}).collect()" in lines
    assert text in report.markdown()


def test_report_names_the_rule_that_dropped_a_feature(complete: Shop):
    logs_ = complete.space.logs
    for day in DAYS:
        for name in "ab":
            path = next((logs_ / "impressions" / str(day)).glob(f"{name}.*"))
            pl.read_parquet(path).with_columns(slot=pl.lit(3, dtype=pl.Int32)).write_parquet(path)
    text = complete.build(shop(fit=PIPELINE.fit, selection=[DropConstant()])).text()
    assert "Features: 2 kept, 1 dropped" in text
    assert "dropped  1 by constant: slot_z" in text


def test_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1}) != digest({"a": 1, "b": [3]})


def test_description_of_a_log_holds_all_that_its_rows_depend_on():
    log = Log(name="l", table=Shown, files="{dt}.csv", null_texts=("", "-"), lateness=timedelta(hours=1))
    told = describe(log)
    assert (told["kind"], told["null_texts"], told["lateness"]) == ("Log", ["", "-"], "1:00:00")
    assert told["table"]["columns"]["slot"]["between"] == [0, 9]
    assert "doc" not in told["table"]["columns"]["slot"]
