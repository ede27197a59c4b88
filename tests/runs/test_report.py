"""Report and plan: what a range lacks is said also where nothing was built, or nothing more can be."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from featurelib.cli import build as commands
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.errors import PartitionsFailedError
from featurelib.ledger import Fingerprints, Plan, plan
from featurelib.program import load
from featurelib.runs import Report, Run, backfill, fit_program
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from tests.shop import logs, shop, workspace, write, write_file

FIRST = date(2026, 11, 2)
SECOND = FIRST + timedelta(days=1)
DAYS = Days(FIRST, SECOND)
ONE = Days(FIRST, FIRST)
IMPRESSIONS, CLICKS = logs()
PIPELINE = shop(windows=[], fit=ONE)


def shown(day: date, n: int) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time(), tzinfo=UTC) + timedelta(hours=n)
    keys = {"event_id": f"{day}/{n}", "user_id": f"u{n % 2}", "request_id": f"{day}/r{n}", "item_id": f"i{n % 3}"}
    return {**keys, "slot": n % 2, "shown_at": at, "landed_at": at}


@pytest.fixture
def space(tmp_path: Path) -> Workspace:
    made = workspace(tmp_path)
    write(IMPRESSIONS, made.logs, [shown(day, n) for day in DAYS for n in range(6)], list(DAYS))
    write(CLICKS, made.logs, [], [*DAYS, SECOND + timedelta(days=1)])
    return made


def build(space: Workspace, **more: Any) -> Report:
    return backfill(PIPELINE, space, DAYS, Loop(), **({"say": lambda _: None} | more))


def whys(found: Plan) -> list[tuple[str, str]]:
    return [(entry.state, entry.why) for entry in found.entries if entry.table == "samples"]


def test_a_program_of_samples_that_changed_since_is_told_until_it_is_fitted_again(space: Workspace) -> None:
    assert build(space).refit == plan(PIPELINE, space, DAYS).program == ""
    write_file(IMPRESSIONS, space.logs, FIRST, [shown(FIRST, n) for n in (7, 8)], name="late")
    report = build(space)
    told = (
        "the program was fitted on samples that were built anew since, 1 of 1 partitions: 2026-11-02; "
        "to fit again: featurelib fit shop --end 2026-11-02 --days 1"
    )
    assert report.refit == told
    assert f"Program:  v1; {told}" in report.text()
    found = plan(PIPELINE, space, DAYS)
    assert found.nothing_to_do
    assert (found.program, found.to_json()["program"]) == (told, told)
    assert f"  program   {told}" in found.text().splitlines()
    with Run.begin(PIPELINE, space, Loop()) as run:
        assert fit_program(run, ONE) == fit_program(run, ONE) == 2
    assert plan(PIPELINE, space, DAYS).program == ""


def test_a_fit_on_other_samples_is_recorded_even_if_it_means_the_same(space: Workspace) -> None:
    build(space)
    write(IMPRESSIONS, space.logs, [shown(FIRST, n) for n in reversed(range(6))], [FIRST])
    assert build(space).refit
    before = load(space.pipeline("shop"))
    with Run.begin(PIPELINE, space, Loop()) as run:
        assert fit_program(run, ONE) == 2
    assert load(space.pipeline("shop")).fingerprint == before.fingerprint
    assert plan(PIPELINE, space, DAYS).nothing_to_do


def test_the_report_says_which_files_may_still_land(space: Workspace) -> None:
    for path in (space.logs / "clicks" / str(SECOND + timedelta(days=1))).iterdir():
        path.unlink()
    report = build(space)
    assert report.awaited == ("2026-11-03: log clicks has no file of 2026-11-04 yet",)
    assert "Awaited:  2026-11-03: log clicks has no file of 2026-11-04 yet" in report.text()
    assert report.states["samples"] == {"complete": 2}


def test_files_of_late_impressions_are_awaited_too(space: Workspace) -> None:
    late = shop(logs(lateness=timedelta(hours=1)), windows=[])
    awaited = Fingerprints(late, space, datetime(2026, 12, 1, tzinfo=UTC)).awaited
    assert [[str(day.date()) for day in awaited(p)["impressions"]] for p in late.partitions(DAYS)] == [
        [],
        ["2026-11-04"],
    ]


def test_where_nothing_was_due_the_states_are_told(space: Workspace) -> None:
    text = build(space, only=("stale",)).text()
    assert "Nothing was to be done: nothing that was asked for was due." in text
    assert "Samples:  2 missing (of 2 partitions)" in text
    assert text.endswith("Program:  none is fitted as declared\nTable:    none yet")
    early = build(space, now=datetime(2026, 11, 3, tzinfo=UTC), only=("missing",))
    assert early.states["samples"] == {"provisional": 2}
    text = build(space, now=datetime(2026, 11, 3, tzinfo=UTC)).text()
    assert "complete" not in text
    assert "Samples:  2 provisional (of 2 partitions)" in text


def test_a_log_day_that_is_gone_is_told_and_an_empty_file_or_forgetting_ends_it(space: Workspace) -> None:
    build(space)
    for path in (space.logs / "impressions" / str(SECOND)).iterdir():
        path.unlink()
    found = whys(plan(PIPELINE, space, DAYS))[1]
    assert found == ("stale", "2 files of log impressions gone; no log files for it any more, so it cannot be built")
    with pytest.raises(PartitionsFailedError, match="no file for 2026-11-03"):
        build(space)
    for name in ("samples", "features"):
        table = VersionedTable.open(space.table("shop", name))
        assert len(table.partitions()) == 2
        table.forget([Partition(SECOND)], run="by-hand")
    assert whys(plan(PIPELINE, space, DAYS)) == [("complete", ""), ("missing", "no log files for it")]
    write_file(IMPRESSIONS, space.logs, SECOND, [])
    build(space)
    assert set(whys(plan(PIPELINE, space, DAYS))) == {("complete", "")}


@pytest.mark.parametrize("broken", [False, True])
def test_on_a_terminal_the_last_line_of_progress_ends(
    space: Workspace, monkeypatch: pytest.MonkeyPatch, *, broken: bool
) -> None:
    if broken:
        next((space.logs / "impressions" / str(FIRST)).iterdir()).write_bytes(b"no parquet")
    monkeypatch.setattr(commands, "project", lambda _: (PIPELINE, space))
    monkeypatch.setattr(commands, "_is_terminal", lambda: True)
    words = ["shop", "--start", str(FIRST), "--end", str(SECOND)]
    done = CliRunner().invoke(commands.backfill, words, color=True)
    *progress, last = done.output.split("\r\x1b[2K")
    assert len(progress) > 1
    assert last.split("\n")[0].startswith("[")
    assert ("\nshop, 2026-11-02 .. 2026-11-03\n" in last) is not broken
    assert last.endswith("\n") or not broken
