"""Settings: what a project says of itself, and what it may not say."""

import sys
from pathlib import Path

import pytest

from featurelib.errors import UsageError
from featurelib.settings import Settings


def project(root: Path, said: str) -> Path:
    (root / "pyproject.toml").write_text(f"[tool.featurelib]\n{said}\n", encoding="utf-8")
    return root


def test_paths_are_relative_to_the_project_wherever_one_stands(tmp_path: Path) -> None:
    inside = project(tmp_path, 'tables = "out"') / "a" / "b"
    inside.mkdir(parents=True)
    assert Settings.find(inside).workspace.tables == tmp_path / "out"


def test_an_address_of_an_object_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"tables: .*built in local folders, not s3://bucket/tables"):
        Settings.find(project(tmp_path, 'tables = "s3://bucket/tables"'))


def test_an_unknown_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[tool.featurelib\]: tabels"):
        Settings.find(project(tmp_path, 'tabels = "out"'))


def test_a_value_that_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\[tool.featurelib\]: logs: a text is needed, got 3"):
        Settings.find(project(tmp_path, "logs = 3"))


def test_settings_that_are_no_table_are_refused(tmp_path: Path) -> None:
    for said in ("3", '"logs"', "[]", "false"):
        (tmp_path / "pyproject.toml").write_text(f"[tool]\nfeaturelib = {said}\n")
        with pytest.raises(UsageError, match=r"\[tool.featurelib\] has to be a table, got"):
            Settings.find(tmp_path)
    (tmp_path / "pyproject.toml").write_text("tool = 3\n")
    with pytest.raises(UsageError, match="run inside a project"):
        Settings.find(tmp_path)


@pytest.mark.parametrize("name", ["", "../pipelines", ".pipelines"])
def test_a_package_without_a_name_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[tool.featurelib]\npipelines = "{name}"\n')
    with pytest.raises(UsageError, match="pipelines: the name of a package is needed, got"):
        Settings.find(tmp_path)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import json\njson.loads('{')", r"JSONDecodeError: .*, at .*broken\.py:2\.$"),
        ("from featurelib.logs import Log\nLog(size=3)", r"TypeError: .*'size', at .*broken\.py:2\.$"),
        ("x = (", r"SyntaxError: .*broken\.py, line 1"),
    ],
)
def test_a_module_that_cannot_be_imported_is_the_projects_own_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    folder = project(tmp_path, f'pipelines = "{tmp_path.name}_pipelines"') / f"{tmp_path.name}_pipelines"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "broken.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UsageError, match=rf"module \w+\.broken cannot be imported: {said}"):
        Settings.find(tmp_path).pipeline("broken")


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run inside a project"):
        Settings.find(tmp_path)


def test_a_package_of_the_same_name_elsewhere_is_not_taken_for_the_projects_own(tmp_path: Path) -> None:
    folder = project(tmp_path, "") / "pipelines"
    folder.mkdir()
    (folder / "open_bandit.py").write_text("", encoding="utf-8")  # no __init__.py: the installed package wins
    with pytest.raises(UsageError, match="another package is called 'pipelines' too"):
        Settings.find(tmp_path).pipeline("open_bandit")


@pytest.fixture
def with_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Settings, Path]:
    """A project and its package of tables, whose name no other test has."""
    package = f"{tmp_path.name}_tables"
    monkeypatch.setattr("sys.path", list(sys.path))
    folder = project(tmp_path, f'schemas = "{package}"') / package
    folder.mkdir()
    (folder / "__init__.py").write_text("from . import shop\n", encoding="utf-8")
    (folder / "shop.py").write_text(f"{TABLE}\nclass Clicks(_Base): pass\nAgain = Clicks\n", encoding="utf-8")
    return Settings.find(tmp_path), folder


TABLE = """
import polars as pl
from featurelib.schema import Column, Table
class _Base(Table):
    x = Column(dtype=pl.Int8(), doc="A number.")
"""


def test_tables_are_found_in_every_module_of_their_package(with_tables: tuple[Settings, Path]) -> None:
    settings, folder = with_tables
    (folder / "deeper").mkdir()
    (folder / "deeper/orders.py").write_text(f"{TABLE}\nclass Orders(_Base): pass\n", encoding="utf-8")
    (folder / "_draft.py").write_text("1 / 0", encoding="utf-8")
    assert list(settings.table_classes()) == ["Clicks", "Orders"]
    assert settings.table_class("shop") is settings.table_class("Clicks")
    assert settings.table_class("deeper.orders") is settings.table_class("Orders")
    assert settings.locks == folder / "locks"


def test_a_table_that_is_not_there_is_told_with_those_that_are(with_tables: tuple[Settings, Path]) -> None:
    settings, folder = with_tables
    (folder / "pair.py").write_text(f"{TABLE}\nclass A(_Base): pass\nclass B(_Base): pass\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"no table 'Click' in .*\. Did you mean Clicks\? There are: A, B, Clicks\."):
        settings.table_class("Click")
    with pytest.raises(UsageError, match=r"_tables\.pair defines 2 tables: A, B\. Name one of them"):
        settings.table_class("pair")


def test_two_tables_of_one_name_are_refused(with_tables: tuple[Settings, Path]) -> None:
    settings, folder = with_tables
    (folder / "web.py").write_text(f"{TABLE}\nclass Clicks(_Base): pass\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"two tables are called Clicks: in \w+\.shop and in \w+\.web"):
        settings.table_classes()


def test_a_project_without_tables_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", list(sys.path))
    settings = Settings.find(project(tmp_path, f'schemas = "{tmp_path.name}_none"'))
    with pytest.raises(UsageError, match="no folder"):
        settings.table_classes()
    (tmp_path / f"{tmp_path.name}_none").mkdir()
    (tmp_path / f"{tmp_path.name}_none/__init__.py").touch()
    with pytest.raises(UsageError, match="none of its modules has a subclass"):
        settings.table_classes()
