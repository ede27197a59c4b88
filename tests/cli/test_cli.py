"""Every command on a tiny project: what it prints, its exit code, and one line for each wrong use."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from featurelib import __version__
from featurelib.cli import main
from featurelib.online import OnlineStore
from featurelib.program import versions
from featurelib.tables import VersionedTable

SETTINGS = '[tool.featurelib]\npipelines = "shop_pipelines"\nlogs = "logs"\ntables = "tables"\nwork = "work"\n'
PIPELINE = """
from dataclasses import replace
from featurelib.days import Days
from pipelines.search_ranking import search_ranking as declared

ranking = replace(declared, name="ranking", fit=Days.parse("2026-11-01", "2026-11-01"))
"""
BROKEN = """
from featurelib.windows import Rate
from pipelines.search_ranking import clicks, impressions

broken = Rate("item_click_rate", of=clicks, per=impressions, by="item_id", over="7 weeks", delay="1h")
"""
GENERATE = ["generate", "--days", "2", "--users", "60", "--items", "70", "--rows", "500"]
BOTH = ["--start", "2026-11-01", "--end", "2026-11-02"]


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, inside a folder: starting another costs a second each time."""
    monkeypatch.setattr(sys, "path", list(sys.path))  # a project's folder is added to it

    def run(folder: Path, *words: str) -> Answer:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["featurelib", *words])
        forget_projects()
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return run


def forget_projects() -> None:
    """Each test's project has a package of the same name, and a process imports a name once."""
    for name in [name for name in sys.modules if name.startswith("shop_pipelines")]:
        del sys.modules[name]


