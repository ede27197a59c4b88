"""``featurelib lag`` on a tiny project: its answer in each form, and which log it takes."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from featurelib.cli.lag import _find, lag
from featurelib.cli.main import run_and_exit
from featurelib.generator import ClickLogs, generate
from featurelib.settings import Settings

SETTINGS = '[tool.featurelib]\npipelines = "lag_pipelines"\nlogs = "logs"\ntables = "tables"\nwork = "work"\n'
PIPELINE = """
from dataclasses import replace
from datetime import timedelta
from featurelib.samples import AttributedLabel, Impressions
from pipelines.search_ranking import clicks as declared_clicks, impressions, search_ranking as declared

clicks = replace(declared_clicks, lateness=timedelta(hours=LATENESS))
samples = Impressions(
    impressions, labels=[AttributedLabel("clicked", clicks, keys=["request_id", "item_id"], within="30m")],
    timezone="ZONE",
)
rate = replace(declared.windows[0], of=clicks)
NAME = replace(declared, name="NAME", samples=samples, windows=[rate])
"""


@dataclass(frozen=True)
class Answer:
    """What the command gave back."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(folder: Path, *words: str) -> Answer:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["lag", *words])
        for name in [name for name in sys.modules if name.startswith("lag_pipelines")]:
            del sys.modules[name]
        capsys.readouterr()
        code = 0
        try:
            run_and_exit(lag)
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("logs")
    generate(ClickLogs(days=2, users=60, items=70, rows=2000, seed=1, every="1h"), root)
    return root


@pytest.fixture
def project(logs: Path, tmp_path: Path) -> Path:
    (tmp_path / "lag_pipelines").mkdir()
    (tmp_path / "lag_pipelines/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "logs").symlink_to(logs)
    add(tmp_path, "ranking")
    return tmp_path


def add(project: Path, name: str, *, lateness: int = 0, zone: str = "UTC") -> None:
    text = PIPELINE.replace("NAME", name).replace("LATENESS", str(lateness)).replace("ZONE", zone)
    (project / f"lag_pipelines/{name}.py").write_text(text, encoding="utf-8")


def test_the_table_has_every_hour_and_ends_with_what_is_proposed(run: Run, project: Path) -> None:
    answer = run(project, "clicks")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0].startswith("log 'clicks': ")
    assert "2026-11-01 .. 2026-11-02" in lines[0]
    assert [line.split()[0] for line in lines[4:29]] == [*(f"{hour:02}" for hour in range(24)), "all"]
    assert any(line.startswith("proposed lateness") for line in lines)
    assert lines[-1].startswith("ranking: label clicked is final ")
    assert not list((project / "work").glob("lag-*"))


def test_json_and_picture_say_the_same_of_the_asked_days(run: Run, project: Path) -> None:
    answer = run(project, "impressions", "--end", "2026-11-01", "--horizon", "2h", "--json", "--svg", "lag.svg")
    assert (answer.code, answer.err) == (0, "")
    told = json.loads(answer.out)
    assert (told["log"], told["days"], told["timezone"]) == ("impressions", ["2026-11-01", "2026-11-01"], "UTC")
    assert told["horizon_s"] == 7200
    assert sum(hour["rows"] for hour in told["hours"]) == told["all"]["rows"] == told["rows_read"]
    assert told["proposal"]["lateness_s"] >= told["all"]["quantiles_s"]["p99.9"]
    assert [wait["pipeline"] for wait in told["proposal"]["waits"]] == ["ranking"]
    assert f"{told['all']['rows']:,} rows of 2026-11-01;" in (project / "lag.svg").read_text(encoding="utf-8")


def test_hours_are_those_of_the_pipelines_zone_if_all_agree(run: Run, project: Path) -> None:
    add(project, "ranking", zone="Europe/Berlin")
    words = ("clicks", "--start", "2026-11-01", "--end", "2026-11-01")
    assert "by hour of the event in Europe/Berlin" in run(project, *words).out
    add(project, "other")
    assert "by hour of the event in UTC" in run(project, *words).out


def test_a_log_that_nobody_reads_is_refused_with_those_that_are_read(run: Run, project: Path) -> None:
    answer = run(project, "click")
    assert answer.code == 2
    assert answer.err == "UsageError: no pipeline reads a log 'click'; there are: clicks, impressions.\n"


def test_two_logs_of_one_name_are_refused(run: Run, project: Path) -> None:
    add(project, "other", lateness=3)
    answer = run(project, "clicks")
    assert answer.code == 2
    assert answer.err == (
        "UsageError: log 'clicks' is declared in 2 ways, by other and ranking; say whose, such as --pipeline other, "
        "or give each its own name.\n"
    )
    one = run(project, "clicks", "--pipeline", "other", "--end", "2026-11-01", "--json")
    assert json.loads(one.out)["declared_lateness_s"] == 3 * 3600
    assert [wait["pipeline"] for wait in json.loads(one.out)["proposal"]["waits"]] == ["other"] * 2
    assert run(project, "impressions", "--end", "2026-11-01").code == 0


def test_commands_of_the_docs_name_one_log_of_this_project() -> None:
    root = Path(__file__).parents[2]
    told = [line for page in (root / "docs").rglob("*.md") for line in page.read_text(encoding="utf-8").splitlines()]
    commands = [line.split()[3:] for line in told if line.startswith("$ featurelib lag ")]
    assert commands
    for log, *words in commands:
        pipeline = words[words.index("--pipeline") + 1] if "--pipeline" in words else None
        assert _find(Settings.find(root), log, pipeline)[0].name == log


def test_a_broken_pipeline_does_not_hide_the_logs_of_others(run: Run, project: Path) -> None:
    (project / "lag_pipelines/broken.py").write_text("x = 1\n", encoding="utf-8")
    assert run(project, "clicks", "--end", "2026-11-01").code == 0
    answer = run(project, "views")
    assert answer.code == 2
    assert "Not read: broken (module lag_pipelines.broken has no Pipeline" in answer.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["clicks", "--start", "soon"], 2, "UsageError: days are written as 2026-11-01"),
        (["clicks", "--horizon", "a week"], 2, "horizon must be a duration such as 30m, 2h or 7d, got 'a week'."),
        (["clicks", "--svg", "no/such/folder/lag.svg"], 3, "StorageError: no/such/folder/lag.svg: cannot be written"),
    ],
    ids=["day", "horizon", "picture"],
)
def test_wrong_words_are_one_line(run: Run, project: Path, words: list[str], code: int, said: str) -> None:
    answer = run(project, *words)
    assert answer.code == code
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_no_file_at_all_is_refused_as_data(run: Run, project: Path) -> None:
    (project / "logs").unlink()
    (project / "logs").mkdir()
    answer = run(project, "clicks")
    assert answer.code == 1
    assert answer.err.startswith("LogMissingError: log 'clicks' has no file: ")
