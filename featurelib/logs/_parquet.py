"""Parquet files: read where they lie; types from the footer, rejects from one pass over the ruled columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from featurelib.logs._bytes import our_errors
from featurelib.logs._clocks import clock_faults
from featurelib.logs._columns import check_names, check_types
from featurelib.logs._epochs import from_number, is_instant
from featurelib.logs._placement import Placement
from featurelib.logs._rules import LINE, Fault, any_fault, rejects_of, row_faults
from featurelib.logs._scan import FileRows, Scan, scan
from featurelib.logs._typed import TEXT
from featurelib.logs.log import Log

_HINT = "Fetch or write the file again; a Parquet file is complete only with its footer."


def read_parquet(log: Log, path: Path, file: str, place: Placement) -> FileRows:
    """Check one Parquet file and count its rows.

    Parameters
    ----------
    log
        Its log.
    path, file
        Where it lies, and its name below the log root.
    place
        Which rows are ours.

    Raises
    ------
    LogFileError
        If the file is damaged, or has a column that is unknown.
    ColumnMissingError, ColumnTypeError
        If a column is missing, or of a type that does not widen to its own.
    """
    with our_errors(path, hint=_HINT):
        footer = _footer(path)
        check_names(log, file, footer.schema.to_arrow_schema().names)
        raw = scan(path).collect_schema()
        check_types(log, file, raw)
        counted = _counted(log, raw)
        values = _columns(log, raw, counted)
        columns = [*values, *(pl.col(log.sources[name]).alias(TEXT + name) for name in counted)]
        rules = row_faults(log.table, never_null=_never_null(log, footer))
        faults = [*_number_faults(log, counted), *rules, *clock_faults(log), place.outside()]
        ours, faulty = place.mine(), any_fault(faults)
        seen = scan(path).select(columns).select(elsewhere=ours.not_().sum(), rejects=(ours & faulty).sum())
        elsewhere, rejects = seen.collect(engine="streaming").row(0)
        found = FileRows(footer.num_rows, elsewhere)
        if rejects:
            rows = scan(path, number=LINE, first=1).select(LINE, *columns).filter(ours & faulty)
            found = FileRows(footer.num_rows, elsewhere, rejects_of(rows.collect(), faults, _row(log, counted)))
    keep = ours & faulty.not_() if elsewhere or rejects else None
    columns = values if keep is None else columns
    found.scans.append(Scan(path=path, file=file, rows=footer.num_rows, columns=columns, keep=keep))
    return found


def _footer(path: Path) -> Any:
    # NOTE: pyarrow says what is wrong with a footer; polars may panic on it
    from pyarrow import parquet

    return parquet.read_metadata(path)


def _columns(log: Log, raw: pl.Schema, counted: Sequence[str]) -> list[pl.Expr]:
    """Return the table's columns from the raw ones; an optional one that is absent is null."""
    columns = []
    for name, source in log.sources.items():
        value, column = pl.col(source) if source in raw else pl.lit(None), log.table.columns[name]
        if name in counted and isinstance(column.dtype, pl.Datetime) and column.epoch is not None:
            columns.append(from_number(value, column.dtype, column.epoch).alias(name))
        else:
            columns.append(value.cast(column.dtype).alias(name))
    return columns


def _counted(log: Log, raw: pl.Schema) -> list[str]:
    """Return the columns whose instants are given as numbers."""
    epochs = [name for name, column in log.table.columns.items() if column.epoch is not None]
    return [name for name in epochs if raw.get(log.sources[name], pl.Null()).is_integer()]


def _number_faults(log: Log, counted: Sequence[str]) -> list[Fault]:
    """Return the faults of numbers that are no instants, kept beside these."""
    faults = []
    for name in counted:
        number, unit = pl.col(TEXT + name), str(log.table.columns[name].epoch)
        broken = pl.col(name).is_null() & number.is_not_null()
        exact = is_instant(number.cast(pl.Int64, strict=False), unit).fill_null(value=False)
        faults.append(Fault("bad_time", name, broken & ~exact, number.cast(pl.String)))
        faults.append(Fault("bad_type", name, broken, number.cast(pl.String)))
    return faults


def _never_null(log: Log, footer: Any) -> frozenset[str]:
    """Return the columns that hold no null, as the footer counts them."""
    nulls: dict[str, int] = {}
    for group in range(footer.num_row_groups):
        for number in range(footer.num_columns):
            leaf = footer.row_group(group).column(number)
            known = leaf.is_stats_set and leaf.statistics.has_null_count
            nulls[leaf.path_in_schema] = nulls.get(leaf.path_in_schema, 0) + (
                leaf.statistics.null_count if known else 1
            )
    return frozenset(name for name, source in log.sources.items() if nulls.get(source) == 0)


def _row(log: Log, counted: Sequence[str]) -> pl.Expr:
    """Return a row as JSON text under the raw names; bytes are shown in base64, nested bytes not at all."""
    fields = []
    for name, source in log.sources.items():
        dtype = log.table.columns[name].dtype
        if dtype == pl.Binary:
            fields.append(pl.col(name).bin.encode("base64").alias(source))
        elif "Binary" not in str(dtype):  # polars panics on these
            fields.append(pl.col(TEXT + name if name in counted else name).alias(source))
    return pl.struct(fields).struct.json_encode()
