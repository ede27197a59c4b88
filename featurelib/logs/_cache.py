"""Cache: facts of log files remembered between runs, in a file that may be deleted at any time."""

import os
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from featurelib.cachefile import saved, tried
from featurelib.logs._walk import FoundFile
from featurelib.logs.files import LogFile

_Known = dict[tuple[str, str], tuple[tuple[int, int, int], LogFile]]

_TABLE = """CREATE TABLE IF NOT EXISTS log_files_1 (
    path TEXT NOT NULL, clock TEXT NOT NULL, bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,
    checksum TEXT NOT NULL, rows INTEGER, landed_us INTEGER, PRIMARY KEY (path, clock)) WITHOUT ROWID"""
_SELECT = "SELECT path, clock, bytes, mtime_ns, inode, checksum, rows, landed_us FROM log_files_1"
_INSERT = "INSERT OR REPLACE INTO log_files_1 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_TICK_NS = 2 * 10**9  # the coarsest clock of a file system in use (FAT)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class FactsCache:
    """Remember the facts of files, by path below the log root, size, time of writing, and inode.

    Parameters
    ----------
    path
        A SQLite file of its own, made when there is something to remember. A damaged one is replaced. One that cannot
        be read or written (a full disk, another process that holds it for long) is done without: never an error.

    Notes
    -----
    Of a file written less than 2 s before it was read nothing is remembered: a second write within one tick of the
    file system's clock might leave size and time as they are. Several processes may share the file; each loads it
    once, in one query.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loaded: _Known | None = None

    def known(self, file: FoundFile, clock: str) -> LogFile | None:
        """Return the facts of a file, or ``None`` if it has changed or is new.

        Parameters
        ----------
        file
            As it lies there now.
        clock
            How the landing time was read.
        """
        if self._loaded is None:
            self._loaded = self._load()
        state, known = self._loaded.get((file.path, clock), (None, None))
        return known if state == (file.bytes, file.mtime_ns, _signed(file.inode)) else None

    def remember(self, clock: str, files: Sequence[tuple[os.stat_result | None, int, LogFile]]) -> None:
        """Add facts in one transaction.

        Parameters
        ----------
        clock
            How the landing time was read.
        files
            State of the file while it was read (``None`` if it changed), when that began in ns since 1970, and the
            facts.
        """
        fresh: _Known = {}
        for seen, asked_at, file in files:
            if seen is not None and seen.st_mtime_ns <= asked_at - _TICK_NS and _is_text(file.path):
                fresh[file.path, clock] = ((seen.st_size, seen.st_mtime_ns, _signed(seen.st_ino)), file)
        if self._loaded is not None:
            self._loaded |= fresh
        rows = [
            (*key, *state, file.checksum, file.rows, None if file.landed_at is None else _micros(file.landed_at))
            for key, (state, file) in fresh.items()
        ]

        saved(self._path, _TABLE, _INSERT, rows)

    def _load(self) -> _Known:
        def rows(connection: sqlite3.Connection) -> _Known:
            connection.execute(_TABLE)
            return {
                (path, clock): ((size, mtime, inode), LogFile(path, size, checksum, count, _instant(landed)))
                for path, clock, size, mtime, inode, checksum, count, landed in connection.execute(_SELECT)
            }

        return (tried(self._path, rows) if self._path.is_file() else None) or {}


def _signed(inode: int) -> int:
    """Return an inode as SQLite can hold it."""
    return inode & (2**63 - 1)


def _is_text(path: str) -> bool:
    """Return whether SQLite can hold a name, which need not be UTF-8."""
    return path.encode(errors="ignore").decode() == path


def _micros(instant: datetime) -> int:
    return (instant - _START) // _MICRO


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else _START + timedelta(microseconds=micros)
