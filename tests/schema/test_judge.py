"""Judge: what follows from a broken rule, and the screen that says so."""

import json
import pickle
from dataclasses import replace
from functools import partial

import polars as pl
import pytest

from featurelib.errors import DeclarationError, SchemaViolationError, UsageError
from featurelib.schema import Column, RowCheck, Table, checks
from featurelib.schema.findings import Finding
from featurelib.schema.judge import judge
from featurelib.schema.measure import measure
from featurelib.schema.suite import suite

imports_gx = pytest.mark.filterwarnings("ignore:module 'sre_:DeprecationWarning")  # as `judge` does for itself


class Sample(Table):
    version = "3.0.0"
    owner = "ranking@example.org"
    key = ("id",)
    quarantine_budget = 0.2
    checks = (RowCheck("ordered", "low <= high", on_fail="warn"),)

    id = Column(dtype=pl.Int64(), doc="Unique.")
    ctr = Column(dtype=pl.Float64(), doc="Rate.", nullable=True, between=(0, 1), max_null=0.3)
    device = Column(dtype=pl.String(), doc="Client.", allowed=("ios", "web"), on_fail="quarantine")
    slot = Column(dtype=pl.Int8(), doc="Slot.", between=(1, 9), on_fail="quarantine")
    low = Column(dtype=pl.Int8(), doc="Low.")
    high = Column(dtype=pl.Int8(), doc="High.", nullable=True)


def frame(rows=10, **columns):
    good = {"id": range(rows), "ctr": 0.5, "device": "web", "slot": 1, "low": 0, "high": 1}
    full = {name: values if isinstance(values, list | range) else [values] * rows for name, values in good.items()}
    return pl.LazyFrame({**full, **columns}, schema=Sample.polars_schema())


def verdict_of(table=Sample, rows=10, **columns):
    return judge(measure(frame(rows, **columns), table), table)


def broken(verdict):
    return {result.id: result.status for result in verdict.results if result.status != "passed"}


def test_good_table_passes_every_check_that_was_planned():
    verdict = verdict_of()
    assert verdict.publishable
    assert [result.id for result in verdict.results] == [check.id for check in checks.plan_checks(Sample)]
    assert verdict.counts == {"passed": 13, "failed": 0, "quarantined": 0, "warned": 0}
    verdict.raise_if_refused("samples 2026-11-01")


def test_fail_refuses_and_warn_only_reports():
    verdict = verdict_of(ctr=[0.5] * 9 + [1.5], low=[2] * 10)
    assert broken(verdict) == {"ctr.between": "failed", "ordered": "warned"}
    assert not verdict.publishable
    assert [result.id for result in verdict.refused] == ["ctr.between"]
    assert [result.id for result in verdict.warned] == ["ordered"]


@pytest.mark.parametrize(("toasters", "status"), [(1, "quarantined"), (2, "quarantined"), (3, "failed")])
def test_quarantine_is_allowed_up_to_the_budget(toasters, status):
    verdict = verdict_of(device=["toaster"] * toasters + ["web"] * (10 - toasters))
    assert broken(verdict) == {"device.allowed": status}
    assert verdict.publishable == (status == "quarantined")


def test_budget_that_no_binary_fraction_equals_counts_to_the_row():
    table = type("Edge", (Sample,), {"quarantine_budget": 0.29})
    for toasters, publishable in ((29, True), (30, False)):
        device = ["toaster"] * toasters + ["web"] * (100 - toasters)
        assert verdict_of(table, rows=100, device=device).publishable is publishable


def test_budget_is_for_all_quarantine_rules_together_and_counts_a_row_once():
    both_in_two_rows = verdict_of(device=["toaster"] * 2 + ["web"] * 8, slot=[0] * 2 + [1] * 8)
    assert set(broken(both_in_two_rows).values()) == {"quarantined"}
    in_three_rows = verdict_of(device=["toaster"] * 2 + ["web"] * 8, slot=[1] * 9 + [0])
    assert broken(in_three_rows) == {"device.allowed": "failed", "slot.between": "failed"}


def test_share_of_nulls_counts_to_the_row():
    assert verdict_of(ctr=[None] * 3 + [0.5] * 7).publishable
    assert broken(verdict_of(ctr=[None] * 4 + [0.5] * 6)) == {"ctr.max_null": "failed"}


