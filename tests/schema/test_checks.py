"""Checks: what a declaration makes of itself."""

import polars as pl
import pytest

from featurelib.errors import ColumnMissingError, UsageError
from featurelib.schema import Column, RowCheck, Table, plan_checks, to_arrow
from featurelib.schema.checks import digest


class Sample(Table):
    """One row per impression."""

    version = 3
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
        b"version": b"3",
        b"doc": b"One row per impression.",
        b"owner": b"ranking@example.org",
        b"key": b"id,day",
    }
    assert schema.field("price").metadata == {b"doc": b"Price.", b"role": b"context", b"unit": b"USD"}
    assert schema.field("id").metadata == {b"doc": b"Unique per day.", b"role": b"key"}
    assert not schema.field("id").nullable
    assert schema.field("price").nullable


def test_arrow_types_are_those_that_polars_writes():
    wanted = Sample.polars_schema().to_frame().to_arrow().schema
    assert [field.type for field in to_arrow(Sample)] == [field.type for field in wanted]
