"""Index: the number of a known term."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import polars as pl

from featurelib.program.hashing import hash_expr, hash_text
from featurelib.program.numbered import numbered
from featurelib.program.primitive import Cells, Primitive, RowFunction
from featurelib.program.primitives.gather import Gather
from featurelib.program.term_table import TermTable


@dataclass(frozen=True)
class Index(Primitive):
    """Return ``first`` + the position of a text among ``terms``.

    Null becomes ``missing`` (which may itself be null). A text that is not a term becomes ``unseen``; with ``buckets``,
    one of the slots ``unseen`` to ``unseen + buckets - 1``: ``unseen + XXH64(text) mod buckets``. ``retired`` are
    positions whose terms are not known any more: nothing gets their number. The empty text is a text like any other.
    The result is ``UInt32``.

    For columns there is a `TermTable`, built once; ``replace_strict`` would build its table at each call (49 ms for
    100,000 terms). A program looks up a text that several of these read once for all (`SharedTerms`).
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

    @classmethod
    def of_terms(cls, terms: pl.Series, **constants: Any) -> Self:
        """Make the step from some of the texts of a larger series, in memory of their own."""
        # NOTE: a part of a series of texts keeps the memory of them all, until new texts are made of its own
        return cls.of_tables({"terms": terms + ""}, **constants)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each known term, ascending."""
        if not self.retired:
            return dict(zip(self.terms, range(self.first, self.first + len(self.terms)), strict=True))
        gone = set(self.retired)
        numbered = enumerate(self.terms)
        return {term: self.first + position for position, term in numbered if position not in gone}

    @cached_property
    def _table(self) -> TermTable:
        return TermTable(self.known_terms)

    @cached_property
    def known_terms(self) -> pl.Series:
        """The known terms, by their numbers ascending."""
        return self._listed.filter(self._is_known) if self.retired else self._listed

    @cached_property
    def _numbers_in_order(self) -> pl.Series:
        numbers = pl.int_range(self.first, self.first + len(self._listed), dtype=pl.UInt32, eager=True)
        return numbers.filter(self._is_known) if self.retired else numbers

    @property
    def _is_known(self) -> pl.Series:
        return ~pl.int_range(len(self._listed), eager=True).is_in(list(self.retired))

    @cached_property
    def _listed(self) -> pl.Series:
        return self.large("terms", pl.String())

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        place = self._table.expr(inputs[0])
        if self.retired:
            return self._numbered(inputs[0], Gather.expr_of(self._numbers_in_order, place))
        return self._numbered(inputs[0], place + self.first)

    def expr_among(self, terms: "SharedTerms", text: pl.Expr, codes: pl.Expr) -> pl.Expr:
        """Return the step as a polars expression over a text and its codes among the terms of several steps."""
        import numpy as np

        numbers = np.zeros(terms.count, dtype=np.uint32)
        there = np.zeros(terms.count, dtype=bool)
        places = terms.places(self).to_numpy()
        numbers[places], there[places] = self._numbers_in_order.to_numpy(), True
        known = pl.select(pl.when(pl.Series(there)).then(pl.Series(numbers))).to_series()
        return self._numbered(text, Gather.expr_of(known, codes))

    def _numbered(self, text: pl.Expr, known: pl.Expr) -> pl.Expr:
        unseen = pl.lit(self.unseen, dtype=pl.UInt32)
        if self.buckets > 1:
            unseen += (hash_expr(text) % self.buckets).cast(pl.UInt32)
        missing = pl.lit(self.missing, dtype=pl.UInt32)
        return pl.when(text.is_null()).then(missing).otherwise(known.fill_null(unseen)).cast(pl.UInt32)

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
        terms = {"terms": self._listed}
        return terms | {"retired": pl.Series("retired", self.retired, dtype=pl.UInt32)} if self.retired else terms


class SharedTerms:
    """The terms of several steps that read one text: to find it costs many times what it costs to look up its codes.

    Attributes
    ----------
    count
        How many there are, each once.
    """

    def __init__(self, steps: Sequence[Index]) -> None:
        listed = [step.known_terms for step in steps]
        self._table = TermTable(max(listed, key=len))
        found = [self._found(terms) for terms in listed]
        if any(places.null_count() for places in found):  # the longest list does not hold them all
            self._table = TermTable(numbered(pl.concat(listed))[1])
            found = [self._found(terms) for terms in listed]
        self.count = len(self._table.terms)
        self._places = {id(step): places for step, places in zip(steps, found, strict=True)}

    def _found(self, terms: pl.Series) -> pl.Series:
        if terms.equals(self._table.terms.head(len(terms))):  # as where only the least frequent are left out
            return pl.int_range(len(terms), dtype=pl.UInt32, eager=True)
        return self._table.places(terms)

    def places(self, step: Index) -> pl.Series:
        """Return the places of the known terms of one of the steps among all."""
        return self._places[id(step)]

    def codes(self, text: pl.Expr) -> pl.Expr:
        """Return the place of a text among the terms, null where it is none."""
        return self._table.expr(text)
