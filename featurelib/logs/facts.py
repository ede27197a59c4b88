"""Facts: what identifies the content of log files, read once and remembered."""

import os
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.errors import LogFileError
from featurelib.logs._bytes import checksum, opened, our_errors
from featurelib.logs._cache import FactsCache
from featurelib.logs._columns import converted, converts, widens
from featurelib.logs._scan import scan
from featurelib.logs._walk import FoundFile
from featurelib.logs.files import LogFile
from featurelib.logs.index import LogIndex
from featurelib.logs.log import Log

_CHUNK = 1 << 20
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_START = datetime(1970, 1, 1, tzinfo=UTC)


def facts_of(
    index: LogIndex, files: Iterable[FoundFile] | None = None, cache: FactsCache | None = None
) -> list[LogFile]:
    """Return what identifies the content of files, and what one pass over them tells.

    Parameters
    ----------
    index
        The files of a log.
    files
        Some of these; by default all.
    cache
        Where to look first. A file is the same as before if path, size, time of writing and inode are; what had to be
        read is added in one transaction at the end.

    Returns
    -------
    list of LogFile
        In the order of ``files``. ``rows`` of Parquet is the footer's, of text the number of lines less the header of
        CSV. ``landed_at`` is known of Parquet files whose table names a landing time. A damaged file is no error here:
        what it does not tell is ``None``.

    Raises
    ------
    StorageError
        If a file is gone, or cannot be read.
    """
    clock = _clock(index.log)
    found, fresh = [], []
    try:
        for file in index.files if files is None else files:
            known = None if cache is None else cache.known(file, clock)
            if known is None:
                asked_at = time.time_ns()
                seen, known = _look(index.log, index.root, file.path)
                fresh.append((seen, asked_at, known))
            found.append(known)
    finally:
        if cache is not None and fresh:
            cache.remember(clock, fresh)
    return found


def _clock(log: Log) -> str:
    """Return what facts depend on beside the content: the column of the landing time, and how it is read."""
    name = log.table.landing_time
    if log.format != "parquet" or name is None:
        return ""
    column = log.table.columns[name]
    return f"{log.sources[name]} {column.dtype!r} {column.epoch} {column.zone}"


def _look(log: Log, root: Path, file: str) -> tuple[os.stat_result | None, LogFile]:
    """Read a file; also return its state, unless it changed meanwhile."""
    path = root / file
    with our_errors(path):
        before = path.stat()
        digest = checksum(path)
        rows, landed_at = _counted(log, path)
        after = path.stat()
    same = all(getattr(before, name) == getattr(after, name) for name in ("st_size", "st_mtime_ns", "st_ino"))
    return after if same else None, LogFile(file, before.st_size, digest, rows, landed_at)


def _counted(log: Log, path: Path) -> tuple[int | None, datetime | None]:
    rows, landed_at = None, None
    try:
        with our_errors(path):
            if log.format != "parquet":
                lines = _lines(log, path)
                return max(lines - 1, 0) if log.format == "csv" else lines, None
            from pyarrow import parquet  # heavy to import, and not needed where the cache knows every file

            footer = parquet.read_metadata(path)
            rows = footer.num_rows
            landed_at = _latest(log, path, footer)
    except LogFileError:  # `read` says what is wrong with it
        pass
    return rows, landed_at


def _lines(log: Log, path: Path) -> int:
    lines, end = 0, b"\n"
    with opened(log, path) as stream:
        while chunk := stream.read(_CHUNK):
            lines, end = lines + chunk.count(b"\n"), chunk[-1:]
    return lines + (end != b"\n")


def _latest(log: Log, path: Path, footer: Any) -> datetime | None:
    name = log.table.landing_time
    if name is None:
        return None
    source, column = log.sources[name], log.table.columns[name]
    raw = scan(path).collect_schema().get(source)
    if isinstance(raw, pl.Datetime) and raw.time_zone is not None and widens(raw, column.dtype):
        unit: str = raw.time_unit
    elif raw is not None and raw.is_integer() and column.epoch is not None:
        unit = column.epoch
    elif raw is not None and converts(raw, column):
        # NOTE: the highest local time may be no instant, which the statistics do not tell
        last: datetime | None = scan(path).select(converted(pl.col(source), raw, column).max()).collect().item()
        return None if last is None else last.astimezone(UTC)
    else:
        return None
    counts = [_highest(footer.row_group(number), source) for number in range(footer.num_row_groups)]
    if any(count is None for count in counts):  # no statistics, or a row group of nulls: rare, and the column is small
        counts = [scan(path).select(pl.col(source).to_physical().max()).collect().item()]
    latest = max((count for count in counts if count is not None), default=None)
    return None if latest is None else _instant(latest, _PER_SECOND[unit])


def _highest(group: Any, source: str) -> int | None:
    for number in range(group.num_columns):
        leaf = group.column(number)
        if leaf.path_in_schema == source:
            highest = leaf.statistics.max_raw if leaf.is_stats_set and leaf.statistics.has_min_max else None
            return highest if isinstance(highest, int) else None
    return None


def _instant(count: int, per_second: int) -> datetime | None:
    try:
        return _START + timedelta(microseconds=count * 10**6 // per_second)
    except OverflowError:  # beyond the year 9999: no clock that a file can have landed by
        return None
