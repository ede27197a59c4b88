"""How a declaration may change: what each change does, laws that hold for all, and rows as the judge of both."""

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import combinations, combinations_with_replacement
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnTypeError
from featurelib.schema import Column, Table
from featurelib.schema.declaration import COLUMN_FIELDS, REFERENCE_FIELDS, TABLE_FIELDS, Declaration
from featurelib.schema.dtypes import dtype_from_plain, dtype_to_plain, holds
from featurelib.schema.evolution import BUMPS, Change, Standing, Version, changes_between
from featurelib.schema.evolution.columns import COLUMN_RULES
from featurelib.schema.evolution.tables import CHECK_RULES, REFERENCE_RULES, TABLE_RULES
from featurelib.schema.limits import Drift, Volume
from featurelib.schema.table import Reference, RowCheck

PAGE = Path(__file__).parents[2] / "docs/how-to/change-a-table.md"
INT, FLOAT, TEXT, TIME = pl.Int32(), pl.Float64(), pl.String(), pl.Datetime("us", "UTC")
OPPOSITE = {"loosens": "tightens", "tightens": "loosens", "both": "both", "neither": "neither"}


def column(dtype: pl.DataType = FLOAT, doc: str = "What it is.", **said: Any) -> Column:
    return Column(dtype=dtype, doc=doc, **said)


def table(columns: dict[str, Column] | None = None, **said: Any) -> type[Table]:
    base = {"id": column(TEXT, "Of the row.", role="key"), "at": column(TIME, "When.", role="time")}
    return type("Samples", (Table,), {**base, **(columns or {}), **said})


def of(found: type[Table]) -> Declaration:
    return Declaration.of(found)


def x(dtype: pl.DataType = FLOAT, **said: Any) -> type[Table]:
    """A table whose column x says so."""
    return table({"x": column(dtype, **said)})


def y(**said: Any) -> type[Table]:
    """A table that says so."""
    return table({"x": column(FLOAT)}, **said)


def check(that: str = "x > 0", **said: Any) -> type[Table]:
    return y(checks=(RowCheck(id="positive", that=that, **said),))


def refers(to: str = "Items", **said: Any) -> type[Table]:
    return y(references=(Reference(("id",), to, **{"on_fail": "fail", **said}),))


