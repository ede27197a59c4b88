"""One side of `transform_set`, in a process of its own: ``python -m benchmarks.transform_sides SIDE ROWS [FOLDER]``.

It prints the CPU seconds of its work, imports and preparation left out, and the peak of its resident memory in MiB.
"""

import json
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np  # noqa: F401  # first: its threads spin for a while after the import, which is no work
import polars as pl

from benchmarks.transform_rows import KEY, LABEL, NUMBERS, TEXTS, TIME
from featurelib.fitting.operator import Operator
from featurelib.program import Program, load, save
from featurelib.tables import ParquetRows
from featurelib.transforms import (
    Frequency,
    HashBuckets,
    HashedCross,
    OutOfFold,
    QuantileBins,
    Standardize,
    TargetMean,
    Vocabulary,
    fit,
)

FOLDS = OutOfFold(key=KEY, folds=5, time=TIME)
BINS, BUCKETS, AT_LEAST = 50, 2**18, 5
ENCODERS: list[Operator] = [
    *(Vocabulary(name, min_count=AT_LEAST) for name in TEXTS),
    *(Frequency(name) for name in TEXTS),
    *(TargetMean(name, label=LABEL, fitted=FOLDS) for name in TEXTS),
]
FAMILIES: dict[str, tuple[Sequence[str], list[Operator]]] = {
    "z": (NUMBERS, [Standardize(name) for name in NUMBERS]),
    "hash": (TEXTS, [HashBuckets(name, buckets=BUCKETS) for name in TEXTS]),
    "cross": (TEXTS[4:7:2], [HashedCross(TEXTS[4:7:2], buckets=BUCKETS)]),
    "bins": (NUMBERS, [QuantileBins(name, bins=BINS) for name in NUMBERS]),
    "encoders": ((*TEXTS, KEY, TIME), ENCODERS),
}
ALL: list[Operator] = [operator for _, operators in FAMILIES.values() for operator in operators]


def drain(frame: pl.LazyFrame) -> None:
    """Compute a frame, and drop it."""
    for _ in frame.collect_batches(maintain_order=False):
        pass


def scan(rows: Path, columns: Sequence[str]) -> None:
    """Decode columns, and drop them."""
    drain(pl.scan_parquet(rows).select(columns))


def apply(program: Program, rows: Path) -> None:
    """Compute a program's outputs, and drop them."""
    drain(program.transform(ParquetRows.of(rows)))


def written(frame: pl.LazyFrame, path: Path) -> None:
    """Write a frame as a feature table's file is written."""
    frame.sink_parquet(path, compression="zstd")


def _folded(rows: Path) -> pl.LazyFrame:
    return pl.scan_parquet(rows).with_columns(fold=(pl.col(KEY).hash(42) % 5).cast(pl.UInt8))


def tables_by_hand(rows: Path) -> dict[str, pl.DataFrame]:
    """Return, for each text, index, frequency and cross-fitted mean of each term and fold, in polars alone."""
    frame, tables = _folded(rows), {}
    for name in TEXTS:
        counts = frame.group_by(name, "fold").agg(rows=pl.len(), total=pl.col(LABEL).sum().cast(pl.Int64)).collect()
        folds = counts.group_by("fold").agg(all_rows=pl.col("rows").sum(), all_total=pl.col("total").sum())
        by_term = counts.group_by(name).agg(of_term=pl.col("rows").sum(), label=pl.col("total").sum())
        of_all, label_of_all = int(counts["rows"].sum()), int(counts["total"].sum())
        frequent = by_term.filter(pl.col("of_term") >= AT_LEAST).sort("of_term", name, descending=[True, False])
        index = frequent.with_row_index("index", 2).select(name, "index")
        grid = by_term.join(folds, how="cross").join(counts, on=[name, "fold"], how="left").fill_null(0)
        rest, rest_label = pl.col("of_term") - pl.col("rows"), pl.col("label") - pl.col("total")
        prior = (label_of_all - pl.col("all_total")) / (of_all - pl.col("all_rows"))
        mean = grid.select(name, "fold", mean=((rest_label + 20 * prior) / (rest + 20)).cast(pl.Float32))
        frequency = by_term.select(name, frequency=(pl.col("of_term") / of_all).cast(pl.Float32))
        made = mean.join(index, on=name, how="left").join(frequency, on=name, how="left")
        tables[name] = made.rename({column: f"{name}_{column}" for column in ("mean", "index", "frequency")})
    return tables


def encoders_by_hand(rows: Path, tables: Mapping[str, pl.DataFrame]) -> pl.LazyFrame:
    """Return index, frequency and cross-fitted mean of each text: a join with its table for each."""
    made = _folded(rows).select("fold", *TEXTS)
    for name, table in tables.items():
        made = made.join(table.lazy(), on=[name, "fold"], how="left", maintain_order="left")
    return made.drop("fold", *TEXTS)


def fitted(family: str, rows: Path) -> Program:
    """Fit the operators of a family."""
    return fit(ALL if family == "all" else FAMILIES[family][1], ParquetRows.of(rows))


def held(family: str, rows: Path) -> pl.DataFrame:
    """Read the columns of a family once, fit its operators, and apply them to the rows that are held."""
    columns, operators = FAMILIES[family]
    frame = pl.read_parquet(rows, columns=list(columns))
    made: pl.DataFrame = fit(operators, frame).transform(frame)
    return made


def measured(work: Callable[[], object]) -> dict[str, float]:
    """Do the work, and return what it cost."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_s": cpu, "peak_mib": after.ru_maxrss / 1024}


def side(name: str, rows: Path, folder: Path) -> dict[str, float]:
    """Run a side, named ``WHAT:FAMILY``, or ``WHAT`` for all columns."""
    what, _, family = name.partition(":")
    columns = FAMILIES[family][0] if family in FAMILIES else (*NUMBERS, *TEXTS, KEY, TIME)
    if family not in {"z", "bins"}:
        import pyarrow.parquet  # noqa: F401  # rows with texts are read with it, and imports are left out
    program = load(folder / family) if what in {"apply", "table"} else None
    frame = pl.read_parquet(folder / "out.parquet") if what == "write" else pl.DataFrame()
    tables = tables_by_hand(rows) if what == "apply by hand" else {}
    works: dict[str, Callable[[], object]] = {
        "scan": lambda: scan(rows, columns),
        "fit": lambda: save(fitted(family, rows), folder / family),
        "apply": lambda: apply(_there(program), rows),
        "fit+apply": lambda: apply(fitted(family, rows), rows),
        "fit+apply+keep": lambda: fitted(family, rows).transform(ParquetRows.of(rows)).collect(),
        "read+fit+apply": lambda: held(family, rows),
        "by hand": lambda: drain(encoders_by_hand(rows, tables_by_hand(rows))),
        "apply by hand": lambda: drain(encoders_by_hand(rows, tables)),
        "table": lambda: written(_there(program).transform(ParquetRows.of(rows)), folder / "out.parquet"),
        "write": lambda: written(frame.lazy(), folder / "again.parquet"),
    }
    return measured(works[what])


def _there(program: Program | None) -> Program:
    if program is None:
        raise SystemExit("fit the program first")
    return program


if __name__ == "__main__":
    print(json.dumps(side(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
