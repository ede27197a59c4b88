"""The whole build of samples, from files to tables, against the oracles; on generated logs of a few days."""

import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, build_samples
from featurelib.samples import AttributedLabel, Impressions
from featurelib.tables import Partition
from featurelib.testing import attribute, first_of_each, floor_hour, poisons, smoothed_rate
from featurelib.testing.strategies import ClickLog, click_logs
from featurelib.testing.zones import midnight
from tests.shop import FORMATS, Row, in_file_order, logs, rate, shop, workspace, write

ONE_HOUR, ONE_DAY = timedelta(hours=1), timedelta(days=1)
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # a build takes half a second: shrinking would take minutes
BROKEN = 99  # a slot that the tables refuse


@dataclass(frozen=True)
class Built:
    """What a build left: rows by day, and how they were accounted for."""

    samples: pl.DataFrame
    quarantine: pl.DataFrame
    rows: dict[date, dict[str, Any]]


@contextmanager
def tasks_of(rows: int) -> Iterator[None]:
    """Cut the buckets into tasks of about so many tiles and samples."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("featurelib.runs.tiles.ROWS_PER_TASK", rows)
        yield


def built(pipeline: Pipeline, log: ClickLog, *, groups: Sequence[Sequence[int]] | None = None) -> Built:
    """Write the logs as files, build each group of days (all at once by default), and read what was committed."""
    impressions, clicks = pipeline.logs
    days = [log.first + n * ONE_DAY for n in range(log.days)]
    with tempfile.TemporaryDirectory() as folder:
        space = workspace(Path(folder))
        files = utc_days(log, impressions.lateness)
        write(impressions, space.logs, log.impressions, files)
        write(clicks, space.logs, log.clicks, files)
        with Run.begin(pipeline, space, Loop()) as run:
            for group in groups or [range(log.days)]:
                build_samples(run, [Partition(days[n]) for n in group])
            rows = {day: run.samples.built(Partition(day))["rows"] for day in days}
            return Built(run.samples.scan().collect(), run.quarantine.scan().collect(), rows)


def utc_days(log: ClickLog, lateness: timedelta) -> list[date]:
    first, last = log.midnight(0).date(), (log.midnight(log.days) + lateness + ONE_HOUR).date()
    return [first + n * ONE_DAY for n in range((last - first).days + 1)]


def usable(log: ClickLog, rows: Sequence[Row], time: str) -> list[Row]:
    """Return the rows without those that break a rule and those that repeat an event of their day, by the oracle."""
    good = [row for row in rows if row["slot"] != BROKEN]
    by_day = [[row for row in good if log.day_of(row[time]) == day] for day in days_of(log)]
    firsts = [first_of_each(day, time=time, event_id="event_id", landing="landed_at") for day in by_day]
    stays = [
        row
        for day, first in zip(by_day, firsts, strict=True)
        for row, is_first in zip(day, first, strict=True)
        if is_first
    ]
    return [row for row in good if any(row is other for other in stays)]


def days_of(log: ClickLog) -> list[date]:
    return [log.first + n * ONE_DAY for n in range(log.days)]


def check(found: Built, pipeline: Pipeline, log: ClickLog, *, over: timedelta, delay: timedelta) -> None:
    """Compare all that was built with the oracles."""
    (label,) = pipeline.samples.attributed
    ours = in_file_order(pipeline.samples.log, log.impressions), in_file_order(label.log, log.clicks)
    impressions, clicks = usable(log, ours[0], "shown_at"), usable(log, ours[1], "clicked_at")
    truth = attribute(impressions, clicks, keys=label.keys, within=label.window, event_id=None)
    per = [((row["item_id"],), row["shown_at"]) for row in impressions]
    of = [((row["item_id"],), row["clicked_at"]) for row in clicks]
    for day in days_of(log):
        numbers = [n for n, row in enumerate(impressions) if log.day_of(row["shown_at"]) == day]
        rows = found.samples.filter(pl.col("dt") == day)
        assert rows.select(*pipeline.samples.log.table.columns).to_dicts() == [dict(impressions[n]) for n in numbers]
        assert rows["clicked"].to_list() == [truth.label[n] for n in numbers]
        assert rows["clicked__count"].to_list() == [truth.clicks[n] for n in numbers]
        assert rows["clicked__at"].to_list() == [truth.first_click_at[n] for n in numbers]
        asked = [impressions[n] for n in numbers] if pipeline.windows else []
        rates = [
            smoothed_rate(
                of, per, entity=(row["item_id"],), at=row["shown_at"], over=over, delay=delay, alpha=0.1, beta=0.7
            )
            for row in asked
        ]
        assert (rows["item_rate"].to_list() if pipeline.windows else []) == rates  # to the last bit
    fates = Counter(fate.reason for fate in truth.fates)
    if not blurred(log, impressions, ours[0], label.window):
        check_accounts(
            found, log, ours, clicks, [fate.reason for fate in reasons(log, impressions, truth, clicks, label)]
        )
    assert found.samples["clicked__count"].sum() == fates["credited"]


def blurred(log: ClickLog, kept: Sequence[Row], rows: Sequence[Row], reach: timedelta) -> bool:
    """Whether a day cannot know that a row before it is a duplicate: its first copy is out of the label's reach."""
    starts = [log.midnight(n) - reach for n in range(log.days)]
    ids = {row["event_id"]: row["shown_at"] for row in kept if row["event_id"] is not None}
    again = [row for row in rows if row["slot"] != BROKEN and row["event_id"] in ids]
    return any(ids[row["event_id"]] < start <= row["shown_at"] for row in again for start in starts)


