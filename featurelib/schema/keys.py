"""Keys: rows that share a key, found by hash and sort so that memory stays at eight bytes a row."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.schema.examples import first_rows
from featurelib.schema.metrics import Row

_ROWS = "rows with this key"  # with spaces, so that no column of a key is called so
_GOOD = "good rows with this key"
_ASIDE = "set aside"


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows that share a key.

    Parameters
    ----------
    keyed
        Rows whose key is not null in every column; the others have no key, and share none.
    rows
        Rows whose key occurs more than once; a key that is null in some columns equals another such key.
    surplus
        Rows beyond the first of their key.
    set_aside
        Rows beyond the first of their key among the rows that no other rule sets aside.
    examples
        The first five such keys, with their rows.
    """

    keyed: int = 0
    rows: int = 0
    surplus: int = 0
    set_aside: int = 0
    examples: tuple[Row, ...] = ()


def has_key(key: Sequence[str]) -> pl.Expr:
    """Return whether some column of the key is not null."""
    return pl.any_horizontal(pl.col(name).is_not_null() for name in key)


def repeats(frame: pl.LazyFrame, key: Sequence[str], *, aside: pl.Expr) -> Repeats:
    """Count the rows that share a key.

    Parameters
    ----------
    frame
        The rows; only the key is read, and for repeated keys what ``aside`` reads.
    key
        Columns of the key.
    aside
        Whether another rule sets the row aside.

    Notes
    -----
    Equal keys have equal hashes, so sorted hashes without equal neighbours prove uniqueness. A hit may be a
    collision (for 5 million keys about 1 in a million runs has one), so hits are counted again by key.
    """
    rows = frame.filter(has_key(key))
    hashed = pl.struct(key).hash(seed=0)
    hashes = rows.select(hashed.alias("hash")).collect(engine="streaming")["hash"].to_numpy(writable=True)
    hashes.sort()
    hits = hashes[1:][hashes[1:] == hashes[:-1]]
    if not hits.size:
        return Repeats(keyed=hashes.size)
    candidates = pl.Series(hits).unique().implode()
    shared = (
        rows.filter(hashed.is_in(candidates))
        .select(*key, aside.alias(_ASIDE))
        .group_by(key)
        .agg(pl.len().alias(_ROWS), (~pl.col(_ASIDE)).sum().alias(_GOOD))
        .filter(pl.col(_ROWS) > 1)
        .collect(engine="streaming")
    )
    return Repeats(
        keyed=hashes.size,
        rows=int(shared[_ROWS].sum()),
        surplus=int(shared[_ROWS].sum()) - shared.height,
        set_aside=int((shared[_GOOD].cast(pl.Int64) - 1).clip(0).sum()),
        examples=first_rows(shared.lazy(), key, beside=[_ROWS]),
    )
