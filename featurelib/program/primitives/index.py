"""Index: the number of a known term."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from featurelib.program.hashing import hash_expr, hash_text
from featurelib.program.primitive import Cells, Primitive, RowFunction


@dataclass(frozen=True)
class Index(Primitive):
    """Return ``first`` + the position of a text among ``terms``.

    Null becomes ``missing`` (which may itself be null). A text that is not a term becomes ``unseen``; with ``buckets``,
    one of the slots ``unseen`` to ``unseen + buckets - 1``: ``unseen + XXH64(text) mod buckets``. ``retired`` are
    positions whose terms are not known any more: nothing gets their number. The empty text is a text like any other.
    The result is ``UInt32``.

    For columns it is one cast to an ``Enum``, whose table is built once; ``replace_strict`` would build its table at
    each call (49 ms for 100,000 terms). Steps with the same known terms share the cast.
    """

    terms: tuple[str, ...]
    first: int = 2
    missing: int | None = 0
    unseen: int = 1
    buckets: int = 1
    retired: tuple[int, ...] = ()

    op = "index"
    takes = "text"

    @property
    def dtype(self) -> pl.DataType:
        return pl.UInt32()

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each known term, ascending."""
        if not self.retired:
            return dict(zip(self.terms, range(self.first, self.first + len(self.terms)), strict=True))
        gone = set(self.retired)
        numbered = enumerate(self.terms)
        return {term: self.first + position for position, term in numbered if position not in gone}

    @cached_property
    def _enum(self) -> pl.Enum:
        return pl.Enum(tuple(self.numbers) if self.retired else self.terms)

    @cached_property
    def _numbers_in_order(self) -> pl.Series:
        return pl.Series(self.numbers.values(), dtype=pl.UInt32)

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        place = inputs[0].cast(self._enum, strict=False).to_physical().cast(pl.UInt32)
        if self.retired:
            known = place.map_batches(self._numbers_at, return_dtype=pl.UInt32, is_elementwise=True)
        else:
            known = place + self.first
        unseen = pl.lit(self.unseen, dtype=pl.UInt32)
        if self.buckets > 1:
            unseen += (hash_expr(inputs[0]) % self.buckets).cast(pl.UInt32)
        missing = pl.lit(self.missing, dtype=pl.UInt32)
        return pl.when(inputs[0].is_null()).then(missing).otherwise(known.fill_null(unseen)).cast(pl.UInt32)

    def _numbers_at(self, places: pl.Series) -> pl.Series:
        return self._numbers_in_order.gather(places).alias(places.name)

    def row(self) -> RowFunction:
        number_of, missing, unseen, buckets = self.numbers.get, self.missing, self.unseen, self.buckets

        def index(value: str | None) -> int | None:
            return missing if value is None else number_of(value, unseen)

        def index_with_buckets(value: str | None) -> int | None:
            if value is None:
                return missing
            number = number_of(value)
            return unseen + hash_text(value) % buckets if number is None else number

        return index if buckets == 1 else index_with_buckets

    def array(self, *inputs: Cells) -> Cells:
        if self.buckets > 1:
            return super().array(*inputs)
        number_of, missing, unseen = self.numbers.get, self.missing, self.unseen
        return Cells.of([missing if text is None else number_of(text, unseen) for text in inputs[0].to_list()])

    def tables(self) -> dict[str, pl.Series]:
        terms = {"terms": pl.Series("terms", self.terms, dtype=pl.String)}
        return terms | {"retired": pl.Series("retired", self.retired, dtype=pl.UInt32)} if self.retired else terms
