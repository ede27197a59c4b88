"""Settings: what a project says of itself, and what it may not say."""

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
