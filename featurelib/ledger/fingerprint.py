"""Fingerprints: everything that the rows of a partition depend on, as text that can be compared."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from featurelib import __version__
from featurelib.days import day_bounds
from featurelib.durations import duration
from featurelib.ledger.code import fingerprint_code
from featurelib.logs import FactsCache, Log, LogFile, LogIndex, facts_of, partitions_of
from featurelib.pipeline import Pipeline
from featurelib.schema import Column, RowCheck, Table
from featurelib.tables import Partition
from featurelib.windows import TileSpec
from featurelib.workspace import Workspace

_PATH, _CONTENT = 6, 4  # hex digits of each that a build keeps of a file, to say later which files changed


def digest(value: Any) -> str:
    """Return a short sha256 of plain data; the same for equal data, whatever the order of keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:20]


def describe(value: Any) -> Any:
    """Return a declared object as plain data: what it says, not where or how it is written.

    Comments, docstrings, formatting and line numbers do not count; parameters, column types and rules do, and the code
    of a class of your own, with every helper function of yours that it reaches.
    """
    if isinstance(value, type) and issubclass(value, Table):
        rules = {"version": value.version, "key": value.key, "checks": describe(value.checks)}
        rules |= {"event_time": value.event_time, "landing_time": value.landing_time}
        rules |= {"min_rows": value.min_rows, "quarantine_budget": value.quarantine_budget}
        return {"table": value.__name__, **rules, "columns": {name: describe(c) for name, c in value.columns.items()}}
    if isinstance(value, pl.DataType):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        told = {"doc", "declared_at", "unit"} if isinstance(value, Column | RowCheck) else set()
        shown = {item.name: describe(getattr(value, item.name)) for item in fields(value) if item.name not in told}
        return {"kind": type(value).__name__, "code": fingerprint_code(type(value)), **shown}
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    return value if isinstance(value, str | int | float | None) else str(value)


