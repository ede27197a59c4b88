"""Fit: from declared operators to the chains of a program, in as few looks at the data as there are dependencies."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
from featurelib.term_rows import TermRows


def fit(
    operators: Operator | Sequence[Operator],
    frame: pl.DataFrame | pl.LazyFrame | TermRows,
    *,
    earlier: Program | None = None,
) -> Program:
    """Fit operators to one frame; each may read what earlier ones made.

    Parameters
    ----------
    operators
        One operator, or several in order.
    frame
        The rows to learn from; of `TermRows`, such as `featurelib.tables.ParquetRows`, a text is looked up once for
        many rows. The outputs of the program are the columns that the operators make.
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
        If there is no operator; if two make the same column, and the second is no repair of it; or if one reads a
        column of the frame whose name another took for something else.
    """
    listed = [operators] if isinstance(operators, Operator) else list(operators)
    if not listed:
        raise DeclarationError("fit takes at least one operator, such as Standardize('price'), got none.")
    rows = frame if isinstance(frame, TermRows) else frame.lazy()
    schema = rows.schema if isinstance(rows, TermRows) else rows.collect_schema()
    check_names_taken(listed, schema)
    then = () if earlier is None else earlier.chains
    records: list[dict[str, Any]] = []
    chains = learn(listed, lambda survey: survey.of(rows), earlier=then, tell=records.append)
    outputs = list(dict.fromkeys(name for operator in listed for name in operator.makes))
    program = Program.of(chains, schema, outputs)
    return replace(program, made={"records": records}) if records else program


def check_names_taken(operators: Iterable[Operator], columns: Collection[str]) -> None:
    """Check that no operator reads a column of the rows by a name that one before it gave to something else.

    One that reads a column and makes it anew repairs it, and is seen by those after it. One that does not read it makes
    another thing of that name, and which of them is meant nobody can tell.

    Parameters
    ----------
    operators
        In order.
    columns
        Those of the rows.

    Raises
    ------
    DeclarationError
        If one does.
    """
    taken: dict[str, Operator] = {}
    for operator in operators:
        read = {*operator.reads, *(column for column, _ in operator.learns)}
        for column in sorted(read & taken.keys()):
            raise DeclarationError(
                f"{operator!r} reads {column!r}, which the rows have, and which {taken[column]!r} makes of other "
                "columns: which of them is meant cannot be told. Give what is made another name with Feature(...), or "
                "list it behind what reads the rows' own."
            )
        taken |= {column: operator for column in operator.makes if column in columns and column not in operator.reads}


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
    then = {chain.into: chain for chain in earlier}
    places, numbered = _numbered(operators, _places(operators), then)
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
            if before:
                chains = operator.continued(state, before)
            elif place.number in numbered:
                chains = operator.numbered_as(state, finished[numbered[place.number]])
            else:
                chains = operator.chains(state)
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


def _numbered(
    operators: Sequence[Operator], places: Sequence[_Place], earlier: Collection[str]
) -> tuple[list[_Place], dict[int, int]]:
    """Return the places, and by operator that has no column among the earlier ones, which other gives it its numbers.

    That is one with the same `numbering` of the same columns, which has. The new one waits for it, unless it would wait
    for ever.
    """
    stands = {place.number: any(column in earlier for column in operators[place.number].makes) for place in places}
    numberings = {place.number: (place.learns, operators[place.number].numbering) for place in places}
    first = {numberings[number]: number for number in reversed(stands) if stands[number]}
    needs = {place.number: place.needs for place in places}
    numbered = {}
    for number, (columns, numbering) in numberings.items():
        other = None if stands[number] or numbering is None else first.get((columns, numbering))
        if other is not None and not _waits(needs, other, number):
            numbered[number] = other
            needs[number] |= {other}
    return [replace(place, needs=needs[place.number]) for place in places], numbered


def _waits(needs: Mapping[int, Collection[int]], one: int, other: int) -> bool:
    """Return whether an operator waits for another, or for one that does."""
    return any(needed == other or _waits(needs, needed, other) for needed in needs[one])


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
