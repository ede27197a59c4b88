"""Columns and tables: what a declaration refuses, and what it says."""

import math
from dataclasses import fields
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, DeclarationError, ParameterError, UsageError
from featurelib.schema import Column, Drift, Reference, RowCheck, Table, Volume


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
        ({"between": (0, 10**400)}, "between must be finite; None leaves a side open"),
        ({"between": (1,)}, "between must be a pair of numbers, None for an open side"),
        ({"between": ("a", "b")}, "between must be a pair of numbers"),
        ({"allowed": (1, None), "dtype": pl.Int8()}, "allowed must be left without None"),
        ({"max_null": "a", "nullable": True}, "max_null must be a share from 0 to 1"),
        ({"drift": 5}, "drift must be a Drift"),
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
        ({"allowed": (0, 3), "between": (0, 2)}, "allowed must be values that lie within `between`"),
        ({"default": [1.0]}, "default must be one value"),
        ({"default": "x"}, "default must be a value that Float64 can hold"),
        ({"default": 3.0, "between": (0, 2)}, "default must be a value that lies within `between`"),
        ({"default": 2, "allowed": (0, 1), "dtype": pl.Int8()}, "default must be one of the allowed values"),
        ({"role": "context"}, "role must be one of key, time, entity, feature, label, weight, meta"),
        ({"pii": "secret"}, "pii must be one of none, pseudonymous, personal"),
        ({"unique": True, "dtype": pl.List(pl.Int8())}, "unique must be left out for lists"),
        ({"environments": "serving"}, "environments must be a tuple of names, each once"),
        ({"environments": ("a", "a")}, "environments must be a tuple of names, each once"),
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
        ({"id": "volume", "that": "a > 0"}, "id must be an identifier other than key, rows, columns"),
        ({"id": "x", "that": "a > AVG(a)"}, "that must be a rule about one row alone, and Agg looks at others"),
        ({"id": "x", "that": pl.col("a").shift(1) > 0}, "a rule about one row alone, and Shift looks at others"),
        ({"id": "x", "that": pl.col("a").over("b") > 0}, "a rule about one row alone, and Over looks at others"),
        ({"id": "x", "that": pl.col("a").is_unique()}, "a rule about one row alone, and IsUnique looks at others"),
        (
            {"id": "x", "that": pl.col("a").map_batches(lambda a: a > 0, return_dtype=pl.Boolean)},
            "a rule about one row alone, and AnonymousFunction looks at others, or cannot be seen not to",
        ),
    ],
)
def test_row_check_refuses_what_it_cannot_check(check, message):
    with pytest.raises(ParameterError, match=message):
        RowCheck(**check)


TIME = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", role="time")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": ()}, "columns must be a tuple of at least one column, each once"),
        ({"columns": ("a", "a")}, "columns must be a tuple of at least one column, each once"),
        ({"at": ("x", "y")}, "at must be as many columns as `columns`, each once"),
        ({"max_missing": 2}, "max_missing must be a share from 0 to 1"),
        ({"on_fail": "quarantine"}, "on_fail must be fail or warn"),
    ],
)
def test_reference_refuses_what_it_cannot_check(given, message):
    with pytest.raises(ParameterError, match=message):
        Reference(**{"columns": ("a",), "to": "Items", **given})


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (lambda: Drift(psi=(0.3, 0.2)), "psi must be None, or a pair of numbers above 0"),
        (lambda: Drift(psi=0.2), "psi must be None, or a pair of numbers above 0"),
        (lambda: Drift(nulls=(0, 0.2)), "nulls must be None, or a pair of numbers above 0"),
        (lambda: Drift(coverage=(0.5, 2)), "coverage must be at most 1"),
        (lambda: Drift(auc=(0.4, 0.9)), "auc must be above 0.5 and at most 1"),
        (lambda: Drift(on_alarm="quarantine"), "on_alarm must be fail or warn"),
        (lambda: Volume(watch=0.6), "watch must be None, or a pair of numbers above 0"),
        (lambda: Volume(partitions=0), "partitions must be at least 1"),
    ],
)
def test_limits_refuse_what_no_measure_can_reach(limits, message):
    with pytest.raises(ParameterError, match=message):
        limits()


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
        ({"version": 2}, r"version must be three numbers such as '1.0.0', got 2"),
        ({"version": "1.0"}, "version must be three numbers such as '1.0.0', got '1.0'"),
        ({"environments": ()}, "environments must be a tuple of names, each once"),
        ({"freshness": timedelta(hours=1)}, "freshness needs event_time"),
        ({"event_time": "t", "t": TIME, "freshness": timedelta(0)}, "freshness must be above 0"),
        ({"references": (Reference(("a",), "Items"), Reference(("a",), "Pages"))}, "two references are of the same"),
        ({"x": Column(dtype=pl.Int8(), doc="X.", environments=("lab",))}, "column 'x' is in environment 'lab'"),
        ({"key": ("k",), "k": Column(dtype=pl.Int8(), doc="K.", environments=("training",))}, "in every environment"),
        ({"block": {"a": Column(dtype=pl.Int8(), doc="A again.")}}, "column 'a' is declared twice, also in 'block'"),
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
    assert Here.declared_at == f"schema/test_declaration.py:{line + 1}"
    assert Here.checks[0].declared_at == f"schema/test_declaration.py:{line + 2}"
    assert Here.columns["a"].declared_at == f"schema/test_declaration.py:{line + 3}"


