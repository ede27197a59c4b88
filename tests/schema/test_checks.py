"""Checks: what a declaration makes of itself."""

import json
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, UsageError
from featurelib.schema import Column, Reference, RowCheck, Table
from featurelib.schema.arrow import to_arrow
from featurelib.schema.checks import Expected, digest, plan_checks
from featurelib.schema.row_rules import digest_of
from featurelib.schema.suite import suite


class Sample(Table):
    """One row per impression."""

    version = "3.0.0"
    owner = "ranking@example.org"
    key = ("id", "day")
    checks = (RowCheck("logged_after", "landed_s >= shown_s", on_fail="quarantine"),)

    id = Column(dtype=pl.String(), doc="Unique per day.", on_fail="quarantine", role="key")
    day = Column(dtype=pl.Date(), doc="Day.", on_fail="warn")
    price = Column(dtype=pl.Float32(), doc="Price.", unit="USD", nullable=True, between=(0, 0.1), max_null=0.1)
    ctr = Column(dtype=pl.Float64(), doc="Rate.", nan="allow", between=(None, 1))
    odd = Column(dtype=pl.Float64(), doc="Odd name.", nullable=True)
    shown_s = Column(dtype=pl.Int64(), doc="Shown.", nullable=True)
    landed_s = Column(dtype=pl.Int64(), doc="Landed.", nullable=True, allowed=(1, 2, 3))


def rules(**options):
    return {check.id: check for check in plan_checks(Sample, **options)}


def test_every_declared_rule_becomes_one_check():
    assert {name: (check.rule, check.on_fail) for name, check in rules().items()} == {
        "columns": ("exactly the 7 declared columns", "fail"),
        "rows": ("at least 1 rows", "fail"),
        "key": ("(id, day) unique", "quarantine"),
        "id.not_null": ("id is not null", "quarantine"),
        "day.not_null": ("day is not null", "warn"),
        "price.nan": ("price is not NaN", "fail"),
        "price.between": ("price in [0, 0.1]", "fail"),
        "price.max_null": ("at most 0.1 of price null", "fail"),
        "ctr.not_null": ("ctr is not null", "fail"),
        "ctr.between": ("ctr in (-inf, 1]", "fail"),
        "odd.nan": ("odd is not NaN", "fail"),
        "landed_s.allowed": ("landed_s in {1, 2, 3}", "fail"),
        "logged_after": ("landed_s >= shown_s", "quarantine"),
    }


@pytest.mark.parametrize(
    ("check", "column", "values", "breaks"),
    [
        ("price.between", "price", [-0.1, 0.0, 0.1, 0.11, None, float("nan")], [1, 0, 0, 1, 0, 0]),
        ("price.nan", "price", [0.0, None, float("nan"), float("inf")], [0, 0, 1, 0]),
        ("ctr.between", "ctr", [-5.0, 1.0, 1.5, float("inf"), float("nan")], [0, 0, 1, 1, 0]),
        ("landed_s.allowed", "landed_s", [1, 3, 4, None], [0, 0, 1, 0]),
        ("id.not_null", "id", ["", None], [0, 1]),
    ],
)
def test_null_and_nan_break_only_their_own_rules(check, column, values, breaks):
    frame = pl.DataFrame({column: values}, schema={column: Sample.columns[column].dtype})
    assert frame.select(rules()[check].breaks).to_series().cast(pl.Int8).to_list() == breaks


def test_row_check_with_a_null_input_passes():
    frame = pl.DataFrame({"landed_s": [1, 2, None], "shown_s": [2, 2, 2]})
    assert frame.select(rules()["logged_after"].breaks).to_series().to_list() == [True, False, False]


@pytest.mark.parametrize(("bound", "breaks"), [(-1, [True, True]), (300, [False, False]), (0.5, [False, True])])
def test_bound_may_lie_outside_an_integer_type(bound, breaks):
    class Small(Table):
        x = Column(dtype=pl.UInt8(), doc="X.", between=(None, bound))

    between = plan_checks(Small)[-1]
    frame = pl.DataFrame({"x": [0, 255]}, schema={"x": pl.UInt8})
    assert frame.select(between.breaks).to_series().to_list() == breaks


def test_share_of_nulls_cannot_be_quarantined():
    class Shares(Table):
        x = Column(dtype=pl.Int8(), doc="X.", nullable=True, max_null=0.5, on_fail="quarantine")

    assert plan_checks(Shares)[-1].on_fail == "fail"


def test_absent_column_has_only_the_check_that_it_is_null():
    planned = rules(absent=("landed_s", "price"))
    assert "logged_after" not in planned
    assert [name for name in planned if name.startswith(("landed_s", "price"))] == ["price.absent", "landed_s.absent"]


def test_absent_names_are_checked():
    with pytest.raises(ColumnMissingError, match=r"table Sample lacks.*Did you mean 'price'"):
        plan_checks(Sample, absent=("prise",))
    with pytest.raises(UsageError, match="table Sample: key column 'id' cannot be absent"):
        plan_checks(Sample, absent=("id",))


def test_digest_changes_with_a_limit():
    class Looser(Sample):
        price = Column(dtype=pl.Float32(), doc="Price.", nullable=True, between=(0, 0.2), max_null=0.1)

    assert digest(plan_checks(Looser)) != digest(plan_checks(Sample)) == digest(plan_checks(Sample))


