"""HashBucket: a stable bucket for any text."""

from dataclasses import dataclass

import polars as pl
import xxhash

from featurelib.program.hashing import SEED, hash_expr
from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class HashBucket(Primitive):
    """Return ``1 + XXH64(text) mod buckets``, 1 to ``buckets``, as ``UInt32``; null becomes 0, the missing slot.

    Two texts may share a bucket. The empty text has a bucket like any other.

    Rows and micro-batches take `hash_text` apart: a call for each text would be a third of their time.
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
        buckets, digest, seed = self.buckets, xxhash.xxh64_intdigest, SEED

        def hash_bucket(value: str | None) -> int:
            return 0 if value is None else 1 + digest(value.encode(), seed) % buckets

        return hash_bucket

    def array(self, *inputs: Cells) -> Cells:
        buckets, digest, seed = self.buckets, xxhash.xxh64_intdigest, SEED
        texts = inputs[0].to_list()
        return Cells.of([0 if text is None else 1 + digest(text.encode(), seed) % buckets for text in texts])
