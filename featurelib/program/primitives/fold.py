"""Fold: which part of the fitted rows a row is in."""

from dataclasses import dataclass

import polars as pl

from featurelib.program.hashing import hash_expr, hash_text
from featurelib.program.primitive import Primitive, RowFunction


@dataclass(frozen=True)
class Fold(Primitive):
    """Return ``XXH64(key) mod folds`` where the time lies in ``[begin, end)``, elsewhere ``folds``.

    A null key has fold 0; a null time lies nowhere. The instants are in microseconds since 1970. The result is
    ``UInt32``, never null.
    """

    folds: int
    begin: int
    end: int

    op = "fold"
    takes = ("text", "time")

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt32()

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        key, time = inputs
        fold = (hash_expr(key) % self.folds).cast(pl.UInt32).fill_null(0)
        inside = (time >= self.begin) & (time < self.end)
        return pl.when(inside).then(fold).otherwise(pl.lit(self.folds, pl.UInt32))

    def row(self) -> RowFunction:
        folds, begin, end, hash_of = self.folds, self.begin, self.end, hash_text

        def fold(key: str | None, time: int | None) -> int:
            if time is None or not begin <= time < end:
                return folds
            return 0 if key is None else hash_of(key) % folds

        return fold