ALARM = Drift(on_alarm="fail")
READERS, OLD, ALL, NOBODY = ("readers",), ("old data",), ("readers", "old data"), ()
# the words of the page's table, then a table before and after, and what the change is judged to be
CASES: dict[str, tuple[type[Table], type[Table], str, tuple[str, ...], str]] = {
    "`doc`, `owner`": (y(owner="a"), y(owner="b"), "neither", NOBODY, "patch"),
    "`doc` of a column": (x(), x(doc="More."), "neither", NOBODY, "patch"),
    "`unit` said for the first time": (x(), x(unit="USD"), "neither", NOBODY, "patch"),
    "`unit` changed, or no longer said": (x(unit="USD"), x(unit="cents"), "neither", ALL, "major"),
    "column added, nullable": (y(), table({"x": column(), "b": column(nullable=True)}), "neither", NOBODY, "minor"),
    "column added, never null": (y(), table({"x": column(), "b": column()}), "tightens", OLD, "major"),
    "column removed": (y(), table(), "loosens", READERS, "major"),
    "nullable column removed": (x(nullable=True), table(), "neither", READERS, "major"),
    "`dtype` widened": (x(INT), x(pl.Int64()), "loosens", READERS, "major"),
    "`dtype` narrowed": (x(FLOAT), x(pl.Float32()), "tightens", OLD, "major"),
    "`dtype` changed otherwise": (x(INT), x(TEXT), "both", ALL, "major"),
    "`nullable` allowed": (x(), x(nullable=True), "loosens", READERS, "major"),
    "`max_null` raised": (x(nullable=True, max_null=0.1), x(nullable=True, max_null=0.2), "loosens", READERS, "major"),
    "`nan` allowed": (x(), x(nan="allow"), "loosens", READERS, "major"),
    "`between` wider": (x(between=(0, 1)), x(between=(0, 2)), "loosens", READERS, "major"),
    "`between` moved": (x(between=(0, 1)), x(between=(0.5, 2)), "both", ALL, "major"),
    "`allowed` has more values": (x(TEXT, allowed=("a",)), x(TEXT, allowed=("b", "a")), "loosens", READERS, "major"),
    "`unique` given up": (x(unique=True), x(), "loosens", READERS, "major"),
    "any of these in a rule that only warns": (
        x(between=(0, 1), on_fail="warn"),
        x(between=(0, 2), on_fail="warn"),
        "neither",
        NOBODY,
        "patch",
    ),
    "`on_fail` from `warn` to `quarantine` or `fail`": (x(on_fail="warn"), x(), "tightens", OLD, "major"),
    "`on_fail` from `quarantine` or `fail` to `warn`": (
        x(on_fail="quarantine"),
        x(on_fail="warn"),
        "loosens",
        READERS,
        "major",
    ),
    "`on_fail` from `quarantine` to `fail`": (x(on_fail="quarantine"), x(), "tightens", OLD, "major"),
    "`on_fail` from `fail` to `quarantine`": (x(), x(on_fail="quarantine"), "loosens", NOBODY, "minor"),
    "`role` from or to `feature`, `label`, `weight`": (x(role="feature"), x(role="meta"), "neither", READERS, "major"),
    "`role` otherwise": (x(role="meta"), x(role="entity"), "neither", NOBODY, "minor"),
    "`default` said for the first time": (x(), x(default=0.0), "neither", NOBODY, "minor"),
    "`default` changed, or no longer said": (x(default=0.0), x(default=1.0), "neither", ALL, "major"),
    "`environments` of a column: one less": (x(), x(environments=("training",)), "loosens", READERS, "major"),
    "`pii` raised": (x(), x(pii="personal"), "neither", READERS, "major"),
    "`pii` lowered": (x(pii="personal"), x(pii="pseudonymous"), "neither", NOBODY, "minor"),
    "`source`": (x(source="a"), x(source="b"), "both", ALL, "major"),
    "`optional` allowed": (x(nullable=True), x(nullable=True, optional=True), "loosens", READERS, "major"),
    "`epoch`, `zone` said for the first time": (x(TIME), x(TIME, epoch="ms"), "loosens", READERS, "major"),
    "`epoch`, `zone` changed": (x(TIME, zone="UTC"), x(TIME, zone="Asia/Tokyo"), "neither", ALL, "major"),
    "`key` has more columns": (y(key=("id",)), y(key=("id", "at")), "loosens", READERS, "major"),
    "`key` said for the first time": (y(), y(key=("id",)), "tightens", OLD, "major"),
    "`key` of other columns": (y(key=("id",)), y(key=("at",)), "both", ALL, "major"),
    "`event_time`, `landing_time` said for the first time": (y(), y(event_time="at"), "neither", NOBODY, "minor"),
    "`event_time`, `landing_time` changed, or no longer said": (y(landing_time="at"), y(), "neither", ALL, "major"),
    "`min_rows` raised": (y(min_rows=1), y(min_rows=2), "tightens", OLD, "major"),
    "`quarantine_budget` raised": (y(), y(quarantine_budget=0.1), "loosens", NOBODY, "minor"),
    "`quarantine_budget` lowered": (y(), y(quarantine_budget=0.0), "tightens", OLD, "major"),
    "row check or reference added": (y(), check(), "tightens", OLD, "major"),
    "row check or reference removed": (refers(), y(), "loosens", READERS, "major"),
    "row check or reference that only warns, added or removed": (
        y(),
        check(on_fail="warn"),
        "neither",
        NOBODY,
        "patch",
    ),
    "row check with another rule, reference to another table": (check(), check("x >= 0"), "both", ALL, "major"),
    "`max_missing` raised": (refers(), refers(max_missing=0.1), "loosens", READERS, "major"),
    "`environments` of the table: one more": (
        y(),
        y(environments=("training", "serving", "audit")),
        "neither",
        NOBODY,
        "minor",
    ),
    "`environments` of the table: one less": (y(), y(environments=("serving",)), "neither", READERS, "major"),
    "`freshness` longer, or no longer said": (
        y(event_time="at", freshness=timedelta(hours=1)),
        y(event_time="at"),
        "loosens",
        READERS,
        "major",
    ),
    "`freshness` shorter": (
        y(event_time="at"),
        y(event_time="at", freshness=timedelta(hours=1)),
        "tightens",
        NOBODY,
        "minor",
    ),
    "`drift`, `volume` that refuse on alarm, looser": (
        y(drift=ALARM),
        y(drift=replace(ALARM, psi=None)),
        "loosens",
        NOBODY,
        "minor",
    ),
    "`drift`, `volume` that only warn, tighter": (y(volume=None), y(volume=Volume()), "tightens", NOBODY, "patch"),
}


