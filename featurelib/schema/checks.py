"""Checks: the list of rules that a `Table` declares, each as text, as polars and as a GX expectation."""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from statistics import median
from typing import Any, Literal

import polars as pl

from featurelib.errors import ColumnMissingError, UsageError
from featurelib.schema.column import Column, OnFail
from featurelib.schema.limits import Volume
from featurelib.schema.row_rules import quoted
from featurelib.schema.table import Reference, RowCheck, Table

Kind = Literal[
    "not_null",
    "nan",
    "between",
    "allowed",
    "max_null",
    "absent",
    "unique",
    "row",
    "key",
    "reference",
    "rows",
    "volume",
    "freshness",
    "columns",
]

_OF_THE_DAY: tuple[Kind, ...] = ("volume", "freshness")  # their limits differ from one partition to the next
_FEW_TEXTS = 8  # comparing them one by one takes half of what polars takes to look them up
_STRICTEST_FIRST: tuple[OnFail, ...] = ("fail", "quarantine", "warn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule of a table.

    Parameters
    ----------
    id
        Stable name within the table: ``<column>.<kind>``, the id of a row check, ``key``, ``rows``, ``volume``,
        ``freshness`` or ``columns``.
    kind
        What sort of rule it is.
    columns
        The columns that it reads, in order; none for ``rows``.
    rule
        The rule with its limit, for people: ``price_usd in [0, inf)``.
    on_fail, declared_at
        As in `Column`.
    expectation, kwargs
        The Great Expectations type that judges it, and its arguments, plain JSON values if it is ``portable``.
    breaks
        Boolean expression, never null: the row counts against the rule. Never true for ``key``, ``unique``,
        ``reference`` and the rules about the table as a whole, which no row breaks alone.
    portable
        Whether another tool can run the expectation by its JSON alone.
    """

    id: str
    kind: Kind
    columns: tuple[str, ...]
    rule: str
    on_fail: OnFail
    declared_at: str
    expectation: str
    kwargs: Mapping[str, Any]
    breaks: pl.Expr = field(default_factory=lambda: pl.lit(value=False), repr=False, compare=False)
    portable: bool = True

    @property
    def column(self) -> str | None:
        """The one column that the rule is about; ``None`` for a rule about several or none."""
        return self.columns[0] if len(self.columns) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a partition is held against that its declaration cannot know.

    Parameters
    ----------
    until
        The end of the partition, or now if that is earlier: ``freshness`` counts back from it. ``None``: the rule is
        not planned.
    rows
        Rows of other partitions, each one number, the newest last; ``volume`` holds the rows against the median of as
        many as it says. Empty: the rule is not planned.
    """

    until: datetime | None = None
    rows: tuple[int, ...] = ()


NOTHING = Expected()


def plan_checks(table: type[Table], *, absent: Collection[str] = (), expected: Expected = NOTHING) -> tuple[Check, ...]:
    """List the checks of a table, in order of declaration.

    Parameters
    ----------
    table
        The declaration.
    absent
        Declared columns that are left out on purpose. Their own checks and the row checks that read them are
        replaced by one that holds them to be null throughout.
    expected
        What freshness and volume are held against.

    Raises
    ------
    ColumnMissingError
        If ``absent`` names a column that the table does not declare.
    UsageError
        If ``absent`` names a key column.

    Examples
    --------
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> for check in plan_checks(Samples):
    ...     print(f"{check.id}: {check.rule}")
    columns: exactly the 1 declared columns
    rows: at least 1 rows
    price.not_null: price is not null
    price.nan: price is not NaN
    price.between: price in [0, inf)
    """
    _check_absent(table, absent)
    return tuple(_plan(table, absent, expected))


def digest(checks: Collection[Check]) -> str:
    """Return a text that changes when a rule does that rows are counted for; metrics of two plans must not be mixed."""
    counted = [check for check in checks if check.kind not in _OF_THE_DAY]
    text = repr([(check.id, check.on_fail, check.rule, check.expectation, dict(check.kwargs)) for check in counted])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def sets_aside(checks: Collection[Check]) -> pl.Expr:
    """Return the boolean expression, never null: the row breaks a rule that says ``quarantine``."""
    breaks = [check.breaks for check in checks if check.on_fail == "quarantine"]
    return pl.any_horizontal(breaks) if breaks else pl.lit(value=False)


def _check_absent(table: type[Table], absent: Collection[str]) -> None:
    for name in absent:
        if name not in table.columns:
            who = f"absent={tuple(absent)!r}"
            raise ColumnMissingError(who, name, where=f"table {table.__name__}", columns=table.columns)
        if name in table.key:
            problem = f"table {table.__name__}: key column {name!r} cannot be absent."
            raise UsageError(problem)


def _plan(table: type[Table], absent: Collection[str], expected: Expected) -> Iterator[Check]:
    present = [name for name in table.columns if name not in absent]
    yield Check(
        id="columns",
        kind="columns",
        columns=tuple(present),
        rule=f"exactly the {len(present)} declared columns",
        on_fail="fail",
        declared_at=table.declared_at,
        expectation="expect_table_columns_to_match_set",
        kwargs={"column_set": present, "exact_match": True},
    )
    yield Check(
        id="rows",
        kind="rows",
        columns=(),
        rule=f"at least {table.min_rows} rows",
        on_fail="fail",
        declared_at=table.declared_at,
        expectation="expect_table_row_count_to_be_between",
        kwargs={"min_value": table.min_rows},
    )
    if table.volume is not None and expected.rows:
        yield _volume_check(table, table.volume, median(expected.rows[-table.volume.partitions :]))
    if table.freshness is not None and table.event_time not in {None, *absent} and expected.until is not None:
        yield _freshness_check(table, str(table.event_time), table.freshness, expected.until)
    if table.key:
        yield _key_check(table)
    for name, column in table.columns.items():
        yield from [_absent_check(name, column)] if name in absent else _column_checks(name, column)
    for check in table.checks:
        reads = tuple(dict.fromkeys(check.expr().meta.root_names()))
        if not set(reads) & set(absent):
            yield _row_check(check, reads)
    for reference in table.references:
        if not set(reference.columns) & set(absent):
            yield _reference_check(reference)


def _key_check(table: type[Table]) -> Check:
    said = {table.columns[name].on_fail for name in table.key}
    alone = len(table.key) == 1
    return Check(
        id="key",
        kind="key",
        columns=table.key,
        rule=f"({', '.join(table.key)}) unique",
        on_fail=next(word for word in _STRICTEST_FIRST if word in said),
        declared_at=table.declared_at,
        expectation="expect_column_values_to_be_unique" if alone else "expect_compound_columns_to_be_unique",
        kwargs={"column": table.key[0]} if alone else {"column_list": list(table.key)},
    )


def _volume_check(table: type[Table], volume: Volume, usual: float) -> Check:
    low, high = usual * (1 - volume.alarm), usual * (1 + volume.alarm)
    return Check(
        id="volume",
        kind="volume",
        columns=(),
        rule=f"rows within {volume.alarm:.0%} of the {usual:,.10g} that are usual",
        on_fail=volume.on_alarm,
        declared_at=table.declared_at,
        expectation="expect_table_row_count_to_be_between",
        kwargs={"min_value": max(0, math.ceil(low)), "max_value": math.floor(high)},
    )


def _freshness_check(table: type[Table], time: str, freshness: timedelta, until: datetime) -> Check:
    since = until - freshness
    return Check(
        id="freshness",
        kind="freshness",
        columns=(time,),
        rule=f"newest {time} from {since:%Y-%m-%d %H:%M:%S%z} on, {freshness} before {until:%Y-%m-%d %H:%M:%S%z}",
        on_fail=table.columns[time].on_fail if table.columns[time].on_fail != "quarantine" else "fail",
        declared_at=table.declared_at,
        expectation="expect_column_max_to_be_between",
        kwargs={"column": time, "min_value": since.isoformat()},
    )


def _reference_check(reference: Reference) -> Check:
    names = ", ".join(reference.columns)
    allowed = f", but for {reference.max_missing:.10g} of the rows" if reference.max_missing else ""
    check = partial(
        Check,
        id=reference.id,
        kind="reference",
        columns=reference.columns,
        rule=f"({names}) is in {reference.table}{allowed}",
        on_fail=reference.on_fail,
        declared_at=reference.declared_at,
    )
    if reference.max_missing:  # GX has no share for rows that a query finds, and no set in the place of a table
        return check(
            expectation="expect_column_values_to_be_in_set",
            kwargs={"column": names, "value_set": [], "mostly": round(1 - reference.max_missing, 12)},
            portable=False,
        )
    # The other table's columns get names of their own: a bare name means the batch, which GX may give any alias.
    named = [(f"at_{number}", name, at) for number, (name, at) in enumerate(reference.pairs, start=1)]
    other = ", ".join(f"{quoted(at)} AS {alias}" for alias, _, at in named)
    same = " AND ".join(f"there.{alias} = {quoted(name)}" for alias, name, _ in named)
    known = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in reference.columns)
    there = f"(SELECT {other} FROM {quoted(reference.table)}) AS there"  # noqa: S608  as in _rows_where
    query = _rows_where(f"{known} AND NOT EXISTS (SELECT 1 FROM {there} WHERE {same})")  # noqa: S608  likewise
    return check(expectation="unexpected_rows_expectation", kwargs={"unexpected_rows_query": query})


