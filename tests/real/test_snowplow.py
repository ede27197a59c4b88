"""Snowplow logs: `user_id` names the edge case of a row, and each must come out as it says."""

import csv
import gzip
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import featurelib
from featurelib.logs import Log, LogSlice
from pipelines.snowplow_views import LATENESS, clicks, pings, snowplow_views, views
from schemas.snowplow_events import OtherEventLog
from tests.real.landed import DATA, MINUTE, Built, built, example, midnight, needs, rows_of

SOURCE = DATA / "snowplow-edge-cases" / "snowplow_web_events.csv.gz"
WITHIN = 30 * MINUTE
CLOCKS = {
    "at": "derived_tstamp",
    "collected": "collector_tstamp",
    "created": "dvce_created_tstamp",
    "sent": "dvce_sent_tstamp",
}
KINDS = {"page_view": views, "page_ping": pings, "link_click": clicks, "object_click": clicks}

others = Log(
    name="others",
    table=OtherEventLog,
    files="snowplow/others/dt={dt}/*.csv.gz",
    lateness=LATENESS,
    event_id="event_id",
    unknown_columns="ignore",
)

Row = dict[str, Any]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """The rows of the file, read without featurelib, with their page view and when they happened and arrived."""
    with gzip.open(SOURCE, "rt", newline="", encoding="utf-8") as file:
        found: list[Row] = list(csv.DictReader(file))
    for row in found:
        context = row["contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"].strip("[]")
        row["view"] = json.loads(context)["id"] if context else None
        for name, clock in CLOCKS.items():
            row[name] = datetime.fromisoformat(row[clock]).replace(tzinfo=UTC)
    return found


def case(rows: list[Row], name: str, event: str | None = None) -> list[Row]:
    return [row for row in rows if row["user_id"].startswith(name) and event in {None, row["event_name"]}]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("snowplow")
    assert sum(rows for _, rows in example("snowplow_logs").split(SOURCE, logs)) == 160
    return logs


@pytest.fixture(scope="module")
def snowplow(root: Path, rows: list[Row], tmp_path_factory: pytest.TempPathFactory) -> Built:
    # NOTE: by arrival, which is how logs say that a day has landed; what happened earlier is built by its own day
    days = {row[clock].date() for row in rows if row["event_name"] == "page_view" for clock in ("at", "collected")}
    return built(snowplow_views, root, tmp_path_factory.mktemp("built"), days)


@pytest.fixture(scope="module")
def read(root: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, LogSlice]:
    """All rows of each log."""
    scratch = tmp_path_factory.mktemp("scratch")
    return {log.name: rows_of(log, root, scratch) for log in (views, pings, clicks, others)}


def samples(snowplow: Built, rows: list[Row]) -> list[Row]:
    """Return the samples of some rows' page views."""
    found = snowplow.samples.filter(pl.col("page_view_id").is_in([row["view"] for row in rows]))
    return found.sort("viewed_at").to_dicts()


@needs("snowplow-edge-cases")
def test_every_row_is_read_once_with_its_clocks(read: dict[str, LogSlice], rows: list[Row]) -> None:
    found = []
    for log in (views, pings, clicks, others):
        assert read[log.name].rejects.is_empty()
        columns = ["event_id", "page_view_id", log.time, "collected_at", "created_at", "sent_at", "domain_sessionid"]
        found += read[log.name].frame.select(columns).collect().rows()
    names = ["event_id", "view", "at", "collected", "created", "sent", "domain_sessionid"]
    assert Counter(found) == Counter(tuple(row[name] or None for name in names) for row in rows)
    assert len(rows) == 160


@needs("snowplow-edge-cases")
def test_all_rows_are_accounted_for(snowplow: Built, rows: list[Row]) -> None:
    landed = Counter(KINDS[row["event_name"]].name for row in rows if row["event_name"] in KINDS)
    assert snowplow.counts("views")["in"] == landed["views"] == 50
    # NOTE: clicks and pings of days on which nobody viewed a page are in no build
    viewed = set(snowplow.rows)
    for name in ("clicks", "pings"):
        of_days = [row for row in rows if row["event_name"] in KINDS and row["at"].date() in viewed]
        assert snowplow.counts(name)["in"] == sum(KINDS[row["event_name"]].name == name for row in of_days)


