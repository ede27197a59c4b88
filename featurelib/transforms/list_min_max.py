"""ListMinMax: where a candidate lies between the extremes of its request."""

from dataclasses import dataclass

from featurelib.transforms.list_wise import ListWise
from featurelib.transforms.registry import register


@register("list_min_max")
@dataclass(frozen=True)
class ListMinMax(ListWise):
    """Map the smallest and the largest number of a list, such as the candidates of one request, to 0 and 1.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    within
        Text, integer or boolean column with what is the same in all rows of a list, such as ``request_id``. A row where
        it is null is a list of its own.

    Notes
    -----
    Adds ``<column>__listminmax``, ``Float32``: ``(x - min) * (1 / (max - min))`` over the finite numbers of the list.
    Null and NaN become null and do not count; -inf becomes 0 and +inf 1, and neither counts. 0 where the list has no
    two different numbers.

    It is computed from the rows that are there: a frame, or a call of `Program.transform_rows`, must hold all rows of a
    list, in any order, and a row given alone is a list of one. Lists end at a partition's edge. Where samples were
    thinned, or hold what came into view and not all that was ranked, training sees shorter lists than serving does:
    give both the same rows. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"request": ["a", "b", "a", "a"], "price": [1.0, 7.0, 5.0, 2.0]})
    >>> fit(ListMinMax("price", within="request"), frame).transform(frame)["price__listminmax"].to_list()
    [0.0, 0.0, 1.0, 0.25]
    """

    suffix = "listminmax"
    measure = "minmax"
