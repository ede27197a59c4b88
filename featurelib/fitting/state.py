"""State: what was learned from some rows, ready to be merged with what was learned from others."""

from abc import ABC, abstractmethod
from typing import Self

import polars as pl


class State(ABC):
    """A summary of columns. An instance made without arguments is the summary of no rows.

    The law, held by the contract tests: ``of(A).merge(of(B))`` equals ``of(A and B together)``, for any split and in
    any order; exactly, unless the class states an error. Caps and minimum counts belong to whoever reads a state,
    never to the state: they do not merge.
    """

    @abstractmethod
    def of(self, *columns: pl.Series) -> Self:
        """Return the summary of these columns, viewed as numbers or texts; row order does not matter."""

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """Return the summary of both sets of rows."""
