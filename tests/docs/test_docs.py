"""The pages tell the truth: their code runs, their links lead somewhere, and they leave nothing out.

A comment above a fenced block says what the tests do with it:

- ``<!-- test: file PATH -->`` writes the block to PATH in the page's project,
- ``<!-- test: shell -->`` runs the lines that start with ``$``, before any Python of the page; other lines, but
  ``...``, must be in what they print,
- ``<!-- test: run -->`` runs the block as Python, after the blocks of the same page above it,
- ``<!-- test: prints -->`` is exactly what the block above it printed.

The how-to pages run in a copy of the project that ``docs/start.md`` builds.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import click
import pytest

from featurelib import errors
from featurelib.cli.main import cli
from featurelib.program import load
from featurelib.program.primitive import Kind
from featurelib.tables import VersionedTable
from featurelib.testing.examples import ASKED, EXAMPLES, awkward_table
from featurelib.transforms import TRANSFORMS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
COMMANDS = {name: cli.get_command(click.Context(cli), name) for name in cli.list_commands(click.Context(cli))}
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
BLOCK = re.compile(
    r"^<!-- test: (?P<what>\w+) ?(?P<path>\S*) -->\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
CUT = "\x1d"  # what a page prints between two of its blocks


@dataclass(frozen=True)
class Block:
    what: str
    path: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(**found.groupdict()) for found in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def run(command: list[str], project: Path) -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": str(project),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of docs/start.md, built as the page says."""
    project = tmp_path_factory.mktemp("start")
    for package in ("pipelines", "schemas"):
        (project / package).mkdir()
        (project / package / "__init__.py").touch()
    follow(DOCS / "start.md", project)
    return project


def follow(page: Path, project: Path) -> None:
    """Write the files of a page, and then run its commands, which must print what it shows."""
    steps = blocks(page)
    for block in steps:
        if block.what == "file":
            path = project / block.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    for block in steps:
        if block.what == "shell":
            lines = block.text.splitlines()
            printed = "".join(run(line[2:].split(), project) for line in lines if line.startswith("$ "))
            for line in lines:
                assert line == "..." or line.startswith("$ ") or line in printed.splitlines(), (
                    f"{page.name}: {line!r} not in\n{printed}"
                )


WITH_CODE = [page for page in PAGES if any(block.what == "run" for block in blocks(page))]


def test_pages_with_code_are_found() -> None:
    names = {page.stem for page in WITH_CODE}
    assert names >= {
        "README",
        "start",
        "build-samples",
        "add-a-transform",
        "use-with-scikit-learn",
        "read-a-table",
        "serve-a-program",
        "serve-windows",
        "repair",
        "run-on-a-cluster",
    }


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_and_prints_what_the_page_shows(page: Path, built: Path, tmp_path: Path) -> None:
    project = shutil.copytree(built, tmp_path / "project")
    if page.name != "start.md":
        follow(page, project)
    code = [block for block in blocks(page) if block.what in {"run", "prints"}]
    script = "".join(block.text if block.what == "run" else f"print({CUT!r})\n" for block in code)
    (project / "page.py").write_text(script, encoding="utf-8")
    printed = run([sys.executable, "-W", "error", "page.py"], project).split(f"{CUT}\n")
    assert printed[: -1 if printed[-1] == "" else None] == [block.text for block in code if block.what == "prints"]


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            yield page, target


def test_every_link_and_picture_is_there() -> None:
    broken = []
    for page, target in links():
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_path_in_code_type_is_there() -> None:
    path = re.compile(r"`((?:featurelib|pipelines|schemas|examples|tests|benchmarks|docs)/[\w./-]*)`")
    named = [(page, found) for page in PAGES for found in path.findall(page.read_text(encoding="utf-8"))]
    broken = [(page.name, found) for page, found in named if not (ROOT / found).exists()]
    assert broken == []


def test_every_page_is_in_the_site() -> None:
    site = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    left_out = [str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page.parent.name != "changes"]
    assert [name for name in left_out if f'"{name}"' not in site] == []


