"""Chain: one column of a program, from the columns it reads through a few primitives."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import polars as pl

from featurelib.errors import ColumnTypeError, DeclarationError
from featurelib.program.primitive import Cells, Primitive
from featurelib.program.primitives import Number, Text

VIEWS: dict[str, type[Primitive]] = {"number": Number, "text": Text}


@dataclass(frozen=True)
class Chain:
    """Compute column ``into``: view each column read as a number or a text, then apply the steps in order.

    Parameters
    ----------
    into
        The column it makes. It may be one that it reads: later chains then read the new value.
    reads
        The columns it reads; the first step takes them all.
    view
        ``number`` or ``text``: as what each column is read (see `Number` and `Text`).
    steps
        The primitives; none hands on the view of one column.

    Raises
    ------
    DeclarationError
        If a step takes another kind of value than the step before it makes.
    """

    into: str
    reads: tuple[str, ...]
    view: str
    steps: tuple[Primitive, ...]

    def __post_init__(self) -> None:
        kind = self.view
        for step in self.steps:
            if step.takes not in {kind, "raw"}:
                raise DeclarationError(f"chain {self.into!r}: step {step.op} takes a {step.takes}, got a {kind}.")
            kind = step.gives

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the column it makes."""
        return (VIEWS[self.view](), *self.steps)[-1].dtype

    def check_input(self, column: str, dtype: pl.DataType, *, where: str) -> None:
        """Raise `ColumnTypeError` if a column of this type cannot be viewed as the chain needs."""
        readable = dtype.is_integer() or dtype in {pl.Boolean(), pl.Null()}
        if self.view == "number":
            want, fits = "a number or boolean", readable or dtype.is_numeric()
        else:
            # NOTE: a tuple, not a set: an Enum equals its class without having its hash
            want, fits = "text, integer or boolean", readable or dtype in (pl.String, pl.Categorical, pl.Enum)
        if not fits:
            hint = "Bin a float before you use it as a category." if dtype.is_float() else ""
            raise ColumnTypeError(self.into, column, where=where, got=dtype, want=want, hint=hint)

    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        """Return the chain as one polars expression over the columns it reads."""
        view = VIEWS[self.view]()
        values = [view.expr(column) for column in inputs]
        for step in self.steps:
            values = [step.expr(*values)]
        return values[0]

    def row(self) -> Callable[[Mapping[str, Any]], Any]:
        """Return the chain as a function of one row."""
        view, steps = VIEWS[self.view]().row(), [step.row() for step in self.steps]
        if len(self.reads) == 1:
            (column,) = self.reads
            if len(steps) == 1:
                (step,) = steps
                return lambda row: step(view(row[column]))
            whole = reduce(_then, steps, view)
            return lambda row: whole(row[column])
        first, reads = steps[0], self.reads
        rest: Callable[..., Any] = reduce(_then, steps[1:], _identity)
        return lambda row: rest(first(*[view(row[column]) for column in reads]))

    def array(self, *inputs: Cells) -> Cells:
        """Return the chain over a micro-batch of columns that were viewed already."""
        values = list(inputs)
        for step in self.steps:
            values = [step.array(*values)]
        return values[0]

    def to_json(self) -> dict[str, Any]:
        """Return the chain as plain data, without the large constants of its steps."""
        steps = [step.to_json() for step in self.steps]
        return {"into": self.into, "reads": list(self.reads), "view": self.view, "steps": steps}


def _identity(value: Any) -> Any:
    return value


def _then(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    return second if first is _identity else lambda value: second(first(value))
