"""Files of a log: which ones a partition has, and what identifies their content."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from featurelib.logs._bytes import checksum, our_errors
from featurelib.logs._partitions import partitions_of
from featurelib.logs._walk import distinct, walk
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
        Its rows, good or bad; ``None`` where nobody counted them. Exact from `read`; `facts_of` counts the lines of a
        text file. Two files with the same content are equal, counted or not.
    landed_at
        The latest landing time of its rows, good or bad; ``None`` where nobody looked, or it states none.
    """

    path: str
    bytes: int
    checksum: str
    rows: int | None = field(default=None, compare=False)
    landed_at: datetime | None = field(default=None, compare=False)


def files_of(log: Log, root: Path, partition: datetime) -> list[Path]:
    """Return the files of one partition, sorted by name.

    A file with two names (symbolic links) counts once. Two files with the same content count as two: where they hold
    the same events, the event id tells.

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
    StorageError
        If a folder cannot be read.
    """
    return [root / file.path for file in walk(log, root, partition).get(partition, ())]


def available(log: Log, root: Path) -> list[datetime]:
    """Return the partitions that have files, ascending.

    Raises
    ------
    LogMissingError
        If the log root does not exist.
    StorageError
        If a folder cannot be read.
    """
    return list(walk(log, root))


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
    found = (walk(log, root, partition).get(partition, ()) for partition in partitions_of(log, start, end))
    return tuple(identify(root, file.path) for file in distinct(chain.from_iterable(found)))


def identify(root: Path, file: str, *, rows: int | None = None) -> LogFile:
    """Return the `LogFile` of a name below the log root."""
    with our_errors(root / file):
        size = (root / file).stat().st_size
    return LogFile(file, size, checksum(root / file), rows)
