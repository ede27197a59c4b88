"""Import cost: CPU time of importing what a model server loads, beside polars alone.

Run it with ``python benchmarks/import_cost.py``. Each import runs in a process of its own, in turn with the others, so
that a busy machine slows all of them alike.
"""

import resource
import statistics
import subprocess
import sys

STATEMENTS = [
    "import polars",
    "import featurelib.transforms",
    "from featurelib import load",
    "from featurelib.online import OnlineStore",
]
ROUNDS = 15


def cpu_s(statement: str) -> float:
    """Return the user and system seconds of a fresh process that runs one statement."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure in turn, and print medians and ratios."""
    for statement in STATEMENTS:  # compiles to bytecode, warms the file cache
        cpu_s(statement)
    times: dict[str, list[float]] = {statement: [] for statement in ["pass", *STATEMENTS]}
    for _ in range(ROUNDS):
        for statement, measured in times.items():
            measured.append(cpu_s(statement))
    polars = times["import polars"]
    for statement, measured in times.items():
        ratio = statistics.median(ours / base for ours, base in zip(measured, polars, strict=True))
        print(f"{statement:42} {statistics.median(measured) * 1000:8.1f} ms CPU   / polars {ratio:6.2f}")


if __name__ == "__main__":
    main()
