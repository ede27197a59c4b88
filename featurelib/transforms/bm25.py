"""Bm25: how well a title answers a query, by the words they share and how rare these are."""

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.fitting import DocumentCounts
from featurelib.parameters import check_number, check_whole
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import Bm25Score, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import TextPair


@register("bm25")
@dataclass(frozen=True)
class Bm25(TextPair):
    """Learn how rare each token is among the titles, and score each title for its query.

    Parameters
    ----------
    columns
        The query's and the title's (or document's) column, in this order. Case matters: normalise in ``cleaning``.
    tokens
        The rule by which texts are split: ``words``, or ``chars1`` to ``chars9`` (see `featurelib.program.tokens`).
    k1
        How soon repeats of a token stop to count, 0 (at once) or more.
    b
        How much longer titles are discounted, 0 (not at all) to 1.
    min_count
        Titles that must have a token for it to have a weight of its own; rarer ones count as if none had.

    Raises
    ------
    ParameterError
        If a parameter is out of range, ``columns`` are not two, or there is no such rule.

    Notes
    -----
    Adds ``<a>_x_<b>__bm25``, ``Float32``, 0 or more: the sum over the query's distinct tokens of
    ``ln(1 + (N - n + 0.5) / (n + 0.5)) * f (k1 + 1) / (f + k1 (1 - b + b length / average))``
    with N titles fitted, n of them with the token, f times in this title. Null if either is null; 0 if they share no
    token. A row is a title: one that is shown often counts often. Counts and lengths merge exactly; titles that are
    null are left out.

    References
    ----------
    Robertson, S. and Zaragoza, H. (2009). The probabilistic relevance framework: BM25 and beyond.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["red shoes", "tv", None], "title": ["red shoes", "red lamp", "red tv"]})
    >>> made = fit(Bm25(["query", "title"]), frame).transform(frame).to_series()
    >>> made.cast(pl.Float64).round(2).to_list()
    [1.11, 0.0, None]
    """

    _: KW_ONLY
    k1: float = 1.2
    b: float = 0.75
    min_count: int = 1

    suffix = "bm25"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number(self, "k1", fits=lambda k1: 0 <= k1 < math.inf, want="0 or more")
        check_number(self, "b", fits=lambda b: 0 <= b <= 1, want="from 0 to 1")
        check_whole(self, "min_count")

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        return ((self.columns[1], "text"),)

    def state(self) -> DocumentCounts:
        return DocumentCounts(self.tokens)

    def finish(self, learned: DocumentCounts) -> Iterable[Primitive]:
        documents = learned.documents

        def weight(rows: int) -> float:
            return math.log(1 + (documents - rows + 0.5) / (rows + 0.5))

        known = learned.counts.filter(learned.counts["rows"] >= self.min_count)
        yield Bm25Score(
            terms=tuple(known["term"].to_list()),
            weights=tuple(map(weight, known["rows"])),
            unseen=weight(0),
            average=learned.length / documents if learned.length else 1.0,
            k1=float(self.k1),
            b=float(self.b),
            rule=self.tokens,
        )
        yield ToFloat32()
