"""LabelsByPart: how values and a label occur together, in parts of the rows that can be left out again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import polars as pl

from featurelib.days import day_bounds
from featurelib.errors import DataRefusedError
from featurelib.fitting.enumerated import HashedTexts
from featurelib.fitting.numbered_texts import NumberedTexts
from featurelib.fitting.state import Form, State
from featurelib.fitting.tally import Labels, slices

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]

_CELLS = 4096
_MOST_CELLS = 16 * _CELLS  # of all partitions: times the number of days, they are in memory at once
_MANY_DAYS = 4096  # from which on only days that occur are looked at
_FEW_DAYS = 8  # neighbours included
_LARGEST = 2**32  # of a label: so the labels of two thousand million rows add up in 64 bits
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _DAY = timedelta(microseconds=1), 86_400_000_000
_FIRST, _LAST = (
    (date(*day) - _EPOCH.date()).days for day in ((1, 1, 5), (9999, 12, 27))
)  # with neighbours in all zones
_EMPTY = {"part": pl.Int32, "rows": pl.Int64, "total": pl.Int64}
_TERMS = pl.DataFrame(schema={"value": pl.String, **_EMPTY})


@dataclass(frozen=True, slots=True)
class LabelsByPart(State):
    """Rows and the sum of their labels, per value and part of the rows; exact under any merge.

    It reads the value, the label, the key of the fold if there are ``folds``, and the time. A row without label or time
    is left out.

    Parameters
    ----------
    label
        Name of the label, for errors.
    folds
        The part of a row is its fold: ``XXH64(key) mod folds``, and 0 where the key is null. ``None``: it is its day.
    zone
        Time zone of the days.
    numbers
        Values are numbers, not texts. A partition with more than 4,096 of them is cut into 4,096 cells of about equal
        rows, each standing at its smallest value; so a rank is off by at most 1/4,096 of the partition's rows, and
        read by `counts` by at most 1/65,536 of all rows more.
    binary
        Labels are 0 or 1. Otherwise they are whole numbers from -2^32 to 2^32.

    Attributes
    ----------
    table
        Frame of ``value`` (rising; null first, for missing), ``part``, ``rows`` and ``total``, the sum of the labels.
    days
        All days that have a row in it, ascending, in days since 1970.
    """

    label: str = "label"
    folds: int | None = None
    zone: str = "UTC"
    numbers: bool = False
    binary: bool = True
    table: pl.DataFrame = field(default_factory=lambda: _TERMS)
    days: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.numbers and self.table.is_empty():
            object.__setattr__(self, "table", self.table.cast({"value": pl.Float64}))

    @property
    def forms(self) -> Mapping[int, Form]:
        value: dict[int, Form] = {} if self.numbers else {0: "numbered"}
        return value if self.folds is None else {**value, 2: "hashed"}

    def of(self, *columns: Any) -> Self:  # the value may come as `NumberedTexts`
        """Return the summary of some rows.

        Raises
        ------
        DataRefusedError
            If a label is none of those that are taken.
        """
        value, *others = columns
        return self._of(value, self._parts(*others))

    @classmethod
    def of_each(cls, asked: Sequence[tuple[Self, Sequence[Any]]]) -> list[Self]:
        # NOTE: encodings of many columns by one label: the parts of the rows are half of what one of them costs
        known: dict[tuple[Any, ...], _Parts] = {}
        filled = []
        for state, (value, *others) in asked:
            of = state.label, state.folds, state.zone, state.binary, *map(id, others)
            if of not in known:
                known[of] = state._parts(*others)  # it is one of ours
            filled.append(state._of(value, known[of]))
        return filled

    def _parts(self, label: pl.Series, *others: pl.Series) -> "_Parts":
        *key, time = others
        check_labels(self.label, label, binary=self.binary)
        day = days_of(time, self.zone)
        part = day if self.folds is None else folds_of(key[0], self.folds)
        there = label.is_not_null() & day.is_not_null()
        some = None if there.all() else there
        label, part, day = (column if some is None else column.filter(some) for column in (label, part, day))
        return _Parts(label, part, some, tuple(day.unique().sort().to_list()))

    def _of(self, value: pl.Series | NumberedTexts, parts: "_Parts") -> Self:
        held = value if isinstance(value, pl.Series) and self.numbers else NumberedTexts.of(value)
        if parts.there is not None:
            held = held.filter(parts.there)
        table = _of_texts(held, parts) if isinstance(held, NumberedTexts) else _cut(_of_numbers(held, parts), _CELLS)
        return self._with(table, parts.days)

    def merge(self, other: Self) -> Self:
        return self.merge_all([other])

    def merge_all(self, others: Sequence[Self]) -> Self:
        every = [self, *others]
        table = _add(pl.concat([state.table for state in every]))
        return self._with(table, sorted({day for state in every for day in state.days}))

    def _with(self, table: pl.DataFrame, days: Sequence[int]) -> Self:
        return type(self)(self.label, self.folds, self.zone, self.numbers, self.binary, table, tuple(days))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LabelsByPart) or self.days != other.days:
            return False
        ours, theirs = ((state.label, state.folds, state.zone, state.numbers, state.binary) for state in (self, other))
        return ours == theirs and self.table.equals(other.table)

    __hash__ = None  # type: ignore[assignment]  # it holds a frame

    def counts(self) -> tuple[pl.Series, "Array", "Array"]:
        """Return the distinct values (rising; null first), and for each the rows and the sum of labels of each part.

        The parts are the folds, or the days that have a row. Numbers of many partitions are cut again, into 65,536
        cells.
        """
        import numpy as np

        table = _cut(self.table, _MOST_CELLS) if self.numbers else self.table
        parts = self.days if self.folds is None else range(self.folds)
        place = table["value"].rle_id().cast(pl.Int64).to_numpy()
        first = np.flatnonzero(np.diff(place, prepend=-1))
        cell = place * len(parts) + np.searchsorted(np.asarray(parts), table["part"].to_numpy())
        rows, total = (np.zeros((len(first), len(parts)), dtype=np.int64) for _ in range(2))
        rows.ravel()[cell], total.ravel()[cell] = table["rows"].to_numpy(), table["total"].to_numpy()
        return table["value"].gather(first), rows, total


@dataclass(frozen=True)
class _Parts:
    """Label and part of the rows that have a label and a time, which rows these are, and their days."""

    label: pl.Series
    part: pl.Series
    there: pl.Series | None
    days: tuple[int, ...]

    @cached_property
    def labels(self) -> Labels:
        return Labels.of(self.label)

    @cached_property
    def numbered(self) -> "tuple[pl.Series, Array]":
        """Parts, ascending, among them all that occur; and the number of each row's part."""
        import numpy as np

        part = self.part.to_numpy()
        first, last = (int(part.min()), int(part.max())) if len(part) else (0, 0)
        if last - first < _MANY_DAYS:  # also those without a row, as that needs no search
            return pl.Series(range(first, last + 1), dtype=pl.Int32), part - first if first else part
        parts = self.part.unique().sort()
        return parts, np.searchsorted(parts.to_numpy(), part)


