"""Thinning: labelled rows go through the steps that were declared, and each step's rows are counted."""

import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from featurelib.samples import Impressions, RowCounts
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import DROPPED, LIVE, PartitionFacts


@dataclass(frozen=True, slots=True)
class Thinned:
    """What the steps made of a partition's labelled rows.

    Attributes
    ----------
    rows
        The samples, in order.
    counts
        Labelled rows in; rows made; rows dropped, by reason; rows that should be written. Where a step lost rows, the
        sum is off.
    """

    rows: pl.LazyFrame
    counts: RowCounts


def thin(labelled: pl.LazyFrame, samples: Impressions, facts: PartitionFacts, *, rows: int, scratch: Path) -> Thinned:
    """Take labelled rows through the declared sessions, rules, makers and shape.

    Parameters
    ----------
    labelled
        With their number in `ROW`.
    samples
        Declares the steps.
    facts
        Of the partition.
    rows
        How many rows there are.
    scratch
        Where marks and made rows are kept until the samples are written.
    """
    kept, dropped = _marked(labelled, samples, scratch)
    if not samples.make and samples.shape is None:
        return Thinned(kept.drop(ROW), RowCounts(rows, rows - sum(dropped.values()), dropped))
    numbers, made = _numbers(kept), 0
    for maker in samples.make:
        kept = _kept_in(scratch, maker.make(kept, labelled, facts))
        before, numbers = numbers, _numbers(kept)
        # NOTE: those made are what is there beside the rows that came in, not a difference: a maker that loses rows
        # leaves a sum that is off
        made += len(numbers) - _still_there(before, numbers)
    if samples.shape is None:
        return Thinned(kept.drop(ROW), RowCounts(rows, len(numbers), dropped, made))
    marked = samples.shape.mark(_kept_in(scratch, kept.with_columns(pl.lit(None, dtype=pl.String).alias(DROPPED))))
    folded = _reasons(marked)
    counts = RowCounts(rows, len(numbers) - sum(folded.values()), {**dropped, **folded}, made)
    return Thinned(samples.shape.form(marked), counts)


def _numbers(rows: pl.LazyFrame) -> pl.Series:
    return rows.select(ROW).collect(engine="in-memory").to_series()


def _still_there(before: pl.Series, after: pl.Series) -> int:
    """Return how many of the rows that a maker was given it returned: all, if they come first and in order."""
    if after.head(len(before)).equals(before):
        return len(before)
    # NOTE: a row that was made may have the number of a row that was lost
    return min(len(before.filter(before.is_in(after.implode()))), len(before) - 1)


def _marked(labelled: pl.LazyFrame, samples: Impressions, scratch: Path) -> tuple[pl.LazyFrame, dict[str, int]]:
    """Return the rows that no rule drops, with the columns that rules add, and how many are dropped by reason."""
    rules = [*([] if samples.sessions is None else [samples.sessions]), *samples.keep]
    if not rules:
        return labelled, {}
    before, rows = samples.labelled_schema, labelled.with_columns(pl.lit(None, dtype=pl.String).alias(DROPPED))
    schema = before
    for rule in rules:
        rows, schema = rule.mark(rows), rule.schema(schema)
    added = [name for name in schema if name not in before]
    # NOTE: the marks alone go through a file, so that the other columns are read once, when the samples are written
    marks = _kept_in(scratch, rows.select(ROW, DROPPED, *added))
    stay = marks.filter(LIVE).drop(DROPPED)
    return labelled.join(stay, on=ROW, how="inner", maintain_order="left"), _reasons(marks)


def _reasons(marked: pl.LazyFrame) -> dict[str, int]:
    counted = marked.filter(~LIVE).group_by(DROPPED).len().collect()
    return dict(sorted(Counter(dict(counted.iter_rows())).items()))


def _kept_in(scratch: Path, rows: pl.LazyFrame) -> pl.LazyFrame:
    """Write rows to a file and return them from there, in the same order."""
    path = scratch / f"rows-{uuid.uuid4().hex}.parquet"
    rows.sink_parquet(path, compression="lz4", maintain_order=True)
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)
