"""Quarantine: look at the rows that were set aside, and put those back that are good by now."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.errors import UsageError
from featurelib.ledger import fitted, plan
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.runs.backfill import backfill
from featurelib.runs.homes import homes
from featurelib.runs.progress import Say
from featurelib.tables import Partition
from featurelib.workspace import Workspace

Cause = tuple[str, str]
"""A log and a reason."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """Rows in quarantine.

    Attributes
    ----------
    counts
        How many, by log and reason.
    partitions
        Where they lie, ascending.
    examples
        Some of them, of every log and reason in turn: the quarantine's columns.
    """

    counts: Mapping[Cause, int]
    partitions: tuple[Partition, ...]
    examples: tuple[Mapping[str, Any], ...] = ()

    def text(self) -> str:
        """Return the rows for a terminal."""
        if not self.counts:
            return "no such rows are in quarantine"
        lines = [f"{'log':<18} {'reason':<22} {'rows':>10}"]
        lines += [f"{log:<18} {reason:<22} {number:>10,}" for (log, reason), number in self.counts.items()]
        return "\n".join([*lines, *[line for row in self.examples for line in _example(row)]])

    def to_json(self) -> dict[str, Any]:
        """Return the rows as plain data."""
        return {
            "counts": [{"log": log, "reason": reason, "rows": n} for (log, reason), n in self.counts.items()],
            "partitions": [str(partition) for partition in self.partitions],
            "examples": [{**row, "dt": str(row["dt"])} for row in self.examples],
        }


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay put back.

    Attributes
    ----------
    partitions
        Those that were built again.
    unchanged
        Those with such rows of which nothing has changed since they were built: the same rows would be refused again.
    before, after
        Rows in quarantine of the partitions built again, by log and reason: of those asked for, and of all others
        that the replay changed.
    kept
        How many more rows of each log are kept in these partitions now: those that were put back. Fewer than are no
        longer set aside, if some belong to partitions that were never built.
    program
        The version that was fitted, because there was none for the pipeline as it is declared now; else None.
    fitted_on
        The partitions built again for that alone.
    """

    partitions: tuple[Partition, ...]
    unchanged: tuple[Partition, ...]
    before: Mapping[Cause, int]
    after: Mapping[Cause, int]
    kept: Mapping[str, int]
    program: int | None = None
    fitted_on: tuple[Partition, ...] = ()

    def text(self) -> str:
        """Return what was put back, for a terminal."""
        if not self.partitions and not self.unchanged:
            return "no such rows are in quarantine: nothing to replay"
        lines = []
        if self.partitions:
            lines = [
                f"built again: {_names(self.partitions)}",
                f"{'log':<18} {'reason':<22} {'before':>10} {'after':>10} {'no longer set aside':>20}",
            ]
            gone: Counter[str] = Counter()
            for log, reason in sorted({*self.before, *self.after}):
                before, after = self.before.get((log, reason), 0), self.after.get((log, reason), 0)
                lines.append(f"{log:<18} {reason:<22} {before:>10,} {after:>10,} {before - after:>20,}")
                gone[log] += before - after
            for log, number in self.kept.items():
                lines.append(f"put back: {number:+,} rows of {log} kept")
                if gone[log] > number:
                    lines.append(
                        f"  {gone[log] - number:,} are no longer set aside and not kept here: the file that held them "
                        "changed, or their days are not built yet; ask featurelib plan"
                    )
        if self.program is not None:
            built = f"; built again for it: {_names(self.fitted_on)}" if self.fitted_on else ""
            lines.append(f"fitted anew, as the declaration changed: program v{self.program}{built}")
        if self.unchanged:
            lines.append(
                "nothing has changed since these were built, so the same rows would be refused again: "
                f"{_names(self.unchanged)}"
            )
        return "\n".join(lines)


def quarantined(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    *,
    log: str | None = None,
    reason: str | None = None,
    limit: int = 0,
) -> SetAside:
    """Return the rows in quarantine of some partitions.

    Parameters
    ----------
    pipeline, workspace
        Whose, and where.
    wanted
        The days, or partitions; those never built have none.
    log, reason
        Only rows of this log, and set aside for this reason.
    limit
        How many examples at most.

    Raises
    ------
    UsageError
        If the pipeline reads no such log, or nothing has been built yet.
    """
    rows = _rows(pipeline, workspace, wanted, log, reason)
    if rows is None:
        return SetAside({}, ())
    place = ["dt"] if pipeline.samples.every == "1d" else ["dt", "hr"]
    found = rows.group_by("log", "reason", *place).len().sort("log", "reason", *place).collect()
    counts: Counter[Cause] = Counter()
    for of_log, why, number in found.select("log", "reason", "len").iter_rows():
        counts[of_log, why] += number
    partitions = sorted({Partition(*at) for at in found.select(place).iter_rows()})
    return SetAside(dict(counts), tuple(partitions), _examples(rows, limit) if limit else ())


