"""Types: a polars type as plain data, and whether the values of one all fit into another."""

from typing import Any

import polars as pl

_PLAIN = {
    str(dtype): dtype
    for dtype in (
        pl.Boolean(), pl.String(), pl.Binary(), pl.Date(), pl.Time(), pl.Categorical(), pl.Null(), pl.Object(),
        pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.Int128(),
        pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64(), pl.UInt128(),
        pl.Float16(), pl.Float32(), pl.Float64(),
    )
}  # fmt: skip
_EXACT_BITS = {"Float16": 11, "Float32": 24, "Float64": 53}  # whole numbers up to 2**bits, each exactly
_FINER = {("ms", "us")}  # NOTE: not to ns, which ends in the year 2262


def dtype_to_plain(dtype: pl.DataType) -> Any:  # noqa: PLR0911  one case for each sort of type
    """Return a polars type as plain JSON values, which `dtype_from_plain` reads.

    Raises
    ------
    ValueError
        If it is a type that no table can be declared with, such as an extension type.

    Examples
    --------
    >>> dtype_to_plain(pl.Int32()), dtype_to_plain(pl.List(pl.Enum(["a", "b"])))
    ('Int32', {'list': {'enum': ['a', 'b']}})
    """
    match dtype:
        case pl.List():
            return {"list": dtype_to_plain(_instance(dtype.inner))}
        case pl.Array():
            return {"array": [dtype_to_plain(_instance(dtype.inner)), dtype.size]}
        case pl.Struct():
            return {"struct": [[field.name, dtype_to_plain(_instance(field.dtype))] for field in dtype.fields]}
        case pl.Enum():
            return {"enum": dtype.categories.to_list()}
        case pl.Datetime():
            return {"datetime": [dtype.time_unit, dtype.time_zone]}
        case pl.Duration():
            return {"duration": dtype.time_unit}
        case pl.Decimal():
            return {"decimal": [dtype.precision, dtype.scale]}
    if str(dtype) not in _PLAIN:
        raise ValueError(f"{dtype} is no type of a declared column")
    return str(dtype)


def dtype_from_plain(plain: Any) -> pl.DataType:  # noqa: PLR0911  one case for each sort of type
    """Return the polars type that `dtype_to_plain` described.

    Raises
    ------
    ValueError
        If it describes none.

    Examples
    --------
    >>> dtype_from_plain({"datetime": ["us", "UTC"]})
    Datetime(time_unit='us', time_zone='UTC')
    """
    match plain:
        case str() if plain in _PLAIN:
            return _PLAIN[plain]
        case {"list": inner}:
            return pl.List(dtype_from_plain(inner))
        case {"array": [inner, size]}:
            return pl.Array(dtype_from_plain(inner), size)
        case {"struct": fields}:
            return pl.Struct({name: dtype_from_plain(inner) for name, inner in fields})
        case {"enum": categories}:
            return pl.Enum(categories)
        case {"datetime": [unit, zone]}:
            return pl.Datetime(unit, zone)
        case {"duration": unit}:
            return pl.Duration(unit)
        case {"decimal": [precision, scale]}:
            return pl.Decimal(precision, scale)
    raise ValueError(f"{plain!r} describes no polars type")


def holds(wide: pl.DataType, narrow: pl.DataType) -> bool:  # noqa: PLR0911  one case for each sort of type
    """Return whether every value of one type is a value of the other, so that a cast loses nothing.

    Whole numbers fit into floats up to where these are exact. An `Enum` fits into one that has its categories in the
    same order among others, and into text. Lists, arrays and structs fit as what is in them does; a struct needs the
    same fields in the same order. Instants fit from ms into us of the same zone.

    Examples
    --------
    >>> holds(pl.Int64(), pl.Int32()), holds(pl.Float64(), pl.Int64()), holds(pl.Float64(), pl.Int32())
    (True, False, True)
    """
    if wide == narrow:
        return True
    match wide, narrow:
        case (pl.List(), pl.List()):
            return holds(_instance(wide.inner), _instance(narrow.inner))
        case (pl.Array(), pl.Array()):
            return wide.size == narrow.size and holds(_instance(wide.inner), _instance(narrow.inner))
        case (pl.Struct(), pl.Struct()):
            return [field.name for field in wide.fields] == [field.name for field in narrow.fields] and all(
                holds(_instance(one.dtype), _instance(other.dtype))
                for one, other in zip(wide.fields, narrow.fields, strict=True)
            )
        case (pl.Enum(), pl.Enum()):
            known = set(narrow.categories)
            return [category for category in wide.categories if category in known] == narrow.categories.to_list()
        case (pl.String(), pl.Enum()):
            return True
        case (pl.Datetime(), pl.Datetime()):
            return wide.time_zone == narrow.time_zone and (narrow.time_unit, wide.time_unit) in _FINER
        case (pl.Duration(), pl.Duration()):
            return (narrow.time_unit, wide.time_unit) in _FINER
        case (pl.Decimal(), pl.Decimal()):
            return wide.scale >= narrow.scale and wide.precision - wide.scale >= narrow.precision - narrow.scale
    return _holds_numbers(wide, narrow)


def _holds_numbers(wide: pl.DataType, narrow: pl.DataType) -> bool:
    if wide.is_float() and narrow.is_float():
        return _EXACT_BITS[str(wide)] >= _EXACT_BITS[str(narrow)]
    if wide.is_float() and narrow.is_integer():
        return _EXACT_BITS[str(wide)] >= _bits(narrow)
    if wide.is_integer() and narrow.is_integer():
        return _bits(wide) >= _bits(narrow) and (wide.is_signed_integer() or narrow.is_unsigned_integer())
    return False


def _bits(dtype: pl.DataType) -> int:
    """Return the bits of a whole number's size, without its sign."""
    size = int(str(dtype).lstrip("UInt"))
    return size - 1 if dtype.is_signed_integer() else size


def _instance(dtype: Any) -> pl.DataType:
    """Return an instance of the type: polars keeps the class where the user gave the class."""
    instance: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return instance
