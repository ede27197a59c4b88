"""Transform set: what fitting and applying the common transforms cost, beside the scan, polars by hand, and peers.

Run it with ``python -m benchmarks.transform_set [--rows N] [--work FOLDER] [--python PATH]``. Rows are made once, and
kept in the work folder. Each figure is of a process of its own: the CPU of the work alone, imports left out; sides take
turns, and the median of three is shown. The peers have an environment of their own, made from
``benchmarks/requirements-encoders.lock`` unless the Python of one is given; they run once, as some need minutes.
featurelib, beside them, holds the frame that comes out in memory as they do. Their means have no folds (scikit-learn's
do); ours do.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.encoders_by_peers import SIDES
from benchmarks.measure import environment, table
from benchmarks.transform_rows import write

ROWS, RUNS = 5_000_000, 3
WORK, LOCK = Path("data/transform_set"), Path(__file__).with_name("requirements-encoders.lock")
Figures = Mapping[str, float]

PARTS = [  # what, the side, what it is divided by, the most it may be
    ("8 z-scores", "apply:z", "scan:z", 1.5),
    ("8 hashes", "apply:hash", "scan:hash", 1.6),
    ("a cross of two", "apply:cross", "scan:cross", 2.0),
    ("8 times 50 quantile bins, with their fit, read twice", "fit+apply:bins", "scan:bins", 3.0),
    ("8 times 50 quantile bins, with their fit, read once and held", "read+fit+apply:bins", "scan:bins", 3.0),
    ("index, frequency and mean of 8 texts", "apply:encoders", "apply by hand:encoders", 0.5),
    ("index, frequency and mean of 8 texts, with their fit", "fit+apply:encoders", "by hand:encoders", 0.5),
]
FASTER = {  # how many times less CPU than a peer
    "scikit-learn:encoders": 8.0,
    "feature-engine:encoders": 8.0,
    "category_encoders:encoders": 10.0,
    "gators:encoders": 2.0,
    "gators:bins": 15.0,
}
MEMORY = 0.4  # of that of gators


def measured(python: Path, module: str, side: str, *arguments: object) -> Figures:
    """Return the figures that a side prints.

    Raises
    ------
    SystemExit
        If it fails.
    """
    words = [python, "-m", module, side, *arguments]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{side} failed:\n{done.stderr}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def ours(sides: Sequence[str], rows: Path, folder: Path, runs: int) -> dict[str, Figures]:
    """Run sides of featurelib and of polars by turns, and return the median of each figure."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, list[Figures]] = {side: [] for side in sides}
    for _ in range(runs):
        for side, figures in found.items():
            figures.append(measured(Path(sys.executable), "benchmarks.transform_sides", side, rows, folder))
    return {
        side: {name: statistics.median(each[name] for each in figures) for name in figures[0]}
        for side, figures in found.items()
    }


def _verdict(ratio: float, limit: float, *, at_least: bool = False) -> str:
    met = ratio >= limit if at_least else ratio <= limit
    return f"{'at least' if at_least else 'at most'} {limit:g}: {'met' if met else 'missed'}"


def parts(rows: Path, folder: Path, runs: int) -> None:
    """Print what each family costs beside its scan, and the whole set beside scan and write."""
    fits = [f"fit:{family}" for family in ("z", "hash", "cross", "encoders", "all")]
    order = [*fits, "scan", "table:all", "write", *(side for _, one, other, _ in PARTS for side in (one, other))]
    found = ours(list(dict.fromkeys(order)), rows, folder, runs)
    limit = found["scan"]["cpu_s"] + found["write"]["cpu_s"]
    whole = found["table:all"]["cpu_s"]
    lines = [("all 49 columns into Parquet", whole, limit, 1.4)]
    lines += [(what, found[one]["cpu_s"], found[other]["cpu_s"], most) for what, one, other, most in PARTS]
    told = [
        (what, f"{cpu:.2f}", f"{base:.2f}", f"{cpu / base:.2f}", _verdict(cpu / base, most))
        for what, cpu, base, most in lines
    ]
    print(table(["what", "CPU s", "scan (and write), or by hand", "times", "requirement"], told))
    print(f"\nThe fit of all: {found['fit:all']['cpu_s']:.1f} s of CPU, {found['fit:all']['peak_mib']:.0f} MiB.\n")


def peers(rows: Path, folder: Path, python: Path, runs: int) -> None:
    """Print what other libraries cost for the same."""
    found = ours(["fit+apply+keep:encoders", "fit+apply+keep:bins"], rows, folder, runs)
    lines = []
    for side in SIDES:
        peer = measured(python, "benchmarks.encoders_by_peers", side, rows)
        library, family = side.split(":")
        own = found[f"fit+apply+keep:{family}"]
        times = peer["cpu_s"] / own["cpu_s"]
        memory = own["peak_mib"] / peer["peak_mib"]
        verdict = _verdict(times, FASTER[side], at_least=True)
        smaller = f"{memory:.2f}" + (f", {_verdict(memory, MEMORY)}" if library == "gators" else "")
        lines.append((library, family, f"{peer['cpu_s']:.1f}", f"{own['cpu_s']:.2f}", f"{times:.1f}", verdict, smaller))
    print(table(["library", "what", "CPU s", "featurelib", "times less", "requirement", "our memory of theirs"], lines))


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transform_set", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of all sides")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each of our sides runs")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for rows and programs")
    parser.add_argument("--python", type=Path, help="a Python that has the peers")
    given, _ = parser.parse_known_args()
    print(f"### {given.rows:,} rows\n")
    rows = given.work / f"rows{given.rows}.parquet"
    write(rows, given.rows)
    parts(rows, given.work / "made", given.runs)
    print("### Beside other libraries\n")
    peers(rows, given.work / "made", given.python or environment(given.work / "peers", LOCK), given.runs)


if __name__ == "__main__":
    main()
