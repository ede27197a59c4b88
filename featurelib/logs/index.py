"""Index: all files of a log, found in one walk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

from featurelib.logs._partitions import partitions_of
from featurelib.logs._walk import FoundFile, distinct, walk
from featurelib.logs.log import Log


@dataclass(frozen=True, slots=True)
class LogIndex:
    """The files of a log as they lay there at one time; make it with `of`.

    Attributes
    ----------
    log
        The log.
    root
        The log root.
    partitions
        The partitions that have files, by their start in UTC, ascending; each with its files as `files_of` gives them.
    """

    log: Log
    root: Path
    partitions: Mapping[datetime, tuple[FoundFile, ...]] = field(repr=False)

    @classmethod
    def of(cls, log: Log, root: Path) -> "LogIndex":
        """Find the files of a log; no file is opened.

        Raises
        ------
        LogMissingError
            If the log root does not exist.
        StorageError
            If a folder cannot be read.
        """
        return cls(log, root, walk(log, root))

    @property
    def files(self) -> list[FoundFile]:
        """All files, in order of partitions and names; one that lies in several partitions (by a link) counts once."""
        return distinct(chain.from_iterable(self.partitions.values()))

    def between(self, start: datetime, end: datetime) -> list[FoundFile]:
        """Return the files that `read` would read for the events of ``[start, end)``, in that order.

        Raises
        ------
        UsageError
            If an instant has no time zone, or ``start`` is not before ``end``.
        """
        wanted = partitions_of(self.log, start, end)
        return distinct(chain.from_iterable(self.partitions.get(partition, ()) for partition in wanted))
