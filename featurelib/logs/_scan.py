"""Scans: the Parquet files that make the frame of a slice, and the rows found while looking at them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import polars as pl

from featurelib.logs._rules import FOUND

_NUMBER = "__number__"
_NOTHING = pl.DataFrame(schema=FOUND)


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
        The table's columns from the raw ones. The same list in files that may be read at once.
    keep
        Which rows of those that are good; ``None`` keeps all.
    rejected
        The others, counted from 0; ``None`` if all are good.
    numbering
        The text file that it is a typed copy of, with its rows' numbers under `LINE`; ``None`` for a Parquet log.
    """

    path: Path
    file: str
    rows: int
    columns: list[pl.Expr]
    keep: pl.Expr | None = None
    rejected: pl.Series | None = None
    numbering: Numbering | None = None


@dataclass(frozen=True, slots=True)
class FileRows:
    """What one log file holds: ``rows`` = rows of its scans + rejects + ``elsewhere``."""

    rows: int
    elsewhere: int = 0
    rejects: pl.DataFrame = field(default_factory=lambda: _NOTHING)
    scans: list[Scan] = field(default_factory=list)


def scan(*paths: Path, number: str | None = None, first: int = 0) -> pl.LazyFrame:
    """Scan Parquet files with the same columns, one after another, their rows numbered through if asked for.

    Nothing is read into their paths: no globs, no partitions.
    """
    return pl.scan_parquet(
        list(paths), glob=False, hive_partitioning=False, row_index_name=number, row_index_offset=first
    )


def frame_of(scans: Sequence[Scan], schema: pl.Schema, *, number: str | None = None) -> pl.LazyFrame:
    """Return the rows of all scans, in order, with their numbers in front if asked for; these rise, with gaps.

    The scans number the rows, not a step after them: then a filter on the numbers reaches into the files, and only
    the rows that pass are decoded.
    """
    numbers = {number: pl.get_index_type()} if number else {}
    plans, first = [], 0
    for together in _at_once(scans):
        plan = _good_rows(together, first, number or _NUMBER).select(*numbers, *schema.names())
        plans.append(plan)
        first += sum(one.rows for one in together)
    return pl.concat(plans) if plans else pl.LazyFrame(schema={**numbers, **schema})


def _at_once(scans: Sequence[Scan]) -> Iterator[list[Scan]]:
    """Yield runs of scans whose rows become the table's in the same way: one plan for each file costs more."""
    run: list[Scan] = []
    for one in scans:
        if run and not (one.columns is run[0].columns and one.keep is None and run[0].keep is None):
            yield run
            run = []
        run.append(one)
    if run:
        yield run


def _good_rows(scans: Sequence[Scan], first: int, number: str) -> pl.LazyFrame:
    edges = accumulate((one.rows for one in scans[:-1]), initial=first)
    rejected = [one.rejected + edge for one, edge in zip(scans, edges, strict=True) if one.rejected is not None]
    plan = scan(*(one.path for one in scans), number=number, first=first).select(number, *scans[0].columns)
    # NOTE: by their numbers, or whoever looks at one column would decode all those that have rules
    if rejected:
        numbers = pl.concat(rejected).cast(pl.get_index_type())
        plan = plan.filter(pl.col(number).is_in(numbers.implode()).not_())
    return plan if scans[0].keep is None else plan.filter(scans[0].keep)
