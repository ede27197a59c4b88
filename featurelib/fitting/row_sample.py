"""RowSample: some rows of the first days, chosen by the hash of a key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import polars as pl

from featurelib.fitting.enumerated import HashedTexts
from featurelib.fitting.labels_by_part import check_labels, days_of
from featurelib.fitting.state import Form, State

_ORDER = pl.Schema({"day": pl.Int32(), "hash": pl.UInt64(), "label": pl.Int8()})


@dataclass(frozen=True, slots=True)
class RowSample(State):
    """The rows with the smallest ``XXH64(key)`` of each of the first days; exact under any merge.

    It reads numbers, then the label, the key and the time. A row without label, key or time is left out. Which of the
    rows with one hash are kept is told by their label and numbers: those that sort first.

    Parameters
    ----------
    label
        Name of the label, for errors.
    width
        How many numbers a row has.
    days
        How many days, from the first that has a row on.
    rows
        Most rows of a day.
    zone
        Time zone of the days.

    Attributes
    ----------
    table
        Frame of ``day`` (in days since 1970), ``hash``, ``label`` and the numbers, ``0``, ``1``, ...; sorted by all of
        them, in this order.
    """

    label: str = "label"
    width: int = 1
    days: int = 1
    rows: int = 1
    zone: str = "UTC"
    table: pl.DataFrame = field(default_factory=pl.DataFrame)

    def __post_init__(self) -> None:
        if not self.table.width:
            numbers = dict.fromkeys(map(str, range(self.width)), pl.Float64())
            object.__setattr__(self, "table", pl.DataFrame(schema={**_ORDER, **numbers}))

    @property
    def forms(self) -> Mapping[int, Form]:
        return {self.width + 1: "hashed"}

    def of(self, *columns: pl.Series) -> Self:
        """Return the summary of some rows.

        Raises
        ------
        DataRefusedError
            If a label is neither 0 nor 1.
        """
        *numbers, label, key, time = columns
        check_labels(self.label, label, binary=True)
        told = {"day": days_of(time, self.zone), "hash": HashedTexts.of(key).hashes, "label": label}
        # NOTE: polars takes `+ 0.0` away; -0.0 and 0.0 are one value and must be stored as one
        named = [
            pl.when(pl.col(name) == 0).then(0.0).otherwise(name).alias(name) for name in map(str, range(len(numbers)))
        ]
        rows = pl.DataFrame(told | {str(place): column for place, column in enumerate(numbers)})
        return self._with(rows.drop_nulls(list(told)).select(*told, *named).cast(_ORDER))

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        return self._with(pl.concat([self.table, *(other.table for other in others)]))

    def _with(self, rows: pl.DataFrame) -> Self:
        first = rows["day"].unique().sort().head(self.days)
        rows = rows.filter(pl.col("day").is_in(first.to_list()))
        limits = rows.group_by("day").agg(limit=pl.col("hash").bottom_k(self.rows).max())
        few = rows.join(limits, on="day").filter(pl.col("hash") <= pl.col("limit")).drop("limit")
        table = few.sort(few.columns).filter(pl.int_range(pl.len()).over("day") < self.rows)
        return type(self)(self.label, self.width, self.days, self.rows, self.zone, table)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RowSample):
            return False
        ours, theirs = ((state.label, state.width, state.days, state.rows, state.zone) for state in (self, other))
        return ours == theirs and self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame
