"""Survey: one look at the data for several states, as a thing that can be sent to where the data lies."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from featurelib.errors import ColumnMissingError
from featurelib.fitting.enumerated import HashedTexts, enumerated, enumerated_pieces
from featurelib.fitting.numbered_texts import NumberedTexts
from featurelib.fitting.rank_summary import RankSummary
from featurelib.fitting.state import Form, State
from featurelib.program.chain import Chain, kinds_of
from featurelib.program.primitive import Kind
from featurelib.program.program import Program
from featurelib.term_rows import Coded, TermRows

if TYPE_CHECKING:
    import numpy as np

_OF_SERIES: dict[Form | None, Callable[[pl.Series], Any]] = {
    "hashed": HashedTexts.of,
    "numbered": NumberedTexts.of,
    None: enumerated,
}
_OF_PIECES: dict[Form | None, Callable[[Iterable[Coded]], Any]] = {
    "hashed": HashedTexts.of_pieces,
    "numbered": NumberedTexts.of_pieces,
    None: enumerated_pieces,
}
_CELLS_AT_ONCE = 40_000_000  # numbers of 8 bytes held at one time: 320 MB
_ROWS_AT_ONCE = 100_000  # of lists
_MANY = 1_000_000  # rows, from which a column that is ranked is read alone: a scan costs less than fresh memory


@dataclass(frozen=True, slots=True)
class Request:
    """One state to fill: the columns it summarises, as what they are viewed, and who asks (for errors)."""

    state: State
    reads: tuple[str, ...]
    view: Kind | tuple[Kind, ...]
    who: str = "the fit"

    @property
    def columns(self) -> tuple[tuple[str, Kind], ...]:
        """Each column with as what it is viewed."""
        return tuple(zip(self.reads, kinds_of(self.view, self.reads), strict=True))


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

    def of(self, rows: pl.LazyFrame | TermRows) -> list[State]:
        """Return the filled states, in the order of the requests; a few columns are in memory at a time.

        Raises
        ------
        ColumnMissingError, ColumnTypeError
            If a request reads a column that is not there, or of a type it cannot read.
        """
        frame = rows.lazy()
        self._check(frame.collect_schema())
        count = frame.select(pl.len()).collect().item()
        answers = {n: self._in_pieces(frame, item) for n, item in enumerate(self.requests) if _of_lists(item)}
        coded: frozenset[str] = frozenset()
        if isinstance(rows, TermRows):  # a scan, and nothing more: to read it again is to decode a column
            coded = self._coded(rows)
            if count >= _MANY:
                answers |= self._ranked_alone(frame, count)
        rest = [number for number in range(len(self.requests)) if number not in answers]
        for batch in self._batches(rest, max(2, _CELLS_AT_ONCE // max(count, 1)), coded):
            keys = dict.fromkeys(key for number in batch for key in self.requests[number].columns)
            values = self._values(rows, keys, coded)
            of_kind: dict[type[State], list[int]] = {}
            for number in batch:
                of_kind.setdefault(type(self.requests[number].state), []).append(number)
            # NOTE: what is counted of a text by some part of the rows need not be counted of it alone
            for kind, numbers in sorted(of_kind.items(), key=lambda each: -len(self.requests[each[1][0]].reads)):
                items = [self.requests[number] for number in numbers]
                asked = [(item.state, [values[key] for key in item.columns]) for item in items]
                answers.update(zip(numbers, kind.of_each(asked), strict=True))
        return [answers[number] for number in range(len(self.requests))]

    def _ranked_alone(self, frame: pl.LazyFrame, rows: int) -> dict[int, State]:
        """Return the filled requests for ranks of a column that no other request reads, by number."""
        reads = Counter(key for item in self.requests for key in item.columns)
        alone = [
            number
            for number, item in enumerate(self.requests)
            if isinstance(item.state, RankSummary) and not _of_lists(item) and reads[item.columns[0]] == 1
        ]
        if not alone:
            return {}
        import numpy as np

        room = np.empty(rows)  # NOTE: one for all: fresh memory for each costs more than its copy
        columns = (self._there(frame, self.requests[number].reads[0], room) for number in alone)
        return dict(zip(alone, map(RankSummary.of_values, columns), strict=True))

    def _coded(self, rows: TermRows) -> frozenset[str]:
        """Return the text columns that no chain makes."""
        texts = {name for name, dtype in rows.schema.items() if dtype == pl.String}
        return frozenset(texts - {chain.into for chain in self.chains})

    def _batches(self, requests: Iterable[int], width: int, coded: Collection[str]) -> Iterator[list[int]]:
        """Yield requests by number, as many as together read ``width`` columns; those of one column together.

        Of the ``coded`` columns there may be twice as many: most take two or four bytes a row.
        """
        columns = list(dict.fromkeys(key for item in self.requests for key in item.columns))
        batch: list[int] = []
        read: set[tuple[str, Kind]] = set()
        for number in sorted(requests, key=lambda n: columns.index(self.requests[n].columns[0])):
            more = read | {*self.requests[number].columns}
            if batch and sum(1 if column in coded else 2 for column, _ in more) > 2 * width:
                yield batch
                batch, more = [], {*self.requests[number].columns}
            batch.append(number)
            read = more
        if batch:
            yield batch

    def _in_pieces(self, frame: pl.LazyFrame, item: Request) -> State:
        """Return the filled state of one request, from some rows at a time: lists may be long."""
        program, names = self._looks(frame, item.columns)
        state = item.state

        def add(piece: pl.DataFrame) -> None:
            nonlocal state
            state = state.merge(item.state.of(*(piece[names[key]] for key in item.columns)))

        # NOTE: not `collect_batches`, which reads ahead of whoever takes the batches
        program.transform(frame).sink_batches(add, chunk_size=_ROWS_AT_ONCE, maintain_order=False)
        return state

    def _check(self, schema: Mapping[str, pl.DataType]) -> None:
        there = {**schema, **{chain.into: chain.dtype for chain in self.chains}}
        for item in self.requests:
            for column, kind in item.columns:
                if column not in there:
                    raise ColumnMissingError(item.who, column, where="the samples table", columns=schema)
                look = Chain(item.who, (column,), kind, ())
                look.check_input(column, there[column], where="the samples table")

    def _there(self, frame: pl.LazyFrame, column: str, room: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
        """Return the values of a number column that are there, in any order, in the first part of some room."""
        if any(chain.into == column for chain in self.chains):
            frame = Program.of(self.chains, frame.collect_schema(), [column]).transform(frame)
        count = 0

        def add(piece: pl.DataFrame) -> None:
            nonlocal count
            room[count : count + len(piece)] = piece.to_series().to_numpy()
            count += len(piece)

        # NOTE: neither null nor NaN passes this filter, in a fifth of the time that making NaN null takes
        there = frame.select(pl.col(column).cast(pl.Float64)).filter(pl.col(column).is_not_nan())
        there.sink_batches(add, maintain_order=False)
        return room[:count]

    def _values(
        self, rows: pl.LazyFrame | TermRows, columns: Iterable[tuple[str, Kind]], coded: Collection[str]
    ) -> dict[tuple[str, Kind], Any]:
        """Return columns as series, and texts in the form in which all that read them take them."""
        forms = self._forms()
        values: dict[tuple[str, Kind], Any] = {}
        others = []
        for name, kind in columns:
            if isinstance(rows, TermRows) and kind == "text" and name in coded:
                values[name, kind] = _OF_PIECES[forms[name, kind]](rows.coded(name))
            else:
                others.append((name, kind))
        if not others:
            return values
        program, names = self._looks(rows.lazy(), others)
        # NOTE: the streaming engine need not keep the order of rows, and those of `TermRows` are read column by column
        found: pl.DataFrame = program.transform(rows).collect(engine="in-memory" if values else "auto")
        return values | {
            key: _OF_SERIES[forms[key]](found[name]) if key[1] == "text" else found[name] for key, name in names.items()
        }

    def _forms(self) -> dict[tuple[str, Kind], Form | None]:
        forms: dict[tuple[str, Kind], set[Form | None]] = {}
        for item in self.requests:
            for place, key in enumerate(item.columns):
                forms.setdefault(key, set()).add(item.state.forms.get(place))
        return {key: taken.pop() if len(taken) == 1 else None for key, taken in forms.items()}

    def _looks(
        self, frame: pl.LazyFrame, columns: Iterable[tuple[str, Kind]]
    ) -> tuple[Program, dict[tuple[str, Kind], str]]:
        """Return the program that views some columns, and under which name it hands out each."""
        names = {key: f"?{number}" for number, key in enumerate(dict.fromkeys(columns))}
        looks = [Chain(name, (column,), kind, ()) for (column, kind), name in names.items()]
        return Program.of([*self.chains, *looks], frame.collect_schema(), list(names.values())), names


def _of_lists(item: Request) -> bool:
    return any(kind in {"texts", "numbers"} for _, kind in item.columns)


def merge_answers(answers: Sequence[Sequence[State]]) -> list[State]:
    """Merge the answers to one survey from several partitions, in the order given."""
    return [first.merge_all(others) for first, *others in zip(*answers, strict=True)]


Surveyor = Callable[[Survey], list[State]]


def ask(survey: Surveyor, chains: Sequence[Chain], requests: Sequence[Request]) -> list[State]:
    """Return the answers to some requests, where what several of them ask for is asked once.

    Such as the rows per term of one column, which a vocabulary and a frequency both learn from.
    """
    asked: list[Request] = []
    places = []
    for request in requests:
        equal = (n for n, other in enumerate(asked) if (other.columns, other.state) == (request.columns, request.state))
        place = next(equal, len(asked))
        places.append(place)
        if place == len(asked):
            asked.append(request)
    answers = survey(Survey(tuple(chains), tuple(asked)))
    return [answers[place] for place in places]
