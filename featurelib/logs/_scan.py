"""Scans: the Parquet files that make the frame of a slice, and the rows found while looking at them."""

from collections.abc import Hashable, Sequence
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
    kind
        Neighbours of one kind are scanned together: the same raw types give the same columns.
    columns
        The table's columns from the raw ones.
    keep
        Which rows; ``None`` keeps all.
    """

    path: Path
    kind: Hashable
    columns: list[pl.Expr]
    keep: pl.Expr | None = None


@dataclass(frozen=True, slots=True)
class FileRows:
    """What one log file holds: ``rows`` = rows of its scans + rejects + ``elsewhere``."""

    rows: int
    elsewhere: int = 0
    rejects: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FOUND))
    scans: list[Scan] = field(default_factory=list)


def scan(paths: Sequence[Path], *, line: str | None = None) -> pl.LazyFrame:
    """Scan Parquet files; nothing is read into a path: no globs, no partition columns."""
    return pl.scan_parquet(
        list(paths), glob=False, hive_partitioning=False, row_index_name=line, row_index_offset=1 if line else 0
    )


def frame_of(scans: Sequence[Scan], schema: pl.Schema) -> pl.LazyFrame:
    """Return the rows of all scans, in order."""
    plans = []
    for group in _groups(scans):
        plan = scan([member.path for member in group]).select(group[0].columns)
        plans.append(plan if group[0].keep is None else plan.filter(group[0].keep))
    return pl.concat(plans) if plans else pl.LazyFrame(schema=schema)


def _groups(scans: Sequence[Scan]) -> list[list[Scan]]:
    """Return the scans with those neighbours together that one plan can read."""
    groups: list[list[Scan]] = []
    for one in scans:
        last = groups[-1][-1] if groups else None
        if last is not None and last.keep is None and one.keep is None and last.kind == one.kind:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups
