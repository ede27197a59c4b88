"""Files of a log: which partitions time needs, which files they have, and what identifies their content."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from featurelib.errors import LogMissingError, UsageError
from featurelib.logs._bytes import checksum, our_errors
from featurelib.logs.log import Log


@dataclass(frozen=True, order=True, slots=True)
class LogFile:
    """One file of a log.

    Parameters
    ----------
    path
        Below the log root, with ``/``.
    bytes
        Its size.
    checksum
        xxh64 of its content, in hex.
    rows
        Its rows, good or bad; ``None`` where nobody parsed it. Two files with the same content are equal, parsed
        or not.
    """

    path: str
    bytes: int
    checksum: str
    rows: int | None = field(default=None, compare=False)


def partitions_of(log: Log, start: datetime, end: datetime) -> list[datetime]:
    """Return the partitions that may hold events of ``[start, end)``, late ones included.

    Parameters
    ----------
    log
        The log.
    start, end
        Instants with a time zone.

    Returns
    -------
    list of datetime
        Start of each partition, in UTC, ascending; a row may land up to ``log.lateness`` after its event.

    Raises
    ------
    UsageError
        If an instant has no time zone, or ``start`` is not before ``end``.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from featurelib.logs import Log
    >>> from featurelib.schema.column import Column
    >>> from featurelib.schema.table import Table
    >>> import polars as pl
    >>> class Clicks(Table):
    ...     event_time = "clicked_at"
    ...     clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was opened.")
    >>> clicks = Log(name="clicks", table=Clicks, files="{dt}.csv", lateness=timedelta(hours=6))
    >>> day = datetime(2026, 11, 1, tzinfo=UTC)
    >>> [f"{p:%d}" for p in partitions_of(clicks, day, day + timedelta(days=1))]
    ['01', '02']
    """
    start, end = utc_span(log, start, end)
    first = start.replace(minute=0, second=0, microsecond=0)
    first = first.replace(hour=0) if log.every == "1d" else first
    count = -((first - end - log.lateness) // log.step)
    return [first + number * log.step for number in range(count)]


def utc_span(log: Log, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return two instants in UTC, in order, or raise UsageError."""
    for instant in (start, end):
        if instant.tzinfo is None:
            msg = f"{log} is read between instants with a time zone, got {instant!r}. Add tzinfo=UTC if it is UTC."
            raise UsageError(msg)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if not start < end:
        msg = f"{log} is read from a start before its end, got {start} and {end}."
        raise UsageError(msg)
    return start, end


def files_of(log: Log, root: Path, partition: datetime) -> list[Path]:
    """Return the files of one partition, sorted by name; a file that has two names (links) counts once.

    Parameters
    ----------
    log
        The log.
    root
        The log root.
    partition
        Start of the partition, in UTC.

    Raises
    ------
    LogMissingError
        If the log root does not exist.
    """
    found = _matches(log, root, partition)
    return distinct([path for path, stated in found if stated == partition])


def distinct(paths: Iterable[Path]) -> list[Path]:
    """Return the paths in order, without those that lead to a file already there."""
    first: dict[str, Path] = {}
    for path in paths:
        first.setdefault(os.path.realpath(path), path)
    return list(first.values())


def available(log: Log, root: Path) -> list[datetime]:
    """Return the partitions that have files, ascending.

    Raises
    ------
    LogMissingError
        If the log root does not exist.
    """
    return sorted({stated for _, stated in _matches(log, root, None) if stated is not None})


def _matches(log: Log, root: Path, partition: datetime | None) -> list[tuple[Path, datetime | None]]:
    """Return the files that a glob finds, sorted by name, with the partition that each name states."""
    if not root.is_dir():
        msg = f"{log}: the log root {root} is no directory. Check the workspace's path of raw logs."
        raise LogMissingError(msg)
    paths = {path.relative_to(root).as_posix(): path for path in root.glob(log.pattern.glob(partition))}
    return [(paths[name], log.pattern.partition_of(name)) for name in sorted(paths) if paths[name].is_file()]


def fingerprint(log: Log, root: Path, start: datetime, end: datetime) -> tuple[LogFile, ...]:
    """Return what identifies the content that `read` would read, without parsing it.

    Parameters
    ----------
    log, root, start, end
        As in `read`.

    Returns
    -------
    tuple of LogFile
        In the order of reading. A partition without files adds nothing; ``rows`` is ``None``.

    Raises
    ------
    LogMissingError
        If the log root does not exist.
    StorageError
        If a file cannot be read.
    """
    paths = distinct([path for partition in partitions_of(log, start, end) for path in files_of(log, root, partition)])
    return tuple(identify(root, path) for path in paths)


def identify(root: Path, path: Path, *, rows: int | None = None) -> LogFile:
    """Return the `LogFile` of a path."""
    with our_errors(path):
        size = path.stat().st_size
    return LogFile(path.relative_to(root).as_posix(), size, checksum(path), rows)