def alone(before: type[Table], after: type[Table]) -> Change:
    (change,) = changes_between(of(before), of(after))
    return change


def effects(changes: tuple[Change, ...]) -> set[str]:
    return {effect for change in changes for effect in _parts(change.judgement.effect)}


def _parts(effect: str) -> list[str]:
    return {"both": ["loosens", "tightens"], "neither": []}.get(effect, [effect])


def broken(changes: tuple[Change, ...]) -> set[str]:
    return {side for change in changes for side in change.judgement.breaks}


@pytest.mark.parametrize("words", CASES)
def test_a_change_is_judged_as_the_page_says(words: str) -> None:
    before, after, effect, breaks, bump = CASES[words]
    judged = alone(before, after).judgement
    assert (judged.effect, judged.breaks, judged.bump) == (effect, breaks, bump)
    assert alone(after, before).judgement.effect == OPPOSITE[effect]


def test_the_page_lists_every_case() -> None:
    page = PAGE.read_text(encoding="utf-8")
    rows = [
        f"| {words} | {effect} | {' and '.join(breaks) or 'nobody'} | {bump} |"
        for words, (_, _, effect, breaks, bump) in CASES.items()
    ]
    assert [row for row in rows if row not in page] == []
    assert len(re.findall(r"^\| .* \| (?:patch|minor|major) \|$", page, re.MULTILINE)) == len(rows)


def test_every_field_of_a_declaration_has_a_rule_and_a_row_in_the_page() -> None:
    assert set(COLUMN_RULES) == set(COLUMN_FIELDS)
    assert set(TABLE_RULES) == set(TABLE_FIELDS)
    assert set(REFERENCE_RULES) == set(REFERENCE_FIELDS)
    assert set(CHECK_RULES) | {"id", "that"} == {"id", "that", "rule", "on_fail"}
    words = " ".join(CASES)
    assert [name for name in {**COLUMN_RULES, **TABLE_RULES} if f"`{name}`" not in words] == []


@pytest.mark.parametrize(
    ("before", "after", "effect"),
    [
        (pl.Int8(), pl.UInt8(), "both"),
        (pl.UInt8(), pl.Int16(), "loosens"),
        (pl.Int32(), pl.Float64(), "loosens"),
        (pl.Int64(), pl.Float64(), "both"),
        (pl.Enum(["a", "b"]), pl.Enum(["a", "c", "b"]), "loosens"),
        (pl.Enum(["a", "b"]), pl.Enum(["b", "a"]), "both"),
        (pl.Enum(["a", "b"]), pl.Enum(["b"]), "tightens"),
        (pl.Enum(["a"]), pl.String(), "loosens"),
        (pl.List(pl.Int8()), pl.List(pl.Int16()), "loosens"),
        (pl.List(pl.Int8()), pl.Array(pl.Int8(), 2), "both"),
        (pl.Array(pl.Int8(), 2), pl.Array(pl.Int8(), 3), "both"),
        (pl.Struct({"a": pl.Int8()}), pl.Struct({"a": pl.Int64()}), "loosens"),
        (pl.Struct({"a": pl.Int8()}), pl.Struct({"a": pl.Int8(), "b": pl.Int8()}), "both"),
        (pl.Decimal(10, 2), pl.Decimal(12, 3), "loosens"),
        (pl.Decimal(10, 2), pl.Decimal(10, 3), "both"),
        (pl.Datetime("ms", "UTC"), pl.Datetime("us", "UTC"), "loosens"),
        (pl.Datetime("us", "UTC"), pl.Datetime("ns", "UTC"), "both"),
        (pl.Datetime("us", "UTC"), pl.Datetime("us"), "both"),
        (pl.Duration("us"), pl.Duration("ms"), "tightens"),
        (pl.Date(), pl.Datetime("us"), "both"),
    ],
    ids=str,
)
def test_a_type_loosens_where_it_holds_every_value_of_the_other(before: Any, after: Any, effect: str) -> None:
    assert alone(x(before), x(after)).judgement.effect == effect


