"""Duplicates: the same event, sent more than once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from featurelib.durations import duration
from featurelib.logs import Log
from featurelib.program.hashing import hash_expr
from featurelib.samples.step import DROPPED

ROW = "@row"
"""The number of a row in its slice of the log, in file order: what ties are decided by."""

_AT, _LANDED, _HASH = "@at", "@landed", "@hash"
_NOBODY = pl.Series(dtype=pl.get_index_type())


@dataclass(frozen=True, slots=True)
class Distinct:
    """A slice of a log without its duplicates.

    Attributes
    ----------
    frame
        The rows that stay, in order, with their number in `ROW`.
    duplicates
        The rows set aside, in order, with all columns, `ROW`, and `DROPPED`: ``duplicate`` or ``repeat``. Lazy: a few
        rows of a frame in memory would keep the texts of all others alive.
    dropped
        How many these are, by reason.
    """

    frame: pl.LazyFrame
    duplicates: pl.LazyFrame
    dropped: dict[str, int]


def distinct(
    numbered: pl.LazyFrame, log: Log, *, same_day: pl.LazyFrame | None = None, just_before: pl.LazyFrame | None = None
) -> Distinct:
    """Keep the first row of each event, given the rows of a log with their numbers in `ROW`.

    By event id, where the log has one and the row's is not null: first is the earliest event time, then the earliest
    landing time (where the log has one), then the order of the files and of the rows in them. Reason ``duplicate``.

    By repetition, where the log declares ``repeats``, of the rows that have no event id: a row goes if the row before
    it (in the same order) with the same columns came less than the gap before. Reason ``repeat``. It is compared with
    the row just before it, whether or not that one stays, so that no more than one gap of context is ever needed.

    Parameters
    ----------
    numbered
        The rows.
    log
        Declares what a duplicate is; without an event id and ``repeats`` all rows stay.
    same_day, just_before
        Earlier rows of the log, which are only compared with: by event id, and by repetition.

    Notes
    -----
    Only the hashes of what identifies rows, and their numbers, are in memory for all rows: 12 bytes each.
    """
    again = {
        "duplicate": _with_seen_id(numbered, same_day, log),
        "repeat": _soon_after_its_like(numbered, just_before, log),
    }
    dropped = {reason: len(found) for reason, found in again.items() if len(found)}
    if not dropped:
        return Distinct(numbered, numbered.clear().with_columns(pl.lit(None, pl.String).alias(DROPPED)), {})
    is_repeat = pl.col(ROW).is_in(again["repeat"].implode())
    reason = pl.when(is_repeat).then(pl.lit("repeat")).otherwise(pl.lit("duplicate"))
    gone = pl.concat(list(again.values()))
    is_again = pl.col(ROW).is_in(gone.implode())
    aside = numbered.filter(is_again).with_columns(reason.alias(DROPPED))
    return Distinct(numbered.filter(~is_again), aside, dropped)


def _with_seen_id(numbered: pl.LazyFrame, earlier: pl.LazyFrame | None, log: Log) -> pl.Series:
    """Return the numbers of the rows whose event id an earlier row has."""
    if log.event_id is None:
        return _NOBODY
    identity = hash_expr(pl.col(log.event_id).cast(pl.String))
    clocks = _clocks(log)
    suspects = _alike(numbered, earlier, identity, [log.event_id, *clocks])
    ranked = suspects.sort(log.event_id, *clocks, ROW)
    again = pl.col(log.event_id).is_duplicated() & ~pl.col(log.event_id).is_first_distinct()
    return ranked.filter(again & pl.col(ROW).is_not_null())[ROW]


def _soon_after_its_like(numbered: pl.LazyFrame, earlier: pl.LazyFrame | None, log: Log) -> pl.Series:
    """Return the numbers of the rows without an event id that repeat the row before them."""
    if log.repeats is None:
        return _NOBODY
    columns, within = list(log.repeats.columns), duration(log, "repeats", log.repeats.within)
    if log.event_id is not None:
        nameless = pl.col(log.event_id).is_null()
        numbered, earlier = numbered.filter(nameless), None if earlier is None else earlier.filter(nameless)
    identity = hash_expr(pl.struct(columns).struct.json_encode())
    landed = pl.lit(None) if log.table.landing_time is None else pl.col(log.table.landing_time)
    clocks = (pl.col(log.time).alias(_AT), landed.alias(_LANDED))
    suspects = _alike(numbered, earlier, identity, [*columns, *clocks])
    return _close(suspects.sort(*columns, _AT, _LANDED, ROW), columns, within)


def _alike(
    numbered: pl.LazyFrame, earlier: pl.LazyFrame | None, identity: pl.Expr, columns: Sequence[str | pl.Expr]
) -> pl.DataFrame:
    """Return `ROW`, null in earlier rows, and some columns of the rows whose identity is no single one's.

    Hashes tell which these are, so that they are candidates, not yet proof.
    """
    hashes = numbered.select(ROW, identity.alias(_HASH)).drop_nulls(_HASH).collect()
    before = [] if earlier is None else [earlier.select(identity).drop_nulls().collect().to_series()]
    twice = _repeated(pl.concat([hashes[_HASH], *before]))
    own = hashes.filter(pl.col(_HASH).is_in(twice.implode()))[ROW]
    # NOTE: by their numbers, which reach into the files; the hashes would be taken again
    found = [numbered.filter(pl.col(ROW).is_in(own.implode())).select(ROW, *columns)] if len(own) else []
    if earlier is not None and len(own):
        unnumbered = pl.lit(None, dtype=pl.get_index_type()).alias(ROW)
        found.append(earlier.filter(identity.is_in(twice.implode())).select(unnumbered, *columns))
    return pl.concat(found or [numbered.select(ROW, *columns).clear()]).collect()


def _close(ranked: pl.DataFrame, columns: Sequence[str], within: timedelta) -> pl.Series:
    same = pl.all_horizontal([pl.col(column).eq_missing(pl.col(column).shift()) for column in columns])
    soon = (pl.col(_AT) - pl.col(_AT).shift()) < within
    return ranked.filter(same & soon & pl.col(ROW).is_not_null() & (pl.int_range(pl.len()) > 0))[ROW]


def _clocks(log: Log) -> list[str]:
    clocks = (log.table.event_time, log.table.landing_time)
    return [*dict.fromkeys(clock for clock in clocks if clock is not None)]


def _repeated(hashes: pl.Series) -> pl.Series:
    """Return those that occur more than once."""
    import numpy as np

    ordered = np.sort(hashes.to_numpy())
    return pl.Series(np.unique(ordered[1:][ordered[1:] == ordered[:-1]]), dtype=pl.UInt64)
