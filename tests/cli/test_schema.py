"""``featurelib schema diff`` and ``lock`` on a tiny project: the way of a change, and every wrong use."""

import importlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from featurelib.cli import main
from featurelib.locks import Locks
from featurelib.schema.declaration import Declaration
from featurelib.settings import Settings

SHOP = """
import polars as pl
from featurelib.schema import Column, Table


class Samples(Table):
    version = "{version}"
    price = Column(dtype=pl.Float64(), doc="{doc}", between=(0, {high}))
"""


@dataclass(frozen=True)
class Answer:
    """What a command gave back."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A project whose tables a test declares, and its command line."""

    root: Path
    call: Callable[..., Answer]

    def declare(self, version: str = "1.0.0", *, doc: str = "Price.", high: int = 10) -> None:
        self.write("samples", SHOP.format(version=version, doc=doc, high=high))

    def write(self, module: str, text: str) -> None:
        (self.root / f"locked_schemas/{module}.py").write_text(text, encoding="utf-8")

    def lock_file(self, version: str = "1.0.0") -> Path:
        return self.root / f"locked_schemas/locks/Samples/{version}.json"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    (tmp_path / "locked_schemas").mkdir()
    (tmp_path / "locked_schemas/__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.featurelib]\nschemas = "locked_schemas"\n', encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(
        sys, "dont_write_bytecode", True
    )  # a module edited within a second would be taken for unchanged
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Answer:
        for name in [name for name in sys.modules if name.startswith("locked_schemas")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        monkeypatch.setattr(sys, "argv", ["featurelib", "schema", *words])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as left:
            code = int(left.code or 0)
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    made = Project(tmp_path, call)
    made.declare()
    return made


def test_a_table_is_locked_first_and_then_again_for_each_version(project: Project) -> None:
    first = project.call("diff")
    assert (first.code, first.out) == (0, "Samples 1.0.0 is not locked yet: run featurelib schema lock Samples.\n")
    assert project.call("diff", "--check").code == 1
    assert project.call("lock", "Samples").out == "locked locked_schemas/locks/Samples/1.0.0.json\n"
    assert project.call("lock", "--all").out == "1 table is as locked before\n"
    assert project.call("diff", "--check") == Answer(0, "1 table is as locked\n", "")

    project.declare("1.0.1", doc="Listed price.")
    assert "Samples 1.0.1, locked as 1.0.0: needs a patch step. Lock it" in project.call("diff").out
    assert project.call("diff", "--check").code == 1
    assert project.call("lock", "samples").out == "locked locked_schemas/locks/Samples/1.0.1.json\n"
    assert project.call("diff", "--check").code == 0
    assert project.call("diff", "Samples", "--against", "1.0.0").out.splitlines()[1:] == [
        "  patch  price.doc: 'Listed price.', was 'Price.'",
        "         breaks nobody: published rows keep the same promises",
    ]


def test_a_breaking_change_without_its_bump_fails_and_is_not_locked(project: Project) -> None:
    project.call("lock", "--all")
    before = project.lock_file().read_bytes()
    for version in ("1.0.0", "1.1.0"):
        project.declare(version, high=20)
        told = project.call("diff")
        assert told.code == 1
        assert "price.between: 0 to 20, was 0 to 10" in told.out
        assert "loosens, breaks readers" in told.out
        assert "this needs a major step, to 2.0.0" in told.out
        assert told.err == "VersionError: versions and declarations do not agree.\nTold above: Samples.\n"
        refused = project.call("lock", "--all")
        assert (refused.code, refused.out) == (1, "")
        assert "this needs a major step, to 2.0.0" in refused.err
    assert project.lock_file().read_bytes() == before
    project.declare("2.0.0", high=20)
    assert project.call("diff").code == 0
    assert project.call("lock", "--all").code == 0
    assert sorted(path.name for path in project.lock_file().parent.iterdir()) == ["1.0.0.json", "2.0.0.json"]


def test_a_change_that_breaks_nobody_fails_the_check_alone(project: Project) -> None:
    project.call("lock", "--all")
    project.declare(doc="Listed price.")
    assert project.call("diff").code == 0
    assert "VersionError" in project.call("diff", "--check").err


def test_json_tells_the_same(project: Project) -> None:
    project.call("lock", "--all")
    project.declare(high=5)
    told = project.call("diff", "--json")
    (table,) = json.loads(told.out)
    assert (told.code, table["state"], table["needed"], table["made"]) == (1, "unbumped", "major", None)
    assert table["changes"] == [
        {
            "where": "price.between",
            "what": "0 to 5, was 0 to 10",
            "effect": "tightens",
            "breaks": ["old data"],
            "bump": "major",
            "why": "rows written before may break it",
        }
    ]


def test_a_lock_edited_by_hand_is_found_and_named(project: Project) -> None:
    project.call("lock", "--all")
    path = project.lock_file()
    path.write_text(path.read_text().replace("Price.", "Prize."), encoding="utf-8")
    for words in (["diff"], ["lock", "--all"]):
        told = project.call(*words)
        assert told.code == 2
        assert f"LockError: {path}: it was edited: its content has the hash" in told.err
        assert "restore it from version control" in told.err


def test_a_lock_laid_out_otherwise_is_the_same(project: Project) -> None:
    project.call("lock", "--all")
    path = project.lock_file()
    path.write_text(json.dumps(json.loads(path.read_text()), indent=4), encoding="utf-8", newline="\r\n")
    assert project.call("diff", "--check").code == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("<<<<<<< HEAD\n{}", "it cannot be read"),
        ("{}", "it cannot be read"),
        ("[]", "it cannot be read"),
        ('{"format": 2}', "it has format 2. Use the featurelib that wrote it"),
    ],
)
def test_a_damaged_lock_is_named(project: Project, content: str, problem: str) -> None:
    project.call("lock", "--all")
    project.lock_file().write_text(content, encoding="utf-8")
    told = project.call("diff")
    assert told.code == 2
    assert f"LockError: {project.lock_file()}: {problem}" in told.err


