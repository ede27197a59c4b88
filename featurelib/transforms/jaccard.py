"""Jaccard: how alike two texts, or two lists, are."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import SharedTokens, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import TokenSetPair


@register("jaccard")
@dataclass(frozen=True)
class Jaccard(TokenSetPair):
    """Measure the share of tokens that two columns have in common.

    Parameters
    ----------
    columns
        Two columns, in any order. Case matters: normalise in ``cleaning`` first.
    tokens
        The rule by which texts are split: ``words``, or ``chars1`` to ``chars9`` (see `featurelib.program.tokens`).
        ``None`` if the columns hold lists: their elements are compared as they are.

    Raises
    ------
    ParameterError
        If ``columns`` are not two, or there is no such rule.

    Notes
    -----
    Adds ``<a>_x_<b>__jaccard``, ``Float32``, 0 to 1: distinct tokens of both / distinct tokens of either. Null if
    either is null, or neither has a token. Null elements of a list do not count. Nothing is fitted.

    References
    ----------
    Jaccard, P. (1912). The distribution of the flora in the alpine zone.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["red shoes", "tv", None], "title": ["shoes", "lamp", "lamp"]})
    >>> fit(Jaccard(["query", "title"]), frame).transform(frame)["query_x_title__jaccard"].to_list()
    [0.5, 0.0, None]
    """

    suffix = "jaccard"

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield SharedTokens("either", self.tokens)
        yield ToFloat32()
