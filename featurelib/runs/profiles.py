"""Profiles: how the columns of each stored partition of features are distributed, kept beside the table."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.errors import UsageError
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.runs.baseline import Baseline, baseline_for
from featurelib.runs.states import StateStore
from featurelib.schema.edges import HOUR, Edges
from featurelib.schema.measure import profile_rows
from featurelib.schema.profile import Profile
from featurelib.schema.table import Table
from featurelib.tables import Partition, TableVersion, VersionedTable
from featurelib.tables.lineage import written
from featurelib.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Built:
    """What is recorded of a stored partition of features.

    Attributes
    ----------
    key
        What it was built with; None where nobody recorded it, as for a partition that another tool wrote.
    program
        Fingerprint of the program that made it.
    outputs
        The features that this program makes; None where nobody recorded them.
    final
        Whether its labels were final when it was built.
    entry
        All that the lineage says of it.
    """

    key: str | None = None
    program: str | None = None
    outputs: tuple[str, ...] | None = None
    final: bool = True
    entry: Mapping[str, Any] = field(default_factory=dict)


def built(live: TableVersion, partitions: Collection[Partition]) -> dict[Partition, Built]:
    """Return what a version of the feature table records of those of some partitions that are there."""
    found = {file.partition: Built() for file in live.files_of(partitions)}
    for commit, of_commit in written(live.storage, live.snapshot, list(found)):
        common = (commit.document or {}).get("common", {})
        outputs = common.get("outputs")
        for partition in of_commit:
            entry = commit.entry(partition)
            found[partition] = Built(
                key=entry.get("key"),
                program=entry.get("program"),
                outputs=None if outputs is None else tuple(outputs),
                final=entry.get("mature") is not False,
                entry=entry,
            )
    return found


@dataclass(frozen=True)
class ByDay:
    """The feature table of a pipeline, as drift looks at it: by days, also where its partitions are hours.

    Attributes
    ----------
    pipeline, workspace
        Whose.
    live
        The newest version.
    rows
        Of each partition that is there.
    """

    pipeline: Pipeline
    workspace: Workspace
    live: TableVersion
    rows: Mapping[Partition, int]

    @classmethod
    def of(cls, pipeline: Pipeline, workspace: Workspace) -> "ByDay":
        """Read the log of the table.

        Raises
        ------
        UsageError
            If nothing is built.
        """
        stored = Stored.of(workspace, pipeline, "features")
        if stored.live is None or not stored.rows:
            raise UsageError(f"{pipeline} has no features yet; build some with featurelib backfill {pipeline.name}.")
        return cls(pipeline, workspace, stored.live, stored.rows)

    @cached_property
    def days(self) -> list[date]:
        """The days that are there, if only in part; ascending."""
        return sorted({partition.dt for partition in self.rows})

    def partitions(self, day: date) -> list[Partition]:
        """Return the partitions of a day that are there."""
        return [partition for partition in self.pipeline.partitions(Days(day, day)) if partition in self.rows]

    def lacks(self, day: date) -> str:
        """Return, in words, what is not there of a day; empty if it is complete."""
        wanted, there = len(self.pipeline.partitions(Days(day, day))), len(self.partitions(day))
        if not there:
            return f"{day} is not there"
        return "" if there == wanted else f"only {there} of {wanted} hours of {day} are there"

    def rows_of(self, day: date) -> int:
        """Return the rows of a day."""
        return sum(self.rows[partition] for partition in self.partitions(day))

    def baseline(self, program: str | None) -> Baseline:
        """Return the baseline of a program.

        Raises
        ------
        UsageError
            If there is none that can be read.
        """
        found = None if program is None else baseline_for(self.pipeline, self.workspace, program)
        if found is None:
            raise UsageError(
                f"{self.pipeline} has no baseline, fit for its table, of the program that made its features "
                f"({(program or 'unknown')[:12]}): fit again with featurelib fit {self.pipeline.name}, and build the "
                "features with that program."
            )
        return found


@dataclass(frozen=True, slots=True)
class ProfileTask:
    """Count the columns of some rows of features."""

    rows: pl.LazyFrame
    table: type[Table]
    edges: Edges


def profile_task(task: ProfileTask) -> Profile:
    """Return the profile of the rows."""
    return profile_rows(task.rows, task.table, task.edges)


@dataclass(frozen=True, slots=True)
class Profiles:
    """The profiles of some partitions.

    Attributes
    ----------
    edges
        How all of them are cut.
    of
        Those that are there, by partition.
    measured
        Which of them were measured again from the stored rows, as none was kept for these edges.
    lacking
        Partitions of which none is kept, and which were not to be measured.
    """

    edges: Edges
    of: Mapping[Partition, Profile]
    measured: tuple[Partition, ...] = ()
    lacking: tuple[Partition, ...] = ()

    def merged(self, partitions: Iterable[Partition]) -> Profile:
        """Return the profile of some partitions together; of no rows, if there are none."""
        found = [self.of[partition] for partition in partitions]
        return found[0] if len(found) == 1 else Profile.empty(self.edges).merge_all(found)


def profile_store(pipeline: Pipeline, workspace: Workspace) -> StateStore:
    """Return where the profiles of a pipeline are kept."""
    return StateStore(workspace.pipeline(pipeline.name) / "profiles")


def vacuum_profiles(pipeline: Pipeline, workspace: Workspace, *, dry_run: bool = False) -> list[str]:
    """Delete the profiles of partitions that are neither in the newest version of the features nor in a tagged one.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    dry_run
        Only return what would be deleted.

    Returns
    -------
    Folders, by path within the pipeline's. One that a build makes meanwhile may go with them, and is measured again.
    """
    store, table = profile_store(pipeline, workspace), VersionedTable.open(workspace.table(pipeline.name, "features"))
    versions = [table.at(), *(table.at(tag) for tag in table.tags())]
    records = [record for version in versions for record in version.partitions().items()]
    live = [(partition, record.key) for partition, record in records if record.key is not None]
    unneeded = store.unneeded(live)
    if not dry_run:
        store.tidy(live)
    return [str(folder.relative_to(workspace.pipeline(pipeline.name))) for folder in unneeded]


def profiles_of(
    pipeline: Pipeline,
    workspace: Workspace,
    engine: Engine,
    partitions: Collection[Partition],
    edges: Edges,
    *,
    live: TableVersion,
    again: bool = False,
    measure: bool = True,
) -> Profiles:
    """Return the profiles of some stored partitions, as kept by the build, or measured again.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    engine
        What runs the tasks, one for each partition that is measured.
    partitions
        Which; those that are not there are left out.
    edges
        How they are to be cut. A profile with other edges counts as none.
    live
        The version of the feature table.
    again
        Measure all of them.
    measure
        Whether partitions of which no profile is kept are measured, and their profiles kept.
    """
    store, empty = profile_store(pipeline, workspace), Profile.empty(edges)
    known = built(live, partitions)
    held: dict[Partition, Profile] = {}
    for partition in sorted(known):
        key = known[partition].key
        if key is not None and not again:
            for profile in store.load(partition, key, {edges.key: empty}).values():
                held[partition] = profile
    lacking = [partition for partition in sorted(known) if partition not in held]
    if not measure:
        return Profiles(edges, held, (), tuple(lacking))
    tasks = [ProfileTask(live.scan([partition]), pipeline.table, edges) for partition in lacking]
    for partition, profile in zip(lacking, engine.map(profile_task, tasks), strict=True):
        held[partition] = profile
        key = known[partition].key
        if key is not None:
            keep = store.replace if again else store.save
            keep(partition, key, {edges.key: profile})
    return Profiles(edges, dict(sorted(held.items())), tuple(lacking))


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProfile:
    """How the features of some days are distributed, all rows together.

    Attributes
    ----------
    pipeline, days
        Of what.
    baseline
        What gave the edges.
    profile
        Of the rows of these days.
    measured
        Partitions that were measured from the stored rows.
    others
        Partitions that another program made: they are left out.
    """

    pipeline: str
    days: Days
    baseline: Baseline
    profile: Profile
    measured: tuple[Partition, ...]
    others: tuple[Partition, ...]

    def text(self) -> str:
        """Return a line per column."""
        profile = self.profile
        rate = "no label" if profile.label_rate is None else f"label rate {profile.label_rate:.4f}"
        lines = [
            f"{self.pipeline} {self.days}: {profile.rows:,} rows, {rate}; edges of {self.baseline.name}",
            f"  {'column':<32}{'missing':>9}{'coverage':>9}{'mean':>12}{'std':>12}{'AUC':>7}",
        ]
        for name in self.baseline.edges.bins:
            if name == HOUR and self.baseline.edges.hour_of is not None:
                continue
            shares = [profile.null_rate(name), profile.coverage(name)]
            cells = [f"{'' if share is None else f'{share:.2%}':>9}" for share in shares]
            cells += [
                f"{'' if value is None else f'{value:.5g}':>12}" for value in (profile.mean(name), profile.std(name))
            ]
            auc = profile.auc(name)
            lines.append(f"  {name:<32}{''.join(cells)}{'' if auc is None else f'{auc:.3f}':>7}")
        for word, partitions in (
            ("measured from the stored rows", self.measured),
            ("left out, as another program made them", self.others),
        ):
            if partitions:
                lines.append(f"{word}: {', '.join(map(str, partitions[:8]))}{' ...' if len(partitions) > 8 else ''}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, with the cells of each column."""
        columns = {}
        for name, bins in self.baseline.edges.bins.items():
            columns[name] = {
                "cells": list(bins.labels()),
                "counts": list(self.profile.counts(name)),
                "label_rates": list(self.profile.label_rates(name)),
                "null_rate": self.profile.null_rate(name),
                "coverage": self.profile.coverage(name),
                "mean": self.profile.mean(name),
                "std": self.profile.std(name),
                "auc": self.profile.auc(name),
            }
        return {
            "pipeline": self.pipeline,
            "days": [str(self.days.start), str(self.days.end)],
            "rows": self.profile.rows,
            "label_rate": self.profile.label_rate,
            "edges": self.baseline.edges.key,
            "measured": [str(partition) for partition in self.measured],
            "others": [str(partition) for partition in self.others],
            "columns": columns,
        }


