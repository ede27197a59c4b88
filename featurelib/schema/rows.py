"""Rows: the rules of a table over single rows, compiled once, for a model server that gets them as mappings."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from featurelib.schema.checks import Check, plan_checks
from featurelib.schema.column import Column, OnFail
from featurelib.schema.table import Table
from featurelib.schema.verdict import short

_OF_A_ROW = ("not_null", "nan", "between", "allowed", "row")
_UNKNOWN = "unknown"
_EXACT = 2**53  # whole numbers up to here are floats without rounding
_NS = datetime(1678, 1, 1), datetime(2262, 1, 1)  # what a count of nanoseconds since 1970 can hold  # noqa: DTZ001
_COMPARISON = re.compile(r'^\[\(col\("([^"]+)"\)\) (>=|>|<=|<) \(col\("([^"]+)"\)\)\]$')

_Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row.

    Parameters
    ----------
    id
        The check that it breaks, as in `Check`; ``<column>.missing`` for a column that it lacks, ``<column>.type`` for
        a value that the column cannot hold, ``unknown`` for a name that the table does not declare.
    column
        The one column at fault; ``None`` for a rule about several.
    rule
        The rule, for people.
    got
        What the row holds, as Python shows it, cut after 60 signs.
    on_fail
        As in `Column`: a caller may log what says ``warn``, and refuse what says ``fail``.
    """

    id: str
    column: str | None
    rule: str
    got: str
    on_fail: OnFail


def row_validator(table: type[Table]) -> "RowValidator":
    """Compile the rules of a table that single rows can break.

    Parameters
    ----------
    table
        The declaration as it is where the rows come from: ``Samples.within("serving")`` for a model server, whose rows
        have no label.

    Returns
    -------
    RowValidator
        Safe to share between threads.

    Notes
    -----
    A row breaks the same rules as `measure` counts for a frame of that row: null, NaN, ranges, allowed values and row
    checks. Rules over many rows (key, uniqueness, share of nulls, references, freshness, volume) are not asked of one.

    Most values are seen to be good by one comparison in Python; polars evaluates what is left: values that look bad,
    and row checks other than a comparison of two columns of the same type.

    Examples
    --------
    >>> class Samples(Table):
    ...     item_id = Column(dtype=pl.String(), doc="The item.")
    ...     price = Column(dtype=pl.Float32(), doc="Listed price.", unit="USD", between=(0, None))
    >>> validator = row_validator(Samples)
    >>> validator.check({"item_id": "A7", "price": 9.5})
    ()
    >>> for problem in validator.check({"item_id": 7, "price": -1.0}):
    ...     print(f"{problem.id}: {problem.rule}, got {problem.got}")
    item_id.type: item_id is String, got 7
    price.between: price in [0, inf), got -1.0
    """
    return RowValidator(table)


