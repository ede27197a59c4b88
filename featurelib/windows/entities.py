"""Entities: who rows are of, as numbers in the order in which tiles lie."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.fitting.enumerated import numbered
from featurelib.program.hashing import hash_expr, joined_expr
from featurelib.windows.grain import Hashes, Ints
from featurelib.windows.track import ranked

BUCKETS = 64
"""Buckets of entities; a task reads the tiles of some of them, of all days in reach, together.

An entity's bucket is the highest bits of its text's hash: the same on every machine.
"""

_SHIFT = 64 - (BUCKETS.bit_length() - 1)


@dataclass(frozen=True, slots=True, eq=False)
class Entities:
    """Who some rows are of.

    Attributes
    ----------
    names
        The text of each entity once, by its hash and then by itself.
    buckets
        The bucket of each of `names`.
    codes
        For each row its entity's position in `names`; -1 of a row that is of nobody.
    """

    names: pl.Series
    buckets: pl.Series
    codes: Ints

    @classmethod
    def of(cls, columns: Sequence[pl.Series]) -> "Entities":
        """Return who the rows of some columns are of, whose values make the entity; nobody where one is null."""
        import numpy as np

        texts, codes = _numbered(columns[0])
        parts = [texts]
        for column in columns[1:]:
            texts, further = _numbered(column)
            known = (codes >= 0) & (further >= 0)
            pairs, ranks = ranked(codes[known] * len(texts) + further[known])
            left, right = np.divmod(pairs, max(1, len(texts)))
            parts = [*(part.gather(left) for part in parts), texts.gather(right)]
            codes = np.full(len(codes), -1)
            codes[known] = ranks
        made = pl.DataFrame([part.alias(str(number)) for number, part in enumerate(parts)])
        names, order, hashes = by_hash(made.select(entity_of(made.columns)).to_series())
        rank = np.full(len(names) + 1, -1)
        rank[order] = np.arange(len(names))
        return cls(names, pl.Series((hashes >> _SHIFT).astype(np.int32)), rank[codes])


class Numbering:
    """Numbers who rows are of; the same rows, when they come again, have their numbers already."""

    def __init__(self) -> None:
        self._done: dict[tuple[str, ...], tuple[pl.DataFrame, Entities]] = {}

    def of(self, rows: pl.DataFrame) -> Entities:
        """Return who some rows are of, given the columns that make the entity."""
        held, entities = self._done.get(tuple(rows.columns), (None, None))
        if entities is None or held is None or not held.equals(rows):
            entities = Entities.of(rows.get_columns())
            self._done[tuple(rows.columns)] = rows, entities
        return entities


def _numbered(column: pl.Series) -> tuple[pl.Series, Ints]:
    """Return the different values of a column, as texts, and which of them each row has; -1 where it is null."""
    codes, texts = numbered(column.cast(pl.String))
    return texts, codes.cast(pl.Int64).fill_null(-1).to_numpy()


def by_hash(entities: pl.Series) -> tuple[pl.Series, Ints, Hashes]:
    """Return entities, of which each is there once, in the order in which tiles lie, where each was, and its hash."""
    import numpy as np

    hashes = pl.select(hash_expr(pl.lit(entities))).to_series().to_numpy()
    order = np.argsort(hashes)
    if (hashes[order[1:]] == hashes[order[:-1]]).any():
        order = np.lexsort((entities.rank().to_numpy(), hashes))
    return entities.gather(order), order, hashes[order]


def entity_of(by: Sequence[str]) -> pl.Expr:
    """Return the text of an entity, of several columns `joined`; null where one of its columns is."""
    texts = [pl.col(name).cast(pl.String) for name in by]
    return texts[0] if len(texts) == 1 else joined_expr(texts)
