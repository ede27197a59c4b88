"""Fit: from declared operators to the chains of a program, in as few looks at the data as there are dependencies."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from featurelib.errors import DeclarationError
from featurelib.fitting.operator import Operator
from featurelib.fitting.state import State
from featurelib.fitting.survey import Request, Surveyor, ask
from featurelib.program.chain import Chain
from featurelib.program.primitive import Kind
from featurelib.program.program import Program


def fit(
    operators: Operator | Sequence[Operator], frame: pl.DataFrame | pl.LazyFrame, *, earlier: Program | None = None
) -> Program:
    """Fit operators to one frame; each may read what earlier ones made.

    Parameters
    ----------
    operators
        One operator, or several in order.
    frame
        The rows to learn from. The outputs of the program are the columns that the operators make.
    earlier
        A program that this one is to follow: vocabularies keep the numbers that they gave to terms in it.

    Returns
    -------
    The program. What operators found beyond it, such as the gains of crosses, is in ``made["records"]``.

    Raises
    ------
    ColumnMissingError, ColumnTypeError
        If an operator reads a column that is not there, or of a type it cannot read.
    DeclarationError
        If there is no operator, or two make the same column, and the second is no repair of it.
    """
    listed = [operators] if isinstance(operators, Operator) else list(operators)
    if not listed:
        raise DeclarationError("fit takes at least one operator, such as Standardize('price'), got none.")
    rows = frame.lazy()
    then = () if earlier is None else earlier.chains
    records: list[dict[str, Any]] = []
    chains = learn(listed, lambda survey: survey.of(rows), earlier=then, tell=records.append)
    outputs = list(dict.fromkeys(name for operator in listed for name in operator.makes))
    program = Program.of(chains, rows.collect_schema(), outputs)
    return replace(program, made={"records": records}) if records else program


def learn(
    operators: Sequence[Operator],
    survey: Surveyor,
    *,
    earlier: Iterable[Chain] = (),
    tell: Callable[[dict[str, Any]], None] | None = None,
) -> tuple[Chain, ...]:
    """Return the finished chains of the operators, in order.

    Parameters
    ----------
    operators
        In order: one that rewrites a column is seen by those after it, not by those before it.
    survey
        Answers a `Survey` from the data: over one frame, or over partitions on an engine with the answers merged.
    earlier
        Chains of an earlier program: an operator some of whose columns they make may go on from them.
    tell
        Called with the record of each operator that leaves one.
    """
    places = _places(operators)
    then = {chain.into: chain for chain in earlier}
    finished: dict[int, tuple[Chain, ...]] = {}
    known: list[Chain] = []
    while len(finished) < len(operators):
        ready = [place for place in places if place.number not in finished and place.needs <= finished.keys()]
        # NOTE: first what learns nothing, so that all which waits for it is learned in one look at the data
        ready = [place for place in ready if operators[place.number].state() is None] or ready
        asked = [(place, state) for place in ready if (state := operators[place.number].state()) is not None]
        learned: dict[int, State] = {}
        if asked:
            requests = [
                Request(state, place.learns, place.kinds, who=repr(operators[place.number])) for place, state in asked
            ]
            answers = ask(survey, known, requests)
            learned = {place.number: state for (place, _), state in zip(asked, answers, strict=True)}
        for place in ready:
            operator, state = operators[place.number], learned.get(place.number)
            before = tuple(then[column] for column in operator.makes if column in then)
            chains = operator.continued(state, before) if before else operator.chains(state)
            record = operator.record(state, chains)
            if tell is not None and record is not None:
                tell(record)
            finished[place.number] = chains
            known += place.renamed(chains)
    _check_names(operators, finished)
    return tuple(_once([chain for number in range(len(operators)) for chain in finished[number]]))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an operator stands: its columns under names that are made only once, and the operators it waits for."""

    number: int
    registers: Mapping[str, str]
    learns: tuple[str, ...]
    kinds: tuple[Kind, ...]
    needs: frozenset[int]

    def renamed(self, chains: Iterable[Chain]) -> Iterator[Chain]:
        """Return the operator's chains under names that are made only once, from the columns that it found."""
        now = dict(self.registers)
        for chain in chains:
            register = self.register(chain.into)
            yield replace(chain, into=register, reads=tuple(now.get(column, column) for column in chain.reads))
            now[chain.into] = register

    def register(self, column: str) -> str:
        return f"{column}@{self.number}"


def _places(operators: Sequence[Operator]) -> list[_Place]:
    current: dict[str, str] = {}
    maker: dict[str, int] = {}
    places = []
    for number, operator in enumerate(operators):
        for column in operator.makes:
            if column in current and column not in operator.reads:
                first = operators[maker[current[column]]]
                raise DeclarationError(
                    f"{operator!r} makes column {column!r}, which {first!r} made. Name one of them with Feature(...)."
                )
        learns = tuple(current.get(column, column) for column, _ in operator.learns)
        found = (*learns, *(current.get(column, column) for column in operator.reads))
        needs = frozenset(maker[register] for register in found if register in maker)
        place = _Place(number, dict(current), learns, tuple(kind for _, kind in operator.learns), needs)
        places.append(place)
        for column in operator.makes:
            current[column] = place.register(column)
            maker[current[column]] = number
    return places


def _check_names(operators: Sequence[Operator], finished: Mapping[int, tuple[Chain, ...]]) -> None:
    """Raise `DeclarationError` if a column has the name of one that an operator makes on the way."""
    named: dict[str, Operator] = {}
    for operator in operators:
        named |= dict.fromkeys((*operator.reads, *operator.makes, *(column for column, _ in operator.learns)), operator)
    for number, maker in enumerate(operators):
        for chain in finished[number]:
            if chain.into in named and chain.into not in maker.makes:
                raise DeclarationError(
                    f"{named[chain.into]!r} has a column {chain.into!r}, a name that {maker!r} uses on the way. Give "
                    "the column another."
                )


def _once(chains: Sequence[Chain]) -> Iterator[Chain]:
    """Leave out each chain that would compute again what its column holds."""
    times = Counter(chain.into for chain in chains)
    standing: dict[str, Chain] = {}  # of the columns that are made several times
    for chain in chains:
        if standing.get(chain.into) == chain:
            continue
        yield chain
        changed = chain.into
        standing = {name: made for name, made in standing.items() if changed not in {name, *made.reads}}
        if times[changed] > 1 and changed not in chain.reads:
            standing[changed] = chain
