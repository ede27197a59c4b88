"""Steps: what brings partitions up to date, one commit at a time; the only place that knows their order."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import or_
from typing import Literal

from featurelib.days import Days
from featurelib.errors import FeaturelibError, PartitionsFailedError
from featurelib.ledger import STATES, Plan, State, fitted, plan, samples_due
from featurelib.runs.features import build_features
from featurelib.runs.fit import fit_program
from featurelib.runs.run import Run
from featurelib.runs.samples import build_samples
from featurelib.tables import Partition

DAYS_PER_COMMIT, HOURS_PER_COMMIT = 8, 24
"""A kill loses the work of one commit at most; a commit of hours costs as much as one of days, and hours are small."""

WINDOWED_DAYS_PER_COMMIT = 16
"""For each commit the tiles of all days in reach are read and laid out again."""


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of work that ends with one commit; whoever takes it decides where, and how often it is tried.

    As text: ``samples 2026-11-01 .. 2026-11-08 (8 days)``.

    Attributes
    ----------
    makes
        What it commits.
    partitions
        What it builds, or fits on; ascending, at least one.
    commit
        Does the work and returns the version committed. Once only one after the other: a step reads what the one
        before it committed. Where some partitions fail, the others are committed before the error is raised, and
        another call tries those alone.
    """

    makes: Literal["samples", "program", "features"]
    partitions: tuple[Partition, ...]
    commit: Callable[[], int]

    def __str__(self) -> str:
        if len(self.partitions) == 1:
            return f"{self.makes} {self.partitions[0]}"
        unit = "days" if self.partitions[0].hr is None else "hours"
        return f"{self.makes} {self.partitions[0]} .. {self.partitions[-1]} ({len(self.partitions)} {unit})"


class _Build:
    """The work of a step over partitions; remembers which of them are left."""

    def __init__(
        self, build: Callable[[Run, Sequence[Partition]], int], run: Run, partitions: Sequence[Partition]
    ) -> None:
        self.build = build
        self.run = run
        self.left = list(partitions)

    def __call__(self) -> int:
        try:
            return self.build(self.run, self.left)
        except PartitionsFailedError as error:
            failed = {partition for _, partition in error.failures}
            self.left = [partition for partition in self.left if str(partition) in failed]
            raise


def backfill_steps(run: Run, wanted: Days | Sequence[Partition], only: Collection[State] = STATES) -> Iterator[Step]:
    """Yield what some partitions lack: samples, then a first program, then features.

    Take each step before asking for the next: what is still to be done is looked up in what was committed.

    Parameters
    ----------
    run
        The run.
    wanted
        The days, or partitions. If no program is fitted as declared, the samples of ``pipeline.fit`` are built too,
        and it is fitted on them.
    only
        Which states are repaired; features of samples that were, always.
    """
    partitions = run.pipeline.partitions(wanted)
    repaired = _plan(run, partitions).due("samples", only)
    yield from _sample_steps(run, repaired)
    found = _plan(run, partitions)
    if fitted(run.pipeline, run.workspace) is None and _features_due(found, only, repaired):
        yield from fit_steps(run, run.pipeline.fit)
        found = _plan(run, partitions)
    yield from _steps(run, "features", build_features, _features_due(found, only, repaired))


def _features_due(found: Plan, only: Collection[State], repaired: Collection[Partition]) -> list[Partition]:
    ready = set(found.built("samples"))
    due = {*found.due("features", only), *(set(found.due("features")) & set(repaired))}
    return sorted(ready & due)


def fit_steps(run: Run, days: Days, *, renumber: bool = False) -> Iterator[Step]:
    """Yield what a fit on some days needs: the samples that are to be built, then the program itself."""
    partitions = run.pipeline.partitions(days)
    due = samples_due(run.pipeline, run.workspace, partitions, run.fingerprints)
    yield from _sample_steps(run, due)
    yield Step("program", tuple(partitions), partial(fit_program, run, days, renumber=renumber))


def fit(run: Run, days: Days, take: Callable[[Step], int], *, renumber: bool = False) -> int:
    """Fit a program on some days, building their samples where these are not as they should be.

    Parameters
    ----------
    run
        The run.
    days
        The days to learn from.
    take
        Calls a step's ``commit``, in whatever way.
    renumber
        Give all terms of vocabularies new numbers (see `fit_program`).

    Returns
    -------
    The program's version.

    Raises
    ------
    PartitionsFailedError
        If samples could not be built.
    """
    *_, version = map(take, fit_steps(run, days, renumber=renumber))
    return version


def follow(steps: Iterable[Step], take: Callable[[Step], int]) -> dict[str, int]:
    """Take steps one after another; partitions that fail do not keep others from being built.

    Parameters
    ----------
    steps
        What is to be done.
    take
        Calls a step's ``commit``, in whatever way.

    Returns
    -------
    How many partitions of ``samples`` and of ``features`` were built.

    Raises
    ------
    PartitionsFailedError
        At the end, if some failed. Where there was but one to build, its own error.
    """
    built: Counter[str] = Counter()
    tried: set[Partition] = set()
    failed: list[PartitionsFailedError] = []
    try:
        for step in steps:
            tried |= set(step.partitions)
            try:
                take(step)
                built[step.makes] += len(step.partitions)
            except PartitionsFailedError as error:
                failed.append(error)
                built[step.makes] += len(step.partitions) - len(error.failures)
    except FeaturelibError as error:
        if failed:  # such as a fit that lacks the samples which failed
            raise _all_of(failed, tried) from error
        raise
    if failed:
        raise _all_of(failed, tried)
    return {table: built[table] for table in ("samples", "features")}


def _all_of(failed: Sequence[PartitionsFailedError], tried: Collection[Partition]) -> FeaturelibError:
    whole = reduce(or_, failed)
    return whole if len(tried) > 1 else next(iter(whole.failures.values()))


def _plan(run: Run, partitions: Sequence[Partition]) -> Plan:
    return plan(run.pipeline, run.workspace, partitions, fingerprints=run.fingerprints)


def _sample_steps(run: Run, partitions: Sequence[Partition]) -> Iterator[Step]:
    yield from _steps(run, "samples", build_samples, partitions)


def _steps(
    run: Run,
    makes: Literal["samples", "features"],
    build: Callable[[Run, Sequence[Partition]], int],
    partitions: Sequence[Partition],
) -> Iterator[Step]:
    days = WINDOWED_DAYS_PER_COMMIT if makes == "samples" and run.pipeline.windows else DAYS_PER_COMMIT
    number = HOURS_PER_COMMIT if run.pipeline.samples.every == "1h" else days
    for start in range(0, len(partitions), number):
        group = tuple(partitions[start : start + number])
        yield Step(makes, group, _Build(build, run, group))
