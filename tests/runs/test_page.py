"""The page of a pipeline: gathered from what is stored, it tells what the tables hold."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from featurelib.cli import report as command
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import PartitionsFailedError, StorageError, UsageError
from featurelib.pipeline import Pipeline
from featurelib.runs import backfill, drift, leaving_a_page, write_page
from featurelib.runs.page import gather
from featurelib.schema import Column, Table
from featurelib.workspace import Workspace
from tests.shop import ShopFeatures, logs, shop, workspace, write, write_file

FIRST = date(2026, 11, 2)
DAYS = Days(FIRST, FIRST + timedelta(days=3))
FIT = Days(FIRST, FIRST + timedelta(days=1))
IMPRESSIONS, CLICKS = logs()
NOW = datetime(2026, 12, 1, tzinfo=UTC)
ODD = "</script><b>\u202e"


class Limited(ShopFeatures):
    """The features, of which no slot may be above 1.3 deviations."""

    owner = "shop team"
    key = ("event_id",)

    event_id = Column(dtype=pl.String(), doc="The event.")
    slot_z = Column(dtype=pl.Float32(), doc="Where.", between=(None, 1.3), on_fail="quarantine", role="feature")
    item_index = Column(dtype=pl.UInt32(), doc="The item.", role="feature", between=(0, 3), on_fail="warn")
    user_share = Column(dtype=pl.Float32(), doc="Share of the user's rows.", between=(0, 1), role="feature")
    quarantine_budget = 0.5


def made(table: type[Table] = Limited, **changes: Any) -> Pipeline:
    return shop(fit=FIT, table=table, windows=[], **changes)


def shown(day: date, n: int) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(minutes=2 * n)
    keys = {"event_id": f"{day}/{n}", "user_id": f"u{n % 3}", "request_id": f"{day}/r{n}"}
    item = ODD if n % 5 == 0 else f"i{n % 4}"
    return {**keys, "item_id": item, "slot": n % 10, "shown_at": at, "landed_at": at}


def clicked(row: dict[str, Any], user: str = "") -> dict[str, Any]:
    at = row["shown_at"] + timedelta(minutes=1)
    kept = {name: row[name] for name in ("user_id", "request_id", "item_id", "slot")}
    return {**kept, "event_id": f"c{row['event_id']}{user}", "clicked_at": at, "landed_at": at}


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Four days: in the last, all items are the same; a row is sent twice, a click has no impression."""
    space = workspace(tmp_path_factory.mktemp("page"))
    rows = [shown(day, n) for day in DAYS for n in range(480)]
    for row in rows:
        if row["shown_at"].date() == DAYS.end:
            row["item_id"] = "i0"
    clicks = [clicked(row) for row in rows if row["slot"] % 4 == 0]
    unknown = clicked(rows[0]) | {"event_id": "c-unknown", "request_id": "none"}
    write(IMPRESSIONS, space.logs, [*rows, rows[7]], list(DAYS))
    write(CLICKS, space.logs, [*clicks, unknown], [*DAYS, DAYS.end + timedelta(days=1)])
    backfill(made(), space, DAYS, Loop(), say=lambda _: None, now=NOW)
    return space


def test_the_rows_are_those_of_the_report_and_add_up(space: Workspace) -> None:
    content = gather(made(), space, Loop(), now=NOW)
    assert content.span == "2026-11-02 .. 2026-11-05"
    way, clicks = content.paths
    assert [(stage.name, stage.rows_in, stage.kept, dict(stage.dropped)) for stage in way.stages] == [
        ("impressions", 1921, 1920, {"duplicate": 1}),
        ("good impressions", 1920, 1920, {}),
        ("samples", 1920, 1728, {"quarantined": 192}),
    ]
    assert clicks.stages[0].dropped == {"no_impression": 1}
    assert [day.rows for day in content.days] == [432] * 4
    assert sum(day.labelled for day in content.days) == 1728
    assert {(square.table, square.state) for square in content.squares} == {
        ("samples", "complete"),
        ("features", "complete"),
    }
    nodes = {node.id for node in content.nodes}
    assert nodes == {
        "log impressions",
        "log clicks",
        "samples",
        "quarantine",
        "program",
        "features",
        "quarantine_features",
    }
    assert all({edge.start, edge.end} <= nodes for edge in content.edges)


