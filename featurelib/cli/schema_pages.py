"""Commands that make something of a declaration: schema docs, schema export."""

import json
from collections.abc import Callable
from pathlib import Path

import click

from featurelib.errors import StorageError, UsageError
from featurelib.schema import Table
from featurelib.schema.arrow import to_arrow
from featurelib.schema.json_schema import json_schema_text
from featurelib.schema.odcs import odcs_text
from featurelib.schema.pages import to_html, to_markdown
from featurelib.schema.suite import suite
from featurelib.settings import Settings

_within = click.option("--within", metavar="ENVIRONMENT", help="As the table is there, such as serving.")


@click.command()
@click.argument("table", metavar="TABLE")
@click.option("--html", "as_html", is_flag=True, help="One HTML page instead of Markdown.")
@_within
@click.option("--to", type=click.Path(path_type=Path), help="Write this file instead of printing.")
def docs(table: str, within: str | None, to: Path | None, *, as_html: bool) -> None:
    """Tell for people what TABLE means: columns, rules and what follows, references, limits, owner."""
    declared = _declared(table, within)
    _give(to_html(declared) if as_html else to_markdown(declared), to)


@click.command()
@click.argument("table", metavar="TABLE")
@click.option(
    "--format",
    "form",
    required=True,
    type=click.Choice(["gx", "odcs", "json-schema", "arrow"]),
    help="Of what to make.",
)
@_within
@click.option("--to", type=click.Path(path_type=Path), help="Write this file instead of printing.")
def export(table: str, form: str, within: str | None, to: Path | None) -> None:
    """Make of TABLE what other tools read.

    gx: a Great Expectations suite, JSON. odcs: an Open Data Contract Standard 3.1 contract, YAML. json-schema: the JSON
    Schema (2020-12) of one row. arrow: the Arrow schema as an IPC message, into the file that --to names.
    """
    declared = _declared(table, within)
    if form == "arrow":
        if to is None:
            raise UsageError("an Arrow schema is bytes: name a file with --to.")
        _write(to, to_arrow(declared).serialize().to_pybytes())
        return
    texts: dict[str, Callable[[type[Table]], str]] = {
        "gx": _suite_text,
        "odcs": odcs_text,
        "json-schema": json_schema_text,
    }
    _give(texts[form](declared), to)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, and say so.

    Raises
    ------
    UsageError
        If there is a file.
    StorageError
        If it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already, and may have been curated: name another file.") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error}).") from error
    click.echo(f"wrote {path}")


def _declared(name: str, environment: str | None) -> type[Table]:
    table = Settings.find(Path.cwd()).table_class(name)
    return table if environment is None else table.within(environment)


def _suite_text(table: type[Table]) -> str:
    return json.dumps(suite(table), indent=2) + "\n"


def _give(text: str, to: Path | None) -> None:
    if to is None:
        click.echo(text, nl=False)
    else:
        _write(to, text.encode())


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written ({error}).") from error
    click.echo(f"wrote {path}")
