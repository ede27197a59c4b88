"""Apart: the parts of a program that depend on one text column alone, and the rest of it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from featurelib.term_rows import OfTerms, TermRows

if TYPE_CHECKING:
    from featurelib.program.program import Program


@dataclass(frozen=True, slots=True)
class Apart:
    """A program in parts.

    Attributes
    ----------
    of_terms
        By text column, what depends on it alone.
    rest
        The program that reads other columns, and what those make.
    """

    of_terms: Mapping[str, OfTerms]
    rest: "Program"

    @property
    def made(self) -> tuple[str, ...]:
        """The columns that are made of terms: some for the result, some for the rest to read."""
        return tuple(name for part in self.of_terms.values() for name in part.schema)

    def over(self, rows: TermRows, keep: Sequence[str] = ()) -> pl.LazyFrame:
        """Return the kept columns, all that is made of terms, then the outputs of the rest."""
        columns = dict.fromkeys([*keep, *(name for name in self.rest.inputs if name not in self.made)])
        computed = rows.computed(list(columns), self.of_terms)
        result: pl.LazyFrame = self.rest.transform(computed, keep=[*keep, *self.made])
        return result


def apart(program: "Program", texts: Iterable[str]) -> Apart:
    """Return the parts of a program whose inputs ``texts`` are text columns of the rows."""
    times = Counter(chain.into for chain in program.chains)
    origin = {name: name for name in texts if name not in times}
    of_terms, rest = [], []
    for chain in program.chains:
        columns = {origin.get(column) for column in chain.reads}
        alone = columns.pop() if len(columns) == 1 else None
        if alone is None or chain.into in program.inputs or times[chain.into] > 1 or not chain.is_elementwise:
            rest.append(chain)
        else:
            of_terms.append(chain)
            origin[chain.into] = alone
    types = {chain.into: chain.dtype for chain in of_terms}
    remaining = program.of(rest, {**program.inputs, **types}, [name for name in program.outputs if name not in types])
    made: dict[str, list[str]] = {}
    for name in types:
        if name in program.outputs or name in remaining.inputs:
            made.setdefault(origin[name], []).append(name)
    return Apart({column: program.of(of_terms, program.inputs, names) for column, names in made.items()}, remaining)
