"""NumberedTexts: texts as places among their terms, so that several states count them without comparing one again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.fitting.enumerated import enumerated
from featurelib.fitting.tally import Labels, by_cell, counts, slices
from featurelib.program.numbered import categories, own_categories
from featurelib.term_rows import Coded

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_SMALL = 2**16  # places of two bytes


@dataclass(frozen=True)
class NumberedTexts:
    """The texts of a column, of some rows after the other.

    Attributes
    ----------
    terms
        The distinct texts, rising. A few of them may not occur.
    pieces
        Of some rows each, an array of the numbers of some texts, and an array of the places that the rows have in it.
        The number of null is 0, that of the terms from 1 on.

    Examples
    --------
    >>> texts = NumberedTexts.of(pl.Series(["b", None, "a", "b"]))
    >>> texts.terms.to_list(), [numbers.tolist() for numbers in texts.numbers()]
    (['a', 'b'], [[2, 0, 1, 2]])
    """

    terms: pl.Series
    pieces: "tuple[tuple[Array, Array], ...]"

    @classmethod
    def of(cls, texts: "pl.Series | NumberedTexts") -> "NumberedTexts":
        """Return a column of texts; if it is one already, as it is."""
        if isinstance(texts, NumberedTexts):
            return texts
        codes = enumerated(texts)
        terms, numbers = _ranked(codes)
        return cls(terms, ((numbers, _places(codes, len(terms))),))

    @classmethod
    def of_pieces(cls, pieces: Iterable[Coded]) -> "NumberedTexts":
        """Return the texts of some pieces, one after the other; each text of a piece is looked up once."""
        kind = own_categories()
        held = [(piece.terms.cast(kind), _small(piece.places, len(piece.terms))) for piece in pieces]
        terms, numbers = _ranked(pl.concat([pl.Series(dtype=kind), *(codes for codes, _ in held)]))
        return cls(terms, tuple((numbers[_places(codes, len(terms))], places) for codes, places in held))

    def filter(self, there: pl.Series) -> "NumberedTexts":
        """Return those of some rows."""
        kept, listed, first = there.to_numpy(), [], 0
        for numbers, places in self.pieces:
            listed.append((numbers, places[kept[first : first + len(places)]]))
            first += len(places)
        return NumberedTexts(self.terms, tuple(listed))

    def numbers(self, times: int = 1) -> "Iterator[Array]":
        """Yield the numbers of the texts of some rows at a time, in 64 bits, each ``times`` as large."""
        import numpy as np

        for numbers, places in self.pieces:
            scaled = np.multiply(numbers, times, dtype=np.int64)
            for some in slices(len(places)):
                yield scaled.take(places[some])

    def counted(self) -> tuple[pl.DataFrame, int]:
        """Return the rows of each text that occurs, a frame of ``term`` (rising) and ``rows``; and those of null.

        Examples
        --------
        >>> counts, missing = NumberedTexts.of(pl.Series(["b", None, "a", "b"])).counted()
        >>> counts.rows(), missing
        ([('a', 1), ('b', 2)], 1)
        """
        table = pl.DataFrame({"term": self.terms, "rows": self._rows[1:]})
        return table.filter(pl.col("rows") > 0), int(self._rows[0])

    def by_part(self, part: "Array", parts: int, labels: Labels) -> "tuple[Array, Array, Array, Array]":
        """Return number and part, ascending, of the rows that have these; how many do, and the sum of their labels.

        Parameters
        ----------
        part
            Of each row, from 0 on.
        parts
            How many there are.
        labels
            Of all rows.
        """
        import numpy as np

        def cells() -> "Iterator[Array]":
            first = 0
            for numbers in self.numbers(times=parts):
                yield numbers + part[first : first + len(numbers)]
                first += len(numbers)

        found, rows, totals = by_cell(cells(), labels, (len(self.terms) + 1) * parts)
        number, part_of = np.divmod(found, parts)
        begins = np.flatnonzero(np.diff(number, prepend=-1))
        of_number = np.zeros(len(self.terms) + 1, dtype=np.int64)
        of_number[number[begins]] = np.add.reduceat(rows, begins) if len(rows) else 0
        vars(self)["_rows"] = of_number  # which would else count them once more
        return number, part_of, rows, totals

    @cached_property
    def _rows(self) -> "Array":
        """How many rows have each number."""
        return counts(self.numbers(), len(self.terms) + 1)

    def to_series(self) -> pl.Series:
        """Return the texts as a series."""
        every = pl.concat([pl.Series([None], dtype=pl.String), self.terms])
        return pl.concat([every[:0], *(every[pl.Series(numbers)] for numbers in self.numbers())])


def _ranked(codes: pl.Series) -> "tuple[pl.Series, Array]":
    """Return the categories of a ``Categorical``, rising, and of each the number, 0 for one that stands behind them."""
    import numpy as np

    by_text = categories(codes).sort()
    numbers = np.zeros(len(by_text) + 1, dtype=np.uint32)
    numbers[by_text.to_physical().to_numpy()] = np.arange(1, len(by_text) + 1)
    return by_text.cast(pl.String), numbers


def _places(codes: pl.Series, of_null: int) -> "Array":
    return codes.to_physical().fill_null(of_null).to_numpy()


def _small(places: "Array", terms: int) -> "Array":
    """Return a copy of places in as few bytes as they need; a reader's own buffers may be several times as large."""
    import numpy as np

    return places.astype(np.uint16 if terms <= _SMALL else np.uint32)
