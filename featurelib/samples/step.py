"""Steps: what is done to the labelled rows of a partition before they are written."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from featurelib.errors import ColumnMissingError

DROPPED = "@dropped"
"""Why a row does not stay, in the words of the first rule that dropped it; null while it stays."""

WEIGHT = "sample_weight"
"""How many logged rows a sampled row stands for."""

LIVE = pl.col(DROPPED).is_null()


@dataclass(frozen=True, slots=True)
class PartitionFacts:
    """What a step may know of the partition beside its rows.

    Attributes
    ----------
    time
        The event time column.
    labels
        Columns that labels added, in order.
    observed_at
        Until when outcomes were seen: the latest time at which an event of the label logs landed (or happened, where
        a log has no landing time), and at most the end of the last label window.
    outcomes
        All columns that tell what came of a row, those of labels included (`Impressions.outcomes`).
    """

    time: str
    labels: pl.Schema
    observed_at: datetime
    outcomes: frozenset[str] = frozenset()


class SampleStep(ABC):
    """A step: what it makes of the columns is known before any data is read."""

    @abstractmethod
    def schema(self, given: pl.Schema) -> pl.Schema:
        """Return the columns after the step.

        Raises
        ------
        ColumnMissingError, ColumnTypeError, DeclarationError
            If the step cannot work on these columns.
        """

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Columns that it adds or sets and that tell of the label, so that no feature may read them."""
        return ()

    def need(self, columns: Iterable[str], given: pl.Schema) -> None:
        """Check that columns are there.

        Raises
        ------
        ColumnMissingError
            If one is not.
        """
        for column in columns:
            if column not in given:
                raise ColumnMissingError(self, column, where="the samples table", columns=given)


class RowRule(SampleStep):
    """Decide which rows stay."""

    @abstractmethod
    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Set `DROPPED` where a live row does not stay.

        Parameters
        ----------
        rows
            The rows with their number in `ROW` and with `DROPPED`; only live rows are looked at.

        Returns
        -------
        The same rows in the same order, perhaps with columns added.
        """

    @property
    @abstractmethod
    def reasons(self) -> tuple[str, ...]:
        """The reasons that it gives."""


class RowMaker(SampleStep):
    """Make rows that were not logged."""

    @abstractmethod
    def make(self, rows: pl.LazyFrame, seen: pl.LazyFrame, facts: PartitionFacts) -> pl.LazyFrame:
        """Return the rows, in order, then those made.

        Parameters
        ----------
        rows
            Live rows with their number in `ROW`.
        seen
            All distinct impressions of the partition, those that rules dropped included, with `ROW`.
        facts
            Of the partition.
        """


class Shape(SampleStep):
    """Give samples another grain than one row per impression."""

    @abstractmethod
    def mark(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Set `DROPPED` where a row makes no row of its own; the same rows in the same order."""

    @abstractmethod
    def form(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return one row for each row that `mark` left live; the shape states their order."""
