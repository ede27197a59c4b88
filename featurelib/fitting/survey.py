"""Survey: one look at the data for several states, as a thing that can be sent to where the data lies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import polars as pl

from featurelib.errors import ColumnMissingError
from featurelib.fitting.state import State
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind
from featurelib.program.program import Program

_CELLS_AT_ONCE = 40_000_000  # numbers of 8 bytes held at one time: 320 MB


@dataclass(frozen=True, slots=True)
class Request:
    """One state to fill: the columns it summarises, as what they are viewed, and who asks (for errors)."""

    state: State
    reads: tuple[str, ...]
    view: Kind
    who: str = "the fit"


@dataclass(frozen=True, slots=True)
class Survey:
    """Fill states from a frame, after applying the chains that are known so far.

    Parameters
    ----------
    chains
        Chains that make columns which the requests read.
    requests
        The states to fill.
    """

    chains: tuple[Chain, ...]
    requests: tuple[Request, ...]

    def of(self, frame: pl.LazyFrame) -> list[State]:
        """Return the filled states, in the order of the requests; a few columns are in memory at a time.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If a request reads a column that is not there, or of a type it cannot read.
        """
        self._check(frame.collect_schema())
        columns = list(dict.fromkeys((column, item.view) for item in self.requests for column in item.reads))
        rows = frame.select(pl.len()).collect().item()
        width = max(2, _CELLS_AT_ONCE // max(rows, 1))
        answers: dict[int, State] = {}
        for start in range(0, len(columns), width):
            batch = self._with_partners(columns[start : start + width])
            values = self._values(frame, batch)
            for number, item in enumerate(self.requests):
                wanted = [(column, item.view) for column in item.reads]
                if number not in answers and set(wanted) <= values.keys():
                    answers[number] = item.state.of(*(values[key] for key in wanted))
        return [answers[number] for number in range(len(self.requests))]

    def _check(self, schema: Mapping[str, pl.DataType]) -> None:
        there = {**schema, **{chain.into: chain.dtype for chain in self.chains}}
        for item in self.requests:
            for column in item.reads:
                if column not in there:
                    raise ColumnMissingError(item.who, column, where="the samples table", columns=schema)
                look = Chain(item.who, (column,), item.view, ())
                look.check_input(column, there[column], where="the samples table")

    def _with_partners(self, columns: list[tuple[str, Kind]]) -> list[tuple[str, Kind]]:
        """Add the columns that a state needs beside these (a label), so that each state finds all of its own."""
        partners = [
            (column, item.view)
            for item in self.requests
            if any((read, item.view) in columns for read in item.reads)
            for column in item.reads
        ]
        return list(dict.fromkeys([*columns, *partners]))

    def _values(self, frame: pl.LazyFrame, columns: list[tuple[str, Kind]]) -> dict[tuple[str, Kind], pl.Series]:
        views = {f"?{number}": key for number, key in enumerate(columns)}
        looks = [Chain(name, (column,), view, ()) for name, (column, view) in views.items()]
        program = Program.of([*self.chains, *looks], frame.collect_schema(), list(views))
        values: pl.DataFrame = program.transform(frame).collect()
        return {key: values[name] for name, key in views.items()}


def merge_answers(answers: Sequence[Sequence[State]]) -> list[State]:
    """Merge the answers to one survey from several partitions, in the order given."""
    return [reduce(lambda first, second: first.merge(second), states) for states in zip(*answers, strict=True)]
