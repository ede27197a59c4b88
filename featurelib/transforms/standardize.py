"""Standardize: mean 0, standard deviation 1."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.fitting import Moments
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("standardize")
@dataclass(frozen=True)
class Standardize(Transform):
    """Learn mean and standard deviation, and subtract and divide by them (z-score).

    Parameters
    ----------
    column
        Number or boolean column such as ``dwell_s``. For skewed values winsorise in ``cleaning`` first.

    Notes
    -----
    Adds ``<column>__z``, ``Float32``: ``(x - mean) * (1 / std)``, std divided by n. Null and NaN become null, ±inf
    stays ±inf and is left out of the fit. A constant column, or one without values, is only shifted. Sums are exact, so
    the fit does not depend on the order or the split of the rows.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"x": [1.0, 3.0, None]})
    >>> fit(Standardize("x"), frame).transform(frame)["x__z"].to_list()
    [-1.0, 1.0, None]
    """

    column: str

    suffix = "z"

    def state(self) -> Moments:
        return Moments()

    def finish(self, learned: Moments) -> Iterable[Primitive]:
        scale = reciprocal(learned.std or 0.0)
        yield Affine(shift=learned.mean or 0.0, scale=scale)
        yield ToFloat32()


def reciprocal(width: float) -> float:
    """Return 1 / width, or 1 where the width is too small to divide by: such a column is only shifted."""
    tiny = 1e-300
    return 1.0 / width if width > tiny else 1.0
