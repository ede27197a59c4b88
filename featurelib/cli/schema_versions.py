"""Commands about the versions of declarations: schema diff, schema lock."""

import json
from collections.abc import Sequence
from pathlib import Path

import click

from featurelib import locks
from featurelib.errors import UsageError, VersionError
from featurelib.schema.evolution import Standing
from featurelib.settings import Settings


@click.command()
@click.argument("table", required=False)
@click.option("--against", metavar="VERSION", help="Compare TABLE with this locked version instead of the newest.")
@click.option("--check", is_flag=True, help="For CI: also fail unless every table is locked as it is declared.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def diff(table: str | None, against: str | None, *, check: bool, as_json: bool) -> None:
    """Tell what changed in the declaration of TABLE, or of all tables, since it was locked, and whom it breaks.

    Exit code 1 if readers or old data break, and the version does not say so.
    """
    if against is not None and (table is None or check):
        raise UsageError("--against takes one TABLE, as each table has its own versions, and no --check.")
    settings = Settings.find(Path.cwd())
    if table is None:
        found = locks.standings(settings.table_classes().values(), settings.locks)
    else:
        found = [locks.standing(settings.table_class(table), settings.locks, against=against)]
    differ = [each.table for each in found if (each.state != "locked" if check else each.breaks_unsaid)]
    wrong = [f"Told above: {', '.join(differ)}."] if differ else []
    if check:
        wrong += [each.text() for each in locks.history(settings.locks, [each.table for each in found])]
    click.echo(json.dumps([each.to_json() for each in found], indent=1) if as_json else _text(found))
    if wrong:
        raise VersionError(wrong)


@click.command()
@click.argument("table", required=False)
@click.option("--all", "every", is_flag=True, help="All tables of the project.")
def lock(table: str | None, *, every: bool) -> None:
    """Lock the declared version of TABLE, in a file that is never changed again.

    Refused if the version is not raised as the changes since the newest lock need.
    """
    if every == (table is not None):
        raise UsageError("lock takes one TABLE, or --all.")
    settings = Settings.find(Path.cwd())
    tables = list(settings.table_classes().values()) if table is None else [settings.table_class(table)]
    written = locks.lock(tables, settings.locks)
    for path in written:
        click.echo(f"locked {path.relative_to(settings.root)}")
    left = len(tables) - len(written)
    if left:
        click.echo(f"{_count(left)} as locked before")


def _text(found: Sequence[Standing]) -> str:
    told = [each.text() for each in found if each.state != "locked"]
    same = len(found) - len(told)
    return "\n".join([*told, *([f"{_count(same)} as locked"] if same else [])])


def _count(tables: int) -> str:
    return "1 table is" if tables == 1 else f"{tables} tables are"
