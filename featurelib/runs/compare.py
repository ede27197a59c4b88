"""Compare: what two programs of a pipeline compute differently, and for which share of the rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.errors import UsageError
from featurelib.pipeline import Pipeline
from featurelib.program import Difference, Program, diff, load, versions
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class CompareTask:
    """Count, in one partition of samples, the rows for which two programs give different values."""

    workspace: Workspace
    pipeline: str
    version: int
    partition: Partition
    programs: tuple[Program, Program]


def compare_task(task: CompareTask) -> tuple[int, dict[str, int]]:
    """Return the rows, and by feature of both programs those whose values differ; null and null are the same."""
    table = VersionedTable.open(task.workspace.table(task.pipeline, "samples"))
    first, second = task.programs
    samples = table.scan(task.version, partitions=[task.partition])
    # NOTE: which of the programs lacks an input, its own `transform` says best
    inputs = [name for name in samples.collect_schema() if name in first.inputs or name in second.inputs]
    rows = samples.select(inputs).collect(engine="in-memory")
    was, now = (program.transform(rows) for program in task.programs)
    return len(rows), {name: _differing(was[name], now[name]) for name in was.columns if name in now.columns}


def _differing(was: pl.Series, now: pl.Series) -> int:
    if was.dtype != now.dtype and not (was.dtype.is_numeric() and now.dtype.is_numeric()):
        return len(was)
    return int(was.ne_missing(now).sum())


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two versions of a program compute differently.

    Attributes
    ----------
    pipeline
        Whose.
    before, after
        The versions.
    differences
        In their constants; none if they mean the same.
    days
        The days whose samples were given to both; ``None`` if none were.
    rows
        Rows in these.
    changed
        For each feature of both programs, the rows whose value differs.
    """

    pipeline: str
    before: int
    after: int
    differences: tuple[Difference, ...]
    days: Days | None = None
    rows: int = 0
    changed: Mapping[str, int] | None = None

    def text(self) -> str:
        """Return the comparison for a person; features in the order of how many rows changed."""
        told = [f"  {difference}" for difference in self.differences] or ["  no difference"]
        lines = [f"{self.pipeline}: program v{self.before} -> v{self.after}", *told]
        if self.days is not None:
            lines.append(f"rows whose value changes, of {self.rows:,} in {self.days}:")
            ranked = sorted((self.changed or {}).items(), key=lambda item: (-item[1], item[0]))
            width = max((len(name) for name, _ in ranked), default=0)
            lines += [f"  {name:<{width}} {number / max(self.rows, 1):8.2%} {number:>12,}" for name, number in ranked]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        told = [difference.to_json() for difference in self.differences]
        days = None if self.days is None else [str(self.days.start), str(self.days.end)]
        shown = {"pipeline": self.pipeline, "before": self.before, "after": self.after, "differences": told}
        return {**shown, "days": days, "rows": self.rows, "changed": dict(self.changed or {})}


def compare(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    *,
    before: int | None = None,
    after: int | None = None,
    days: Days | None = None,
) -> Comparison:
    """Compare two saved programs of a pipeline.

    Parameters
    ----------
    pipeline, workspace
        Whose, and where.
    engine
        What runs the tasks: one for each partition of the days.
    before, after
        Their versions; by default the two latest, or the one before ``after``.
    days
        Days with samples, whose rows are given to both; by default only the constants are compared.

    Raises
    ------
    UsageError
        If there is no earlier version to compare with, or a day has no samples.
    ProgramMissingError
        If there is no such version.
    ColumnMissingError
        If the samples lack a column that one of the programs reads.
    """
    root = workspace.pipeline(pipeline.name)
    last = load(root, after)
    there = versions(root)
    second = there[-1] if after is None else after
    first = max((version for version in there if version < second), default=0) if before is None else before
    if not first:
        raise UsageError(f"{pipeline} has no program before v{second} to compare with; fit again first.")
    programs = load(root, first), last
    found = Comparison(pipeline.name, first, second, tuple(diff(*programs)))
    if days is None:
        return found
    counts = engine.map(compare_task, _tasks(pipeline, workspace, days, programs))
    both = [name for name in programs[0].outputs if name in last.outputs]
    changed = {name: sum(of_part[name] for _, of_part in counts) for name in both}
    return replace(found, days=days, rows=sum(rows for rows, _ in counts), changed=changed)


def _tasks(
    pipeline: Pipeline, workspace: Workspace, days: Days, programs: tuple[Program, Program]
) -> Sequence[CompareTask]:
    table = VersionedTable.open(workspace.table(pipeline.name, "samples"))
    version, partitions = table.version, pipeline.partitions(days)
    there = table.partitions(version)
    missing = [str(partition) for partition in partitions if partition not in there]
    if missing:
        raise UsageError(f"comparing on {days} needs samples of {', '.join(missing)}; backfill these first.")
    return [CompareTask(workspace, pipeline.name, version, partition, programs) for partition in partitions]
