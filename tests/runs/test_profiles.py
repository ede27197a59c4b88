"""Builds keep profiles: a day that shifts, leaks or goes null is named on that day, whatever is built first."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import LogFileError, SchemaViolationError, UsageError
from featurelib.generator import ClickLogs, generate
from featurelib.ledger import declared_features, plan
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.program import load, save
from featurelib.runs import Run, backfill, drift, fit, fit_program, profile, skew, validate
from featurelib.runs.baseline import load_baseline
from featurelib.runs.drift import FoundDrift
from featurelib.runs.profiles import ByDay, profiles_of, vacuum_profiles
from featurelib.samples import AttributedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.schema.limits import Drift
from featurelib.schema.measure import profile_rows
from featurelib.tables import Partition, VersionedTable
from featurelib.transforms import Edges, Feature, Log1p, Standardize
from featurelib.workspace import Workspace
from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog

FIRST = date(2026, 11, 1)
NUMBER = 8
ALL = Days(FIRST, FIRST + timedelta(days=NUMBER - 1))
SHIFTS, LEAKS, VANISHES = (FIRST + timedelta(days=n - 1) for n in (5, 6, 7))
LOGS = ClickLogs(
    days=NUMBER,
    users=3_000,
    items=3_000,
    rows=NUMBER * 2_600,
    seed=11,
    attraction=0.5,
    item_exponent=0.1,
    query_exponent=0.1,
    user_sigma=0.2,
    bot_events=0.0,
    bot_users=0.0,
    skewed=0.0,
    skewed_by_hours=0.0,
    session_requests=(2, 8),
)


class ItemFeatures(Table):
    """One row per impression."""

    key = ("event_id",)
    event_time = "shown_at"
    owner = "ranking team"

    event_id = Column(dtype=pl.String(), doc="Unique.", role="key")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was shown.", role="time")
    position = Column(dtype=pl.Int16(), doc="Where.", between=(1, 1000))
    clicked = Column(dtype=pl.Int8(), doc="Whether it was clicked.", between=(0, 1), role="label")
    price_log = Column(dtype=pl.Float32(), doc="Price.", nullable=True, role="feature")
    age_z = Column(dtype=pl.Float32(), doc="Age.", nullable=True, role="feature")
    relevance_z = Column(dtype=pl.Float32(), doc="Relevance.", role="feature")
    position_bin = Column(dtype=pl.UInt8(), doc="Place, in bins.", role="feature", default=0)


def log(name: str, table: type[Table]) -> Log:
    return Log(name=name, table=table, files=f"{name}/dt={{dt}}/*.parquet", event_id="event_id")


IMPRESSIONS, CLICKS = log("impressions", ImpressionLog), log("clicks", ClickLog)


def items(**changes: Any) -> Pipeline:
    parts: dict[str, Any] = {
        "name": "items",
        "samples": Impressions(
            IMPRESSIONS,
            labels=[AttributedLabel("clicked", CLICKS, keys=["request_id", "item_id"], within="30m")],
        ),
        "features": [
            Feature("price_log", Log1p("price_usd")),
            Feature("age_z", Standardize("item_age_days")),
            Feature("relevance_z", Standardize("relevance")),
            Feature("position_bin", Edges("position", edges=[2, 4, 8])),
        ],
        "table": ItemFeatures,
        "fit": Days(FIRST, FIRST + timedelta(days=2)),
    }
    return Pipeline(**(parts | changes))


def with_drift(**limits: Any) -> type[Table]:
    return type("StrictFeatures", (ItemFeatures,), {"drift": Drift(**limits)})


def rewrite(root: Path, day: date, columns: Sequence[pl.Expr]) -> None:
    for path in (root / "impressions" / f"dt={day}").glob("*.parquet"):
        clicks = pl.read_parquet(root / "clicks" / f"dt={day}" / "*.parquet").select("request_id", "item_id", hit=True)
        rows = pl.read_parquet(path).join(
            clicks.unique(), on=["request_id", "item_id"], how="left", maintain_order="left"
        )
        rows.with_columns(columns).drop("hit").write_parquet(path)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated logs: on day 5 prices are in cents, on day 6 relevance knows the click, on day 7 half the ages lack."""
    root = tmp_path_factory.mktemp("logs")
    generate(LOGS, root)
    rewrite(root, SHIFTS, [pl.col("price_usd") * 100])
    rewrite(root, LEAKS, [pl.col("relevance") + pl.when("hit").then(1000.0).otherwise(0.0)])
    rewrite(root, VANISHES, [pl.when(pl.int_range(pl.len()) % 2 == 0).then("item_age_days")])
    return root


