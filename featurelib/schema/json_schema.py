"""JSON Schema: a table's declaration for whoever holds rows as JSON, such as a service that logs them."""

import inspect
import json
import math
from base64 import b64encode
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import polars as pl

from featurelib.schema.checks import Check, is_json, plan_checks
from featurelib.schema.column import Column
from featurelib.schema.rows import whole_limits
from featurelib.schema.table import Table

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SAID = ("columns", "not_null", "between", "allowed", "nan")  # kinds of checks that a schema of one row can say
_DATE, _CLOCK = r"\d{4}-\d{2}-\d{2}", r"\d{2}:\d{2}:\d{2}(\.\d+)?"
_ZONE = r"(Z|[+-]\d{2}:\d{2})"


def to_json_schema(table: type[Table]) -> dict[str, Any]:
    """Return the JSON Schema, draft 2020-12, of one row of a table, as plain JSON values.

    Parameters
    ----------
    table
        The declaration; ``Samples.within("serving")`` for rows without labels.

    Returns
    -------
    dict
        An object with each column as a property. Null, ranges, allowed values and types are rules; what a row cannot
        break alone, and what the language has no word for, is listed in ``$comment``. Rules that only warn are rules
        here, too, and listed. The same declaration gives the same schema.

    Notes
    -----
    How values are written: instants and local times as in RFC 3339, with an offset where the column has a zone and
    without one where it has none; durations as in ISO 8601; bytes in base64; decimals as numbers. JSON has neither NaN
    nor infinities. A bound of a Float32 column is the wider one of itself and the Float32 nearest to it, so that a
    value at the bound passes however it is written; of allowed values both are listed. Whole numbers may be written
    with a point, as 1.0. Allowed instants, local times, clocks and durations, which may be written in several ways, are
    no rule, nor are decimals of more digits than a float tells apart.

    References
    ----------
    Wright, A., Andrews, H., Hutton, B., and Dennis, G., JSON Schema: A Media Type for Describing JSON Documents,
    draft 2020-12 (2022).

    Examples
    --------
    >>> class Samples(Table):
    ...     item_id = Column(dtype=pl.String(), doc="The item.")
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", nullable=True, between=(0, None))
    >>> to_json_schema(Samples)["properties"]["price"]
    {'description': 'Listed price. Unit: USD.', 'type': ['number', 'null'], 'minimum': 0}
    """
    return {
        "$schema": _DIALECT,
        "$comment": "; ".join([f"{table.__name__} {table.version}", *_unsaid(table)]),
        "title": table.__name__,
        "description": inspect.cleandoc(table.__doc__ or ""),
        "type": "object",
        "properties": {name: _property(column) for name, column in table.columns.items()},
        "required": [name for name, column in table.columns.items() if not column.optional],
        "additionalProperties": False,
    }


def json_schema_text(table: type[Table]) -> str:
    """Return the JSON Schema of a table as text."""
    return json.dumps(to_json_schema(table), indent=2, ensure_ascii=False) + "\n"


def _unsaid(table: type[Table]) -> Iterator[str]:
    """Yield in words what the schema cannot say, and which of its rules only warn."""
    checks = plan_checks(table)
    said = [check for check in checks if _is_said(check, table)]
    for check in checks:
        if check not in said:
            yield f"not said here: {check.rule}"
    yield "not said here: limits on volume, freshness and drift, which compare days"
    for name, column in table.columns.items():
        if column.nan == "allow":
            yield f"not said here: {name} may be NaN"
        for value in column.allowed or ():
            if column.dtype.is_float() and math.isinf(float(value)):
                yield f"not said here: {name} may be {value}"
        if isinstance(column.dtype, pl.Decimal) and column.dtype.scale:
            yield f"not said here: {name} has at most {column.dtype.scale} digits behind the point"
    for check in said:
        if check.on_fail == "warn":
            yield f"only warns: {check.rule}"


def _is_said(check: Check, table: type[Table]) -> bool:
    return check.kind in _SAID and (check.kind != "allowed" or _enum(table.columns[check.columns[0]]) is not None)


