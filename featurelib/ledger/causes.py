"""Causes: in words, what has changed since a partition was built."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from featurelib.ledger.fingerprint import FileChanges
from featurelib.logs import Log, LogFile

_WORDS = {
    "code": "the declaration changed",
    "program": "the program is another one now",
    "samples": "its samples changed",
}


def causes(built: Mapping[str, Any], wanted: Mapping[str, Any], sources: Mapping[Log, Sequence[LogFile]]) -> list[str]:
    """Return why a partition is not what would be built now.

    Parameters
    ----------
    built, wanted
        What it was built from, and what it would be built from now.
    sources
        The files of now, by log.
    """
    told = [words for part, words in _WORDS.items() if part in wanted and built.get(part) != wanted[part]]
    before, now = built.get("inputs", {}), wanted.get("inputs", {})
    for log, files in sources.items():
        if before.get(log.name) != now.get(log.name):
            told += _changed(log.name, FileChanges.since(before.get(log.name, {}), files))
    told += [f"log {name} is not read any more" for name in before if name not in now]
    return told


def _changed(log: str, changes: FileChanges) -> Iterator[str]:
    if changes.new:
        yield f"{_files(len(changes.new))} of log {log} landed after the build{_rows(changes.new)}"
    if changes.rewritten:
        yield f"{_files(len(changes.rewritten))} of log {log} changed{_rows(changes.rewritten)}"
    if changes.gone:
        yield f"{_files(changes.gone)} of log {log} gone"


def _files(number: int) -> str:
    return "1 file" if number == 1 else f"{number:,} files"


def _rows(files: Iterable[LogFile]) -> str:
    rows = [file.rows for file in files if file.rows is not None]
    return f": {sum(rows):,} rows" if rows else ""


def awaited(empty: Mapping[str, Sequence[datetime]]) -> str:
    """Return, in words, which logs have no file yet of times that the labels of a partition reach into."""
    told = []
    for log, parts in empty.items():
        if parts:
            hourly = any(part.hour for part in parts)
            named = [f"{part:%Y-%m-%dT%H}" if hourly else f"{part:%Y-%m-%d}" for part in parts]
            more = f" and {len(named) - 2} later ones" if len(named) > 2 else ""
            told.append(f"log {log} has no file of {', '.join(named[:2])}{more} yet")
    return "; ".join(told)
