"""Faults: what goes wrong with log files, planted one at a time into the impressions.

The target is the middle partition (of the listed ones, number ``n // 2`` counted from 0).

late_file
    A tenth of the target's rows lie in a second file, ``part-1``, and landed 26 hours or more after the end of the
    partition. Hold ``part-1`` back, build, then put it in place: the partition is stale.
duplicate_hour
    One hour of the target (of a day its busiest) is there twice: ``part-1`` repeats its rows, all values the same.
schema_change
    From the target on, ``price_usd`` is gone; in its place stands ``price_cents`` (Int64).
truncated_file
    The second half of the target's file is missing; texts end within a line.
empty_file
    The target's file has no bytes.
"""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featurelib.generator.declaration import HOUR_US, ClickLogs

_LATE_US = 26 * HOUR_US


def partition_of(logs: ClickLogs, hour: int) -> int:
    """Return the number of the partition an hour belongs to."""
    return hour if logs.every == "1h" else hour // 24


def part_numbers(logs: ClickLogs, hour: int) -> range:
    """Return which part files the impressions of an hour's partition have."""
    second = logs.fault in {"late_file", "duplicate_hour"} and partition_of(logs, hour) == logs.partitions // 2
    return range(2 if second else 1)


def with_fault(logs: ClickLogs, impressions: pa.Table, hour: int) -> list[tuple[int, pa.Table]]:
    """Return which rows go into which part file of the partition."""
    target = logs.partitions // 2
    here = partition_of(logs, hour)
    if logs.fault == "late_file" and here == target:
        return _split_late(logs, impressions)
    busiest = logs.every == "1h" or hour % 24 == logs.busiest_hour
    if logs.fault == "duplicate_hour" and here == target and busiest:
        return [(0, impressions), (1, impressions)]
    if logs.fault == "schema_change" and here >= target:
        return [(0, _price_in_cents(impressions))]
    return [(0, impressions)]


def damage(logs: ClickLogs, partition: int, path: Path) -> None:
    """Damage the bytes of a complete file, if that is the declared fault and this the target."""
    if partition != logs.partitions // 2 or logs.fault not in {"truncated_file", "empty_file"}:
        return
    whole = path.read_bytes()
    half = len(whole) // 2
    if logs.format in {"csv", "jsonl"}:  # a text cut between two lines would look complete
        half = whole.rfind(b"\n", 0, half) + 10
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(whole[:half] if logs.fault == "truncated_file" else b"")
    partial.replace(path)


def _split_late(logs: ClickLogs, impressions: pa.Table) -> list[tuple[int, pa.Table]]:
    late = np.zeros(len(impressions), dtype=bool)
    late[::10] = True
    delayed = impressions.filter(pa.array(late))
    width = HOUR_US if logs.every == "1h" else 24 * HOUR_US
    shown = delayed["shown_at"].cast(pa.int64()).to_numpy()
    taken = delayed["landed_at"].cast(pa.int64()).to_numpy() - shown
    end = shown - shown % width + width
    landed = pa.array(end + _LATE_US + np.maximum(taken, 0)).cast(impressions.schema.field("landed_at").type)
    place = impressions.column_names.index("landed_at")
    return [(0, impressions.filter(pa.array(~late))), (1, delayed.set_column(place, "landed_at", landed))]


def _price_in_cents(impressions: pa.Table) -> pa.Table:
    place = impressions.column_names.index("price_usd")
    cents = pc.round(pc.multiply(impressions["price_usd"], 100.0)).cast(pa.int64())
    return impressions.set_column(place, "price_cents", cents)


def partition_path(logs: ClickLogs, hour: int) -> str:
    """Return the folder of an hour's partition, such as ``dt=2026-11-01/hr=05``."""
    day = logs.start + dt.timedelta(days=hour // 24)
    return f"dt={day}/hr={hour % 24:02d}" if logs.every == "1h" else f"dt={day}"