def reasons(
    log: ClickLog, impressions: Sequence[Row], truth: Any, clicks: Sequence[Row], label: AttributedLabel
) -> Iterator[Any]:
    """Yield the oracle's fates as one day can tell them: it looks back no further than the window before it."""
    for click, fate in zip(clicks, truth.fates, strict=True):
        start = midnight(log.day_of(click["clicked_at"]), log.zone) - label.window
        seen = [
            row
            for row in impressions
            if start <= row["shown_at"] <= click["clicked_at"]
            and all(row[key] is not None and row[key] == click[key] for key in label.keys)
        ]
        yield replace(fate, reason="no_impression") if fate.reason == "outside_window" and not seen else fate


def check_accounts(
    found: Built, log: ClickLog, rows: tuple[Sequence[Row], Sequence[Row]], clicks: Sequence[Row], reasons: list[str]
) -> None:
    """Hold the counts and the quarantined rows against the fate of every raw row."""
    fate_of = {id(row): reason for row, reason in zip(clicks, reasons, strict=True)}
    kept = {id(row) for row in usable(log, rows[0], "shown_at")}
    told: dict[date, Counter[tuple[str, str, str | None]]] = {day: Counter() for day in days_of(log)}
    for row in rows[0]:
        reason = "out_of_range" if row["slot"] == BROKEN else "kept" if id(row) in kept else "duplicate"
        told[log.day_of(row["shown_at"])]["impressions", reason, row["event_id"]] += 1
    for row in rows[1]:
        reason = "out_of_range" if row["slot"] == BROKEN else fate_of.get(id(row), "duplicate")
        told[log.day_of(row["clicked_at"])]["clicks", reason.replace("credited", "kept"), row["event_id"]] += 1
    for day, expected in told.items():
        aside = found.quarantine.filter(pl.col("dt") == day).select("log", "reason", "row").rows()
        rejected = Counter((name, reason, json.loads(row)["event_id"]) for name, reason, row in aside)
        assert rejected == Counter({key: n for key, n in expected.items() if key[1] != "kept"})
        for name in ("impressions", "clicks"):
            counts = Counter()
            for (whose, reason, _), n in expected.items():
                counts[reason] += n * (whose == name)
            stored = found.rows[day][name]
            assert stored["in"] == counts.total() == stored["kept"] + sum(stored["dropped"].values())
            assert Counter(stored["dropped"]) | Counter(kept=stored["kept"]) == +counts
    total = sum(found.rows[day][name]["in"] for day in told for name in ("impressions", "clicks"))
    assert total == len(log.impressions) + len(log.clicks)


@st.composite
def shop_logs(draw: st.DrawFn, **how: Any) -> ClickLog:
    """Draw logs whose rows have a slot, a few of them one that the tables refuse."""
    log = draw(click_logs(**how))
    for row in [*log.impressions, *log.clicks]:
        row["slot"] = draw(st.sampled_from([0, 1, 2, 3, 5, 9, BROKEN]))
    return log


@settings(max_examples=30, phases=UNSHRUNK)
@given(
    log=shop_logs(most=9),
    suffix=st.sampled_from(FORMATS),
    lateness=st.sampled_from([timedelta(0), ONE_HOUR]),
    keys=st.sampled_from([("request_id", "item_id"), ("user_id", "item_id"), ("item_id",)]),
    window=st.sampled_from([(ONE_DAY, ONE_HOUR), (ONE_HOUR, timedelta(0)), (2 * ONE_DAY, ONE_DAY)]),
)
def test_samples_are_what_the_oracles_say(
    log: ClickLog, suffix: str, lateness: timedelta, keys: tuple[str, ...], window: tuple[timedelta, timedelta]
):
    over, delay = window
    declared = logs(suffix, lateness)
    rates = [rate(*declared, over=over, delay=delay)]
    pipeline = shop(declared, timezone=log.zone, keys=keys, windows=rates)
    with tasks_of(40):
        check(built(pipeline, log), pipeline, log, over=over, delay=delay)


