"""MicroBatch: the chains of a program over the candidates of one request, column by column."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.program.chain import VIEWS, Chain
from featurelib.program.primitive import Cells, Kind, RowFunction

if TYPE_CHECKING:
    import numpy as np

    Column = Sequence[Any] | np.ndarray[Any, Any]

_VIEWS = {kind: view() for kind, view in VIEWS.items()}
_NUMBERS = "fiub"  # kinds of NumPy types: floats, integers of both kinds, booleans


@dataclass(frozen=True, slots=True)
class _Planned:
    """A chain as it goes through a micro-batch.

    ``alone`` is its function of one row, if a row's value depends on that row alone; ``again`` says whether there was a
    column of its name before.
    """

    chain: Chain
    reads: tuple[tuple[str, Kind], ...]
    named: frozenset[str]
    alone: RowFunction | None
    again: bool


class MicroBatch:
    """Computes chains over some hundred rows at once.

    Parameters
    ----------
    chains
        Each with its function of one row.
    """

    def __init__(self, chains: Iterable[tuple[Chain, RowFunction]]) -> None:
        self._plan: list[_Planned] = []
        known: set[str] = set()
        for chain, function in chains:
            known.update(chain.reads)
            reads = tuple(zip(chain.reads, chain.kinds, strict=True))
            alone = function if chain.is_elementwise else None
            self._plan.append(_Planned(chain, reads, frozenset(chain.reads), alone, chain.into in known))
            known.add(chain.into)

    def compute(self, read: Callable[[str], Cells], count: int, fixed: dict[str, Any]) -> dict[str, Cells]:
        """Return the columns that the chains make; those that are the same in all rows go into ``fixed`` instead.

        Parameters
        ----------
        read
            Returns an input column.
        count
            Rows; at least one.
        fixed
            The inputs that are the same in all rows.
        """
        made: dict[str, Cells] = {}
        viewed: dict[tuple[str, Kind], Cells] = {}
        for planned in self._plan:
            into = planned.chain.into
            if planned.alone is not None and fixed.keys() >= planned.named:
                fixed[into] = planned.alone(fixed)
            else:
                for key in planned.reads:
                    if key not in viewed:
                        column, kind = key
                        if column in fixed:
                            viewed[key] = Cells.repeat(_VIEWS[kind].row()(fixed[column]), count)
                        else:
                            viewed[key] = _VIEWS[kind].array(made[column] if column in made else read(column))
                made[into] = planned.chain.array(*[viewed[key] for key in planned.reads])
                fixed.pop(into, None)
            if planned.again:
                for kind in VIEWS:
                    viewed.pop((into, kind), None)
        return made


def cells_of(column: "Column") -> Cells:
    """Return a column of the caller: a list, or an array, whose numbers stay one."""
    import numpy as np

    if type(column) is np.ndarray and column.ndim == 1 and column.dtype.kind in _NUMBERS:
        return Cells(column, np.ones(len(column), dtype=bool))
    if isinstance(column, np.ndarray) and column.dtype.kind in "mM":
        column = column.astype(
            f"{column.dtype.kind}8[us]"
        )  # as Python's instants; of nanoseconds `tolist` makes numbers
    to_list: Callable[[], list[Any]] = getattr(column, "tolist", lambda: list(column))  # of any other array
    return Cells.of(to_list())


def column_of(cells: Cells, dtype: pl.DataType) -> Any:
    """Return a column for the caller: numbers as a new array with NaN for null, all else as a list of Python values.

    Raises
    ------
    TypeError, ValueError
        If a whole number is null.
    """
    return cells.to_array(str(dtype).lower()) if dtype.is_numeric() else list(cells.to_list())


def rows_of(columns: "Mapping[str, Column]") -> list[dict[str, Any]]:
    """Return the rows of some columns, as Python values."""
    listed = [cells_of(column).to_list() for column in columns.values()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*listed, strict=True)]