def make_project(root: Path) -> Path:
    (root / "shop_pipelines").mkdir(parents=True)
    (root / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    for name, text in {"__init__": "", "ranking": PIPELINE, "broken": BROKEN, "nothing": "x = 1\n"}.items():
        (root / f"shop_pipelines/{name}.py").write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with logs of two days, both built; only to be read."""
    root = make_project(tmp_path_factory.mktemp("base"))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(sys, "path", list(sys.path))
        forget_projects()
        for words in (GENERATE, ["backfill", "ranking", *BOTH]):
            patch.setattr(sys, "argv", ["featurelib", *words])
            main()
    return root


@pytest.fixture
def project(base: Path, tmp_path: Path) -> Path:
    """A copy of the project of one's own."""
    return Path(shutil.copytree(base, tmp_path / "project"))


def table(root: Path, name: str = "features") -> VersionedTable:
    return VersionedTable.open(root / "tables/ranking" / name)


def test_version_and_help_end_well(run: Run, tmp_path: Path) -> None:
    assert run(tmp_path, "--version") == Answer(0, f"featurelib, version {__version__}\n", "")
    shown = run(tmp_path, "--help")
    assert shown.code == 0
    commands = ["backfill", "fit", "generate", "history", "plan", "run", "show", "tag", "tags", "vacuum", "verify"]
    assert [name for name in commands if f"\n  {name} " not in shown.out] == []


def test_generate_writes_the_logs_of_the_project_or_of_a_folder(run: Run, base: Path, tmp_path: Path) -> None:
    answer = run(tmp_path, *GENERATE, "--out", "elsewhere")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert [line.split()[0] for line in lines] == ["impressions", "clicks", "orders"]
    assert [line.split()[2:5] for line in lines] == [["rows", "48", "files"]] * 3
    theirs = {path.relative_to(base / "logs"): path.read_bytes() for path in (base / "logs").rglob("*.parquet")}
    ours = {path.relative_to(tmp_path / "elsewhere"): path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    assert ours == theirs


def test_show_tells_what_a_pipeline_reads_makes_and_needs(run: Run, base: Path) -> None:
    answer = run(base / "shop_pipelines", "show", "ranking")  # from anywhere inside the project
    assert (answer.code, answer.err) == (0, "")
    for word in ("ranking", "impressions", "clicks", "item_click_rate_7d", "tables/ranking"):
        assert word in answer.out


def test_plan_of_nothing_built_names_what_is_missing_and_writes_nothing(run: Run, base: Path, tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    shutil.copytree(base / "logs", root / "logs")
    answer = run(root, "plan", "ranking", "--start", "2026-11-01", "--end", "2026-11-03")
    assert answer.code == 0
    assert answer.out.splitlines() == [
        "ranking",
        "  samples   2026-11-01 .. 2026-11-02   missing: not built yet",
        "  samples   2026-11-03                 missing: no log files for it",
        "  features  2026-11-01 .. 2026-11-03   missing: no program is fitted as declared",
        "  to be built: 3 missing of features, 3 missing of samples",
    ]
    assert not (root / "tables").exists()


def test_plan_of_all_built_says_so_in_words_and_in_json(run: Run, base: Path) -> None:
    answer = run(base, "plan", "ranking", *BOTH)
    assert answer.code == 0
    assert answer.out.endswith("  nothing to be done\n")
    told = json.loads(run(base, "plan", "ranking", *BOTH, "--json").out)
    assert (told["pipeline"], told["nothing_to_do"]) == ("ranking", True)
    assert {(entry["table"], entry["partition"], entry["state"]) for entry in told["partitions"]} == {
        (name, day, "complete") for name in ("samples", "features") for day in ("2026-11-01", "2026-11-02")
    }
    rows = {entry["table"]: entry["rows"] for entry in told["partitions"] if entry["partition"] == "2026-11-01"}
    assert rows["samples"] == rows["features"] > 100


def test_backfill_again_has_nothing_to_do(run: Run, project: Path) -> None:
    before = {name: table(project, name).version for name in ("samples", "features", "quarantine")}
    answer = run(project, "backfill", "ranking", *BOTH, "--parallel", "2")
    assert (answer.code, answer.err) == (0, "")
    assert "Nothing was to be done" in answer.out
    assert {name: table(project, name).version for name in before} == before


def test_run_builds_a_late_file_into_its_day_once_plan_has_named_it(run: Run, project: Path) -> None:
    log = project / "logs/impressions/dt=2026-11-02/hr=12"
    late = pl.read_parquet(log / "part-0.parquet", hive_partitioning=False).head(3)
    late.with_columns(pl.col("event_id") + "-late").write_parquet(log / "part-1.parquet")
    second = ["--start", "2026-11-02", "--end", "2026-11-02"]
    planned = run(project, "plan", "ranking", *second).out.splitlines()
    landed = "1 file of log impressions landed after the build: 3 rows"
    assert planned[1:4] == [
        f"  tiles     2026-11-02                 to be made: {landed}",
        f"  samples   2026-11-02                 stale: {landed}",
        "  features  2026-11-02                 stale: its samples changed",
    ]
    before = table(project).partitions()
    answer = run(project, "run", "ranking", "--partition", "2026-11-02")
    assert (answer.code, answer.err) == (0, "")
    after = table(project).partitions()
    assert [after[day].rows - before[day].rows for day in after] == [0, 3]
    assert run(project, "plan", "ranking", *second).out.endswith("  nothing to be done\n")


def test_fit_makes_a_new_program_and_the_features_stale(run: Run, project: Path) -> None:
    answer = run(project, "fit", "ranking", "--end", "2026-11-02", "--days", "2")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.splitlines()[-1] == "ranking: program v2, fitted on 2026-11-01 .. 2026-11-02"
    assert versions(project / "tables/ranking") == [1, 2]
    assert "stale: the program is another one now" in run(project, "plan", "ranking", *BOTH).out


def test_diff_tells_what_a_refit_changed(run: Run, project: Path) -> None:
    assert run(project, "fit", "ranking", "--end", "2026-11-02", "--days", "2").code == 0
    answer = run(project, "diff", "ranking", *BOTH)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert lines[0] == "ranking: program v1 -> v2"
    assert any("item_index: index.terms (0 gone, " in line and ", 0 renumbered)" in line for line in lines)
    assert any(line.startswith("rows whose value changes, of ") for line in lines)
    told = json.loads(run(project, "diff", "ranking", "--before", "2", "--after", "1", "--json").out)
    assert (told["before"], told["after"], told["days"], told["changed"]) == (2, 1, None, {})
    (terms,) = [one for one in told["differences"] if one["column"] == "item_index"]
    assert (terms["new"], len(terms["gone"])) == ([], 10)
    assert run(project, "fit", "ranking", "--end", "2026-11-02", "--days", "1", "--renumber").code == 0
    assert ", 10 renumbered)" in run(project, "diff", "ranking").out


def test_history_lists_versions_newest_first(run: Run, base: Path) -> None:
    answer = run(base, "history", "ranking")
    assert answer.code == 0
    newest, oldest = answer.out.splitlines()
    assert newest.split()[0] == "1"
    assert newest.endswith("2026-11-01 .. 2026-11-02")
    assert f"{datetime.now(UTC):%Y-}" in newest
    assert oldest.split()[0] == "0"
    assert len(run(base, "history", "ranking", "--table", "samples", "--limit", "1").out.splitlines()) == 1


def test_a_tag_is_made_listed_and_moved_by_nobody(run: Run, project: Path) -> None:
    assert run(project, "tags", "ranking") == Answer(0, "", "")
    assert run(project, "tag", "ranking", "train-1") == Answer(0, "train-1 is version 1\n", "")
    assert run(project, "tag", "ranking", "train-0", "--version", "0").code == 0
    listed = [line.split() for line in run(project, "tags", "ranking").out.splitlines()]
    assert listed == [["train-0", "version", "0"], ["train-1", "version", "1"]]
    taken = run(project, "tag", "ranking", "train-1", "--version", "0")
    assert taken.code == 2
    assert_one_line(taken, "UsageError: ", "train-1")


def test_verify_names_a_damaged_file_and_what_to_do_which_heals_it(run: Run, project: Path) -> None:
    well = run(project, "verify", "ranking")
    assert (well.code, well.err) == (0, "")
    assert well.out.endswith("features: version 1, 2 partitions, all files as committed\n")
    path = next((project / "tables/ranking/features/dt=2026-11-02").glob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-1])
    answer = run(project, "verify", "ranking")
    assert answer.code == 1
    lines = answer.err.splitlines()
    assert lines[0].startswith("TableError: ")
    assert lines[0].endswith(" problems")
    assert all(path.name in line for line in lines[1:-1])
    assert any("bytes" in line for line in lines[1:-1])
    assert lines[-1].startswith("Restore the files, or run featurelib verify ranking --table features --forget")
    gone = run(project, "verify", "ranking", "--forget")
    assert gone.code == 0
    assert gone.out.endswith("version 2 is without 2026-11-02; backfill these\n")
    assert run(project, "backfill", "ranking", *BOTH).code == 0
    assert run(project, "verify", "ranking").code == 0


def test_vacuum_lists_or_deletes_what_no_version_needs(run: Run, project: Path) -> None:
    orphan = project / "tables/ranking/features/dt=2026-11-02/part-dead-0.parquet"
    orphan.write_bytes(b"torn")
    assert run(project, "vacuum", "ranking").out == "0 files deleted\n"  # younger than seven days
    soon = ["vacuum", "ranking", "--older-than", "0s"]
    refused = run(project, *soon)
    assert refused.code == 2
    assert_one_line(refused, "UsageError: ", "no_job_running")
    listed = run(project, *soon, "--no-job-running", "--dry-run")
    assert listed.out.startswith(f"dt=2026-11-02/{orphan.name}\n1 files would be deleted\n")
    assert orphan.exists()
    done = run(project, *soon, "--no-job-running")
    assert done.out.startswith(f"dt=2026-11-02/{orphan.name}\n1 files deleted\n")
    assert not orphan.exists()
    assert run(project, "verify", "ranking").code == 0


def test_vacuum_tells_of_tiles_that_no_pipeline_declares_and_deletes_them_when_asked(run: Run, project: Path) -> None:
    tiles = project / "tables/tiles"
    declared = {path.name for path in tiles.iterdir()}
    left = tiles / "clicks_by_item_id_1h_00000000"
    shutil.copytree(tiles / min(declared), left)
    assert run(project, "vacuum", "ranking").out == "0 files deleted\n"  # somebody may be making them just now
    for path in tiles.rglob("*"):
        os.utime(path, (0, 0))
    answer = run(project, "vacuum", "ranking")
    assert (answer.code, answer.out.count("\n")) == (0, 2)
    assert (
        "tiles that no pipeline declares were not looked for: Rate('item_click_rate'): over must be" in answer.out
    )  # one is declared wrongly
    assert run(project, "vacuum", "ranking", "--undeclared-tiles").code == 2
    for name in ("broken", "nothing"):
        (project / f"shop_pipelines/{name}.py").unlink()
    told = f"0 files deleted\ntiles/{left.name}\n1 tables of tiles that no pipeline declares; "
    assert run(project, "vacuum", "ranking").out == f"{told}--undeclared-tiles deletes them\n"
    assert left.exists()
    assert run(project, "vacuum", "ranking", "--undeclared-tiles").out == f"{told}deleted\n"
    assert {path.name for path in tiles.iterdir()} == declared


def assert_one_line(answer: Answer, kind: str, *words: str) -> None:
    assert answer.err.startswith(kind), answer.err
    assert answer.err.count("\n") == 1, answer.err
    assert [word for word in words if word not in answer.err] == [], answer.err
    assert answer.out == ""


WRONG = {
    "unknown pipeline": (
        ["show", "rankng"],
        "UsageError: no pipeline 'rankng' in ",
        "there are: broken, nothing, ranking.",
    ),
    "module without a pipeline": (
        ["show", "nothing"],
        "UsageError: module shop_pipelines.nothing has no Pipeline named",
    ),
    "wrong declaration": (["show", "broken"], "ParameterError: ", "over must be a duration such as 30m, 2h or 7d"),
    "instant without a zone": (
        ["plan", "ranking", "--start", "2026-11-01", "--end", "2026-11-02", "--now", "2026-11-02"],
        "UsageError: --now needs a time zone, got '2026-11-02'; write 2026-11-02T00:00:00Z for UTC.",
    ),
    "no date": (
        ["plan", "ranking", "--start", "1.11.2026", "--end", "2026-11-02"],
        "UsageError: days are written as 2026-11-01, got '1.11.2026'",
    ),
    "day that is none": (
        ["run", "ranking", "--partition", "2026-02-30"],
        "UsageError: partition '2026-02-30' is not a day",
    ),
    "end before start": (
        ["backfill", "ranking", "--start", "2026-11-02", "--end", "2026-11-01"],
        "ParameterError: ",
        "end must be 2026-11-02 or later, got '2026-11-01'.",
    ),
    "end of a fit": (["fit", "ranking", "--end", "soon", "--days", "1"], "UsageError: days are written as 2026-11-01"),
    "start of logs": ([*GENERATE, "--start", "today"], "UsageError: days are written as 2026-11-01, got 'today'"),
    "too few users": ([*GENERATE, "--users", "1"], "ParameterError: ", "users must be"),
    "half a range": (["diff", "ranking", "--start", "2026-11-01"], "UsageError: diff takes both --start and --end"),
    "only program": (["diff", "ranking"], "UsageError: ", "no program before v1"),
    "unknown table": (["history", "ranking", "--table", "feature"], "UsageError: ", "there is no table here"),
    "unknown version": (["tag", "ranking", "x", "--version", "9"], "UsageError: ", "there is no version 9"),
    "tag of a bad name": (["tag", "ranking", "../x"], "UsageError: ", "../x"),
    "age of a vacuum": (
        ["vacuum", "ranking", "--older-than", "a week"],
        "ParameterError: ",
        "must be a duration such as 30m, 2h or 7d, got 'a week'.",
    ),
}


@pytest.mark.parametrize(("words", "kind", "more"), [(w, k, m) for w, k, *m in WRONG.values()], ids=WRONG)
def test_wrong_use_is_one_line_and_code_2(run: Run, base: Path, words: list[str], kind: str, more: list[str]) -> None:
    answer = run(base, *words)
    assert answer.code == 2
    assert_one_line(answer, kind, *more)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["plan", "ranking"], "plan needs --start and --end, or --explain"),
        (["backfil", "ranking"], "No such command 'backfil'"),
        (["backfill", "ranking", *BOTH, "--parallel", "0"], "0 is not in the range 1<=x<=64"),
        (["fit", "ranking", "--end", "2026-11-01", "--days", "0"], "0 is not in the range x>=1"),
        (["show"], "Missing argument 'PIPELINE'"),
    ],
    ids=["option", "command", "parallel", "days", "argument"],
)
def test_words_that_no_command_takes_are_explained_with_code_2(
    run: Run, base: Path, words: list[str], match: str
) -> None:
    answer = run(base, *words)
    assert answer.code == 2
    assert match in answer.err
    assert "Traceback" not in answer.err