def test_a_type_of_numbers_holds_another_exactly_if_a_cast_there_and_back_gives_the_same() -> None:
    numbers = [
        *(pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64(), pl.UInt8(), pl.UInt16(), pl.UInt32(), pl.UInt64()),
        *(pl.Float32(), pl.Float64()),
    ]
    for narrow in (kind for kind in numbers if kind.is_integer()):
        low, high = pl.select(low=narrow.min(), high=narrow.max()).row(0)
        for wide in numbers:
            # NOTE: the largest value rounds up to a power of two in floats, so the one below it shows the loss
            values = pl.Series([low, low + 1, high - 1, high], dtype=narrow)
            try:
                same = values.cast(wide).cast(narrow).equals(values)
            except pl.exceptions.InvalidOperationError:
                same = False
            assert holds(wide, narrow) == same, (wide, narrow)


def test_a_rename_is_told_where_only_one_column_can_be_meant() -> None:
    before = table({"price": column(doc="Listed price."), "age": column(doc="Age.")})
    after = table({"price_usd": column(doc="Listed price."), "age_days": column(doc="Days.")})
    what = {change.where: change.what for change in changes_between(of(before), of(after))}
    assert "probably renamed to price_usd" in what["price"]
    assert "probably price under another name" in what["price_usd"]
    assert "probably" not in what["age"] + what["age_days"]
    two = table({"a": column(), "b": column()})
    assert not any("probably" in change.what for change in changes_between(of(two), of(x())))


def test_what_is_no_change() -> None:
    columns = {"a": column(TEXT, allowed=("x", "y"), environments=("training", "serving")), "b": column(between=(0, 1))}
    before = table(columns, key=("id", "at"), checks=(RowCheck(id="c", that="b > 0"),))
    columns = {
        "b": column(between=(0.0, 1.0)),
        "a": column(TEXT, allowed=("y", "x"), environments=("serving", "training")),
    }
    after = table(columns, key=("at", "id"), checks=(RowCheck(id="c", that="b > 0"),))
    assert changes_between(of(before), of(after)) == ()
    assert of(before).digest == of(after).digest


def test_a_rule_written_otherwise_is_words_only() -> None:
    assert alone(check("x > 0"), check("(x  >  0)")).judgement.bump == "patch"
    also = changes_between(of(check("x > 0")), of(check("(x  >  0)", on_fail="warn")))
    assert [change.judgement.effect for change in also] == ["neither", "loosens"]


def test_a_label_that_becomes_an_input_also_comes_into_serving() -> None:
    changes = changes_between(of(x(role="label")), of(x(role="feature")))
    assert {change.where: change.judgement.effect for change in changes} == {
        "x.role": "neither",
        "x.environments": "tightens",
    }


def test_lists_and_changes_are_told_shortly() -> None:
    assert alone(x(TEXT, allowed=("a", "b")), x(TEXT, allowed=("b", "c"))).what == "adds c; drops a"
    assert alone(y(), y(volume=Volume(watch=0.1))).what == "watch 0.1 (was 0.2)"
    assert alone(x(between=(0, None)), x(between=(None, 5))).what == "up to 5, was 0 or more"
    assert alone(x(), x(unit="s")).what == "s, was not said"


# -- laws ---------------------------------------------------------------------------------------------------------