class RowValidator:
    """The rules of a table over single rows; made by `row_validator`."""

    def __init__(self, table: type[Table]) -> None:
        checks = [check for check in plan_checks(table) if check.kind in _OF_A_ROW]
        self._dtypes = table.polars_schema()
        self._columns = table.columns
        self._names = frozenset(table.columns)
        self._tests = tuple((name, _accepts(column)) for name, column in table.columns.items())
        self._takes = {name: _takes(column.dtype) for name, column in table.columns.items()}
        self._of: dict[str, list[Check]] = {name: [] for name in table.columns}
        self._compared: list[tuple[Check, str, str, Callable[[Any, Any], bool]]] = []
        self._asked: list[Check] = []  # row checks for polars
        for check in checks:
            if check.kind != "row":
                self._of[check.columns[0]].append(check)
            elif (compared := _comparison(check, table)) is not None:
                self._compared.append((check, *compared))
            else:
                self._asked.append(check)
        ids = [id_ for name in table.columns for id_ in self._ids(name)]
        ids += [check.id for check in checks if check.kind == "row"]
        self._rank = {id_: rank for rank, id_ in enumerate(ids)} | {_UNKNOWN: len(ids)}

    def check(self, row: Mapping[str, Any]) -> tuple[Problem, ...]:
        """Return what is wrong with a row, in order of declaration; nothing for a good one.

        Parameters
        ----------
        row
            One value per column: ``None`` for null, ``int`` or ``float`` for numbers, ``str`` for texts, ``bool``,
            ``datetime`` with a zone where the column has one, and so on. A whole number is taken for a float, and
            nothing else for a type that it is not. A column that is ``optional`` may be missing, and is null then.
        """
        return self.check_many((row,))[0]

    def check_many(self, rows: Iterable[Mapping[str, Any]]) -> list[tuple[Problem, ...]]:
        """Return for each row what is wrong with it, as `check` does, with one question to polars for all.

        Parameters
        ----------
        rows
            As in `check`.
        """
        rows = list(rows)
        looked = [self._look(row) for row in rows]
        doubtful = [number for number, look in enumerate(looked) if look is not None]
        found: list[tuple[Problem, ...]] = [()] * len(rows)
        if self._asked:
            doubtful = list(range(len(rows)))
        if doubtful:
            looks = [looked[number] or _Look() for number in doubtful]
            told = self._judged([rows[number] for number in doubtful], looks)
            for number, problems in zip(doubtful, told, strict=True):
                found[number] = problems
        return found

    def _look(self, row: Mapping[str, Any]) -> "_Look | None":
        """Return what one look at each value cannot call good; None for nothing."""
        doubts = [name for name, accepts in self._tests if not accepts(row.get(name))]
        lacks = row.keys() != self._names
        if not doubts and not lacks:
            for _, left, right, holds in self._compared:
                if not holds(row[left], row[right]):
                    return _Look()
            return None
        look = _Look()
        for name in [name for name in self._columns if name not in row] if lacks else ():
            if not self._columns[name].optional:
                look.bad[name] = self._problem(f"{name}.missing", name, f"{name} is there", "nothing")
        if lacks:
            look.unknown = [name for name in row if name not in self._columns]
        for name in doubts:
            value = row.get(name)
            if name in look.bad:
                continue
            if value is not None and not self._takes[name](value):
                rule = f"{name} is {self._dtypes[name]}"
                look.bad[name] = self._problem(f"{name}.type", name, rule, short(repr(value)))
            else:
                look.doubts.append(name)
        return look

    def _judged(self, rows: Sequence[Mapping[str, Any]], looks: Sequence["_Look"]) -> list[tuple[Problem, ...]]:
        """Ask polars about the doubts of rows, and say in words what is wrong."""
        doubts = dict.fromkeys(name for look in looks for name in look.doubts)
        checks = [check for name in doubts for check in self._of[name]] + self._asked
        needed = dict.fromkeys(name for check in checks for name in check.columns)
        frame = pl.DataFrame([self._series(name, rows, looks) for name in needed])
        asked = frame.select(check.breaks.alias(check.id) for check in checks)
        repeats = len(rows) // asked.height if checks else 1  # rules that read no column give one answer for all rows
        broken = {check.id: asked[check.id].to_list() * repeats for check in checks}
        return [
            self._told(row, look, [check for check in checks if broken[check.id][number]])
            for number, (row, look) in enumerate(zip(rows, looks, strict=True))
        ]

    def _series(self, name: str, rows: Sequence[Mapping[str, Any]], looks: Sequence["_Look"]) -> pl.Series:
        dtype = self._dtypes[name]
        values = [None if name in look.bad else row.get(name) for row, look in zip(rows, looks, strict=True)]
        if dtype.is_float():
            values = [float(value) if isinstance(value, int) else value for value in values]
        return pl.Series(name, values, dtype=dtype, strict=True)

    def _told(self, row: Mapping[str, Any], look: "_Look", broken: Sequence[Check]) -> tuple[Problem, ...]:
        problems = list(look.bad.values())
        compared = [
            check
            for check, left, right, holds in self._compared
            if not look.bad.keys() & {left, right} and not holds(row.get(left), row.get(right))
        ]
        for check in [*broken, *compared]:
            if look.bad.keys().isdisjoint(check.columns):
                got = ", ".join(short(repr(row.get(name))) for name in check.columns)
                problems.append(Problem(check.id, check.column, check.rule, got, check.on_fail))
        problems += [
            Problem(_UNKNOWN, name, "only declared columns", short(repr(row[name])), "fail") for name in look.unknown
        ]
        return tuple(sorted(problems, key=lambda problem: self._rank[problem.id]))

    def _ids(self, name: str) -> list[str]:
        return [f"{name}.missing", f"{name}.type", *(check.id for check in self._of[name])]

    def _problem(self, id_: str, name: str, rule: str, got: str) -> Problem:
        return Problem(id_, name, rule, got, self._columns[name].on_fail)


