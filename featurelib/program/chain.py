"""Chain: one column of a program, from the columns it reads through a few primitives."""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import polars as pl

from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.program.primitive import Cells, Kind, Primitive, RowFunction
from featurelib.program.primitives import Gather, Index, Number, Numbers, Place, Text, Texts, Time
from featurelib.program.primitives.index import SharedTerms
from featurelib.program.view import View

_FOLDED = 100_000  # values of a table that may be held twice, as stored and as they end
VIEWS: dict[Kind, type[View]] = {
    "number": Number,
    "text": Text,
    "time": Time,
    "texts": Texts,
    "numbers": Numbers,
    "place": Place,
}


@dataclass(frozen=True)
class Chain:
    """Compute column ``into``: view each column read as a number, a text, ..., then apply the steps in order.

    Parameters
    ----------
    into
        The column it makes. It may be one that it reads: later chains then read the new value.
    reads
        The columns it reads; the first step takes them all.
    view
        As what each column is read: ``number``, ``text``, ``time``, ``texts``, ``numbers`` or ``place`` (see `Number`,
        `Text`, `Time`, `Texts`, `Numbers`, `Place`). One for all of them, or a tuple with one for each.
    steps
        The primitives; none hands on the view of one column.

    Raises
    ------
    DeclarationError
        If a step takes another kind of value than the step before it makes, or there is not one view for each column.
    """

    into: str
    reads: tuple[str, ...]
    view: Kind | tuple[Kind, ...]
    steps: tuple[Primitive, ...]

    def __post_init__(self) -> None:
        kinds = self.kinds
        if len(kinds) != len(self.reads) or not set(kinds) <= VIEWS.keys():
            raise DeclarationError(
                f"chain {self.into!r} views {self.reads} as {self.view!r}; give one for all, or one for each, of "
                f"{', '.join(VIEWS)}."
            )
        if len(set(kinds)) == 1:  # one meaning has one form
            object.__setattr__(self, "view", kinds[0])
        for step in self.steps:
            wanted = kinds_of(step.takes, kinds)
            if len(wanted) != len(kinds) or any(
                want not in {"raw", kind} for want, kind in zip(wanted, kinds, strict=True)
            ):
                took, got = ", ".join(wanted), ", ".join(kinds)
                raise DeclarationError(f"chain {self.into!r}: step {step.op} takes a {took}, got a {got}.")
            kinds = (step.gives,)

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """As what each column is read, in the order of ``reads``."""
        return kinds_of(self.view, self.reads)

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the column it makes."""
        return self.steps[-1].dtype if self.steps else VIEWS[self.kinds[0]]().dtype

    @property
    def is_elementwise(self) -> bool:
        """Whether a row's value depends on that row alone; see `Primitive`."""
        return all(step.is_elementwise for step in self.steps)

    def check_input(self, column: str, dtype: pl.DataType, *, where: str) -> None:
        """Raise `ColumnTypeError` if a column of this type cannot be viewed as the chain needs."""
        for read, kind in zip(self.reads, self.kinds, strict=True):
            view = VIEWS[kind]
            if read == column and not view.fits(dtype):
                hint = view.hint(dtype)
                raise ColumnTypeError(self.into, column, where=where, got=dtype, want=view.want, hint=hint)

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        """Return the chain as one polars expression over the columns it reads."""
        if self.view == "number" and self.steps and self.steps[0].reads_nan:
            values = [column.cast(Number().dtype) for column in inputs]
        else:
            values = [VIEWS[kind]().expr(column) for kind, column in zip(self.kinds, inputs, strict=True)]
        return _through(self.steps, *values)

    @property
    def indexed(self) -> Index | None:
        """Its first step, if that numbers the terms of the one column that it reads."""
        return self.steps[0] if self.steps and type(self.steps[0]) is Index else None

    def expr_among(self, terms: SharedTerms, column: pl.Expr, codes: pl.Expr) -> pl.Expr:
        """Return the chain as one polars expression over the column it reads, and the codes of that; see `indexed`."""
        assert self.indexed is not None  # noqa: S101  # who calls it has looked
        return _through(self.steps[1:], self.indexed.expr_among(terms, Text().expr(column), codes))

    def row(self) -> Callable[[Mapping[str, Any]], Any]:
        """Return the chain as a function of one row."""
        views, steps = [VIEWS[kind]() for kind in self.kinds], _row_functions(self.steps)
        if len(self.reads) == 1:
            return views[0].of_row(self.reads[0], _composed(steps))
        first, rest = steps[0], _composed(steps[1:])
        read = [view.of_row(column, _identity) for view, column in zip(views, self.reads, strict=True)]
        if len(read) == 2:
            one, other = read
            return lambda row: rest(first(one(row), other(row)))
        return lambda row: rest(first(*[value(row) for value in read]))

    def array(self, *inputs: Cells) -> Cells:
        """Return the chain over a micro-batch of columns that were viewed already."""
        values = list(inputs)
        for step in self.steps:
            values = [step.array(*values)]
        return values[0]

    def to_json(self) -> dict[str, Any]:
        """Return the chain as plain data, without the large constants of its steps."""
        steps = [step.to_json() for step in self.steps]
        view = self.view if isinstance(self.view, str) else list(self.view)
        return {"into": self.into, "reads": list(self.reads), "view": view, "steps": steps}


def kinds_of(view: Kind | tuple[Kind, ...], reads: Sized) -> tuple[Kind, ...]:
    """Return as what each column is read, given one kind for all of them or one for each."""
    return (view,) * len(reads) if isinstance(view, str) else view


def _through(steps: Sequence[Primitive], *values: pl.Expr) -> pl.Expr:
    for place, step in enumerate(steps):
        rest = steps[place + 1 :]
        if isinstance(step, Gather) and rest:  # what follows a table is applied to its values once, beforehand
            return step.expr_of(step.in_order.to_frame().select(_through(rest, pl.first())).to_series(), *values)
        values = (step.expr(*values),)
    return values[0]


def _row_functions(steps: tuple[Primitive, ...]) -> list[RowFunction]:
    """Return the steps as functions; what follows a small table is applied to its values once, beforehand."""
    for place, step in enumerate(steps):
        rest = steps[place + 1 :]
        if isinstance(step, Gather) and rest and len(step.values) <= _FOLDED:
            then = _composed([later.row() for later in rest])
            table = Gather(tuple(map(then, step.values)))
            return [*(earlier.row() for earlier in steps[:place]), table.row()]
    return [step.row() for step in steps]


def _identity(value: Any) -> Any:
    return value


def _composed(steps: Sequence[RowFunction]) -> RowFunction:
    """Return one function after another as one, with as few calls as can be."""
    match steps:
        case []:
            return _identity
        case [one]:
            return one
        case [one, two]:
            return lambda value: two(one(value))
        case [one, two, three]:
            return lambda value: three(two(one(value)))
        case [one, two, three, *rest]:
            return _composed([_composed([one, two, three]), *rest])
    raise AssertionError(steps)