ON_FAIL = ["fail", "quarantine", "warn"]
CHOICES: dict[str, list[Any]] = {
    "dtype": [FLOAT, INT, pl.Int64()],
    "on_fail": ON_FAIL,
    "nullable": [False, True],
    "max_null": [None, 0.0, 0.5, 1.0],
    "optional": [False, True],
    "unique": [False, True],
    "nan": ["error", "allow"],
    "between": [None, (0, 2), (1, 3), (1, None), (None, 2)],
    "allowed": [None, (1,), (1, 2), (2, 1, 3)],
    "default": [None, 1, 2],
    "unit": [None, "s", "ms"],
    "role": ["meta", "feature", "entity", "label"],
    "pii": ["none", "pseudonymous", "personal"],
    "environments": [(), ("training",), ("serving", "training")],
    "drift": [None, Drift(), Drift(psi=None), Drift(nulls=(0.1, 0.2), on_alarm="fail")],
    "other": [None, {}, {"nullable": True}, {"nullable": True, "max_null": 0.5}, {"on_fail": "warn"}],
    "key": [(), ("k",), ("k", "l"), ("l",)],
    "k": ON_FAIL,
    "l": ON_FAIL,
    "rule": [None, "x > 1", "x > k", "(k < x)"],
    "rule_on_fail": ON_FAIL,
    "reference": [None, {}, {"max_missing": 0.1}, {"to": "Products"}],
    "reference_on_fail": ["fail", "warn"],
    "min_rows": [1, 0, 2],
    "quarantine_budget": [0.001, 0.1, 0.0],
    "volume": [Volume(), None, Volume(watch=0.1, on_alarm="fail"), Volume(partitions=3)],
    "table_environments": [("training", "serving"), ("training", "serving", "audit")],
}
DECLARED = st.fixed_dictionaries({name: st.sampled_from(values) for name, values in CHOICES.items()})


def changed_of(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    one = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(CHOICES[name])))
    return st.lists(one, min_size=1, max_size=3).map(dict)


CHANGED = changed_of(list(CHOICES))


def build(said: dict[str, Any]) -> type[Table]:
    """Return the table of some choices; those that contradict others are left out."""
    kept = {name: said[name] for name in ("dtype", "on_fail", "nullable", "unique", "unit", "role", "pii", "drift")}
    kept |= {name: said[name] for name in ("max_null", "optional") if said["nullable"]}
    if said["dtype"].is_float():
        kept["nan"], kept["between"] = said["nan"], said["between"]
    elif said["allowed"] is None or said["between"] is None:
        kept["allowed"], kept["between"] = said["allowed"], said["between"]
    if said["default"] in (kept.get("allowed") or (1, 2)) and kept.get("between") in {None, (0, 2), (None, 2)}:
        kept["default"] = said["default"]
    kept["environments"] = said["environments"]
    columns = {"k": column(INT, on_fail=said["k"]), "l": column(INT, on_fail=said["l"]), "x": column(**kept)}
    if said["other"] is not None:
        columns["b"] = column(FLOAT, nan="allow", **said["other"])
    table_says = {name: said[name] for name in ("key", "min_rows", "quarantine_budget", "volume")}
    table_says["environments"] = said["table_environments"]
    if said["rule"] is not None:
        table_says["checks"] = (RowCheck(id="r", that=said["rule"], on_fail=said["rule_on_fail"]),)
    if said["reference"] is not None:
        refers = {"to": "Items", "on_fail": said["reference_on_fail"], **said["reference"]}
        table_says["references"] = (Reference(("k",), **refers),)
    return type("Samples", (Table,), {**columns, **table_says})


@given(DECLARED)
def test_nothing_differs_from_itself_and_json_gives_it_back(said: dict[str, Any]) -> None:
    declaration = of(build(said))
    assert changes_between(declaration, declaration) == ()
    stored = Declaration.from_json(json.loads(json.dumps(declaration.to_json())))
    assert stored == declaration
    assert stored.digest == declaration.digest


