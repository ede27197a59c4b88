"""Text files: parsed one at a time, in blocks, into typed Parquet files of the scratch directory."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import polars as pl

from featurelib.errors import StorageError
from featurelib.logs._clocks import clock_faults
from featurelib.logs._csv import CsvFile
from featurelib.logs._jsonl import JsonLinesFile
from featurelib.logs._placement import Placement
from featurelib.logs._rules import FOUND, LINE, any_fault, rejects_of, row_faults
from featurelib.logs._scan import FileRows, Scan
from featurelib.logs._typed import Batch, type_faults, typed
from featurelib.logs.log import Log

_MINE, _FAULTY = "__mine__", "__faulty__"
_UNTIMED = ["field_count", "bad_json", "bad_encoding"]


class TextFile(Protocol):
    """What a text format knows: how to cut a file into texts, and on which line a row stood."""

    broken: int

    def batches(self) -> Iterator[Batch]:
        """Yield the rows as texts."""

    def located(self, rejects: pl.DataFrame) -> pl.DataFrame:
        """Return the rejects with physical lines, in their order."""

    def lines(self, rows: pl.Series) -> pl.Series:
        """Return the physical lines of rows given as `LINE` numbers them, ascending, once all are read."""

    def row(self) -> pl.Expr:
        """Return a row of typed texts as JSON text."""


def read_text(log: Log, path: Path, file: str, place: Placement, parts: Path) -> FileRows:
    """Parse one text file.

    Parameters
    ----------
    log
        Its log.
    path, file
        Where it lies, and its name below the log root.
    place
        Which rows are ours.
    parts
        Prefix of the Parquet files to write.

    Raises
    ------
    LogFileError
        If the file is damaged, or has a column that is unknown.
    ColumnMissingError
        If a CSV file lacks a column.
    StorageError
        If the scratch directory cannot be written.
    """
    source: TextFile = CsvFile(log, path, file) if log.format == "csv" else JsonLinesFile(log, path, file)
    schema = log.table.polars_schema()
    faults = [*type_faults(log.table.columns), *row_faults(log.table), *clock_faults(log), place.outside()]
    marks = [place.mine().alias(_MINE), any_fault(faults).alias(_FAULTY)]
    columns = [pl.col(name).cast(dtype) for name, dtype in schema.items()]
    rows = elsewhere = 0
    found, scans = [pl.DataFrame(schema=FOUND)], []
    for number, batch in enumerate(source.batches()):
        values = typed(batch.texts, log.table.columns, log.null_texts).with_columns(marks)
        ours = values.filter(_MINE)
        rows += values.height + batch.rejects.height
        elsewhere += values.height - ours.height
        found += [rejects_of(ours.filter(_FAULTY), faults, source.row()), batch.rejects]
        good = ours.filter(pl.col(_FAULTY).not_()).select(*schema.names(), pl.col(LINE).cast(pl.UInt32))
        part = _written(good, parts.with_name(f"{parts.name}-{number:06d}.parquet"))
        scans.append(Scan(path=part, file=file, rows=good.height, columns=columns, numbering=source))
    rejects = source.located(pl.concat(found))
    if not place.home:  # rows that have no event time are the slice's that holds the partition
        untimed = pl.col("reason").is_in(_UNTIMED)
        rejects, elsewhere = rejects.filter(untimed.not_()), elsewhere + rejects.filter(untimed).height
    return FileRows(rows + source.broken, elsewhere, rejects, scans)


def _written(rows: pl.DataFrame, path: Path) -> Path:
    try:
        rows.write_parquet(path, compression="lz4", statistics=True)
    except OSError as error:
        msg = f"{path}: cannot be written ({error}). Free some space in the scratch directory, or choose another."
        raise StorageError(msg) from error
    return path
