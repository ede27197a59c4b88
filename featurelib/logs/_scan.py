"""Scans: the Parquet files that make the frame of a slice, and the rows found while looking at them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from featurelib.logs._rules import FOUND


@dataclass(frozen=True, slots=True)
class Scan:
    """One Parquet file of the frame.

    Parameters
    ----------
    path
        The file.
    rows
        How many it has.
    columns
        The table's columns from the raw ones.
    keep
        Which rows; ``None`` keeps all.
    """

    path: Path
    rows: int
    columns: list[pl.Expr]
    keep: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class FileRows:
    """What one log file holds: ``rows`` = rows of its scans + rejects + ``elsewhere``."""

    rows: int
    elsewhere: int = 0
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FOUND))
    scans: list[Scan] = field(default_factory=list)


def scan(path: Path, *, number: str | None = None, first: int = 0) -> pl.LazyFrame:
    """Scan a Parquet file, its rows numbered if asked for; nothing is read into its path: no globs, no partitions."""
    return pl.scan_parquet(path, glob=False, hive_partitioning=False, row_index_name=number, row_index_offset=first)


def frame_of(scans: Sequence[Scan], schema: pl.Schema, *, number: str | None = None) -> pl.LazyFrame:
    """Return the rows of all scans, in order, with their numbers in front if asked for; these rise, with gaps.

    The scans number the rows, not a step after them: then a filter on the numbers reaches into the files, and only
    the rows that pass are decoded.
    """
    numbers = {number: pl.get_index_type()} if number else {}
    plans, first = [], 0
    for one in scans:
        plan = scan(one.path, number=number, first=first).select(*numbers, *one.columns)
        plans.append(plan if one.keep is None else plan.filter(one.keep))
        first += one.rows
    return pl.concat(plans) if plans else pl.LazyFrame(schema={**numbers, **schema})
