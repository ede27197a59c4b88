"""Served: rows of a log of served features, some of them chosen by a stable hash."""

import gzip
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import ColumnMissingError, FeaturelibError, LogFileError, UsageError
from featurelib.program.hashing import SEPARATOR, hash_text

_WHO = "the log of served features"
_STEP = "parity"  # the word of this choice: who another step chose has nothing to do with it
_LINES = {".jsonl", ".ndjson"}


@dataclass(frozen=True, slots=True)
class Served:
    """Rows chosen from a log of served features.

    Attributes
    ----------
    rows
        The rows, in order of the hash of what they were chosen by; those of one such value in the order of the log.
    seen
        How many rows the log has.
    """

    rows: tuple[Mapping[str, Any], ...]
    seen: int


def read_served(paths: Sequence[Path], *, by: Sequence[str], most: int) -> Served:
    """Read some rows of a log of served features.

    Parameters
    ----------
    paths
        Its files: Parquet, or a JSON object on each line, also compressed with gzip.
    by
        Columns by whose values rows are chosen: those that agree in all of them are chosen together, or not at all.
    most
        About how many rows at least; the rows of the last value are all taken.

    Returns
    -------
    Served
        The rows whose values have the smallest XXH64 hashes: the same ones whatever the order of rows and files.

    Raises
    ------
    UsageError
        If a file is of another kind, or there is none.
    LogFileError
        If a file cannot be read.
    ColumnMissingError
        If a row lacks a column of ``by``.

    Notes
    -----
    One pass; memory for the chosen rows.
    """
    if not paths:
        raise UsageError(f"{_WHO} needs at least one file.")
    chosen: dict[int, list[Mapping[str, Any]]] = {}
    order: list[int] = []  # a heap of the negative hashes: the largest on top
    held = seen = 0
    for row in _rows(paths):
        seen += 1
        hashed = _hash(row, by)
        if hashed not in chosen:
            if held >= most and -order[0] < hashed:
                continue
            chosen[hashed] = []
            heapq.heappush(order, -hashed)
        chosen[hashed].append(row)
        held += 1
        while held - len(chosen[-order[0]]) >= most:
            held -= len(chosen.pop(-heapq.heappop(order)))
    return Served(tuple(row for hashed in sorted(chosen) for row in chosen[hashed]), seen)


def _hash(row: Mapping[str, Any], by: Sequence[str]) -> int:
    for column in by:
        if column not in row:
            raise ColumnMissingError("parity", column, where=_WHO, columns=row)
    return hash_text(SEPARATOR.join([_STEP, *(str(row[column]) for column in by)]))


def _rows(paths: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    for path in paths:
        kind = next((suffix for suffix in reversed(path.suffixes) if suffix != ".gz"), "")
        try:
            if kind == ".parquet":
                yield from _of_parquet(path)
            elif kind in _LINES:
                yield from _of_lines(path)
            else:
                raise UsageError(f"{_WHO} is of .parquet, .jsonl or .jsonl.gz files, got {path}.")
        except FeaturelibError:
            raise
        except (OSError, EOFError, ValueError, pl.exceptions.PolarsError) as error:
            raise LogFileError(
                path, f"{_WHO} cannot be read: {error}", hint="Log it again, or leave it out."
            ) from error


def _of_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    for batch in pl.scan_parquet(path).collect_batches(chunk_size=50_000, maintain_order=True):
        yield from batch.iter_rows(named=True)


def _of_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise LogFileError(path, f"line {number} is no JSON object", hint="Write one object a line.")
                yield row
