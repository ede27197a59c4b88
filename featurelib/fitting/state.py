"""State: what was learned from some rows, ready to be merged with what was learned from others."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import reduce
from typing import Any, Literal, Self

import polars as pl

Form = Literal["hashed", "numbered"]


class State(ABC):
    """A summary of columns. An instance made without arguments is the summary of no rows.

    A subclass is a frozen dataclass. Its fields are polars frames, or plain data: ``None``, booleans, numbers, texts,
    tuples of these and dictionaries with texts as keys. So every state can be stored beside the rows it summarises.

    The law, held by the contract tests: ``of(A).merge(of(B))`` equals ``of(A and B together)``, for any split and in
    any order; exactly, unless the class states an error. Caps and minimum counts belong to whoever reads a state,
    never to the state: they do not merge.
    """

    @property
    def forms(self) -> Mapping[int, Form]:
        """In which form `of` takes texts besides as a series of them, by their place among its columns.

        ``hashed``: as the XXH64 of each, if it knows them by that alone; ``numbered``: as `NumberedTexts`, if it counts
        them. A survey gives them so where all that read the column take it.
        """
        return {}

    @abstractmethod
    def of(self, *columns: pl.Series) -> Self:
        """Return the summary of these columns, viewed as numbers or texts; row order does not matter."""

    @classmethod
    def of_each(cls, asked: Sequence[tuple[Self, Sequence[Any]]]) -> list[Self]:
        """Return what `of` makes of each state's columns, all of the same rows; some compute once what is common."""
        return [state.of(*columns) for state, columns in asked]

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """Return the summary of both sets of rows."""

    def merge_all(self, others: Sequence[Self]) -> Self:
        """Return the summary of the rows of all; what `merge` makes of them one after the other, and faster."""
        return reduce(lambda first, second: first.merge(second), others, self)

    def to_stored(self) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        """Return the fields as plain data for JSON, and those that are frames; `from_stored` makes it again."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        frames = {name: value for name, value in values.items() if isinstance(value, pl.DataFrame)}
        return {name: value for name, value in values.items() if name not in frames}, frames

    @classmethod
    def from_stored(cls, plain: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> Self:
        """Return the state whose `to_stored` this was, also after it went through JSON.

        Raises
        ------
        TypeError
            If these are not the fields of the class.
        """
        return cls(**{name: _as_tuples(value) for name, value in plain.items()}, **frames)


def _as_tuples(value: Any) -> Any:
    """Return plain data as a state holds it: JSON knows no tuple."""
    if isinstance(value, list):
        return tuple(_as_tuples(item) for item in value)
    if isinstance(value, dict):
        return {name: _as_tuples(item) for name, item in value.items()}
    return value
