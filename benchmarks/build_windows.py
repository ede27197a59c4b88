"""Build windows: 5 million samples with 72 counts and sums over 20 million events, beside polars and DuckDB by hand.

Run it with ``python -m benchmarks.build_windows [--rows ROWS] [--work FOLDER] [--runs RUNS] [--python DUCKDB_PYTHON]``.
The logs, 30 days and one more, are generated once into the work folder and kept there; the samples are the impressions
of the last ten of the 30 days. Ours is the samples of a backfill in a fresh process: the logs read and checked, folded
into tiles of all 30 days, windows answered and joined, the tables committed; then, in another process, the same for
the day after, whose tiles of the 30 days before are there. That day is also held against all 30 days with samples, as a
history has them that grew day by day. By hand is ``benchmarks/windows_by_hand.py`` in polars,
whose rows must equal ours, in order, to the last bit, and ``benchmarks/windows_by_duckdb.py``, whose rows must equal
them in any order; the one that takes less CPU is the yardstick.

DuckDB has an environment of its own, made from ``benchmarks/requirements-duckdb.lock`` unless the Python of one is
given.
"""

import argparse
import json
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl

from benchmarks.measure import Cost, environment, made_once, median, run, table
from benchmarks.window_columns import AT, CENTS, DELAY, ENTITIES, HOURS, MEASURES, PRICE, PRICED
from benchmarks.window_tables import TABLES
from featurelib.days import Days
from featurelib.engine import Loop
from featurelib.engine.protocol import Item, Summary
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.runs import Run, backfill_steps
from featurelib.samples import CarriedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.tables import Partition, VersionedTable
from featurelib.transforms import HashBuckets
from featurelib.windows import Counter, Sum
from featurelib.workspace import Workspace

HISTORY = Days(date(2026, 10, 1), date(2026, 10, 30))
SAMPLED, NEXT = HISTORY.ending(10), Days(date(2026, 10, 31), date(2026, 10, 31))
ROWS, RUNS = 15_000_000, 3
MOST_CPU_RATIO, MOST_MIB, MOST_MIB_RATIO, MOST_DAY_RATIO, MOST_TASK_RATIO = 1.3, 1024, 1 / 3, 0.1, 3.0
WORK, LOCK = Path("data/build_windows"), Path(__file__).with_name("requirements-duckdb.lock")


class Buckets(Table):
    """One row per impression; never built, as a pipeline cannot be declared without a feature."""

    user_id__bucket = Column(dtype=pl.UInt32(), doc="Bucket of the user.")


def declared() -> Pipeline:
    """Return the pipeline whose samples are built."""
    logs = {name: Log(name=name, table=TABLES[name], files=f"{name}/dt={{dt}}/*.parquet") for name in AT}
    over, delay = list(HOURS), f"{DELAY}h"
    windows: list[Counter | Sum] = []
    for entity, by in ENTITIES.items():
        windows += [Counter(f"{entity}_{log}", of=logs[log], by=by, over=over, delay=delay) for log in AT]
        windows += [
            Sum(f"{entity}_{log}{CENTS}", of=logs[log], column=PRICE, by=by, over=over, delay=delay) for log in PRICED
        ]
    return Pipeline(
        name="windows",
        samples=Impressions(
            logs["impressions"], labels=[CarriedLabel("clicked", column="clicked")], key=["impression_id"]
        ),
        windows=windows,
        features=[HashBuckets("user_id", buckets=1024)],
        table=Buckets,
        fit=SAMPLED,
    )


@dataclass(frozen=True, slots=True)
class Timed:
    """A loop that notes the CPU seconds of its tasks, by what they do."""

    seconds: dict[str, list[float]] = field(default_factory=dict)

    def map(self, fn: Callable[[Item], Summary], items: Sequence[Item]) -> list[Summary]:
        """As `Engine.map`."""
        seconds = self.seconds.setdefault(getattr(fn, "__name__", type(fn).__name__), [])

        def timed(item: Item) -> Summary:
            start = time.process_time()
            done = fn(item)
            seconds.append(time.process_time() - start)
            return done

        return Loop().map(timed, items)


def build(work: Path, days: Days) -> None:
    """Build the samples of some days, by groups of days, as a backfill does; note what the tasks cost."""
    workspace, engine = Workspace(work / "logs", work / "tables", work / "scratch"), Timed()
    with Run.begin(declared(), workspace, engine) as begun:
        for step in backfill_steps(begun, days):
            if step.makes != "samples":  # all samples are there now; the next step would fit a program
                break
            step.commit()
    (work / "tasks.json").write_text(json.dumps(engine.seconds))


def prepare(work: Path, rows: int) -> None:
    """Generate the logs, unless they are there."""
    made_once(work, rows, partial(_generate, work / "logs", rows))


