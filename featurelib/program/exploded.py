"""Exploded: the elements of lists as one column, a few rows at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import numpy as np

_CELLS_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True)
class Exploded:
    """Some rows of list columns, which are of equal length in a row, as columns of their elements.

    Attributes
    ----------
    rows
        How many rows these are.
    elements
        For each of the columns, the elements of all rows one after another.
    owner
        The row of each element, 0 to ``rows`` - 1; rising.
    sizes
        Elements of each row.
    """

    rows: int
    elements: tuple[pl.Series, ...]
    owner: "np.ndarray[Any, Any]"
    sizes: "np.ndarray[Any, Any]"


def exploded(columns: Sequence[pl.Series], *, width: int) -> Iterator[tuple[slice, Exploded]]:
    """Yield consecutive rows of list columns, with their elements; a null list has none.

    Parameters
    ----------
    columns
        Of lists that are equally long in each row where none is null.
    width
        Numbers that a row of the result will hold: decides how many rows come at a time.
    """
    import numpy as np

    step = max(1, _CELLS_AT_ONCE // max(width, 64))
    for start in range(0, len(columns[0]), step):
        some = [column.slice(start, step) for column in columns]
        sizes = some[0].list.len().fill_null(0).to_numpy()
        there = np.flatnonzero(sizes)  # NOTE: an empty list explodes to a null
        elements = tuple(column.gather(there).explode() for column in some)
        owner = np.repeat(np.arange(len(sizes)), sizes)
        yield slice(start, start + len(sizes)), Exploded(len(sizes), elements, owner, sizes)
