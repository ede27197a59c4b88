"""Cache file: a SQLite database of what can be found out again, so that no trouble with it is ever an error."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

_WAIT_S = 10.0
_DAMAGED = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}


def tried(path: Path, work: Callable[[sqlite3.Connection], T]) -> T | None:
    """Do something with the database in a file; if it is damaged, once more with a new one.

    Returns
    -------
    What ``work`` returned; ``None`` if the file cannot be read or written (a full disk, another process that holds it
    for more than 10 s).
    """
    for _ in range(2):
        try:
            with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
                return work(connection)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in _DAMAGED:
                return None
        except (TypeError, ValueError, OverflowError):  # values that no cache of ours holds
            pass
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
    return None


def saved(path: Path, table: str, insert: str, rows: Sequence[Sequence[object]]) -> None:
    """Make the table, and insert rows, in one transaction; do nothing where that cannot be done.

    Parameters
    ----------
    path
        The file; it and its folder are made.
    table, insert
        SQL.
    rows
        Values of ``insert``; without any, nothing is done.
    """

    def save(connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(table)
        connection.executemany(insert, rows)
        connection.execute("COMMIT")

    if rows:
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            tried(path, save)
