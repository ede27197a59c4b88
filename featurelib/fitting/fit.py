"""Fit: from declared operators to the chains of a program, in as few looks at the data as there are dependencies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import polars as pl

from featurelib.errors import DeclarationError
from featurelib.fitting.operator import Operator
from featurelib.fitting.state import State
from featurelib.fitting.survey import Request, Survey
from featurelib.program.chain import Chain
from featurelib.program.program import Program

Surveyor = Callable[[Survey], list[State]]


def fit(operators: Operator | Sequence[Operator], frame: pl.DataFrame | pl.LazyFrame) -> Program:
    """Fit operators to one frame; each may read what earlier ones made.

    Parameters
    ----------
    operators
        One operator, or several in order.
    frame
        The rows to learn from. The outputs of the program are the columns that the operators make.

    Raises
    ------
    ColumnMissingError, ColumnTypeError
        If an operator reads a column that is not there, or of a type it cannot read.
    DeclarationError
        If two operators make the same column, and the second is no repair of it.
    """
    listed = [operators] if isinstance(operators, Operator) else list(operators)
    rows = frame.lazy()
    chains = learn(listed, lambda survey: survey.of(rows))
    outputs = list(dict.fromkeys(name for operator in listed for name in operator.makes))
    return Program.of(chains, rows.collect_schema(), outputs)


def learn(operators: Sequence[Operator], survey: Surveyor) -> tuple[Chain, ...]:
    """Return the finished chains of the operators, in order.

    Parameters
    ----------
    operators
        In order: one that rewrites a column is seen by those after it, not by those before it.
    survey
        Answers a `Survey` from the data: over one frame, or over partitions on an engine with the answers merged.
    """
    places = _places(operators)
    finished: dict[int, tuple[Chain, ...]] = {}
    known: list[Chain] = []
    while len(finished) < len(operators):
        ready = [place for place in places if place.number not in finished and place.needs <= finished.keys()]
        asked = [(place, state) for place in ready if (state := operators[place.number].state()) is not None]
        learned: dict[int, State] = {}
        if asked:
            requests = [
                Request(state, place.reads, operators[place.number].view, who=repr(operators[place.number]))
                for place, state in asked
            ]
            answers = survey(Survey(tuple(known), tuple(requests)))
            learned = {place.number: state for (place, _), state in zip(asked, answers, strict=True)}
        for place in ready:
            chains = operators[place.number].chains(learned.get(place.number))
            finished[place.number] = chains
            renamed = zip(chains, place.makes, strict=True)
            known += [replace(chain, into=register, reads=place.reads) for chain, register in renamed]
    return tuple(chain for number in range(len(operators)) for chain in finished[number])


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an operator stands: its columns under names that are made only once, and the operators it waits for."""

    number: int
    reads: tuple[str, ...]
    makes: tuple[str, ...]
    needs: frozenset[int]


def _places(operators: Sequence[Operator]) -> list[_Place]:
    current: dict[str, str] = {}
    maker: dict[str, int] = {}
    places = []
    for number, operator in enumerate(operators):
        reads = tuple(current.get(column, column) for column in operator.reads)
        for column in operator.makes:
            if column in current and column not in operator.reads:
                first = operators[maker[current[column]]]
                raise DeclarationError(
                    f"{operator!r} makes column {column!r}, which {first!r} made. Name one of them with Feature(...)."
                )
        makes = tuple(f"{column}@{number}" for column in operator.makes)
        needs = frozenset(maker[register] for register in reads if register in maker)
        places.append(_Place(number, reads, makes, needs))
        for column, register in zip(operator.makes, makes, strict=True):
            current[column] = register
            maker[register] = number
    return places