def test_checks_tell_rule_rows_example_and_since_when(space: Workspace) -> None:
    content = gather(made(), space, Loop(), now=NOW)
    broken = {check.id: check for check in content.checks if check.status != "passed"}
    aside = broken["slot_z.between"]
    assert (aside.status, aside.rows_bad, aside.partitions_bad) == ("quarantined", 192, 4)
    assert aside.rule == "slot_z in (-inf, 1.3]"
    assert aside.since == "since 2026-11-02 (4 days)"
    assert re.fullmatch(r"event_id=2026-11-05/\d*9 slot_z=1\.\d+", aside.example)
    assert "2026-10-29 is not there" in content.not_compared[0]
    assert (aside.owner, aside.declared_at.split(":")[0][-12:]) == ("shop team", "test_page.py")
    warned = broken["item_index.between"]
    assert (warned.status, warned.since) == ("warned", "last in 2026-11-04, not after")
    assert warned.example.startswith("event_id=2026-11-04/")
    assert content.checks_counted["quarantined"] == 4
    assert any("slot_z in (-inf, 1.3]: 192 rows break it in 4 days" in note.text for note in content.notes)


def test_features_are_held_against_the_days_of_the_fit(space: Workspace) -> None:
    content = gather(made(), space, Loop(), now=NOW)
    assert content.baseline == str(FIT)
    features = {feature.name: feature for feature in content.features}
    items = features["item_index"]
    assert "Vocabulary" in items.made_by
    assert set(items.cells) >= {"i1", "i2", ODD, "other", "missing"}
    assert sum(items.now) == 1728
    assert len(items.drift) == 4
    assert items.drift[0] == pytest.approx(0, abs=0.05)
    assert (items.drift[3] or 0) > 1
    assert items.level == "bad"
    assert any("against" in text for text in items.says)
    assert content.notes[0].level == "bad"
    assert "2026-11-05" in content.notes[0].text
    assert "item_index" in content.notes[0].text
    hours = content.rates[0]
    assert (hours.column, hours.label) == ("hour", "clicked")
    assert sum(one.labelled for one in hours.values) == 1728
    assert [one.name for one in hours.values] == [f"{hour:02}" for hour in range(16)]


def test_the_terminal_calls_the_cells_of_an_index_by_their_terms_as_the_page_does(space: Workspace) -> None:
    days = drift(made(), space, Loop(), against="baseline").days
    moved = {cell.cell for day in days for one in day.findings if one.column == "item_index" for cell in one.moved}
    (items,) = (one for one in gather(made(), space, Loop(), now=NOW).features if one.name == "item_index")
    assert moved
    assert moved <= set(items.cells)
    assert not any(cell.isdigit() for cell in moved)


def test_the_page_holds_odd_items_as_text(space: Workspace, tmp_path: Path) -> None:
    path = write_page(made(), space, Loop(), to=tmp_path / "here" / "page.html", now=NOW)
    text = path.read_text(encoding="utf-8")
    assert "&lt;/script&gt;&lt;b&gt;[U+202E]" in text
    assert ODD not in text
    assert len(text.split("</script>")) == 3
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_values_of_a_person_are_not_told(space: Workspace) -> None:
    columns = {name: replace(Limited.columns[name], pii="personal") for name in ("event_id", "item_index")}
    content = gather(made(type("Limited", (Limited,), columns)), space, Loop(), now=NOW)
    (items,) = (feature for feature in content.features if feature.name == "item_index")
    assert items.cells == ("value 1", "value 2", "value 3", "value 4", "value 5", "other", "missing")
    assert [check.example for check in content.checks if check.id == "item_index.between"] == [
        "event_id=(private) item_index=(private)"
    ]


def test_the_command_says_where_the_page_is(space: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "project", lambda _: (made(), space))
    words = ["shop", "--start", "2026-11-03", "--end", "2026-11-04", "--now", "2026-12-01T00:00Z"]
    done = CliRunner().invoke(command.report, words)
    path = space.pipeline("shop") / "reports" / "2026-11-03_2026-11-04.html"
    assert done.output.startswith(f"{path}: ")
    assert "2026-11-02 complete" not in path.read_text(encoding="utf-8")
    error = CliRunner().invoke(command.report, ["shop", "--start", "2026-11-03"]).exception
    assert isinstance(error, UsageError)


