"""MinMax: the fitted range becomes 0 to 1."""

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.fitting import Span
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine, Clip, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.standardize import reciprocal
from featurelib.transforms.transform import Transform


@register("min_max")
@dataclass(frozen=True)
class MinMax(Transform):
    """Learn the smallest and largest value, and map them to 0 and 1.

    Parameters
    ----------
    column
        Number or boolean column such as ``rating``.
    clip
        Whether values beyond the fitted range become 0 or 1; otherwise they fall outside.

    Notes
    -----
    Adds ``<column>__minmax``, ``Float32``: ``(x - min) * (1 / (max - min))``. Null and NaN become null; ±inf is left
    out of the fit, and clipped like any value or kept. A constant column, or one without values, is only shifted (and
    clipped). The range merges exactly.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(MinMax("x"), pl.DataFrame({"x": [2.0, 4.0]}))
    >>> program.transform(pl.DataFrame({"x": [1.0, 3.0, None]}))["x__minmax"].to_list()
    [0.0, 0.5, None]
    """

    column: str
    _: KW_ONLY
    clip: bool = True

    suffix = "minmax"

    def state(self) -> Span:
        return Span()

    def finish(self, learned: Span) -> Iterable[Primitive]:
        low, high = learned.smallest or 0.0, learned.largest or 0.0
        if math.isinf(high - low):  # too wide for a float: halve everything, or 0 * inf would make NaN
            yield Affine(shift=0.0, scale=0.5)
            low, high = low / 2, high / 2
        yield Affine(shift=low, scale=reciprocal(high - low))
        if self.clip:
            yield Clip(0.0, 1.0)
        yield ToFloat32()
