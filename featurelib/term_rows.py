"""TermRows: rows whose texts lie as numbers of distinct terms, so that a text is computed with once."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

if TYPE_CHECKING:
    import numpy as np


class OfTerms(Protocol):
    """What is computed of the terms of one text column, such as a `Program` that reads no other."""

    @property
    def schema(self) -> pl.Schema:
        """Names and types of the columns that it makes."""
        ...

    def transform(self, frame: pl.DataFrame, /) -> pl.DataFrame:
        """Return those columns for a frame of the text column alone, which may hold null; as many rows.

        A row depends on its text alone. Several threads may ask at the same time.
        """
        ...


class Coded(Protocol):
    """The texts of a column in some rows, as places among terms."""

    @property
    def terms(self) -> pl.Series:
        """The texts that occur, null too if it does; others may stand there, and a text more than once."""
        ...

    @property
    def places(self) -> "np.ndarray[Any, Any]":
        """Where among them the text of each row is."""
        ...


class TermRows(ABC):
    """Rows that hold a text once for many that have it, as the dictionary pages of Parquet files do.

    A program that is given such rows computes what depends on one text alone once for each distinct text of a piece,
    and not for each row; a fit looks such a text up once. What comes out is the same.
    """

    __slots__ = ()

    @property
    @abstractmethod
    def schema(self) -> pl.Schema:
        """Names and types of the columns."""

    @abstractmethod
    def lazy(self) -> pl.LazyFrame:
        """Return the rows as a lazy frame like any other."""

    @abstractmethod
    def coded(self, column: str) -> Iterator[Coded]:
        """Yield a text column piece by piece; rows in their order."""

    @abstractmethod
    def computed(self, columns: Sequence[str], of_terms: Mapping[str, OfTerms]) -> pl.LazyFrame:
        """Return some of the columns, then what is computed of the terms of others; rows in their order.

        Parameters
        ----------
        columns
            Columns to return as they are.
        of_terms
            What to compute, by text column. All names that they make are distinct, and none of ``columns``.
        """
