"""Keys: rows that share a key, found by hash and sort within a budget of memory, and confirmed by the key itself."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.schema.examples import first_rows
from featurelib.schema.metrics import Row, first_of

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_ROWS = "rows with this key"  # with spaces, so that no column of a key is called so
_GOOD = "good rows with this key"
_ASIDE = "set aside"
_BYTES = 8  # a hash
_LAST = 2**64 - 1
_CONFIRMED_AT_ONCE = 2**20  # hashes of repeated keys whose rows are grouped together
_FULL = 0.9  # of the memory, aimed at: ranges of hashes do not hold the same number of rows


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows that share a key.

    Parameters
    ----------
    rows
        Rows whose key occurs more than once; a key that is null in some columns equals another such key.
    surplus
        Rows beyond the first of their key.
    set_aside
        Rows beyond the first of their key among the rows that no other rule sets aside.
    examples
        The first five such keys, with their rows.
    """

    rows: int = 0
    surplus: int = 0
    set_aside: int = 0
    examples: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """Columns whose values together should occur once.

    Parameters
    ----------
    columns
        Their names.
    counts
        Whether a row takes part: one without a key shares none.
    """

    columns: tuple[str, ...]
    counts: pl.Expr

    @property
    def hashed(self) -> pl.Expr:
        """The hash of the key."""
        return pl.struct(self.columns).hash(seed=0)


def has_key(key: Sequence[str]) -> pl.Expr:
    """Return whether some column of the key is not null."""
    return pl.any_horizontal(pl.col(name).is_not_null() for name in key)


class Hashes:
    """The hashes of a range, as many as there is room for.

    What comes in beyond that first makes room by keeping each hash once, then by giving up the upper half of the range:
    another look at the rows has to take that. So memory holds for any number of rows and any spread of hashes.

    Parameters
    ----------
    memory
        Bytes that it may take.
    first, last
        The range, both included.
    """

    def __init__(self, memory: int, first: int = 0, last: int = _LAST) -> None:
        import numpy as np

        self.first, self.last = first, last
        self._room = max(2, memory // _BYTES)
        self._held = np.empty(self._room, dtype=np.uint64)  # NOTE: takes no memory until it is written
        self._filled = 0
        self._repeated = self._held[:0]
        self._lock = Lock()

    def add(self, hashes: "Array") -> None:
        """Take hashes of more rows; from several threads, if need be."""
        with self._lock:
            for start in range(0, len(hashes), self._room // 2):
                self._take(hashes[start : start + self._room // 2])

    def repeated(self) -> "Array":
        """Return, rising, the hashes of the range that came more than once."""
        self._keep_each_once()
        return self._repeated

    def _take(self, hashes: "Array") -> None:
        mine = self._within(hashes)
        while self._filled + len(mine) > self._room:
            self._make_room()
            mine = self._within(mine)
        self._held[self._filled : self._filled + len(mine)] = mine
        self._filled += len(mine)

    def _within(self, hashes: "Array") -> "Array":
        import numpy as np

        if (self.first, self.last) == (0, _LAST):
            return hashes
        return hashes[(hashes >= np.uint64(self.first)) & (hashes <= np.uint64(self.last))]

    def _make_room(self) -> None:
        import numpy as np

        self._keep_each_once()
        if self._filled > self._room // 2:
            self.last = self.first + (self.last - self.first) // 2
            self._filled = int(np.searchsorted(self._held[: self._filled], np.uint64(self.last), side="right"))
            self._repeated = self._within(self._repeated)

    def _keep_each_once(self) -> None:
        import numpy as np

        held = self._held[: self._filled]
        held.sort()
        again = held[1:] == held[:-1]
        if again.any():
            self._repeated = np.union1d(self._repeated, held[1:][again])
            once = held[np.concatenate(([True], ~again))]
            self._held[: len(once)] = once
            self._filled = len(once)


def repeats(frame: pl.LazyFrame, key: Key, *, rows: int, aside: pl.Expr, memory: int) -> Repeats:
    """Count the rows that share a key.

    Parameters
    ----------
    frame
        The rows; only the key is read, and for repeated keys what ``aside`` reads.
    key
        The key.
    rows
        Rows that take part.
    aside
        Whether another rule sets the row aside.
    memory
        Bytes that hashes may take; for more rows than an eighth of that the key is read several times.

    Notes
    -----
    Equal keys have equal hashes, so sorted hashes without equal neighbours prove uniqueness. A hit may be a
    collision (for 5 million keys about 1 in a million runs has one), so hits are counted again by key.
    """
    found = [
        _confirmed(frame, key, hits[start : start + _CONFIRMED_AT_ONCE], aside)
        for hits in _hits(frame, key, rows, memory)
        for start in range(0, len(hits), _CONFIRMED_AT_ONCE)
    ]
    return Repeats(
        rows=sum(each.rows for each in found),
        surplus=sum(each.surplus for each in found),
        set_aside=sum(each.set_aside for each in found),
        examples=first_of(row for each in found for row in each.examples),
    )


def _hits(frame: pl.LazyFrame, key: Key, rows: int, memory: int) -> Iterator["Array"]:
    """Yield the hashes that occur more than once, a part of the range at a time; each reads the key once."""
    hashed = frame.select(key.columns).filter(key.counts).select(key.hashed)
    parts = math.ceil(rows * _BYTES / (_FULL * memory))
    first = 0
    while first <= _LAST and rows:
        hashes = Hashes(memory, first, min(_LAST, first + 2**64 // parts))

        def take(batch: pl.DataFrame, into: Hashes = hashes) -> None:
            into.add(batch.to_series().to_numpy())

        hashed.sink_batches(take, maintain_order=False)
        yield hashes.repeated()
        first = hashes.last + 1


def _confirmed(frame: pl.LazyFrame, key: Key, hits: "Array", aside: pl.Expr) -> Repeats:
    shared = (
        frame.filter(key.counts)
        .filter(key.hashed.is_in(pl.Series(hits).implode()))
        .select(*key.columns, aside.alias(_ASIDE))
        .group_by(key.columns)
        .agg(pl.len().alias(_ROWS), (~pl.col(_ASIDE)).sum().alias(_GOOD))
        .filter(pl.col(_ROWS) > 1)
        .collect(engine="streaming")
    )
    return Repeats(
        rows=int(shared[_ROWS].sum()),
        surplus=int(shared[_ROWS].sum()) - shared.height,
        set_aside=int((shared[_GOOD].cast(pl.Int64) - 1).clip(0).sum()),
        examples=first_rows(shared.lazy(), key.columns, beside=[_ROWS]),
    )
