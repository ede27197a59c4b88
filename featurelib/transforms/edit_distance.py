"""EditDistance: how far apart the spellings of two texts are."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import EditDistanceStep, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import Pair


@register("edit_distance")
@dataclass(frozen=True)
class EditDistance(Pair):
    """Measure how many letters must be added, dropped or changed to make one text of another.

    Parameters
    ----------
    columns
        Two text, integer or boolean columns, in any order. Case matters: normalise in ``cleaning`` first.

    Raises
    ------
    ParameterError
        If ``columns`` are not two.

    Notes
    -----
    Adds ``<a>_x_<b>__edit``, ``Float32``, 0 (equal) to 1: the Levenshtein distance in code points / the length of the
    longer text. Two empty texts are 0 apart; null if either is null. Nothing is fitted.

    References
    ----------
    Levenshtein, V. I. (1966). Binary codes capable of correcting deletions, insertions and reversals.
    Myers, G. (1999). A fast bit-vector algorithm for approximate string matching based on dynamic programming.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": ["lump", "tv", None], "title": ["lamp", "tv", "lamp"]})
    >>> fit(EditDistance(["query", "title"]), frame).transform(frame)["query_x_title__edit"].to_list()
    [0.25, 0.0, None]
    """

    suffix = "edit"
    view = "text"

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield EditDistanceStep()
        yield ToFloat32()
