"""Command that holds what was served against what this code computes: parity."""

import json
from pathlib import Path

import click

from featurelib.cli.options import pipeline_argument, project
from featurelib.errors import DataRefusedError, UsageError
from featurelib.online import OnlineStore
from featurelib.runs.parity import Limits, Served, beside_table, replayed

_FILE = click.Path(path_type=Path)
_SHARE = click.FloatRange(0, 1)


@click.command()
@pipeline_argument
@click.option("--served", required=True, multiple=True, type=_FILE, help="File of served rows; may be given again.")
@click.option("--table", is_flag=True, help="Instead of replaying, compare with the stored features, by key.")
@click.option("--program", "version", type=click.IntRange(1), help="Version that served; the latest by default.")
@click.option("--online", metavar="FOLDER", type=_FILE, help="The export of windows that served.")
@click.option("--by", multiple=True, metavar="COLUMN", help="Choose rows by this column; the table's key by default.")
@click.option("--rows", default=10_000, show_default=True, type=click.IntRange(1), help="About how many to compare.")
@click.option(
    "--tolerance",
    default=1e-5,
    show_default=True,
    type=click.FloatRange(0),
    help="How far apart floats may be, relatively.",
)
@click.option(
    "--allow", default=0.001, show_default=True, type=_SHARE, help="Share of a feature's values that may differ."
)
@click.option(
    "--allow-floats", default=0.01, show_default=True, type=_SHARE, help="The same, of features that are floats."
)
@click.option("--bundle", metavar="FOLDER", type=_FILE, help="Write the worst rows there, to compute them again.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of lines.")
def parity(
    pipeline: str,
    served: tuple[Path, ...],
    version: int | None,
    online: Path | None,
    by: tuple[str, ...],
    rows: int,
    tolerance: float,
    allow: float,
    allow_floats: float,
    bundle: Path | None,
    *,
    table: bool,
    as_json: bool,
) -> None:
    """Replay served requests, and tell which features differ: missing, extra, of another type, of another value.

    Ends with exit code 1 if more values of a feature differ than may.
    """
    if table and (online is not None or version is not None or bundle is not None):
        raise UsageError("--table compares with stored rows: --online, --program and --bundle are about replaying.")
    declared, workspace = project(pipeline)
    log, limits = Served(served, by, rows), Limits(tolerance, allow, allow_floats)
    if table:
        found = beside_table(declared, workspace, log, limits=limits)
    else:
        store = None if online is None else OnlineStore.open(online)
        found = replayed(declared, workspace, log, version=version, online=store, limits=limits, bundle=bundle)
    click.echo(json.dumps(found.to_json(), indent=1) if as_json else found.text())
    if bundle is not None and found.worst:
        click.echo(f"{len(found.worst)} of the worst rows, and what computes them again: {bundle}")
    if not found.agrees:
        beyond = [one.feature for one in found.features if not one.agrees]
        what = f"features {', '.join(beyond[:5])}" if beyond else "rows that could not be compared"
        raise DataRefusedError(f"what was served of {pipeline} is not what this code computes: {what}.")
