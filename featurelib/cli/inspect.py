"""Commands that look: show, plan, history."""

import json
from datetime import datetime

import click

from featurelib import ledger
from featurelib.cli.options import days, now_option, opened, pipeline_argument, project, table_option
from featurelib.errors import UsageError
from featurelib.tables import Partition


@click.command()
@pipeline_argument
def show(pipeline: str) -> None:
    """Show what a pipeline reads, makes and needs."""
    declared, workspace = project(pipeline)
    for name, value in declared.describe().items():
        if isinstance(value, list):
            click.echo(f"{name + ':':<15}{len(value)}")
            for item in value:
                click.echo(f"{'':<15}{item}")
        elif isinstance(value, dict):
            for key, item in value.items():
                click.echo(f"{name + ':':<15}{key:<15} {item}")
        else:
            click.echo(f"{name + ':':<15}{value}")
    click.echo(f"{'tables:':<15}{workspace.pipeline(declared.name)}")


@click.command()
@pipeline_argument
@click.option("--start", metavar="DAY", help="First day, such as 2026-11-01.")
@click.option("--end", metavar="DAY", help="Last day, such as 2026-11-30.")
@click.option("--explain", metavar="PARTITION", help="Instead, tell all about one day or hour: files then and now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of ranges.")
@now_option
def plan(
    pipeline: str,
    start: str | None,
    end: str | None,
    explain: str | None,
    as_json: bool,  # noqa: FBT001  # click passes it by name
    now: datetime | None,
) -> None:
    """Tell which partitions are missing, provisional, stale, failed or complete, and why."""
    declared, workspace = project(pipeline)
    if explain is not None:
        told = ledger.explain(declared, workspace, Partition.parse(explain), now=now)
        click.echo(json.dumps(told.to_json(), indent=1) if as_json else told.text())
        return
    if start is None or end is None:
        raise UsageError("plan needs --start and --end, or --explain and one partition.")
    found = ledger.plan(declared, workspace, days(start, end), now=now)
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else found.text())


@click.command()
@pipeline_argument
@table_option
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1), help="How many versions, newest first.")
def history(pipeline: str, table: str, limit: int) -> None:
    """List the versions of a table."""
    for record in opened(pipeline, table).history(limit):
        span = f"{record.partitions[0]} .. {record.partitions[-1]}" if record.partitions else ""
        click.echo(
            f"{record.version:>6}  {record.at:%Y-%m-%d %H:%M:%S}Z  {record.operation:<12} {record.run or '':<14}{span}"
        )
