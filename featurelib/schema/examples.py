"""Examples: a few rows that show how a rule was broken, the same ones however the rows are ordered or split."""

from collections.abc import Iterable, Sequence

import polars as pl

from featurelib.schema.checks import Check
from featurelib.schema.metrics import MAX_EXAMPLES, MAX_VALUES, Row, Value


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
    frame: pl.LazyFrame, key: Sequence[str], broken: Sequence[Check]
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
    """
    rows, values = [], []
    for check in broken:
        bad = frame.filter(check.breaks)
        rows.append(_first(bad, dict.fromkeys((*key, *check.columns)), MAX_EXAMPLES))
        if check.kind == "allowed":
            values.append(_first(_value_counts(bad, check.columns[0]), ("value", "rows"), MAX_VALUES))
    # One call, so that checks share the scan; only what an example shows is read.
    frames = pl.collect_all([*rows, *values], engine="streaming")
    counted = [check.id for check in broken if check.kind == "allowed"]
    return (
        {check.id: _rows(found) for check, found in zip(broken, frames, strict=False)},
        {check: tuple(found.rows()) for check, found in zip(counted, frames[len(rows) :], strict=True)},
    )


def _value_counts(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return frame.group_by(pl.col(name).alias("value")).agg(pl.len().alias("rows"))


def _first(frame: pl.LazyFrame, names: Iterable[str], n: int) -> pl.LazyFrame:
    schema = frame.collect_schema()
    flat = [name for name in names if not schema[name].is_nested()]
    # Categories sort by their codes, which two parts may not share: text sorts the same everywhere.
    coded = [name for name in flat if isinstance(schema[name], pl.Enum | pl.Categorical)]
    shown = frame.select(flat).cast(dict.fromkeys(coded, pl.String()))
    return shown.sort(flat).head(n) if flat else shown


def _rows(frame: pl.DataFrame) -> tuple[Row, ...]:
    return tuple(frame.to_dicts())
