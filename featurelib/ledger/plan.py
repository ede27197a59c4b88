"""Plan: what a range of partitions needs, and why."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Literal, NamedTuple, get_args

from featurelib.days import Days, hours_in
from featurelib.ledger.causes import NO_PROGRAM, awaited, causes
from featurelib.ledger.failures import Failures, key_of_try
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.ledger.fitted import fitted, told_outgrown
from featurelib.ledger.stored import Stored
from featurelib.ledger.tiles import tiles_due
from featurelib.ledger.wanted import wanted_keys
from featurelib.pipeline import Pipeline
from featurelib.program import Program
from featurelib.tables import Partition
from featurelib.workspace import Workspace

State = Literal["missing", "provisional", "stale", "failed", "complete"]
STATES: tuple[State, ...] = get_args(State)
_TABLES = ("samples", "features", "quarantine")


class Entry(NamedTuple):
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
    """The states of the samples and features of some partitions.

    Attributes
    ----------
    pipeline
        Of which pipeline.
    entries
        By partition, the samples' entry of each before its features'.
    timezone
        Whose days the partitions are: it says which hour follows on which.
    tiles
        The partitions whose tiles are made on the way, earlier ones too, with the causes in words.
    program
        What is to be told of the program: that it was fitted on samples that were built anew since. Else empty. Nothing
        of that is due: a fit is asked for by its own command.
    """

    pipeline: str
    entries: tuple[Entry, ...]
    timezone: str = "UTC"
    tiles: tuple[tuple[Partition, str], ...] = ()
    program: str = ""

    def due(self, table: str, states: Collection[State] = STATES) -> list[Partition]:
        """Return the partitions of a table that are to be built, of those in some states; ascending."""
        return [e.partition for e in self.entries if e.table == table and e.due and e.state in states]

    def built(self, table: str) -> list[Partition]:
        """Return the partitions of a table that are as they should be now; ascending."""
        return [e.partition for e in self.entries if e.table == table and not e.due]

    def only(self, states: Collection[State]) -> "Plan":
        """Return the plan of the partitions in some states that are to be built."""
        return replace(self, entries=tuple(entry for entry in self.entries if entry.due and entry.state in states))

    @property
    def nothing_to_do(self) -> bool:
        """Whether no partition is to be built."""
        return not any(entry.due for entry in self.entries)

    def ranges(self) -> Iterator[list[Entry]]:
        """Yield runs of partitions of a table with the same state and cause, each following on the one before it."""
        for table in sorted({entry.table for entry in self.entries}, key=lambda name: (name != "samples", name)):
            run: list[Entry] = []
            for entry in self.entries:
                if entry.table != table:
                    continue
                if run and not self._continues(run[-1], entry):
                    yield run
                    run = []
                run.append(entry)
            yield run

    def _continues(self, before: Entry, after: Entry) -> bool:
        alike = before.why == after.why and before.state == after.state and before.due == after.due
        return alike and self._follows(before.partition, after.partition)

    def _follows(self, before: Partition, after: Partition) -> bool:
        if before.hr is not None and after.dt == before.dt:
            return after.hr == before.hr + 1
        is_last = before.hr is None or before.hr + 1 == hours_in(before.dt, self.timezone)
        return is_last and after == Partition(before.dt + timedelta(days=1), None if before.hr is None else 0)

    def tile_ranges(self) -> Iterator[tuple[Partition, Partition, str]]:
        """Yield first, last and cause of partitions that follow on each other, whose tiles are made for one cause."""
        runs: list[tuple[Partition, Partition, str]] = []
        for partition, why in self.tiles:
            if runs and runs[-1][2] == why and self._follows(runs[-1][1], partition):
                runs[-1] = (runs[-1][0], partition, why)
            else:
                runs.append((partition, partition, why))
        yield from runs

    def text(self) -> str:
        """Return the plan for a person: ranges, not rows."""
        lines = [f"{self.pipeline}"]
        for start, end, why in self.tile_ranges():
            lines.append(f"  {'tiles':<9} {_span(start, end):<26} to be made: {why}")
        for run in self.ranges():
            first, last = run[0], run[-1].partition
            cause = f": {first.why}" if first.why else ""
            lines.append(f"  {first.table:<9} {_span(first.partition, last):<26} {first.state}{cause}")
        lines += [f"  program   {self.program}"] if self.program else []
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
        told = {"pipeline": self.pipeline, "nothing_to_do": self.nothing_to_do, "program": self.program}
        tiles = [{"partition": str(partition), "why": why} for partition, why in self.tiles]
        return {**told, "partitions": shown, "tiles": tiles}


def _span(first: Partition, last: Partition) -> str:
    return f"{first}" if first == last else f"{first} .. {last}"


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
    partitions = pipeline.partitions(wanted)
    return _planner(pipeline, workspace, prints, partitions).plan(partitions)


def samples_due(
    pipeline: Pipeline, workspace: Workspace, wanted: Days | Sequence[Partition], fingerprints: Fingerprints
) -> list[Partition]:
    """Return the partitions whose samples are to be built, ascending; a program that cannot be read is no obstacle."""
    partitions = pipeline.partitions(wanted)
    planner = _planner(pipeline, workspace, fingerprints, partitions)
    return [entry.partition for _, entry in planner.samples_planned(partitions) if entry.due]


def _planner(
    pipeline: Pipeline, workspace: Workspace, prints: Fingerprints, partitions: Sequence[Partition]
) -> "_Planner":
    with ThreadPoolExecutor(len(_TABLES)) as pool:  # most of reading a table's log is not Python's work
        tables = [pool.submit(Stored.of, workspace, pipeline, table) for table in _TABLES]
        prints.prepare(partitions)
        return _Planner(pipeline, workspace, prints, *(table.result() for table in tables))


class _Planner:
    """The comparison: what the tables hold is read once for all partitions."""

    def __init__(
        self,
        pipeline: Pipeline,
        workspace: Workspace,
        prints: Fingerprints,
        samples: Stored,
        features: Stored,
        quarantine: Stored,
    ) -> None:
        self.pipeline, self.workspace, self.prints = pipeline, workspace, prints
        self.samples, self.features, self.quarantine = samples, features, quarantine
        self.failures = Failures(workspace.pipeline(pipeline.name))

    @cached_property
    def program(self) -> Program | None:
        return fitted(self.pipeline, self.workspace)

    def samples_planned(self, partitions: Sequence[Partition]) -> list[tuple[str, Entry]]:
        """Return of each partition the key that its samples should have, and their entry."""
        failed, mature = self.failures.read("samples"), self._mature(partitions)
        keys = wanted_keys(self.prints, partitions, mature)
        then = _built(self.samples, partitions, keys)
        planned = []
        for partition, is_mature, key in zip(partitions, mature, keys, strict=True):
            entry = self._samples(partition, is_mature, key, then.get(partition))
            if entry.due and partition in failed:
                entry = _failed(entry, failed[partition], self._parts(partition, is_mature))
            planned.append((key, entry))
        return planned

    def plan(self, partitions: Sequence[Partition]) -> Plan:
        failed, planned = self.failures.read("features"), self.samples_planned(partitions)
        program = self.program.fingerprint if self.program else ""
        wanted = [self.prints.features(key, program) for key, _ in planned]
        then = _built(self.features, partitions, map(digest, wanted))
        entries: list[Entry] = []
        for (_, samples), parts in zip(planned, wanted, strict=True):
            features = self._features(samples.partition, parts, then.get(samples.partition), samples)
            if features.due and samples.partition in failed:
                features = _failed(features, failed[samples.partition], {**parts, "limits": self.prints.limits})
            entries += samples, features
        of_program = told_outgrown(self.pipeline.name, self.program, self.samples.keys)
        due = [entry.partition for entry in entries if entry.table == "samples" and entry.due]
        tiles = tuple(tiles_due(self.pipeline, self.workspace, self.prints, due).items())
        return Plan(self.pipeline.name, tuple(entries), self.pipeline.samples.timezone, tiles, of_program)

    def _mature(self, partitions: Sequence[Partition]) -> list[bool]:
        """Return of each whether its labels are final; those that were so once stay so, whatever the clock says."""
        mature = [self.prints.is_mature(partition) for partition in partitions]
        early = [partition for partition, is_mature in zip(partitions, mature, strict=True) if not is_mature]
        final = {partition for partition, built in self.samples.entries(early).items() if built.get("mature")}
        return [is_mature or partition in final for partition, is_mature in zip(partitions, mature, strict=True)]

    def _parts(self, partition: Partition, is_mature: bool) -> dict[str, Any]:  # noqa: FBT001  # as each has its own
        return {**self.prints.samples(partition), "mature": is_mature}

    def _samples(
        self,
        partition: Partition,
        is_mature: bool,  # noqa: FBT001  # as above
        key: str,
        then: Mapping[str, Any] | None,
    ) -> Entry:
        """Return the state of the samples; ``then`` is what they were built from, if that is not what is wanted."""
        rows = self.samples.rows.get(partition)
        if rows is None:
            lacks = "not built yet" if self.prints.has_logs(partition) else "no log files for it"
            return Entry("samples", partition, "missing", lacks, 0, due=True)
        if then is not None:
            return self._changed(partition, self._parts(partition, is_mature), then, rows)
        if self.quarantine.keys.get(partition) != key:
            why = "its quarantined rows are of another build"
            return Entry("samples", partition, "stale", why, rows, due=True)
        if not is_mature:
            why = f"its labels may change until {self.pipeline.mature_at(partition):%Y-%m-%d %H:%M}Z"
            return Entry("samples", partition, "provisional", why, rows, due=False)
        return Entry("samples", partition, "complete", awaited(self.prints.awaited(partition)), rows, due=False)

    def _changed(self, partition: Partition, wanted: Mapping[str, Any], then: Mapping[str, Any], rows: int) -> Entry:
        told = causes(then, wanted, partial(self.prints.sources, partition))
        if not told and then.get("mature") is False and wanted["mature"]:
            why = f"mature since {self.pipeline.mature_at(partition):%Y-%m-%d %H:%M}Z, built before"
            return Entry("samples", partition, "provisional", why, rows, due=True)
        if told and not self.prints.has_logs(partition):
            told.append("no log files for it any more, so it cannot be built")
        return Entry("samples", partition, "stale", "; ".join(told) or "built by hand", rows, due=True)

    def _features(
        self, partition: Partition, wanted: Mapping[str, Any], then: Mapping[str, Any] | None, samples: Entry
    ) -> Entry:
        rows = self.features.rows.get(partition)
        if rows is None:
            lacks = "not built yet" if self.program else NO_PROGRAM
            return Entry("features", partition, "missing", lacks, 0, due=True)
        if then is not None:
            why = "; ".join(causes(then, wanted)) or "built by hand"
            return Entry("features", partition, "stale", why, rows, due=True)
        if samples.state == "provisional":
            return Entry("features", partition, "provisional", "its samples are", rows, due=False)
        return Entry("features", partition, "complete", "", rows, due=False)


def _built(stored: Stored, partitions: Sequence[Partition], keys: Iterable[str]) -> dict[Partition, Mapping[str, Any]]:
    """Return what those partitions were built from that have another key now."""
    now = zip(partitions, keys, strict=True)
    return stored.entries([partition for partition, key in now if stored.keys.get(partition, key) != key])


def _failed(entry: Entry, failure: Mapping[str, Any], parts: Mapping[str, Any]) -> Entry:
    """Return the entry of a partition that is due as failed, if the last try to build it so failed."""
    if failure["key"] != key_of_try(parts):
        return entry
    why = f"{failure['error']}: {failure['message']} ({entry.why or entry.state})"
    return entry._replace(state="failed", why=why)
