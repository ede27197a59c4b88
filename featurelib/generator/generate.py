"""Generate: write the files of declared click logs, hour by hour."""

import datetime as dt
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa

from featurelib.errors import ParameterError, UsageError
from featurelib.generator.declaration import HOUR_US, ClickLogs, Format
from featurelib.generator.faults import damage, part_numbers, partition_of, partition_path, with_fault
from featurelib.generator.impressions import impression_table, truth_table
from featurelib.generator.outcomes import click_frame, of_hour, order_frame
from featurelib.generator.pages import Pages, pages
from featurelib.generator.requests import requests_between
from featurelib.generator.writing import LogFile

_BLOCK = 25_000  # requests made at once: small enough for the processor's cache, and for flat memory


@dataclass(frozen=True, slots=True)
class LogCount:
    """How much of one log was written."""

    rows: int = 0
    files: int = 0
    bytes: int = 0

    def __add__(self, other: "LogCount") -> "LogCount":
        return LogCount(self.rows + other.rows, self.files + other.files, self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class Generated:
    """What `generate` wrote, by log: ``impressions``, ``clicks``, ``orders``, and ``truth`` if asked for."""

    logs: dict[str, LogCount] = field(default_factory=dict)


def generate(logs: ClickLogs, root: Path, *, only: dt.date | None = None) -> Generated:
    """Write the log files, each in the partition of its rows' event time.

    Parameters
    ----------
    logs
        What to write.
    root
        Folder that gets ``impressions/dt=2026-11-01/part-0.parquet``, ``clicks/...``, ``orders/...`` and, if asked
        for, ``truth/...``; with ``every="1h"`` there is a folder ``hr=05`` below each day. Files that exist are
        replaced, each at once. Every partition gets a file, even of no rows.
    only
        Write this one day: its files have the same bytes as in the whole run.

    Returns
    -------
    Generated
        Rows, files and bytes by log; a planted fault is counted as it was written.

    Raises
    ------
    ParameterError
        If ``only`` is not one of the declared days.
    UsageError
        If a folder of these days holds a file of other logs, which a reader would mix with these.
    StorageError
        If a file cannot be written; complete files of other partitions stay.

    Notes
    -----
    Memory follows the busiest hour's requests and the number of users, items and queries, not the days.
    The orders of one day alone need the requests of the 30 days before it, of which one in ten is made again.
    """
    day = 0 if only is None else (only - logs.start).days
    if not 0 <= day < logs.days:
        raise ParameterError(logs, "only", got=only, want=f"one of the {logs.days} days from {logs.start}")
    hours = range(logs.hours) if only is None else range(24 * day, 24 * day + 24)
    width = 1 if logs.every == "1h" else 24
    _check_root(logs, root, hours[::width])
    run = _Run(logs, root, _orders_before(logs, hours.start))
    for first in hours[::width]:
        run.partition(range(first, first + width))
    return Generated(run.counts)


def _log_names(logs: ClickLogs) -> tuple[str, ...]:
    return ("impressions", "clicks", "orders", *(("truth",) if logs.truth else ()))


def _path(logs: ClickLogs, log: str, part: int, hour: int) -> str:
    form = "parquet" if log == "truth" else logs.format
    return f"{log}/{partition_path(logs, hour)}/part-{part}.{form}"


def _check_root(logs: ClickLogs, root: Path, firsts: range) -> None:
    for log in _log_names(logs):
        ours = {root / _path(logs, log, part, hour) for hour in firsts for part in part_numbers(logs, hour)}
        for day in sorted({root / log / partition_path(logs, hour).split("/")[0] for hour in firsts}):
            foreign = sorted(path for path in day.rglob("part-*") if path not in ours)
            if foreign:
                raise UsageError(f"{foreign[0]} is not a file of {logs!r}: name an empty folder, or delete its logs.")


def impressions_of(logs: ClickLogs, hour: int) -> Iterator[tuple[Pages, pa.Table]]:
    """Make the impressions shown in an hour, counted from the logs' start, in blocks."""
    requests = requests_between(logs, hour * HOUR_US, (hour + 1) * HOUR_US)
    for start in range(0, max(len(requests), 1), _BLOCK):
        shown = pages(logs, requests.take(slice(start, start + _BLOCK)), hour)
        yield shown, impression_table(logs, shown, hour // 24)


def _orders_before(logs: ClickLogs, hour: int) -> pl.DataFrame:
    """Return the orders that earlier hours' requests may still lead to."""
    reach = 24 * logs.order_reach_days + 2
    return pl.concat([_orders_from(logs, other) for other in range(max(0, hour - reach), hour)] or [_no_orders(logs)])


def _orders_from(logs: ClickLogs, hour: int) -> pl.DataFrame:
    return order_frame(logs, requests_between(logs, hour * HOUR_US, (hour + 1) * HOUR_US), hour)


def _no_orders(logs: ClickLogs) -> pl.DataFrame:
    return order_frame(logs, requests_between(logs, 0, 0), 0)


class _Run:
    """The state of one call: the counts, and the orders still to come."""

    def __init__(self, logs: ClickLogs, root: Path, pending: pl.DataFrame) -> None:
        self.logs, self.root, self.pending = logs, root, pending
        self.counts = {name: LogCount() for name in _log_names(logs)}
        self._files: dict[tuple[str, int], LogFile] = {}

    def partition(self, hours: range) -> None:
        """Write all files of one partition."""
        self._files = {}
        with ExitStack() as stack:
            for hour in hours:
                self._hour(stack, hour)
        for (log, part), file in self._files.items():
            if log == "impressions" and part == 0:
                damage(self.logs, partition_of(self.logs, hours.start), file.path)
            self.counts[log] += LogCount(file.rows, 1, file.path.stat().st_size)

    def _hour(self, stack: ExitStack, hour: int) -> None:
        clicks = [self._clicks_from_before(hour)]
        for shown, table in impressions_of(self.logs, hour):
            clicks.append(click_frame(self.logs, shown))
            for part, rows in with_fault(self.logs, table, hour):
                self._append(stack, "impressions", part, hour, rows)
            if self.logs.truth:
                self._append(stack, "truth", 0, hour, truth_table(shown, table))
        self._append(stack, "clicks", 0, hour, _arrow(of_hour(pl.concat(clicks), "clicked_at", self.logs, hour)))
        self.pending = pl.concat([self.pending, _orders_from(self.logs, hour)])
        orders = of_hour(self.pending, "ordered_at", self.logs, hour)
        self._append(stack, "orders", 0, hour, _arrow(orders))
        end = pl.lit(self.logs.first_us + (hour + 1) * HOUR_US)
        self.pending = self.pending.filter(pl.col("ordered_at").dt.epoch("us") >= end)

    def _clicks_from_before(self, hour: int) -> pl.DataFrame:
        """Return the clicks on what was shown shortly before an hour began."""
        start = hour * HOUR_US
        reach = (self.logs.click_reach_s + 5) * 1_000_000
        return click_frame(
            self.logs, pages(self.logs, requests_between(self.logs, max(0, start - reach), start), max(0, hour - 1))
        )

    def _append(self, stack: ExitStack, log: str, part: int, hour: int, table: pa.Table) -> None:
        if (log, part) not in self._files:
            form: Format = "parquet" if log == "truth" else self.logs.format
            file = LogFile(self.root / _path(self.logs, log, part, hour), form)
            self._files[log, part] = stack.enter_context(file)
        self._files[log, part].write(table)


def _arrow(frame: pl.DataFrame) -> pa.Table:
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())
