"""Edges: bins between edges that you know."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from itertools import pairwise
from numbers import Real

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import BinSearch
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform

MOST_BINS = 65_535  # the result fits UInt16


@register("edges")
@dataclass(frozen=True)
class Edges(Transform):
    """Number the bins between given edges.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``; edges are in its unit.
    edges
        Finite numbers, strictly rising, at least one. An edge belongs to the bin above it.

    Raises
    ------
    ParameterError
        If ``edges`` is empty, not finite or not strictly rising.

    Notes
    -----
    Adds ``<column>__bin``, ``UInt8`` (``UInt16`` from 255 edges), never null: 0 is missing (null or NaN), 1 is below
    the first edge, and so on; -inf falls in the first bin, +inf in the last. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(Edges("age", edges=[18, 65]), pl.DataFrame({"age": [20.0]}))
    >>> program.transform(pl.DataFrame({"age": [17.9, 18.0, 65.0, None]}))["age__bin"].to_list()
    [1, 2, 3, 0]
    """

    column: str
    _: KW_ONLY
    edges: Sequence[float]

    suffix = "bin"

    def __post_init__(self) -> None:
        if isinstance(self.edges, str) or not all(isinstance(edge, Real) for edge in self.edges):
            raise ParameterError(self, "edges", got=self.edges, want="numbers")
        object.__setattr__(self, "edges", tuple(float(edge) for edge in self.edges))
        rising = all(first < second for first, second in pairwise(self.edges))
        if not self.edges or not rising or not all(map(math.isfinite, self.edges)) or len(self.edges) >= MOST_BINS:
            raise ParameterError(self, "edges", got=self.edges, want="finite numbers, strictly rising, at least one")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield BinSearch(tuple(self.edges))