def test_what_failed_is_told_as_it_was_printed(space: Workspace, tmp_path: Path) -> None:
    strict = made(type("Limited", (Limited,), {"quarantine_budget": 0.0}))
    with pytest.raises(PartitionsFailedError):
        backfill(strict, space, DAYS, Loop(), say=lambda _: None, now=NOW)
    content = gather(strict, space, Loop(), now=NOW)
    assert len(content.failures) == 4
    assert "NOT PUBLISHED" in content.failures[0].text
    assert content.notes[0].text.startswith("4 days of features could not be built: 2026-11-05: SchemaViolationError")
    assert {square.state for square in content.squares if square.table == "features"} == {"failed"}
    text = write_page(strict, space, Loop(), to=tmp_path / "page.html", now=NOW).read_text(encoding="utf-8")
    assert "FAIL  slot_z.between" in text


def test_days_that_failed_are_on_the_page_though_nobody_names_them(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    for day in (*DAYS, DAYS.end + timedelta(days=1)):
        write_file(IMPRESSIONS, space.logs, day, [shown(day, n) for n in range(3)])
        write_file(CLICKS, space.logs, day, [])
    for path in space.logs.rglob("*"):
        if path.is_file() and "clicks" in str(path):
            path.write_bytes(b"broken")
    with pytest.raises(PartitionsFailedError):
        backfill(made(), space, DAYS, Loop(), say=lambda _: None, now=NOW)
    content = gather(made(), space, Loop(), now=NOW)
    assert content.span == str(DAYS)
    assert content.notes[0].text.startswith("4 days of samples could not be built")
    titles = [failure.title for failure in content.failures]
    assert sum("2026-11-02" in title for title in titles) == 1
    assert len({failure.text for failure in content.failures}) == len(titles)


def test_what_days_of_the_fit_differ_by_is_no_alarm(space: Workspace) -> None:
    content = gather(made(), space, Loop(), now=NOW)
    for feature in content.features:
        loud = [n for n, level in enumerate(feature.judged) if level != "good"]
        assert all((feature.drift[n] or 0) > (feature.watch or 0) for n in loud)
        assert len(feature.judged) in {0, len(content.days)}
    (items,) = (feature for feature in content.features if feature.name == "item_index")
    assert items.judged[3] == "bad"


def test_an_alarm_of_an_earlier_day_is_told(space: Workspace, tmp_path: Path) -> None:
    copied = workspace(tmp_path)
    rows = [shown(day, n) for day in DAYS for n in range(480)]
    for row in rows:
        if row["shown_at"].date() == DAYS.end - timedelta(days=1):
            row["item_id"] = "i0"
    write(IMPRESSIONS, copied.logs, rows, list(DAYS))
    write(CLICKS, copied.logs, [clicked(row) for row in rows], [*DAYS, DAYS.end + timedelta(days=1)])
    backfill(made(), copied, DAYS, Loop(), say=lambda _: None, now=NOW)
    told = [note.text for note in gather(made(), copied, Loop(), now=NOW).notes]
    assert any("Alarms on 1 earlier day, last 2026-11-04: " in text and "item_index" in text for text in told)
    assert not any("earlier day" in note.text for note in gather(made(), space, Loop(), now=NOW).notes)


def test_a_pipeline_without_features_or_without_anything(tmp_path: Path) -> None:
    space = workspace(tmp_path)
    with pytest.raises(UsageError, match="nothing to report"):
        gather(made(), space, Loop())
    for day in (*DAYS, DAYS.end + timedelta(days=1)):
        write_file(IMPRESSIONS, space.logs, day, [shown(day, n) for n in range(3)] if day == FIRST else [])
        write_file(CLICKS, space.logs, day, [])
    only = Days(FIRST, FIRST)
    content = gather(made(), space, Loop(), days=only, now=NOW)
    assert (content.features[0].kept, content.paths, content.checks) == (None, (), ())
    assert {square.state for square in content.squares} == {"missing"}
    assert write_page(made(), space, Loop(), days=only, now=NOW).name == "2026-11-02.html"
    space.pipeline("shop").joinpath("blocked").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_page(made(), space, Loop(), days=only, to=space.pipeline("shop") / "blocked" / "page.html", now=NOW)


def test_a_page_that_cannot_be_written_changes_nothing_of_the_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_: Any, **__: Any) -> Path:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr("featurelib.runs.page.write.write_page", broken)
    said: list[str] = []
    leaving = partial(
        leaving_a_page, shop(), workspace(tmp_path), Loop(), left=lambda _: said.append("left"), say=said.append
    )
    with leaving():
        pass
    with pytest.raises(UsageError, match="the run's own"), leaving():
        raise UsageError("the run's own")
    assert said == ["No report was written: ZeroDivisionError: a defect"] * 2
    with pytest.raises(KeyboardInterrupt), leaving():
        raise KeyboardInterrupt
    assert len(said) == 2
