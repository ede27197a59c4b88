"""Fingerprints: everything that the rows of a partition depend on, as text that can be compared."""

import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from featurelib import __version__
from featurelib.days import day_bounds
from featurelib.durations import duration
from featurelib.ledger.description import describe
from featurelib.ledger.timeline import Timeline
from featurelib.logs import FactsCache, FoundFile, Log, LogFile, LogIndex, facts_of, partition_span
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel
from featurelib.tables import Partition
from featurelib.windows import TileSpec
from featurelib.workspace import Workspace

_as_text = json.JSONEncoder(sort_keys=True, default=str).encode


def digest(value: Any) -> str:
    """Return a short sha256 of plain data; the same for equal data, whatever the order of keys."""
    return hashlib.sha256(_as_text(value).encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class _Reading:
    """How far before and after a partition a log is read; with ``since_midnight``, at least that far before its day."""

    log: Log
    before: timedelta
    after: timedelta
    since_midnight: timedelta | None

    def span(self, bounds: tuple[datetime, datetime], midnight: datetime) -> tuple[datetime, datetime]:
        """Return from when to when it is read for a partition."""
        first = bounds[0] - self.before
        last = bounds[1] + self.after
        return (first if self.since_midnight is None else min(first, midnight - self.since_midnight)), last


@dataclass(frozen=True, slots=True)
class _Seen:
    """The timeline of the partitions of a log that begin in ``[first, stop)``; a file in two of them is a link.

    Those without a file begin at ``missing``, ascending.
    """

    first: datetime
    stop: datetime
    timeline: Timeline
    has_links: bool
    missing: Sequence[datetime]


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
    _seen: dict[str, _Seen] = field(default_factory=dict, repr=False)
    _codes: dict[TileSpec, str] = field(default_factory=dict, repr=False)

    def prepare(self, partitions: Sequence[Partition]) -> None:
        """Look at all files that some partitions depend on at once, which is faster than one by one."""
        last = self._spans(partitions[-1])
        for log, (start, _) in self._spans(partitions[0]).items():
            _ = self._timeline(log, start, last[log][1])

    def files(self, log: Log, start: datetime, end: datetime) -> list[LogFile]:
        """Return the files that hold the events of a span of time, with what identifies their content."""
        return self._looked_at(log, self._index(log).between(start, end))

    def inputs(self, log: Log, start: datetime, end: datetime) -> dict[str, Any]:
        """Return what a span of a log holds, as `Timeline.told` tells it."""
        first, stop = partition_span(log, start, end)
        seen = self._timeline(log, start, end)
        # NOTE: a link from one partition to another's file is read once, so it counts once
        line = Timeline.of({first: self.files(log, start, end)}) if seen.has_links else seen.timeline
        return line.told(first, stop)

    def has_logs(self, partition: Partition) -> bool:
        """Return whether the impression log has any file for a partition."""
        log = self.pipeline.samples.log
        start, end = self.pipeline.bounds(partition)
        first, stop = partition_span(log, start, end)
        there = self._timeline(log, start, end).timeline.starts
        return bisect_left(there, first) < bisect_left(there, stop)

    def awaited(self, partition: Partition) -> dict[str, Sequence[datetime]]:
        """Return the partitions of each log that have no file yet and may hold rows of a partition's samples.

        Those in which its late impressions may land, and those that its labels may reach into.
        """
        start, end = self.pipeline.bounds(partition)
        return {log.name: self._without_files(log, start, end + reach) for log, reach in self._reaches.items()}

    def _without_files(self, log: Log, start: datetime, end: datetime) -> Sequence[datetime]:
        missing = self._timeline(log, start, end).missing
        return missing[bisect_right(missing, start - log.step) : bisect_left(missing, end + log.lateness)]

    def sources(self, partition: Partition) -> dict[Log, list[LogFile]]:
        """Return the files that the samples of a partition are made of, by log."""
        return {log: self.files(log, *span) for log, span in self._spans(partition).items()}

    def samples(self, partition: Partition) -> dict[str, Any]:
        """Return what a partition of samples depends on: inputs by log, the declaration, and whether it is mature."""
        inputs = {log.name: self.inputs(log, *span) for log, span in self._spans(partition).items()}
        return {"inputs": inputs, "code": self._samples_code, "mature": self.is_mature(partition)}

    def identity(self, first: Partition, last: Partition) -> str | None:
        """Return a digest of all that the samples from one partition to another depend on, but for their maturity.

        Equal ones mean equal `samples`, partition by partition. None where files are links, which `inputs` counts
        across partitions.
        """
        hashed = hashlib.sha256(self._samples_code.encode())
        last_spans = self._spans(last)
        # NOTE: the later a partition, the later it begins to read, and ends
        for log, (start, _) in self._spans(first).items():
            end = last_spans[log][1]
            seen = self._timeline(log, start, end)
            if seen.has_links:
                return None
            begin, stop = partition_span(log, start, end)
            hashed.update(f"|{log.name}|".encode() + seen.timeline.identities(begin, stop))
        return hashed.hexdigest()

    def is_mature(self, partition: Partition) -> bool:
        """Return whether the labels of a partition are final by now."""
        return self.now >= self.pipeline.bounds(partition)[1] + self._settles_after

    def tiles(self, spec: TileSpec, partition: Partition) -> dict[str, Any]:
        """Return what a partition of tiles depends on: its log, and the declaration. No pipeline has a part in it."""
        inputs = self.inputs(spec.log, *self.tile_span(spec, partition))
        return {"inputs": {spec.log.name: inputs}, "code": self._tiles_code(spec)}

    def tile_span(self, spec: TileSpec, partition: Partition) -> tuple[datetime, datetime]:
        """Return from when to when the log is read for a partition of tiles."""
        return self._first_compared(spec.log, partition), self.pipeline.bounds(partition)[1]

    def features(self, samples_key: str | None, program: str) -> dict[str, Any]:
        """Return what a partition of features depends on: its samples, the program's meaning, and the table's rules."""
        return {"samples": samples_key, "program": program, "code": self._table_code}

    @cached_property
    def limits(self) -> str:
        """What a day's features are held against and makes no row: the table's limits on drift, volume and freshness.

        Another limit makes nothing stale, as built again it would be the same rows. What was refused may pass now.
        """
        table = self.pipeline.table
        of_columns = {name: describe(column.drift) for name, column in table.columns.items()}
        return digest([describe(each) for each in (table.drift, table.volume, table.freshness)] + [of_columns])

    def _spans(self, partition: Partition) -> dict[Log, tuple[datetime, datetime]]:
        """Return from when to when each log is read for the samples of a partition."""
        bounds = self.pipeline.bounds(partition)
        midnight, _ = day_bounds(partition.dt, self.pipeline.samples.timezone)
        spans = {reading.log: reading.span(bounds, midnight) for reading in self._readings}
        firsts = [*self._first_causes(bounds[0]).items(), *self._first_tiles(bounds[0])]
        for log, first in firsts:
            spans[log] = min(spans[log][0], first), spans[log][1]
        return spans

    def _first_tiles(self, start: datetime) -> Iterator[tuple[Log, datetime]]:
        """Yield since when rows of a log may make one a duplicate that is in the first tiles which windows read."""
        samples = self.pipeline.samples
        for log, back in self._looked_back.items():
            day = (start - back).astimezone(ZoneInfo(samples.timezone)).date()
            midnight, end = day_bounds(day, samples.timezone)
            whole = timedelta(hours=1) if samples.every == "1h" else end - midnight
            first = start - back - (start - back - midnight) % whole
            yield log, _compared(log, timedelta()).span((first, end), midnight)[0]

    def _first_causes(self, start: datetime) -> dict[Log, datetime]:
        """Return since when rows tell what earlier partitions made of the events that a chain of labels goes by."""
        if not self._chained:
            return {}
        first = min(self._first_cause(label, start) for label in self._chained)
        return {log: first - _compared(log, timedelta()).before for log in self.pipeline.samples.logs}

    def _first_cause(self, label: AttributedLabel, start: datetime) -> datetime:
        first, cause = start - label.window, self.pipeline.samples.cause(label)
        if cause is None:
            return first
        # NOTE: a partition is credited as a whole, against all rows of its day
        day = first.astimezone(ZoneInfo(self.pipeline.samples.timezone)).date()
        return self._first_cause(cause, day_bounds(day, self.pipeline.samples.timezone)[0])

    def _first_compared(self, log: Log, partition: Partition) -> datetime:
        """Return since when rows of a log may make one of the partition a duplicate."""
        midnight, _ = day_bounds(partition.dt, self.pipeline.samples.timezone)
        return _compared(log, timedelta()).span(self.pipeline.bounds(partition), midnight)[0]

    @cached_property
    def _readings(self) -> tuple[_Reading, ...]:
        samples = self.pipeline.samples
        found = {log: _compared(log, samples.lookahead) for log in samples.logs}
        for log, back in self._looked_back.items():
            there = found.get(log, _Reading(log, timedelta(), timedelta(), None))
            found[log] = replace(there, before=max(there.before, back))
        return tuple(found.values())

    @cached_property
    def _looked_back(self) -> dict[Log, timedelta]:
        """How far before a partition windows read each log."""
        found: dict[Log, timedelta] = {}
        for window in self.pipeline.windows:
            for log in window.logs:
                back = window.reads_back(self.pipeline.samples.timezone)
                found[log] = max(found.get(log, timedelta()), back)
        return found

    @cached_property
    def _chained(self) -> list[AttributedLabel]:
        return [label for label in self.pipeline.samples.attributed if label.via is not None]

    @cached_property
    def _reaches(self) -> dict[Log, timedelta]:
        samples = self.pipeline.samples
        reaches = {samples.log: timedelta()}
        for label in samples.attributed:
            reaches[label.log] = max(reaches.get(label.log, timedelta()), samples.reach(label))
        return reaches

    @cached_property
    def _settles_after(self) -> timedelta:
        return self.pipeline.settles_after

    def _timeline(self, log: Log, start: datetime, end: datetime) -> _Seen:
        """Return a timeline with the partitions of a log that may hold events of ``[start, end)``."""
        seen = self._seen.get(log.name)
        if seen is None or start < seen.first or seen.stop < end + log.lateness:
            first, stop = partition_span(log, start, end)
            first, stop = (first, stop) if seen is None else (min(first, seen.first), max(stop, seen.stop))
            there = {at: files for at, files in self._index(log).partitions.items() if first <= at < stop}
            every = list(chain.from_iterable(there.values()))
            facts = iter(self._looked_at(log, every))
            timeline = Timeline.of({at: list(islice(facts, len(files))) for at, files in there.items()})
            has_links = len({file.real for file in every}) < len(every)
            missing = list(_between(first, there, stop, log.step))
            seen = self._seen[log.name] = _Seen(first, stop, timeline, has_links, missing)
        return seen

    def _looked_at(self, log: Log, found: Sequence[FoundFile]) -> list[LogFile]:
        known = self._facts.setdefault(log.name, {})
        fresh = [file for file in found if file.path not in known]
        if fresh:
            known.update((file.path, file) for file in facts_of(self._index(log), fresh, self._cache))
        return [known[file.path] for file in found]

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

    def _tiles_code(self, spec: TileSpec) -> str:
        if spec not in self._codes:
            self._codes[spec] = digest([__version__, describe(spec)])
        return self._codes[spec]


def _compared(log: Log, lookahead: timedelta) -> _Reading:
    """Return how a log is read to tell the rows of a partition, and of what its labels reach, from their duplicates."""
    gap = timedelta() if log.repeats is None else duration(log, "repeats", log.repeats.within)
    return _Reading(log, gap + lookahead, lookahead, None if log.event_id is None else lookahead)


def _between(first: datetime, starts: Iterable[datetime], stop: datetime, step: timedelta) -> Iterator[datetime]:
    """Yield when partitions begin in ``[first, stop)`` that are not among some, which ascend."""
    for before, after in pairwise([first - step, *starts, stop]):
        at = before + step
        while at < after:
            yield at
            at += step