@needs("snowplow-edge-cases")
def test_no_edge_cases(snowplow: Built, rows: list[Row]) -> None:
    shown = samples(snowplow, case(rows, "No edge cases", "page_view"))
    assert [row["visit_position"] for row in shown] == [1, 2, 3, 4]
    assert len({row["visit_id"] for row in shown}) == 1
    assert [row["stayed__count"] for row in shown] == [0, 0, 0, 5]
    later = [row for row in case(rows, "No edge cases", "page_ping") if row["at"] - shown[-1]["viewed_at"] >= WITHIN]
    (same_evening, two_days_later) = sorted(later, key=lambda row: row["at"])
    aside = snowplow.reasons("pings")
    assert aside["outside_window", same_evening["event_id"]] == 1
    # NOTE: a day looks back no further than the window before it
    assert aside["no_impression", two_days_later["event_id"]] == 1


@needs("snowplow-edge-cases")
def test_dupe_event_id_with_another_collector_time(snowplow: Built, rows: list[Row]) -> None:
    ids = Counter(row["event_id"] for row in case(rows, "dupe: event_id different"))
    ((twice, _),) = ((event, n) for event, n in ids.items() if n == 2)
    copies = [row for row in rows if row["event_id"] == twice]
    assert len({row["collected"] for row in copies}) == 2
    assert snowplow.reasons("clicks")["duplicate", twice] == 1
    (sample,) = samples(snowplow, copies[:1])
    # first is what happened first, by the tracker's own correction of the device's clock
    assert (sample["clicked"], sample["clicked__count"]) == (1, 1)
    assert sample["clicked__at"] == min(row["at"] for row in copies)


@needs("snowplow-edge-cases")
def test_dupe_event_id_with_the_same_collector_time(
    snowplow: Built, read: dict[str, LogSlice], rows: list[Row]
) -> None:
    ids = Counter(row["event_id"] for row in case(rows, "dupe: event_id same"))
    for twice in (event for event, n in ids.items() if n == 2):
        copies = [row for row in rows if row["event_id"] == twice]
        assert len({row["collected"] for row in copies}) == 1
        if copies[0]["event_name"] == "page_view":
            (sample,) = samples(snowplow, copies)
            assert sample["viewed_at"] == min(row["at"] for row in copies)
            assert snowplow.reasons("views")["duplicate", twice] == 1
        else:
            frame = read["others"].frame.collect()
            assert frame.filter(event_id=twice).height == 2  # both are read; no sample is made of cookie notices
    assert len([n for n in ids.values() if n == 2]) == 2


@needs("snowplow-edge-cases")
def test_dupe_page_view_id_with_another_time(snowplow: Built, rows: list[Row]) -> None:
    seen = Counter(row["view"] for row in case(rows, "dupe: page_view_id", "page_view"))
    ((twice, _),) = ((view, n) for view, n in seen.items() if n == 2)
    copies = sorted((row for row in rows if row["view"] == twice), key=lambda row: row["at"])
    assert len({row["event_id"] for row in copies}) == 2
    (sample,) = samples(snowplow, copies)
    assert (sample["event_id"], sample["viewed_at"]) == (copies[0]["event_id"], copies[0]["at"])
    assert snowplow.reasons("views")["duplicate", copies[1]["event_id"]] == 1


@needs("snowplow-edge-cases")
def test_same_time_but_no_dupe(snowplow: Built, rows: list[Row]) -> None:
    (other,) = (row for row in rows if row["app_id"] == "non dupe same time event")
    twins = [row for row in rows if row["at"] == other["at"] and row["event_name"] == "page_view"]
    assert len(samples(snowplow, twins)) == len(twins) == 2


@needs("snowplow-edge-cases")
def test_late_arriving_is_of_the_day_on_which_it_happened(snowplow: Built, rows: list[Row]) -> None:
    (late,) = case(rows, "late arriving", "page_view")
    assert late["collected"] - late["at"] > timedelta(days=4)
    (sample,) = samples(snowplow, [late])
    assert (sample["dt"], sample["viewed_at"]) == (late["at"].date(), late["at"])
    assert snowplow.rows[late["at"].date()]["views"] == {"in": 1, "kept": 1, "dropped": {}}


@needs("snowplow-edge-cases")
def test_later_than_the_declared_lateness_is_refused(root: Path, rows: list[Row], tmp_path: Path) -> None:
    late = case(rows, "late arriving")
    for log in (views, others):
        found = rows_of(replace(log, lateness=timedelta(days=3)), root, tmp_path)
        assert found.rejects.select("reason", "column").rows() == [("outside_partition", log.time)]
        (event,) = (row["event_id"] for row in late if (row["event_name"] == "page_view") == (log is views))
        assert event in found.rejects["row"][0]


