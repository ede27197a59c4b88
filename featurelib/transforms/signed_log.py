"""SignedLog: tame a long tail on both sides of zero."""

from collections.abc import Iterable
from dataclasses import dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import SignedLogStep, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("signed_log")
@dataclass(frozen=True)
class SignedLog(Transform):
    """Take the natural logarithm of one plus the distance to zero, and give it the sign of the number.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_change_usd``. For counts and amounts, `Log1p` is the same.

    Notes
    -----
    Adds ``<column>__signedlog``, ``Float32``: ``sign(x) ln(1 + |x|)``. Null and NaN become null; ±inf stays ±inf.
    Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(SignedLog("change"), pl.DataFrame({"change": [0.0]}))
    >>> made = program.transform(pl.DataFrame({"change": [-1.0, 0.0, 1.0, None]}))
    >>> [value and round(value, 3) for value in made["change__signedlog"]]
    [-0.693, 0.0, 0.693, None]
    """

    column: str

    suffix = "signedlog"

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield SignedLogStep()
        yield ToFloat32()
