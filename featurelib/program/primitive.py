"""Primitive: one step of a program, with its three evaluators."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import polars as pl

from featurelib.errors import ProgramError

if TYPE_CHECKING:
    import numpy as np

Kind = Literal["number", "text", "time", "texts", "numbers", "place", "raw"]
RowFunction = Callable[..., Any]

REGISTRY: dict[str, type["Primitive"]] = {}
_TYPES: dict[Kind, pl.DataType] = {
    "number": pl.Float64(),
    "text": pl.String(),
    "time": pl.Int64(),
    "texts": pl.List(pl.String()),
    "numbers": pl.List(pl.Float64()),
    "place": pl.UInt32(),
}


class Cells:
    """A column of a micro-batch: Python values with ``None`` for null, or arrays, each made from the other when asked.

    Some steps are faster over arrays, others over values; a column that needs no array never becomes one.

    Parameters
    ----------
    values
        NumPy array of numbers.
    valid
        Which of them are there. A value under a false ``valid`` has no meaning.

    Attributes
    ----------
    is_one_value
        Whether it was made by `repeat`.
    """

    __slots__ = ("_listed", "_valid", "_values", "is_one_value")

    def __init__(self, values: "np.ndarray[Any, Any]", valid: "np.ndarray[Any, Any]") -> None:
        self.is_one_value = False
        self._listed: list[Any] | None = None
        self._values: np.ndarray[Any, Any] | None = values
        self._valid: np.ndarray[Any, Any] | None = valid

    @classmethod
    def of(cls, listed: list[Any]) -> "Cells":
        """Make a column from Python values, ``None`` for null."""
        cells = cls.__new__(cls)
        cells._listed, cells._values, cells._valid = listed, None, None
        cells.is_one_value = False
        return cells

    @classmethod
    def repeat(cls, value: Any, count: int) -> "Cells":
        """Make a column, of at least one row, that holds the same value everywhere."""
        cells = cls.of([value] * count)
        cells.is_one_value = True
        return cells

    @property
    def values(self) -> "np.ndarray[Any, Any]":
        """The values as an array."""
        if self._values is None:
            import numpy as np  # NOTE: not at import; a model server that only scores rows never needs it

            self._values = np.array([0 if value is None else value for value in self.to_list()], dtype=np.float64)
        return self._values

    @property
    def valid(self) -> "np.ndarray[Any, Any]":
        """Which values are there."""
        if self._valid is None:
            import numpy as np

            self._valid = np.array([value is not None for value in self.to_list()], dtype=bool)
        return self._valid

    def to_list(self) -> list[Any]:
        """Return Python values, ``None`` for null."""
        if self._listed is None:
            listed: list[Any] = self.values.tolist()
            for place in (~self.valid).nonzero()[0].tolist():
                listed[place] = None
            self._listed = listed
        return self._listed

    def to_array(self, dtype: str) -> "np.ndarray[Any, Any]":
        """Return a new array of a NumPy type, NaN for null; `TypeError` or `ValueError` if that has no NaN."""
        import numpy as np

        if self._values is None:
            return np.array(self._listed, dtype=dtype)
        made = self._values.astype(dtype)
        if not self.valid.all():
            made[~self.valid] = np.nan
        return made

    @property
    def held(self) -> "np.ndarray[Any, Any] | None":
        """The values as an array, if it was made from one."""
        return self._values if self._listed is None else None


@dataclass(frozen=True)
class Primitive(ABC):
    """One step: a function of one column (the first step of a chain may take several), with its constants.

    A subclass is a frozen dataclass. It says what it means three times: `expr` for whole columns, `row` for one
    request, `array` for a micro-batch of candidates. The contract tests hold the three together, bit for bit.

    Attributes
    ----------
    op
        Its name in a saved program; never changes its meaning.
    takes, gives
        Kind of value it reads and makes; ``raw`` is whatever the column holds. A step of several columns takes one
        kind for all of them, or a tuple with one for each.
    is_elementwise
        Whether a row's value depends on that row alone. If not, `row` answers for a row alone, and frames and
        micro-batches hold all rows that are compared.
    reads_nan
        Whether its `expr` takes NaN of a number column for null, so that the view before it need not replace it.
    dtype
        The polars type it makes.
    """

    op: ClassVar[str]
    takes: ClassVar[Kind | tuple[Kind, ...]] = "number"
    gives: ClassVar[Kind] = "number"
    is_elementwise: ClassVar[bool] = True
    reads_nan: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "op" in vars(cls):  # NOTE: a slotted dataclass is created twice; the second class is the one that stays
            REGISTRY[cls.op] = cls

    @property
    def dtype(self) -> pl.DataType:
        """The polars type of the column it makes; by its kind, unless a subclass says otherwise."""
        return _TYPES[self.gives]

    @abstractmethod
    def expr(self, *inputs: pl.Expr) -> pl.Expr:
        """Return the step as a polars expression over its inputs."""

    @abstractmethod
    def row(self) -> RowFunction:
        """Return the step as a function of Python scalars, ``None`` for null."""

    def array(self, *inputs: Cells) -> Cells:
        """Return the step over a micro-batch. By default the row function, value by value."""
        function = self.row()
        columns = [column.to_list() for column in inputs]
        if len(columns) == 1:
            return Cells.of([function(value) for value in columns[0]])
        return Cells.of([function(*values) for values in zip(*columns, strict=True)])

    def to_json(self) -> dict[str, Any]:
        """Return name and small constants, ready for JSON; `tables` holds the large ones."""
        large = self.tables()
        constants = {field.name: getattr(self, field.name) for field in fields(self) if field.name not in large}
        return {"op": self.op, **{name: _plain(value) for name, value in constants.items()}}

    def tables(self) -> dict[str, pl.Series]:
        """Return the constants that are too large for JSON, by field name."""
        return {}

    @staticmethod
    def from_json(stored: Mapping[str, Any], tables: Mapping[str, pl.Series]) -> "Primitive":
        """Make the primitive that `to_json` and `tables` described.

        Raises
        ------
        ProgramError
            If this library knows no primitive of that name, or not with these constants.
        """
        constants = {name: value for name, value in stored.items() if name != "op"}
        constants = {name: tuple(value) if isinstance(value, list) else value for name, value in constants.items()}
        kind = REGISTRY.get(stored["op"])
        if kind is None:
            raise ProgramError(
                f"the program uses primitive {stored['op']!r}, which this featurelib does not know; "
                f"it knows {', '.join(sorted(REGISTRY))}. Load it with the version that saved it, or newer."
            )
        try:
            return kind.of_tables(tables, **constants)
        except TypeError as error:
            raise ProgramError(
                f"primitive {stored['op']!r} has other constants than this featurelib: {error}"
            ) from error

    @classmethod
    def of_tables(cls, tables: Mapping[str, pl.Series], **constants: Any) -> Self:
        """Make the primitive from its constants, the large ones as series.

        They become Python's values when somebody asks for these: half a second for three million numbers.
        """
        step = cls(**constants, **dict.fromkeys(tables, ()))
        object.__setattr__(step, "_tables", {name: table.alias(name) for name, table in tables.items()})
        for name in tables:
            if hasattr(cls, name):  # its default, on the class, would be found before `__getattr__` is asked
                object.__setattr__(step, name, tuple(tables[name].to_list()))
            else:
                object.__delattr__(step, name)
        return step

    def large(self, name: str, dtype: pl.DataType) -> pl.Series:
        """Return a large constant as a series."""
        held = self.__dict__.get("_tables", {}).get(name)
        return pl.Series(name, getattr(self, name), dtype=dtype) if held is None else held.cast(dtype)

    if not TYPE_CHECKING:  # else every misspelt attribute would pass the type check

        def __getattr__(self, name: str) -> Any:
            # NOTE: a table of a loaded program stays in its mapped file until somebody asks for its values
            table = self.__dict__.get("_tables", {}).get(name)
            if table is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            values = tuple(table.to_list())
            object.__setattr__(self, name, values)
            return values

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}  # and nothing of what is cached


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
