"""Commands that build: run, fit, backfill."""

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import click

from featurelib import ledger, runs
from featurelib.cli.options import (
    days,
    days_options,
    engine,
    now_option,
    parallel_option,
    pipeline_argument,
    project,
    states,
)
from featurelib.days import Days
from featurelib.pipeline import Pipeline
from featurelib.program import load
from featurelib.tables import Partition
from featurelib.workspace import Workspace


@click.command()
@pipeline_argument
@click.option("--partition", required=True, metavar="DAY", help="The day, such as 2026-11-01; or hour, 2026-11-01T05.")
@parallel_option
@now_option
def run(pipeline: str, partition: str, parallel: int, now: datetime | None) -> None:
    """Bring one partition up to date."""
    declared, workspace = project(pipeline)
    _backfill(declared, workspace, [Partition.parse(partition)], parallel, ledger.STATES, now)


@click.command()
@pipeline_argument
@days_options
@click.option("--only", metavar="STATES", help="Repair these only, such as missing,stale; all by default.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be built, and why.")
@parallel_option
@now_option
def backfill(
    pipeline: str, start: str, end: str, only: str | None, parallel: int, now: datetime | None, *, dry_run: bool
) -> None:
    """Build what is missing, stale, or mature by now; running it again changes nothing, or resumes.

    Days that fail do not keep others from being built: they are listed at the end, with the command that tries each
    again.
    """
    declared, workspace = project(pipeline)
    if dry_run:
        found = ledger.plan(declared, workspace, days(start, end), now=now)
        click.echo(found.only(states(only)).text())
        click.echo(runs.to_do(found, states(only)))
        return
    _backfill(declared, workspace, days(start, end), parallel, states(only), now)


def _backfill(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    parallel: int,
    only: Collection[ledger.State],
    now: datetime | None,
) -> None:
    of = wanted if isinstance(wanted, Days) else Days(min(wanted).dt, max(wanted).dt)
    leaving = runs.leaving_a_page(
        pipeline, workspace, engine(parallel), left=_left, say=partial(click.echo, err=True), days=of, now=now
    )
    with leaving, _saying() as say:
        report = runs.backfill(pipeline, workspace, wanted, engine(parallel), say=say, only=only, now=now)
    click.echo(report.text())


def _left(page: Path) -> None:
    click.echo(f"Page:     {page}")


@contextmanager
def _saying() -> Iterator[runs.Say]:
    """Yield what shows a line: on a terminal in the place of the one before it, and what comes after in a new one."""
    if not _is_terminal():
        yield click.echo
        return
    shown: list[str] = []

    def say(text: str) -> None:
        shown.append(text)
        click.echo(f"\r\x1b[2K{text}", nl=False)

    try:
        yield say
    finally:
        if shown:
            click.echo()


def _is_terminal() -> bool:
    return sys.stdout.isatty()


@click.command()
@pipeline_argument
@click.option("--end", required=True, metavar="DAY", help="Last day to learn from.")
@click.option("--days", "length", required=True, type=click.IntRange(1), help="How many days, ending with --end.")
@click.option("--renumber", is_flag=True, help="Give all terms of vocabularies new numbers.")
@parallel_option
def fit(pipeline: str, end: str, length: int, parallel: int, *, renumber: bool) -> None:
    """Fit a new program on the samples of some days, building those that are missing."""
    declared, workspace = project(pipeline)
    window = days(end, end).ending(length)
    with runs.Run.begin(declared, workspace, engine(parallel)) as started:
        due = ledger.samples_due(declared, workspace, window, started.fingerprints)
        progress = runs.Progress(click.echo, {"samples": len(due)})
        version = runs.fit(started, window, progress.take, renumber=renumber)
    click.echo(f"{pipeline}: program v{version}, fitted on {window}")
    for note in load(workspace.pipeline(pipeline), version).made.get("notes", ()):
        click.echo(f"  {note}")
