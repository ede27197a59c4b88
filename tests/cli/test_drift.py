"""drift, profile and validate on a tiny project: what they print, their exit codes, and one line for each wrong use."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from featurelib.cli import main
from featurelib.tables import VersionedTable

SETTINGS = (
    '[tool.featurelib]\npipelines = "item_pipelines"\nschemas = "item_schemas"\nlogs = "logs"\ntables = "tables"\n'
)
TABLE = """
import polars as pl
from featurelib.schema import Column, Table
from featurelib.schema.limits import Drift

class Clicked(Table):
    \"\"\"One row per impression.\"\"\"

    owner = "ranking team"
    event_time = "shown_at"

    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", role="time")
    clicked = Column(dtype=pl.Int8(), doc="Whether it was clicked.", between=(0, 1), role="label")
    price_log = Column(dtype=pl.Float32(), doc="Price.", nullable=True, role="feature", drift=Drift(psi=None))
    position_bin = Column(dtype=pl.UInt8(), doc="Place.", between=(0, 4), role="feature")
"""
PIPELINE = """
from dataclasses import replace
from featurelib.days import Days
from featurelib.transforms import Edges, Feature, Log1p
from item_schemas.clicked import Clicked
from pipelines.search_ranking import search_ranking as declared

items = replace(
    declared,
    name="items",
    cleaning=[],
    windows=[],
    features=[Feature("price_log", Log1p("price_usd")), Feature("position_bin", Edges("position", edges=[2, 4, 8]))],
    selection=[],
    table=Clicked,
    fit=Days.parse("2026-11-01", "2026-11-01"),
)
"""
GENERATE = ["generate", "--days", "2", "--users", "400", "--items", "400", "--rows", "2000"]
BOTH = ["--start", "2026-11-01", "--end", "2026-11-02"]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, inside a folder."""
    monkeypatch.setattr(sys, "path", list(sys.path))

    def run(folder: Path, *words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["featurelib", *words])
        capsys.readouterr()
        code = called()
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def called() -> int:
    for name in [name for name in sys.modules if name.startswith(("item_pipelines", "item_schemas"))]:
        del sys.modules[name]
    try:
        main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two days that are built; only to be read."""
    root = tmp_path_factory.mktemp("items")
    (root / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    for package, name, text in (("item_pipelines", "items", PIPELINE), ("item_schemas", "clicked", TABLE)):
        (root / package).mkdir()
        (root / package / "__init__.py").touch()
        (root / package / f"{name}.py").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(sys, "path", list(sys.path))
        for words in (GENERATE, ["backfill", "items", *BOTH]):
            patch.setattr(sys, "argv", ["featurelib", *words])
            assert called() == 0
    return root


@pytest.fixture
def project(base: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(base, tmp_path / "project"))


def change(root: Path, package: str, name: str, old: str, new: str) -> None:
    path = root / package / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_drift_tells_each_day_and_ends_well_without_an_alarm(run: Run, base: Path) -> None:
    code, out, err = run(base, "drift", "items", "--against", "baseline")
    assert (code, err) == (0, "")
    assert out.startswith("items: table Clicked against baseline 2026-11-01; owner ranking team\n")
    assert "\n2026-11-01: " in out
    assert "\n2026-11-02: " in out


def test_an_alarm_is_exit_code_1_in_words_and_in_json(run: Run, project: Path) -> None:
    change(project, "item_schemas", "clicked", "Drift(psi=None)", "Drift(psi=(1e-4, 1e-3), nulls=None)")
    store = VersionedTable.open(project / "tables/items/features")
    days = run(project, "drift", "items", "--against", "baseline", *BOTH)
    assert days[0] == 0  # too few rows to tell so little
    assert "SKIPPED PSI of price_log against baseline 2026-11-01: too few rows" in days[1]
    change(project, "item_schemas", "clicked", 'role="feature", drift', 'role="feature", default=1.0, drift')
    served = store.scan().with_columns(pl.lit(None, pl.Float32).alias("price_log")).select("price_log", "position_bin")
    served.collect(engine="in-memory").write_ndjson(project / "served.jsonl")
    code, out, err = run(project, "drift", "items", "--served", "served.jsonl", *BOTH)
    assert (code, err) == (1, "")
    both = "the stored features of 2026-11-01 .. 2026-11-02"
    assert f"ALARM   price_log: fall of coverage +100.0% (limit 50.0%) against {both}" in out
    code, out, _ = run(project, "drift", "items", "--served", "served.jsonl", "--json")
    assert code == 1
    told = json.loads(out)
    assert told["alarm"] is True
    assert {(one["column"], one["measure"]) for one in told["days"][0]["findings"] if one["level"] == "alarm"} == {
        ("price_log", "coverage")
    }


def test_profile_shows_each_column_and_measures_again_only_when_asked(run: Run, base: Path) -> None:
    code, out, _ = run(base, "profile", "items", *BOTH)
    assert code == 0
    assert "price_log" in out
    assert "measured" not in out
    assert "measured from the stored rows: 2026-11-01, 2026-11-02" in run(base, "profile", "items", *BOTH, "--again")[1]
    told = json.loads(run(base, "profile", "items", *BOTH, "--json")[1])
    assert sum(told["columns"]["position_bin"]["counts"]) == told["rows"]


def test_validate_judges_what_is_stored_by_the_table_as_it_is_now(run: Run, project: Path) -> None:
    code, out, err = run(project, "validate", "items", "--partition", "2026-11-01")
    assert (code, err) == (0, "")
    assert "may be published" in out
    change(project, "item_schemas", "clicked", "between=(0, 4)", "between=(0, 2)")
    code, out, _ = run(project, "validate", "items", *BOTH)
    assert code == 1
    assert out.startswith("items features of: 2 judged, 2 refused")
    assert "FAIL  position_bin.between: position_bin in [0, 2]" in out
    told = json.loads(run(project, "validate", "items", *BOTH, "--json")[1])
    assert (told["refused"], len(told["verdicts"])) == (True, 2)


def test_validate_names_the_file_that_cannot_be_read(run: Run, project: Path) -> None:
    good = next((project / "logs/impressions").rglob("*.parquet"))
    (project / "broken.parquet").write_text("no parquet")
    for words in (
        ["--table", f"{good}", "--schema", "Clicked", "--other", "Items=broken.parquet"],
        ["--table", f"{good}", "--table", "broken.parquet", "--schema", "Clicked"],
        ["items", "--partition", "2026-11-01", "--other", "Items=broken.parquet"],
    ):
        code, out, err = run(project, "validate", *words)
        assert (code, out) == (1, "")
        assert err.startswith("LogFileError: broken.parquet: cannot be read: ")


def test_validate_judges_files_by_a_table_of_the_project(run: Run, project: Path) -> None:
    rows = VersionedTable.open(project / "tables/items/features").scan().drop("dt").collect(engine="in-memory")
    rows.write_parquet(project / "rows.parquet")
    words = ["validate", "--table", "rows.parquet", "--schema", "Clicked"]
    assert run(project, *words)[0] == 0
    rows.with_columns(clicked=pl.lit(2, pl.Int8)).write_parquet(project / "rows.parquet")
    code, out, _ = run(project, *words)
    assert code == 1
    assert "FAIL  clicked.between" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["drift", "items", "--start", "2026-11-01"], "drift takes both --start and --end, or neither."),
        (
            ["drift", "items", "--against", "model-7"],
            "--against takes baseline, a day such as 2026-11-01, or a tag of the features (none); got 'model-7'.",
        ),
        (
            ["drift", "items", "--against", "baseline", "--served", "pyproject.toml"],
            "drift takes --against or --served, not both.",
        ),
        (
            ["drift", "items", "--served", "pyproject.toml"],
            "the log of served features is of .parquet, .jsonl or .jsonl.gz files",
        ),
        (
            ["profile", "items", "--start", "2027-01-01", "--end", "2027-01-01"],
            "they are there for 2026-11-01 .. 2026-11-02.",
        ),
        (["validate", "items"], "validate takes --partition, or both --start and --end."),
        (["validate"], "validate takes a pipeline and --partition (or --start and --end), or --table and --schema."),
        (["validate", "--table", "pyproject.toml", "--schema", "Click"], "Clicked"),
        (["validate", "items", "--partition", "2026-11-01", "--other", "Items"], "--other takes TABLE=FILE"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(run: Run, base: Path, words: list[str], said: str) -> None:
    code, out, err = run(base, *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert said in err