@given(DECLARED, CHANGED)
def test_a_change_loosens_where_its_reverse_tightens(said: dict[str, Any], changed: dict[str, Any]) -> None:
    one, other = of(build(said)), of(build(said | changed))
    there, back = changes_between(one, other), changes_between(other, one)
    assert {c.where: c.judgement.effect for c in there} == {c.where: OPPOSITE[c.judgement.effect] for c in back}
    assert (one.digest == other.digest) == (there == ())


@given(DECLARED, CHANGED, CHANGED)
def test_small_steps_need_what_the_whole_way_needs(
    said: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    one, two, three = (of(build(each)) for each in (said, said | first, said | first | second))
    steps = changes_between(one, two) + changes_between(two, three)
    whole = changes_between(one, three)
    assert rank(whole) <= rank(steps)
    assert broken(whole) <= broken(steps)


FIRST = {name: values[0] for name, values in CHOICES.items()}
BASES = [
    {**FIRST, **said, "on_fail": on_fail}
    for on_fail in ON_FAIL
    for said in (
        {},
        {"dtype": INT},
        {"nullable": True},
        {"nullable": True, "max_null": 0.5, "key": ("k",), "rule": "x > 1", "other": {}, "reference": {}},
    )
]


@pytest.mark.parametrize("name", CHOICES)
def test_the_laws_hold_for_every_value_of_a_field(name: str) -> None:
    for base in BASES:
        declared = [of(build({**base, name: value})) for value in CHOICES[name]]
        steps = {
            (i, j): changes_between(one, other) for i, one in enumerate(declared) for j, other in enumerate(declared)
        }
        for (i, j), there in steps.items():
            back = steps[j, i]
            assert {c.where: c.judgement.effect for c in there} == {c.where: OPPOSITE[c.judgement.effect] for c in back}
            assert (declared[i].digest == declared[j].digest) == (there == ())
            for way in range(len(declared)):
                assert rank(there) <= max(rank(steps[i, way]), rank(steps[way, j]))
                assert broken(there) <= broken(steps[i, way]) | broken(steps[way, j])


def rank(changes: tuple[Change, ...]) -> int:
    return max((BUMPS.index(change.judgement.bump) for change in changes), default=-1)


# -- rows as the judge --------------------------------------------------------------------------------------------

CELLS = [None, 0, 1, 2, 2.5, float("nan"), 2**40]
FRAMES = [cells for rows in range(4) for cells in combinations_with_replacement(CELLS, rows)]
OF_ROWS = ["dtype", "nullable", "max_null", "unique", "nan", "between", "allowed", "on_fail"]
OF_ROWS += ["other", "key", "k", "l", "rule", "rule_on_fail", "min_rows"]
RULES = {"x > 1": lambda row: row["x"] > 1, "x > k": lambda row: row["x"] > row["k"]}
RULES["(k < x)"] = RULES["x > k"]


def publishable(rows: list[dict[str, Any]], found: type[Table]) -> bool:
    """Whether these rows break no rule of the table that is more than a warning; a column they lack is null."""
    return (
        len(rows) >= found.min_rows
        and all(fits([row.get(name) for row in rows], kind) for name, kind in found.columns.items())
        and tells_apart(rows, found)
        and all(
            rule.on_fail == "warn" or row["x"] is None or math.isnan(row["x"]) or RULES[rule.rule](row)
            for rule in found.checks
            for row in rows
        )
    )


def fits(values: list[Any], kind: Column) -> bool:
    there = [value for value in values if value is not None]
    numbers = [value for value in there if not math.isnan(value)]
    if not kind.dtype.is_float() and (len(numbers) < len(there) or any(value % 1 for value in numbers)):
        return False
    if kind.dtype == INT and any(value >= 2**31 for value in numbers):
        return False
    low, high = (None, None) if kind.between is None else kind.between
    return kind.on_fail == "warn" or (
        (kind.nullable or len(there) == len(values))
        and (kind.max_null is None or len(values) - len(there) <= kind.max_null * len(values))
        and (not kind.dtype.is_float() or kind.nan == "allow" or len(numbers) == len(there))
        and all((low is None or low <= value) and (high is None or value <= high) for value in numbers)
        and (kind.allowed is None or set(numbers) <= set(kind.allowed))
        and (not kind.unique or len(set(numbers)) == len(numbers))
    )


def tells_apart(rows: list[dict[str, Any]], found: type[Table]) -> bool:
    keys = {tuple(row[name] for name in found.key) for row in rows}
    return not found.key or len(keys) == len(rows) or all(found.columns[name].on_fail == "warn" for name in found.key)


def refused(writer: type[Table], judge: type[Table]) -> Iterator[bool]:
    """For each frame, whether the one table publishes its rows, and the other then refuses them."""
    for cells in FRAMES:
        rows = [{"x": cell, "b": cell, "k": i % 2, "l": i // 2} for i, cell in enumerate(cells)]
        written = [{name: row[name] for name in writer.columns} for row in rows]
        yield publishable(written, writer) and not publishable(written, judge)


@pytest.mark.parametrize("name", OF_ROWS)
def test_rows_that_a_value_of_a_field_publishes_and_another_refuses_are_told(name: str) -> None:
    for base in BASES:
        tables = [build({**base, name: value}) for value in CHOICES[name]]
        for one, other in combinations(tables, 2):
            told = broken(changes_between(of(one), of(other)))
            assert not any(refused(one, other)) or "old data" in told
            assert not any(refused(other, one)) or "readers" in told


@given(DECLARED, changed_of(OF_ROWS))
def test_rows_that_one_publishes_and_the_other_refuses_are_told(said: dict[str, Any], changed: dict[str, Any]) -> None:
    one, other = build(said), build(said | changed)
    told = broken(changes_between(of(one), of(other)))
    assert not any(refused(one, other)) or "old data" in told
    assert not any(refused(other, one)) or "readers" in told


# -- versions ----------------------------------------------------------------------------------------------------


@given(st.tuples(*[st.integers(0, 3)] * 3), st.sampled_from(BUMPS))
def test_the_next_version_is_the_step_that_was_asked_for(numbers: tuple[int, int, int], bump: Any) -> None:
    version = Version(*numbers)
    assert version.step_to(version.raised(bump)) == bump
    assert version.raised(bump).step_to(version) is None
    assert Version.of(str(version)) == version


@pytest.mark.parametrize("text", ["1.0", "1.0.0.0", "1.0.01", "v1.0.0", "1.0.-1", "", "1.0.²"])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="three numbers"):
        Version.of(text)


@pytest.mark.parametrize(
    ("version", "after", "state", "breaks"),
    [
        ("1.0.0", x(), "locked", False),
        ("1.0.1", x(), "bumped", False),
        ("1.0.0", x(doc="More."), "unbumped", False),
        ("1.0.1", x(doc="More."), "bumped", False),
        ("1.0.1", x(between=(0, 1)), "unbumped", True),
        ("1.1.0", x(between=(0, 1)), "unbumped", True),
        ("2.0.0", x(between=(0, 1)), "bumped", False),
        ("0.9.0", x(), "backwards", True),
    ],
)
def test_how_a_declaration_stands_to_its_lock(version: str, after: type[Table], state: str, breaks: bool) -> None:
    found = Standing.of(replace(of(after), version=version), of(x()))
    assert (found.state, found.breaks_unsaid) == (state, breaks)


@pytest.mark.parametrize(
    ("stored", "problem"),
    [
        ({"table": "T"}, "no declaration of a table"),
        ({**of(y()).to_json(), "columns": [1]}, "no declaration of a table"),
        ({**of(y()).to_json(), "said": {"colour": "red"}}, "'colour', of which this featurelib knows nothing"),
    ],
)
def test_what_is_no_declaration_is_refused(stored: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Declaration.from_json(stored)


def test_what_is_no_type_is_refused() -> None:
    with pytest.raises(ValueError, match="describes no polars type"):
        dtype_from_plain("Colour")
    with pytest.raises(ValueError, match="no type of a declared column"):
        dtype_to_plain(pl.Unknown())
    with pytest.raises(ColumnTypeError, match="table Samples needs column 'x' of its declaration to be a type that"):
        of(x(pl.Unknown()))
