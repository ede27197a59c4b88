"""Scans: the Parquet files that make the frame of a slice, and the rows found while looking at them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from featurelib.logs._rules import FOUND


class Numbering(Protocol):
    """What a text file knows of its rows once it is read."""

    def lines(self, rows: pl.Series) -> pl.Series:
        """Return the physical lines of rows given as `LINE` numbers them, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One Parquet file of the frame.

    Parameters
    ----------
    path
        The file.
    file
        The log file that it is, or that its rows come from: the name below the log root.
    rows
        How many it has.
    columns
        The table's columns from the raw ones, and others that ``keep`` reads.
    keep
        Which rows; ``None`` keeps all.
    numbering
        The text file that it is a typed copy of, with its rows' numbers under `LINE`; ``None`` for a Parquet log.
    """

    path: Path
    file: str
    rows: int
    columns: list[pl.Expr]
    keep: pl.Expr | None = None
    numbering: Numbering | None = None


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
        plans.append(plan if one.keep is None else plan.filter(one.keep).select(*numbers, *schema.names()))
        first += one.rows
    return pl.concat(plans) if plans else pl.LazyFrame(schema={**numbers, **schema})
