"""Build partition: one day of five million impressions from logs to committed tables, beside polars by hand.

Run it with ``python -m benchmarks.build_partition [ROWS] [SCRATCH]``. The seven days before, on which the program is
fitted, are set-up and not measured; their hourly counts are given to both sides. Ours is a backfill of the day in a
fresh process: samples, their table, the program, validation, the feature table. By hand is ``benchmarks/by_hand.py``,
whose rows must equal ours, in order, to the last bit.
"""

import shutil
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from benchmarks.measure import Cost, median, run, table
from featurelib.generator import ClickLogs, generate
from featurelib.tables import Partition, VersionedTable
from featurelib.workspace import Workspace
from pipelines.search_ranking import search_ranking

DAY = date(2026, 11, 8)
ROWS, ROWS_BEFORE, RUNS = 5_000_000, 2_100_000, 3
MOST_CPU_RATIO, MOST_MIB = 2.5, 1024


def prepare(scratch: Path, rows: int) -> None:
    """Generate the logs, build the days before, and write their hourly counts; what is there is kept."""
    if (scratch / "ready").exists():
        return
    logs, tables = scratch / "logs", scratch / "before"
    first, days = search_ranking.fit.start, len(search_ranking.fit)
    for start, length, wanted in [(first, days, min(rows, ROWS_BEFORE)), (DAY, 1, rows)]:
        generate(
            ClickLogs(days=length, start=start, rows=wanted, users=200_000, items=50_000, seed=7, every="1h"), logs
        )
    run("benchmarks.backfill_days", logs, tables, scratch / "work", first, DAY - timedelta(days=1))
    place, counts = Workspace(logs, tables, scratch / "work"), []
    for spec in search_ranking.tiles:
        here = {log: pl.col("n") if log == spec.log.name else pl.lit(0, pl.Int64) for log in ("clicks", "impressions")}
        counts.append(
            VersionedTable.open(place.tiles(spec.name)).scan().select("entity", pl.col("at").alias("hour"), **here)
        )
    pl.concat(counts).sink_parquet(scratch / "tiles.parquet")
    (scratch / "ready").touch()


def ours(scratch: Path) -> Cost:
    """Backfill the day on a copy of the tables of the days before."""
    tables = scratch / "ours"
    shutil.rmtree(tables, ignore_errors=True)
    shutil.copytree(scratch / "before", tables)
    return run("benchmarks.backfill_days", scratch / "logs", tables, scratch / "work", DAY, DAY)


def by_hand(scratch: Path) -> Cost:
    """Make the same rows by hand."""
    program, tiles, out = scratch / "before" / search_ranking.name, scratch / "tiles.parquet", scratch / "hand.parquet"
    return run("benchmarks.by_hand", scratch / "logs", DAY, program, tiles, out)


def check(scratch: Path) -> int:
    """Stop unless both have the same rows, in the same order, to the last bit; return how many these are."""
    features = VersionedTable.open(scratch / "ours" / search_ranking.name / "features")
    made = features.scan(partitions=[Partition(DAY)]).drop("dt")
    hand = pl.scan_parquet(scratch / "hand.parquet")
    if made.collect_schema() != hand.collect_schema():
        raise SystemExit("by hand has other columns than ours")
    for name in made.collect_schema():  # column by column: bits differ where == does not see it
        left, right = (frame.select(name).collect(engine="in-memory").to_series() for frame in (made, hand))
        if left.dtype == pl.Float32:
            left, right = left.reinterpret(dtype=pl.UInt32), right.reinterpret(dtype=pl.UInt32)
        if not left.equals(right):
            raise SystemExit(f"by hand differs from ours in {name}")
    return len(left)


def measured(scratch: Path, rows: int) -> str:
    """Measure in turn, check, and return the table."""
    prepare(scratch, rows)
    costs: list[tuple[Cost, Cost]] = [(ours(scratch), by_hand(scratch)) for _ in range(RUNS)]
    equal = check(scratch)
    mine, hand = median([pair[0] for pair in costs]), median([pair[1] for pair in costs])
    lines = [
        [who, f"{cost.cpu_s:.1f}", f"{cost.wall_s:.1f}", f"{cost.peak_mib:.0f}"]
        for who, cost in (("featurelib", mine), ("polars by hand", hand))
    ]
    ratio = mine.cpu_s / hand.cpu_s
    verdict = "met" if ratio <= MOST_CPU_RATIO and mine.peak_mib <= MOST_MIB else "MISSED"
    return "\n".join(
        [
            table([f"one day, {equal:,} rows, 30 columns", "CPU s", "wall s", "peak MiB"], lines),
            "",
            f"CPU {ratio:.2f} times by hand (limit {MOST_CPU_RATIO}), peak {mine.peak_mib:.0f} MiB "
            f"(limit {MOST_MIB}): {verdict}. All rows and columns are equal, bit for bit.",
        ]
    )


def main() -> None:
    """Measure and print; scratch files are kept if a folder for them is given."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    if len(sys.argv) > 2:
        print(measured(Path(sys.argv[2]), rows))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(measured(Path(folder), rows))


if __name__ == "__main__":
    main()
