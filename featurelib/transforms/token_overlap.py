"""TokenOverlap: how much of a query a title answers."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import SharedTokens, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import TokenSetPair


@register("token_overlap")
@dataclass(frozen=True)
class TokenOverlap(TokenSetPair):
    """Measure the share of the query's tokens that the title has too.

    Parameters
    ----------
    columns
        The query's and the title's column, in this order. Case matters: normalise in ``cleaning`` first.
    tokens
        The rule by which texts are split: ``words``, or ``chars1`` to ``chars9`` (see `featurelib.program.tokens`).
        ``None`` if the columns hold lists: their elements are compared as they are.

    Raises
    ------
    ParameterError
        If ``columns`` are not two, or there is no such rule.

    Notes
    -----
    Adds ``<a>_x_<b>__overlap``, ``Float32``, 0 to 1: distinct tokens of both / distinct tokens of the first. Null if
    either is null, or the first has no token. Null elements of a list do not count. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["red shoes", "tv", None], "title": ["blue shoes", "lamp", "lamp"]})
    >>> fit(TokenOverlap(["query", "title"]), frame).transform(frame)["query_x_title__overlap"].to_list()
    [0.5, 0.0, None]
    """

    suffix = "overlap"

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield SharedTokens("first", self.tokens)
        yield ToFloat32()
