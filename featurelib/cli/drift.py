"""Commands about how features are distributed: drift, profile."""

import json
import sys
from pathlib import Path

import click

from featurelib import runs
from featurelib.cli.options import days, days_options, engine, parallel_option, pipeline_argument, project
from featurelib.days import Days
from featurelib.errors import UsageError


@click.command()
@pipeline_argument
@click.option("--against", metavar="DAY|TAG", help="A day, a tag of the features, or baseline; by default see below.")
@click.option(
    "--served",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A log of served features, .parquet or .jsonl; may be given several times.",
)
@click.option("--start", metavar="DAY", help="First day.")
@click.option("--end", metavar="DAY", help="Last day.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines, with all findings.")
@parallel_option
def drift(
    pipeline: str,
    against: str | None,
    served: tuple[Path, ...],
    start: str | None,
    end: str | None,
    parallel: int,
    *,
    as_json: bool,
) -> None:
    """Tell how far features moved, by day; exit code 1 if something is beyond an alarm limit.

    The last seven days are compared with the days of the fit, the day before, and the same weekday a week before. With
    --served, a log of served features is compared with the newest day that is stored.
    """
    if served and against is not None:
        raise UsageError("drift takes --against or --served, not both.")
    window = _window(start, end)
    declared, workspace = project(pipeline)
    if served:
        found = runs.skew(declared, workspace, engine(parallel), served, days=window)
    else:
        found = runs.drift(declared, workspace, engine(parallel), against=against, days=window)
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else found.text())
    if found.is_alarm:
        sys.exit(1)


def _window(start: str | None, end: str | None) -> Days | None:
    if (start is None) != (end is None):
        raise UsageError("drift takes both --start and --end, or neither.")
    return None if start is None or end is None else days(start, end)


@click.command()
@pipeline_argument
@days_options
@click.option("--again", is_flag=True, help="Measure all days again, also those whose profile is kept.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table, with all cells.")
@parallel_option
def profile(pipeline: str, start: str, end: str, parallel: int, *, again: bool, as_json: bool) -> None:
    """Show how features are distributed: missing, coverage, mean, AUC alone; and keep the profiles of the days."""
    declared, workspace = project(pipeline)
    found = runs.profile(declared, workspace, engine(parallel), days(start, end), again=again)
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else found.text())
