"""Measure: count, in one streaming pass, everything that a table's checks are judged by."""

from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from featurelib.schema.checks import Check, digest, plan_checks, sets_aside
from featurelib.schema.examples import examples_of
from featurelib.schema.keys import Repeats, repeats
from featurelib.schema.metrics import Metrics, Seen
from featurelib.schema.structure import check_structure
from featurelib.schema.table import Table


def measure(frame: pl.LazyFrame, table: type[Table], *, absent: Collection[str] = ()) -> Metrics:
    """Count what the checks of a table need.

    Parameters
    ----------
    frame
        The rows; row order does not matter.
    table
        The declaration.
    absent
        Declared columns that this version of the table leaves out on purpose: not in the frame, or null
        throughout. Their checks are not planned, except one that holds them to be null.

    Returns
    -------
    Metrics
        A small, picklable object; metrics of parts merge. A frame without rows gives counts of 0.

    Raises
    ------
    ColumnMissingError, ColumnTypeError, ColumnUnknownError
        If the frame's columns are not those declared; found before anything is read.
    UsageError
        If ``absent`` names a key column.

    Notes
    -----
    One streaming pass counts rows, broken rules, nulls, NaN and extremes, with memory that does not grow with
    the rows. The key takes a narrow pass of its own (eight bytes a row), and only broken rules are read again,
    for examples. Uniqueness of the key holds within the frame; see `Metrics`.

    Examples
    --------
    >>> from featurelib.schema.column import Column
    >>> class Samples(Table):
    ...     key = ("id",)
    ...     id = Column(dtype=pl.Int64(), doc="Unique per impression.")
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> metrics = measure(pl.LazyFrame({"id": [1, 2, 2], "price": [0.5, -1.0, 3.0]}), Samples)
    >>> metrics.rows, metrics.bad["price.between"], metrics.bad["key"]
    (3, 1, 2)
    >>> metrics.examples["price.between"]
    ({'id': 2, 'price': -1.0},)
    """
    checks = plan_checks(table, absent=absent)
    schema = frame.collect_schema()
    columns = check_structure(schema, table, absent=absent)
    counts = _count(frame, checks, schema)
    keys = repeats(frame, table.key, aside=sets_aside(checks)) if table.key else Repeats()
    bad = {check.id: counts.get(f"bad {check.id}", 0) for check in checks} | ({"key": keys.rows} if table.key else {})
    broken = [check for check in checks if check.breaks is not None and bad[check.id]]
    examples, values = examples_of(frame, table.key, broken)
    if keys.rows:
        bad["key"], examples["key"] = keys.rows, keys.examples
    key_aside = keys.set_aside if any(c.kind == "key" and c.on_fail == "quarantine" for c in checks) else 0
    return Metrics(
        table=table.__name__,
        plan=digest(checks),
        columns=columns,
        rows=counts["rows"],
        set_aside=counts["aside"] + key_aside,
        keyed=keys.keyed,
        surplus=keys.surplus,
        bad=bad,
        seen={name: _seen(counts, name) for name in columns},
        examples=examples,
        values=values,
    )


def _count(frame: pl.LazyFrame, checks: Sequence[Check], schema: pl.Schema) -> dict[str, Any]:
    wanted = [pl.len().alias("rows"), sets_aside(checks).sum().alias("aside")]
    readable = [check for check in checks if set(check.columns) <= set(schema)]  # an absent column may be gone
    wanted += [check.breaks.sum().alias(f"bad {check.id}") for check in readable]
    for name, dtype in schema.items():
        wanted.append(pl.col(name).null_count().alias(f"nulls {name}"))
        value = pl.col(name)
        if dtype.is_float():
            wanted.append(value.is_nan().sum().alias(f"nans {name}"))
            value = value.fill_nan(None)
        if dtype.is_numeric() or dtype.is_temporal():
            wanted += [value.min().alias(f"low {name}"), value.max().alias(f"high {name}")]
    return frame.select(wanted).collect(engine="streaming").row(0, named=True)


def _seen(counts: dict[str, Any], name: str) -> Seen:
    return Seen(
        nulls=counts[f"nulls {name}"],
        nans=counts.get(f"nans {name}", 0),
        low=counts.get(f"low {name}"),
        high=counts.get(f"high {name}"),
    )
