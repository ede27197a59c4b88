"""Examples: a few rows that show how a rule was broken, the same ones however the rows are ordered or split."""

import math
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from featurelib.schema.checks import Check
from featurelib.schema.metrics import MAX_EXAMPLES, MAX_VALUES, Row, Value

_SOME_ROWS = 2**15  # whose keys tell how far the first nulls reach
_EXPECTED = 4 * MAX_EXAMPLES  # nulls until there: if they lie evenly, one column in 60,000 has fewer than are shown
_ROWS_OF_NULLS = 2**12  # that are kept at most, however far that is


def first_rows(frame: pl.LazyFrame, names: Iterable[str], *, beside: Sequence[str] = ()) -> tuple[Row, ...]:
    """Return the first five rows in order of the columns shown.

    Parameters
    ----------
    frame
        Rows that break a rule.
    names
        Columns to show and to sort by. Lists, arrays and structs are left out: they do not fit on a line.
    beside
        More columns to show, after those.
    """
    return _rows(_first(frame, [*names, *beside], MAX_EXAMPLES).collect(engine="streaming"))


def examples_of(
    frame: pl.LazyFrame, key: Sequence[str], broken: Sequence[Check], shares: Mapping[str, float]
) -> tuple[dict[str, tuple[Row, ...]], dict[str, tuple[tuple[Value, int], ...]]]:
    """Return for each broken check its first rows, and for those of kind ``allowed`` its first values with rows.

    Parameters
    ----------
    frame
        All rows.
    key
        Columns that lead each example.
    broken
        Checks that some row breaks.
    shares
        The share of the rows that break each, by id.
    """
    of_nulls = [check for check in broken if check.kind in {"not_null", "max_null"}]
    nulls = _first_nulls(frame, key, of_nulls, shares)
    others = [check for check in broken if check.id not in nulls]
    rows, values = [], []
    for check in others:
        bad = frame.filter(check.breaks)
        rows.append(_first(bad, dict.fromkeys((*key, *check.columns)), MAX_EXAMPLES))
        if check.kind == "allowed":
            values.append(_first(_value_counts(bad, check.columns[0]), ("value", "rows"), MAX_VALUES))
    # One call, so that checks share the scan; only what an example shows is read.
    frames = pl.collect_all([*rows, *values], engine="streaming")
    counted = [check.id for check in others if check.kind == "allowed"]
    return (
        nulls | {check.id: _rows(found) for check, found in zip(others, frames, strict=False)},
        {check: tuple(found.rows()) for check, found in zip(counted, frames[len(rows) :], strict=True)},
    )


def _first_nulls(
    frame: pl.LazyFrame, key: Sequence[str], checks: Sequence[Check], shares: Mapping[str, float]
) -> dict[str, tuple[Row, ...]]:
    """Return the first rows of checks that count nulls, by id: of those whose nulls are common enough.

    Many columns may hold nulls, each within its share: to look for the first of each alone reads the rows as often. The
    keys of a few rows tell how far the first nulls of all of them should reach, and one look at the rows until there
    shows them.
    """
    schema = frame.collect_schema()
    shown = _shown(key, schema)
    if not shown or len(checks) < 2:
        return {}
    columns = {check.id: check.columns[0] for check in checks}
    names = [each.meta.output_name() for each in shown]
    flags = {name: f"{''.join(names)} {place}" for place, name in enumerate(dict.fromkeys(columns.values()))}
    is_null = {name: pl.col(name).is_null().alias(flag) for name, flag in flags.items()}

    leads = frame.head(_SOME_ROWS).select(shown[0]).collect(engine="streaming").to_series().sort()
    reaches = [math.ceil(_EXPECTED / shares[check]) for check in columns]
    if not (common := [reach for reach in reaches if reach <= len(leads)]):
        return {}
    last = pl.lit(leads[max(common) - 1], dtype=leads.dtype)
    nulls = frame.filter(shown[0].is_null() | (shown[0] <= last)).filter(pl.any_horizontal(is_null.values()))
    first = nulls.select(*shown, *is_null.values()).sort(names).head(_ROWS_OF_NULLS)
    early = first.collect(engine="streaming")
    found: dict[str, tuple[Row, ...]] = {}
    for check, name in columns.items():
        rows = early.select(names).filter(early[flags[name]])[:MAX_EXAMPLES]
        if rows.height == MAX_EXAMPLES:  # of fewer, there may be more beyond the last
            null = {} if schema[name].is_nested() else {name: None}
            found[check] = tuple(row | null for row in rows.to_dicts())
    return found


def _value_counts(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return frame.group_by(pl.col(name).alias("value")).agg(pl.len().alias("rows"))


def _first(frame: pl.LazyFrame, names: Iterable[str], n: int) -> pl.LazyFrame:
    shown = _shown(names, frame.collect_schema())
    return frame.select(shown).sort(pl.all()).head(n) if shown else frame.select()


def _shown(names: Iterable[str], schema: pl.Schema) -> list[pl.Expr]:
    """Return the columns as they are shown and sorted; lists, arrays and structs are left out."""
    flat = [name for name in names if not schema[name].is_nested()]
    # Categories sort by their codes, which two parts may not share: text sorts the same everywhere.
    coded = [name for name in flat if isinstance(schema[name], pl.Enum | pl.Categorical)]
    return [pl.col(name).cast(pl.String()) if name in coded else pl.col(name) for name in flat]


def _rows(frame: pl.DataFrame) -> tuple[Row, ...]:
    return tuple(frame.to_dicts())