def _column_checks(name: str, column: Column) -> Iterator[Check]:
    value = pl.col(name)
    if not column.nullable:
        yield _check(
            name,
            column,
            "not_null",
            f"{name} is not null",
            "expect_column_values_to_not_be_null",
            breaks=value.is_null(),
        )
    if column.dtype.is_float() and column.nan == "error":
        yield _check(
            name,
            column,
            "nan",
            f"{name} is not NaN",
            "unexpected_rows_expectation",
            breaks=value.is_nan(),
            unexpected_rows_query=_rows_where(f"{quoted(name)} = 'NaN'"),
        )
    yield from _value_checks(name, column)
    if column.unique:
        yield _check(
            name,
            column,
            "unique",
            f"{name} is unique",
            "expect_column_values_to_be_unique",
            breaks=pl.lit(value=False),
        )
    if column.max_null is not None:
        yield _check(
            name,
            column,
            "max_null",
            f"at most {column.max_null:.10g} of {name} null",
            "expect_column_values_to_not_be_null",
            breaks=value.is_null(),
            mostly=round(1 - column.max_null, 12),
        )


def _value_checks(name: str, column: Column) -> Iterator[Check]:
    value = pl.col(name)
    if column.between is not None:
        low, high = column.between
        yield _check(
            name,
            column,
            "between",
            f"{name} in {_interval(low, high)}",
            "expect_column_values_to_be_between",
            breaks=_outside(value, column),
            min_value=low,
            max_value=high,
        )
    if column.allowed is not None:
        text = ", ".join(map(str, column.allowed))
        yield _check(
            name,
            column,
            "allowed",
            f"{name} in {{{text}}}",
            "expect_column_values_to_be_in_set",
            breaks=_number(value, column) & ~_among(value, column.allowed, column.dtype),
            value_set=list(column.allowed),
            portable=is_json(column.allowed),
        )


