"""Commands about stored tables: tags, tag, verify, vacuum."""

import shutil
from datetime import timedelta
from pathlib import Path

import click

from featurelib import runs
from featurelib.cli.options import opened, pipeline_argument, project, table_option
from featurelib.durations import duration
from featurelib.errors import DeclarationError, TableError, UsageError
from featurelib.settings import Settings


@click.command()
@pipeline_argument
@table_option
def tags(pipeline: str, table: str) -> None:
    """List the tags of a table and the versions that they keep."""
    for name, version in sorted(opened(pipeline, table).tags().items()):
        click.echo(f"{name:<30} version {version}")


@click.command()
@pipeline_argument
@click.argument("name")
@table_option
@click.option("--version", "number", type=click.IntRange(0), help="Which version; the newest by default.")
@click.option("--delete", is_flag=True, help="Take the name away instead.")
def tag(pipeline: str, name: str, table: str, number: int | None, *, delete: bool) -> None:
    """Give a version a name; vacuum keeps what is tagged."""
    store = opened(pipeline, table)
    if delete:
        store.untag(name)
        click.echo(f"{name} is no tag any more")
    else:
        click.echo(f"{name} is version {store.tag(name, number)}")


@click.command()
@pipeline_argument
@table_option
@click.option("--forget", is_flag=True, help="Take days with damaged files out, so that a backfill builds them again.")
def verify(pipeline: str, table: str, *, forget: bool) -> None:
    """Check every live file of a table against what was committed: there, size, rows, content."""
    store = opened(pipeline, table)
    problems = store.verify()
    if not problems:
        click.echo(
            f"{store.uri}: version {store.version}, {len(store.partitions())} partitions, all files as committed"
        )
        return
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    listed = "\n".join([f"{store.uri}: {count}", *(f"  {problem}" for problem in problems)])
    damaged = sorted({problem.partition for problem in problems})
    if not forget:
        hint = f"Restore the files, or run featurelib verify {pipeline} --table {table} --forget, then backfill."
        raise TableError(f"{listed}\n{hint}")
    version = store.forget(damaged, run="verify")
    days = ", ".join(str(partition) for partition in damaged)
    click.echo(f"{listed}\nversion {version} is without {days}; backfill these")


@click.command()
@pipeline_argument
@table_option
@click.option("--older-than", default="7d", show_default=True, help="Keep what versions this young need, such as 7d.")
@click.option("--no-job-running", is_flag=True, help="No build is running: staged files may go whatever their age.")
@click.option("--undeclared-tiles", is_flag=True, help="Also delete tiles that no pipeline declares any more.")
@click.option("--dry-run", is_flag=True, help="Only list what would be deleted.")
def vacuum(
    pipeline: str, table: str, older_than: str, *, no_job_running: bool, undeclared_tiles: bool, dry_run: bool
) -> None:
    """Delete files that no kept version needs, and profiles of days that are gone; tell of undeclared tiles."""
    age: timedelta = duration("vacuum", "--older-than", older_than)
    gone = opened(pipeline, table).vacuum(older_than=age, no_job_running=no_job_running, dry_run=dry_run)
    if table == "features":
        gone += runs.vacuum_profiles(*project(pipeline), dry_run=dry_run)
    for path in gone:
        click.echo(path)
    click.echo(f"{len(gone)} files {'would be deleted' if dry_run else 'deleted'}")
    _vacuum_tiles(age, delete=undeclared_tiles and not dry_run)


def _vacuum_tiles(age: timedelta, *, delete: bool) -> None:
    """Tell of the tables of tiles that no pipeline of the project declares, and delete them if asked to."""
    settings = Settings.find(Path.cwd())
    pipelines = (settings.pipeline(name) for name in settings.pipeline_names())
    try:
        folders = runs.undeclared_tiles(settings.workspace, pipelines, older_than=age)
    except (UsageError, DeclarationError) as error:
        # NOTE: the tiles of a pipeline that cannot be imported would look as if nobody declared them
        if delete:
            raise
        click.echo(f"tiles that no pipeline declares were not looked for: {error}")
        return
    for folder in folders:
        if delete:
            shutil.rmtree(folder.rename(folder.with_name(f".{folder.name}")))  # half a table is none
        click.echo(f"{folder.parent.name}/{folder.name}")
    if folders:
        told = "deleted" if delete else "--undeclared-tiles deletes them"
        click.echo(f"{len(folders)} tables of tiles that no pipeline declares; {told}")
