"""Values: what a row of windows' values is as text, exactly."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from featurelib.errors import ColumnTypeError

Decode = Callable[[Any], Any]

_PLAIN: dict[str, pl.DataType] = {
    str(dtype): dtype
    for dtype in (
        pl.Boolean(), pl.String(), pl.Date(), pl.Time(), pl.Float32(), pl.Float64(),
        pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.Int128(), pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(),
    )
}  # fmt: skip
_US = timedelta(microseconds=1)
_FROM_TEXT: dict[type[pl.DataType], Decode] = {
    pl.Datetime: datetime.fromisoformat,
    pl.Date: date.fromisoformat,
    pl.Time: time.fromisoformat,
    pl.Decimal: Decimal,
    pl.Duration: lambda us: us * _US,
}


def type_to_json(column: str, dtype: pl.DataType) -> Any:
    """Return a polars type as plain data.

    Raises
    ------
    ColumnTypeError
        If values of the type cannot be written as text and read back the same.
    """
    match dtype:
        case pl.List():
            return {"list": type_to_json(column, dtype.inner)}  # type: ignore[arg-type]  # of an instance, an instance
        case pl.Datetime():
            return {"datetime": [dtype.time_unit, dtype.time_zone]}
        case pl.Duration():
            return {"duration": dtype.time_unit}
        case pl.Decimal():
            return {"decimal": [dtype.precision, dtype.scale]}
    if str(dtype) not in _PLAIN:
        want = "a number, boolean, text, date, time or instant, or a list of these"
        raise ColumnTypeError("the export", column, where="the windows", got=dtype, want=want)
    return str(dtype)


def type_from_json(stored: Any) -> pl.DataType:
    """Return the polars type that `type_to_json` described."""
    if isinstance(stored, str):
        return _PLAIN[stored]
    ((kind, detail),) = stored.items()
    match kind:
        case "list":
            return pl.List(type_from_json(detail))
        case "datetime":
            return pl.Datetime(*detail)
        case "decimal":
            return pl.Decimal(*detail)
    return pl.Duration(detail)


def encode(values: Sequence[Any]) -> str:
    """Return Python values, as polars gives them, as one line of text."""
    return _encode(values)


def _as_plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return value // _US
    if isinstance(value, date | time):  # an instant is a date
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of a window")


# NOTE: Python writes a float as the shortest text that reads back the same, and inf and NaN as Infinity and NaN
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_as_plain).encode


def decoder(schema: Mapping[str, pl.DataType]) -> Callable[[str | bytes], dict[str, Any]]:
    """Return the function from the text of a row's values to the values by column."""
    names = list(schema)
    special = {name: decode for name, dtype in schema.items() if (decode := _decode(dtype)) is not None}

    def decode_row(text: str | bytes) -> dict[str, Any]:
        values = dict(zip(names, json.loads(text), strict=True))
        for name, decode in special.items():
            if values[name] is not None:
                values[name] = decode(values[name])
        return values

    return decode_row


def _decode(dtype: pl.DataType) -> Decode | None:
    """Return how a value of this type is read, or None if JSON has it already."""
    match dtype:
        case pl.List():
            inner = _decode(dtype.inner)  # type: ignore[arg-type]  # of an instance, an instance
            return inner and (lambda many: [None if one is None else inner(one) for one in many])
        case pl.Datetime(time_zone=str(zone)):
            clock = ZoneInfo(zone)
            return lambda text: datetime.fromisoformat(text).astimezone(clock)
    return _FROM_TEXT.get(type(dtype))
