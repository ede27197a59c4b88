"""Commands about rows set aside: quarantine show, quarantine replay."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from featurelib import runs
from featurelib.cli.options import days, days_options, engine, now_option, parallel_option, pipeline_argument, project


def _which(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--log`` and ``--reason``."""
    command = click.option("--reason", help="Only rows set aside for this reason, such as out_of_range.")(command)
    return click.option("--log", help="Only rows of this log, or of features.")(command)


@click.group()
def quarantine() -> None:
    """Look at rows that were set aside, or put back those that are good by now."""


@quarantine.command()
@pipeline_argument
@days_options
@_which
@click.option("--limit", default=20, show_default=True, type=click.IntRange(0), help="How many examples.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def show(
    pipeline: str, start: str, end: str, log: str | None, reason: str | None, limit: int, *, as_json: bool
) -> None:
    """Count the rows in quarantine by log and reason, with examples: file, line and row."""
    declared, workspace = project(pipeline)
    found = runs.quarantined(declared, workspace, days(start, end), log=log, reason=reason, limit=limit)
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else found.text())


@quarantine.command()
@pipeline_argument
@days_options
@_which
@parallel_option
@now_option
def replay(
    pipeline: str, start: str, end: str, log: str | None, reason: str | None, parallel: int, now: datetime | None
) -> None:
    """Build days with such rows again, as declared now, and tell how many rows were put back.

    For use after a fix of the declaration, the schema or the files.
    """
    declared, workspace = project(pipeline)
    wanted = days(start, end)
    done = runs.replay(declared, workspace, wanted, engine(parallel), say=click.echo, log=log, reason=reason, now=now)
    click.echo(done.text())
