"""Metrics: what was counted in a table or a part of it, so that parts add up to the whole."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias

from featurelib.errors import UsageError
from featurelib.schema.profile import Profile

Value: TypeAlias = bool | int | float | str | bytes | date | time | datetime | timedelta | Decimal | None
Plain: TypeAlias = bool | int | float | str | None
Row: TypeAlias = Mapping[str, Value]

MAX_EXAMPLES = 5
MAX_VALUES = 20


@dataclass(frozen=True, slots=True)
class Seen:
    """What a column held.

    Parameters
    ----------
    nulls, nans
        Rows with null, and with NaN; NaN is not null.
    low, high
        Smallest and largest value, null and NaN aside; ``None`` if there is none, or if the column is neither
        a number nor a time.
    """

    nulls: int = 0
    nans: int = 0
    low: Value = None
    high: Value = None

    def merge(self, other: "Seen") -> "Seen":
        """Return what both together held."""
        lows = [value for value in (self.low, other.low) if value is not None]
        highs = [value for value in (self.high, other.high) if value is not None]
        return Seen(
            nulls=self.nulls + other.nulls,
            nans=self.nans + other.nans,
            low=min(lows, default=None),
            high=max(highs, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The counts that a table's checks are judged by.

    Parameters
    ----------
    table
        Name of the table.
    plan
        Digest of the checks that were counted.
    columns
        Columns of the frame, in order of declaration.
    rows
        All rows.
    set_aside
        Rows that rules with ``on_fail="quarantine"`` set aside; a row that breaks two of them counts once.
    keyed
        Rows whose key is not null in every column.
    surplus
        Rows beyond the first of their key.
    bad
        Rows that count against each check, by id. For ``key``: every row of a key that occurs more than once; for
        ``unique`` likewise, rows with null or NaN left out.
    unreferring
        For each check of kind ``reference`` the rows that are null in one of its columns, and so refer to nothing.
    seen
        What each column held.
    examples
        For each broken check up to five rows with the key and the columns that the check reads: the first in
        order of the values shown, so that they do not depend on how the rows were spread over parts.
    values
        For each broken check of kind ``allowed`` up to 20 values with their rows, the first in order.
    profile
        Counts of each column's cells, if edges were given.

    Notes
    -----
    Uniqueness, of the key and of columns declared unique, holds within what was measured at once, that is within a
    partition: rows of two parts that share a key are not found by `merge`. Everything else of a merge equals the
    metrics of the whole. A table whose keys may come again on another day needs a key that tells its day.
    """

    table: str
    plan: str
    columns: tuple[str, ...]
    rows: int
    set_aside: int
    keyed: int
    surplus: int
    bad: Mapping[str, int]
    unreferring: Mapping[str, int]
    seen: Mapping[str, Seen]
    examples: Mapping[str, tuple[Row, ...]]
    values: Mapping[str, tuple[tuple[Value, int], ...]]
    profile: Profile | None = None

    def merge(self, other: "Metrics") -> "Metrics":
        """Return the metrics of both parts together; order and grouping of merges do not matter.

        Raises
        ------
        UsageError
            If the two are of different tables, checks, columns or edges.
        """
        mine, theirs = ((part.table, part.plan, part.columns) for part in (self, other))
        if mine != theirs:
            problem = f"metrics of {mine} cannot be merged with metrics of {theirs}: measure both the same way."
            raise UsageError(problem)
        if (self.profile is None) != (other.profile is None):
            problem = (
                f"metrics of {self.table} with a profile cannot be merged with metrics that have none: measure both "
                "with the same edges."
            )
            raise UsageError(problem)
        return Metrics(
            table=self.table,
            plan=self.plan,
            columns=self.columns,
            rows=self.rows + other.rows,
            set_aside=self.set_aside + other.set_aside,
            keyed=self.keyed + other.keyed,
            surplus=self.surplus + other.surplus,
            bad={check: n + other.bad[check] for check, n in self.bad.items()},
            unreferring={check: n + other.unreferring[check] for check, n in self.unreferring.items()},
            seen={name: seen.merge(other.seen[name]) for name, seen in self.seen.items()},
            examples=_merge_examples(self.examples, other.examples),
            values=_merge_values(self.values, other.values),
            profile=self.profile.merge(other.profile) if self.profile and other.profile else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the metrics as plain JSON values, without the profile; NaN and infinities become text."""
        return {
            "table": self.table,
            "plan": self.plan,
            "columns": list(self.columns),
            "rows": self.rows,
            "set_aside": self.set_aside,
            "keyed": self.keyed,
            "surplus": self.surplus,
            "bad": dict(self.bad),
            "unreferring": dict(self.unreferring),
            "seen": {
                name: {"nulls": seen.nulls, "nans": seen.nans, "low": plain(seen.low), "high": plain(seen.high)}
                for name, seen in self.seen.items()
            },
            "examples": {check: [plain_row(row) for row in rows] for check, rows in self.examples.items()},
            "values": {check: [[plain(value), n] for value, n in values] for check, values in self.values.items()},
        }


def plain(value: Value) -> Plain:
    """Return a value that strict JSON can hold.

    Examples
    --------
    >>> plain(float("nan")), plain(date(2026, 11, 1)), plain(timedelta(hours=1)), plain(b"ab")
    ('nan', '2026-11-01', '1:00:00', '6162')
    """
    match value:
        case float():
            return value if math.isfinite(value) else str(value)
        case None | bool() | int() | str():
            return value
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
    return str(value)


def plain_row(row: Row) -> dict[str, Plain]:
    """Return an example row that strict JSON can hold."""
    return {name: plain(value) for name, value in row.items()}


def first_of(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the first five rows, all of the same columns, in order of their values."""
    return tuple(sorted(rows, key=lambda row: [_rank(value) for value in row.values()])[:MAX_EXAMPLES])


def _merge_examples(
    mine: Mapping[str, tuple[Row, ...]], theirs: Mapping[str, tuple[Row, ...]]
) -> dict[str, tuple[Row, ...]]:
    merged = {}
    for check in sorted({*mine, *theirs}):
        merged[check] = first_of((*mine.get(check, ()), *theirs.get(check, ())))
    return merged


def _merge_values(
    mine: Mapping[str, tuple[tuple[Value, int], ...]], theirs: Mapping[str, tuple[tuple[Value, int], ...]]
) -> dict[str, tuple[tuple[Value, int], ...]]:
    merged = {}
    for check in sorted({*mine, *theirs}):
        counts: Counter[Value] = Counter()
        for value, n in (*mine.get(check, ()), *theirs.get(check, ())):
            counts[value] += n
        # The first 20 of the whole are among the first 20 of each part that has them, so no count is lost.
        merged[check] = tuple(sorted(counts.items(), key=lambda item: _rank(item[0]))[:MAX_VALUES])
    return merged


def _rank(value: Value) -> tuple[int, Any]:
    """Order values of one column as polars sorts them: null first, NaN last."""
    if value is None:
        return 0, 0
    if isinstance(value, float) and math.isnan(value):
        return 2, 0
    return 1, value
