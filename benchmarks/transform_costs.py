"""What a row costs in each evaluator of each registered transform; prints the table of docs/reference/transforms.md.

Run it with ``python -m benchmarks.transform_costs``, or with names of transforms to measure these alone.
"""

import datetime as dt
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from featurelib.fitting import Operator
from featurelib.program.primitive import Kind
from featurelib.testing.examples import EXAMPLES
from featurelib.transforms import fit

ROWS, BATCH, TERMS, LISTED = 200_000, 500, 10_000, 10
FROM = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def column(name: str, kind: Kind, rows: int, generator: np.random.Generator) -> pl.Series:
    """Return a column of one kind: one value in twenty is null, terms are skewed, lists hold ten."""
    if name == "clicked":
        return pl.Series((generator.random(rows) < 0.1).astype(np.float64))
    if kind in {"texts", "numbers"}:
        inner = column("", "text" if kind == "texts" else "number", rows * LISTED, generator)
        return inner.reshape((rows, LISTED)).arr.to_list()
    if kind == "number":
        made = pl.Series(generator.lognormal(1, 1, rows))
    elif kind == "text":
        phrases = [f"red{number % 97} shoes{number // 97} {number}" for number in range(TERMS)]
        made = pl.Series(phrases).gather((TERMS * generator.random(rows) ** 3).astype(np.int64))
    else:
        seconds = generator.integers(0, 14 * 86_400, rows)
        made = pl.Series(seconds * 1_000_000).cast(pl.Duration("us")) + FROM
    return pl.select(pl.when(pl.Series(generator.random(rows)) >= 0.05).then(made)).to_series()


def frame_of(example: Operator, rows: int) -> pl.DataFrame:
    """Return the columns that an example reads and learns."""
    generator = np.random.default_rng(7)
    kinds = dict((*zip(example.reads, example.kinds, strict=True), *example.learns))
    return pl.DataFrame({name: column(name, kind, rows, generator) for name, kind in kinds.items()})


def cpu_ns(function: Callable[[], Any], rows: int, *, repeats: int) -> float:
    """Return the median CPU nanoseconds a row."""
    times = []
    for _ in range(repeats):
        start = time.process_time_ns()
        function()
        times.append((time.process_time_ns() - start) / rows)
    return statistics.median(times)


def measure(example: Operator) -> tuple[float, float, float]:
    """Return what a row costs in whole columns, in a micro-batch, and alone."""
    frame = frame_of(example, ROWS)
    program = fit(example, frame)
    read = frame.select(*program.inputs)
    rows = read.head(10 * BATCH).to_dicts()
    batches = [rows[start : start + BATCH] for start in range(0, len(rows), BATCH)]
    program.transform(read), program.transform_rows(batches[0]), program.transform_row(rows[0])
    return (
        cpu_ns(lambda: program.transform(read), ROWS, repeats=7),
        cpu_ns(lambda: [program.transform_rows(batch) for batch in batches], len(rows), repeats=7),
        cpu_ns(lambda: [program.transform_row(row) for row in rows], len(rows), repeats=7),
    )


def main() -> None:
    """Measure and print."""
    print("| name | columns | micro-batch | one row |\n| --- | --- | --- | --- |")
    for name in sys.argv[1:] or EXAMPLES:
        print(f"| `{name}` | {' | '.join(f'{cost:,.0f}' for cost in measure(EXAMPLES[name]))} |", flush=True)


if __name__ == "__main__":
    main()
