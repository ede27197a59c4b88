"""Typed texts: strict parsing of text fields, null where a text is not of the declared type."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.errors import ColumnTypeError
from featurelib.logs._epochs import from_text, number_form
from featurelib.logs._local_times import from_local
from featurelib.logs._rules import Fault
from featurelib.schema.column import Column

TEXT = "__text__"  # prefix of the raw text, kept beside the typed value
_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = r"[T ][0-9]{2}:[0-9]{2}:[0-9]{2}"
_ZONE = r"(Z|[+-][0-9]{2}(:?[0-9]{2})?)"
_APACHE = "^[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}$"


def check_text_type(who: object, name: str, dtype: pl.DataType) -> None:
    """Check that texts can be parsed as a type.

    Raises
    ------
    ColumnTypeError
        If they cannot.
    """
    known = (pl.String, pl.Categorical, pl.Enum, pl.Boolean, pl.Date, pl.Datetime)
    if not (dtype.is_numeric() or isinstance(dtype, known)):
        raise ColumnTypeError(
            who,
            name,
            where="a text format",
            got=repr(dtype),
            want="a number, a text, a boolean, a date or a datetime",
            hint="Declare it as pl.String() (nested JSON is kept as its JSON text), or land the log as Parquet.",
        )


def typed(texts: pl.DataFrame, columns: Mapping[str, Column], null_texts: Sequence[str]) -> pl.DataFrame:
    """Add the typed columns beside their texts.

    Parameters
    ----------
    texts
        Text columns under the names of the table; other columns are kept as they are.
    columns
        What is wanted, by name.
    null_texts
        Texts that mean null in a column that is not text.

    Returns
    -------
    pl.DataFrame
        ``<name>`` typed, null where the text does not parse, and ``TEXT + <name>`` with the text.
    """
    raw = [_without(name, column.dtype, null_texts).alias(TEXT + name) for name, column in columns.items()]
    values = [_parse(pl.col(TEXT + name), column).alias(name) for name, column in columns.items()]
    return texts.with_columns(raw).with_columns(values)


def type_faults(columns: Mapping[str, Column]) -> list[Fault]:
    """Return the faults of texts that are not of their column's type, in order of columns."""
    faults = []
    for name, column in columns.items():
        text, dtype = pl.col(TEXT + name), column.dtype
        broken = pl.col(name).is_null() & text.is_not_null()
        if isinstance(dtype, pl.Datetime):
            faults.append(Fault("bad_time", name, broken & _is_clock(text, column, dtype), text))
        faults.append(Fault("bad_type", name, broken, text))
    return faults


def _is_clock(text: pl.Expr, column: Column, dtype: pl.Datetime) -> pl.Expr:
    """Return whether a text that is no value of its column is the time of some clock."""
    if column.zone is not None:
        clock = _local(text, dtype).is_not_null()
    else:
        other = "" if dtype.time_zone else _ZONE
        clock = text.str.contains(f"^{_DATE}{_CLOCK}(\\.[0-9]+)?{other}$")
    if column.epoch is not None:
        clock |= text.str.contains(number_form(dtype, column.epoch))
    return clock.fill_null(value=False)


def _without(name: str, dtype: pl.DataType, null_texts: Sequence[str]) -> pl.Expr:
    if isinstance(dtype, (pl.String, pl.Categorical)) or not null_texts:
        return pl.col(name)
    return pl.when(pl.col(name).is_in(list(null_texts)).not_()).then(pl.col(name))


def _parse(text: pl.Expr, column: Column) -> pl.Expr:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return pl.coalesce(_instants(text, column, dtype))
    if isinstance(dtype, pl.Date):
        return _where(text, f"^{_DATE}$").str.to_date("%Y-%m-%d", strict=False)
    if isinstance(dtype, pl.Boolean):
        claims = {"true": True, "1": True, "false": False, "0": False}
        return text.str.to_lowercase().replace_strict(claims, default=None, return_dtype=pl.Boolean)
    if isinstance(dtype, pl.Decimal):  # the cast alone would round, and read "1e2"
        return _where(text, rf"^-?[0-9]+(\.[0-9]{{1,{max(dtype.scale, 1)}}})?$").cast(dtype, strict=False)
    value = text.cast(dtype, strict=False)
    if dtype.is_float():  # a number too large for the type would become infinite
        return pl.when(value.is_infinite().not_() | text.str.contains("(?i)inf")).then(value)
    return value


def _instants(text: pl.Expr, column: Column, dtype: pl.Datetime) -> Iterator[pl.Expr]:
    """Yield what each form of a time reads from a text; at most one of them is not null."""
    if dtype.time_zone is None:
        yield _local(text, dtype)
        return
    stated = _where(text, f"^{_DATE}{_CLOCK}{_fraction(dtype)}{_ZONE}$")
    # NOTE: PostgreSQL writes whole-hour offsets as "+00", which "%+" does not read
    offset = pl.when(stated.str.contains("[+-][0-9]{2}$")).then(stated + ":00").otherwise(stated)
    yield _in_range(offset, "%+", dtype, "UTC").dt.convert_time_zone(dtype.time_zone)
    apache = _in_range(_where(text, _APACHE), "%d/%b/%Y:%H:%M:%S %z", dtype, "UTC")
    yield apache.dt.convert_time_zone(dtype.time_zone)
    if column.zone is not None:
        yield from_local(_local(text, dtype), dtype, column.zone)
    if column.epoch is not None:
        yield from_text(text, dtype, column.epoch)


def _local(text: pl.Expr, dtype: pl.Datetime) -> pl.Expr:
    """Return the times of texts that state no zone."""
    clock = _where(text, f"^{_DATE}{_CLOCK}{_fraction(dtype)}$").str.replace("T", " ", literal=True)
    return _in_range(clock, "%Y-%m-%d %H:%M:%S%.f", dtype, None)


def _fraction(dtype: pl.Datetime) -> str:
    return rf"(\.[0-9]{{1,{_DIGITS[dtype.time_unit]}}}0*)?"


def _in_range(text: pl.Expr, form: str, dtype: pl.Datetime, zone: str | None) -> pl.Expr:
    value = text.str.to_datetime(form, time_unit=dtype.time_unit, time_zone=zone, strict=False)
    if dtype.time_unit != "ns":
        return value
    # NOTE: polars wraps years outside 1677-2262 into others when it counts in nanoseconds
    coarse = text.str.to_datetime(form, time_unit="us", time_zone=zone, strict=False)
    return pl.when(value.dt.cast_time_unit("us") == coarse).then(value)


def _where(text: pl.Expr, regex: str) -> pl.Expr:
    return pl.when(text.str.contains(regex)).then(text)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows of a text file.

    Parameters
    ----------
    texts
        Text columns under the names of the table, with `LINE` (and `ROW` where the format has it).
    rejects
        Rows whose text could not even be split into columns, in the schema `FOUND`.
    """

    texts: pl.DataFrame
    rejects: pl.DataFrame