@needs("snowplow-edge-cases")
def test_stray_page_ping(snowplow: Built, rows: list[Row]) -> None:
    (ping,) = case(rows, "stray page ping", "page_ping")
    (view,) = case(rows, "stray page ping", "page_view")
    assert (ping["view"], (ping["at"] - view["at"]).days) == (view["view"], 2)
    (sample,) = samples(snowplow, [view])
    assert (sample["stayed"], sample["stayed__count"]) == (0, 0)
    assert snowplow.reasons("pings")["no_impression", ping["event_id"]] == 1


@needs("snowplow-edge-cases")
def test_null_domain_userid(snowplow: Built, rows: list[Row]) -> None:
    (row,) = case(rows, "NULL domain_userid")
    (sample,) = samples(snowplow, [row])
    assert (sample["domain_userid"], sample["visit_id"], sample["visit_position"]) == (None, None, None)
    (features,) = snowplow.features.filter(pl.col("page_view_id") == row["view"]).to_dicts()
    assert features["user_bucket"] == 0
    assert features["visit_position_log"] is None


@needs("snowplow-edge-cases")
def test_null_domain_sessionid(snowplow: Built, rows: list[Row]) -> None:
    (click,) = case(rows, "NULL domain_sessionid")
    assert click["event_name"] == "object_click"
    assert click["view"] not in {row["view"] for row in rows if row["event_name"] == "page_view"}
    assert snowplow.reasons("clicks")["no_impression", click["event_id"]] == 1


@needs("snowplow-edge-cases")
def test_null_page_view_id(snowplow: Built, rows: list[Row]) -> None:
    (row,) = (row for row in case(rows, "NULL page_view_id") if row["view"] is None)
    (sample,) = snowplow.samples.filter(pl.col("page_view_id").is_null()).to_dicts()
    assert sample["event_id"] == row["event_id"]  # it stays; nothing can be credited to it
    assert (sample["clicked"], sample["stayed"], sample["visit_position"]) == (0, 0, 1)


@needs("snowplow-edge-cases")
def test_long_session_is_one_visit_a_day(snowplow: Built, rows: list[Row]) -> None:
    long = case(rows, "long session")
    shown = samples(snowplow, [row for row in long if row["event_name"] == "page_view"])
    assert len({row["domain_sessionid"] for row in long}) == 1
    assert [row["dt"].day for row in shown] == [1, 3, 7, 9]
    assert [row["visit_position"] for row in shown] == [1, 1, 1, 1]
    assert len({row["visit_id"] for row in shown}) == 4
    assert {row["clicked"] for row in shown} == {0}
    late = [row for row in long if row["collected"] - row["at"] > timedelta(days=3)]
    assert [row["event_name"] for row in late] == ["link_click"]


@needs("snowplow-edge-cases")
def test_unexpired_session_of_eight_months(snowplow: Built, rows: list[Row]) -> None:
    first, second = samples(snowplow, case(rows, "Unexpired session"))
    assert first["domain_sessionid"] == second["domain_sessionid"]
    assert first["visit_id"] != second["visit_id"]
    assert (first["dt"].year, second["dt"].year) == (2020, 2021)


@needs("snowplow-edge-cases")
def test_rotating_domain_userid_starts_a_visit_each(snowplow: Built, rows: list[Row]) -> None:
    shown = samples(snowplow, case(rows, "Rotating domain_userid", "page_view"))
    assert len({row["domain_sessionid"] for row in shown}) == 1
    users = [row["domain_userid"] for row in shown]
    assert len(set(users)) == len({row["visit_id"] for row in shown}) == 3
    assert [row["visit_id"].split("\x1f")[0] for row in shown] == users


@needs("snowplow-edge-cases")
@pytest.mark.parametrize(("name", "views_of_each"), [("Multiple first", [1, 3]), ("Multiple last", [1, 3])])
def test_two_sessions_of_a_user_at_one_time(
    snowplow: Built, rows: list[Row], name: str, views_of_each: list[int]
) -> None:
    shown = samples(snowplow, case(rows, name, "page_view"))
    assert len({row["domain_userid"] for row in shown}) == 1
    per_visit = Counter(row["visit_id"] for row in shown)
    assert sorted(per_visit.values()) == views_of_each
    # these clocks run ahead: events happened after they were collected, which warns and rejects nothing
    assert all(row["viewed_at"] > row["collected_at"] for row in shown)


