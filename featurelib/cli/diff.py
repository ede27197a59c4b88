"""The command that compares two programs."""

import json

import click

from featurelib import runs
from featurelib.cli.options import days, engine, parallel_option, pipeline_argument, project
from featurelib.errors import UsageError


@click.command()
@pipeline_argument
@click.option("--before", type=click.IntRange(1), help="Version of the one program; by default that before --after.")
@click.option("--after", type=click.IntRange(1), help="Version of the other; the latest by default.")
@click.option("--start", metavar="DAY", help="Also count the rows whose values change, in samples since this day.")
@click.option("--end", metavar="DAY", help="Last day of these samples.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
@parallel_option
def diff(
    pipeline: str,
    before: int | None,
    after: int | None,
    start: str | None,
    end: str | None,
    parallel: int,
    *,
    as_json: bool,
) -> None:
    """Tell what two programs compute differently: edges that moved, terms that came and went, rows that change."""
    if (start is None) != (end is None):
        raise UsageError("diff takes both --start and --end, or neither.")
    window = None if start is None or end is None else days(start, end)
    declared, workspace = project(pipeline)
    found = runs.compare(declared, workspace, engine(parallel), before=before, after=after, days=window)
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else found.text())
