"""Row rules: why a row of a log is rejected, as expressions that are true where it is.

A row with several faults has the first reason in this order: what its text cannot be typed as (column by column),
what its values break (column by column: missing, not a number, out of range, not allowed), row checks in order of
declaration, and last the partition it lies in.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.schema.column import Column
from featurelib.schema.table import Table

LINE = "__line__"
ROW = "__row__"
_FAULT = "__fault__"
REJECTS = pl.Schema(
    {
        "log": pl.String(),
        "file": pl.String(),
        "line": pl.Int64(),
        "reason": pl.String(),
        "column": pl.String(),
        "value": pl.String(),
        "row": pl.String(),
    }
)
FOUND = pl.Schema({name: dtype for name, dtype in REJECTS.items() if name not in {"log", "file"}})


@dataclass(frozen=True, slots=True)
class Fault:
    """One way in which a row can be wrong.

    Parameters
    ----------
    reason
        The reject's reason.
    column
        The column at fault, if it is one.
    broken
        True where the row has this fault, else false; never null.
    value
        The value at fault, as text.
    """

    reason: str
    column: str | None
    broken: pl.Expr
    value: pl.Expr


def any_fault(faults: Iterable[Fault]) -> pl.Expr:
    """Return whether a row has any of the faults."""
    return pl.any_horizontal([fault.broken for fault in faults])


def row_faults(table: type[Table], *, never_null: frozenset[str] = frozenset()) -> list[Fault]:
    """Return the faults that break a rule of the table; rules that only warn reject nothing.

    Parameters
    ----------
    table
        The declared rows. A null event time is always a fault: such a row belongs to no partition.
    never_null
        Columns known to hold no null, so that nobody looks.
    """
    faults: list[Fault] = []
    for name, column in table.columns.items():
        strict = column.on_fail != "warn"
        required = name == table.event_time or (strict and not column.nullable)
        if required and name not in never_null:
            faults.append(Fault("missing_value", name, pl.col(name).is_null(), pl.lit(None, dtype=pl.String)))
        if strict:
            faults.extend(_value_faults(name, column))
    for check in table.checks:
        if check.on_fail != "warn":
            broken = check.expr().not_().fill_null(value=False)
            faults.append(Fault(f"check:{check.id}", None, broken, pl.lit(None, dtype=pl.String)))
    return faults


def _value_faults(name: str, column: Column) -> Iterator[Fault]:
    value = pl.col(name)
    if column.dtype.is_float() and column.nan == "error":
        yield Fault("not_a_number", name, value.is_nan().fill_null(value=False), value.cast(pl.String))
    if column.between is not None:
        low, high = column.between
        outside = [value < low] if low is not None else []
        outside += [value > high] if high is not None else []
        broken = pl.any_horizontal(outside).fill_null(value=False) if outside else pl.lit(value=False)
        if column.dtype.is_float():  # NaN > high is true in polars; the rule for NaN is the one above
            broken &= value.is_not_nan().fill_null(value=False)
        yield Fault("out_of_range", name, broken, value.cast(pl.String))
    if column.allowed is not None:
        shown = value.cast(pl.String)
        known = shown if isinstance(column.dtype, (pl.Categorical, pl.Enum)) else value
        yield Fault("not_allowed", name, known.is_in(list(column.allowed)).not_().fill_null(value=False), shown)


def rejects_of(rows: pl.DataFrame, faults: Sequence[Fault], row: pl.Expr) -> pl.DataFrame:
    """Return one reject per row, with the first of its faults.

    Parameters
    ----------
    rows
        Faulty rows, with their line under `LINE`.
    faults
        In the order in which they count.
    row
        The raw row as JSON text.
    """
    numbers = range(len(faults))
    first = pl.coalesce(pl.when(f.broken).then(pl.lit(i, dtype=pl.Int64)) for i, f in zip(numbers, faults, strict=True))
    fault = pl.col(_FAULT)
    values = [pl.when(fault == i).then(f.value) for i, f in zip(numbers, faults, strict=True)]
    reasons, columns = [f.reason for f in faults], [f.column for f in faults]
    return rows.with_columns(first.alias(_FAULT)).select(
        pl.col(LINE).cast(pl.Int64).alias("line"),
        fault.replace_strict(list(numbers), reasons, return_dtype=pl.String).alias("reason"),
        fault.replace_strict(list(numbers), columns, return_dtype=pl.String).alias("column"),
        pl.coalesce(values).alias("value"),
        row.alias("row"),
    )
