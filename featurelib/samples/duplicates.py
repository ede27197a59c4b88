"""Duplicates: the same event, sent more than once."""

from dataclasses import dataclass

import polars as pl

from featurelib.logs import Log
from featurelib.program.hashing import hash_expr

ROW = "@row"
"""The number of a row in its slice of the log, in file order: what ties are decided by."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """A slice of a log without its duplicates.

    Attributes
    ----------
    frame
        The rows that stay, in order, with their number in `ROW`.
    duplicates
        The rows set aside, in order, with all columns and `ROW`. Lazy: a few rows of a frame in memory would keep
        the texts of all others alive.
    dropped
        How many these are.
    """

    frame: pl.LazyFrame
    duplicates: pl.LazyFrame
    dropped: int


def distinct(numbered: pl.LazyFrame, log: Log) -> Distinct:
    """Keep the first row of each event id, given the rows of a log with their numbers in `ROW`.

    First is the earliest event time, then the earliest landing time (where the log has one), then the order of the
    files and of the rows in them. Rows whose id is null are not duplicates of each other. A log without an event id
    is left as it is.

    Only the hashes of the ids are in memory for all rows: 8 bytes each.
    """
    if log.event_id is None:
        return Distinct(numbered, numbered.clear(), 0)
    suspects = numbered.filter(
        pl.col(log.event_id).is_not_null() & _among(log.event_id, _repeated(numbered, log.event_id))
    )
    clocks = [clock for clock in (log.table.event_time, log.table.landing_time) if clock is not None]
    ranked = suspects.select(ROW, log.event_id, *clocks).collect().sort(log.event_id, *clocks, ROW)
    again = ranked.filter(pl.col(log.event_id).is_duplicated() & ~pl.col(log.event_id).is_first_distinct())[ROW]
    if again.is_empty():
        return Distinct(numbered, numbered.clear(), 0)
    is_again = pl.col(ROW).is_in(again.implode())
    return Distinct(numbered.filter(~is_again), numbered.filter(is_again), len(again))


def _repeated(frame: pl.LazyFrame, event_id: str) -> pl.Series:
    """Return the hashes that occur more than once: candidates, not yet proof."""
    import numpy as np

    hashes = frame.select(hash_expr(pl.col(event_id).cast(pl.String))).drop_nulls().collect().to_series().to_numpy()
    ordered = np.sort(hashes)
    return pl.Series(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]), dtype=pl.UInt64)


def _among(event_id: str, hashes: pl.Series) -> pl.Expr:
    return hash_expr(pl.col(event_id).cast(pl.String)).is_in(hashes.implode())
