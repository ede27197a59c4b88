"""HashBucket: a stable bucket for any text."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.hashing import hash_expr, hash_text
from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class HashBucket(Primitive):
    """Return ``1 + XXH64(text) mod buckets``, 1 to ``buckets``, as ``UInt32``; null becomes 0, the missing slot.

    Two texts may share a bucket. The empty text has a bucket like any other.
    """

    buckets: int

    op = "hash_bucket"
    takes = "text"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt32()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        return ((hash_expr(inputs[0]) % self.buckets).cast(pl.UInt32) + 1).fill_null(0)

    def row(self) -> RowFunction:
        buckets, hash_of = self.buckets, hash_text

        def hash_bucket(value: str | None) -> int:
            return 0 if value is None else 1 + hash_of(value) % buckets

        return hash_bucket
