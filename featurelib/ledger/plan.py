"""Plan: what a range of partitions needs, and why."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Literal, get_args

from featurelib.days import Days
from featurelib.ledger.causes import awaited, causes
from featurelib.ledger.failures import Failures
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.ledger.fitted import fitted
from featurelib.ledger.stored import Stored
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition, PartitionRecord
from featurelib.workspace import Workspace

State = Literal["missing", "provisional", "stale", "failed", "complete"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(frozen=True, slots=True)
class Entry:
    """The state of one partition of one table.

    Attributes
    ----------
    table, partition
        Which.
    state
        ``missing``: never built; ``provisional``: built, and its labels may still change; ``stale``: what it depends
        on has changed; ``failed``: the last try to build it as it should be now failed; ``complete``.
    why
        The cause in words. Of a complete one: what it was built without and may still land; empty if nothing.
    rows
        Rows in it now.
    due
        Whether building it would change anything: not of a complete one, nor of a provisional one before it is mature.
    """

    table: str
    partition: Partition
    state: State
    why: str
    rows: int
    due: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The states of the samples and features of some partitions, the samples' entry of each before its features'."""

    pipeline: str
    entries: tuple[Entry, ...]

    def due(self, table: str, states: Collection[State] = STATES) -> list[Partition]:
        """Return the partitions of a table that are to be built, of those in some states; ascending."""
        return [e.partition for e in self.entries if e.table == table and e.due and e.state in states]

    def built(self, table: str) -> list[Partition]:
        """Return the partitions of a table that are as they should be now; ascending."""
        return [e.partition for e in self.entries if e.table == table and not e.due]

    def only(self, states: Collection[State]) -> "Plan":
        """Return the plan of the partitions in some states that are to be built."""
        return Plan(self.pipeline, tuple(entry for entry in self.entries if entry.due and entry.state in states))

    @property
    def nothing_to_do(self) -> bool:
        """Whether no partition is to be built."""
        return not any(entry.due for entry in self.entries)

    def ranges(self) -> Iterator[list[Entry]]:
        """Yield runs of neighbouring partitions of a table with the same state and cause."""
        by_table = sorted(self.entries, key=lambda entry: (entry.table != "samples", entry.table, entry.partition))
        for _, run in groupby(by_table, key=lambda entry: (entry.table, entry.state, entry.due, entry.why)):
            yield list(run)

    def text(self) -> str:
        """Return the plan for a person: ranges, not rows."""
        lines = [f"{self.pipeline}"]
        for run in self.ranges():
            first, last = run[0], run[-1].partition
            span = f"{first.partition}" if len(run) == 1 else f"{first.partition} .. {last}"
            cause = f": {first.why}" if first.why else ""
            lines.append(f"  {first.table:<9} {span:<26} {first.state}{cause}")
        counted = Counter((entry.table, entry.state) for entry in self.entries if entry.due)
        told = [f"{number} {state} of {table}" for (table, state), number in sorted(counted.items())]
        lines.append(f"  to be built: {', '.join(told)}" if told else "  nothing to be done")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        shown = [
            {
                "table": e.table,
                "partition": str(e.partition),
                "state": e.state,
                "due": e.due,
                "why": e.why,
                "rows": e.rows,
            }
            for e in self.entries
        ]
        return {"pipeline": self.pipeline, "nothing_to_do": self.nothing_to_do, "partitions": shown}


def plan(
    pipeline: Pipeline,
    workspace: Workspace,
    wanted: Days | Sequence[Partition],
    *,
    now: datetime | None = None,
    fingerprints: Fingerprints | None = None,
) -> Plan:
    """Compare what is stored with what would be built now.

    Parameters
    ----------
    pipeline, workspace
        Whose tables, and where.
    wanted
        The days, or partitions, asked for.
    now
        The instant by which maturity is judged; the clock's by default.
    fingerprints
        Fingerprints that were taken already, with their own ``now``.
    """
    prints = fingerprints or Fingerprints(pipeline, workspace, now or datetime.now(UTC))
    return _Planner(pipeline, workspace, prints).plan(pipeline.partitions(wanted))


