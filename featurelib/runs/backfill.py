"""Backfill: bring partitions up to date, whatever state they are in."""

from collections.abc import Collection, Sequence
from datetime import datetime

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.ledger import STATES, Plan, State, plan
from featurelib.pipeline import Pipeline
from featurelib.runs.progress import Progress, Say
from featurelib.runs.report import Report
from featurelib.runs.run import Run
from featurelib.runs.steps import backfill_steps, follow
from featurelib.tables import Partition
from featurelib.workspace import Workspace


def backfill(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    engine: Engine,
    *,
    say: Say,
    only: Collection[State] = STATES,
    now: datetime | None = None,
) -> Report:
    """Build what is to be built of some days: samples, then a first program, then features.

    Running it again changes nothing; after a crash, running it again repairs. Samples and features are committed by
    groups of eight days (sixteen of samples with windows) or 24 hours, so what was done stays done, and memory does not
    grow with the range.

    Parameters
    ----------
    pipeline, workspace
        What to build, and where.
    wanted
        The days, or partitions. If no program is fitted as declared, the samples of ``pipeline.fit`` are built too,
        and it is fitted on them.
    engine
        What runs the tasks.
    say
        Called with how much is to be done, then with one line per step.
    only
        Which states are repaired: those that are ``missing``, ``stale``, ``failed``, or ``provisional`` and by now
        mature.
    now
        The instant by which maturity is judged; the clock's by default.

    Returns
    -------
    What lies in the tables for these partitions.

    Raises
    ------
    PartitionsFailedError
        At the end, if some could not be built; the others were.
    FeaturelibError
        Whatever else stopped it; what was committed before stands.
    """
    with Run.begin(pipeline, workspace, engine, now=now) as run:
        partitions = pipeline.partitions(wanted)
        found = plan(pipeline, workspace, partitions, fingerprints=run.fingerprints)
        progress = Progress(say, expected(found, only))
        if not found.nothing_to_do:
            say(to_do(found, only))
        built = follow(backfill_steps(run, partitions, only), progress.take)
        if any(built.values()):
            found = plan(pipeline, workspace, partitions, fingerprints=run.fingerprints)
    return Report.read(pipeline, workspace, found, built)


def expected(found: Plan, only: Collection[State] = STATES) -> dict[str, int]:
    """Return how many partitions of each table a backfill builds, by what is known before it."""
    samples = found.due("samples", only)
    return {"samples": len(samples), "features": len({*found.due("features", only), *samples})}


def to_do(found: Plan, only: Collection[State] = STATES) -> str:
    """Return how much a backfill will do, in words."""
    counts = ", ".join(f"{number} of {table}" for table, number in expected(found, only).items())
    return f"{found.pipeline}: partitions to build: {counts}"
