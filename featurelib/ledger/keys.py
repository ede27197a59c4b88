"""Keys: what each partition was built with, remembered by file, so that not every commit is read again each time."""

import sqlite3
from collections.abc import Iterable, Mapping
from pathlib import Path

from featurelib.cachefile import saved, tried
from featurelib.tables import Partition, TableVersion
from featurelib.workspace import Workspace

_TABLE = """CREATE TABLE IF NOT EXISTS table_keys_1 (
    root TEXT NOT NULL, path TEXT NOT NULL, key TEXT, PRIMARY KEY (root, path)) WITHOUT ROWID"""
_SELECT = "SELECT path, key FROM table_keys_1 WHERE root = ?"
_INSERT = "INSERT OR REPLACE INTO table_keys_1 VALUES (?, ?, ?)"
_DELETE = "DELETE FROM table_keys_1 WHERE root = ? AND path = ?"


def keys_of(live: TableVersion, workspace: Workspace) -> dict[Partition, str | None]:
    """Return the key of each partition of a version; ``None`` where its commit recorded none.

    Parameters
    ----------
    live
        The version.
    workspace
        Where it is remembered what was found before, by file: a file is never written again, and belongs to one commit.
        What is remembered may be deleted at any time.
    """
    cache = workspace.work / "table-keys.sqlite"
    paths = {file.partition: file.path for file in live.files}  # any one file of a partition tells
    known = _loaded(cache, live.storage.root)
    lacking = [partition for partition, path in paths.items() if path not in known]
    fresh = {paths[partition]: entry.get("key") for partition, entry in live.entries(lacking)} if lacking else {}
    _save(cache, live.storage.root, fresh, known.keys() - set(paths.values()))
    return {partition: fresh[path] if path in fresh else known[path] for partition, path in paths.items()}


def _loaded(cache: Path, root: str) -> Mapping[str, str | None]:
    def rows(connection: sqlite3.Connection) -> dict[str, str | None]:
        connection.execute(_TABLE)
        return dict(connection.execute(_SELECT, [root]))

    return (tried(cache, rows) if cache.is_file() else None) or {}


def _save(cache: Path, root: str, fresh: Mapping[str, str | None], gone: Iterable[str]) -> None:
    saved(cache, _TABLE, _INSERT, [(root, path, key) for path, key in fresh.items()])
    saved(cache, _TABLE, _DELETE, [(root, path) for path in gone])
