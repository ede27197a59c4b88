"""Tally: rows, and the sum of their labels, by numbered cell."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_SLICE = 2**17  # rows whose cells lie in the cache of a core, and take no fresh memory
_CELLS, _CELLS_A_ROW = 4096, 4  # counted in an array; with more, it would be larger than the rows, and mostly zeros


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of some rows: how many these are, which have one other than 0, as few do, and that, in 64 bits."""

    count: int
    rows: "Array"
    values: "Array"

    @classmethod
    def of(cls, label: pl.Series) -> "Labels":
        """Return labels that are whole numbers, none of them null."""
        rows = (label != 0).arg_true().cast(pl.Int64)
        return cls(len(label), rows.to_numpy(), label.gather(rows).cast(pl.Int64).to_numpy())


def slices(rows: int) -> Iterator[slice]:
    """Yield all rows in order, some at a time."""
    for begin in range(0, rows, _SLICE):
        yield slice(begin, begin + _SLICE)


def counts(pieces: "Iterable[Array]", cells: int) -> "Array":
    """Return the rows of each cell, from 0 on, given the cells of the rows, some at a time, as 64-bit integers."""
    import numpy as np

    made = np.zeros(cells, dtype=np.int64)
    for cell in pieces:
        np.add.at(made, cell, 1)  # any other type takes ten times as long
    return made


def by_cell(pieces: "Iterable[Array]", labels: Labels, cells: int) -> "tuple[Array, Array, Array]":
    """Return the cells that have rows, ascending, and of each the rows and the sum of their labels.

    Parameters
    ----------
    pieces
        The cells of the rows, as 64-bit integers, of some rows after the other.
    labels
        Of all rows.
    cells
        How many there are.
    """
    import numpy as np

    if cells > _CELLS_A_ROW * labels.count + _CELLS:
        return _of_few(np.concatenate([np.empty(0, dtype=np.int64), *pieces]), labels)
    rows, total = np.zeros(cells, dtype=np.int64), np.zeros(cells, dtype=np.int64)
    first = 0
    for cell in pieces:
        np.add.at(rows, cell, 1)
        of_piece = slice(*np.searchsorted(labels.rows, (first, first + len(cell))))
        np.add.at(total, cell[labels.rows[of_piece] - first], labels.values[of_piece])
        first += len(cell)
    found = np.flatnonzero(rows)
    return found, rows[found], total[found]


def _of_few(cell: "Array", labels: Labels) -> "tuple[Array, Array, Array]":
    import numpy as np

    label = np.zeros(labels.count, dtype=np.int64)
    label[labels.rows] = labels.values
    by = pl.DataFrame({"cell": cell, "label": label}).group_by("cell")
    counted = by.agg(rows=pl.len().cast(pl.Int64), total=pl.col("label").sum()).sort("cell")
    found, rows, total = (column.to_numpy() for column in counted)
    return found, rows, total