def test_table_without_rows_is_refused_unless_it_may_be_empty():
    assert broken(verdict_of(rows=0)) == {"rows": "failed"}
    assert verdict_of(type("MayBeEmpty", (Sample,), {"min_rows": 0}), rows=0).publishable


def test_rows_set_aside_do_not_count_as_published():
    table = type("AllAside", (Sample,), {"quarantine_budget": 1.0})
    assert broken(verdict_of(table, device=["toaster"] * 10)) == {"rows": "failed", "device.allowed": "quarantined"}


def test_absent_columns_are_judged_as_null_throughout():
    lacking = frame().drop("ctr")
    assert judge(measure(lacking, Sample, absent=("ctr",)), Sample, absent=("ctr",)).publishable
    holding = judge(measure(frame(), Sample, absent=("ctr",)), Sample, absent=("ctr",))
    assert broken(holding) == {"ctr.absent": "failed"}


def test_metrics_of_other_checks_are_refused():
    with pytest.raises(UsageError, match=r"other checks than those of table Sample: measure again.*absent=\('ctr',\)"):
        judge(measure(frame(), Sample), Sample, absent=("ctr",))


def test_expectation_of_unknown_type_is_an_error(monkeypatch):
    known = checks._key_check
    monkeypatch.setattr(checks, "_key_check", lambda table: replace(known(table), expectation="expect_column_foo"))
    with pytest.raises(DeclarationError, match="Sample: check key names the expectation 'expect_column_foo'"):
        verdict_of()


@imports_gx
def test_judgement_without_our_count_is_an_error(monkeypatch):
    from great_expectations.expectations.core import ExpectColumnValuesToBeBetween

    monkeypatch.setattr(ExpectColumnValuesToBeBetween, "map_metric", "column_values.renamed")
    with pytest.raises(UsageError, match=r"judged check ctr.between of table Sample without our count"):
        verdict_of(ctr=[5.0] * 10)


