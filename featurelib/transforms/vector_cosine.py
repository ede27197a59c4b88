"""VectorCosine: how alike two given embeddings are."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import ToFloat32, VectorAngle
from featurelib.transforms.registry import register
from featurelib.transforms.text_pair import Pair


@register("vector_cosine")
@dataclass(frozen=True)
class VectorCosine(Pair):
    """Take the cosine of two vectors that a model of yours made, such as those of query and title.

    Parameters
    ----------
    columns
        Two columns with lists (or arrays) of numbers, in any order.

    Raises
    ------
    ParameterError
        If ``columns`` are not two.

    Notes
    -----
    Adds ``<a>_x_<b>__cosine``, ``Float32``, -1 to 1: sum of products / (length * length), sums in
    ``Float64`` from first to last. Null if either is null, empty or holds a null or NaN, if they differ in size, or if
    a length is zero or beyond a float. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"query": [[3.0, 4.0], [1.0, 0.0]], "title": [[4.0, 3.0], [0.0, 0.0]]})
    >>> made = fit(VectorCosine(["query", "title"]), frame).transform(frame).to_series()
    >>> made.cast(pl.Float64).round(2).to_list()
    [0.96, None]
    """

    suffix = "cosine"
    view = "numbers"

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield VectorAngle()
        yield ToFloat32()
