"""Build samples: 14 days of 20 million impressions with clicks and orders, beside polars by hand.

Run it with ``python -m benchmarks.build_samples [--rows ROWS] [--work FOLDER] [--runs RUNS]``. The logs are generated
once, by hour, into the work folder, and kept there. Ours is the samples of a backfill in a fresh process: the logs
read and checked, duplicates, clicks credited within 30 minutes, orders credited through their click within 3 days,
what fits no impression set aside, the table committed. By hand is ``benchmarks/samples_by_hand.py``, whose rows must
equal ours, in order, to the last bit.
"""

import argparse
import shutil
from datetime import date
from pathlib import Path

import polars as pl

from benchmarks.measure import Cost, made_once, median, run, table
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.generator import ClickLogs, generate
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, backfill_steps
from featurelib.samples import AttributedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.transforms import HashBuckets
from featurelib.workspace import Workspace
from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog
from schemas.orders import OrderLog

DAYS = Days(date(2026, 11, 1), date(2026, 11, 14))
ROWS, RUNS = 20_000_000, 3
MOST_CPU_RATIO, MOST_MIB = 1.5, 3 * 1024
WORK = Path("data/build_samples")


class Buckets(Table):
    """One row per impression; never built, as a pipeline cannot be declared without a feature."""

    user_id__bucket = Column(dtype=pl.UInt32(), doc="Bucket of the user.")


def _log(name: str, rows: type[Table], event_id: str) -> Log:
    return Log(name=name, table=rows, files=f"{name}/dt={{dt}}/hr={{hr}}/*.parquet", every="1h", event_id=event_id)


def declared() -> Pipeline:
    """Return the pipeline whose samples are built."""
    clicks, orders = _log("clicks", ClickLog, "event_id"), _log("orders", OrderLog, "order_id")
    keys = ["request_id", "item_id"]
    return Pipeline(
        name="bought",
        samples=Impressions(
            _log("impressions", ImpressionLog, "event_id"),
            labels=[
                AttributedLabel("clicked", clicks, keys=keys, within="30m"),
                AttributedLabel("ordered", orders, keys=keys, within="3d", via="clicked"),
            ],
        ),
        features=[HashBuckets("user_id", buckets=1024)],
        table=Buckets,
        fit=DAYS,
    )


def build(work: Path) -> None:
    """Build the samples of all days, by groups of eight, as a backfill does."""
    workspace = Workspace(work / "logs", work / "tables", work / "scratch")
    with Run.begin(declared(), workspace, Loop()) as begun:
        for step in backfill_steps(begun, DAYS):
            if step.makes != "samples":  # all samples are there now; the next step would fit a program
                return
            step.commit()


def prepare(work: Path, rows: int) -> None:
    """Generate the logs, unless they are there."""
    logs = ClickLogs(days=len(DAYS), start=DAYS.start, rows=rows, users=200_000, items=50_000, seed=7, every="1h")
    made_once(work, rows, lambda: generate(logs, work / "logs"))


def ours(work: Path) -> Cost:
    """Build from nothing."""
    shutil.rmtree(work / "tables", ignore_errors=True)
    return run("benchmarks.build_samples", "--work", work, "--only-build")


def by_hand(work: Path) -> Cost:
    """Make the same rows by hand."""
    shutil.rmtree(work / "hand", ignore_errors=True)
    return run("benchmarks.samples_by_hand", work / "logs", DAYS.start, len(DAYS), work / "hand")


def _bits(column: pl.Series) -> pl.Series:
    """Return floats as their bits, which differ where == does not see it."""
    return column.reinterpret(dtype=pl.UInt64) if column.dtype == pl.Float64 else column


def check(work: Path) -> pl.DataFrame:
    """Stop unless both have the same rows, in the same order, to the last bit; return how many these are."""
    samples = VersionedTable.open(work / "tables" / declared().name / "samples")
    counts = []
    for day in DAYS:
        mine = samples.scan(partitions=[Partition(day)]).drop("dt").collect(engine="in-memory")
        hand = pl.read_parquet(work / "hand" / f"{day}.parquet")
        if mine.schema != hand.schema:
            raise SystemExit("by hand has other columns than ours")
        for left, right in zip(map(_bits, mine), map(_bits, hand), strict=True):
            if not left.equals(right):
                raise SystemExit(f"by hand differs from ours in {left.name} of {day}")
        counts.append(mine.select(pl.len(), pl.col("clicked", "ordered").sum().cast(pl.Int64)))
    return pl.concat(counts).sum()


def measured(work: Path, rows: int, runs: int) -> str:
    """Measure in turn, check, and return the table."""
    prepare(work, rows)
    costs: list[tuple[Cost, Cost]] = [(ours(work), by_hand(work)) for _ in range(runs)]
    equal, clicked, ordered = check(work).row(0)
    mine, hand = median([pair[0] for pair in costs]), median([pair[1] for pair in costs])
    lines = [
        [who, f"{cost.cpu_s:.1f}", f"{cost.wall_s:.1f}", f"{cost.peak_mib:.0f}"]
        for who, cost in (("featurelib", mine), ("polars by hand", hand))
    ]
    ratio = mine.cpu_s / hand.cpu_s
    verdict = "met" if ratio <= MOST_CPU_RATIO and mine.peak_mib <= MOST_MIB else "MISSED"
    head = [f"{len(DAYS)} days, {equal:,} rows, {clicked:,} clicked, {ordered:,} ordered"]
    return "\n".join(
        [
            table([*head, "CPU s", "wall s", "peak MiB"], lines),
            "",
            f"CPU {ratio:.2f} times by hand (limit {MOST_CPU_RATIO}), peak {mine.peak_mib:.0f} MiB "
            f"(limit {MOST_MIB}): {verdict}. All rows and columns are equal, bit for bit.",
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build_samples", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="impressions over all days")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs and tables, its own")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each, of which the median is shown")
    parser.add_argument("--only-build", action="store_true", help="build from the logs there; what is measured")
    given = parser.parse_args()
    if given.only_build:
        build(given.work)
    else:
        print(measured(given.work, given.rows, given.runs))


if __name__ == "__main__":
    main()
