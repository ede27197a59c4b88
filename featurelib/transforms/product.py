"""Product: two numbers multiplied."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Combine, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("product")
@dataclass(frozen=True)
class Product(Transform):
    """Multiply two columns, such as a price and a quantity.

    Parameters
    ----------
    column, times
        Number or boolean columns; the same twice is a square.

    Notes
    -----
    Adds ``<column>_x_<times>__product``, ``Float32``. Null where one of them is null or NaN, and for 0 times ±inf;
    what is too large for a float becomes ±inf. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"price": [2.5, 2.0], "quantity": [4, None]})
    >>> fit(Product("price", times="quantity"), frame).transform(frame)["price_x_quantity__product"].to_list()
    [10.0, None]
    """

    column: str
    _: KW_ONLY
    times: str

    suffix = "product"

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column, self.times)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Combine("product")
        yield ToFloat32()