def test_a_lock_of_another_version_or_name_is_refused(project: Project) -> None:
    project.call("lock", "--all")
    copy = project.lock_file("3.0.0")
    copy.write_bytes(project.lock_file().read_bytes())
    assert "it holds Samples 1.0.0: it was copied or renamed" in project.call("diff").err
    copy.rename(project.lock_file("newest"))
    assert "is not named by a version" in project.call("diff").err


def test_a_version_never_goes_back(project: Project) -> None:
    project.declare("1.2.0")
    project.call("lock", "--all")
    project.declare("1.1.0")
    for words in (["diff"], ["lock", "Samples"]):
        told = project.call(*words)
        assert told.code == 1
        assert (
            "Samples 1.1.0 is before the locked 1.2.0, and a version never goes back. Declare 1.2.0."
            in told.out + told.err
        )


def test_a_table_that_is_gone_breaks_its_readers(project: Project) -> None:
    project.call("lock", "--all")
    project.write("samples", SHOP.format(version="1.0.0", doc="Price.", high=10).replace("Samples", "Rows"))
    told = project.call("diff")
    assert told.code == 1
    assert "Samples is locked as 1.0.0, and no class declares it any more" in told.out


def test_the_check_also_holds_locks_against_those_before(project: Project) -> None:
    project.call("lock", "--all")
    project.declare("1.0.1", high=20)
    project.call("diff")  # imports it anew
    settings = Settings.find(project.root)
    Locks(settings.locks).write(Declaration.of(settings.table_class("Samples")))
    assert project.call("diff").code == 0
    assert "Samples 1.0.1 differs from the locked 1.0.0" in project.call("diff", "--check").err


def test_a_lock_is_never_written_again(project: Project) -> None:
    project.call("lock", "--all")
    locks = Locks(Settings.find(project.root).locks)
    with pytest.raises(ValueError, match=r"1\.0\.0\.json: it is there already"):
        locks.write(locks.read("Samples", "1.0.0"))


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["diff", "Sample"], r"no table 'Sample' in .*locked_schemas. Did you mean Samples\? There are: Samples."),
        (["diff", "Samples", "--against", "9.0.0"], "version 9.0.0 of table Samples is not locked; there are: none"),
        (["diff", "--against", "1.0.0"], "--against takes one TABLE"),
        (["diff", "Samples", "--check", "--against", "1.0.0"], "--against takes one TABLE"),
        (["lock"], "lock takes one TABLE, or --all"),
        (["lock", "Samples", "--all"], "lock takes one TABLE, or --all"),
    ],
)
def test_wrong_words_are_told(project: Project, words: list[str], problem: str) -> None:
    told = project.call(*words)
    assert (told.code, told.out) == (2, "")
    assert re.search(problem, told.err)


def test_two_tables_of_one_name_are_told(project: Project) -> None:
    project.write("others", SHOP.format(version="1.0.0", doc="Price.", high=10))
    told = project.call("diff")
    assert told.code == 2
    assert "two tables are called Samples: in locked_schemas.others and in locked_schemas.samples" in told.err
