"""The command that makes click logs."""

from pathlib import Path
from typing import get_args

import click

from featurelib.cli.options import days as parse_days
from featurelib.generator import ClickLogs
from featurelib.generator import generate as generate_logs
from featurelib.generator.declaration import Every, Fault, Format
from featurelib.settings import Settings


@click.command()
@click.option("--days", required=True, type=click.IntRange(1), help="How many days.")
@click.option("--users", required=True, type=click.IntRange(1), help="How many users.")
@click.option("--items", required=True, type=click.IntRange(1), help="How many items.")
@click.option("--rows", required=True, type=click.IntRange(1), help="Impressions over all days.")
@click.option("--seed", default=1, show_default=True, type=int, help="Another seed gives other logs.")
@click.option("--start", default="2026-11-01", show_default=True, metavar="DAY", help="First day.")
@click.option("--every", default="1h", show_default=True, type=click.Choice(get_args(Every)), help="Partition length.")
@click.option("--format", "form", default="parquet", show_default=True, type=click.Choice(get_args(Format)))
@click.option("--fault", default=None, type=click.Choice(get_args(Fault)), help="Plant one known fault.")
@click.option("--truth", is_flag=True, help="Also write the true click probabilities.")
@click.option("--out", type=click.Path(path_type=Path), help="Log root; the project's by default.")
def generate(
    days: int,
    users: int,
    items: int,
    rows: int,
    seed: int,
    start: str,
    every: Every,
    form: Format,
    fault: Fault | None,
    out: Path | None,
    *,
    truth: bool,
) -> None:
    """Write impression, click and order logs: the same words give the same bytes."""
    logs = ClickLogs(
        days=days,
        users=users,
        items=items,
        rows=rows,
        seed=seed,
        start=parse_days(start, start).start,
        every=every,
        format=form,
        fault=fault,
        truth=truth,
    )
    root = out or Settings.find(Path.cwd()).workspace.logs
    for name, count in generate_logs(logs, root).logs.items():
        click.echo(f"{name:<12} {count.rows:>12,} rows {count.files:>6} files {count.bytes / 1e6:>9.1f} MB")
