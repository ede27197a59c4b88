"""Ratio: one number per unit of another."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Combine, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("ratio")
@dataclass(frozen=True)
class Ratio(Transform):
    """Divide one column by another, such as a price by the mean price of its category.

    Parameters
    ----------
    column, per
        Number or boolean columns. For a rate of few events over few trials, take a smoothed rate of a window instead.

    Notes
    -----
    Adds ``<column>_x_<per>__ratio``, ``Float32``. Null where one of them is null or NaN, where ``per`` is 0, and for
    ±inf / ±inf; a number per ±inf is 0, what is too large for a float becomes ±inf. Fill the null with `Impute` where
    0 / 0 has a meaning. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"price": [3.0, 2.0, None], "usual": [4.0, 0.0, 1.0]})
    >>> fit(Ratio("price", per="usual"), frame).transform(frame)["price_x_usual__ratio"].to_list()
    [0.75, None, None]
    """

    column: str
    _: KW_ONLY
    per: str

    suffix = "ratio"

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column, self.per)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Combine("ratio")
        yield ToFloat32()
