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


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="run inside a project"):
        Settings.find(tmp_path)


def test_a_package_of_the_same_name_elsewhere_is_not_taken_for_the_projects_own(tmp_path: Path) -> None:
    folder = project(tmp_path, "") / "pipelines"
    folder.mkdir()
    (folder / "open_bandit.py").write_text("", encoding="utf-8")  # no __init__.py: the installed package wins
    with pytest.raises(UsageError, match="another package is called 'pipelines' too"):
        Settings.find(tmp_path).pipeline("open_bandit")