@needs("snowplow-edge-cases")
def test_user_stitch_over_midnight(snowplow: Built, rows: list[Row]) -> None:
    shown = samples(snowplow, case(rows, "user stitch", "page_view"))
    assert [row["user_id"].rsplit(" ", 1)[1] for row in shown] == ["1", "3", "5", "6", "7", "8", "10"]
    assert [row["visit_position"] for row in shown] == [1, 1, 1, 2, 3, 4, 5]
    assert [row["clicked"] for row in shown] == [1, 1, 0, 0, 0, 1, 0]
    assert len({row["domain_sessionid"] for row in shown}) == 2
    # NOTE: a visit ends with the day: two sessions make three visits
    assert len({row["visit_id"] for row in shown}) == 3


@needs("snowplow-edge-cases")
def test_consent_accel_is_read_and_is_no_sample(snowplow: Built, read: dict[str, LogSlice], rows: list[Row]) -> None:
    consent = case(rows, "consent_accel")
    frame = read["others"].frame.collect()
    read = set(frame.filter(user_id="consent_accel").select("event_id", "page_view_id").iter_rows())
    assert read == {(row["event_id"], row["view"]) for row in consent}  # its context is nested one level deeper
    assert len(consent) == 65
    assert samples(snowplow, consent) == []


@needs("snowplow-edge-cases")
def test_labels_and_fates_are_those_of_a_loop(snowplow: Built, rows: list[Row]) -> None:
    seen: dict[str, Row] = {}
    for row in sorted(case(rows, "", "page_view"), key=lambda row: (row["at"], row["collected"])):
        if row["view"] is not None:
            seen.setdefault(row["view"], row)
    for name, label in (("clicks", "clicked"), ("pings", "stayed")):
        events: dict[str, Row] = {}
        for row in sorted(rows, key=lambda row: (row["at"], row["collected"])):
            if row["event_name"] in KINDS and KINDS[row["event_name"]].name == name:
                events.setdefault(row["event_id"], row)
        credited: Counter[str] = Counter()
        fates: Counter[tuple[str, str]] = Counter()
        for event, row in events.items():
            view = seen.get(row["view"])
            if view is None or not midnight(row["at"]) - WITHIN <= view["at"] <= row["at"]:
                fates["no_impression", event] += 1
            elif row["at"] - view["at"] >= WITHIN:
                fates["outside_window", event] += 1
            else:
                credited[row["view"]] += 1
        aside = snowplow.reasons(name)
        days = set(snowplow.rows)
        assert {key: n for key, n in aside.items() if key[0] != "duplicate"} == {
            key: n for key, n in fates.items() if events[key[1]]["at"].date() in days
        }
        found = snowplow.samples.filter(pl.col("page_view_id").is_not_null())
        assert dict(found.select("page_view_id", f"{label}__count").iter_rows()) == {
            view: credited[view] for view in seen
        }


@needs("snowplow-edge-cases")
def test_features_are_those_that_serving_makes(snowplow: Built) -> None:
    program = featurelib.load(snowplow.tables)
    assert snowplow.features.height == snowplow.samples.height
    both = zip(snowplow.samples.iter_rows(named=True), snowplow.features.iter_rows(named=True), strict=True)
    for row, features in both:
        assert program.transform_row(row).items() <= features.items()


def test_rows_that_are_cut_land_and_are_refused(tmp_path: Path) -> None:
    context = "contexts_com_snowplowanalytics_snowplow_web_page_1_0_0"
    clocks = ["derived_tstamp", "dvce_created_tstamp", "dvce_sent_tstamp"]
    shared = ["event_id", "event_name", "user_id", "domain_userid", "domain_sessionid"]
    header = ["collector_tstamp", *clocks, *shared, context]
    at = "2021-03-02 10:00:00.000"
    table = [
        header,
        [at, at, at, at, "whole", "note", "u", "d", "s", '[[{"id":"v"}]]'],
        [at, at],
        [at, "yesterday", at, at, "timeless", "note", "u", "d", "s", "not JSON"],
    ]
    source = tmp_path / "events.csv.gz"
    with gzip.open(source, "wt", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(table)
    assert sum(rows for _, rows in example("snowplow_logs").split(source, tmp_path)) == 3
    found = rows_of(others, tmp_path, tmp_path / "scratch")
    assert found.frame.select("event_id", "page_view_id").collect().rows() == [("whole", "v")]
    assert found.rejects.select("reason", "column").rows() == [("field_count", None), ("bad_type", "happened_at")]