class _Look:
    """What a look at a row left open: values to ask polars about, values and columns that are wrong anyway."""

    __slots__ = ("bad", "doubts", "unknown")

    def __init__(self) -> None:
        self.doubts: list[str] = []
        self.bad: dict[str, Problem] = {}
        self.unknown: list[str] = []


def _accepts(column: Column) -> _Test:
    """Return a quick test that is true only for values which break no rule of the column."""
    test = _accepts_value(column)
    if column.nullable:
        return lambda value: value is None or test(value)
    return test


def _accepts_value(column: Column) -> _Test:
    dtype = column.dtype
    if dtype.is_integer():
        return _accepts_whole(column)
    if dtype.is_float() and column.allowed is None:
        return _accepts_float(column)
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum) and (column.allowed or isinstance(dtype, pl.Enum)):
        texts = set(dtype.categories) if isinstance(dtype, pl.Enum) else set(column.allowed or ())
        known = frozenset(texts & set(column.allowed) if column.allowed else texts)
        return lambda value: type(value) is str and value in known
    if column.between is not None or column.allowed is not None:
        return lambda value: False  # noqa: ARG005  polars knows
    if isinstance(dtype, pl.String | pl.Categorical):
        return lambda value: type(value) is str and (value.isascii() or _is_unicode(value))
    return _takes(dtype)


def _accepts_whole(column: Column) -> _Test:
    least, most = whole_limits(column.dtype)
    low, high = column.between or (None, None)
    if low is not None:
        least = max(least, low)
    if high is not None:
        most = min(most, high)
    if column.allowed is not None:
        known = frozenset(column.allowed)
        return lambda value: type(value) is int and least <= value <= most and value in known
    return lambda value: type(value) is int and least <= value <= most


def _accepts_float(column: Column) -> _Test:
    # NOTE: rounding to the type keeps order, so a value within the rounded bounds is within them when rounded too
    low, high = (
        None if one is None else pl.Series([one], dtype=column.dtype)[0] for one in column.between or (None, None)
    )
    least, most = float("-inf") if low is None else low, float("inf") if high is None else high

    def accepts(value: Any) -> bool:
        if type(value) is float:
            return bool(least <= value <= most)
        return type(value) is int and -_EXACT <= value <= _EXACT and bool(least <= value <= most)

    if column.nan == "allow":
        return lambda value: accepts(value) or (type(value) is float and value != value)  # noqa: PLR0124  NaN
    return accepts


