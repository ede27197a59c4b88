"""Enumerated: texts as numbers or as hashes, so that each distinct one is looked at once."""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from featurelib.program.hashing import hash_expr
from featurelib.program.numbered import categorical, categories, own_categories
from featurelib.term_rows import Coded


def enumerated(texts: pl.Series) -> pl.Series:
    """Return texts as a ``Categorical`` of categories of its own, in no stated order; null stays null.

    A ``Categorical`` is returned as it is: its categories may then be more than the texts that occur.

    Examples
    --------
    >>> import polars as pl
    >>> codes = enumerated(pl.Series(["b", None, "a", "b"]))
    >>> terms_of(codes).to_list(), codes.to_physical().to_list()
    (['b', 'a'], [0, None, 1, 0])
    """
    return texts if isinstance(texts.dtype, pl.Categorical) else categorical(texts.cast(pl.String))


def enumerated_pieces(pieces: Iterable[Coded]) -> pl.Series:
    """Return `enumerated` of the texts of some pieces, one after the other; each text of a piece is looked up once."""
    kind = own_categories()
    return pl.concat([pl.Series(dtype=kind), *(_spread(piece.terms.cast(kind), piece) for piece in pieces)])


def terms_of(codes: pl.Series) -> pl.Series:
    """Return the texts that `enumerated` numbered, by their numbers, up to the last that occurs."""
    return categories(codes).cast(pl.String)


@dataclass(frozen=True, slots=True)
class HashedTexts:
    """The texts of a column, of each row the XXH64, null for null."""

    hashes: pl.Series

    @classmethod
    def of(cls, texts: "pl.Series | HashedTexts") -> "HashedTexts":
        """Return a column of texts, of which each distinct one is hashed once; if it is one already, as it is."""
        if isinstance(texts, HashedTexts):
            return texts
        codes = enumerated(texts)
        return cls(_hashes(terms_of(codes)).gather(codes.to_physical()))

    @classmethod
    def of_pieces(cls, pieces: Iterable[Coded]) -> "HashedTexts":
        """Return the texts of some pieces, one after the other."""
        every = (_spread(_hashes(piece.terms), piece) for piece in pieces)
        return cls(pl.concat([pl.Series(dtype=pl.UInt64), *every]))


def _hashes(texts: pl.Series) -> pl.Series:
    return pl.select(text=texts).select(hash_expr(pl.col("text"))).to_series()


def _spread(values: pl.Series, piece: Coded) -> pl.Series:
    """Return, for each row, the value that stands beside its text."""
    return values[pl.Series(piece.places, dtype=pl.UInt32)]  # NOTE: half of what `gather` takes, as no expression runs
