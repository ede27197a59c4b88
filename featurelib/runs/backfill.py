"""Backfill: bring a range of days up to date, whatever state it is in."""

from collections.abc import Callable

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.pipeline import Pipeline
from featurelib.runs.report import Report
from featurelib.runs.run import Run
from featurelib.runs.steps import Step, backfill_steps, follow
from featurelib.workspace import Workspace

Say = Callable[[str], None]


def backfill(pipeline: Pipeline, workspace: Workspace, days: Days, engine: Engine, *, say: Say) -> Report:
    """Build what is missing or stale in a range of days: samples, then a first program, then features.

    Running it again changes nothing; after a crash, running it again repairs. Samples and features are committed by
    groups of eight days, so what was done stays done, and memory does not grow with the range.

    Parameters
    ----------
    pipeline, workspace
        What to build, and where.
    days
        The days wanted. If no program is fitted as declared, the samples of ``pipeline.fit`` are built too, and it is
        fitted on them.
    engine
        What runs the tasks.
    say
        Called with one line per step.

    Returns
    -------
    What lies in the tables for these days.

    Raises
    ------
    FeaturelibError
        Whatever stopped it; what was committed before stands.
    """
    with Run.begin(pipeline, workspace, engine) as run:
        built = follow(backfill_steps(run, days), announced(say))
    return Report.read(pipeline, workspace, days, built)


def announced(say: Say) -> Callable[[Step], int]:
    """Return what takes a step after saying it: one line per step."""

    def take(step: Step) -> int:
        say(str(step))
        return step.commit()

    return take
