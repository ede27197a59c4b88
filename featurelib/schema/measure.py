"""Measure: count, in one streaming pass, everything that a table's checks are judged by."""

import math
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import polars as pl

from featurelib.errors import UsageError
from featurelib.schema.cells import Cells
from featurelib.schema.checks import Check, digest, plan_checks, sets_aside
from featurelib.schema.edges import Edges
from featurelib.schema.examples import examples_of
from featurelib.schema.keys import Key, has_key, repeats
from featurelib.schema.metrics import Metrics, Seen
from featurelib.schema.profile import Profile
from featurelib.schema.references import check_reference, missing, refers
from featurelib.schema.structure import check_structure
from featurelib.schema.table import Reference, Table

MEMORY = 64 * 2**20
"""Bytes that the hashes of keys may take, by default: those of eight million rows."""

_COUNTED_ANYWAY = {"not_null": "nulls", "max_null": "nulls", "nan": "nans"}
_BY_ROW = {"allowed", "absent", "row"}
_NO_OTHERS: Mapping[str, pl.LazyFrame] = MappingProxyType({})


def measure(
    frame: pl.LazyFrame,
    table: type[Table],
    *,
    absent: Collection[str] = (),
    others: Mapping[str, pl.LazyFrame] = _NO_OTHERS,
    edges: Edges | None = None,
    memory: int = MEMORY,
) -> Metrics:
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
    others
        Rows of the tables that this one refers to, by name of the table: all rows that may be referred to.
    edges
        How columns are cut, if a profile is wanted.
    memory
        Bytes that the hashes of keys and the values of other tables may take together.

    Returns
    -------
    Metrics
        A small, picklable object; metrics of parts merge. A frame without rows gives counts of 0.

    Raises
    ------
    ColumnMissingError, ColumnTypeError, ColumnUnknownError
        If the frame's columns are not those declared; found before anything is read.
    UsageError
        If ``absent`` names a key column, or a table that is referred to is not among ``others``.

    Notes
    -----
    One streaming pass counts rows, broken rules, nulls, NaN, extremes and the cells of the profile, with memory that
    does not grow with the rows. The key, and each column that says ``unique``, takes a narrow pass of its own, which
    keeps a hash of eight bytes a row; where these are more than ``memory``, it takes as many passes as there are parts
    of the range of hashes. Repeated keys are read again to be confirmed, and broken rules for examples. Uniqueness
    holds within the frame; see `Metrics`.

    What a reference finds missing is counted by joins of hash partitions, small enough for ``memory``, which read the
    columns of the reference alone.

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
    references = _references(table, checks, schema, others)
    keys = {check.id: _key(check, table) for check in checks if check.kind in {"key", "unique"}}
    cells = None if edges is None else Cells(edges, table, schema)
    counts = _count(frame, checks, keys, references, cells)
    bad = {check.id: counts.get(_count_of(check), 0) for check in checks}
    broken = [check for check in checks if bad[check.id]]
    shares = {check.id: bad[check.id] / counts["rows"] for check in broken}
    examples, values = examples_of(frame, table.key, broken, shares)
    key_aside = surplus = 0
    for check in checks:
        if check.id in keys:
            rows, aside = counts[f"keyed {check.id}"], sets_aside(checks)
            found = repeats(frame, keys[check.id], rows=rows, aside=aside, memory=memory)
            bad[check.id] = found.rows
            if found.rows:
                examples[check.id] = found.examples
            if check.kind == "key":
                surplus, key_aside = found.surplus, found.set_aside if check.on_fail == "quarantine" else 0
        if check.id in references:
            reference, other = references[check.id]
            lost = missing(frame, other, reference, shown=table.key, memory=memory)
            bad[check.id] = lost.rows
            if lost.rows:
                examples[check.id] = lost.examples
    return Metrics(
        table=table.__name__,
        plan=digest(checks),
        columns=columns,
        rows=counts["rows"],
        set_aside=counts["aside"] + key_aside,
        keyed=counts.get("keyed key", 0),
        surplus=surplus,
        bad=bad,
        unreferring={check: counts[f"unreferring {check}"] for check in references},
        seen={name: _seen(counts, name) for name in columns},
        examples=examples,
        values=values,
        profile=None if cells is None else cells.finish(counts),
    )


def profile_rows(frame: pl.LazyFrame, table: type[Table], edges: Edges) -> Profile:
    """Return the profile of some rows alone, without holding them against their table.

    Parameters
    ----------
    frame
        The rows; columns of ``edges`` that it lacks count as null throughout.
    table
        What declares the columns.
    edges
        How they are cut.

    Raises
    ------
    ColumnMissingError
        If ``edges`` names a column that the table does not declare.
    """
    cells = Cells(edges, table, frame.collect_schema())
    return cells.finish(_count(frame, (), {}, {}, cells))


