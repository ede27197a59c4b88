"""Online reads: entities read per second from Redis through ``featurelib.online``, beside bare redis-py.

Run it with ``python -m benchmarks.online_reads [ENTITIES]``. A real server on loopback and the reader share one core; a
CPU second is of both together. A read is one entity's 24 columns (4 windows of 6 counters), in batches of 100; bare
redis-py asks for the same keys with MGET and hands out bytes. They take turns. The program scales all 24 columns.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import redis

from benchmarks.measure import table
from featurelib.online import Export, OnlineStore, write_export, write_redis
from featurelib.program import Chain, Program
from featurelib.program.hashing import hash_text
from featurelib.program.primitives import Affine
from tests.redis_server import redis_server

ENTITIES, BATCH, BATCHES, ROUNDS = 100_000, 100, 300, 7
LEAST_PER_S = 20_000
COLUMNS = [
    f"item_{what}_{over}" for over in ("1h", "1d", "7d", "30d") for what in ("n", "sum", "mean", "max", "r", "d")
]


def export(folder: Path, entities: int) -> Export:
    """Write an export of counts, sums, rates and, in one column in eight, nulls."""
    numbers = pl.Series([hash_text(str(entity)) % 100_000 for entity in range(entities)], dtype=pl.Int64)
    columns = {
        name: numbers // (position + 1) if position % 2 else numbers / (position * 7 + 100)
        for position, name in enumerate(COLUMNS)
    }
    frame = pl.DataFrame({"entity": [str(10**9 + entity) for entity in range(entities)], **columns})
    frame = frame.with_columns(pl.when(pl.col(name) % 3 != 0).then(name).alias(name) for name in COLUMNS[::8])
    as_of, empty = datetime(2026, 11, 22, tzinfo=UTC), dict.fromkeys(COLUMNS)
    return write_export(folder, pipeline="shop", as_of=as_of, declared={}, frames={("item_id",): frame}, empty=empty)


def requests(entities: int) -> list[list[dict[str, Any]]]:
    """Return batches of rows, each of distinct entities, one in fifty of them unknown."""
    drawn = (hash_text(f"request {number}") % (entities + entities // 50) for number in range(BATCH * BATCHES))
    rows = [{"item_id": str(10**9 + entity), "query": "red shoes"} for entity in drawn]
    return [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]


def cpu_s() -> float:
    """Return the CPU seconds of this process and of the server so far."""
    family = [psutil.Process(), *psutil.Process().children()]
    return sum(sum(member.cpu_times()[:2]) for member in family)


def per_s(call: Callable[[Any], Any], batches: Sequence[Any]) -> tuple[float, float]:
    """Return entities read per CPU second of reader and server together, and per second of wall time."""
    start, before = time.perf_counter(), cpu_s()
    for batch in batches:
        call(batch)
    read = BATCH * len(batches)
    return read / (cpu_s() - before), read / (time.perf_counter() - start)


def measured(url: str, entities: int) -> str:
    """Measure in turn, check, and return the table."""
    with tempfile.TemporaryDirectory() as folder:
        exported = export(Path(folder), entities)
        before = cpu_s()
        write_redis(folder, url, expire="1h")
        written = entities / (cpu_s() - before)
        local = OnlineStore.open(folder)
    store, bare = OnlineStore.redis(url, "shop"), redis.Redis.from_url(url)
    batches = requests(entities)
    if any(store.read(rows) != local.read(rows) for rows in batches[:20]):
        raise SystemExit("Redis and the folder differ")
    prefix = f"shop:{exported.version}:item_id:"
    keys = [[prefix + row["item_id"] for row in rows] for rows in batches]
    chains = [Chain(f"{name}_z", (name,), "number", (Affine(1.0, 0.5),)) for name in COLUMNS]
    program = Program.of(chains, exported.schema, [chain.into for chain in chains])
    ways: dict[str, tuple[Callable[[Any], Any], Sequence[Any]]] = {
        "redis-py, MGET of bytes": (bare.mget, keys),
        "`read`, Redis": (store.read, batches),
        "`features`, Redis": (lambda rows: store.features(program, rows), batches),
        "`read`, folder": (local.read, batches),
    }
    rates: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (call, given) in ways.items():
            rates[name].append(per_s(call, given))
    medians = {
        name: [statistics.median(column) for column in zip(*found, strict=True)] for name, found in rates.items()
    }
    best = medians["redis-py, MGET of bytes"][0]
    lines = [[name, f"{cpu:,.0f}", f"{wall:,.0f}", f"{cpu / best:.2f}"] for name, (cpu, wall) in medians.items()]
    met = "met" if medians["`read`, Redis"][0] >= LEAST_PER_S else "missed"
    head = [f"{entities:,} entities, {len(COLUMNS)} columns", "per CPU s", "per wall s", "of redis-py"]
    verdict = f"At least {LEAST_PER_S:,} per CPU second: {met}. Written: {written:,.0f} per CPU second."
    return f"{table(head, lines)}\n\n{verdict}"


def main() -> None:
    """Measure and print."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # the server inherits it
    with redis_server() as url:
        print(measured(url, int(sys.argv[1]) if len(sys.argv) > 1 else ENTITIES))


if __name__ == "__main__":
    main()
