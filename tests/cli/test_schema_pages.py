"""The commands that make something of a declaration: schema docs, schema export, schema infer."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import yaml

from featurelib.cli import main
from featurelib.schema.measure import measure
from featurelib.tables import Lineage, Partition, VersionedTable

SETTINGS = (
    '[tool.featurelib]\nschemas = "shop_schemas"\npipelines = "shop_pipelines"\nlogs = "logs"\ntables = "tables"\n'
)
ITEMS = '''"""Items of the shop."""
import polars as pl
from featurelib.schema import Column, Table

class Items(Table):
    """One row per item."""
    key = ("item_id",)
    item_id = Column(dtype=pl.String(), doc="The item.", role="key")
    price = Column(dtype=pl.Float64(), doc="Price.", unit="USD", between=(0, None))
    sold = Column(dtype=pl.Int8(), doc="Label.", role="label", environments=("training",))
'''

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    for package, name, text in [("shop_schemas", "items", ITEMS), ("shop_pipelines", "ranking", "ranking = 1\n")]:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("", encoding="utf-8")
        (tmp_path / package / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "logs/clicks/dt=2026-11-01").mkdir(parents=True)
    line = '{"item_id": "007", "clicked_at": "2026-11-01T05:00:00Z", "user_id": 12345678901234567890}\n'
    (tmp_path / "logs/clicks/dt=2026-11-01/a.jsonl").write_text(line, encoding="utf-8")
    return tmp_path


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(project)

    def run(*words: str) -> tuple[int, str, str]:
        for name in [name for name in sys.modules if name.startswith("shop_")]:
            del sys.modules[name]
        monkeypatch.setattr(sys, "argv", ["featurelib", "schema", *words])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_docs_are_printed_or_written(run: Run, project: Path) -> None:
    code, shown, _ = run("docs", "Items")
    assert (code, shown.splitlines()[0]) == (0, "# Items")
    assert "sold" in shown
    assert "sold" not in run("docs", "items", "--within", "serving")[1]
    assert run("docs", "Items", "--html", "--to", "items.html") == (0, "wrote items.html\n", "")
    assert (project / "items.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_declaration_is_exported(run: Run, project: Path) -> None:
    code, shown, _ = run("export", "Items", "--format", "gx")
    assert code == 0
    assert json.loads(shown)["name"] == "Items"
    assert yaml.safe_load(run("export", "Items", "--format", "odcs")[1])["kind"] == "DataContract"
    assert json.loads(run("export", "Items", "--format", "json-schema")[1])["title"] == "Items"
    assert run("export", "Items", "--format", "arrow", "--to", "items.arrow", "--within", "serving")[0] == 0
    schema = pa.ipc.read_schema(pa.py_buffer((project / "items.arrow").read_bytes()))
    assert schema.names == ["item_id", "price"]


def test_a_log_is_inferred_by_its_folder_below_the_logs_a_pattern_or_a_file(run: Run, project: Path) -> None:
    _, shown, _ = run("infer", "clicks")
    assert "class Clicks(Table):" in shown
    assert "1 rows in 1 of 1 files: clicks." in shown
    assert 'clicked_at = Column(dtype=pl.Datetime("us", "UTC")' in shown
    assert "user_id = Column(dtype=pl.String()" in shown
    assert run("infer", "clicks/dt=*/*.jsonl")[1].splitlines()[7:] != []
    again = run("infer", "logs/clicks/dt=2026-11-01/a.jsonl", "--name", "Clicks")[1]
    assert again.partition("comment.")[2] == shown.partition("comment.")[2]


def test_a_file_is_never_overwritten(run: Run, project: Path) -> None:
    assert run("infer", "clicks", "--to", "shop_schemas/clicks.py") == (0, "wrote shop_schemas/clicks.py\n", "")
    before = (project / "shop_schemas/clicks.py").read_text(encoding="utf-8")
    code, _, said = run("infer", "clicks", "--name", "Other", "--to", "shop_schemas/clicks.py")
    assert code == 2
    assert "is there already" in said
    assert (project / "shop_schemas/clicks.py").read_text(encoding="utf-8") == before
    assert run("docs", "Clicks")[0] == 0  # what was written is a declaration of the project


def test_parquet_is_a_table_unless_it_is_said_to_be_a_log(run: Run, project: Path) -> None:
    pl.DataFrame({"made_at": [1793491200], "x": [1.5]}).write_parquet(project / "logs/made.parquet")
    assert "made_at = Column(dtype=pl.Int64()" in run("infer", "made.parquet")[1]
    assert 'epoch="s"' in run("infer", "made.parquet", "--log")[1]


def test_a_stored_table_of_a_pipeline_is_inferred(run: Run, project: Path) -> None:
    frame = pl.DataFrame({"item_id": ["a", "b"], "score": [0.5, None]})
    day = Partition.parse("2026-11-01")
    table = VersionedTable.create(project / "tables/ranking/features", frame.schema)
    lineage = Lineage(run="r", pipeline="ranking", partitions={str(day): {}})
    table.commit([table.stage(frame, day, run="r")], replaces=[day], lineage=lineage)
    code, shown, said = run("infer", "ranking")
    assert (code, said) == (0, "")
    assert "class RankingFeatures(Table):" in shown
    assert "all rows of ranking/features, version" in shown
    assert "dt = " not in shown
    assert 'key = ("item_id",)' in shown
    assert run("infer", "tables/ranking/features")[1] == shown  # by its log, not by the files that lie there
    declared: dict[str, Any] = {"__name__": "inferred"}
    exec(compile(shown, "inferred.py", "exec"), declared)  # noqa: S102  it is what the text is for
    assert not any(measure(frame.lazy(), declared["RankingFeatures"]).bad.values())


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (("infer", "nowhere"), "no path to files, and no pipeline"),
        (("infer", "nowhere/*.csv"), "no file at"),
        (("infer", "ranking"), "ranking/features"),
        (("infer", "clicks", "--table", "samples"), "is a path"),
        (("infer", "clicks", "--name", "2nd"), "name of a class"),
        (("export", "Items", "--format", "arrow"), "name a file with --to"),
        (("docs", "Item"), "Did you mean Items"),
        (("docs", "Items", "--within", "moon"), "no environment 'moon'"),
        (("docs", "Items", "--to", "no/folder.md"), "cannot be written"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_one_line(run: Run, words: tuple[str, ...], match: str) -> None:
    code, _, said = run(*words)
    assert code in {2, 3}
    assert match in said
    assert len(said.splitlines()) == 1
