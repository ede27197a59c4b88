"""Entities: who rows are of, as numbers in the order in which tiles lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from featurelib.program.hashing import hash_expr, joined_expr
from featurelib.program.numbered import numbered
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

    @property
    def named(self) -> pl.DataFrame:
        """Bucket and text of each entity, as tiles have them."""
        return pl.DataFrame({"bucket": self.buckets, "entity": self.names})

    @classmethod
    def of(cls, columns: Sequence[pl.Series]) -> "Entities":
        """Return who the rows of some columns are of, whose values make the entity; nobody where one is null."""
        import numpy as np

        texts, codes = _numbered(columns[0])
        parts, numbers = [texts], np.arange(len(texts) + 1)
        for column in columns[1:]:
            texts, further = _numbered(column)
            # NOTE: null is a number like others here, as it is cheaper to leave out pairs than to pick rows
            pairs, codes = ranked(numbers[codes] * (len(texts) + 1) + further)
            left, right = np.divmod(pairs, len(texts) + 1)
            known = (left < len(parts[0])) & (right < len(texts))
            parts = [*(part.gather(left[known]) for part in parts), texts.gather(right[known])]
            numbers = np.where(known, np.cumsum(known) - 1, len(parts[0]))
        made = pl.DataFrame([part.alias(str(number)) for number, part in enumerate(parts)])
        names, order, hashes = by_hash(made.select(entity_of(made.columns)).to_series())
        rank = np.full(len(names) + 1, -1)
        rank[order] = np.arange(len(names))
        return cls(names, pl.Series((hashes >> _SHIFT).astype(np.int32)), rank[numbers][codes])


class Numbering:
    """Numbers who rows are of; the same rows, when they come again, have their numbers already."""

    def __init__(self) -> None:
        self._done: list[tuple[pl.DataFrame, Entities]] = []

    def of(self, rows: pl.DataFrame) -> Entities:
        """Return who some rows are of, given the columns that make the entity."""
        for held, entities in self._done:
            if held.columns == rows.columns and held.equals(rows):
                return entities
        [entities] = self.of_all([rows])
        return entities

    def of_all(self, several: Sequence[pl.DataFrame]) -> list[Entities]:
        """Return who the rows of several frames are of, numbered at once, so that these share their names."""
        import numpy as np

        together = pl.concat([rows.select(pl.all().cast(pl.String)) for rows in several])
        whole = Entities.of(together.get_columns())
        ends = np.cumsum([len(rows) for rows in several])[:-1]
        found = [replace(whole, codes=codes) for codes in np.split(whole.codes, ends)]
        self._done += zip(several, found, strict=True)
        return found


def _numbered(column: pl.Series) -> tuple[pl.Series, Ints]:
    """Return the different values of a column, as texts, and which of them each row has; null is one after the last."""
    codes, texts = numbered(column.cast(pl.String))
    return texts, codes.cast(pl.Int64).fill_null(len(texts)).to_numpy()


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
