"""Row rules: why a row of a log is rejected, as expressions that are true where it is.

A row with several faults has the first reason in this order: what its text cannot be typed as (column by column),
what its values break (column by column: missing, not a number, out of range, not allowed), row checks in order of
declaration, and last the partition it lies in.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.schema.checks import Check, Kind, plan_checks
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
_VALUES: dict[Kind, str] = {
    "not_null": "missing_value",
    "nan": "not_a_number",
    "between": "out_of_range",
    "allowed": "not_allowed",
}
_NOTHING = pl.lit(None, dtype=pl.String)


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
    checks = [check for check in plan_checks(table) if check.on_fail != "warn"]
    faults = [_fault(check) for check in checks if check.kind in _VALUES or check.kind == "row"]
    time = table.event_time
    if time is not None and not any(fault.reason == "missing_value" and fault.column == time for fault in faults):
        faults.insert(0, Fault("missing_value", time, pl.col(time).is_null(), _NOTHING))
    return [fault for fault in faults if fault.reason != "missing_value" or fault.column not in never_null]


def _fault(check: Check) -> Fault:
    if check.kind == "row":
        return Fault(f"check:{check.id}", None, check.breaks, _NOTHING)
    return Fault(_VALUES[check.kind], check.column, check.breaks, pl.col(check.columns[0]).cast(pl.String))


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
