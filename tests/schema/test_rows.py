"""A row breaks the same rules alone as `measure` counts for a frame of that row."""

import json
import math
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.measure import measure
from featurelib.schema.rows import row_validator

NOW = datetime(2026, 11, 1, tzinfo=UTC)


class Served(Table):
    checks = (
        RowCheck(id="after", that="landed_at >= shown_at"),
        RowCheck(id="cheaper", that="price < list_price", on_fail="warn"),
        RowCheck(id="named", that=pl.col("name").is_not_null() | (pl.col("count") > 3)),
    )

    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="x")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="x", nullable=True)
    name = Column(dtype=pl.String(), doc="x", nullable=True)
    kind = Column(dtype=pl.String(), doc="x", allowed=("a", "b"), on_fail="quarantine")
    color = Column(dtype=pl.Enum(["red", "blue", "green"]), doc="x", allowed=("red", "blue"))
    count = Column(dtype=pl.Int8(), doc="x", between=(0, 100))
    half = Column(dtype=pl.Int64(), doc="x", between=(0.5, 9007199254740992.0), nullable=True)
    code = Column(dtype=pl.UInt16(), doc="x", allowed=(1, 2, 300))
    price = Column(dtype=pl.Float32(), doc="x", between=(0, 0.1))
    list_price = Column(dtype=pl.Float32(), doc="x", nan="allow", nullable=True)
    share = Column(dtype=pl.Float64(), doc="x", between=(0, 1), nan="allow")
    step = Column(dtype=pl.Float64(), doc="x", allowed=(1, 2), nullable=True)
    money = Column(dtype=pl.Decimal(6, 2), doc="x", between=(0, 99.5), nullable=True)
    known = Column(dtype=pl.Boolean(), doc="x")
    local = Column(dtype=pl.Datetime("ms"), doc="x", nullable=True)
    exact = Column(dtype=pl.Datetime("ns", "UTC"), doc="x", nullable=True)
    born = Column(dtype=pl.Date(), doc="x", nullable=True)
    clock = Column(dtype=pl.Time(), doc="x", nullable=True)
    dwell = Column(dtype=pl.Duration("ms"), doc="x", nullable=True)
    tags = Column(dtype=pl.List(pl.Float32()), doc="x", nullable=True)
    place = Column(dtype=pl.Array(pl.Int16(), 2), doc="x", nullable=True)
    part = Column(dtype=pl.Struct({"a": pl.Int8(), "b": pl.List(pl.String())}), doc="x", nullable=True)
    blob = Column(dtype=pl.Binary(), doc="x", nullable=True)
    extra = Column(dtype=pl.String(), doc="x", nullable=True, optional=True)


VALIDATOR = row_validator(Served)
GOOD = {
    "shown_at": NOW,
    "landed_at": NOW,
    "name": "n",
    "kind": "a",
    "color": "red",
    "count": 7,
    "half": 1,
    "code": 300,
    "price": 0.05,
    "list_price": 0.07,
    "share": 0.5,
    "step": 1.0,
    "money": Decimal("1.50"),
    "known": True,
    "local": NOW.replace(tzinfo=None),
    "exact": NOW,
    "born": date(2026, 11, 1),
    "clock": time(1),
    "dwell": timedelta(seconds=1),
    "tags": [0.5, None],
    "place": [1, 2],
    "part": {"a": 1, "b": ["x"]},
    "blob": b"x",
    "extra": None,
}

floats = st.floats() | st.sampled_from([0.1, 0.0, 1.0, -0.0, 1e-300, 1e39, math.nan, math.inf, -math.inf, 0, 1])
FIRST, LAST = NOW.replace(year=1900, tzinfo=None), NOW.replace(year=2100, tzinfo=None)
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
FITTING = {
    "shown_at": instants | st.none() | st.just(NOW.astimezone(timezone(timedelta(hours=5)))),
    "landed_at": instants | st.none(),
    "name": st.text(max_size=3) | st.none(),
    "kind": st.sampled_from(["a", "b", "c", "", "é"]) | st.none(),
    "color": st.sampled_from(["red", "blue", "green"]) | st.none(),
    "count": st.integers(-128, 127) | st.none(),
    "half": st.integers(-(2**63), 2**63 - 1) | st.integers(2**53 - 1, 2**53 + 2) | st.integers(-1, 1) | st.none(),
    "code": st.sampled_from([0, 1, 2, 300, 65535]) | st.none(),
    "price": floats | st.none(),
    "list_price": floats | st.none(),
    "share": floats | st.none(),
    "step": floats | st.none(),
    "money": st.decimals("-999", "999", places=2) | st.none() | st.integers(0, 100).map(Decimal),
    "known": st.booleans() | st.none(),
    "local": st.datetimes(FIRST) | st.none(),
    "exact": instants | st.none(),
    "born": st.dates() | st.none(),
    "clock": st.times() | st.none(),
    "dwell": st.timedeltas(timedelta(-9999), timedelta(9999)) | st.none(),
    "tags": st.lists(floats | st.none(), max_size=2) | st.none(),
    "place": st.tuples(st.integers(-9, 9), st.none()) | st.none(),
    "part": st.none()
    | st.fixed_dictionaries({"a": st.integers(-9, 9), "b": st.lists(st.text(max_size=1), max_size=1)}),
    "blob": st.binary(max_size=2) | st.none(),
    "extra": st.none(),
}
ROWS = st.fixed_dictionaries({name: st.just(GOOD[name]) | values for name, values in FITTING.items()})


