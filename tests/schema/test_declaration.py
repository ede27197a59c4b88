"""Columns and tables: what a declaration refuses, and what it says."""

import math

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, DeclarationError, ParameterError
from featurelib.schema import Column, RowCheck, Table


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": pl.String}, r"dtype must be a polars type instance such as pl.String\(\), got String"),
        ({"on_fail": "ignore"}, "on_fail must be one of fail, quarantine, warn, got 'ignore'"),
        ({"nan": "ignore"}, "nan must be error or allow, got 'ignore'"),
        ({"nan": "allow", "dtype": pl.Int8()}, "nan must be left out for a type that has no NaN"),
        ({"between": (0, 1), "dtype": pl.String()}, "between must be left out for a type that is not a number"),
        ({"between": (None, None)}, "between must be a pair with at least one bound"),
        ({"between": (0, math.inf)}, "between must be finite; None leaves a side open"),
        ({"between": (2, 1)}, "between must be a lower bound not above its upper bound"),
        ({"allowed": ()}, "allowed must be a tuple of at least one value"),
        ({"allowed": ("a",), "dtype": pl.Int8()}, "allowed must be values that Int8 can hold"),
        ({"allowed": (300,), "dtype": pl.Int8()}, "allowed must be values that Int8 can hold"),
        ({"allowed": "abc", "dtype": pl.String()}, "allowed must be a tuple of values, got 'abc'"),
        ({"max_null": 0.5}, "max_null must be a share from 0 to 1 of a nullable column"),
        ({"max_null": 1.5, "nullable": True}, "max_null must be a share from 0 to 1 of a nullable column"),
        ({"epoch": "ns", "dtype": pl.Datetime("ns", "UTC")}, "epoch must be s, ms or us, got 'ns'"),
        ({"epoch": "ms", "dtype": pl.Int64()}, "epoch must be left out unless the type is a Datetime with a time zone"),
        ({"epoch": "ms", "dtype": pl.Datetime("ms")}, "epoch must be left out unless the type is a Datetime with"),
        ({"zone": "UTC"}, "zone must be left out unless the type is a Datetime with a time zone, got 'UTC'"),
        ({"zone": "UTC", "dtype": pl.Datetime("us")}, "zone must be left out unless the type is a Datetime with"),
        ({"zone": "Mars", "dtype": pl.Datetime("us", "UTC")}, "zone must be an IANA name such as UTC .*, got 'Mars'"),
        ({"zone": "", "dtype": pl.Datetime("us", "UTC")}, "zone must be an IANA name such as UTC"),
        ({"optional": True}, "optional must be left out unless the column is nullable"),
    ],
)
def test_column_refuses_a_rule_that_contradicts_itself(options, message):
    with pytest.raises(ParameterError, match=message):
        Column(**{"dtype": pl.Float64(), "doc": "A number.", **options})


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"id": "x", "that": "a >= "}, "that must be an SQL expression"),
        ({"id": "x", "that": "a > 0", "on_fail": "stop"}, "on_fail must be one of fail, quarantine, warn"),
        ({"id": "two words", "that": "a > 0"}, "id must be an identifier other than key, rows, columns"),
        ({"id": "rows", "that": "a > 0"}, "id must be an identifier other than key, rows, columns"),
    ],
)
def test_row_check_refuses_what_it_cannot_check(check, message):
    with pytest.raises(ParameterError, match=message):
        RowCheck(**check)


def declare(**body):
    columns = {"a": Column(dtype=pl.Int8(), doc="A."), "b": Column(dtype=pl.Int8(), doc="B.", nullable=True)}
    return type("Sample", (Table,), {**columns, **body})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"a": None, "b": None}, "table Sample: declares no column"),
        ({"key": ("b",)}, "table Sample: key column 'b' must not be nullable"),
        ({"quarantine_budget": 2}, "quarantine_budget must be a share from 0 to 1, got 2"),
        ({"_reasons": Column(dtype=pl.Int8(), doc="R.")}, "the name '_reasons' is kept for the reasons"),
        ({"checks": (RowCheck("x", "a > 0"), RowCheck("x", "b > 0"))}, "two row checks are called 'x'"),
        ({"checks": (RowCheck("x", "a + b"),)}, "row check 'x' must be true or false, its type is Int8"),
        ({"checks": (RowCheck("x", "a > 'text'"),)}, "row check 'x' does not fit its columns"),
    ],
)
def test_table_refuses_a_wrong_declaration(body, message):
    with pytest.raises(DeclarationError, match=message):
        declare(**body)


@pytest.mark.parametrize(
    "body", [{"key": ("aa",)}, {"event_time": "aa"}, {"landing_time": "aa"}, {"checks": (RowCheck("x", "aa > 0"),)}]
)
def test_table_refuses_to_name_a_column_that_it_lacks(body):
    with pytest.raises(ColumnMissingError, match=r"table Sample reads column 'aa'.*Did you mean 'a'"):
        declare(**body)


def test_one_text_is_one_key():
    assert declare(key="a").key == ("a",)
    with pytest.raises(ColumnMissingError, match="table Sample reads column 'ab', which its declaration lacks"):
        declare(key="ab")


def test_columns_come_in_order_of_declaration_also_from_a_dict_and_a_parent():
    many = {f"x{i}": Column(dtype=pl.Float32(), doc="Block.") for i in range(2)}
    child = type("Child", (declare(block=many),), {"z": Column(dtype=pl.Date(), doc="Day.")})
    assert list(child.polars_schema()) == ["a", "b", "x0", "x1", "z"]


def test_declarations_know_where_they_stand():
    class Here(Table):
        checks = (RowCheck("x", "a > 0"),)
        a = Column(dtype=pl.Int8(), doc="A.")

    line = test_declarations_know_where_they_stand.__code__.co_firstlineno
    assert Here.declared_at == f"test_declaration.py:{line + 1}"
    assert Here.checks[0].declared_at == f"test_declaration.py:{line + 2}"
    assert Here.columns["a"].declared_at == f"test_declaration.py:{line + 3}"
