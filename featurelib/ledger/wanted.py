"""Wanted keys: what partitions of samples should be built with now, told once for as long as their files stay."""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

from featurelib.cachefile import saved, tried
from featurelib.ledger.fingerprint import Fingerprints, digest
from featurelib.tables import Partition

_TABLE = """CREATE TABLE IF NOT EXISTS wanted_keys_1 (
    pipeline TEXT NOT NULL, span TEXT NOT NULL, told TEXT NOT NULL, keys TEXT NOT NULL,
    PRIMARY KEY (pipeline, span)) WITHOUT ROWID"""
_SELECT = "SELECT span, told, keys FROM wanted_keys_1 WHERE pipeline = ?"
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
    for span, several in groupby(zip(partitions, mature, strict=True), key=lambda each: _span(each[0])):
        chunk = list(several)
        told = _told(prints, chunk) if len(chunk) > 1 else None  # one alone is looked at as fast as it is remembered
        then, remembered = known.get(span, ("", ""))
        if told is not None and then == told:
            found = remembered.split()
        else:
            found = [digest({**prints.samples(partition), "mature": is_mature}) for partition, is_mature in chunk]
            fresh += [(name, span, told, " ".join(found))] if told is not None else []
        keys += found
    saved(cache, _TABLE, _INSERT, fresh)
    return keys


def _span(partition: Partition) -> str:
    """Return the day of an hour, or the month of a day: those that have it in common are looked at as one."""
    return f"{partition.dt:%Y-%m}" if partition.hr is None else str(partition.dt)


def _told(prints: Fingerprints, chunk: Sequence[tuple[Partition, bool]]) -> str | None:
    identity = prints.identity(chunk[0][0], chunk[-1][0])
    which = [(partition.dt.day, partition.hr, is_mature) for partition, is_mature in chunk]
    return None if identity is None else digest([identity, which])


def _loaded(cache: Path, pipeline: str) -> Mapping[str, tuple[str, str]]:
    def rows(connection: sqlite3.Connection) -> dict[str, tuple[str, str]]:
        connection.execute(_TABLE)
        return {span: (told, keys) for span, told, keys in connection.execute(_SELECT, [pipeline])}

    return (tried(cache, rows) if cache.is_file() else None) or {}
