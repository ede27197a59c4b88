"""Frames: take polars, pandas or pyarrow in, and give the same kind out."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, UsageError

Plan = Callable[[pl.LazyFrame, Sequence[str]], pl.LazyFrame]


def like(frame: Any, plan: Plan, *, reads: Sequence[str], keep: Sequence[str]) -> Any:
    """Apply a lazy plan to a frame of any supported kind; row order holds, but for what a lazy frame's engine does.

    Parameters
    ----------
    frame
        polars ``LazyFrame`` or ``DataFrame``, pandas ``DataFrame``, or pyarrow ``Table``.
    plan
        From lazy frame and kept columns to lazy frame, row by row.
    reads
        The columns that the plan reads; others are not converted.
    keep
        Columns to carry along in front, just as they are.

    Raises
    ------
    UsageError
        If the frame is of another kind.
    ColumnTypeError
        If a pandas column holds values of several types.
    """
    if isinstance(frame, pl.LazyFrame):
        return plan(frame, keep)
    if isinstance(frame, pl.DataFrame):
        return _collect(plan, frame, keep)
    library = type(frame).__module__.partition(".")[0]
    if library == "pandas":
        _check(reads, keep, list(frame.columns))
        result = _collect(plan, from_pandas(frame, reads)).to_pandas()
        result.index = frame.index
        for position, column in enumerate(keep):  # not through polars: nullable integers would come back as floats
            result.insert(position, column, frame[column])
        return result
    if library == "pyarrow":
        _check(reads, keep, frame.column_names)
        result = _collect(plan, pl.DataFrame(frame.select(list(reads)))).to_arrow()
        for position, column in enumerate(keep):
            result = result.add_column(position, frame.schema.field(column), frame.column(column))
        return result
    raise UsageError(f"transform takes a polars, pandas or pyarrow frame, got {type(frame).__name__}.")


def from_pandas(frame: Any, columns: Sequence[str]) -> pl.DataFrame:
    """Return some columns of a pandas frame as a polars frame.

    Raises
    ------
    ColumnTypeError
        If the values of a column are not of one type.
    """
    try:
        converted: pl.DataFrame = pl.from_pandas(frame[list(columns)])
    except (TypeError, ValueError) as error:  # those of pyarrow are among these
        for column in columns:
            try:
                pl.from_pandas(frame[[column]])
            except (TypeError, ValueError) as why:
                hint = f"Give it one: frame[{column!r}].astype('string'), or pandas.to_numeric."
                got = f"{frame[column].dtype} ({why})"
                raise ColumnTypeError(
                    "polars", column, where="the pandas frame", got=got, want="of one type", hint=hint
                ) from error
        raise
    return converted


def _collect(plan: Plan, frame: pl.DataFrame, keep: Sequence[str] = ()) -> pl.DataFrame:
    # NOTE: the in-memory engine keeps row order; the streaming engine need not
    return plan(frame.lazy(), keep).collect(engine="in-memory")


def _check(reads: Sequence[str], keep: Sequence[str], columns: list[str]) -> None:
    for who, wanted in (("the program", reads), ("`keep`", keep)):
        for column in wanted:
            if column not in columns:
                raise ColumnMissingError(who, column, where="the frame", columns=columns)
