"""Commands that build: run, fit, backfill."""

import click

from featurelib import runs
from featurelib.cli.options import days, days_options, engine, parallel_option, pipeline_argument, project


@click.command()
@pipeline_argument
@click.option("--partition", required=True, metavar="DAY", help="The day, such as 2026-11-01.")
@parallel_option
def run(pipeline: str, partition: str, parallel: int) -> None:
    """Bring one day up to date."""
    declared, workspace = project(pipeline)
    report = runs.backfill(declared, workspace, days(partition, partition), engine(parallel), say=click.echo)
    click.echo(report.text())


@click.command()
@pipeline_argument
@days_options
@parallel_option
def backfill(pipeline: str, start: str, end: str, parallel: int) -> None:
    """Build what is missing or stale in a range of days; running it again changes nothing, or resumes."""
    declared, workspace = project(pipeline)
    report = runs.backfill(declared, workspace, days(start, end), engine(parallel), say=click.echo)
    click.echo(report.text())


@click.command()
@pipeline_argument
@click.option("--end", required=True, metavar="DAY", help="Last day to learn from.")
@click.option("--days", "length", required=True, type=click.IntRange(1), help="How many days, ending with --end.")
@parallel_option
def fit(pipeline: str, end: str, length: int, parallel: int) -> None:
    """Fit a new program on the samples of some days, building those that are missing."""
    declared, workspace = project(pipeline)
    window = days(end, end).ending(length)
    with runs.Run.begin(declared, workspace, engine(parallel)) as started:
        *_, version = map(runs.announced(click.echo), runs.fit_steps(started, window))
    click.echo(f"{pipeline}: program v{version}, fitted on {window}")
