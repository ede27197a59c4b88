"""Declaration: all that a table's class says, as plain data that can be stored, hashed and compared."""

import hashlib
import inspect
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

import polars as pl

from featurelib.errors import ColumnTypeError
from featurelib.schema.column import Column
from featurelib.schema.dtypes import dtype_to_plain
from featurelib.schema.limits import Drift, Volume
from featurelib.schema.table import Reference, RowCheck, Table

Plain = Mapping[str, Any]
"""What is said of one thing, by name; what says nothing (None, False, an empty text or tuple) is left out."""

COLUMN_FIELDS = tuple(field.name for field in fields(Column) if field.name != "declared_at")
CHECK_FIELDS = ("rule", "on_fail")
REFERENCE_FIELDS = ("columns", "to", "at", "max_missing", "on_fail")
_BESIDE = ("version", "columns", "checks", "references", "declared_at")
TABLE_FIELDS = ("doc", *(name for name in Table.__annotations__ if name not in _BESIDE))
_SETS = ("key", "environments", "allowed")  # what their order is, nothing asks


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a table's class says of it. Where it says so, and the order of columns, are no part of it.

    Parameters
    ----------
    table, version
        Its name and version.
    said
        What it says of the table as a whole: its documentation, owner, key, times, limits.
    columns, checks, references
        What it says of each column, row check and reference, by name or id.

    Examples
    --------
    >>> class Samples(Table):
    ...     price = Column(dtype=pl.Float64(), doc="Listed price.", unit="USD", between=(0, None))
    >>> declaration = Declaration.of(Samples)
    >>> declaration.columns["price"]["between"], declaration.said["min_rows"]
    ([0, None], 1)
    >>> Declaration.from_json(declaration.to_json()) == declaration
    True
    """

    table: str
    version: str
    said: Plain
    columns: Mapping[str, Plain]
    checks: Mapping[str, Plain]
    references: Mapping[str, Plain]

    @classmethod
    def of(cls, table: type[Table]) -> "Declaration":
        """Return what a table's class says.

        Raises
        ------
        ColumnTypeError
            If a column has a type that cannot be written down, such as an extension type.
        """
        said = {"doc": inspect.cleandoc(table.__doc__ or "")}
        said |= {name: getattr(table, name) for name in TABLE_FIELDS if name != "doc"}
        return cls(
            table.__name__,
            table.version,
            _plain(said),
            {name: _of_column(name, column, table) for name, column in table.columns.items()},
            {check.id: _of_check(check) for check in table.checks},
            {reference.id: _of_reference(reference) for reference in table.references},
        )

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Declaration":
        """Return the declaration that `to_json` gave.

        Raises
        ------
        ValueError
            If it is not of that shape, or says something of which this version of the library knows nothing.
        """
        try:
            found = cls(**stored)
            known = [
                (found.said, TABLE_FIELDS),
                *((column, COLUMN_FIELDS) for column in found.columns.values()),
                *((check, CHECK_FIELDS) for check in found.checks.values()),
                *((reference, REFERENCE_FIELDS) for reference in found.references.values()),
            ]
            unknown = [name for said, names in known for name in said if name not in names]
        except (TypeError, AttributeError) as error:
            raise ValueError(f"it is no declaration of a table ({error})") from error
        if unknown:
            raise ValueError(f"it says {unknown[0]!r}, of which this featurelib knows nothing")
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as plain JSON values."""
        return {
            "table": self.table,
            "version": self.version,
            "said": self.said,
            "columns": self.columns,
            "checks": self.checks,
            "references": self.references,
        }

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical text: JSON with sorted keys, without spaces, in UTF-8."""
        text = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def _of_column(name: str, column: Column, table: type[Table]) -> Plain:
    said = {field: getattr(column, field) for field in COLUMN_FIELDS}
    there = table._environments_of(column)  # where it is: a label, say, is not in serving even if nothing says so
    try:
        dtype_to_plain(column.dtype)
    except ValueError as error:
        who, want = f"table {table.__name__}", "a type that can be written down"
        raise ColumnTypeError(who, name, where="its declaration", got=column.dtype, want=want) from error
    return _plain({**said, "environments": () if set(there) == set(table.environments) else there})


def _of_check(check: RowCheck) -> Plain:
    return {"rule": check.rule, "on_fail": check.on_fail}


def _of_reference(reference: Reference) -> Plain:
    said = {
        "columns": reference.columns,
        "to": reference.table,
        "at": reference.at or reference.columns,
        "max_missing": reference.max_missing,
        "on_fail": reference.on_fail,
    }
    return _plain(said)


def _plain(said: Plain) -> Plain:
    """Return plain JSON values, one text for one meaning, without what says nothing."""
    plain = {name: _value(name, value) for name, value in said.items()}
    return {name: value for name, value in plain.items() if value is not None and (name == "default" or _says(value))}


def _says(value: Any) -> bool:
    return value is not False and value not in ("", [])


def _value(name: str, value: Any) -> Any:
    match value:
        case pl.DataType():
            return dtype_to_plain(value)
        case Drift() | Volume():
            return {field: _value(field, limit) for field, limit in asdict(value).items()}
        case timedelta():
            return _number(value.total_seconds())
        case tuple():
            listed = [_value("", each) for each in value]
            return sorted(listed, key=lambda each: (str(type(each)), each)) if name in _SETS else listed
        case float():
            return _number(value)
    return value


def _number(value: float) -> int | float | str:
    """Return 0 for 0.0, as both bounds mean the same, and a text for what JSON has no number for."""
    if not math.isfinite(value):
        return repr(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