def test_a_column_named_twice_in_a_class_is_refused_with_both_places():
    with pytest.raises(DeclarationError, match=r"column 'a' is declared twice, at schema/test_declaration.py:\d+ and"):

        class Twice(Table):
            a = Column(dtype=pl.Int8(), doc="A.")
            a = Column(dtype=pl.Int16(), doc="A, but longer.")  # noqa: PIE794  the defect under test


def test_an_environment_leaves_out_what_is_not_known_there():
    class Samples(Table):
        key = ("id",)
        event_time = "at"
        freshness = timedelta(hours=1)
        checks = (RowCheck("weighed", "weight > 0"), RowCheck("dear", pl.col("price") > 1))
        references = (Reference(("id",), "Items"), Reference(("clicked",), "Labels"))

        id = Column(dtype=pl.String(), doc="Id.", role="key")
        at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", environments=("training",))
        price = Column(dtype=pl.Float32(), doc="Price.")
        clicked = Column(dtype=pl.Int8(), doc="Label.", role="label")
        hidden = Column(dtype=pl.Int8(), doc="Label of another model.", role="label", environments=("serving",))
        weight = Column(dtype=pl.Float32(), doc="Weight.", role="weight")

    serving, training = Samples.within("serving"), Samples.within("training")
    assert list(serving.columns) == ["id", "price", "hidden"]
    assert list(training.columns) == ["id", "at", "price", "clicked", "weight"]
    assert [check.id for check in serving.checks] == ["dear"]
    assert [reference.id for reference in serving.references] == ["id.reference"]
    assert (serving.event_time, serving.freshness, training.freshness) == (None, None, timedelta(hours=1))
    assert (serving.__name__, serving.declared_at) == ("Samples", Samples.declared_at)
    with pytest.raises(UsageError, match="table Samples has no environment 'lab'; there are: training, serving"):
        Samples.within("lab")


def test_a_rule_as_an_expression_is_the_same_rule_as_its_sql():
    by_text, by_expression = RowCheck("x", "(a >= b)"), RowCheck("x", pl.col("a") >= pl.col("b"))
    assert by_text == by_expression
    assert (by_expression.sql, by_expression.rule) == ("(a >= b)", "(a >= b)")
    without = RowCheck("x", pl.col("a").str.len_chars() > 2)
    assert without.sql is None
    assert "len_chars" in without.rule


MANY = [f"v{number}" for number in range(30)]
LOOKS_ALIKE = {  # whose texts in polars are equal
    "list": (pl.col("t").is_in(MANY), pl.col("t").is_in([*MANY[:15], "other", *MANY[16:]])),
    "option": (pl.col("t").str.contains("."), pl.col("t").str.contains(".", literal=True)),
    "decimals": (pl.col("f").round(1) > 1, pl.col("f").round(2) > 1),
    "format": (pl.col("t").str.to_date("%Y-%m-%d") > pl.col("d"), pl.col("t").str.to_date("%d.%m.%Y") > pl.col("d")),
}


@pytest.mark.parametrize("case", sorted(LOOKS_ALIKE))
def test_two_expressions_of_one_text_are_two_rules(case):
    one, other = (RowCheck("x", that) for that in LOOKS_ALIKE[case])
    assert str(one.that) == str(other.that)
    assert one != other
    assert one.rule == RowCheck("x", LOOKS_ALIKE[case][0]).rule


