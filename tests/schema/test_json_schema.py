"""JSON Schema: a row written as JSON breaks it where the row validator finds a problem, and nowhere else."""

import json
import math
from base64 import b64encode
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import jsonschema
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.json_schema import json_schema_text, to_json_schema
from featurelib.schema.rows import row_validator
from schemas import SearchRankingFeatures
from tests.schema.test_rows import FITTING, GOOD, Served

PLAIN = type("Plain", (Served,), {"checks": ()})
"""The table without its rules over several columns, which a schema of JSON cannot say."""

FLOATS32 = [name for name, column in PLAIN.columns.items() if column.dtype == pl.Float32()]
ROWS = row_validator(PLAIN)
SCHEMA = jsonschema.Draft202012Validator(json.loads(json_schema_text(PLAIN)))


def written(value: Any) -> Any:  # noqa: PLR0911  one case for each sort of value
    """Return a value as the notes of `to_json_schema` say that it is written."""
    match value:
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"{'-' * (value < timedelta(0))}PT{abs(value).total_seconds()}S"
        case Decimal():
            return float(value)
        case bytes():
            return b64encode(value).decode()
        case list() | tuple():
            return [written(item) for item in value]
        case dict():
            return {name: written(item) for name, item in value.items()}
    return value


def is_json(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return all(map(is_json, items)) and not (isinstance(value, float) and not math.isfinite(value))


@settings(max_examples=150)
@given(row=st.fixed_dictionaries(FITTING).filter(is_json))
def test_the_schema_says_of_values_of_the_types_what_the_row_validator_says(row: dict[str, Any]) -> None:
    held = row | {name: pl.Series([row[name]], dtype=pl.Float32)[0] for name in FLOATS32 if row[name] is not None}
    if is_json(held):
        assert SCHEMA.is_valid(written(held)) == (ROWS.check(held) == ())


@pytest.mark.parametrize("name", GOOD)
def test_each_column_refuses_null_other_types_and_to_be_left_out_as_the_validator_does(name: str) -> None:
    assert SCHEMA.is_valid(written(GOOD))
    for value in (None, "x y", 1, -1e6, 0.25, True, [], {}, ["x"], {"a": 1}):
        row = GOOD | {name: value}
        kind, good = type(value), type(GOOD[name])
        if (kind, good) not in {(str, bytes), (float, Decimal)}:  # as which they are written in JSON
            assert SCHEMA.is_valid(written(row)) == (ROWS.check(row) == ()), value
    left = {other: value for other, value in GOOD.items() if other != name}
    assert SCHEMA.is_valid(written(left)) == PLAIN.columns[name].optional
    assert not SCHEMA.is_valid(written(GOOD) | {"unknown": 1})


def test_what_it_cannot_say_is_listed() -> None:
    class Samples(Table):
        version = "2.1.0"
        key = ("item",)
        checks = (RowCheck("cheaper", "price <= list_price"),)

        item = Column(dtype=pl.String(), doc="Item.", unique=True)
        price = Column(dtype=pl.Decimal(6, 2), doc="Price.", unit="USD", between=(0, None), on_fail="warn")
        list_price = Column(dtype=pl.Decimal(6, 2), doc="Price.", nullable=True, max_null=0.5)
        share = Column(dtype=pl.Float64(), doc="Share", nan="allow")

    schema = to_json_schema(Samples)
    assert schema["$comment"].split("; ") == [
        "Samples 2.1.0",
        "not said here: at least 1 rows",
        "not said here: (item) unique",
        "not said here: item is unique",
        "not said here: at most 0.5 of list_price null",
        "not said here: price <= list_price",
        "not said here: limits on volume, freshness and drift, which compare days",
        "not said here: price has at most 2 digits behind the point",
        "not said here: list_price has at most 2 digits behind the point",
        "not said here: share may be NaN",
        "only warns: price is not null",
        "only warns: price in [0, inf)",
    ]
    assert schema["properties"]["price"]["description"] == "Price. Unit: USD."


def one_column(**declared: Any) -> type[Table]:
    return type("OneColumn", (Table,), {"x": Column(doc="X.", **declared)})


@pytest.mark.parametrize(
    ("dtype", "allowed", "other"),
    [
        (pl.Date(), (date(2026, 1, 1),), date(2026, 1, 2)),
        (pl.Decimal(6, 2), (Decimal("1.5"), Decimal(2)), Decimal("1.51")),
        (pl.Binary(), (b"\xff",), b"\xfe"),
        (pl.Float32(), (0.1,), 0.2),
        (pl.Float64(), (math.inf, 1.0), 2.0),
        (pl.List(pl.Int8()), ([1],), [2]),
        (pl.Enum(["a", "b"]), ("b",), "a"),
    ],
    ids=lambda value: value.__class__.__name__,
)
def test_allowed_values_are_listed_as_they_are_written(dtype: pl.DataType, allowed: tuple[Any], other: Any) -> None:
    table = one_column(dtype=dtype, allowed=allowed)
    schema = jsonschema.Draft202012Validator(json.loads(json_schema_text(table)))
    for value in filter(is_json, [*allowed, *pl.Series(allowed, dtype=dtype)]):
        row = {"x": value.to_list() if isinstance(value, pl.Series) else value}
        assert schema.is_valid(written(row))
        assert row_validator(table).check(row) == ()
    assert not schema.is_valid(written({"x": other}))
    assert row_validator(table).check({"x": other})
    assert ("x may be inf" in schema.schema["$comment"]) == (math.inf in allowed)


@pytest.mark.parametrize(
    ("dtype", "value"),
    [
        (pl.Datetime("us", "UTC"), datetime(2026, 1, 1, tzinfo=UTC)),
        (pl.Time(), time(12)),
        (pl.Duration(), timedelta(1)),
        (pl.Decimal(38, 2), Decimal("123456789012345678.25")),
        (pl.List(pl.Date()), [date(2026, 1, 1)]),
    ],
    ids=str,
)
def test_allowed_values_that_may_be_written_in_several_ways_are_not_said(dtype: pl.DataType, value: Any) -> None:
    schema = json.loads(json_schema_text(one_column(dtype=dtype, allowed=(value,), on_fail="warn")))
    assert "enum" not in schema["properties"]["x"]
    assert f"not said here: x in {{{value}}}" in schema["$comment"]
    assert "only warns: x in" not in schema["$comment"]


@pytest.mark.parametrize("dtype", [pl.Null(), pl.List(pl.Null()), pl.Struct({"a": pl.Null()})], ids=str)
def test_a_column_of_nothing_but_null_has_a_schema(dtype: pl.DataType) -> None:
    schema = to_json_schema(one_column(dtype=dtype, nullable=True))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid({"x": None})


def test_the_schema_of_a_table_of_ours_is_one() -> None:
    serving = to_json_schema(SearchRankingFeatures.within("serving"))
    jsonschema.Draft202012Validator.check_schema(serving)
    assert "clicked" not in serving["properties"]
    assert serving["required"] == list(serving["properties"])
