"""Steps: what brings a range of days up to date, one commit at a time; the only place that knows their order."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal

from featurelib.days import Days
from featurelib.ledger import fitted, plan
from featurelib.runs.features import build_features
from featurelib.runs.fit import fit_program
from featurelib.runs.run import Run
from featurelib.runs.samples import build_samples

DAYS_PER_COMMIT = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of work that ends with one commit; whoever takes it decides where, and how often it is tried.

    As text: ``samples 2026-11-01 .. 2026-11-08 (8 days)``.

    Attributes
    ----------
    makes
        What it commits.
    days
        The days it builds, or fits on; ascending, at least one.
    commit
        Does the work and returns the version committed. Once only one after the other: a step reads what the one
        before it committed.
    """

    makes: Literal["samples", "program", "features"]
    days: tuple[date, ...]
    commit: Callable[[], int]

    def __str__(self) -> str:
        if len(self.days) == 1:
            return f"{self.makes} {self.days[0]}"
        return f"{self.makes} {self.days[0]} .. {self.days[-1]} ({len(self.days)} days)"


def backfill_steps(run: Run, days: Days) -> Iterator[Step]:
    """Yield what a range of days lacks: samples, then a first program, then features.

    Take each step before asking for the next: what is still to be done is looked up in what was committed.

    Parameters
    ----------
    run
        The run.
    days
        The days wanted. If no program is fitted as declared, the samples of ``pipeline.fit`` are built too, and it is
        fitted on them.
    """
    yield from _sample_steps(run, days)
    if fitted(run.pipeline, run.workspace) is None:
        yield from fit_steps(run, run.pipeline.fit)
    wanted = plan(run.pipeline, run.workspace, days, run.fingerprints).days("features", "missing", "stale")
    for group in _groups(wanted):
        yield Step("features", group, partial(build_features, run, group))


def fit_steps(run: Run, days: Days) -> Iterator[Step]:
    """Yield what a fit on some days needs: the samples that are missing or stale, then the program itself."""
    yield from _sample_steps(run, days)
    yield Step("program", tuple(days), partial(fit_program, run, days))


def follow(steps: Iterable[Step], take: Callable[[Step], int]) -> dict[str, int]:
    """Take steps one after another.

    Parameters
    ----------
    steps
        What is to be done.
    take
        Calls a step's ``commit``, in whatever way.

    Returns
    -------
    How many days of ``samples`` and of ``features`` were built.
    """
    built: Counter[str] = Counter()
    for step in steps:
        take(step)
        built[step.makes] += len(step.days)
    return {table: built[table] for table in ("samples", "features")}


def _sample_steps(run: Run, days: Days) -> Iterator[Step]:
    wanted = plan(run.pipeline, run.workspace, days, run.fingerprints).days("samples", "missing", "stale")
    for group in _groups(wanted):
        yield Step("samples", group, partial(build_samples, run, group))


def _groups(days: Sequence[date]) -> Iterator[tuple[date, ...]]:
    for start in range(0, len(days), DAYS_PER_COMMIT):
        yield tuple(days[start : start + DAYS_PER_COMMIT])