BROKEN = {
    "columns": (
        {"ctr": [0.5] * 8 + [1.25, -3.5]},
        "ctr.between",
        "ctr in [0, 1]",
        "seen ctr -3.5 .. 1.25",
        "id=8 ctr=1.25 | id=9 ctr=-3.5",
    ),
    "nan": ({"ctr": [0.5] * 9 + [float("nan")]}, "ctr.nan", "ctr is not NaN", "seen ctr 0.5 .. 0.5", "id=9 ctr=nan"),
    "share": (
        {"ctr": [None] * 5 + [0.5] * 5},
        "ctr.max_null",
        "at most 0.3 of ctr null",
        "seen 0.5 null",
        "id=0 ctr=None",
    ),
    "set": (
        {"device": ["web"] * 5 + ["tv"] * 3 + ["pda"] * 2},
        "device.allowed",
        "device in {ios, web}",
        "seen tv (3), pda (2)",
        "id=5 device=tv",
    ),
    "null": ({"low": [None] + [0] * 9}, "low.not_null", "low is not null", "seen low 0 .. 0", "id=0 low=None"),
    "key": ({"id": [*range(8), 7, 7]}, "key", "(id) unique", "seen 2 rows beyond", "id=7 rows with this key=3"),
    "row": ({"low": [0] * 9 + [7]}, "ordered", "low <= high", "low 0 .. 7, high 1 .. 1", "id=9 low=7 high=1"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_screen_names_table_rule_limit_seen_example_owner_and_place(case):
    columns, check, rule, seen, example = BROKEN[case]
    screen = verdict_of(**columns).screen("samples 2026-11-01")
    rule_line, example_line, owner_line = screen[screen.index(f"{check}: {rule}") :].split("\n")[:3]
    assert screen.startswith("samples 2026-11-01: table Sample version 3.0.0, 10 rows\n")
    assert seen in rule_line
    assert f"e.g. {example}" in example_line
    place = next(result.declared_at for result in verdict_of(**columns).results if result.id == check)
    assert place.startswith("schema/test_judge.py:")
    assert owner_line.strip() == f"owner ranking@example.org   declared {place}"


def test_refused_table_raises_with_the_screen():
    verdict = verdict_of(ctr=[0.5] * 9 + [1.5], low=[2] * 10, device=["toaster"] + ["web"] * 9)
    with pytest.raises(SchemaViolationError, match="NOT PUBLISHED: 10 passed, 1 failed, 1 quarantined, 1 warned"):
        verdict.raise_if_refused("samples 2026-11-01")
    place = Sample.columns["ctr"].declared_at
    assert verdict.screen("samples 2026-11-01").split("\n")[:6] == [
        "samples 2026-11-01: table Sample version 3.0.0, 10 rows",
        "NOT PUBLISHED: 10 passed, 1 failed, 1 quarantined, 1 warned",
        "to quarantine: 1 rows (10.000%, allowed 20.000%)",
        "FAIL  ctr.between: ctr in [0, 1]   1 rows (10.000%)   seen ctr 0.5 .. 1.5",
        "      e.g. id=9 ctr=1.5",
        f"      owner ranking@example.org   declared {place}",
    ]


def test_screen_stays_on_one_screen():
    many = {f"x{i:02d}": Column(dtype=pl.String(), doc="X.", allowed=("a",)) for i in range(30)}
    wide = type("Wide", (Table,), many)
    rows = pl.LazyFrame({name: ["z" * 1000, "y" * 1000] for name in many})
    lines = judge(measure(rows, wide), wide).screen("wide").split("\n")
    assert len(lines) < 45
    assert max(map(len, lines)) < 300
    assert lines[-1].startswith("... and 18 more: x12.allowed, x13.allowed")


def test_verdict_travels_as_pickle_and_as_strict_json():
    verdict = verdict_of(ctr=[float("nan"), float("inf")] + [0.5] * 8)
    assert pickle.loads(pickle.dumps(verdict)) == verdict  # noqa: S301
    told = json.loads(json.dumps(verdict.to_dict(), allow_nan=False))
    assert (told["publishable"], told["counts"]["failed"]) == (False, 2)
    between = next(result for result in told["results"] if result["id"] == "ctr.between")
    assert between["gx"]["result"]["unexpected_count"] == between["rows_bad"] == 1
    assert between["gx"]["expectation_config"]["type"] == "expect_column_values_to_be_between"


@imports_gx
def test_suite_loads_into_great_expectations_complete():
    from great_expectations import ExpectationSuite

    loaded = ExpectationSuite(**json.loads(json.dumps(suite(Sample), allow_nan=False)))
    assert [each.meta["check"] for each in loaded.expectations] == [c.id for c in checks.plan_checks(Sample)]
    severities = {each.meta["check"]: each.severity.value for each in loaded.expectations}
    assert (severities["key"], severities["device.allowed"], severities["ordered"]) == ("critical", "warning", "info")


def test_suite_ids_stay_when_other_checks_come():
    before = type("Sample", (Table,), {"id": Column(dtype=pl.Int64(), doc="Unique.")})
    small, large = (
        {each["meta"]["check"]: each["id"] for each in suite(table)["expectations"]} for table in (before, Sample)
    )
    assert small["id.not_null"] == large["id.not_null"] == "28814785-2b28-5b32-ab4f-52d10b94e104"
    assert len(set(large.values())) == len(large)


def test_screen_says_since_when_a_rule_is_broken():
    verdict = verdict_of(ctr=[0.5] * 9 + [1.5], device=["toaster"] + ["web"] * 9)
    lines = verdict.screen("samples 2026-11-03", since={"ctr.between": "since 2026-11-01 (2 partitions before)"})
    assert "since 2026-11-01 (2 partitions before)   owner" in lines
    assert "      first seen here   owner" in lines


def test_findings_are_told_and_refuse_where_they_say_so():
    psi = partial(Finding, measure="psi", column="ctr", against="2026-11-01", limit=0.25)
    quiet, loud = psi(value=0.01, level="ok"), psi(value=0.4, level="alarm", on_alarm="fail")
    few = psi(value=None, level="skipped", why="too few rows")
    verdict = verdict_of()
    assert verdict.publishable
    told = replace(verdict, findings=(quiet, replace(loud, on_alarm="warn"), few))
    assert told.publishable
    refused = replace(verdict, findings=(quiet, loud, few))
    assert not refused.publishable
    screen = refused.screen("samples 2026-11-02")
    assert screen.startswith("samples 2026-11-02: table Sample version 3.0.0, 10 rows\nNOT PUBLISHED")
    assert loud.text() in screen
    assert quiet.text() not in screen
    assert "1 comparisons with other days skipped" in screen
    with pytest.raises(SchemaViolationError, match="ALARM"):
        refused.raise_if_refused("samples 2026-11-02")
    json.dumps(refused.to_dict(), allow_nan=False)
    assert pickle.loads(pickle.dumps(refused)) == refused  # noqa: S301