def frame(rows: list[dict]) -> pl.LazyFrame:
    columns = []
    for name, dtype in Served.polars_schema().items():
        values = [row[name] for row in rows]
        if dtype.is_float():
            values = [None if value is None else float(value) for value in values]
        if dtype == pl.List(pl.Float32()):
            values = [None if v is None else [None if x is None else float(x) for x in v] for v in values]
        columns.append(pl.Series(name, values, dtype=dtype, strict=True))
    return pl.DataFrame(columns).lazy()


def broken(row: dict) -> set[str]:
    return {check for check, rows in measure(frame([row]), Served).bad.items() if rows}


def ids(row: dict) -> set[str]:
    return {problem.id for problem in VALIDATOR.check(row)}


def test_a_good_row_has_no_problem() -> None:
    assert VALIDATOR.check(GOOD) == ()
    assert broken(GOOD) == set()


@settings(max_examples=50, deadline=None)
@given(row=ROWS)
def test_a_row_breaks_what_a_frame_of_it_breaks(row: dict) -> None:
    assert ids(row) == broken(row)


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(ROWS, max_size=4))
def test_many_rows_at_once_break_what_each_breaks_alone(rows: list[dict]) -> None:
    assert VALIDATOR.check_many(rows) == [VALIDATOR.check(row) for row in rows]


WRONG = [
    ("shown_at", NOW.replace(tzinfo=None)),
    ("shown_at", "2026-11-01T00:00:00Z"),
    ("shown_at", date(2026, 11, 1)),
    ("shown_at", 1_793_491_200),
    ("local", NOW),
    ("exact", datetime(1500, 1, 1, tzinfo=UTC)),
    ("born", NOW),
    ("name", 1),
    ("name", b"n"),
    ("name", "\ud800"),
    ("kind", ["a"]),
    ("color", "pink"),
    ("count", True),
    ("count", 128),
    ("count", 1.0),
    ("count", "1"),
    ("half", 2**63),
    ("code", -1),
    ("price", "0.1"),
    ("price", False),
    ("price", 2**70),
    ("money", 1.5),
    ("money", Decimal("1.234")),
    ("money", Decimal("99999")),
    ("money", Decimal("NaN")),
    ("known", 1),
    ("known", "true"),
    ("clock", timedelta(hours=1)),
    ("dwell", 1),
    ("tags", 0.5),
    ("tags", ["a"]),
    ("place", [1]),
    ("place", [1, 99999]),
    ("part", {"a": 1}),
    ("part", {"a": 1, "b": None, "c": 2}),
    ("part", {"a": "x", "b": None}),
    ("blob", "x"),
]


@pytest.mark.parametrize(("name", "value"), WRONG, ids=[f"{n}{i}" for i, (n, _) in enumerate(WRONG)])
def test_a_value_of_another_type_is_told_and_hides_no_other_problem(name: str, value: object) -> None:
    other = {"code": 9} if name != "code" else {"kind": "z"}
    expected = {f"{name}.type", *(f"{key}.allowed" for key in other)}
    assert ids(GOOD | other | {name: value}) == expected


def test_a_problem_says_where_what_and_how_bad() -> None:
    lacking = {name: value for name, value in GOOD.items() if name not in {"share", "extra"}}
    found = VALIDATOR.check({**lacking, "kind": "toaster", "typo": 1, "landed_at": NOW - timedelta(1)})
    assert [(p.id, p.column, p.on_fail) for p in found] == [
        ("kind.allowed", "kind", "quarantine"),
        ("share.missing", "share", "fail"),
        ("after", None, "fail"),
        ("unknown", "typo", "fail"),
    ]
    assert found[0].rule == "kind in {a, b}"
    assert found[0].got == "'toaster'"
    assert found[1].got == "nothing"


def test_a_row_check_over_a_value_of_another_type_is_not_asked() -> None:
    assert ids(GOOD | {"landed_at": "soon"}) == {"landed_at.type"}
    assert ids(GOOD | {"name": 5, "count": 1}) == {"name.type"}


def test_no_rows_and_an_empty_row() -> None:
    assert VALIDATOR.check_many([]) == []
    assert ids({}) == {f"{name}.missing" for name in GOOD if name != "extra"}


def test_a_label_is_not_asked_for_where_it_is_not() -> None:
    class Samples(Table):
        price = Column(dtype=pl.Float64(), doc="x")
        clicked = Column(dtype=pl.Int8(), doc="x", role="label", environments=("training",))

    assert row_validator(Samples.within("serving")).check({"price": 1.0}) == ()
    assert [p.id for p in row_validator(Samples).check({"price": 1.0})] == ["clicked.missing"]


def test_a_rule_without_columns_is_asked_too() -> None:
    class Never(Table):
        checks = (RowCheck(id="never", that="1 = 2"),)
        x = Column(dtype=pl.Int64(), doc="x")

    assert [[p.id for p in found] for found in row_validator(Never).check_many([{"x": 1}, {"x": "a"}])] == [
        ["never"],
        ["x.type", "never"],
    ]


def test_nothing_heavy_is_imported() -> None:
    code = """
import json, sys
import polars as pl
from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.rows import row_validator
class Samples(Table):
    checks = (RowCheck(id="cheap", that="price * 2 < 10"),)
    price = Column(dtype=pl.Float64(), doc="Price.", between=(0, None))
found = [problem.id for problem in row_validator(Samples).check({"price": -1.0})]
heavy = [name for name in "great_expectations pandas pyarrow pydantic sklearn numpy".split() if name in sys.modules]
print(json.dumps([found, heavy]))
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == [["price.between"], []]