def replay(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    engine: Engine,
    *,
    say: Say,
    log: str | None = None,
    reason: str | None = None,
    now: datetime | None = None,
) -> Replay:
    """Build the partitions that have such rows in quarantine again from the raw logs, as the pipeline is declared now.

    Samples, then their features, so that the tables agree. A row that is good by now is kept; one that is not is set
    aside again, perhaps for another reason. Not each row belongs where it was set aside: one that came too late
    belongs to an earlier partition, and so does the impression that a click is credited to. Those partitions are built
    with it, if they were built before and something that they depend on has changed (see `homes`).

    Parameters
    ----------
    pipeline, workspace
        Whose, and where.
    wanted
        The days, or partitions, to look in.
    engine
        What runs the tasks.
    say
        Called with how much is to be done, then with one line per step.
    log, reason
        Only partitions with rows of this log, and set aside for this reason.
    now
        The instant by which maturity is judged; the clock's by default.

    Raises
    ------
    UsageError
        If the pipeline reads no such log, or nothing has been built yet.
    PartitionsFailedError
        At the end, if some could not be built; the others were.
    """
    held = quarantined(pipeline, workspace, wanted, log=log, reason=reason).partitions
    due = set(plan(pipeline, workspace, held, now=now).due("samples")) if held else set()
    unchanged = tuple(partition for partition in held if partition not in due)
    changed = _to_build(pipeline, workspace, sorted(due), log=log, reason=reason, now=now) if due else []
    if not changed:
        return Replay((), unchanged, {}, {}, {})
    is_fitted = fitted(pipeline, workspace) is not None
    fit = [] if is_fitted else plan(pipeline, workspace, pipeline.fit, now=now).due("samples")
    before, kept_before = quarantined(pipeline, workspace, changed).counts, _kept(pipeline, workspace, changed)
    report = backfill(pipeline, workspace, changed, engine, say=say, now=now)
    after, kept_after = quarantined(pipeline, workspace, changed).counts, _kept(pipeline, workspace, changed)
    told = [
        cause
        for cause in sorted({*before, *after})
        if before.get(cause, 0) != after.get(cause, 0) or (log in {None, cause[0]} and reason in {None, cause[1]})
    ]
    return Replay(
        partitions=tuple(changed),
        unchanged=unchanged,
        before={cause: before.get(cause, 0) for cause in told},
        after={cause: after.get(cause, 0) for cause in told},
        kept={name: kept_after[name] - kept_before[name] for name in sorted({name for name, _ in told})},
        program=None if is_fitted else report.program,
        fitted_on=tuple(partition for partition in fit if partition not in changed),
    )


def _to_build(
    pipeline: Pipeline,
    workspace: Workspace,
    held: Sequence[Partition],
    *,
    log: str | None,
    reason: str | None,
    now: datetime | None,
) -> list[Partition]:
    """Return the partitions of which rows set aside there may be, as far as they were built and are due; ascending."""
    rows = _rows(pipeline, workspace, held, log, reason)
    built = Stored.of(workspace, pipeline, "samples").rows
    at_home = homes(pipeline, rows) if rows is not None else set()
    wanted = sorted({*held, *(partition for partition in at_home if partition in built)})
    return plan(pipeline, workspace, wanted, now=now).due("samples")


def _rows(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    log: str | None,
    reason: str | None,
) -> pl.LazyFrame | None:
    """Return such rows of some partitions; None if these have none at all."""
    if log is not None and log not in {one.name for one in pipeline.logs}:
        there = ", ".join(sorted(one.name for one in pipeline.logs))
        raise UsageError(f"{pipeline.name} reads no log {log!r}; there are: {there}.")
    stored = Stored.of(workspace, pipeline, "quarantine")
    if stored.live is None:
        raise UsageError(f"{pipeline.name} has no quarantine yet; build some days first.")
    held = [partition for partition in pipeline.partitions(wanted) if partition in stored.rows]
    if not held:
        return None
    asked = {"log": log, "reason": reason}
    wants = [pl.col(column) == value for column, value in asked.items() if value is not None]
    return stored.live.scan(held).filter(pl.all_horizontal(wants or [pl.lit(value=True)]))


def _names(partitions: Sequence[Partition]) -> str:
    return ", ".join(map(str, partitions))


def _kept(pipeline: Pipeline, workspace: Workspace, partitions: Sequence[Partition]) -> Counter[str]:
    stored = Stored.of(workspace, pipeline, "samples")
    kept: Counter[str] = Counter()
    for entry in stored.entries(partitions).values():
        kept.update({name: rows["kept"] for name, rows in entry.get("rows", {}).items()})
    return kept


def _examples(rows: pl.LazyFrame, limit: int) -> tuple[dict[str, Any], ...]:
    """Return some rows, of each log and reason in turn: a frequent reason does not hide a rare one."""
    first = rows.group_by("log", "reason", maintain_order=True).head(limit).collect()
    turn = pl.int_range(pl.len()).over("log", "reason").alias("turn")
    shown = first.with_columns(turn).sort("turn", "log", "reason", maintain_order=True).drop("turn").head(limit)
    return tuple(shown.sort("log", "reason", maintain_order=True).to_dicts())


def _example(row: Mapping[str, Any]) -> list[str]:
    place = "place unknown" if row["file"] is None else row["file"]
    place += "" if row["line"] is None else f":{row['line']}"
    cell = "" if row["column"] is None else f" ({row['column']} = {row['value']!r})"
    return [f"{place}: {row['reason']}{cell}", f"    {row['row']}"]