class _Planner:
    """The comparison: what the tables hold is read once for all partitions."""

    def __init__(self, pipeline: Pipeline, workspace: Workspace, prints: Fingerprints) -> None:
        self.pipeline = pipeline
        self.prints = prints
        self.program = fitted(pipeline, workspace)
        self.failures = Failures(workspace.pipeline(pipeline.name))
        self.samples, self.features, self.quarantine = (
            Stored.of(workspace, pipeline, table) for table in ("samples", "features", "quarantine")
        )

    def plan(self, partitions: Sequence[Partition]) -> Plan:
        self.prints.prepare(partitions)
        failed = {table: self.failures.read(table) for table in ("samples", "features")}
        entries = []
        for partition in partitions:
            wanted = self.prints.samples(partition)
            if not wanted["mature"] and self.samples.built(partition).get("mature"):
                wanted = {**wanted, "mature": True}  # labels that were final stay so, whatever the clock says
            key = digest(wanted)
            samples = _failed(self._samples(partition, wanted, key), failed["samples"], key)
            ours = self.prints.features(key, self.program.fingerprint if self.program else "")
            features = _failed(self._features(partition, ours, samples), failed["features"], digest(ours))
            entries += [samples, features]
        return Plan(self.pipeline.name, tuple(entries))

    def _samples(self, partition: Partition, wanted: Mapping[str, Any], key: str) -> Entry:
        record = self.samples.records.get(partition)
        if record is None:
            lacks = "not built yet" if self.prints.has_logs(partition) else "no log files for it"
            return Entry("samples", partition, "missing", lacks, 0, due=True)
        if record.key != key:
            return self._changed(partition, wanted, record)
        if self.quarantine.key(partition) != key:
            why = "its quarantined rows are of another build"
            return Entry("samples", partition, "stale", why, record.rows, due=True)
        if not wanted["mature"]:
            why = f"its labels may change until {self.pipeline.mature_at(partition):%Y-%m-%d %H:%M}Z"
            return Entry("samples", partition, "provisional", why, record.rows, due=False)
        return Entry("samples", partition, "complete", awaited(self.prints.awaited(partition)), record.rows, due=False)

    def _changed(self, partition: Partition, wanted: Mapping[str, Any], record: PartitionRecord) -> Entry:
        built = self.samples.built(partition)
        told = causes(built, wanted, self.prints.sources(partition))
        if not told and built.get("mature") is False and wanted["mature"]:
            why = f"mature since {self.pipeline.mature_at(partition):%Y-%m-%d %H:%M}Z, built before"
            return Entry("samples", partition, "provisional", why, record.rows, due=True)
        return Entry("samples", partition, "stale", "; ".join(told) or "built by hand", record.rows, due=True)

    def _features(self, partition: Partition, wanted: Mapping[str, Any], samples: Entry) -> Entry:
        record = self.features.records.get(partition)
        if record is None:
            lacks = "not built yet" if self.program else "no program is fitted as declared"
            return Entry("features", partition, "missing", lacks, 0, due=True)
        if record.key != digest(wanted):
            told = causes(self.features.built(partition), wanted, {})
            return Entry("features", partition, "stale", "; ".join(told) or "built by hand", record.rows, due=True)
        if samples.state == "provisional":
            return Entry("features", partition, "provisional", "its samples are", record.rows, due=False)
        return Entry("features", partition, "complete", "", record.rows, due=False)


def _failed(entry: Entry, failures: Mapping[Partition, Mapping[str, Any]], key: str) -> Entry:
    """Return the entry as failed, if its partition is to be built and the last try to build it so failed."""
    failure = failures.get(entry.partition)
    if failure is None or not entry.due or failure["key"] != key:
        return entry
    why = f"{failure['error']}: {failure['message']} ({entry.why or entry.state})"
    return replace(entry, state="failed", why=why)