def is_json(value: Any) -> bool:
    """Return whether JSON has a word for a value: not for dates, bytes and decimals, nor for NaN and infinities."""
    if isinstance(value, Mapping):
        return all(map(is_json, value.values()))
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    return value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))


def _check(
    name: str,
    column: Column,
    kind: Kind,
    rule: str,
    gx: str,
    *,
    breaks: pl.Expr,
    portable: bool = True,
    **kwargs: Any,
) -> Check:
    # a share has no rows to set aside, and of rows that share a value none is worse than the others
    share = kind in {"max_null", "unique"} and column.on_fail == "quarantine"
    return Check(
        id=f"{name}.{kind}",
        kind=kind,
        columns=(name,),
        rule=rule,
        on_fail="fail" if share else column.on_fail,
        declared_at=column.declared_at,
        expectation=gx,
        kwargs=kwargs if "unexpected_rows_query" in kwargs else {"column": name, **kwargs},
        breaks=breaks.fill_null(value=False),
        portable=portable,
    )


def _absent_check(name: str, column: Column) -> Check:
    return Check(
        id=f"{name}.absent",
        kind="absent",
        columns=(name,),
        rule=f"{name} is null throughout (left out on purpose)",
        on_fail="fail",
        declared_at=column.declared_at,
        expectation="expect_column_values_to_be_null",
        kwargs={"column": name},
        breaks=pl.col(name).is_not_null(),
    )


def _row_check(check: RowCheck, reads: tuple[str, ...]) -> Check:
    return Check(
        id=check.id,
        kind="row",
        columns=reads,
        rule=check.rule,
        on_fail=check.on_fail,
        declared_at=check.declared_at,
        expectation="unexpected_rows_expectation",
        kwargs={"unexpected_rows_query": _rows_where(f"NOT ({check.rule})")},
        portable=check.sql is not None,
        breaks=(~check.expr()).fill_null(value=False),
    )


def _outside(value: pl.Expr, column: Column) -> pl.Expr:
    low, high = column.between or (None, None)
    dtype = column.dtype if column.dtype.is_float() else None  # an integer column may have a bound such as 0.5
    below = value < pl.lit(low, dtype=dtype) if low is not None else pl.lit(value=False)
    above = value > pl.lit(high, dtype=dtype) if high is not None else pl.lit(value=False)
    return _number(value, column) & (below | above)


def _among(value: pl.Expr, allowed: Sequence[Any], dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.String() and len(allowed) <= _FEW_TEXTS:
        return pl.any_horizontal(value == text for text in allowed)
    return value.is_in(pl.Series(allowed, dtype=dtype).implode())


def _number(value: pl.Expr, column: Column) -> pl.Expr:
    """Leave NaN to its own rule: in polars it is greater than any bound."""
    return value.is_not_nan() if column.dtype.is_float() else pl.lit(value=True)


def _interval(low: float | None, high: float | None) -> str:
    left = "(-inf" if low is None else f"[{low:.10g}"
    right = "inf)" if high is None else f"{high:.10g}]"
    return f"{left}, {right}"


def _rows_where(condition: str) -> str:
    """Return the query of GX for rows that break a rule; GX fills in the batch, so other braces are doubled."""
    doubled = condition.replace("{", "{{").replace("}", "}}")
    return f"SELECT * FROM {{batch}} WHERE {doubled}"  # noqa: S608  a declaration in code, run by nobody but its author