@pytest.mark.parametrize(
    "that",
    [
        pl.col("t").str.join("-") == "x",
        pl.col("a").bitwise_and() > 0,
        pl.col("a").has_nulls(),
        pl.col("f").drop_nans() > 0,
        pl.col("t").str.to_date(strict=False).is_not_null(),
    ],
    ids=["join", "bits", "has nulls", "drops", "guessed format"],
)
def test_an_expression_that_looks_at_other_rows_is_no_row_check(that):
    with pytest.raises(ParameterError, match="a rule about one row alone"):
        RowCheck("x", that)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"key": 5}, "key must be the name of a column, or a tuple of names, got 5"),
        ({"key": ("id", "id")}, "key names a column twice"),
        ({"min_rows": -1}, "min_rows must be at least 0"),
        ({"min_rows": None}, "min_rows must be a whole number"),
        ({"checks": ("id > 0",)}, "checks must be a tuple of RowCheck, got 'id > 0' in it"),
        ({"references": 5}, "references must be a tuple of Reference"),
        ({"volume": True}, "volume must be a Volume, or None"),
        ({"drift": None}, "drift must be a Drift"),
        ({"freshness": "2h"}, "freshness must be a timedelta"),
        ({"freshness": timedelta(hours=1), "event_time": "day"}, "an instant, a Datetime with a zone, got Date"),
        ({"check": ()}, "'check' is no attribute of a table; 'checks' is probably meant"),
    ],
)
def test_a_table_refuses_attributes_that_are_no_rules(said, message):
    columns = {"id": Column(dtype=pl.Int8(), doc="Id."), "day": Column(dtype=pl.Date(), doc="Day.")}
    with pytest.raises(DeclarationError, match=message):
        type(Table)("Wrong", (Table,), {**columns, **said})


WRONG = (5, -1.5, "no", b"x", None, True, [], {}, (), ("a", 1), frozenset("a"), object(), float("nan"), pl.Int8)
TEXTS, NUMBERS = ("no",), (5, -1.5)
DECLARED: dict[type, dict[str, Any]] = {
    Column: {"dtype": pl.Float64(), "doc": "A number."},
    Drift: {},
    Volume: {},
    Reference: {"columns": ("a",), "to": "Items"},
    RowCheck: {"id": "x", "that": "a > 1"},
    Table: {},
}
RIGHT = {
    "Column.doc": TEXTS,
    "Column.unit": (*TEXTS, None),
    "Column.source": (*TEXTS, None),
    "Column.nullable": (True,),
    "Column.unique": (True,),
    "Column.environments": ((),),
    "Column.default": (*NUMBERS, None),
    "Volume.alarm": (5,),
    "Volume.partitions": (5,),
    "Reference.to": TEXTS,
    "Reference.at": ((),),
    "RowCheck.id": TEXTS,
    "RowCheck.that": TEXTS,
    "Table.key": ([], ()),
    "Table.owner": TEXTS,
    "Table.min_rows": (5,),
    "Table.checks": ([], ()),
    "Table.references": ([], ()),
    "Table.volume": (None,),
    **{f"Drift.{field.name}": (None,) for field in fields(Drift) if field.name != "on_alarm"},
}
"""Those of the values above that are right, beside None where it is the default."""


def attributes(kind: type) -> list[str]:
    if kind is Table:
        return [name for name in Table.__annotations__ if name not in {"columns", "declared_at"}]
    return [field.name for field in fields(kind) if field.init and field.name != "declared_at"]


@pytest.mark.parametrize("name", [f"{kind.__name__}.{name}" for kind in DECLARED for name in attributes(kind)])
def test_a_value_of_a_wrong_type_is_refused_in_each_place(name: str) -> None:
    of, attribute = name.split(".")
    (kind,) = (each for each in DECLARED if each.__name__ == of)
    default = getattr(Table, attribute) if kind is Table else kind.__dataclass_fields__[attribute].default
    right = (*RIGHT.get(name, ()), *([None] if default is None else []))
    for value in WRONG:
        said = {**DECLARED[kind], attribute: value}
        if any(value is each or (value == each and type(value) is type(each)) for each in right):
            kind(**said) if kind is not Table else declare(**said)
        else:
            with pytest.raises(DeclarationError, match=r"must be|reads column"):
                kind(**said) if kind is not Table else declare(**said)
