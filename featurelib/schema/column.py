"""Column: what one column of a table means, and which values it may hold."""

import sys
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from featurelib.errors import ParameterError
from featurelib.schema.limits import Drift

OnFail = Literal["fail", "quarantine", "warn"]
Epoch = Literal["s", "ms", "us"]
Role = Literal["key", "time", "entity", "feature", "label", "weight", "meta"]
Pii = Literal["none", "pseudonymous", "personal"]

_ON_FAIL = ("fail", "quarantine", "warn")
_ROLES = ("key", "time", "entity", "feature", "label", "weight", "meta")
_PII = ("none", "pseudonymous", "personal")


_HERE = {__file__, str(Path(__file__).with_name("table.py")), "<string>"}  # "<string>": dataclass __init__


def _declared_at() -> str:
    """Return ``folder/file:line`` of the declaration, for the report of a broken rule."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename in _HERE:
        frame = frame.f_back
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{frame.f_lineno}"


def _fits(values: tuple[object, ...], dtype: pl.DataType) -> bool:
    """Return whether every value is one that a column of this type can hold; numbers are no truth values."""
    try:
        pl.Series(values, dtype=dtype, strict=True)
    except (TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
        return False
    return dtype == pl.Boolean() or not any(isinstance(value, bool) for value in values)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _are_names(names: object) -> bool:
    if not isinstance(names, tuple) or not all(isinstance(name, str) and name for name in names):
        return False
    return len(set(names)) == len(names)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_float(number: float) -> bool:
    """Return whether a number is finite, and none that no float reaches."""
    return abs(number) <= sys.float_info.max


def _is_pair(bounds: object) -> bool:
    if not isinstance(bounds, tuple | list) or len(bounds) != 2:
        return False
    return all(bound is None or _is_number(bound) for bound in bounds)


def _is_zone(name: str) -> bool:
    """Return whether polars knows a time zone of this name."""
    try:
        pl.Series([], dtype=pl.Datetime("us")).dt.replace_time_zone(name)
    except pl.exceptions.PolarsError:
        return False
    return bool(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Declare one column of a `Table`.

    Parameters
    ----------
    dtype
        The polars type, exact: types never come from inference. Keys are text unless you say otherwise.
    doc
        One sentence that a stranger can trust.
    unit
        Unit of the number, such as ``USD`` or ``s``.
    nullable
        Whether null is allowed. NaN is not null.
    nan
        ``error`` makes a NaN break the column's rule; ``allow`` lets it through.
    between
        Smallest and largest allowed value, both included; ``None`` leaves a side open. Bounds are compared as
        values of ``dtype``: 0.1 is within ``(0, 0.1)`` also where the column is Float32. Null and NaN are left
        to their own rules.
    allowed
        The only values allowed. Null and NaN are left to their own rules.
    max_null
        Largest allowed share of nulls, 0 to 1, for a nullable column. A share breaks no single row, so
        ``on_fail="quarantine"`` means ``fail`` here.
    on_fail
        What a value outside these rules does: ``fail`` refuses the table, ``quarantine`` sets the row aside
        (within the table's budget), ``warn`` only reports it.
    role
        What the column is for: ``key`` and ``entity`` name rows and what they are of, ``time`` says when, ``feature``
        is an input of models, ``label`` an outcome, ``weight`` a weight of rows, ``meta`` all else.
    unique
        Whether no value may be there twice in a partition. Nulls are no values.
    default
        The value that says nothing, such as 0 of a count or of an index: coverage is the share of rows with another.
    environments
        Where the column is, such as ``("training",)``; by default in all environments of its table, but that a label
        or a weight is not there in ``serving``. See `Table.within`.
    pii
        Whether it tells of a person: ``personal`` by itself, ``pseudonymous`` through a key that somebody holds.
    drift
        How far its values may move; by default as its table says.
    source
        Its name in the raw file where that differs, such as ``user-item_affinity_3``.
    optional
        Whether a raw file may lack the column; its rows get null.
    epoch
        Unit of the whole numbers that a raw file may hold in the place of an instant, counted from 1970 in UTC. Texts
        with a date, a clock and a zone are read besides. By default numbers are refused.
    zone
        Zone of the clock that wrote the times of a raw file which state none: any IANA name, such as ``UTC`` or
        ``Europe/Berlin``. Those that state one are read as stated. A local time that this clock skips in spring, or
        shows twice in autumn, is no instant, and refused as ``bad_time``. By default all times that state no zone are.

    Raises
    ------
    ParameterError
        If a rule contradicts itself or does not fit the type.
    """

    dtype: pl.DataType
    doc: str
    unit: str | None = None
    nullable: bool = False
    nan: Literal["error", "allow"] = "error"
    between: tuple[float | None, float | None] | None = None
    allowed: tuple[str | int, ...] | None = None
    max_null: float | None = None
    on_fail: OnFail = "fail"
    role: Role = "meta"
    unique: bool = False
    default: str | float | bool | None = None
    environments: tuple[str, ...] = ()
    pii: Pii = "none"
    drift: Drift | None = None
    source: str | None = None
    optional: bool = False
    epoch: Epoch | None = None
    zone: str | None = None
    declared_at: str = field(default_factory=_declared_at, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, holds, want in self._rules():
            if not holds:
                raise ParameterError(self, name, got=getattr(self, name), want=want)

    def _rules(self) -> Iterator[tuple[str, bool, str]]:
        """Yield parameter, whether it is well declared, and what it must be; later rules rely on earlier ones."""
        yield "dtype", isinstance(self.dtype, pl.DataType), "a polars type instance such as pl.String()"
        yield "doc", isinstance(self.doc, str), "a sentence about the column"
        for name in ("unit", "source"):
            value = getattr(self, name)
            yield name, value is None or isinstance(value, str), "a text, or left out"
        for name in ("nullable", "unique", "optional"):
            yield name, isinstance(getattr(self, name), bool), "True or False"
        yield "on_fail", self.on_fail in _ON_FAIL, f"one of {', '.join(_ON_FAIL)}"
        yield "nan", self.nan in ("error", "allow"), "error or allow"
        yield "nan", self.nan == "error" or self.dtype.is_float(), "left out for a type that has no NaN"
        if self.between is not None:
            yield "between", _is_pair(self.between), "a pair of numbers, None for an open side"
            low, high = self.between
            yield "between", self.dtype.is_numeric(), "left out for a type that is not a number"
            yield "between", low is not None or high is not None, "a pair with at least one bound"
            yield "between", all(map(_is_float, filter(None, (low, high)))), "finite; None leaves a side open"
            yield (
                "between",
                low is None or high is None or low <= high,
                "a lower bound not above its upper bound",
            )
        if self.allowed is not None:
            yield "allowed", isinstance(self.allowed, tuple | list), "a tuple of values"
            yield "allowed", len(self.allowed) > 0, "a tuple of at least one value"
            yield "allowed", None not in self.allowed, "left without None: `nullable` says whether null is allowed"
            yield "allowed", _fits(self.allowed, self.dtype), f"values that {self.dtype} can hold"
            yield "allowed", self._within(*self.allowed), "values that lie within `between`"
        if self.default is not None:
            yield "default", isinstance(self.default, Hashable), "one value"
            yield "default", self.default == self.default, "left without NaN, which always counts as missing"
            yield "default", _fits((self.default,), self.dtype), f"a value that {self.dtype} can hold"
            yield "default", self._within(self.default), "a value that lies within `between`"
            yield "default", self.allowed is None or self.default in self.allowed, "one of the allowed values"
        yield "role", self.role in _ROLES, f"one of {', '.join(_ROLES)}"
        yield "pii", self.pii in _PII, f"one of {', '.join(_PII)}"
        yield "drift", self.drift is None or isinstance(self.drift, Drift), "a Drift, or None for that of the table"
        yield "unique", not (self.unique and self.dtype.is_nested()), "left out for lists, arrays and structs"
        yield "environments", _are_names(self.environments), "a tuple of names, each once"
        share = self.max_null
        yield (
            "max_null",
            share is None or (self.nullable and _is_number(share) and 0 <= share <= 1),
            "a share from 0 to 1 of a nullable column",
        )
        zoned = isinstance(self.dtype, pl.Datetime) and self.dtype.time_zone is not None
        yield "epoch", self.epoch in (None, "s", "ms", "us"), "s, ms or us"
        yield "epoch", self.epoch is None or zoned, "left out unless the type is a Datetime with a time zone"
        yield "zone", self.zone is None or zoned, "left out unless the type is a Datetime with a time zone"
        yield "zone", self.zone is None or _is_zone(self.zone), "an IANA name such as UTC or Europe/Berlin"
        yield "optional", self.nullable or not self.optional, "left out unless the column is nullable"

    def _within(self, *values: object) -> bool:
        """Return whether numbers lie within the bounds, if there are any."""
        low, high = self.between or (None, None)
        numbers = [value for value in values if isinstance(value, int | float)]
        return all((low is None or low <= number) and (high is None or number <= high) for number in numbers)
