"""``featurelib ledger`` and ``featurelib quarantine`` on a tiny project."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from featurelib.cli import main

SETTINGS = '[tool.featurelib]\npipelines = "ledger_pipelines"\nlogs = "logs"\ntables = "tables"\nwork = "work"\n'
PIPELINE = """
from dataclasses import replace
from featurelib.days import Days
from pipelines.search_ranking import search_ranking as declared

ranking = replace(declared, name="ranking", fit=Days.parse("2026-11-01", "2026-11-01"))
"""
DAY = ["--start", "2026-11-01", "--end", "2026-11-01"]
EARLY = ["--now", "2026-11-02T00:10Z"]  # before its labels are final
GENERATE = ["generate", "--days", "1", "--users", "60", "--items", "70", "--rows", "500", "--fault", "duplicate_hour"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in a project of one day, built."""
    (tmp_path / "ledger_pipelines").mkdir()
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "ledger_pipelines/__init__.py").touch()
    (tmp_path / "ledger_pipelines/ranking.py").write_text(PIPELINE, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str, str]:
        for name in [name for name in sys.modules if name.startswith("ledger_pipelines")]:
            del sys.modules[name]
        monkeypatch.setattr(sys, "argv", ["featurelib", *words])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    for words in (GENERATE, ["backfill", "ranking", *DAY, *EARLY]):
        assert run(*words)[0] == 0
    return run


def test_ledger_and_quarantine_tell_of_the_same_rows(run: Run) -> None:
    code, out, err = run("ledger", "ranking", *DAY, "--hours")
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "all sums agree"
    assert "impressions by hour" in out
    told = json.loads(run("ledger", "ranking", *DAY, "--hours", "--json")[1])
    assert len([hour for hour in told["partitions"][0]["hours"] if hour["log"] == "clicks"]) == 24
    dropped = {
        (log, reason): number
        for log, rows in told["total"]["rows"].items()
        if log != "samples"
        for reason, number in rows["dropped"].items()
    }
    shown = json.loads(run("quarantine", "show", "ranking", *DAY, "--json", "--limit", "3")[1])
    assert {(one["log"], one["reason"]): one["rows"] for one in shown["counts"]} == dropped
    assert len(shown["examples"]) == 3
    code, out, err = run("quarantine", "replay", "ranking", *DAY, *EARLY)
    assert (code, err) == (0, "")
    assert "nothing has changed since" in out
    code, out, err = run("quarantine", "replay", "ranking", *DAY, "--now", "2030-01-01T00:00Z")
    assert (code, err) == (0, "")
    assert "built again: 2026-11-01" in out


def test_an_unknown_log_is_wrong_use(run: Run) -> None:
    code, _, err = run("quarantine", "show", "ranking", *DAY, "--log", "click")
    assert code == 2
    assert err.startswith("UsageError: ranking reads no log 'click'; there are: ")
