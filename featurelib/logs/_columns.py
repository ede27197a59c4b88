"""Columns of a log file against those of its table: names, and types that widen without loss."""

from collections.abc import Collection

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, LogFileError
from featurelib.logs._epochs import from_number
from featurelib.logs._local_times import from_local
from featurelib.logs.log import Log
from featurelib.schema.column import Column

_FINER = {"ms": 0, "us": 1, "ns": 2}


def check_names(log: Log, file: str, present: Collection[str]) -> frozenset[str]:
    """Check the raw column names of a file.

    Returns
    -------
    frozenset of str
        Names of optional columns (as the table calls them) which the file lacks.

    Raises
    ------
    ColumnMissingError
        If the file lacks a column that is not optional.
    LogFileError
        If a name stands twice, or is unknown and the log refuses unknown columns.
    """
    names = list(present)
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise LogFileError(file, f"names column {twice[0]!r} twice", hint="Write it again with distinct names.")
    absent = [name for name, source in log.sources.items() if source not in set(names)]
    for name in absent:
        if not log.table.columns[name].optional:
            raise ColumnMissingError(log, log.sources[name], where=f"file {file}", columns=names)
    refuse_unknown(log, file, set(names) - set(log.sources.values()))
    return frozenset(absent)


def refuse_unknown(log: Log, where: str, unknown: Collection[str]) -> None:
    """Raise LogFileError for names that the table lacks, unless the log ignores them."""
    if unknown and log.unknown_columns == "refuse":
        hint = "Declare it (Column.source, if the raw name differs), or set unknown_columns='ignore' on the log."
        problem = f"has column {min(unknown)!r}, which table {log.table.__name__} lacks"
        raise LogFileError(where, problem, hint=hint)


def check_types(log: Log, file: str, raw: pl.Schema) -> None:
    """Check that each declared column has its type, one that widens to it, or one that it `converts`.

    Raises
    ------
    ColumnTypeError
        At the first that has not.
    """
    for name, source in log.sources.items():
        column = log.table.columns[name]
        if source not in raw or widens(raw[source], column.dtype) or converts(raw[source], column):
            continue
        raise ColumnTypeError(
            log,
            source,
            where=f"file {file}",
            got=repr(raw[source]),
            want=f"{column.dtype!r} or a type that widens to it without loss",
            hint=_hint(raw[source], column.dtype),
        )


def _hint(got: pl.DataType, want: pl.DataType) -> str:
    if isinstance(want, pl.Datetime) and got.is_integer():
        return "If these are seconds, ms or us since 1970, declare the column's epoch."
    if isinstance(want, pl.Datetime) and isinstance(got, pl.Datetime) and want.time_zone and not got.time_zone:
        return "If all are of one zone, declare it as the column's zone, such as zone='UTC'."
    return f"Write the file again with that type, or declare {got!r} and convert it later."


def converts(got: pl.DataType, column: Column) -> bool:
    """Return whether values of a type are instants by what a column declares.

    Whole numbers are by its ``epoch``, times without a zone (in no finer unit than its own) by its ``zone``.
    """
    want = column.dtype
    if not isinstance(want, pl.Datetime) or got.is_integer():
        return isinstance(want, pl.Datetime) and column.epoch is not None
    return column.zone is not None and widens(got, pl.Datetime(want.time_unit)) and isinstance(got, pl.Datetime)


def converted(value: pl.Expr, got: pl.DataType, column: Column) -> pl.Expr:
    """Return the instants of values that a column `converts`; null for a value that is none."""
    want = column.dtype
    if isinstance(want, pl.Datetime) and got.is_integer() and column.epoch is not None:
        return from_number(value, want, column.epoch)
    if isinstance(want, pl.Datetime) and column.zone is not None:
        return from_local(value, want, column.zone)
    return value.cast(want)


def widens(got: pl.DataType, want: pl.DataType) -> bool:
    """Return whether every value of one type is the same value in the other.

    Examples
    --------
    >>> widens(pl.Int32(), pl.Int64()), widens(pl.Int64(), pl.Int32()), widens(pl.Int64(), pl.Float64())
    (True, False, False)
    """
    if got == want or isinstance(got, pl.Null):
        return True
    if isinstance(want, pl.String):
        return isinstance(got, (pl.Categorical, pl.Enum))
    if isinstance(got, pl.Datetime) and isinstance(want, pl.Datetime):
        return got.time_zone == want.time_zone and _FINER[got.time_unit] <= _FINER[want.time_unit]
    if got.is_integer() and want.is_integer():
        if got.is_signed_integer() == want.is_signed_integer():
            return _bits(got) <= _bits(want)
        return want.is_signed_integer() and _bits(got) < _bits(want)
    return got.is_float() and want.is_float() and _bits(got) <= _bits(want)


def _bits(dtype: pl.DataType) -> int:
    return int(str(dtype).lstrip("UIntFloa"))
