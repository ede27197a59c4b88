"""Description: what a declared object says, as plain data that is the same in each process."""

import functools
import json
import pickle
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any
from uuid import UUID

import polars as pl

from featurelib.errors import DeclarationError
from featurelib.ledger._source import owner
from featurelib.ledger.code import fingerprint_code
from featurelib.schema import Column, RowCheck, Table

_AS_TEXT = (timedelta, date, time, tzinfo, Decimal, PurePath, UUID, range)
_CODE = (FunctionType, MethodType, BuiltinFunctionType, functools.partial, type, Enum)
_WORDS = {"doc", "declared_at", "unit", "rule", "pii", "drift", "environments", "default"}
"""What a column says of itself that changes no row: limits on drift are looked at whenever somebody asks."""
_PYTHON_IN_POLARS = (b"\xb1AnonymousFunction", b"\xa8callback")
"""How a Python function begins in an expression that is written down."""


def describe(value: Any, of: str = "a declaration") -> Any:  # noqa: PLR0911  # one for each kind
    """Return a declared object as plain data: what it says, not where or how it is written.

    Comments, docstrings, formatting and line numbers do not count; parameters, column types and rules do, and the code
    of a class of your own, with every helper function of yours that it reaches.

    Parameters
    ----------
    value
        A declared object or what its parameters hold: numbers, text, dates and times, paths; lists, sets and mappings
        of these; tables and data types; polars expressions, columns and frames, by all their values; functions,
        classes and objects of your own, by their code and what they hold (see `fingerprint_code`); objects of others
        that pickle.
    of
        What it is of, for the error.

    Raises
    ------
    DeclarationError
        If it holds something that cannot be told from another in the next process: an object of others that does not
        pickle, or an expression with a Python function in it.

    Notes
    -----
    A set counts whatever its order. What an expression was made from a set, as ``is_in({...})``, keeps the order that
    the set had in this process: sort it first.

    Examples
    --------
    >>> describe(frozenset({"b", "a"})), describe({"half": timedelta(minutes=30)})
    ({'set': ['a', 'b']}, {'mapping': [['half', '0:30:00']]})
    """
    if isinstance(value, type) and issubclass(value, Table):
        meaning = value.version.partition(".")[0]  # lesser steps are of words, and of what is described here besides
        rules = {"version": meaning, "key": value.key, "checks": describe(value.checks)}
        rules |= {"event_time": value.event_time, "landing_time": value.landing_time}
        rules |= {"min_rows": value.min_rows, "quarantine_budget": value.quarantine_budget}
        return {"table": value.__name__, **rules, "columns": {name: describe(c) for name, c in value.columns.items()}}
    if is_dataclass(value) and not isinstance(value, type):
        kind, told = (
            type(value).__name__,
            _WORDS if isinstance(value, Column | RowCheck) else set(),
        )
        shown = {
            f.name: describe(getattr(value, f.name), f"{f.name} of {kind}") for f in fields(value) if f.name not in told
        }
        return {"kind": kind, "code": fingerprint_code(type(value)), **shown}
    if isinstance(value, tuple | list):
        return [describe(item, of) for item in value]
    if isinstance(value, set | frozenset):
        return {"set": sorted((describe(item, of) for item in value), key=json.dumps)}
    if isinstance(value, Mapping):
        return {"mapping": [[describe(key, of), describe(item, of)] for key, item in value.items()]}
    if isinstance(value, pl.Expr | pl.Series | pl.DataFrame):
        return _of_polars(value, of)
    if isinstance(value, str | int | float | None):
        return value
    return str(value) if isinstance(value, _AS_TEXT) or _is_dtype(value) else _of_code(value, of)


def _is_dtype(value: object) -> bool:
    return isinstance(value, pl.DataType) or (isinstance(value, type) and issubclass(value, pl.DataType))


def _of_polars(value: pl.Expr | pl.Series | pl.DataFrame, of: str) -> Any:
    if isinstance(value, pl.DataFrame):
        return {"frame": [_of_polars(column, of) for column in value.get_columns()]}
    if isinstance(value, pl.Series):
        return {"column": value.name, "type": str(value.dtype), "values": describe(value.to_list(), of)}
    # NOTE: as text an expression leaves out all but a few values of a list
    written = value.meta.serialize()
    if any(mark in written for mark in _PYTHON_IN_POLARS):
        raise DeclarationError(
            f"{of} is the expression {value}, which holds a Python function: whether that has changed cannot be seen. "
            "Give the function as a parameter of its own, and make the expression where it is used."
        )
    return {"expression": written.hex()}


def _of_code(value: Any, of: str) -> Any:
    if not isinstance(value, _CODE) and owner(type(value).__module__) is not None:
        try:
            pickle.dumps(value, protocol=4)
        except Exception as error:  # any class may raise anything here
            raise DeclarationError(
                f"{of} is {value!r}, a {type(value).__name__}: whether it is the same in another process cannot be "
                "seen. Give what it is made from: numbers, text, dates, or functions and classes of your own."
            ) from error
    code = fingerprint_code(value)
    return {"code": f"{value.__module__}.{value.__qualname__}" if code is None else code}
