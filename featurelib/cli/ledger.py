"""The command that accounts for rows: ledger."""

import json

import click

from featurelib import ledger as ledgers
from featurelib.cli.options import days, days_options, pipeline_argument, project


@click.command()
@pipeline_argument
@days_options
@click.option(
    "--hours", is_flag=True, help="Also hold impressions against samples, and clicks against credits, by hour."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def ledger(pipeline: str, start: str, end: str, *, hours: bool, as_json: bool) -> None:
    """Account for every row of some days: in, made, kept, dropped by reason; a sum that is off is an error."""
    declared, workspace = project(pipeline)
    found = ledgers.conservation(declared, workspace, days(start, end))
    click.echo(json.dumps(found.to_json(hours=hours), indent=1) if as_json else found.text(hours=hours))