def build(pipeline: Pipeline, space: Workspace, days: Days) -> None:
    backfill(pipeline, space, days, Loop(), say=lambda _: None, now=datetime(2026, 12, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def space(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("items")
    made = Workspace(logs=logs, tables=root / "tables", work=root / "work")
    build(items(), made, ALL)
    return made


def copied(space: Workspace, to: Path) -> Workspace:
    shutil.copytree(space.tables, to / "tables")
    return Workspace(logs=space.logs, tables=to / "tables", work=to / "work")


def loud(found: FoundDrift) -> dict[str, set[tuple[str | None, str, str]]]:
    return {
        day.name: {(one.column, one.measure, one.level) for one in day.findings if one.level in {"watch", "alarm"}}
        for day in found.days
    }


def entries(space: Workspace) -> dict[str, Any]:
    live = VersionedTable.open(space.table("items", "features")).at()
    return {str(partition): dict(entry) for partition, entry in live.entries({file.partition for file in live.files})}


def day(found: FoundDrift, name: date) -> set[tuple[str | None, str, str]]:
    return loud(found)[str(name)]


FAULTS = {
    SHIFTS: {("price_log", "psi", "alarm")},
    LEAKS: {("relevance_z", "auc", "alarm"), ("relevance_z", "psi", "alarm")},
    VANISHES: {("age_z", "nulls", "alarm"), ("age_z", "psi", "alarm")},
}


def test_each_fault_is_named_on_its_day_and_the_others_are_quiet(space: Workspace):
    found = drift(items(), space, Loop(), against="baseline", days=ALL)
    assert loud(found) == {str(name): FAULTS.get(name, set()) for name in ALL}
    assert found.is_alarm
    assert {finding.level for each in found.days for finding in each.findings} == {"alarm", "ok"}
    assert "ALARM   price_log: PSI " in found.text()
    assert found.measured == ()
    json.dumps(found.to_json(), allow_nan=False)


def test_by_default_a_day_is_also_held_against_the_day_before_and_the_week_before(space: Workspace):
    found = drift(items(), space, Loop(), days=ALL)
    against = {
        each.name: {one.against for one in each.findings if one.column == "price_log" and one.level == "alarm"}
        for each in found.days
    }
    baseline, before = f"baseline {FIRST} .. 2026-11-03", "(the day before)"
    assert against[str(SHIFTS)] == {baseline, f"2026-11-04 {before}"}
    assert against["2026-11-06"] == {f"2026-11-05 {before}"}  # it moved back
    assert against["2026-11-08"] == set()
    first, *_, last = found.days
    assert first.notes == (
        "the day before: 2026-10-31 is not there",
        "the same weekday a week before: 2026-10-25 is not there",
    )
    assert last.notes == ()
    assert any(one.against == f"{FIRST} (the same weekday a week before)" for one in last.findings)
    assert [one.level for one in first.findings if one.measure == "volume"] == ["skipped"]
    assert [one.level for one in last.findings if one.measure == "volume"] == ["ok"]


def test_the_last_seven_days_are_looked_at_unless_others_are_asked_for(space: Workspace):
    found = drift(items(), space, Loop())
    assert [each.name for each in found.days] == [str(name) for name in list(ALL)[1:]]
    with pytest.raises(
        UsageError, match=r"no features of pipeline .items. in 2027-01-01; they are there for 2026-11-01 .. 2026-11-08"
    ):
        drift(items(), space, Loop(), days=Days(date(2027, 1, 1), date(2027, 1, 1)))


def test_the_lineage_records_what_the_baseline_says_and_what_was_broken(space: Workspace):
    recorded = {
        name: {(one["column"], one["measure"], one["level"]) for one in entry["drift"]}
        for name, entry in entries(space).items()
    }
    assert recorded == {str(name): FAULTS.get(name, set()) for name in ALL}
    assert all(entry["broken"] == [] and entry["mature"] for entry in entries(space).values())


def test_the_baseline_is_the_profile_of_the_days_of_the_fit(space: Workspace):
    program = load(space.pipeline("items"))
    baseline = load_baseline(space.pipeline("items"), program.fingerprint)
    assert baseline is not None
    assert baseline.days == items().fit
    assert set(baseline.edges.bins) == {*program.outputs, "position", "hour"}
    table = ByDay.of(items(), space)
    rows = table.live.scan(items().partitions(items().fit))
    assert sum(baseline.rows.values()) == rows.select(pl.len()).collect(engine="in-memory").item()
    measured = profile_rows(rows, ItemFeatures, baseline.edges)
    held = baseline.profile
    assert (held.rows, held.labelled, held.positives) == (measured.rows, measured.labelled, measured.positives)
    for name in set(baseline.edges.bins) - {"hour"}:
        assert held.counts(name) == measured.counts(name), name
        assert held.label_rates(name) == measured.label_rates(name), name
        assert held.auc(name) == measured.auc(name)
        assert held.coverage(name) == measured.coverage(name)
        assert held.mean(name) == (None if (mean := measured.mean(name)) is None else pytest.approx(mean, abs=1e-4))


def test_numbers_are_cut_into_cells_of_about_equal_rows(space: Workspace):
    baseline = load_baseline(space.pipeline("items"), load(space.pipeline("items")).fingerprint)
    assert baseline is not None
    assert len(baseline.edges.bins["relevance_z"].edges) == 19
    shares = baseline.profile.shares("relevance_z")[:-1]
    assert max(shares) < 0.06
    assert min(shares) > 0.04
    assert baseline.edges.bins["position_bin"].kind == "categories"


def test_days_of_a_fit_that_are_broken_are_told_by_the_fit_and_beside_the_drift(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    root = own.pipeline("items")
    with Run.begin(items(), own, Loop()) as run:
        assert fit_program(run, ALL) == 2
    program = load(root)
    baseline = load_baseline(root, program.fingerprint)
    assert baseline is not None
    assert program.made["notes"] == list(baseline.broken)
    told = {(line.split()[0], line.split()[2]) for line in baseline.broken}
    assert told == {(f"{SHIFTS}:", "price_log:"), (f"{LEAKS}:", "relevance_z:"), (f"{VANISHES}:", "age_z:")}
    assert load(root, 1).made["notes"] == []
    build(items(), own, Days(VANISHES, ALL.end))
    found = drift(items(), own, Loop(), against="baseline", days=Days(VANISHES, ALL.end))
    assert ("age_z", "nulls", "alarm") in day(found, VANISHES)  # which a fit that holds it does not make usual
    assert day(found, ALL.end) == set()
    assert f"within the fit's own days: {VANISHES}: ALARM   age_z: rise of missing +" in found.text()


def test_profiles_that_are_gone_are_measured_again_and_said_to_be(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    before = profile(items(), own, Loop(), ALL)
    assert before.measured == ()
    shutil.rmtree(own.pipeline("items") / "profiles" / str(LEAKS))
    found = drift(items(), own, Loop(), against="baseline", days=ALL)
    assert loud(found) == loud(drift(items(), space, Loop(), against="baseline", days=ALL))
    assert found.measured == (Partition(LEAKS),)
    assert f"as none was kept for the baseline's edges: {LEAKS}" in found.text()
    assert profile(items(), own, Loop(), ALL).measured == ()
    again = profile(items(), own, Loop(), ALL, again=True)
    assert len(again.measured) == NUMBER
    assert again.profile == before.profile
    assert "relevance_z" in again.text()
    json.dumps(again.to_json(), allow_nan=False)


def test_a_vacuum_deletes_the_profiles_of_days_that_are_gone_and_of_no_tag(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    table = VersionedTable.open(own.table("items", "features"))
    table.tag("model-1")
    table.forget([Partition(FIRST), Partition(LEAKS)], run="test")
    assert vacuum_profiles(items(), own) == []
    table.untag("model-1")
    gone = vacuum_profiles(items(), own, dry_run=True)
    assert [path.split("/")[:2] for path in gone] == [["profiles", f"{FIRST}"], ["profiles", f"{LEAKS}"]]
    assert vacuum_profiles(items(), own) == gone
    kept = {path.name for path in (own.pipeline("items") / "profiles").iterdir()}
    assert kept == {f"{day}" for day in ALL} - {f"{FIRST}", f"{LEAKS}"}
    assert vacuum_profiles(items(), own) == []


def test_profiles_with_other_edges_are_never_mixed(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    root = own.pipeline("items")
    baseline = load_baseline(root, load(root).fingerprint)
    assert baseline is not None
    bins = {**baseline.edges.bins, "price_log": replace(baseline.edges.bins["price_log"], edges=(1.0, 2.0))}
    edges = replace(baseline.edges, bins=bins)
    table = ByDay.of(items(), own)
    profiles = profiles_of(items(), own, Loop(), table.rows, edges, live=table.live)
    assert len(profiles.measured) == NUMBER
    other = replace(baseline, edges=edges, profile=profiles.merged(items().partitions(items().fit)))
    other.save(root)
    found = drift(items(), own, Loop(), against="baseline", days=ALL)
    assert found.measured == ()  # those with the new edges are there by now
    assert (str(SHIFTS), {("price_log", "psi", "alarm")}) in loud(found).items()
    shutil.rmtree(root / "profiles")
    assert len(drift(items(), own, Loop(), against="baseline", days=ALL).measured) == NUMBER


def test_a_day_and_a_tag_can_be_what_is_compared_with(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    store = VersionedTable.open(own.table("items", "features"))
    store.tag("model-1")
    by_day = drift(items(), own, Loop(), against=str(SHIFTS), days=Days(SHIFTS, LEAKS))
    assert day(by_day, SHIFTS) == set()
    assert ("price_log", "psi", "alarm") in day(by_day, LEAKS)
    by_tag = drift(items(), own, Loop(), against="model-1", days=Days(VANISHES, VANISHES))
    assert day(by_tag, VANISHES) >= {("age_z", "nulls", "alarm"), ("age_z", "psi", "alarm")}
    with pytest.raises(
        UsageError, match=r"--against takes baseline, a day .* or a tag of the features \(model-1\); got 'model-2'"
    ):
        drift(items(), own, Loop(), against="model-2")
    with pytest.raises(UsageError, match="no features of 2026-10-01"):
        drift(items(), own, Loop(), against="2026-10-01")


def test_the_order_of_building_changes_neither_what_is_refused_nor_what_is_recorded(space: Workspace, tmp_path: Path):
    strict = items(table=with_drift(on_alarm="fail"))
    days = [FIRST + timedelta(days=3), SHIFTS, LEAKS, VANISHES]
    recorded = []
    for number, order in enumerate((days, days[::-1])):
        own = copied(space, tmp_path / str(number))
        refused = {}
        for name in order:
            try:
                build(strict, own, Days(name, name))
            except SchemaViolationError as error:
                refused[name] = str(error)
        assert set(refused) == {SHIFTS, LEAKS, VANISHES}
        assert "NOT PUBLISHED" in refused[SHIFTS]
        assert "price_log: PSI" in refused[SHIFTS]
        assert "it may have seen clicked" in refused[LEAKS]
        recorded.append(entries(own))
    assert recorded[0] == recorded[1]


def test_other_limits_make_nothing_stale_and_what_they_refused_is_no_failure_any_more(space: Workspace, tmp_path: Path):
    strict, looser = (items(table=with_drift(on_alarm="fail", **more)) for more in ({}, {"psi": None}))
    own, shifts = copied(space, tmp_path), Days(SHIFTS, SHIFTS)

    def state(pipeline: Pipeline) -> str:
        return plan(pipeline, own, shifts).entries[-1].state

    with pytest.raises(SchemaViolationError, match="price_log: PSI"):
        build(strict, own, shifts)
    assert (state(strict), state(looser)) == ("failed", "stale")
    build(looser, own, shifts)
    assert (state(strict), state(looser)) == ("complete", "complete")
    assert validate(strict, own, Loop(), shifts).refused == [str(SHIFTS)]
    assert not validate(looser, own, Loop(), shifts).is_refused


def test_hours_are_judged_together_as_their_day_is(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    samples = replace(items().samples, every="1h")
    hourly = items(name="hourly", samples=samples, table=with_drift(on_alarm="fail"))
    program = load(own.pipeline("items"))
    save(
        program.keeping(program.outputs, made={**program.made, "declared": declared_features(hourly)}),
        own.pipeline("hourly"),
    )
    shutil.copytree(own.pipeline("items") / "baselines", own.pipeline("hourly") / "baselines")
    build(hourly, own, Days(SHIFTS, SHIFTS))  # by hours, only leaks refuse
    by_hours = drift(hourly, own, Loop(), against="baseline", days=Days(SHIFTS, SHIFTS))
    by_days = drift(items(), own, Loop(), against="baseline", days=Days(SHIFTS, SHIFTS))
    assert by_hours.measured == ()
    assert [each.findings for each in by_hours.days] == [
        tuple(replace(one, on_alarm="fail") for one in each.findings) for each in by_days.days
    ]
    VersionedTable.open(own.table("hourly", "features")).forget([Partition(SHIFTS, 3)], run="test")
    (part,) = drift(hourly, own, Loop(), against="baseline", days=Days(SHIFTS, SHIFTS)).days
    assert (part.findings, part.notes) == ((), (f"only 23 of 24 hours of {SHIFTS} are there",))


def test_a_refusal_says_since_when_its_rule_is_broken(space: Workspace, tmp_path: Path):
    def limited(on_fail: str) -> Pipeline:
        limit = Column(dtype=pl.Float32(), doc="Price.", nullable=True, between=(None, 4.5), on_fail=on_fail)  # type: ignore[arg-type]
        return items(table=type("LimitedFeatures", (ItemFeatures,), {"price_log": limit}))

    own = copied(space, tmp_path)
    build(limited("warn"), own, Days(FIRST + timedelta(days=1), FIRST + timedelta(days=2)))
    (broken,) = entries(own)["2026-11-02"]["broken"]
    assert (broken["id"], broken["status"]) == ("price_log.between", "warned")
    assert broken["rows_bad"] > 0
    with pytest.raises(SchemaViolationError, match=r"since 2026-11-02 \(2 days before it\)"):
        build(limited("fail"), own, Days(FIRST + timedelta(days=3), FIRST + timedelta(days=3)))


def test_rows_set_aside_are_not_in_the_profile(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    limit = Column(
        dtype=pl.Float32(), doc="Price.", nullable=True, role="feature", between=(None, 4.5), on_fail="quarantine"
    )
    table = type("LimitedFeatures", (ItemFeatures,), {"price_log": limit, "quarantine_budget": 0.5})
    build(items(table=table), own, Days(FIRST, FIRST))
    found = profile(items(table=table), own, Loop(), Days(FIRST, FIRST))
    assert found.measured == ()
    assert 2_000 < found.profile.rows < 2_580
    assert found.profile == profile(items(table=table), own, Loop(), Days(FIRST, FIRST), again=True).profile


def test_days_of_another_program_are_left_out_and_named(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    with Run.begin(items(), own, Loop()) as run:
        fit(run, Days(FIRST, FIRST + timedelta(days=3)), lambda step: step.commit())
    build(items(), own, Days(VANISHES, VANISHES))
    found = drift(items(), own, Loop(), days=Days(LEAKS, VANISHES))
    assert found.days[0].notes == (f"{LEAKS} was made with another program; build it again with the latest",)
    assert (
        f"the day before: {LEAKS} was made with another program; build it again with the latest" in found.days[1].notes
    )
    assert ("age_z", "nulls", "alarm") in day(found, VANISHES)
    assert profile(items(), own, Loop(), Days(LEAKS, VANISHES)).others == (Partition(LEAKS),)


@pytest.mark.parametrize("damage", ["gone", "cut"])
def test_without_a_baseline_days_are_built_and_drift_says_how_to_get_one(space: Workspace, tmp_path: Path, damage: str):
    own = copied(space, tmp_path)
    (path,) = (own.pipeline("items") / "baselines").iterdir()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        UsageError, match=r"no baseline, fit for its table, of the program .*: fit again with featurelib fit items"
    ):
        drift(items(), own, Loop())
    before = VersionedTable.open(own.table("items", "features")).version
    strict, wanted = items(table=with_drift(on_alarm="fail")), Days(SHIFTS, SHIFTS)
    refused = "refuses days by their drift, .* has no baseline, .* fit again with featurelib fit items"
    with pytest.raises(UsageError, match=refused):
        build(strict, own, wanted)
    with pytest.raises(UsageError, match=refused):
        validate(strict, own, Loop(), wanted)
    assert VersionedTable.open(own.table("items", "features")).version == before
    build(items(table=with_drift(psi=(0.2, 0.5))), own, Days(SHIFTS, SHIFTS))
    assert entries(own)[str(SHIFTS)]["drift"] == []


def test_a_column_that_the_table_no_longer_has_leaves_days_without_a_profile(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    columns = {name: column for name, column in ItemFeatures.columns.items() if name != "position"}
    told = {"key": ("event_id",), "event_time": "shown_at", "many": columns}
    fewer = items(table=type("FewerFeatures", (Table,), told), name="fewer")
    program = load(own.pipeline("items"))
    save(
        program.keeping(program.outputs, made={**program.made, "declared": declared_features(fewer)}),
        own.pipeline("fewer"),
    )
    shutil.copytree(own.pipeline("items") / "baselines", own.pipeline("fewer") / "baselines")
    now = datetime(2026, 12, 1, tzinfo=UTC)
    report = backfill(fewer, own, Days(FIRST, FIRST), Loop(), say=lambda _: None, now=now)
    assert "Drift:    not looked at: pipeline 'fewer' has no baseline" in report.text()
    with pytest.raises(UsageError, match="no baseline, fit for its table"):
        drift(fewer, own, Loop())


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "jsonl.gz"])
def test_a_log_of_served_features_is_compared_with_the_stored_ones(space: Workspace, tmp_path: Path, suffix: str):
    rows = ByDay.of(items(), space).live.scan([Partition(FIRST)]).collect(engine="in-memory")
    served = rows.select(
        "price_log",
        pl.col("relevance_z") * 2,
        pl.lit(1.0).alias("price"),
        position_bin=pl.col("position_bin").cast(pl.Int64),
    )
    path = tmp_path / f"served.{suffix}"
    if suffix == "parquet":
        served.write_parquet(path)
    else:
        served.write_ndjson(path, compression="gzip" if suffix.endswith("gz") else "uncompressed")
    found = skew(items(), space, Loop(), [path], days=Days(FIRST, FIRST))
    assert loud(found) == {
        "the log of served features": {
            ("age_z", "missing", "alarm"),
            ("price", "extra", "watch"),
            ("relevance_z", "psi", "alarm"),
        }
    }
    assert found.is_alarm
    assert found.against == f"the stored features of {FIRST}"
    same = tmp_path / "same.parquet"
    rows.write_parquet(same)
    assert not skew(items(), space, Loop(), [same], days=Days(FIRST, FIRST)).is_alarm
    rows.with_columns(pl.col("relevance_z").cast(pl.String())).write_parquet(same)
    skewed = skew(items(), space, Loop(), [same], days=Days(FIRST, FIRST))
    assert ("relevance_z", "type", "alarm") in loud(skewed)["the log of served features"]
    (tmp_path / "none.jsonl").write_text("no json\n")
    with pytest.raises(LogFileError, match=r"none.jsonl: the log of served features cannot be read"):
        skew(items(), space, Loop(), [tmp_path / "none.jsonl"])
    with pytest.raises(UsageError, match=r"is of .parquet, .jsonl or .jsonl.gz files"):
        skew(items(), space, Loop(), [tmp_path / "served.csv"])


def test_stored_days_are_judged_by_the_table_as_it_is_declared_now(space: Workspace):
    good = validate(items(), space, Loop(), Days(FIRST, FIRST))
    assert not good.is_refused
    assert "may be published" in good.text()
    limit = Column(dtype=pl.Float32(), doc="Price.", nullable=True, role="feature", between=(None, 7.0))
    narrow = items(table=type("NarrowFeatures", (ItemFeatures,), {"price_log": limit}))
    judged = validate(narrow, space, Loop(), ALL)
    assert judged.is_refused
    assert "refused: 2026-11-05" in judged.text()
    assert "price_log.between" in judged.text()
    assert "price_log: PSI" in judged.verdicts[str(SHIFTS)].screen("x")
    with pytest.raises(UsageError, match=r"they are there for 2026-11-01 .. 2026-11-08"):
        validate(items(), space, Loop(), Days(date(2027, 1, 1), date(2027, 1, 1)))


def test_the_report_of_a_build_tells_what_moved(space: Workspace, tmp_path: Path):
    own = copied(space, tmp_path)
    report = backfill(
        items(table=with_drift(psi=(0.1, 0.2))),
        own,
        Days(SHIFTS, SHIFTS),
        Loop(),
        say=lambda _: None,
        now=datetime(2026, 12, 1, tzinfo=UTC),
    )
    text = report.text()
    assert "Drift:    " in text
    assert f"{SHIFTS} ALARM   price_log: PSI" in text
    assert f"featurelib drift items --start {SHIFTS} --end {SHIFTS}" in text
    quiet = backfill(items(), space, ALL, Loop(), say=lambda _: None, now=datetime(2026, 12, 1, tzinfo=UTC))
    assert "Drift:" not in quiet.text()
