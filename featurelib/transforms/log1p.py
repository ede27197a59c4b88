"""Log1p: tame a long tail."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Log1pStep, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("log1p")
@dataclass(frozen=True)
class Log1p(Transform):
    """Take the natural logarithm of one plus a count or amount.

    Parameters
    ----------
    column
        Number or boolean column that is not negative, such as ``clicks``.

    Notes
    -----
    Adds ``<column>__log1p``, ``Float32``: ``ln(1 + x)``. Null, NaN and values at or below -1 become null; +inf stays
    +inf. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(Log1p("clicks"), pl.DataFrame({"clicks": [0]}))
    >>> program.transform(pl.DataFrame({"clicks": [0.0, -1.0, None]}))["clicks__log1p"].to_list()
    [0.0, None, None]
    """

    column: str

    suffix = "log1p"

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Log1pStep()
        yield ToFloat32()
