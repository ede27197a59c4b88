"""Bm25Score: how well a document answers a query."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl

from featurelib.program.by_row import ByRow
from featurelib.program.primitive import RowFunction
from featurelib.program.tokens import VERSION, tokenizer


@dataclass(frozen=True)
class Bm25Score(ByRow):
    """Return the sum over the distinct tokens of the query, in their order, of ``weight * f (k1 + 1) / (f + k)``.

    ``f`` is how often the document has the token, ``k = k1 (1 - b + b length / average)``, ``weight`` the token's among
    ``weights``, or ``unseen``. Null if either text is null; 0.0 if they share no token.
    Costs 6 us of CPU a pair of query and title, less where these repeat.
    """

    terms: tuple[str, ...]
    weights: tuple[float, ...]
    unseen: float
    average: float
    k1: float
    b: float
    rule: str
    version: int = VERSION

    op = "bm25_score"
    takes = ("text", "text")

    @cached_property
    def _weight_of(self) -> dict[str, float]:
        return dict(zip(self.terms, self.weights, strict=True))

    def row(self) -> RowFunction:
        weight_of, unseen, more = self._weight_of.get, self.unseen, self.k1 + 1.0
        flat, slope = self.k1 * (1.0 - self.b), self.k1 * self.b / self.average
        split = tokenizer(self.rule, self.version)

        @lru_cache(maxsize=1024)
        def weighted(query: str) -> list[tuple[str, float]]:
            return [(token, weight_of(token, unseen) * more) for token in dict.fromkeys(split(query))]

        @lru_cache(maxsize=4096)
        def counted(document: str) -> tuple[dict[str, int], float]:
            tokens = split(document)
            return Counter(tokens), flat + slope * len(tokens)

        def bm25_score(query: str | None, document: str | None) -> float | None:
            if query is None or document is None:
                return None
            times_of, k = counted(document)
            score = 0.0
            for token, weight in weighted(query):
                if token in times_of:
                    times = times_of[token]
                    score += weight * times / (times + k)
            return score

        return bm25_score

    def tables(self) -> dict[str, pl.Series]:
        return {
            "terms": pl.Series("terms", self.terms, dtype=pl.String),
            "weights": pl.Series("weights", self.weights, dtype=pl.Float64),
        }
