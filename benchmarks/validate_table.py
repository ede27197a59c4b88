"""Validate a table: what one pass over 60 rules costs, beside the same sums by hand, other libraries, and more rows.

Run it with ``python -m benchmarks.validate_table [--rows N] [--work FOLDER] [--python PATH]``. Rows are made once, and
kept in the work folder. Each figure is of a process of its own: the CPU of the work alone, imports left out; sides take
turns, and the median of three is shown. Peak memory counts everything, also Great Expectations where a side loads it.
The other libraries have an environment of their own, made from ``benchmarks/requirements-validation.lock`` unless the
Python of one is given. Great Expectations' pandas engine works on fewer rows, as it needs minutes for more.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.measure import environment, table
from benchmarks.transform_set import measured
from benchmarks.validate_by_peers import LIBRARIES
from benchmarks.validate_rows import write

ROWS, MORE, PANDAS_ROWS, WIDE_ROWS, WIDE, RUNS = 5_000_000, 4, 1_000_000, 1_000_000, 200, 3
WORK, LOCK = Path("data/validate_table"), Path(__file__).with_name("requirements-validation.lock")
OURS = ("scan", "sums by hand", "sums by hand, and keys", "measured", "judged")
Figures = Mapping[str, float]


def medians(sides: Sequence[str], rows: Path, runs: int) -> dict[str, Figures]:
    """Run sides of featurelib and of polars by turns, and return the median of each figure."""
    found: dict[str, list[Figures]] = {side: [] for side in sides}
    for _ in range(runs):
        for side, figures in found.items():
            figures.append(measured(Path(sys.executable), "benchmarks.validate_sides", side, rows))
    return {
        side: {name: statistics.median(each[name] for each in figures) for name in figures[0]}
        for side, figures in found.items()
    }


def told(found: Mapping[str, Figures]) -> str:
    """Return the figures as a table."""
    lines = [(side, f"{each['cpu_s']:.2f}", f"{each['peak_mib']:.0f}") for side, each in found.items()]
    return table(["what", "CPU s", "peak MiB"], lines)


def requirement(what: str, value: float, limit: float, *, at_least: bool = False) -> tuple[str, ...]:
    """Return a line that says whether a requirement is met."""
    met = value >= limit if at_least else value <= limit
    return what, f"{value:.2f}", f"at {'least' if at_least else 'most'} {limit:g}", "met" if met else "MISSED"


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.validate_table", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS, help="rows of 30 columns")
    parser.add_argument("--runs", type=int, default=RUNS, help="how often each of our sides runs")
    parser.add_argument("--work", type=Path, default=WORK, help="folder for rows")
    parser.add_argument("--python", type=Path, help="a Python that has the other libraries")
    given, _ = parser.parse_known_args()
    rows, more, fewer, wide = (given.work / f"{name}.parquet" for name in ("rows", "more", "fewer", "wide"))
    write(rows, given.rows)
    write(more, MORE * given.rows)
    write(fewer, min(given.rows, PANDAS_ROWS))
    write(wide, min(given.rows, WIDE_ROWS), wide=WIDE)
    python = given.python or environment(given.work / "peers", LOCK)

    ours = medians(OURS, rows, given.runs)
    peers = {name: measured(python, "benchmarks.validate_by_peers", name, rows) for name in LIBRARIES}
    large = medians(["judged"], more, given.runs)["judged"]
    small = medians(["sums by hand, and keys", "judged", "gx pandas"], fewer, given.runs)
    features = medians(["wide", "wide, with profile", "wide, merge"], wide, given.runs)
    print(f"### {given.rows:,} rows of 30 columns, {ours['measured']['checks']:.0f} rules\n\n{told(ours | peers)}\n")
    print(f"### {MORE * given.rows:,} rows\n\n{told({'judged': large})}\n")
    print(f"### {min(given.rows, PANDAS_ROWS):,} rows\n\n{told(small)}\n")
    print(f"### {min(given.rows, WIDE_ROWS):,} rows of {WIDE} features\n\n{told(features)}\n")

    cpu = {side: each["cpu_s"] for side, each in (ours | peers).items()}
    peak = {side: each["peak_mib"] for side, each in (ours | peers).items()}
    lines = [
        requirement("CPU beside the same sums and keys by hand", cpu["measured"] / cpu["sums by hand, and keys"], 1.2),
        requirement("CPU beside the sums by hand without keys", cpu["measured"] / cpu["sums by hand"], 1.2),
        *(requirement(f"CPU beside {name}", cpu["judged"] / cpu[name], 1.0) for name in LIBRARIES),
        *(requirement(f"memory beside {name}", peak["judged"] / peak[name], 1.0) for name in LIBRARIES),
        requirement(
            "CPU of GX's pandas engine beside ours",
            small["gx pandas"]["cpu_s"] / small["judged"]["cpu_s"],
            20,
            at_least=True,
        ),
        requirement("peak with Great Expectations, MiB", peak["judged"], 600),
        requirement(f"peak of {MORE} times the rows beside that", large["peak_mib"] / peak["judged"], 1.1),
        requirement(
            f"profile of {WIDE} features beside the pass without, CPU",
            features["wide, with profile"]["cpu_s"] / features["wide"]["cpu_s"],
            1.5,
        ),
        requirement(f"merge of 90 days of {WIDE} features, CPU s", features["wide, merge"]["cpu_s"], 1.0),
    ]
    print(table(["requirement", "measured", "limit", ""], lines))


if __name__ == "__main__":
    main()