def test_braces_of_a_row_check_survive_the_query_format():
    class Braces(Table):
        checks = (RowCheck("no_template", "text <> '{x}'"),)
        text = Column(dtype=pl.String(), doc="Text.")

    query = plan_checks(Braces)[-1].kwargs["unexpected_rows_query"]
    assert query.format(batch="t") == "SELECT * FROM t WHERE NOT (text <> '{x}')"


def test_name_that_is_not_an_identifier_is_quoted_in_the_query():
    odd = type("Odd", (Table,), {'a"-b': Column(dtype=pl.Float64(), doc="X.", nullable=True)})
    query = plan_checks(odd)[-1].kwargs["unexpected_rows_query"]
    assert query.format(batch="t") == 'SELECT * FROM t WHERE "a""-b" = \'NaN\''


def test_arrow_schema_explains_itself():
    schema = to_arrow(Sample)
    assert schema.names == list(Sample.columns)
    assert schema.metadata == {
        b"table": b"Sample",
        b"version": b"3.0.0",
        b"doc": b"One row per impression.",
        b"owner": b"ranking@example.org",
        b"key": b"id,day",
    }
    assert schema.field("price").metadata == {b"doc": b"Price.", b"role": b"meta", b"unit": b"USD"}
    assert schema.field("id").metadata == {b"doc": b"Unique per day.", b"role": b"key"}
    assert not schema.field("id").nullable
    assert schema.field("price").nullable


def test_arrow_types_are_those_that_polars_writes():
    wanted = Sample.polars_schema().to_frame().to_arrow().schema
    assert [field.type for field in to_arrow(Sample)] == [field.type for field in wanted]


class Everything(Table):
    event_time = "at"
    freshness = timedelta(hours=2)
    references = (
        Reference(("id",), "Items", at=("item",)),
        Reference(("id", "code"), Sample, max_missing=0.01, on_fail="fail"),
    )
    checks = (RowCheck("short", pl.col("id").str.len_chars() < 9),)

    id = Column(dtype=pl.String(), doc="Id.", nullable=True)
    code = Column(dtype=pl.String(), doc="Code.", nullable=True, unique=True, on_fail="quarantine")
    at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.", nullable=True, on_fail="quarantine")


def test_rules_over_more_than_one_row():
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    planned = plan_checks(Everything, expected=Expected(until=noon, rows=(5000, 90, 100, 110, 90, 120, 100, 101)))
    assert {check.id: (check.rule, check.on_fail, check.portable) for check in planned} == {
        "columns": ("exactly the 3 declared columns", "fail", True),
        "rows": ("at least 1 rows", "fail", True),
        "volume": ("rows within 50% of the 100 that are usual", "warn", True),
        "freshness": (
            "newest at from 2026-11-01 10:00:00+0000 on, 2:00:00 before 2026-11-01 12:00:00+0000",
            "fail",
            True,
        ),
        "code.unique": ("code is unique", "fail", True),
        "short": (
            f'[(col("id").str.len_chars()) < (dyn int: 9)] #{digest_of(Everything.checks[0].expr())}',
            "fail",
            False,
        ),
        "id.reference": ("(id) is in Items", "warn", True),
        "id+code.reference": ("(id, code) is in Sample, but for 0.01 of the rows", "fail", False),
    }
    assert planned[2].kwargs == {"min_value": 50, "max_value": 150}


def test_rules_of_the_day_do_not_part_metrics_and_are_not_planned_without_it():
    expected = Expected(until=datetime(2026, 11, 1, tzinfo=UTC), rows=(1, 2))
    assert not {"volume", "freshness"} & {check.id for check in plan_checks(Everything)}
    assert digest(plan_checks(Everything)) == digest(plan_checks(Everything, expected=expected))


def test_a_suite_lists_what_no_other_tool_can_run():
    made = suite(Everything)
    assert [each["meta"]["check"] for each in made["expectations"]] == [
        *("columns", "rows", "code.unique", "id.reference"),
    ]
    assert [each["check"] for each in made["meta"]["left_out"]] == [
        *("short", "id+code.reference", "volume", "freshness"),
    ]
    assert json.loads(json.dumps(made)) == made


ROW_RULES = {
    "comparison": (pl.col("a") >= pl.col("b"), "(a >= b)"),
    "and, or, not": (
        (pl.col("a") > 1) & ~pl.col("b").is_null() | (pl.col("t") == "it's"),
        "(((a > 1) AND (NOT (b IS NULL))) OR (t = 'it''s'))",
    ),
    "sums": (-pl.col("a") + pl.col("b") * 2 - 0.5 < pl.col("a").abs(), "((((-a) + (b * 2)) - 0.5) < ABS(a))"),
    "range": (pl.col("a").is_between(0, 2), "(a BETWEEN 0 AND 2)"),
    "not null": (pl.col("b").is_not_null() | pl.lit(value=False), "((b IS NOT NULL) OR FALSE)"),
}


@pytest.mark.parametrize("case", sorted(ROW_RULES))
def test_the_sql_of_an_expression_finds_the_same_rows(case):
    expression, sql = ROW_RULES[case]
    frame = pl.DataFrame({"a": [0, 1, 2, None], "b": [1, None, 2, 3], "t": ["x", "it's", "", None]})
    assert RowCheck("x", expression).sql == sql
    assert frame.select(pl.sql_expr(sql)).to_series().to_list() == frame.select(expression).to_series().to_list()


@pytest.mark.parametrize(
    "expression",
    [pl.col("t").str.len_chars() > 1, pl.col("t").is_in(["a"]), pl.col("a").is_between(0, 1, closed="none")],
)
def test_an_expression_without_a_text_that_all_databases_read_has_none(expression):
    assert RowCheck("x", expression).sql is None
