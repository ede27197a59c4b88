"""Windows by DuckDB: counts and sums over the past of each sample as one would write them in SQL, for comparison.

The same columns and rows as `benchmarks.windows_by_hand`, in whatever order DuckDB finds them: hourly sums per entity,
running sums over them, and for each hour that is asked five ASOF joins: the end of all windows, and where each begins.
Window functions over ranges of hours need 1.2 times its CPU, and four tenths of its memory.
Run as ``python -m benchmarks.windows_by_duckdb LOGS START HISTORY DAYS OUT`` where DuckDB is installed.
"""
# ruff: noqa: S608  # all that is put into the SQL is named here

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.window_columns import AT, CENTS, DELAY, ENTITIES, HOURS, MEASURES, PRICE, files, names

THREADS = 2


def scanned(paths: Sequence[Path]) -> str:
    """Return the files as a table."""
    return f"read_parquet({[str(path) for path in paths]}, hive_partitioning = false)"


def hour_of(column: str) -> str:
    """Return the hours since 1970 of an instant."""
    return f"(epoch_us({column}) // 3600000000)::INTEGER"


def first_hour(day: date) -> int:
    """Return the hours since 1970 at the start of a day."""
    return int(datetime.combine(day, time(), tzinfo=UTC).timestamp()) // 3600


def hourly(by: Sequence[str], logs: Path, start: date, days: int) -> str:
    """Return the sums of all measures per entity and hour."""
    keys, known = ", ".join(by), " AND ".join(f"{column} IS NOT NULL" for column in by)
    parts = []
    for log, at in AT.items():
        of = {log: "count(*)", log + CENTS: f"coalesce(sum({PRICE}), 0)"}
        sums = ", ".join(f"{of.get(measure, '0')}::BIGINT AS {measure}" for measure in MEASURES)
        table = scanned(files(logs, log, start, days))
        parts.append(f"SELECT {keys}, {hour_of(at)} AS hour, {sums} FROM {table} WHERE {known} GROUP BY ALL")
    sums = ", ".join(f"sum({measure})::BIGINT AS {measure}" for measure in MEASURES)
    return f"SELECT {keys}, hour, {sums} FROM ({' UNION ALL '.join(parts)}) GROUP BY ALL"


def running(by: Sequence[str]) -> str:
    """Return, per entity and hour, the sums up to its end."""
    frame = f"(PARTITION BY {', '.join(by)} ORDER BY hour ROWS UNBOUNDED PRECEDING)"
    sums = ", ".join(f"(sum({measure}) OVER {frame})::BIGINT AS {measure}" for measure in MEASURES)
    return f"SELECT {', '.join(by)}, hour, {sums} FROM hourly"


def answers(entity: str, by: Sequence[str], since: int) -> str:
    """Return what each window says at each hour in which the entity was shown."""
    lags = {"until": DELAY, **{f"before_{over}": DELAY + hours for over, hours in HOURS.items()}}
    joins = [
        f"ASOF LEFT JOIN running {at} ON {' AND '.join(f'asked.{column} = {at}.{column}' for column in by)} "
        f"AND asked.hour - {lag + 1} >= {at}.hour"
        for at, lag in lags.items()
    ]
    columns = [
        f"coalesce(until.{measure}, 0) - coalesce(before_{over}.{measure}, 0) AS {name}"
        for name, of, measure, over in names()
        if of == entity
    ]
    asked = f"SELECT {', '.join(by)}, hour FROM hourly WHERE impressions > 0 AND hour >= {since}"
    return f"SELECT asked.*, {', '.join(columns)} FROM ({asked}) asked {' '.join(joins)}"


def joined(file: Path, since: int) -> str:
    """Return the samples of a day with all answers."""
    joins = []
    for entity, by in ENTITIES.items():
        same = " AND ".join(f"shown.{column} = {entity}.{column}" for column in by)
        today = f"SELECT * FROM {entity}_answers WHERE hour >= {since} AND hour < {since + 24}"
        joins.append(f"LEFT JOIN ({today}) {entity} ON {same} AND {hour_of('shown.shown_at')} = {entity}.hour")
    columns = ", ".join(f"{entity}.{name}" for name, entity, _, _ in names())
    return f"SELECT shown.*, {columns} FROM {scanned([file])} shown {' '.join(joins)}"


def main() -> None:
    """Write one file for each day."""
    logs, start, out = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), Path(sys.argv[5])
    history, days = int(sys.argv[3]), int(sys.argv[4])
    out.mkdir(parents=True, exist_ok=True)
    first = start + timedelta(days=history - days)
    duckdb: Any = import_module("duckdb")
    database = duckdb.connect()
    database.execute(f"SET threads = {THREADS}; SET preserve_insertion_order = false")
    for entity, by in ENTITIES.items():
        database.execute(f"CREATE OR REPLACE TEMP TABLE hourly AS {hourly(by, logs, start, history)}")
        database.execute(f"CREATE OR REPLACE TEMP TABLE running AS {running(by)}")
        database.execute(f"CREATE TEMP TABLE {entity}_answers AS {answers(entity, by, first_hour(first))}")
    for number, file in enumerate(files(logs, "impressions", first, days)):
        day = first + timedelta(days=number)
        layout = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 65536"
        database.execute(f"COPY ({joined(file, first_hour(day))}) TO '{out / f'{day}.parquet'}' ({layout})")


if __name__ == "__main__":
    main()
