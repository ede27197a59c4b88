"""EqualWidthBins: bins of equal width between the smallest and the largest value."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.fitting import Span
from featurelib.parameters import check_whole
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import BinSearch
from featurelib.transforms.edges import MOST_BINS
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform


@register("equal_width_bins")
@dataclass(frozen=True)
class EqualWidthBins(Transform):
    """Learn the range of a column and cut it into bins of equal width.

    Parameters
    ----------
    column
        Number or boolean column such as ``age_days``. For skewed values prefer `QuantileBins`.
    bins
        How many, 2 to 65,535.

    Raises
    ------
    ParameterError
        If ``bins`` is out of range.

    Notes
    -----
    Adds ``<column>__bin``, ``UInt8`` (``UInt16`` from 256 bins), never null: 0 is missing (null or NaN), then 1 to
    ``bins``; values beyond the fitted range, and ±inf, fall in the first or last bin. A bin is half-open,
    ``[edge, next edge)``; the largest fitted value lies in the last. A constant column, or one without values, has one
    bin. The range merges exactly.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> program = fit(EqualWidthBins("x", bins=4), pl.DataFrame({"x": [0.0, 8.0]}))
    >>> program.transform(pl.DataFrame({"x": [-1.0, 1.9, 2.0, 8.0, None]}))["x__bin"].to_list()
    [1, 1, 2, 4, 0]
    """

    column: str
    _: KW_ONLY
    bins: int

    suffix = "bin"

    def __post_init__(self) -> None:
        check_whole(self, "bins", least=2, most=MOST_BINS)

    def state(self) -> Span:
        return Span()

    def finish(self, learned: Span) -> Iterable[Primitive]:
        low, high = learned.smallest, learned.largest
        if low is None or high is None or low == high:
            yield BinSearch(())
            return
        # NOTE: shares of low and high, not low + i * width: the width of a very wide range overflows
        shares = (number / self.bins for number in range(1, self.bins))
        edges = (low * (1 - share) + high * share for share in shares)
        yield BinSearch(tuple(sorted({edge for edge in edges if low < edge <= high})))
