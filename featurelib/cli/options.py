"""Words that several commands share."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from featurelib.days import Days
from featurelib.engine import Engine, Loop, Processes
from featurelib.errors import UsageError
from featurelib.ledger import STATES, State
from featurelib.pipeline import Pipeline
from featurelib.settings import Settings
from featurelib.tables import VersionedTable
from featurelib.workspace import Workspace

_Command = Callable[..., Any]

pipeline_argument = click.argument("pipeline", metavar="PIPELINE")
table_option = click.option(
    "--table",
    default="features",
    show_default=True,
    help="Which table: features, samples, quarantine, or tiles as `show` names them.",
)


def days_options(command: _Command) -> _Command:
    """Add ``--start`` and ``--end``, both included."""
    command = click.option("--end", required=True, metavar="DAY", help="Last day, such as 2026-11-30.")(command)
    return click.option("--start", required=True, metavar="DAY", help="First day, such as 2026-11-01.")(command)


def parallel_option(command: _Command) -> _Command:
    """Add ``--parallel``."""
    text = "Processes to spread the tasks over; 1 runs them one after another."
    return click.option("--parallel", default=1, show_default=True, type=click.IntRange(1, 64), help=text)(command)


def now_option(command: _Command) -> _Command:
    """Add ``--now``."""
    text = "Judge what is mature as of this instant, such as 2026-11-02T03:00Z; the clock's by default."
    return click.option("--now", default=None, metavar="INSTANT", callback=instant, help=text)(command)


def instant(_context: click.Context, parameter: click.Parameter, text: str | None) -> datetime | None:
    """Return the instant that a word of the command line names."""
    name = parameter.opts[0]
    try:
        instant = None if text is None else datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{name} is an instant such as 2026-11-02T03:00Z, got {text!r}.") from error
    if instant is not None and instant.tzinfo is None:
        raise UsageError(f"{name} needs a time zone, got {text!r}; write {instant:%Y-%m-%dT%H:%M:%S}Z for UTC.")
    return instant


def states(text: str | None) -> tuple[State, ...]:
    """Return states from words such as ``missing,stale``; all of them without words.

    Raises
    ------
    UsageError
        If a word is no state that can be repaired.
    """
    if text is None:
        return STATES
    words = [word.strip() for word in text.split(",")]
    known = {state: state for state in STATES if state != "complete"}
    unknown = [word for word in words if word not in known]
    if unknown:
        raise UsageError(f"--only takes {', '.join(known)}, separated by commas; got {unknown[0]!r}.")
    return tuple(known[word] for word in words if word in known)


def project(name: str) -> tuple[Pipeline, Workspace]:
    """Return a pipeline of the project around the working directory, and the project's roots."""
    settings = Settings.find(Path.cwd())
    return settings.pipeline(name), settings.workspace


def opened(name: str, table: str) -> VersionedTable:
    """Open a table of a pipeline, or of tiles that it reads."""
    declared, workspace = project(name)
    of_tiles = {spec.name for spec in declared.tiles}
    return VersionedTable.open(workspace.tiles(table) if table in of_tiles else workspace.table(declared.name, table))


def days(start: str, end: str) -> Days:
    """Return the days from words."""
    return Days.parse(start, end)


def engine(parallel: int) -> Engine:
    """Return the engine for a number of processes."""
    return Loop() if parallel == 1 else Processes(parallel)