@settings(max_examples=20, phases=UNSHRUNK)
@given(log=shop_logs(most=9), within=st.sampled_from(["10m", "30m", "36h"]), data=st.data())
def test_days_built_one_by_one_and_in_any_order_are_the_same(log: ClickLog, within: str, data: st.DataObject):
    groups = [[n] for n in data.draw(st.permutations(range(log.days)))]
    declared = logs()
    windows = data.draw(st.sampled_from([[], [rate(*declared)]]))
    pipeline = shop(declared, timezone=log.zone, within=within, windows=windows)
    with tasks_of(40):
        check(built(pipeline, log, groups=groups), pipeline, log, over=ONE_DAY, delay=ONE_HOUR)


def row(event: str, at: datetime, *, item: str | None = "x", time: str = "shown_at", **changes: Any) -> dict[str, Any]:
    keys = {"event_id": event, "user_id": "u", "request_id": "r", "item_id": item, "slot": 1}
    return {**keys, time: at, "landed_at": at, **changes}


def clicked(event: str, at: datetime, **changes: Any) -> dict[str, Any]:
    return row(event, at, time="clicked_at", **changes)


ZONE_DAYS = [
    ("Europe/Berlin", date(2026, 10, 24), 25),  # its second day has 25 hours
    ("Europe/Berlin", date(2026, 3, 28), 23),
    ("Asia/Kolkata", date(2026, 11, 1), 24),
    ("UTC", date(2026, 11, 1), 24),
]


@pytest.mark.parametrize(("zone", "first", "hours"), ZONE_DAYS)
def test_click_after_midnight_belongs_to_the_day_before_and_to_no_other(zone: str, first: date, hours: int):
    log = ClickLog(zone, first, 3, [], [])
    assert log.midnight(2) - log.midnight(1) == timedelta(hours=hours)
    night, minute = log.midnight(2), timedelta(minutes=1)
    log.impressions.extend(
        [row("i1", night - 5 * minute), row("i2", night - minute, item="y"), row("i3", night, item="y")]
    )
    log.clicks.extend([clicked("c1", night + minute), clicked("c2", night, item="y"), clicked("c3", night - minute)])
    log.clicks.append(clicked("c4", night, item="z"))  # of no impression: set aside once, on its own day
    pipeline = shop(timezone=zone)
    found = built(pipeline, log)
    check(found, pipeline, log, over=ONE_DAY, delay=ONE_HOUR)
    assert found.samples.select("event_id", "dt", "clicked__count").rows() == [
        ("i1", first + ONE_DAY, 2),
        ("i2", first + ONE_DAY, 0),
        ("i3", first + 2 * ONE_DAY, 1),
    ]
    # the click of 00:01 is counted, once, among the clicks of its own day
    assert [found.rows[day]["clicks"]["kept"] for day in days_of(log)] == [0, 1, 2]


@pytest.mark.parametrize(("zone", "first", "hours"), ZONE_DAYS)
def test_window_of_the_first_hour_reaches_back_by_hours_over_days_of_any_length(zone: str, first: date, hours: int):
    # a lookback of whole days missed the first hour where a day has 23, or where it starts at half past
    log = ClickLog(zone, first, 3, [], [])
    at = log.midnight(2)
    reached = floor_hour(at) - ONE_DAY - ONE_HOUR
    log.impressions.extend([row("i1", reached), row("i2", reached - timedelta(microseconds=1)), row("i3", at)])
    log.impressions[:] = [shown for shown in log.impressions if shown["shown_at"] >= log.midnight(0)]
    found = built(shop(timezone=zone), log, groups=[[2], [0], [1]])
    third = found.samples.filter(pl.col("event_id") == "i3")["item_rate"].item()
    assert third == 0.1 / (1 + (0.1 + 0.7))


def test_event_id_repeated_within_a_day_counts_once_and_on_another_day_again():
    log = ClickLog("UTC", date(2026, 11, 1), 2, [], [])
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    log.impressions.extend([row("i", noon + ONE_HOUR), row("i", noon), row("i", noon + ONE_DAY)])
    found = built(shop(), log)
    assert found.samples["shown_at"].to_list() == [noon, noon + ONE_DAY]
    assert found.rows[log.first]["impressions"] == {"in": 2, "kept": 1, "dropped": {"duplicate": 1}}


def test_days_after_are_seen_as_their_own_builds_see_them():
    # a click sent again on another day is another click there, so also for the label that both belong to
    log = ClickLog("UTC", date(2026, 11, 1), 3, [], [])
    log.impressions.append(row("i", log.midnight(1) - ONE_HOUR))
    log.clicks.extend([clicked("c", log.midnight(n) + 10 * ONE_HOUR) for n in (1, 2)])
    found = built(shop(within="36h"), log)
    assert found.samples["clicked__count"].to_list() == [2]
    assert [found.rows[day]["clicks"]["kept"] for day in days_of(log)] == [0, 1, 1]