def _property(column: Column) -> dict[str, Any]:
    doc = column.doc if column.unit is None else f"{column.doc.rstrip('.')}. Unit: {column.unit}."
    told = {"description": doc, **_value(column.dtype)}
    if column.between is not None:
        told |= _range(column.between, column.dtype, told)
    if (allowed := _enum(column)) is not None:
        told["enum"] = allowed
    return _or_null(told) if column.nullable else told


def _enum(column: Column) -> list[Any] | None:  # noqa: PLR0911  one case for each sort of type
    """Return the allowed values as JSON writes them; None if all are, or JSON may write them in ways not listed."""
    if column.allowed is None:
        return None
    held = pl.Series(column.allowed, dtype=column.dtype).to_list()
    if column.dtype.is_float():
        both = (float(one) for pair in zip(column.allowed, held, strict=True) for one in pair)
        return list(dict.fromkeys(filter(math.isfinite, both)))
    match column.dtype:
        case pl.Decimal():
            numbers = [float(value) for value in held]
            return numbers if [Decimal(str(number)) for number in numbers] == held else None
        case pl.Date():
            return [value.isoformat() for value in held]
        case pl.Binary():
            return [b64encode(value).decode() for value in held]
        case pl.List() | pl.Array() | pl.Struct():
            return held if is_json(held) else None
        case pl.Datetime() | pl.Time() | pl.Duration():
            return None
    return held


def _or_null(told: dict[str, Any]) -> dict[str, Any]:
    """Return what values of a type are, or null."""
    if told.get("type") == "null":
        return told
    enum = {"enum": [*told["enum"], None]} if "enum" in told else {}
    return {**told, "type": [told["type"], "null"], **enum} if "type" in told else {**told, **enum}


def _range(between: tuple[float | None, float | None], dtype: pl.DataType, told: dict[str, Any]) -> dict[str, float]:
    """Return the narrower ones of the bounds that are declared and those of the type."""
    bounds: dict[str, float] = {}
    for name, bound, wider, narrower in zip(("minimum", "maximum"), between, (min, max), (max, min), strict=True):
        if bound is not None:
            held = pl.Series([bound], dtype=dtype)[0] if dtype.is_float() else bound
            bounds[name] = narrower(wider(bound, held), told.get(name, bound))
    return bounds


def _value(dtype: Any) -> dict[str, Any]:  # noqa: PLR0911  one case for each sort of type
    """Return what JSON values of a polars type are."""
    if dtype.is_integer():
        least, most = whole_limits(dtype)
        return {"type": "integer", "minimum": least, "maximum": most}
    if dtype.is_float():
        return {"type": "number"}
    match dtype:
        case pl.Decimal():
            most = 10 ** ((dtype.precision or 38) - dtype.scale)
            return {"type": "number", "exclusiveMinimum": -most, "exclusiveMaximum": most}
        case pl.Boolean():
            return {"type": "boolean"}
        case pl.Null():
            return {"type": "null"}
        case pl.List() | pl.Array():
            width = {"minItems": dtype.size, "maxItems": dtype.size} if isinstance(dtype, pl.Array) else {}
            return {"type": "array", "items": _or_null(_value(dtype.inner)), **width}
        case pl.Struct():
            parts = {field.name: _or_null(_value(field.dtype)) for field in dtype.fields}
            return {"type": "object", "properties": parts, "required": list(parts), "additionalProperties": False}
    return {"type": "string", **_text(dtype)}


def _text(dtype: Any) -> dict[str, Any]:  # noqa: PLR0911  as above
    """Return which texts values of a polars type are, as far as not all."""
    match dtype:
        case pl.Enum():
            return {"enum": dtype.categories.to_list()}
        case pl.Date():
            return {"format": "date", "pattern": f"^{_DATE}$"}
        case pl.Time():
            return {"pattern": f"^{_CLOCK}$"}
        case pl.Datetime() if dtype.time_zone is None:
            return {"pattern": f"^{_DATE}T{_CLOCK}$"}
        case pl.Datetime():
            return {"format": "date-time", "pattern": f"^{_DATE}T{_CLOCK}{_ZONE}$"}
        case pl.Duration():
            return {"format": "duration", "pattern": "^-?P"}
        case pl.Binary():
            return {"contentEncoding": "base64"}
    return {}