def _count_of(check: Check) -> str:
    """Return the name of the sum that counts the rows which break a rule."""
    fact = _COUNTED_ANYWAY.get(check.kind)
    return f"{fact} {check.columns[0]}" if fact else f"bad {check.id}"


def _key(check: Check, table: type[Table]) -> Key:
    if check.kind == "key":
        return Key(check.columns, has_key(check.columns))
    (name,) = check.columns
    value = pl.col(name)
    is_float = table.columns[name].dtype.is_float()
    return Key(check.columns, value.is_not_null() & value.is_not_nan() if is_float else value.is_not_null())


def _references(
    table: type[Table], checks: Sequence[Check], schema: pl.Schema, others: Mapping[str, pl.LazyFrame]
) -> dict[str, tuple[Reference, pl.LazyFrame]]:
    """Return the references that are checked, each with the rows of the other table."""
    planned = {check.id for check in checks if check.kind == "reference"}
    found = {}
    for reference in table.references:
        if reference.id not in planned:
            continue
        if reference.table not in others:
            there = ", ".join(map(repr, others)) or "none"
            raise UsageError(
                f"table {table.__name__} refers to table {reference.table}, whose rows were not handed over: got "
                f"others of {there}. Call measure(..., others={{{reference.table!r}: its rows}}), or "
                f"featurelib validate with --other {reference.table}=FILE."
            )
        other = others[reference.table]
        check_reference(f"table {table.__name__}", reference, schema, other.collect_schema())
        found[reference.id] = reference, other
    return found


def _count(
    frame: pl.LazyFrame,
    checks: Sequence[Check],
    keys: Mapping[str, Key],
    references: Mapping[str, tuple[Reference, pl.LazyFrame]],
    cells: Cells | None,
) -> dict[str, Any]:
    """Return all sums, of one pass; and of one more over the ranges that some value is beyond, if there is one."""
    schema = frame.collect_schema()
    readable = [check for check in checks if set(check.columns) <= set(schema)]  # an absent column may be gone
    ranges = [check for check in readable if check.kind == "between"]
    others = [check for check in checks if check.kind != "between"]
    wanted = [pl.len().alias("rows"), sets_aside(others).sum().alias("aside")]
    wanted += [check.breaks.sum().alias(f"bad {check.id}") for check in readable if check.kind in _BY_ROW]
    wanted += [key.counts.sum().alias(f"keyed {name}") for name, key in keys.items()]
    wanted += [(~refers(each)).sum().alias(f"unreferring {name}") for name, (each, _) in references.items()]
    for name, dtype in schema.items():
        wanted.append(pl.col(name).null_count().alias(f"nulls {name}"))
        value = pl.col(name)
        if cells is not None and name in cells.numbers:
            continue
        if dtype.is_float():
            wanted.append(value.is_nan().sum().alias(f"nans {name}"))
        if dtype.is_numeric() or dtype.is_temporal():
            wanted += [value.min().alias(f"low {name}"), value.max().alias(f"high {name}")]
    watched = frame
    if cells is not None:
        watched = cells.watched(frame)
        wanted += cells.expressions()
    found = watched.select(wanted).collect(engine="streaming").row(0, named=True)
    # NOTE: extremes pass over NaN, unless a column holds nothing else.
    counts = {name: None if isinstance(n, float) and math.isnan(n) else n for name, n in found.items()}
    counts |= {} if cells is None else cells.seen()
    if beyond := _beyond(ranges, counts, schema):
        again = [check.breaks.sum().alias(f"bad {check.id}") for check in beyond]
        aside = sets_aside([*others, *beyond]).sum().alias("aside")
        counts |= frame.select(aside, *again).collect(engine="streaming").row(0, named=True)
    return counts


def _beyond(ranges: Sequence[Check], counts: Mapping[str, Any], schema: pl.Schema) -> list[Check]:
    """Return the ranges that some value is beyond: its smallest or its largest is."""
    names = dict.fromkeys(check.columns[0] for check in ranges)
    extremes = pl.DataFrame(
        {name: [counts[f"low {name}"], counts[f"high {name}"]] for name in names},
        schema={name: schema[name] for name in names},
    )
    is_beyond = extremes.select(check.breaks.any().alias(check.id) for check in ranges)
    return [check for check in ranges if is_beyond[check.id].item()]


def _seen(counts: dict[str, Any], name: str) -> Seen:
    return Seen(
        nulls=counts[f"nulls {name}"],
        nans=counts.get(f"nans {name}", 0),
        low=counts.get(f"low {name}"),
        high=counts.get(f"high {name}"),
    )
