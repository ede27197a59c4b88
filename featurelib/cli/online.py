"""Command that hands the windows to model servers: export-online."""

from datetime import datetime
from pathlib import Path

import click

from featurelib import runs
from featurelib.cli.options import engine, instant, parallel_option, pipeline_argument, project
from featurelib.durations import duration
from featurelib.online import write_export, write_redis
from featurelib.settings import Settings


@click.command("export-online")
@pipeline_argument
@click.option(
    "--as-of",
    "at",
    required=True,
    metavar="INSTANT",
    callback=instant,
    help="The values are those of a sample at this instant, such as 2026-11-22T12:00Z.",
)
@click.option("--to", metavar="FOLDER", type=click.Path(path_type=Path), help="Where; data/online/PIPELINE by default.")
@click.option("--redis", "url", metavar="URL", help="Copy the export into this Redis too, such as redis://host:6379/0.")
@click.option("--expire", default="2d", show_default=True, help="After how long Redis forgets it.")
@parallel_option
def export_online(pipeline: str, at: datetime, to: Path | None, url: str | None, expire: str, parallel: int) -> None:
    """Write the current value of every window of every entity, for a model server to read.

    Tiles that lack are built first. Readers of the folder, and of Redis, change over to the new values at once.
    """
    declared, workspace = project(pipeline)
    length = duration("export-online", "expire", expire)
    with runs.Run.begin(declared, workspace, engine(parallel), now=at) as begun:
        values = runs.window_values(begun, at)
    settings = Settings.find(Path.cwd())
    folder = to or settings.root / settings.online / pipeline
    export = write_export(
        folder, pipeline=pipeline, as_of=at, declared=values.declared, frames=values.frames, empty=values.empty
    )
    for by, frame in values.frames.items():
        number = len(frame.columns) - 1
        click.echo(f"{pipeline}: {len(frame):,} of {' x '.join(by)}, {number} column{'s' * (number > 1)}")
    click.echo(f"{pipeline}: version {export.version} as of {at:%Y-%m-%dT%H:%M:%SZ} in {folder}")
    if url is not None:
        write_redis(folder, url, expire=length)
        click.echo(f"{pipeline}: version {export.version} in Redis, for {expire}")
