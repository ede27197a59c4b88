"""Words that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from featurelib.days import Days
from featurelib.engine import Engine, Loop, Processes
from featurelib.pipeline import Pipeline
from featurelib.settings import Settings
from featurelib.workspace import Workspace

_Command = Callable[..., Any]

pipeline_argument = click.argument("pipeline", metavar="PIPELINE")
table_option = click.option(
    "--table", default="features", show_default=True, help="Which table: features, samples, quarantine, ..."
)


def days_options(command: _Command) -> _Command:
    """Add ``--start`` and ``--end``, both included."""
    command = click.option("--end", required=True, metavar="DAY", help="Last day, such as 2026-11-30.")(command)
    return click.option("--start", required=True, metavar="DAY", help="First day, such as 2026-11-01.")(command)


def parallel_option(command: _Command) -> _Command:
    """Add ``--parallel``."""
    text = "Processes to spread the tasks over; 1 runs them one after another."
    return click.option("--parallel", default=1, show_default=True, type=click.IntRange(1, 64), help=text)(command)


def project(name: str) -> tuple[Pipeline, Workspace]:
    """Return a pipeline of the project around the working directory, and the project's roots."""
    settings = Settings.find(Path.cwd())
    return settings.pipeline(name), settings.workspace


def days(start: str, end: str) -> Days:
    """Return the days from words."""
    return Days.parse(start, end)


def engine(parallel: int) -> Engine:
    """Return the engine for a number of processes."""
    return Loop() if parallel == 1 else Processes(parallel)
