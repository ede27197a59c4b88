"""Backfill: bring a range of days up to date, whatever state it is in."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date

from featurelib.build.features import build_features
from featurelib.build.fit import fit_program
from featurelib.build.report import Report
from featurelib.build.run import Run
from featurelib.build.samples import build_samples
from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.ledger import fitted, plan
from featurelib.pipeline import Pipeline
from featurelib.workspace import Workspace

DAYS_PER_COMMIT = 8
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
        built = {"samples": update_samples(run, days, say=say)}
        if fitted(pipeline, workspace) is None:
            built["samples"] += update_samples(run, pipeline.fit, say=say)
            say(f"fit {pipeline.name} on {pipeline.fit}")
            fit_program(run, pipeline.fit)
        built["features"] = update_features(run, days, say=say)
    return Report.read(pipeline, workspace, days, built)


def update_samples(run: Run, days: Days, *, say: Say) -> int:
    """Build the samples of the days that lack them or are stale; return how many days that were."""
    wanted = plan(run.pipeline, run.workspace, days, run.fingerprints).days("samples", "missing", "stale")
    for group in _groups(wanted):
        say(f"samples {_span(group)}")
        build_samples(run, group)
    return len(wanted)


def update_features(run: Run, days: Days, *, say: Say) -> int:
    """Build the features of the days that lack them or are stale; return how many days that were."""
    wanted = plan(run.pipeline, run.workspace, days, run.fingerprints).days("features", "missing", "stale")
    for group in _groups(wanted):
        say(f"features {_span(group)}")
        build_features(run, group)
    return len(wanted)


def _groups(days: Sequence[date]) -> Iterator[list[date]]:
    for start in range(0, len(days), DAYS_PER_COMMIT):
        yield list(days[start : start + DAYS_PER_COMMIT])


def _span(days: Sequence[date]) -> str:
    return f"{days[0]}" if len(days) == 1 else f"{days[0]} .. {days[-1]} ({len(days)} days)"
