"""View: as what a chain reads a column."""

from abc import abstractmethod
from typing import Any, ClassVar

import polars as pl

from featurelib.program.primitive import Kind, Primitive, RowFunction


class View(Primitive):
    """The step in front of all others: whatever types a kind of value is stored in, later steps see one.

    Attributes
    ----------
    want
        The columns that it reads, in words.
    """

    takes: ClassVar[Kind] = "raw"
    want: ClassVar[str]

    @classmethod
    @abstractmethod
    def fits(cls, dtype: pl.DataType) -> bool:
        """Return whether it reads columns of this type."""

    def of_row(self, column: str, then: RowFunction) -> RowFunction:
        """Return a function of one row: ``then`` of what the row holds in a column, as this view reads it."""
        read = self.row()
        return lambda row: then(read(row[column]))

    @classmethod
    def hint(cls, dtype: pl.DataType) -> str:  # noqa: ARG003  # most have none
        """Return what to try with a column of a type that it does not read."""
        return ""


def element(dtype: pl.DataType) -> pl.DataType | None:
    """Return the type of the elements of lists; ``None`` for a type that holds no lists."""
    if not isinstance(dtype, pl.List | pl.Array):
        return None
    inner: Any = dtype.inner  # an instance, or the class that the declaration named
    return inner() if isinstance(inner, type) else inner  # type: ignore[no-any-return]


def listed(value: object) -> list[Any]:
    """Return the elements of a list, a tuple or a NumPy array; anything else is an error, as in a whole column."""
    if isinstance(value, list):
        return value
    if isinstance(value, tuple):
        return list(value)
    to_list = getattr(value, "tolist", None)
    if to_list is None:
        raise TypeError(value)
    elements = to_list()
    if not isinstance(elements, list):
        raise TypeError(value)
    return elements