def inner_commands(command: click.Command) -> dict[str, click.Command]:
    """Return the commands of a group, by name; none of a command that is no group."""
    if not isinstance(command, click.Group):
        return {}
    context = click.Context(command)
    found = {name: command.get_command(context, name) for name in command.list_commands(context)}
    return {name: inner for name, inner in found.items() if inner is not None}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    page = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    found = re.search(rf"^### `featurelib {name}\b.*?(?=^##|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found is not None, f"docs/reference/cli.md has no heading for featurelib {name}"
    inside = inner_commands(COMMANDS[name])
    assert [word for word in inside if f"`featurelib {name} {word}" not in found[0]] == []
    for parameter in [parameter for each in (COMMANDS[name], *inside.values()) for parameter in each.params]:
        word = max(parameter.opts, key=len) if isinstance(parameter, click.Option) else parameter.human_readable_name
        assert word in found[0], f"docs/reference/cli.md says nothing of {word} of featurelib {name}"


def test_every_command_in_a_page_exists() -> None:
    command = re.compile(r"^\$ (?:\.venv/bin/)?featurelib ([\w-]+)", re.MULTILINE)
    named = [(page.name, found) for page in PAGES for found in command.findall(page.read_text(encoding="utf-8"))]
    assert [(page, found) for page, found in named if found not in COMMANDS] == []


def test_the_tree_of_errors_is_the_one_in_the_code() -> None:
    page = (DOCS / "reference" / "errors.md").read_text(encoding="utf-8")
    tree = re.search(r"```text\n(.*?)```", page, re.DOTALL)
    assert tree is not None
    documented = [line.strip() for line in tree[1].splitlines()]
    assert [
        line for line in documented if line not in [own.strip() for own in (errors.__doc__ or "").splitlines()]
    ] == []
    classes = [
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.FeaturelibError)
    ]
    assert [name for name in classes if name not in tree[1]] == []


def rows_of(heading: str) -> dict[str, list[str]]:
    """Return the cells of the table below a heading of the page of transforms, by name."""
    page = (DOCS / "reference" / "transforms.md").read_text(encoding="utf-8")
    section = page.split(heading)[1].split("\n## ")[0]
    lines = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in lines}


def test_every_transform_is_documented() -> None:
    ours = {name for name, kind in TRANSFORMS.items() if kind.__module__.startswith("featurelib.")}
    listed = rows_of("# Transforms")
    assert set(listed) == ours
    for name, cells in listed.items():
        assert f"`{TRANSFORMS[name].__name__}(" in cells[0]
        assert f"`__{TRANSFORMS[name].suffix}" in cells[1]
        parameters = {field.name for field in fields(TRANSFORMS[name])} - {"column", "columns"}
        assert {word for word in parameters if f"{word}=" not in cells[0]} == set(), name
    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")
    assert {name for name in ours if not re.search(rf"\b{TRANSFORMS[name].__name__}[,\]]", page)} == set()
    assert {name: type(example) for name, example in EXAMPLES.items()} == {name: TRANSFORMS[name] for name in ours}
    assert set(rows_of("## What a row costs")) == ours


@pytest.mark.parametrize("kind", ASKED)
def test_the_page_shows_what_awkward_values_become(kind: Kind) -> None:
    page = (DOCS / "reference" / "transforms.md").read_text(encoding="utf-8")
    table = awkward_table(kind)
    assert table in page, f"docs/reference/transforms.md should have:\n{table}"


def test_no_page_names_a_machine() -> None:
    private = re.compile(r"(?<![\w.])/(?:home|root|Users|tmp|work|opt|mnt|var)/|127\.0\.0\.1:\d|@[\w.]+\.local\b")
    pages = [*PAGES, *DOCS.rglob("*.svg"), ROOT / "zensical.toml", ROOT / "requirements-docs.lock"]
    assert [
        f"{page.relative_to(ROOT)}: {found[0]}" for page in pages if (found := private.search(page.read_text()))
    ] == []


def test_the_lock_of_the_docs_holds_no_address() -> None:
    lock = (ROOT / "requirements-docs.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index-url" not in lock


@pytest.mark.slow
def test_the_life_of_one_click_is_the_one_that_the_page_tells(tmp_path: Path) -> None:
    for folder in ("pipelines", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "pyproject.toml").write_text("[tool.featurelib]\n", encoding="utf-8")
    page = (DOCS / "how-it-works.md").read_text(encoding="utf-8")
    for line in re.findall(r"^\$ (featurelib .*)$", page, re.MULTILINE):
        run(line.split(), tmp_path)
    tables = tmp_path / "data" / "tables" / "search_ranking"
    sample, features = (
        VersionedTable.open(tables / name).scan().filter(event_id="0013194139533696").collect().row(0, named=True)
        for name in ("samples", "features")
    )
    assert sample["item_click_rate_7d"] == 2 / 44
    assert (sample["clicked"], sample["clicked__count"]) == (1, 1)
    told = {"query_index": 26, "item_index": 1, "age_missing": 3, "device_x_position": 819}
    assert told.items() <= features.items()
    assert (round(features["price_z"], 3), round(features["item_click_rate_z"], 3)) == (-0.392, 0.45)
    program = load(tables)
    assert program.transform_row(sample).items() <= features.items()
    terms = {chain.into: len(chain.steps[0].tables().get("terms", [])) for chain in program.chains}
    assert f"`index`, {terms['query_index']} terms | `red bottle`" in page
    assert f"`index`, {terms['item_index']} terms | `10000239e0`" in page
