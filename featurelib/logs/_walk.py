"""Walk: the one way in which the files of a log are found."""

import errno
import os
import stat
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from featurelib.errors import LogMissingError
from featurelib.logs._bytes import our_errors
from featurelib.logs._pattern import Pattern, partition_of
from featurelib.logs.log import Log

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}  # also a link that leads nowhere


class FoundFile(NamedTuple):
    """A file of a log as it lay there when it was found; nothing is read for it.

    Attributes
    ----------
    path
        Below the log root, with ``/``.
    bytes
        Its size.
    mtime_ns
        When it was last written, in ns since 1970.
    inode
        The file system's number of it; 0 where it gives none.
    real
        Where it lies once links are followed: two names of one file have the same.
    """

    path: str
    bytes: int
    mtime_ns: int
    inode: int
    real: str


def walk(log: Log, root: Path, partition: datetime | None = None) -> dict[datetime, tuple[FoundFile, ...]]:
    """Return the files of each partition, or of the one asked for; partitions ascending, files sorted by name.

    Only folders whose names fit the pattern are opened. Within a partition, a file with two names (by symbolic links)
    counts once, under the first.

    Raises
    ------
    LogMissingError
        If the log root does not exist.
    StorageError
        If a folder cannot be read.
    """
    if not root.is_dir():
        msg = f"{log}: the log root {root} is no directory. Check the workspace's path of raw logs."
        raise LogMissingError(msg)
    found = _Walk(log.pattern, partition)
    found.go_below(_Folder("", str(root), os.path.realpath(root), {}, None))
    return {
        stated: tuple(distinct(sorted(files)) if len(files) > 1 else files)
        for stated, files in sorted(found.files.items())
    }


def distinct(files: Iterable[FoundFile]) -> list[FoundFile]:
    """Return the files in order, without those that are another name of one already there."""
    first: dict[str, FoundFile] = {}
    for file in files:
        first.setdefault(file.real, file)
    return list(first.values())


class _Folder(NamedTuple):
    """A folder on the way: its name below the root, its path, the same without links, and what its name states."""

    path: str
    at: str
    real: str
    fields: Mapping[str, str]
    stated: datetime | None


class _Walk:
    def __init__(self, pattern: Pattern, partition: datetime | None) -> None:
        self._segments, self._stated_by = pattern.segments, pattern.stated_by
        self._names = [segment.name(partition) for segment in pattern.segments]
        self._partition = partition
        self.files: dict[datetime, list[FoundFile]] = {}

    def go_below(self, folder: _Folder, level: int = 0) -> None:
        """Collect the files below a folder whose name fitted the segments before ``level``."""
        if level == len(self._segments) - 1:
            self._collect(folder, level)
            return
        for name, is_link in self._folders(folder.at, level):
            told = self._told(name, folder, level)
            if told is not None:
                path = f"{folder.path}/{name}" if folder.path else name
                at = f"{folder.at}/{name}"
                real = os.path.realpath(at) if is_link else f"{folder.real}/{name}"
                self.go_below(_Folder(path, at, real, *told), level + 1)

    def _collect(self, folder: _Folder, level: int) -> None:
        """Collect the files in a folder."""
        wanted = self._names[level]
        for name in _names_in(folder.at) if wanted is None else [wanted]:
            told = self._told(name, folder, level)
            if told is not None and told[1] is not None and (file := _found(folder, name)) is not None:
                self.files.setdefault(told[1], []).append(file)

    def _told(self, name: str, folder: _Folder, level: int) -> tuple[Mapping[str, str], datetime | None] | None:
        """Return the fields and the partition that the names so far and this one state; None if it does not fit."""
        fields = self._segments[level].match(name, folder.fields)
        if fields is None:
            return None
        if level != self._stated_by:
            return fields, folder.stated
        stated = partition_of(fields)
        return None if stated is None or self._partition not in (None, stated) else (fields, stated)

    def _folders(self, folder: str, level: int) -> list[tuple[str, bool]]:
        """Return the names in a folder that may fit and have something below, and whether each is a link."""
        name = self._names[level]
        try:
            if name is not None:
                return [(name, stat.S_ISLNK(os.lstat(f"{folder}/{name}").st_mode))]
            with os.scandir(folder) as entries:
                return [(entry.name, entry.is_symlink()) for entry in entries]
        except OSError as error:
            _check_absent(error, folder)
            return []


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  a Path for each of many thousand files takes longer than the call
    except OSError as error:
        _check_absent(error, folder)
        return []


def _found(folder: _Folder, name: str) -> FoundFile | None:
    path = f"{folder.path}/{name}" if folder.path else name
    at, real = f"{folder.at}/{name}", f"{folder.real}/{name}"
    try:
        seen = os.lstat(at)
        if stat.S_ISLNK(seen.st_mode):
            seen, real = os.stat(at), os.path.realpath(at)  # noqa: PTH116  as above
    except OSError as error:
        _check_absent(error, at)
        return None
    return FoundFile(path, seen.st_size, seen.st_mtime_ns, seen.st_ino, real) if stat.S_ISREG(seen.st_mode) else None


def _check_absent(error: OSError, path: str) -> None:
    """Raise ours unless the error says that there is nothing."""
    if error.errno not in _NOT_THERE:
        with our_errors(Path(path)):
            raise error
