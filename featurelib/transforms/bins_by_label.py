"""BinsByLabel: bins of a number whose edges are learned from the labels of other rows."""

import math
from abc import abstractmethod
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.parameters import check_number, check_whole
from featurelib.program.chain import Chain
from featurelib.program.primitives import BinSearchVariant
from featurelib.transforms.edges import MOST_BINS
from featurelib.transforms.label_transform import LabelTransform

if TYPE_CHECKING:
    import numpy as np


class BinsByLabel(LabelTransform):
    """Cut a number into bins; each variant has edges of its own.

    A subclass says in `cut` where bins begin. Bins are half-open, ``[edge, next edge)``; 0 is missing. An edge is a
    value that occurs; ±inf never is one, so +inf is counted with the largest finite value.
    """

    bins: int
    kind = "number"

    def check(self) -> None:
        """Raise `ParameterError` if the number of bins is out of its range, or the label is read."""
        super().check()
        check_whole(self, "bins", least=2, most=MOST_BINS)

    @abstractmethod
    def cut(self, rows: "np.ndarray[Any, Any]", positive: "np.ndarray[Any, Any]") -> list[int]:
        """Return the positions of the values with which bins begin, ascending, without that of the first.

        Parameters
        ----------
        rows, positive
            Rows, at least 1, and rows with a label of 1, of each distinct value, rising.
        """

    def encode(
        self, variant: str, values: pl.Series, rows: "np.ndarray[Any, Any]", total: "np.ndarray[Any, Any]"
    ) -> tuple[Chain, ...]:
        return (self.binning(self.makes[0], variant, self.edges(values, rows, total)),)

    def edges(
        self, values: pl.Series, rows: "np.ndarray[Any, Any]", total: "np.ndarray[Any, Any]"
    ) -> list[list[float]]:
        """Return the edges of each variant."""
        return [self._edges(values, *counts) for counts in zip(rows.T, total.T, strict=True)]

    def binning(self, into: str, variant: str, edges: list[list[float]]) -> Chain:
        """Return the chain that gives the number of a row's bin."""
        sizes = tuple(len(listed) for listed in edges)
        step = BinSearchVariant(tuple(edge for listed in edges for edge in listed), sizes)
        return Chain(into, (self.column, variant), "number", (step,))

    def _edges(self, values: pl.Series, rows: "np.ndarray[Any, Any]", positive: "np.ndarray[Any, Any]") -> list[float]:
        there = values.is_not_null().to_numpy() & (rows > 0)
        points, rows, positive = values.to_numpy()[there], rows[there], positive[there]
        if len(points) > 1 and points[-1] == math.inf:
            points, rows, positive = points[:-1], _last_two_as_one(rows), _last_two_as_one(positive)
        starts = self.cut(rows, positive) if len(points) > 1 else []
        return [float(edge) for edge in points[starts]]


def _last_two_as_one(counts: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    import numpy as np

    return np.append(counts[:-2], counts[-2:].sum())


def cells(rows: "np.ndarray[Any, Any]", most: int) -> "np.ndarray[Any, Any]":
    """Return the positions with which cells of about equal rows begin: each value one, if there are not too many."""
    import numpy as np

    if len(rows) <= most:
        return np.arange(len(rows))
    reached = np.cumsum(rows)
    cell = (reached - rows) * most // reached[-1]
    return np.flatnonzero(np.diff(cell, prepend=-1))


def fewest_rows(min_share: float, rows: int) -> int:
    """Return how many rows a share is, rounded up; a float means the decimal that it shows."""
    return math.ceil(Fraction(str(min_share)) * rows)


def check_share(owner: LabelTransform) -> None:
    """Raise `ParameterError` if the ``min_share`` of a bin is none that two bins can have."""
    check_number(owner, "min_share", fits=lambda share: 0 <= share <= 0.5, want="a share from 0 to 0.5")
