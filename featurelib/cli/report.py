"""The command that writes the page of a pipeline."""

from datetime import datetime
from pathlib import Path

import click

from featurelib.cli.options import days, engine, now_option, parallel_option, pipeline_argument, project
from featurelib.errors import UsageError
from featurelib.runs.page import write_page


@click.command()
@pipeline_argument
@click.option(
    "--start", metavar="DAY", help="First day, such as 2026-11-01; by default the first that was built or tried."
)
@click.option("--end", metavar="DAY", help="Last day; by default the last of these, with 90 days at most.")
@click.option("--to", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page.")
@parallel_option
@now_option
def report(
    pipeline: str, start: str | None, end: str | None, to: Path | None, parallel: int, now: datetime | None
) -> None:
    """Write one HTML page of what ran: rows by reason, checks, distributions, drift, labels, partitions, lineage."""
    if (start is None) != (end is None):
        raise UsageError("report takes --start and --end together, or neither for all days that were built or tried.")
    declared, workspace = project(pipeline)
    wanted = None if start is None or end is None else days(start, end)
    path = write_page(declared, workspace, engine(parallel), days=wanted, to=to, now=now)
    click.echo(f"{path}: {path.stat().st_size / 1000:,.0f} kB, opens in any browser")