def test_two_labels_of_one_log_account_for_each_click_once():
    # they overwrote each other's reasons, and the sum was off
    declared = impressions, clicks = logs()
    labels = [
        AttributedLabel("clicked", clicks, keys=["request_id", "item_id"], within="30m"),
        AttributedLabel("clicked_today", clicks, keys=["request_id", "item_id"], within="6h"),
        AttributedLabel("clicked_by_user", clicks, keys=["user_id", "item_id"], within="6h"),
    ]
    pipeline = shop(declared, samples=Impressions(impressions, labels=labels), windows=[])
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    log = ClickLog("UTC", date(2026, 11, 1), 1, [row("i", noon)], [])
    log.clicks.extend(
        [
            clicked("both", noon + timedelta(minutes=1)),
            clicked("later", noon + ONE_HOUR),
            clicked("too late", noon + 7 * ONE_HOUR),
            clicked("other request, too late", noon + 7 * ONE_HOUR, request_id="s"),
            clicked("nothing", noon, item="y"),
        ]
    )
    found = built(pipeline, log)
    assert found.samples.select("clicked__count", "clicked_today__count", "clicked_by_user__count").rows() == [
        (1, 2, 2)
    ]
    counts = {"in": 5, "kept": 2, "dropped": {"no_impression": 1, "outside_window": 2}}
    assert found.rows[log.first]["clicks"] == counts
    assert found.quarantine.sort("row")["reason"].to_list().count("outside_window") == 2


def test_rows_of_a_log_that_only_windows_read_are_kept_in_quarantine_too():
    # they were counted after the quarantine had been written
    impressions, clicks = logs()
    carts = replace(clicks, name="carts")
    pipeline = shop((impressions, clicks), windows=[rate(impressions, carts)])
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        space = workspace(Path(folder))
        write(impressions, space.logs, [row("i", noon)], [noon.date()])
        write(
            clicks, space.logs, [clicked("c", noon, slot=BROKEN), clicked("d", noon), clicked("d", noon)], [noon.date()]
        )
        with Run.begin(pipeline, space, Loop()) as run:
            build_samples(run, [Partition(noon.date())])
            quarantine = run.quarantine.scan().collect()
            rows = run.samples.built(Partition(noon.date()))["rows"]
    assert rows["carts"] == {"in": 3, "kept": 1, "dropped": {"duplicate": 1, "out_of_range": 1}}
    assert Counter(quarantine["log"]) == {"clicks": 2, "carts": 2}


@settings(max_examples=6, phases=UNSHRUNK)
@given(log=shop_logs(days=st.just(2), most=9), data=st.data())
def test_no_feature_of_a_built_sample_moves_when_the_unseen_is_poisoned(log: ClickLog, data: st.DataObject):
    good = [shown for shown in log.impressions if shown["slot"] != BROKEN]
    if not good:
        return
    chosen = data.draw(st.sampled_from(good)) | {"event_id": "the sample"}
    log.impressions.append(chosen)
    blind_from = floor_hour(chosen["shown_at"]) - ONE_HOUR
    extra = [chosen | {"shown_at": blind_from + n * timedelta(minutes=7), "event_id": f"new {n}"} for n in range(3)]
    extra = [shown for shown in extra if shown["shown_at"] < log.midnight(2)]
    pipeline = shop(timezone=log.zone)
    how = {"event_id": "event_id", "entity": ["item_id"]}
    impressions = poisons(log.impressions, blind_from, time="shown_at", extra=extra, **how)
    clicks = poisons(log.clicks, blind_from, time="clicked_at", **how)
    with tasks_of(1_000):
        rates = [item_rate(pipeline, log)]
        for (_, shown), (_, opened) in zip(impressions, clicks, strict=True):
            others = [other for other in shown if other["event_id"] != "the sample"]
            poisoned = ClickLog(log.zone, log.first, log.days, [*others, chosen], opened)
            rates.append(item_rate(pipeline, poisoned))
    assert len(set(rates)) == 1


def item_rate(pipeline: Pipeline, log: ClickLog) -> float | None:
    rate: float | None = built(pipeline, log).samples.filter(pl.col("event_id") == "the sample")["item_rate"].item()
    return rate


def test_days_without_any_row_are_built_empty():
    log = ClickLog("Europe/Berlin", date(2026, 10, 24), 3, [], [])
    found = built(shop(days=Days(log.first, log.first), timezone=log.zone), log)
    assert found.samples.is_empty()
    assert found.quarantine.is_empty()
    assert set(found.rows) == set(days_of(log))
