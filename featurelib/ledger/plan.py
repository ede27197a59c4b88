"""Plan: what a range of days needs, and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any, Literal

from featurelib.days import Days, day_bounds
from featurelib.errors import UsageError
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.ledger.fitted import fitted
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace

State = Literal["missing", "stale", "complete"]


@dataclass(frozen=True, slots=True)
class Entry:
    """The state of one day of one table.

    Attributes
    ----------
    table, day
        Which partition.
    state
        ``missing``: never built; ``stale``: what it depends on has changed; ``complete``.
    why
        The cause in words. Of a complete one: what it was built without and may still land; empty if nothing.
    rows
        Rows in it now.
    """

    table: str
    day: date
    state: State
    why: str
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The states of the samples and features of a range of days."""

    pipeline: str
    entries: tuple[Entry, ...]

    def days(self, table: str, *states: State) -> list[date]:
        """Return the days of a table in these states, ascending."""
        return [entry.day for entry in self.entries if entry.table == table and entry.state in states]

    @property
    def nothing_to_do(self) -> bool:
        """Whether every partition is complete."""
        return all(entry.state == "complete" for entry in self.entries)

    def ranges(self) -> Iterator[tuple[str, Days, Entry]]:
        """Yield runs of days of a table with the same state and cause."""
        by_table = sorted(self.entries, key=lambda entry: (entry.table != "samples", entry.table, entry.day))
        for (table, *_), run in groupby(by_table, key=lambda entry: (entry.table, entry.state, entry.why)):
            listed = list(run)
            yield table, Days(listed[0].day, listed[-1].day), listed[0]

    def text(self) -> str:
        """Return the plan for a person: ranges, not rows."""
        lines = [f"{self.pipeline}"]
        for table, days, entry in self.ranges():
            cause = f": {entry.why}" if entry.why else ""
            lines.append(f"  {table:<9} {days!s:<26} {entry.state}{cause}")
        if self.nothing_to_do:
            lines.append("  nothing to be done")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Return the plan as plain data."""
        shown = [
            {"table": e.table, "day": str(e.day), "state": e.state, "why": e.why, "rows": e.rows} for e in self.entries
        ]
        return {"pipeline": self.pipeline, "nothing_to_do": self.nothing_to_do, "partitions": shown}


def plan(pipeline: Pipeline, workspace: Workspace, days: Days, fingerprints: Fingerprints | None = None) -> Plan:
    """Compare what is stored with what would be built now.

    Parameters
    ----------
    pipeline, workspace
        Whose tables, and where.
    days
        The days asked for.
    fingerprints
        Fingerprints that were taken already.
    """
    prints = fingerprints or Fingerprints(pipeline, workspace.logs)
    samples, features = _Stored.of(workspace, pipeline, "samples"), _Stored.of(workspace, pipeline, "features")
    quarantine = _Stored.of(workspace, pipeline, "quarantine")
    program = fitted(pipeline, workspace)
    entries = []
    for day in days:
        wanted = prints.samples(day)
        entry = samples.entry(day, wanted, None if prints.has_logs(day) else "no log files for it")
        if entry.state == "complete" and quarantine.key(day) != digest(wanted):
            entry = replace(entry, state="stale", why="its quarantined rows are of another build")
        elif entry.state == "complete":
            entry = replace(entry, why=_awaited(pipeline, day, prints))
        entries.append(entry)
        ours = prints.features(digest(wanted), program.fingerprint if program else "")
        entries.append(features.entry(day, ours, None if program else "no program is fitted as declared"))
    return Plan(pipeline.name, tuple(entries))


def _awaited(pipeline: Pipeline, day: date, prints: Fingerprints) -> str:
    """Return, in words, which label logs have no file yet for days that the labels of a day reach into."""
    start, end = day_bounds(day, pipeline.samples.timezone)
    empty = [
        f"log {label.log.name} has no file of {log_day} yet"
        for label in pipeline.samples.attributed
        for log_day, found in prints.inputs(label.log, start, end + label.reach).items()
        if not found["files"]
    ]
    return "; ".join(dict.fromkeys(empty))


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a table holds now, by partition."""

    name: str
    table: VersionedTable | None
    keys: Mapping[Partition, Any]

    @classmethod
    def of(cls, workspace: Workspace, pipeline: Pipeline, name: str) -> "_Stored":
        try:
            table = VersionedTable.open(workspace.table(pipeline.name, name))
        except UsageError:  # there is none, or only the folder that a killed run made for it
            return cls(name, None, {})
        return cls(name, table, table.partitions())

    def key(self, day: date) -> str | None:
        """Return the key that a day was built with."""
        record = self.keys.get(Partition(day))
        return None if record is None else record.key

    def entry(self, day: date, wanted: Mapping[str, Any], lacks: str | None) -> Entry:
        partition = Partition(day)
        if partition not in self.keys or self.table is None:
            return Entry(self.name, day, "missing", lacks or "not built yet", 0)
        record = self.keys[partition]
        if record.key == digest(wanted):
            return Entry(self.name, day, "complete", "", record.rows)
        causes = "; ".join(_causes(self.table.built(partition) or {}, wanted)) or "built by hand"
        return Entry(self.name, day, "stale", causes, record.rows)


def _causes(built: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[str]:
    words = {
        "code": "the declaration changed",
        "program": "the program is another one now",
        "samples": "its samples changed",
    }
    for part, sentence in words.items():
        if part in wanted and built.get(part) != wanted[part]:
            yield sentence
    before = built.get("inputs", {})
    for log, now in wanted.get("inputs", {}).items():
        changed = [day for day in now if before.get(log, {}).get(day) != now[day]]
        for day in changed[:3]:
            old = before.get(log, {}).get(day, {"files": 0, "bytes": 0})
            yield f"log {log} of {day}: {_size(old)} -> {_size(now[day])}"
        if len(changed) > 3:
            yield f"log {log}: {len(changed) - 3} more days changed"


def _size(log_day: Mapping[str, Any]) -> str:
    return f"{log_day['files']} files, {log_day['bytes']} bytes"
