"""References: rows whose values are missing in another table, found by joins of hash partitions."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError
from featurelib.schema.examples import first_rows
from featurelib.schema.metrics import Row, first_of
from featurelib.schema.table import Reference

_BYTES = 64  # of memory for each row of the other table while they are joined


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows that refer to what is not there.

    Parameters
    ----------
    rows
        How many.
    examples
        The first five.
    """

    rows: int
    examples: tuple[Row, ...]


def refers(reference: Reference) -> pl.Expr:
    """Return whether a row refers to anything: one that is null in a column of the reference does not."""
    return pl.all_horizontal(pl.col(name).is_not_null() for name in reference.columns)


def check_reference(who: str, reference: Reference, schema: pl.Schema, other: pl.Schema) -> None:
    """Check that the other table has the columns, of the same types.

    Raises
    ------
    ColumnMissingError, ColumnTypeError
        If not.
    """
    where = f"table {reference.table}"
    for name, at in reference.pairs:
        if at not in other:
            raise ColumnMissingError(f"{who}, reference {reference.id},", at, where=where, columns=other)
        if other[at] != schema[name]:
            hint = "Cast it where the rows are handed over."
            needed = f"{schema[name]}, as {name!r} is"
            raise ColumnTypeError(who, at, where=where, got=other[at], want=needed, hint=hint)


def missing(
    frame: pl.LazyFrame, other: pl.LazyFrame, reference: Reference, *, shown: tuple[str, ...], memory: int
) -> Missing:
    """Count the rows whose values are not in the other table.

    Parameters
    ----------
    frame, other
        Rows of the table, and of the one referred to. Read once for each partition, and only the columns of the
        reference.
    reference
        Which columns.
    shown
        Columns that lead an example.
    memory
        Bytes that the values of the other table may take: those of more rows are looked at in hash partitions.
    """
    columns, at = list(reference.columns), [at for _, at in reference.pairs]
    parts = 1 + other.select(pl.len()).collect(engine="streaming").item() * _BYTES // memory
    rows, examples = 0, list[Row]()
    for part in range(parts):
        here = frame.filter(refers(reference)).filter(_is_part(columns, part, parts))
        there = other.select(at).filter(_is_part(at, part, parts)).unique()
        lost = here.join(there, left_on=columns, right_on=at, how="anti")
        count: int = lost.select(pl.len()).collect(engine="streaming").item()
        if count:
            rows += count
            examples += first_rows(lost, dict.fromkeys((*shown, *columns)))
    return Missing(rows, first_of(examples))


def _is_part(columns: Sequence[str], part: int, parts: int) -> pl.Expr:
    alike = pl.struct(pl.col(name).alias(str(place)) for place, name in enumerate(columns))
    return alike.hash(seed=1) % parts == part if parts > 1 else pl.lit(value=True)
