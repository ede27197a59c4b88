"""MaxAbs: the largest absolute value becomes 1."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.fitting import Span
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.standardize import reciprocal
from featurelib.transforms.transform import Transform


@register("max_abs")
@dataclass(frozen=True)
class MaxAbs(Transform):
    """Learn the largest absolute value, and divide by it; zero stays zero.

    Parameters
    ----------
    column
        Number or boolean column such as ``score_change``.

    Notes
    -----
    Adds ``<column>__maxabs``, ``Float32``: ``x * (1 / max |x|)``. Null and NaN become null, ±inf stays ±inf and is left
    out of the fit; a value beyond the fitted ones falls outside -1 and 1. A column of zeros, or one without values,
    stays as it is. The largest value merges exactly.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(MaxAbs("x"), pl.DataFrame({"x": [-4.0, 1.0]}))
    >>> program.transform(pl.DataFrame({"x": [-4.0, 2.0, None]}))["x__maxabs"].to_list()
    [-1.0, 0.5, None]
    """

    column: str

    suffix = "maxabs"

    def state(self) -> Span:
        return Span()

    def finish(self, learned: Span) -> Iterable[Primitive]:
        largest = max(abs(learned.smallest or 0.0), abs(learned.largest or 0.0))
        yield Affine(shift=0.0, scale=reciprocal(largest))
        yield ToFloat32()
