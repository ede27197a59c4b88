"""Gathered: what the parts of a page share, read once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from featurelib.days import Days
from featurelib.engine import Engine
from featurelib.errors import UsageError
from featurelib.ledger import Plan
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.program import Program
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import HashBucket
from featurelib.report.words import count
from featurelib.runs.baseline import Baseline
from featurelib.runs.drift import BASELINE, FoundDrift, drift
from featurelib.runs.profiles import ByDay, built, profiles_of
from featurelib.samples import RowCounts
from featurelib.schema.edges import HOUR, Edges
from featurelib.schema.findings import Finding
from featurelib.schema.profile import Profile
from featurelib.tables import Partition
from featurelib.workspace import Workspace

LONGEST = 200
"""Characters of a text from data, such as a cause, that a page shows."""


@dataclass(frozen=True)
class Gathered:
    """What the parts of the page share: all that is read of ledger and lineage.

    Attributes
    ----------
    pipeline, workspace
        Of what.
    wanted, partitions
        The days of the page, and their partitions.
    found
        The plan of these.
    samples, features
        What the tables hold.
    program
        The latest; None if none is fitted as declared.
    """

    pipeline: Pipeline
    workspace: Workspace
    wanted: Days
    partitions: tuple[Partition, ...]
    found: Plan
    samples: Stored
    features: Stored
    program: Program | None

    @cached_property
    def sampled(self) -> dict[Partition, Mapping[str, Any]]:
        """What is recorded of each partition of samples that is there."""
        return self.samples.entries(self.partitions)

    @cached_property
    def featured(self) -> dict[Partition, Mapping[str, Any]]:
        """What is recorded of each partition of features that is there."""
        return self.features.entries(self.partitions)

    @cached_property
    def rows(self) -> dict[str, RowCounts]:
        """Rows by log, and of the stage that makes samples of them."""
        total: dict[str, RowCounts] = {}
        for entry in self.sampled.values():
            for name, counts in entry.get("rows", {}).items():
                total[name] = total.get(name, RowCounts()) + RowCounts.from_json(counts)
        return total

    @cached_property
    def made(self) -> RowCounts:
        """Rows of samples: those that became features, and why others did not."""
        total = RowCounts()
        for partition, entry in self.sampled.items():
            if "rows" not in entry:
                continue
            rows = entry["rows"]["samples"]["kept"]
            built_from = self.featured.get(partition)
            if built_from is None:
                total += RowCounts(rows, 0, {"not_built_yet": rows} if rows else {})
            elif built_from.get("samples") != entry.get("key"):
                total += RowCounts(rows, 0, {"built_from_other_samples": rows} if rows else {})
            else:
                total += RowCounts.from_json(built_from["rows"]["samples"])
        return total

    @cached_property
    def checks(self) -> dict[str, int]:
        """Checks by status, over all partitions; a partition that failed counts as one."""
        counted = Counter[str]()
        for entry in self.featured.values():
            counted.update(entry.get("checks", {}))
        counted["failed"] += sum(1 for e in self.found.entries if e.table == "features" and e.state == "failed")
        return {status: counted[status] for status in ("passed", "failed", "quarantined", "warned")}

    @cached_property
    def broken(self) -> dict[str, dict[Partition, Mapping[str, Any]]]:
        """Broken checks by id: in which partitions, and how."""
        by_id: dict[str, dict[Partition, Mapping[str, Any]]] = {}
        for partition in self.partitions:
            for one in self.featured.get(partition, {}).get("broken", ()):
                by_id.setdefault(one["id"], {})[partition] = one
        return by_id

    @cached_property
    def decisions(self) -> tuple[Mapping[str, Any], ...]:
        """What selection decided of each feature."""
        return () if self.program is None else tuple(self.program.made["selection"])

    @cached_property
    def last_steps(self) -> dict[str, Primitive]:
        """The last step of each feature that the program makes."""
        chains = () if self.program is None else self.program.chains
        return {chain.into: chain.steps[-1] for chain in chains if chain.steps}

    @cached_property
    def hashed(self) -> set[str]:
        """Features whose values are buckets of a hash, which have no names."""
        return {name for name, step in self.last_steps.items() if isinstance(step, HashBucket)}

    def names(self, column: str, edges: Edges) -> tuple[str, ...]:
        """Return what the cells of a column are called; of what is private, no value."""
        bins = edges.bins[column]
        source = edges.hour_of if column == HOUR and edges.hour_of is not None else column
        if bins.kind == "categories" and self.pipeline.is_private(source):
            return (*(f"value {number}" for number, _ in enumerate(bins.categories, 1)), *bins.labels()[-2:])
        return bins.labels()

    @property
    def days(self) -> list[date]:
        """The days that have features, ascending."""
        return sorted({partition.dt for partition in self.featured})

    @property
    def hourly(self) -> bool:
        """Whether partitions are hours."""
        return self.pipeline.samples.every == "1h"

    def several(self, number: int) -> str:
        """Return a number of partitions, in words."""
        return count(number, "hour" if self.hourly else "day")


@dataclass(frozen=True)
class Moved:
    """How features are distributed by day, and what was found about that.

    Attributes
    ----------
    baseline
        What they are held against.
    by_day, whole
        The profile of each day that the baseline's program made, and of all of them.
    found
        What is said of each day against the baseline.
    last
        What is said of the last day against all that it can be held against.
    """

    baseline: Baseline
    by_day: Mapping[date, Profile]
    whole: Profile
    found: FoundDrift
    last: FoundDrift

    @property
    def edges(self) -> Edges:
        """How columns are cut."""
        return self.baseline.edges

    @cached_property
    def findings(self) -> dict[str, dict[str, list[Finding]]]:
        """What is said of each column against the baseline, by day."""
        by_column: dict[str, dict[str, list[Finding]]] = {}
        for day in self.found.days:
            for finding in day.findings:
                by_column.setdefault(finding.column or "", {}).setdefault(day.name, []).append(finding)
        return by_column


def how_moved(gathered: Gathered, engine: Engine) -> Moved | None:
    """Return how the features moved; None where there is nothing to hold them against."""
    pipeline, workspace = gathered.pipeline, gathered.workspace
    there = gathered.days
    if not there:
        return None
    try:
        table = ByDay.of(pipeline, workspace)
        newest = table.partitions(there[-1])[-1]
        baseline = table.baseline(built(table.live, [newest])[newest].program)
        span = Days(there[0], there[-1])
        found = drift(pipeline, workspace, engine, against=BASELINE, days=span)
        last = drift(pipeline, workspace, engine, days=Days(there[-1], there[-1]))
    except UsageError:  # no baseline: fitted before there were any
        return None
    known = built(table.live, list(gathered.featured))
    same = [partition for partition, one in known.items() if one.program == baseline.program]
    profiles = profiles_of(pipeline, workspace, engine, same, baseline.edges, live=table.live)
    by_day = {
        day: profiles.merged([partition for partition in profiles.of if partition.dt == day])
        for day in sorted({partition.dt for partition in profiles.of})
    }
    whole = Profile.empty(baseline.edges).merge_all(list(by_day.values()))
    return Moved(baseline, by_day, whole, found, last)