def _generate(root: Path, rows: int) -> None:
    from benchmarks.window_logs import WindowLogs  # not what a build loads

    WindowLogs(days=Days(HISTORY.start, NEXT.end), impressions=rows // len(HISTORY)).write(root)


def ours(work: Path) -> Cost:
    """Build from nothing."""
    shutil.rmtree(work / "tables", ignore_errors=True)
    return _ours(work, SAMPLED)


def ours_all_days(work: Path) -> Cost:
    """Build from nothing, with the samples of all days."""
    shutil.rmtree(work / "tables", ignore_errors=True)
    return _ours(work, HISTORY)


def ours_next_day(work: Path) -> Cost:
    """Add a day to what `ours` built."""
    return _ours(work, NEXT)


def _ours(work: Path, days: Days) -> Cost:
    return run("benchmarks.build_windows", "--work", work, "--only-build", days.start, days.end)


def by_hand(work: Path) -> Cost:
    """Make the same rows by hand in polars."""
    return _by(work, "benchmarks.windows_by_hand", "hand", SAMPLED)


def by_hand_next_day(work: Path) -> Cost:
    """Make the rows of the next day by hand in polars, from the logs of all days."""
    return _by(work, "benchmarks.windows_by_hand", "hand-next-day", NEXT)


def by_duckdb(work: Path, python: Path) -> Cost:
    """Make the same rows by hand in DuckDB."""
    return _by(work, "benchmarks.windows_by_duckdb", "duckdb", SAMPLED, python)


def _by(work: Path, module: str, out: str, days: Days, python: Path = Path(sys.executable)) -> Cost:
    shutil.rmtree(work / out, ignore_errors=True)
    history = Days(HISTORY.start, days.end)
    return run(module, work / "logs", HISTORY.start, len(history), len(days), work / out, python=python)


def check_by_hand(work: Path) -> int:
    """Stop unless polars and DuckDB by hand have the same rows; return how many these are."""
    return sum(_check_by_hand(work, day) for day in SAMPLED)


def _check_by_hand(work: Path, day: date) -> int:
    hand, duckdb = (pl.read_parquet(work / out / f"{day}.parquet") for out in ("hand", "duckdb"))
    if not hand.sort("impression_id").equals(duckdb.select(hand.columns).sort("impression_id")):
        raise SystemExit(f"polars and DuckDB by hand differ on {day}")
    return len(hand)


def check_ours(work: Path) -> None:
    """Stop unless ours has the rows of polars by hand, in the same order, to the last bit."""
    samples = VersionedTable.open(work / "tables" / declared().name / "samples")
    for out, days in (("hand", SAMPLED), ("hand-next-day", NEXT)):
        for day in days:
            mine = samples.scan(partitions=[Partition(day)]).drop("dt").collect(engine="in-memory")
            hand = pl.read_parquet(work / out / f"{day}.parquet")
            if mine.schema != hand.schema:
                raise SystemExit("by hand has other columns than ours")
            for left, right in zip(mine, hand, strict=True):
                if not left.equals(right):
                    raise SystemExit(f"by hand differs from ours in {left.name} of {day}")


def worst_task(work: Path) -> tuple[float, str]:
    """Return how many times the median of its kind the dearest task costs, by what was noted last, and its kind."""
    tasks: dict[str, list[float]] = json.loads((work / "tasks.json").read_text())
    return max((max(seconds) / statistics.median(seconds), name) for name, seconds in tasks.items())


def measured(work: Path, rows: int, runs: int, duckdb: Path | None) -> str:
    """Measure in turn, check, and return the table."""
    prepare(work, rows)
    python = duckdb or environment(work / "env", LOCK)
    every = f"featurelib, samples of all {len(HISTORY)} days"
    sides: dict[str, Callable[[], Cost]] = {
        every: lambda: ours_all_days(work),
        "featurelib": lambda: ours(work),
        "polars by hand": lambda: by_hand(work),
        "DuckDB by hand": lambda: by_duckdb(work, python),
        "featurelib, the next day": lambda: ours_next_day(work),
        "polars by hand, the next day, from all logs": lambda: by_hand_next_day(work),
    }
    costs: dict[str, list[Cost]] = {who: [] for who in sides}
    worst: list[tuple[float, str]] = []
    for _ in range(runs):
        for who, side in sides.items():
            costs[who].append(side())
            worst += [worst_task(work)] if who == "featurelib" else []
    samples = check_by_hand(work)
    check_ours(work)
    whole = {who: median(each) for who, each in costs.items()}
    mine, day = whole["featurelib"], whole["featurelib, the next day"]
    who = min("polars by hand", "DuckDB by hand", key=lambda one: whole[one].cpu_s)
    yardstick = whole[who]
    limits = [
        ("CPU beside " + who, mine.cpu_s / yardstick.cpu_s, MOST_CPU_RATIO),
        ("peak, MiB", mine.peak_mib, MOST_MIB),
        ("peak beside " + who, mine.peak_mib / yardstick.peak_mib, MOST_MIB_RATIO),
        (f"the next day beside {len(HISTORY)} days of samples, CPU", day.cpu_s / whole[every].cpu_s, MOST_DAY_RATIO),
        (f"the next day beside {len(SAMPLED)} days of samples, CPU", day.cpu_s / mine.cpu_s, MOST_DAY_RATIO),
        (f"dearest task beside the median of its kind, CPU ({max(worst)[1]})", max(worst)[0], MOST_TASK_RATIO),
    ]
    head = f"{samples:,} samples, {len(ENTITIES) * len(MEASURES) * len(HOURS)} windows"
    figures = [[one, f"{cost.cpu_s:.1f}", f"{cost.wall_s:.1f}", f"{cost.peak_mib:.0f}"] for one, cost in whole.items()]
    verdicts = [[of, f"{got:.2f}", f"{most:.2f}", "met" if got <= most else "MISSED"] for of, got, most in limits]
    return "\n".join(
        [
            table([head, "CPU s", "wall s", "peak MiB"], figures),
            "",
            table(["requirement", "measured", "at most", ""], verdicts),
            "",
            "All rows and columns of ours are those of polars by hand, in order, bit for bit; DuckDB has the same.",
        ]
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.build_windows", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="impressions over the 30 days; events are 4/3 of it")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for logs, tables and DuckDB's environment")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each, of which the median is shown")
    parser.add_argument("--python", type=Path, help="Python of an environment with DuckDB")
    parser.add_argument("--only-build", nargs=2, metavar=("START", "END"), help="build from the logs there")
    given = parser.parse_args()
    if given.only_build:
        build(given.work, Days.parse(*given.only_build))
    else:
        print(measured(given.work, given.rows, given.runs, given.python))


if __name__ == "__main__":
    main()