@dataclass(frozen=True)
class Fingerprints:
    """Fingerprints of a pipeline's partitions, with each log file read once.

    Parameters
    ----------
    pipeline
        Whose.
    workspace
        Where the logs lie, and a cache of what is known of their files; it may be deleted at any time.
    now
        The instant by which maturity is judged.
    """

    pipeline: Pipeline
    workspace: Workspace
    now: datetime
    _indexes: dict[str, LogIndex] = field(default_factory=dict, repr=False)
    _facts: dict[str, dict[str, LogFile]] = field(default_factory=dict, repr=False)

    def prepare(self, partitions: Sequence[Partition]) -> None:
        """Look at all files that some partitions depend on at once, which is faster than one by one."""
        for log, (start, _) in self._spans(partitions[0]).items():
            _, end = self._spans(partitions[-1])[log]
            _ = self.files(log, start, end)

    def files(self, log: Log, start: datetime, end: datetime) -> list[LogFile]:
        """Return the files that hold the events of a span of time, with what identifies their content."""
        index = self._index(log)
        known, found = self._facts.setdefault(log.name, {}), index.between(start, end)
        fresh = [file for file in found if file.path not in known]
        if fresh:
            known.update(zip([file.path for file in fresh], facts_of(index, fresh, self._cache), strict=True))
        return [known[file.path] for file in found]

    def inputs(self, log: Log, start: datetime, end: datetime) -> dict[str, Any]:
        """Return how many files, bytes and rows a span of a log has, when the last landed, and what identifies them."""
        found = self.files(log, start, end)
        rows, landed = [file.rows for file in found], [file.landed_at for file in found if file.landed_at is not None]
        return {
            "files": len(found),
            "bytes": sum(file.bytes for file in found),
            "rows": sum(rows) if all(count is not None for count in rows) else None,
            "landed": str(max(landed)) if landed else None,
            "digest": digest([(file.path, file.bytes, file.checksum) for file in found]),
            "each": "".join(mark(file) for file in found),
        }

    def has_logs(self, partition: Partition) -> bool:
        """Return whether the impression log has any file for a partition."""
        return bool(self.files(self.pipeline.samples.log, *self.pipeline.bounds(partition)))

    def awaited(self, partition: Partition) -> dict[str, list[datetime]]:
        """Return the partitions of each label log that have no file yet and into which the labels may reach."""
        start, end = self.pipeline.bounds(partition)
        awaited = {}
        for label in self.pipeline.samples.attributed:
            reached = partitions_of(label.log, start, end + self.pipeline.samples.reach(label))
            awaited[label.log.name] = [part for part in reached if part not in self._index(label.log).partitions]
        return awaited

    def sources(self, partition: Partition) -> dict[Log, list[LogFile]]:
        """Return the files that the samples of a partition are made of, by log."""
        return {log: self.files(log, *span) for log, span in self._spans(partition).items()}

    def samples(self, partition: Partition) -> dict[str, Any]:
        """Return what a partition of samples depends on: inputs by log, the declaration, and whether it is mature."""
        inputs = {log.name: self.inputs(log, *span) for log, span in self._spans(partition).items()}
        return {"inputs": inputs, "code": self._samples_code, "mature": self.is_mature(partition)}

    def is_mature(self, partition: Partition) -> bool:
        """Return whether the labels of a partition are final by now."""
        return self.now >= self.pipeline.mature_at(partition)

    def tiles(self, spec: TileSpec, partition: Partition) -> dict[str, Any]:
        """Return what a partition of tiles depends on."""
        _, end = self.pipeline.bounds(partition)
        sampled = self.pipeline.samples.log
        logs = dict.fromkeys([*(log for log in self.pipeline.logs if log.name in spec.logs), sampled])
        inputs = {log.name: self.inputs(log, self._first_compared(log, partition), end) for log in logs}
        declared = [describe(log) for log in logs]
        grain = (self.pipeline.samples.timezone, self.pipeline.samples.every)
        return {"inputs": inputs, "code": digest([__version__, describe(spec), *grain, declared])}

    def features(self, samples_key: str | None, program: str) -> dict[str, Any]:
        """Return what a partition of features depends on: its samples, the program's meaning, and the table's rules."""
        return {"samples": samples_key, "program": program, "code": self._table_code}

    def _spans(self, partition: Partition) -> dict[Log, tuple[datetime, datetime]]:
        """Return from when to when each log is read for the samples of a partition."""
        start, end = self.pipeline.bounds(partition)
        reach = self.pipeline.samples.lookahead
        spans = {log: (self._first_compared(log, partition) - reach, end + reach) for log in self.pipeline.samples.logs}
        for rate in self.pipeline.windows:
            for log in (rate.of, rate.per):
                first, last = spans.get(log, (start, end))
                spans[log] = (min(first, start - rate.reach), last)
        return spans

    def _first_compared(self, log: Log, partition: Partition) -> datetime:
        """Return since when rows of a log may make one of the partition a duplicate."""
        start, _ = self.pipeline.bounds(partition)
        if log.repeats is not None:
            start -= duration(log, "repeats", log.repeats.within)
        midnight, _ = day_bounds(partition.dt, self.pipeline.samples.timezone)
        return start if log.event_id is None else min(start, midnight)

    def _index(self, log: Log) -> LogIndex:
        if log.name not in self._indexes:
            self._indexes[log.name] = LogIndex.of(log, self.workspace.logs)
        return self._indexes[log.name]

    @cached_property
    def _cache(self) -> FactsCache:
        return FactsCache(self.workspace.work / "log-files.sqlite")

    @cached_property
    def _samples_code(self) -> str:
        declared = {"samples": describe(self.pipeline.samples), "windows": describe(self.pipeline.windows)}
        return digest({"featurelib": __version__, **declared})

    @cached_property
    def _table_code(self) -> str:
        return digest({"featurelib": __version__, "table": describe(self.pipeline.table)})


def mark(file: LogFile) -> str:
    """Return a few digits for the path of a file and a few for its content."""
    return digest(file.path)[:_PATH] + digest([file.bytes, file.checksum])[:_CONTENT]


@dataclass(frozen=True, slots=True)
class FileChanges:
    """What became of the files of a log since a build: those that are new, those rewritten, and how many are gone."""

    new: tuple[LogFile, ...]
    rewritten: tuple[LogFile, ...]
    gone: int

    def named(self) -> Iterator[tuple[str, tuple[LogFile, ...]]]:
        """Yield the files that are there, under the word for what became of them."""
        yield "new", self.new
        yield "rewritten", self.rewritten

    @classmethod
    def since(cls, before: Mapping[str, Any], files: Sequence[LogFile]) -> "FileChanges":
        """Compare what `Fingerprints.inputs` returned at a build with the files of now."""
        each = str(before.get("each", ""))
        marks = [each[at : at + _PATH + _CONTENT] for at in range(0, len(each), _PATH + _CONTENT)]
        then = {told[:_PATH]: told for told in marks}
        now = {mark(file): file for file in files}
        return cls(
            new=tuple(file for told, file in now.items() if told[:_PATH] not in then),
            rewritten=tuple(file for told, file in now.items() if then.get(told[:_PATH], told) != told),
            gone=len(then.keys() - {told[:_PATH] for told in now}),
        )
