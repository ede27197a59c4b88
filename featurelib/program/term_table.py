"""TermTable: where texts stand among known terms."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.errors import DeclarationError
from featurelib.program.hashing import hash_expr

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_FEW = 2**16
_BUCKETS_A_TERM = 2  # or up to four


class TermTable:
    """Find, for each of many texts, its place among distinct terms.

    Few terms are an ``Enum``, to which texts are cast. To tell polars of an ``Enum`` with 500,000 terms takes 0.1 s,
    once for each expression, and to find a text there 50 to 100 ns. So many terms are kept by their XXH64, in buckets
    by its first bits, which takes 0.05 s and 50 ns; a text that is found by its hash is compared. Among 100,000 terms
    both find texts as fast.

    Parameters
    ----------
    terms
        Texts, each once, none of them null.

    Raises
    ------
    DeclarationError
        By `expr` and `places`, if a text stands among the terms twice.
    """

    __slots__ = ("__dict__", "terms")

    def __init__(self, terms: pl.Series) -> None:
        self.terms = terms

    def expr(self, text: pl.Expr) -> pl.Expr:
        """Return the place of each text as ``UInt32``, from 0 on; null where it is none of the terms, or null."""
        if len(self.terms) <= _FEW:
            return text.cast(self._enum, strict=False).to_physical().cast(pl.UInt32)
        return text.map_batches(self._by_hash.places, return_dtype=pl.UInt32(), is_elementwise=True)

    def places(self, texts: pl.Series) -> pl.Series:
        """Return the places of some texts; see `expr`."""
        return texts.to_frame().select(self.expr(pl.first())).to_series()

    @cached_property
    def _enum(self) -> pl.Enum:
        try:
            return pl.Enum(self.terms)
        except ValueError as error:
            raise _twice(self.terms.filter(self.terms.is_duplicated())[0]) from error

    @cached_property
    def _by_hash(self) -> "_ByHash":
        return _ByHash(self.terms)


class _ByHash:
    """Terms in the order of their hashes; those of a bucket have the first bits of it in common."""

    __slots__ = ("_order", "_shift", "_sorted", "_starts", "_terms")

    def __init__(self, terms: pl.Series) -> None:
        import numpy as np

        hashes = _hashes(terms)
        order = np.argsort(hashes)
        bits = (_BUCKETS_A_TERM * len(terms)).bit_length()
        self._terms, self._order, self._sorted = terms, order.astype(np.uint32), hashes[order]
        self._shift = np.uint64(64 - bits)
        like = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        one, other = (terms.gather(self._order[like + beside]) for beside in (0, 1))
        if (one == other).any():
            raise _twice(one.filter(one == other)[0])
        held = np.bincount(self._bucket(hashes), minlength=1 << bits)
        self._starts = np.zeros(len(held) + 1, dtype=np.uint32)
        np.cumsum(held, out=self._starts[1:])

    def _bucket(self, hashes: "Array") -> "Array":
        import numpy as np

        buckets: Array = (hashes >> self._shift).view(np.int64)
        return buckets

    def places(self, texts: pl.Series) -> pl.Series:
        """Return the place of each text, null where it is none of the terms."""
        import numpy as np

        hashes = _hashes(texts)
        bucket = self._bucket(hashes)
        at, end = self._starts.take(bucket), self._starts.take(bucket + 1)
        like = (self._sorted.take(at, mode="clip") == hashes) & (at < end)
        left = np.flatnonzero(~like & (at + 1 < end))
        while len(left):
            at[left] += 1
            like[left] = self._sorted.take(at[left]) == hashes[left]
            left = left[~like[left] & (at[left] + 1 < end[left])]
        places = pl.Series(texts.name, self._order.take(at, mode="clip"))
        same = (self._terms.gather(places) == texts).fill_null(value=False).to_numpy(writable=True)
        for row in np.flatnonzero(like & ~same).tolist():  # its text has the hash of a term that it is not
            for place in self._order[at[row] + 1 : end[row]].tolist():
                if self._terms[place] == texts[row]:
                    places[row], same[row] = place, True
        return pl.select(pl.when(pl.Series(like & same)).then(places).alias(texts.name)).to_series()


def _twice(text: str) -> DeclarationError:
    return DeclarationError(f"known terms stand once each, so that each has one number; {text!r} stands there twice.")


def _hashes(texts: pl.Series) -> "Array":
    """Return the hash of each text; any number for null."""
    return texts.to_frame().select(hash_expr(pl.first()).fill_null(0)).to_series().to_numpy()
