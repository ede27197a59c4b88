"""Difference: how much larger one number is than another."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Combine, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("difference")
@dataclass(frozen=True)
class Difference(Transform):
    """Subtract one column from another, such as the rate of last month from the rate of last week.

    Parameters
    ----------
    column, minus
        Number or boolean columns, in the same unit.

    Notes
    -----
    Adds ``<column>_x_<minus>__difference``, ``Float32``. Null where one of them is null or NaN, and for inf - inf;
    what is too large for a float becomes ±inf. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"week": [0.5, 0.25], "month": [0.25, None]})
    >>> fit(Difference("week", minus="month"), frame).transform(frame)["week_x_month__difference"].to_list()
    [0.25, None]
    """

    column: str
    _: KW_ONLY
    minus: str

    suffix = "difference"

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column, self.minus)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Combine("difference")
        yield ToFloat32()
