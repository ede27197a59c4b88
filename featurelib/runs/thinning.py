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
        Labelled rows in; rows made; rows dropped, by reason; rows that should be written.
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
    live = rows - sum(dropped.values())
    if not samples.make and samples.shape is None:
        return Thinned(kept.drop(ROW), RowCounts(rows, live, dropped))
    for maker in samples.make:
        kept = maker.make(kept, labelled, facts)
    kept = _kept_in(scratch, kept.with_columns(pl.lit(None, dtype=pl.String).alias(DROPPED)))
    made = kept.select(pl.len()).collect().item() - live
    if samples.shape is None:
        return Thinned(kept.drop(ROW, DROPPED), RowCounts(rows, live + made, dropped, made))
    marked = samples.shape.mark(kept)
    folded = _reasons(marked)
    counts = RowCounts(rows, live + made - sum(folded.values()), {**dropped, **folded}, made)
    return Thinned(samples.shape.form(marked), counts)


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