def folds_of(key: pl.Series, folds: int) -> pl.Series:
    """Return the fold of each row, ``XXH64(key) mod folds``; 0 where the key is null."""
    return (HashedTexts.of(key).hashes % folds).cast(pl.Int32).fill_null(0)


def check_labels(name: str, label: pl.Series, *, binary: bool) -> None:
    """Raise `DataRefusedError` if a label is neither 0 nor 1; or, unless `binary`, no whole number up to 2^32."""
    wrong = pl.concat([label[:0], *(_refused(label[some], binary=binary) for some in slices(len(label)))])
    if len(wrong):
        want = "0, 1 or null" if binary else "whole numbers from -2^32 to 2^32, or null"
        hint = "" if binary else " Give a fraction in a smaller unit: cents, milliseconds."
        hold = "row holds another" if len(wrong) == 1 else "rows hold others"
        raise DataRefusedError(f"label {name!r} must hold {want}, {len(wrong)} {hold}, such as {wrong[0]}.{hint}")


def _refused(label: pl.Series, *, binary: bool) -> pl.Series:
    whole = (label == 0) | (label == 1) if binary else (label == label.floor()) & (label.abs() <= _LARGEST)
    return label.filter(~whole)


def day_instants(day: int, zone: str) -> tuple[int, int]:
    """Return the instants at which a day begins and ends, in microseconds; the day in days, both since 1970 in UTC."""
    begin, end = day_bounds(_EPOCH.date() + timedelta(days=day), zone)
    return (begin - _EPOCH) // _MICROSECOND, (end - _EPOCH) // _MICROSECOND


