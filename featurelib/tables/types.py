"""Types: each polars type a table may hold, and how the Delta log declares it."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
from deltalake import Field, Schema
from deltalake.schema import ArrayType, PrimitiveType, StructType

from featurelib.errors import ColumnTypeError, UsageError

# Delta has no unsigned types: each is declared as the type that Spark gives to the same Parquet column.
_PRIMITIVES: dict[str, tuple[pl.DataType, str]] = {
    "Boolean": (pl.Boolean(), "boolean"),
    "Int8": (pl.Int8(), "byte"),
    "Int16": (pl.Int16(), "short"),
    "Int32": (pl.Int32(), "integer"),
    "Int64": (pl.Int64(), "long"),
    "UInt8": (pl.UInt8(), "short"),
    "UInt16": (pl.UInt16(), "integer"),
    "UInt32": (pl.UInt32(), "long"),
    "UInt64": (pl.UInt64(), "decimal(20,0)"),
    "Float32": (pl.Float32(), "float"),
    "Float64": (pl.Float64(), "double"),
    "String": (pl.String(), "string"),
    "Binary": (pl.Binary(), "binary"),
    "Date": (pl.Date(), "date"),
}
_DTYPE = "featurelib.dtype"
PARTITION_COLUMNS: dict[str, pl.DataType] = {"dt": pl.Date(), "hr": pl.Int32()}


def partition_columns(*, hourly: bool) -> dict[str, pl.DataType]:
    """Return the partition columns and their types: ``dt``, and ``hr`` in a table by hours."""
    return dict(PARTITION_COLUMNS) if hourly else {"dt": PARTITION_COLUMNS["dt"]}


def to_delta(schema: pl.Schema, *, hourly: bool) -> Schema:
    """Return the Delta schema of a table's columns, partition columns last.

    Raises
    ------
    UsageError
        If there is no column, or one has the name of a partition column.
    ColumnTypeError
        If a type cannot be stored exactly, such as a categorical or a duration.
    """
    if not schema:
        raise UsageError("a table needs at least one column besides its partition columns.")
    for name in schema:
        if name.lower() in PARTITION_COLUMNS:
            raise UsageError(f"column {name!r}: dt and hr are partition columns, which the table adds itself.")
    keys = to_fields(pl.Schema(partition_columns(hourly=hourly)))
    return Schema(to_fields(schema) + keys)


def to_fields(schema: Mapping[str, Any]) -> list[Field]:
    """Return one nullable Delta field per column, which remembers the exact polars type."""
    fields = []
    for name, dtype in pl.Schema(schema).items():
        try:
            metadata = {_DTYPE: json.dumps(_encode(dtype))}
            fields.append(Field(name, _delta_type(dtype), nullable=True, metadata=metadata))
        except KeyError as error:
            raise ColumnTypeError(
                "A table", name, where="its schema", got=dtype, want="a type that Parquet and Delta store exactly",
                hint="Use String for Categorical and Enum, Datetime('us', 'UTC') for instants, Int64 for durations.",
            ) from error  # fmt: skip
    return fields


def from_delta(schema: Schema) -> pl.Schema:
    """Return the exact polars schema of a table made by `to_delta`, without partition columns.

    Raises
    ------
    UsageError
        If a column was added by another tool, so that its exact type is not known.
    """
    columns = {}
    for field in schema.fields:
        if field.name in PARTITION_COLUMNS:
            continue
        if _DTYPE not in field.metadata:
            raise UsageError(f"column {field.name!r} was not declared by featurelib: its exact type is unknown.")
        columns[field.name] = _decode(json.loads(field.metadata[_DTYPE]))
    return pl.Schema(columns)


def _delta_type(dtype: pl.DataType) -> Any:
    match dtype:
        case pl.List() | pl.Array():
            return ArrayType(_delta_type(_instance(dtype.inner)), contains_null=True)
        case pl.Struct():
            return StructType([Field(field.name, _delta_type(_instance(field.dtype))) for field in dtype.fields])
        case pl.Decimal():
            return PrimitiveType(f"decimal({dtype.precision},{dtype.scale})")
        case pl.Datetime():
            return PrimitiveType("timestamp_ntz" if dtype.time_zone is None else "timestamp")
    return PrimitiveType(_PRIMITIVES[str(dtype)][1])


def _encode(dtype: pl.DataType) -> Any:
    match dtype:
        case pl.List():
            return {"list": _encode(_instance(dtype.inner))}
        case pl.Array():
            return {"array": [_encode(_instance(dtype.inner)), dtype.size]}
        case pl.Struct():
            return {"struct": [[field.name, _encode(_instance(field.dtype))] for field in dtype.fields]}
        case pl.Decimal():
            return {"decimal": [dtype.precision, dtype.scale]}
        case pl.Datetime():
            if dtype.time_unit != "us" or dtype.time_zone not in {None, "UTC"}:
                raise KeyError(str(dtype))  # Delta stores microseconds of UTC, and would lose the rest
            return {"datetime": dtype.time_zone}
    if str(dtype) not in _PRIMITIVES:
        raise KeyError(str(dtype))
    return str(dtype)


def _decode(code: Any) -> pl.DataType:
    match code:
        case {"list": inner}:
            return pl.List(_decode(inner))
        case {"array": [inner, size]}:
            return pl.Array(_decode(inner), size)
        case {"struct": fields}:
            return pl.Struct({name: _decode(inner) for name, inner in fields})
        case {"decimal": [precision, scale]}:
            return pl.Decimal(precision, scale)
        case {"datetime": zone}:
            return pl.Datetime("us", zone)
    return _PRIMITIVES[code][0]


def _instance(dtype: Any) -> pl.DataType:
    """Return an instance of the type: polars keeps the class where the user gave the class."""
    instance: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return instance