def profile(
    pipeline: Pipeline, workspace: Workspace, engine: Engine, days: Days, *, again: bool = False
) -> FoundProfile:
    """Return how the features of some days are distributed, and keep what had to be measured.

    Parameters
    ----------
    pipeline, workspace
        Whose.
    engine
        What measures.
    days
        Which; those that are not there are left out, and those that another program made than the newest of them.
    again
        Measure all of them, also those whose profile is kept with the edges of the baseline. Profiles with other edges
        are never mixed with these: they count as not kept.

    Raises
    ------
    UsageError
        If nothing of it is built, or there is no baseline.
    """
    table = ByDay.of(pipeline, workspace)
    known = built(table.live, [partition for partition in pipeline.partitions(days) if partition in table.rows])
    if not known:
        raise UsageError(
            f"no features of {pipeline} in {days}; they are there for {table.days[0]} .. {table.days[-1]}."
        )
    program = known[max(known)].program
    baseline = table.baseline(program)
    kept = [partition for partition, one in known.items() if one.program == program]
    found = profiles_of(pipeline, workspace, engine, kept, baseline.edges, live=table.live, again=again)
    return FoundProfile(
        pipeline=pipeline.name,
        days=days,
        baseline=baseline,
        profile=found.merged(found.of),
        measured=found.measured,
        others=tuple(sorted(set(known) - set(kept))),
    )