def days_of(time: pl.Series, zone: str) -> pl.Series:
    """Return the day of each instant, in days since 1970; null for null, and beyond the years 1 to 9999."""
    import numpy as np

    # NOTE: by the bounds that programs compare with; the time zones of polars may be of another edition
    there = time.is_between(_FIRST * _DAY, _LAST * _DAY)
    every = bool(there.all(ignore_nulls=False))
    known = time if every else time.clip(_FIRST * _DAY, _LAST * _DAY)
    first, last = (int(known.min() or 0), int(known.max() or 0))  # type: ignore[arg-type]  # of integers
    known = known.fill_null(first)
    days = list(range(first // _DAY - 1, last // _DAY + 2))
    if len(days) > _MANY_DAYS:
        days = sorted({day + beside for day in (known // _DAY).unique().to_list() for beside in (-1, 0, 1)})
    begins = np.asarray([day_instants(day, zone)[0] for day in days])
    found = np.empty(len(known), dtype=np.int32)
    for some in slices(len(known)):
        times = known[some].to_numpy()
        if days[-1] - days[0] < _FEW_DAYS:  # a comparison for each midnight is faster than a search for each row
            found[some] = days[0]
            for begin in begins[1:]:
                found[some] += times >= begin
        else:
            found[some] = np.asarray(days, dtype=np.int32)[np.searchsorted(begins, times, side="right") - 1]
    made = pl.Series(found, dtype=pl.Int32)
    return made if every else pl.select(pl.when(there).then(made)).to_series()


def _of_numbers(value: pl.Series, parts: _Parts) -> pl.DataFrame:
    rows = pl.DataFrame({"value": value, "part": parts.part, "total": parts.label.cast(pl.Int64)})
    # NOTE: polars takes `+ 0.0` away; -0.0 and 0.0 are one value and must be stored as one
    held = pl.when(pl.col("value") == 0).then(0.0).otherwise("value").alias("value")
    return _add(rows.select(held, "part", pl.lit(1, pl.Int64).alias("rows"), "total"))


def _of_texts(texts: NumberedTexts, parts: "_Parts") -> pl.DataFrame:
    """Count by number of the text and part, which is the order of the table: null first, then terms as they rise."""
    there, part = parts.numbered
    number, part_of, rows, totals = texts.by_part(part, len(there), parts.labels)
    values = pl.concat([pl.Series([None], dtype=pl.String), texts.terms])
    table = {"value": values.gather(number), "part": there.gather(part_of)}
    return pl.DataFrame(table | {"rows": rows, "total": totals}, schema=_TERMS.schema)


def _add(table: pl.DataFrame) -> pl.DataFrame:
    added = table.group_by("value", "part").agg(pl.col("rows").sum(), pl.col("total").sum())
    return added.sort("value", "part", nulls_last=False)


def _cut(table: pl.DataFrame, cells: int) -> pl.DataFrame:
    rows = table.filter(pl.col("value").is_not_null()).group_by("value").agg(pl.col("rows").sum()).sort("value")
    if len(rows) <= cells:
        return table
    cell = (pl.col("rows").cum_sum() - pl.col("rows")) * cells // pl.col("rows").sum()
    smallest = rows.select("value", stands=pl.col("value").min().over(cell))
    return _add(table.join(smallest, on="value", how="left").with_columns(value="stands").drop("stands"))
