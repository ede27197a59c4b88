"""TfidfCosine: how alike two texts are, rare words counting more."""

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.fitting import DocumentCounts
from featurelib.parameters import check_whole
from featurelib.program.primitive import Kind, Primitive
from featurelib.program.primitives import ToFloat32, WeightedCosine
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import TextPair


@register("tfidf_cosine")
@dataclass(frozen=True)
class TfidfCosine(TextPair):
    """Learn how rare each token is among the titles, and take the cosine of two texts as weighted counts of tokens.

    Parameters
    ----------
    columns
        Two text columns; the second is the one to learn from. Case matters: normalise in ``cleaning`` first.
    tokens
        The rule by which texts are split: ``words``, or ``chars1`` to ``chars9`` (see `featurelib.program.tokens`).
    min_count
        Titles that must have a token for it to have a weight of its own; rarer ones count as if none had.

    Raises
    ------
    ParameterError
        If ``min_count`` is below 1, ``columns`` are not two, or there is no such rule.

    Notes
    -----
    Adds ``<a>_x_<b>__tfidf``, ``Float32``, 0 to 1: a text is the vector of ``count * (ln((1 + N) / (1 + n)) + 1)`` of
    its tokens, with N titles fitted, n of them with the token. Null if either text is null or has no token. A row is a
    title: one that is shown often counts often. Counts merge exactly.

    References
    ----------
    Salton, G. and Buckley, C. (1988). Term-weighting approaches in automatic text retrieval.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["red shoes", "tv", None], "title": ["red shoes", "red lamp", "red tv"]})
    >>> made = fit(TfidfCosine(["query", "title"]), frame).transform(frame).to_series()
    >>> made.cast(pl.Float64).round(2).to_list()
    [1.0, 0.0, None]
    """

    _: KW_ONLY
    min_count: int = 1

    suffix = "tfidf"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_whole(self, "min_count")

    @property
    def learns(self) -> tuple[tuple[str, Kind], ...]:
        return ((self.columns[1], "text"),)

    def state(self) -> DocumentCounts:
        return DocumentCounts(self.tokens)

    def finish(self, learned: DocumentCounts) -> Iterable[Primitive]:
        def weight(rows: int) -> float:
            return math.log((1 + learned.documents) / (1 + rows)) + 1

        known = learned.counts.filter(learned.counts["rows"] >= self.min_count)
        terms, weights = tuple(known["term"].to_list()), tuple(map(weight, known["rows"]))
        yield WeightedCosine(terms, weights, unseen=weight(0), rule=self.tokens)
        yield ToFloat32()
