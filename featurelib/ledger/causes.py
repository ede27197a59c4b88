"""Causes: in words, what has changed since a partition was built."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from featurelib.ledger.timeline import FileChanges
from featurelib.logs import Log, LogFile

NO_PROGRAM = "no program is fitted as declared"
_WORDS = {
    "code": "the declaration changed",
    "program": "the program is another one now",
    "samples": "its samples changed",
}


def causes(
    built: Mapping[str, Any], wanted: Mapping[str, Any], sources: Callable[[], Mapping[Log, Sequence[LogFile]]] = dict
) -> list[str]:
    """Return why a partition is not what would be built now.

    Parameters
    ----------
    built, wanted
        What it was built from, and what it would be built from now.
    sources
        Returns the files of now, by log; asked only if some have changed.
    """
    changed_parts = [part for part in _WORDS if part in wanted and built.get(part) != wanted[part]]
    told = [NO_PROGRAM if part == "program" and not wanted[part] else _WORDS[part] for part in changed_parts]
    before, now = built.get("inputs", {}), wanted.get("inputs", {})
    changed = {name for name, inputs in now.items() if before.get(name) != inputs}
    for log, files in sources().items() if changed else ():
        if log.name in changed:
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
    """Return, in words, which logs have no file yet of times that may hold rows of a partition's samples."""
    told = []
    for log, parts in empty.items():
        if parts:
            hourly = any(part.hour for part in parts)
            named = [f"{part:%Y-%m-%dT%H}" if hourly else f"{part:%Y-%m-%d}" for part in parts]
            more = f" and {len(named) - 2} later ones" if len(named) > 2 else ""
            told.append(f"log {log} has no file of {', '.join(named[:2])}{more} yet")
    return "; ".join(told)
