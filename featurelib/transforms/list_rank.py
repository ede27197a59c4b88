"""ListRank: how a candidate ranks among those of its request."""

from dataclasses import dataclass

from featurelib.transforms.list_wise import ListWise
from featurelib.transforms.registry import register


@register("list_rank")
@dataclass(frozen=True)
class ListRank(ListWise):
    """Replace a number by the share of its list, such as the candidates of one request, that is below it.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    within
        Text, integer or boolean column with what is the same in all rows of a list, such as ``request_id``. A row where
        it is null is a list of its own.

    Notes
    -----
    Adds ``<column>__listrank``, ``Float32``, above 0 and below 1: the share of the list's numbers below x, plus half
    the share equal to x (so ties share the middle of their ranks, and lists of any length compare). Null and NaN become
    null and do not count; ±inf is a number like any other. A list of one gives 0.5.

    It is computed from the rows that are there: a frame, or a call of `Program.transform_rows`, must hold all rows of a
    list, in any order, and a row given alone is a list of one. Lists end at a partition's edge. Where samples were
    thinned, or hold what came into view and not all that was ranked, training sees shorter lists than serving does:
    give both the same rows. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"request": ["a", "b", "a", "a", "a"], "price": [1.0, 7.0, 5.0, 2.0, 5.0]})
    >>> fit(ListRank("price", within="request"), frame).transform(frame)["price__listrank"].to_list()
    [0.125, 0.5, 0.75, 0.375, 0.75]
    """

    suffix = "listrank"
    measure = "rank"
