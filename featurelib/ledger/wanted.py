"""Wanted keys: what partitions of samples should be built with now, told once for as long as their files stay."""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from featurelib.cachefile import saved, tried
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.tables import Partition

_TABLE = """CREATE TABLE IF NOT EXISTS wanted_keys_1 (
    pipeline TEXT NOT NULL, first TEXT NOT NULL, told TEXT NOT NULL, keys TEXT NOT NULL,
    PRIMARY KEY (pipeline, first)) WITHOUT ROWID"""
_SELECT = "SELECT first, told, keys FROM wanted_keys_1 WHERE pipeline = ?"
_INSERT = "INSERT OR REPLACE INTO wanted_keys_1 VALUES (?, ?, ?, ?)"


def wanted_keys(prints: Fingerprints, partitions: Sequence[Partition], mature: Sequence[bool]) -> list[str]:
    """Return the key that each partition's samples should have: the digest of `Fingerprints.samples`.

    To tell the files of each of ten thousand hours takes longer than all else of a plan. So a day of hours, or a month
    of days, is looked at as one; if nothing of it has changed, its keys are those that were found the last time. They
    are kept in a SQLite file that may be deleted at any time.

    Parameters
    ----------
    prints
        The fingerprints.
    partitions
        Of which; ascending.
    mature
        Of each, whether its labels are final.
    """
    cache, name = prints.workspace.work / "wanted-keys.sqlite", prints.pipeline.name
    known = _loaded(cache, name)
    keys: list[str] = []
    fresh: list[tuple[str, str, str, str]] = []
    for _, several in groupby(zip(partitions, mature, strict=True), key=lambda each: _neighbours(each[0])):
        chunk = list(several)
        told = _told(prints, chunk)
        first = str(chunk[0][0])
        if told is None or known.get(first, ("", ""))[0] != told:
            found = [digest({**prints.samples(partition), "mature": is_mature}) for partition, is_mature in chunk]
            fresh += [(name, first, told, " ".join(found))] if told is not None else []
        else:
            found = known[first][1].split()
        keys += found
    saved(cache, _TABLE, _INSERT, fresh)
    return keys


def _neighbours(partition: Partition) -> tuple[int, ...]:
    """Return what those have in common that are looked at as one."""
    day = partition.dt
    return (day.year, day.month) if partition.hr is None else (day.year, day.month, day.day)


def _told(prints: Fingerprints, chunk: Sequence[tuple[Partition, bool]]) -> str | None:
    identity = prints.identity(chunk[0][0], chunk[-1][0])
    which = [(partition.dt.day, partition.hr, is_mature) for partition, is_mature in chunk]
    return None if identity is None else digest([identity, which])


def _loaded(cache: Path, pipeline: str) -> Mapping[str, tuple[str, str]]:
    def rows(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
        connection.execute(_TABLE)
        return {first: (told, keys) for first, told, keys in connection.execute(_SELECT, [pipeline])}

    return (tried(cache, rows) if cache.is_file() else None) or {}
