"""ListStandardize: how far a candidate is from the others of its request."""

from dataclasses import dataclass

from featurelib.transforms.list_wise import ListWise
from featurelib.transforms.registry import register


@register("list_standardize")
@dataclass(frozen=True)
class ListStandardize(ListWise):
    """Subtract the mean of a list, such as the candidates of one request, and divide by their standard deviation.

    Parameters
    ----------
    column
        Number or boolean column such as ``price_usd``.
    within
        Text, integer or boolean column with what is the same in all rows of a list, such as ``request_id``. A row where
        it is null is a list of its own.

    Notes
    -----
    Adds ``<column>__listz``, ``Float32``: ``(x - mean) * (1 / std)`` over the finite numbers of the list, std divided
    by n. Null and NaN become null and do not count; ±inf stays ±inf and does not count. 0 where the list has no two
    different numbers.

    It is computed from the rows that are there: a frame, or a call of `Program.transform_rows`, must hold all rows of a
    list, in any order, and a row given alone is a list of one. Lists end at a partition's edge. Where samples were
    thinned, or hold what came into view and not all that was ranked, training sees shorter lists than serving does:
    give both the same rows. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"request": ["a", "a", "b"], "price": [1.0, 3.0, 9.0]})
    >>> program = fit(ListStandardize("price", within="request"), frame)
    >>> program.transform(frame)["price__listz"].to_list()
    [-1.0, 1.0, 0.0]
    >>> program.transform_rows([{"price": 5.0}, {"price": 4.0}], shared={"request": "c"})
    [{'price__listz': 1.0}, {'price__listz': -1.0}]
    """

    suffix = "listz"
    measure = "z"