def test_outside_of_a_project_every_command_says_where_it_looked(run: Run, tmp_path: Path) -> None:
    answer = run(tmp_path, "show", "ranking")
    assert answer.code == 2
    assert_one_line(
        answer, "UsageError: no pyproject.toml with [tool.featurelib] in ", str(tmp_path), "run inside a project"
    )


def test_a_pipeline_of_another_project_is_not_taken_for_ours(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = make_project(tmp_path / "ours"), make_project(tmp_path / "theirs")
    monkeypatch.setattr(sys, "path", [str(theirs), str(ours), *sys.path])
    answer = run(ours, "show", "ranking")
    assert answer.code == 2
    assert_one_line(answer, "UsageError: shop_pipelines.ranking was imported from ", str(theirs), "another name.")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('[tool.featurelib]\ntable = "x"\n', "[tool.featurelib]: table: unknown; there are pipelines, "),
        ("[tool.featurelib\n", "is no TOML: "),
    ],
    ids=["unknown setting", "no TOML"],
)
def test_settings_that_cannot_be_read_are_named(run: Run, tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    answer = run(tmp_path, "show", "ranking")
    assert answer.code == 2
    assert_one_line(answer, "UsageError: ", str(tmp_path / "pyproject.toml"), match)


def test_tables_before_any_build_are_missing_with_code_2(run: Run, tmp_path: Path) -> None:
    root = make_project(tmp_path / "project")
    for command in ("history", "tags", "verify", "vacuum"):
        answer = run(root, command, "ranking")
        assert answer.code == 2
        assert_one_line(answer, "UsageError: ", "tables/ranking/features", "there is no table here")


def test_refused_data_is_code_1_and_names_the_file(run: Run, project: Path) -> None:
    without = run(project, "run", "ranking", "--partition", "2026-11-05")
    assert without.code == 1
    assert without.err.startswith("LogMissingError: log 'impressions' has no file for 2026-11-05T00")
    path = project / "logs/impressions/dt=2026-11-02/hr=12/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    answer = run(project, "run", "ranking", "--partition", "2026-11-02")
    assert answer.code == 1
    assert answer.err.startswith(f"LogFileError: {path}: cannot be read")
    assert answer.err.count("\n") == 1


def test_a_project_without_its_log_folder_is_refused_with_code_1(run: Run, tmp_path: Path) -> None:
    answer = run(make_project(tmp_path / "project"), "plan", "ranking", *BOTH)
    assert answer.code == 1
    assert_one_line(answer, "LogMissingError: ", "the log root", "is no directory")


def test_trouble_with_the_storage_is_code_3(run: Run, project: Path) -> None:
    shutil.rmtree(project / "work")
    (project / "work").write_text("a file where a folder should be", encoding="utf-8")
    answer = run(project, "run", "ranking", "--partition", "2026-11-02")
    assert answer.code == 3
    assert_one_line(replace(answer, out=""), "StorageError: run ", "Not a directory")
    assert answer.out.startswith("Page: ")  # what is there is told, however the run ended


def test_the_installed_command_keeps_the_code_and_shows_no_traceback(base: Path, tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("featurelib")
    done = subprocess.run([command, "tags", "ranking"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("UsageError: no pyproject.toml")
    assert done.stderr.count("\n") == 1


def test_export_online_hands_every_window_to_a_model_server(run: Run, project: Path) -> None:
    answer = run(project, "export-online", "ranking", "--as-of", "2026-11-02T12:00:00Z")
    assert answer.code == 0, answer.err
    lines = answer.out.splitlines()
    assert lines[0].endswith(" of item_id, 1 column")
    assert " as of 2026-11-02T12:00:00Z in " in lines[1]
    store = OnlineStore.open(project / "data/online/ranking")
    frame = table(project, "samples").scan().filter(pl.col("dt") == date(2026, 11, 2))
    twelve = frame.filter(pl.col("shown_at").dt.hour() == 12).select("item_id", "item_click_rate_7d").unique().collect()
    assert len(twelve) > 2
    rows = twelve.select("item_id").to_dicts()
    assert [row["item_click_rate_7d"] for row in store.read(rows)] == twelve["item_click_rate_7d"].to_list()


def test_export_online_takes_instants_with_a_zone(run: Run, base: Path) -> None:
    for words, told in [
        (["--as-of", "2026-11-02T12:00:00"], "--as-of needs a time zone, got '2026-11-02T12:00:00'"),
        (["--as-of", "noon"], "--as-of is an instant such as"),
        (["--as-of", "2026-11-02T12:00Z", "--expire", "soon"], "expire must be a duration such as 30m, 2h or 7d"),
    ]:
        answer = run(base, "export-online", "ranking", *words)
        assert (answer.code, told in answer.err) == (2, True), answer.err


def test_tables_of_tiles_are_opened_by_the_name_that_show_tells(run: Run, base: Path) -> None:
    shown = run(base, "show", "ranking").out
    (name,) = [word for word in shown.split() if word.startswith("clicks_by_item_id_1h_")]
    answer = run(base, "verify", "ranking", "--table", name)
    assert (answer.code, "2 partitions, all files as committed" in answer.out) == (0, True), answer


def test_parity_holds_a_log_of_served_features_against_the_program_and_the_table(
    run: Run, base: Path, tmp_path: Path
) -> None:
    stored = table(base, "features").scan().filter(pl.col("dt") == date(2026, 11, 2)).drop("dt").sort("event_id")
    read = table(base, "samples").scan().filter(pl.col("dt") == date(2026, 11, 2)).drop("dt", "clicked", "shown_at")
    served = stored.join(read, on="event_id", suffix="_read").collect(engine="in-memory")
    log = tmp_path / "served.parquet"
    served.write_parquet(log)
    replayed = run(base, "parity", "ranking", "--served", str(log), "--rows", "100")
    assert replayed.code == 0, replayed.err
    assert replayed.out.startswith("100 rows, ")
    assert " they agree; 0 beyond their limit" in replayed.out
    beside = run(base, "parity", "ranking", "--served", str(log), "--table", "--json")
    assert {feature["value"] for feature in json.loads(beside.out)["features"]} == {0}
    served.with_columns(pl.col("price_log") * 1.5).write_parquet(log)
    for words in ([], ["--table"]):
        answer = run(base, "parity", "ranking", "--served", str(log), *words)
        assert answer.code == 1
        assert "! price_log " in answer.out
        assert "what was served of ranking is not what this code computes: features price_log." in answer.err
    for words, told in [
        (["--table", "--online", "x"], "--table compares with stored rows: --online, --program and --bundle are about"),
        (["--online", "nowhere"], "nowhere"),
        (["--program", "9"], "has no program of version 9; there are [1]"),
    ]:
        answer = run(base, "parity", "ranking", "--served", str(log), *words)
        assert (answer.code, told in answer.err) == (2, True), answer.err
