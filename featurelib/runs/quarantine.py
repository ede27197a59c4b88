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
from featurelib.logs import REJECTS
from featurelib.pipeline import Pipeline
from featurelib.runs.backfill import backfill
from featurelib.runs.homes import homes
from featurelib.runs.progress import Say
from featurelib.tables import Partition
from featurelib.workspace import Workspace

Cause = tuple[str, str]
"""A log and a reason; of rows of features, ``features`` and the rule that they broke."""

FEATURES = "features"


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
        Only rows of this log, or of ``features``, and set aside for this reason. A row of features that broke several
        rules counts for each.
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
    due = _due(pipeline, workspace, held, now=now) if held else set()
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
    return sorted(_due(pipeline, workspace, wanted, now=now))


def _due(
    pipeline: Pipeline, workspace: Workspace, partitions: Sequence[Partition], *, now: datetime | None
) -> set[Partition]:
    """Return those of which samples or features would be others if they were built now."""
    found = plan(pipeline, workspace, partitions, now=now)
    return {partition for table in ("samples", FEATURES) for partition in found.due(table)}


def _rows(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    log: str | None,
    reason: str | None,
) -> pl.LazyFrame | None:
    """Return such rows of some partitions; None if these have none at all."""
    if log is not None and log not in {FEATURES, *(one.name for one in pipeline.logs)}:
        there = ", ".join([*sorted(one.name for one in pipeline.logs), FEATURES])
        raise UsageError(f"{pipeline.name} reads no log {log!r}; there are: {there}.")
    of_logs, of_features = (Stored.of(workspace, pipeline, name) for name in ("quarantine", "quarantine_features"))
    if of_logs.live is None:
        raise UsageError(f"{pipeline.name} has no quarantine yet; build some days first.")
    partitions = pipeline.partitions(wanted)
    found = [*_scanned(of_logs, partitions), *map(_as_rejects, _scanned(of_features, partitions))]
    asked = {"log": log, "reason": reason}
    wants = [pl.col(column) == value for column, value in asked.items() if value is not None]
    return pl.concat(found, how="diagonal").filter(pl.all_horizontal(wants or [pl.lit(value=True)])) if found else None


def _scanned(stored: Stored, partitions: Sequence[Partition]) -> list[pl.LazyFrame]:
    """Return what a table holds of some partitions; nothing, if it has none of them."""
    held = [partition for partition in partitions if partition in stored.rows]
    return [stored.live.scan(held)] if held and stored.live is not None else []


def _as_rejects(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows of features in quarantine as rows of logs are there, once for each rule that they broke."""
    nothing = {name: pl.lit(None, dtype).alias(name) for name, dtype in REJECTS.items() if name not in {"log", "row"}}
    told = {**nothing, "log": pl.lit(FEATURES).alias("log"), "reason": pl.col("reasons").alias("reason")}
    return rows.explode("reasons").with_columns(told.values()).drop("reasons")


def _names(partitions: Sequence[Partition]) -> str:
    return ", ".join(map(str, partitions))


def _kept(pipeline: Pipeline, workspace: Workspace, partitions: Sequence[Partition]) -> Counter[str]:
    samples, features = (Stored.of(workspace, pipeline, table) for table in ("samples", FEATURES))
    kept: Counter[str] = Counter()
    for entry in samples.entries(partitions).values():
        kept.update({name: rows["kept"] for name, rows in entry.get("rows", {}).items()})
    kept[FEATURES] = sum(features.rows.get(partition, 0) for partition in partitions)
    return kept


def _examples(rows: pl.LazyFrame, limit: int) -> tuple[dict[str, Any], ...]:
    """Return some rows, of each log and reason in turn: a frequent reason does not hide a rare one."""
    first = rows.group_by("log", "reason", maintain_order=True).head(limit).collect()
    turn = pl.int_range(pl.len()).over("log", "reason").alias("turn")
    shown = first.with_columns(turn).sort("turn", "log", "reason", maintain_order=True).drop("turn").head(limit)
    return tuple(shown.sort("log", "reason", maintain_order=True).to_dicts())


def _example(row: Mapping[str, Any]) -> list[str]:
    unknown = f"{FEATURES} of {row['dt']}" if row["log"] == FEATURES else "place unknown"
    place = unknown if row["file"] is None else row["file"]
    place += "" if row["line"] is None else f":{row['line']}"
    cell = "" if row["column"] is None else f" ({row['column']} = {row['value']!r})"
    return [f"{place}: {row['reason']}{cell}", f"    {row['row']}"]
