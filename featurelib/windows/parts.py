"""Parts: what a tile keeps of an entity's events in one moment, and how two tiles of a moment become one."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import polars as pl

from featurelib.errors import DataRefusedError
from featurelib.logs import Log

CLOCK = "@clock"
"""From when an event counts."""

END = "@end"
"""The end of the moment that an event lies in."""

EXTREME = {"min": pl.Expr.min, "max": pl.Expr.max}


class Part(Protocol):
    """One mergeable number, or value, of an entity's events."""

    @property
    def name(self) -> str:
        """The column that holds it."""
        ...

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the log that it is made of."""
        ...

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:
        """Return its columns, given those of the log."""
        ...

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:
        """Return its columns of a group of events, given in their order, with `CLOCK`; the schema is the log's."""
        ...

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:
        """Return its columns of a group of tiles of one moment; the schema is the log's."""
        ...

    def needs_order(self, schema: pl.Schema) -> bool:
        """Return whether the order of the events can change it, be it in the last bit; the schema is the log's."""
        ...


@dataclass(frozen=True, slots=True)
class Count:
    """How many events; with a column, how many in which it has a value. Int64."""

    column: str | None = None

    @property
    def name(self) -> str:
        return "n" if self.column is None else f"n_{self.column}"

    def needs_order(self, schema: pl.Schema) -> bool:  # noqa: ARG002 - the same for all
        return False

    @property
    def reads(self) -> tuple[str, ...]:
        return () if self.column is None else (self.column,)

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:  # noqa: ARG002 - the same for all
        return {self.name: pl.Int64()}

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        counted = pl.len() if self.column is None else pl.col(self.column).count()
        return [counted.cast(pl.Int64).alias(self.name)]

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        return [pl.col(self.name).sum()]


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of a column: Int64, or Float64 of one of floats, added in the order of the events.

    Null where whole numbers add up to more than 64 bits hold.
    """

    column: str

    @property
    def name(self) -> str:
        return f"sum_{self.column}"

    def needs_order(self, schema: pl.Schema) -> bool:
        return schema[self.column].is_float()

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:
        return {self.name: pl.Float64() if schema[self.column].is_float() else pl.Int64()}

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:
        return [self._sum(self.column, schema).alias(self.name)]

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:
        return [self._sum(self.name, schema)]

    def _sum(self, of: str, schema: pl.Schema) -> pl.Expr:
        if schema[self.column].is_float():
            return pl.col(of).cast(pl.Float64).sum()
        return pl.col(of).cast(pl.Int128).sum().cast(pl.Int64, strict=False)


def beyond(log: Log, column: str) -> DataRefusedError:
    """Return the error of a sum that 64 bits do not hold."""
    return DataRefusedError(
        f"values of {column!r} of {log} add up to more than 64 bits hold: declare it as Float64, or sum another column."
    )


@dataclass(frozen=True, slots=True)
class Extreme:
    """The smallest (``min``) or largest (``max``) value of a column; null without one. Of zeros the positive one."""

    column: str
    which: str

    @property
    def name(self) -> str:
        return f"{self.which}_{self.column}"

    def needs_order(self, schema: pl.Schema) -> bool:  # noqa: ARG002 - the same for all
        return False

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:
        return {self.name: schema[self.column]}

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:
        best, dtype = EXTREME[self.which](pl.col(self.column)), schema[self.column]
        if dtype.is_float():
            # NOTE: 0.0 and -0.0 are equal, so the order of the events would tell which of them is left
            best = pl.when(best == 0.0).then(pl.lit(0.0, dtype)).otherwise(best)
        return [best.alias(self.name)]

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        return [EXTREME[self.which](pl.col(self.name))]


@dataclass(frozen=True, slots=True)
class Last:
    """The value of the last event that has one in a column, and from when that event counts."""

    column: str

    @property
    def name(self) -> str:
        return f"last_{self.column}"

    @property
    def _at(self) -> str:
        return f"at_of_{self.column}"

    def needs_order(self, schema: pl.Schema) -> bool:  # noqa: ARG002 - the same for all
        return True

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column,)

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:
        return {self.name: schema[self.column], self._at: pl.Datetime("us", "UTC")}

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        known = pl.col(self.column).is_not_null()
        return [
            pl.col(self.column).filter(known).last().alias(self.name),
            pl.col(CLOCK).filter(known).last().alias(self._at),
        ]

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        # NOTE: of two of the same instant the later partition's, which comes later in the group
        last = pl.col(self._at) == pl.col(self._at).max()
        return [pl.col(self.name).filter(last).last(), pl.col(self._at).max()]


@dataclass(frozen=True, slots=True)
class Latest:
    """From when the last event counts."""

    name: str = "at_last"

    def needs_order(self, schema: pl.Schema) -> bool:  # noqa: ARG002 - the same for all
        return False

    @property
    def reads(self) -> tuple[str, ...]:
        return ()

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:  # noqa: ARG002 - the same for all
        return {self.name: pl.Datetime("us", "UTC")}

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        return [pl.col(CLOCK).max().alias(self.name)]

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        return [pl.col(self.name).max()]


@dataclass(frozen=True, slots=True)
class Faded:
    """The sum of a column, or of 1 for each event, halved with each half-life up to the end of the moment. Float64."""

    column: str | None
    half_life: timedelta

    @property
    def name(self) -> str:
        of = "" if self.column is None else f"_{self.column}"
        return f"faded{of}_{self.half_life.total_seconds():.0f}s"

    def needs_order(self, schema: pl.Schema) -> bool:  # noqa: ARG002 - the same for all
        return True

    @property
    def reads(self) -> tuple[str, ...]:
        return () if self.column is None else (self.column,)

    def dtypes(self, schema: pl.Schema) -> dict[str, pl.DataType]:  # noqa: ARG002 - the same for all
        return {self.name: pl.Float64()}

    def fold(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        age = (pl.col(END) - pl.col(CLOCK)).dt.total_microseconds().cast(pl.Float64)
        halved = pl.lit(2.0).pow(age * (-1e-6 / self.half_life.total_seconds()))
        value = pl.lit(1.0) if self.column is None else pl.col(self.column).cast(pl.Float64)
        return [(value * halved).sum().alias(self.name)]

    def merge(self, schema: pl.Schema) -> list[pl.Expr]:  # noqa: ARG002 - the same for all
        return [pl.col(self.name).sum()]