def _takes(dtype: pl.DataType) -> _Test:  # noqa: PLR0911  one test for each sort of type
    """Return a test for Python values that a column of a type can hold; never asked about None."""
    if dtype.is_integer():
        least, most = whole_limits(dtype)
        return lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
    if dtype.is_float():
        return lambda value: isinstance(value, float) or _is_whole(value, 2**63)
    if isinstance(dtype, pl.Enum):
        known = frozenset(dtype.categories)
        return lambda value: isinstance(value, str) and value in known
    if isinstance(dtype, pl.String | pl.Categorical):
        return lambda value: isinstance(value, str) and _is_unicode(value)
    if isinstance(dtype, pl.Datetime):
        return _takes_instant(dtype)
    if isinstance(dtype, pl.Date):
        return lambda value: isinstance(value, date) and not isinstance(value, datetime)
    if isinstance(dtype, pl.Decimal):
        return _takes_decimal(dtype)
    if isinstance(dtype, pl.List | pl.Array):
        return _takes_list(dtype)
    if isinstance(dtype, pl.Struct):
        fields = {field.name: _takes(_instance(field.dtype)) for field in dtype.fields}
        return lambda value: (
            isinstance(value, Mapping)
            and value.keys() == fields.keys()
            and all(value[name] is None or takes(value[name]) for name, takes in fields.items())
        )
    plain: dict[type[pl.DataType], type] = {
        pl.Boolean: bool,
        pl.Time: time,
        pl.Duration: timedelta,
        pl.Binary: bytes,
    }
    kind = next((python for ours, python in plain.items() if isinstance(dtype, ours)), ())
    return lambda value: isinstance(value, kind)


def _takes_instant(dtype: pl.Datetime) -> _Test:
    zoned, coarse = dtype.time_zone is not None, dtype.time_unit != "ns"

    def takes(value: Any) -> bool:
        if not isinstance(value, datetime) or (value.utcoffset() is not None) != zoned:
            return False
        if coarse:
            return True
        return _NS[0] <= (value.astimezone(UTC).replace(tzinfo=None) if zoned else value) < _NS[1]

    return takes


def _takes_decimal(dtype: pl.Decimal) -> _Test:
    most = Decimal(10) ** ((dtype.precision or 38) - dtype.scale)

    def takes(value: Any) -> bool:
        if _is_whole(value, 10**38):
            return bool(-most < value < most)
        if not isinstance(value, Decimal) or not value.is_finite():
            return False
        return -most < value < most and value == value.quantize(Decimal(1).scaleb(-dtype.scale))

    return takes


def _takes_list(dtype: pl.List | pl.Array) -> _Test:
    inner = _takes(_instance(dtype.inner))
    width = dtype.size if isinstance(dtype, pl.Array) else None
    return lambda value: (
        isinstance(value, list | tuple)
        and (width is None or len(value) == width)
        and all(item is None or inner(item) for item in value)
    )


def _instance(dtype: Any) -> pl.DataType:
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made


def whole_limits(dtype: pl.DataType) -> tuple[float, float]:
    """Return the least and the largest whole number of a type."""
    bits = int(str(dtype).lstrip("UInt"))
    return (0, 2**bits - 1) if dtype.is_unsigned_integer() else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -most < value < most


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True


def _comparison(check: Check, table: type[Table]) -> tuple[str, str, Callable[[Any, Any], bool]] | None:
    """Return the columns and the Python test of a row check that compares two columns of one plain type."""
    rule = next(rule for rule in table.checks if rule.id == check.id)
    found = _COMPARISON.match(str(rule.expr()))
    if found is None:
        return None
    left, sign, right = found.groups()
    dtype = table.columns[left].dtype
    exact = dtype.is_integer() or isinstance(dtype, pl.String | pl.Date) or dtype == pl.Float64()
    if dtype != table.columns[right].dtype or not (exact or getattr(dtype, "time_unit", None) == "us"):
        return None
    return left, right, _SIGNS[sign]


def _not_below(left: Any, right: Any) -> bool:
    """Compare as polars does: null passes, and NaN is greater than any number and equal to itself."""
    return left is None or right is None or bool(left >= right) or left != left  # noqa: PLR0124  NaN


def _above(left: Any, right: Any) -> bool:
    # NOTE: not above is what is not below the other way round
    return left is None or right is None or not _not_below(right, left)


_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    ">=": _not_below,
    ">": _above,
    "<=": lambda left, right: _not_below(right, left),
    "<": lambda left, right: _above(right, left),
}
