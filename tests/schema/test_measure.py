"""Measure: structure before rows, counts that add up, examples that do not depend on order."""

import datetime as dt
import functools
import json
import pickle
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, ColumnUnknownError, UsageError
from featurelib.schema import Column, RowCheck, Table, examples
from featurelib.schema.measure import measure


class Sample(Table):
    key = ("user", "part")
    checks = (RowCheck("ordered", "low <= high", on_fail="quarantine"),)

    user = Column(dtype=pl.String(), doc="User.", on_fail="quarantine")
    part = Column(dtype=pl.Int64(), doc="Part.")
    low = Column(dtype=pl.Float64(), doc="Low.", between=(0, None))
    high = Column(dtype=pl.Float64(), doc="High.", nullable=True, max_null=0.5)
    device = Column(dtype=pl.Enum(["web", "ios", "fridge", "toaster"]), doc="Client.", allowed=("ios", "web"))
    seen_at = Column(dtype=pl.Datetime("us", "UTC"), doc="Seen.", nullable=True)
    tags = Column(dtype=pl.List(pl.Int8()), doc="Tags.", on_fail="quarantine")


NUMBERS = st.none() | st.sampled_from([-1.0, 0.0, -0.0, 1.0, 2.5, float("nan"), float("inf")])
ROWS = st.fixed_dictionaries(
    {
        "user": st.none() | st.sampled_from(["a", "b", "NaN"]),
        "low": NUMBERS,
        "high": NUMBERS,
        "device": st.none() | st.sampled_from(["web", "ios", "fridge", "toaster"]),
        "seen_at": st.none()
        | st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 9), timezones=st.just(dt.UTC)),  # noqa: DTZ001
        "tags": st.none() | st.lists(st.integers(0, 3), max_size=2),
    }
)


def frame_of(rows, part=0):
    return pl.LazyFrame([{**row, "part": part} for row in rows], schema=Sample.polars_schema())


def table_of_one(**column):
    return type("One", (Table,), {"key": ("x",), "x": Column(**{"dtype": pl.Int64(), "doc": "X.", **column})})


def refuse_to_read(frame):
    """Make reading the frame an error, so that a check of its structure proves to come first."""

    def stop(_: pl.DataFrame) -> pl.DataFrame:
        pytest.fail("the frame was read")

    return frame.map_batches(stop, schema=frame.collect_schema())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.drop("low"), ColumnMissingError, "table Sample reads column 'low', which the frame lacks"),
        (
            lambda f: f.cast({"low": pl.Float32}),
            ColumnTypeError,
            "table Sample needs column 'low' of the frame to be Float64, got Float32. Cast it where it is made",
        ),
        (
            lambda f: f.with_columns(lov=1),
            ColumnUnknownError,
            "the frame has column 'lov', which table Sample does not declare. Did you mean 'low'",
        ),
    ],
)
def test_structure_is_checked_before_anything_is_read(change, error, message):
    with pytest.raises(error, match=message):
        measure(refuse_to_read(change(frame_of([]))), Sample)


def test_order_of_columns_is_free():
    frame = frame_of([]).select(reversed(Sample.columns))
    assert measure(frame, Sample).columns == tuple(Sample.columns)


def test_counts_of_a_small_frame():
    rows = [
        {"user": "a", "low": 1.0, "high": 2.0, "device": "web", "tags": [1]},
        {"user": "a", "low": 3.0, "high": 2.0, "device": "toaster", "tags": []},
        {"user": None, "low": float("nan"), "high": None, "device": None, "tags": None},
    ]
    metrics = measure(frame_of(rows), Sample)
    assert {check: n for check, n in metrics.bad.items() if n} == {
        "key": 2,
        "user.not_null": 1,
        "low.nan": 1,
        "high.max_null": 1,
        "device.not_null": 1,
        "device.allowed": 1,
        "tags.not_null": 1,
        "ordered": 1,
    }
    assert (metrics.rows, metrics.keyed, metrics.surplus) == (3, 3, 1)
    assert metrics.set_aside == 2  # the key says fail: its column `part` does
    assert metrics.seen["low"].low == 1.0
    assert (metrics.seen["low"].nans, metrics.seen["high"].nulls) == (1, 1)
    assert metrics.examples["ordered"] == ({"user": "a", "part": 0, "low": 3.0, "high": 2.0},)
    assert metrics.examples["key"] == ({"user": "a", "part": 0, "rows with this key": 2},)
    assert metrics.examples["tags.not_null"] == ({"user": None, "part": 0},)
    assert metrics.values == {"device.allowed": (("toaster", 1),)}


def test_examples_are_the_first_five_in_order_of_their_values():
    metrics = measure(pl.LazyFrame({"x": range(9, -1, -1)}), table_of_one(between=(None, -1)))
    assert [row["x"] for row in metrics.examples["x.between"]] == [0, 1, 2, 3, 4]


def test_frame_without_rows_counts_zero():
    metrics = measure(frame_of([]), Sample)
    assert metrics.rows == metrics.set_aside == sum(metrics.bad.values()) == 0
    assert metrics.seen["low"].low is None


def test_key_of_null_in_every_column_is_no_key():
    metrics = measure(pl.LazyFrame({"x": [None, None, 1]}, schema={"x": pl.Int64}), table_of_one())
    assert (metrics.bad["key"], metrics.keyed) == (0, 1)


def test_absent_column_may_be_missing_or_null_but_hold_nothing():
    rows = [{"user": "a", "low": 1.0, "device": "web", "tags": []}]
    gone = measure(frame_of(rows).drop("high"), Sample, absent=("high",))
    null = measure(frame_of(rows), Sample, absent=("high",))
    held = measure(frame_of([{**rows[0], "high": 2.0}]), Sample, absent=("high",))
    assert "high" not in gone.columns
    assert [each.bad["high.absent"] for each in (gone, null, held)] == [0, 0, 1]


@settings(deadline=None, max_examples=60)
@given(parts=st.lists(st.lists(ROWS, max_size=8), min_size=1, max_size=4))
def test_parts_add_up_to_the_whole_in_any_order(parts):
    frames = [frame_of(rows, part) for part, rows in enumerate(parts)]
    whole = measure(pl.concat(frames), Sample)
    measured = [measure(frame, Sample) for frame in frames]
    forward = functools.reduce(lambda one, two: one.merge(two), measured)
    backward = functools.reduce(lambda one, two: two.merge(one), measured)
    assert forward.to_dict() == backward.to_dict() == whole.to_dict()


@settings(deadline=None, max_examples=20)
@given(rows=st.lists(ROWS, min_size=3, max_size=9))
def test_grouping_of_merges_does_not_matter(rows):
    one, two, three = (measure(frame_of(rows[i::3], i), Sample) for i in range(3))
    assert one.merge(two).merge(three).to_dict() == one.merge(two.merge(three)).to_dict()


def test_values_outside_the_rule_are_counted_exactly_over_parts():
    class Words(Table):
        word = Column(dtype=pl.String(), doc="Word.", allowed=("ok",))

    parts = [pl.LazyFrame({"word": [f"w{i:02d}" for i in range(start, 60, 2)]}) for start in (0, 1, 0)]
    merged = functools.reduce(lambda one, two: one.merge(two), [measure(part, Words) for part in parts])
    assert merged.values["word.allowed"] == tuple((f"w{i:02d}", 2 - i % 2) for i in range(20))


def test_merge_of_other_checks_is_refused():
    one, two = (measure(pl.LazyFrame({"x": [1]}), table_of_one(between=(0, high))) for high in (5, 6))
    with pytest.raises(UsageError, match=r"metrics of .*'One'.* cannot be merged .*measure both the same way"):
        one.merge(two)


def test_metrics_travel_as_pickle_and_as_strict_json():
    rows = [{"user": "a", "low": float("nan"), "high": float("inf"), "seen_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}]
    metrics = measure(frame_of(rows), Sample)
    assert pickle.loads(pickle.dumps(metrics)).to_dict() == metrics.to_dict()  # noqa: S301
    assert json.loads(json.dumps(metrics.to_dict(), allow_nan=False)) == metrics.to_dict()


def test_equal_hashes_of_unequal_keys_are_no_repeat(monkeypatch):
    monkeypatch.setattr(pl.Expr, "hash", lambda self, seed: self.struct.field("x") * 0)
    metrics = measure(pl.LazyFrame({"x": [1, 2, 3, 3]}), table_of_one())
    assert (metrics.bad["key"], metrics.surplus, metrics.examples["key"]) == (
        2,
        1,
        ({"x": 3, "rows with this key": 2},),
    )


def test_frame_from_many_row_groups_is_measured_like_one_in_memory(tmp_path: Path):
    frame = pl.DataFrame({"x": [*range(5000), 7, 4000]})
    frame.write_parquet(tmp_path / "x.parquet", row_group_size=100)
    stored = measure(pl.scan_parquet(tmp_path / "x.parquet"), table_of_one(between=(0, 4990)))
    assert stored == measure(frame.lazy(), table_of_one(between=(0, 4990)))
    assert (stored.bad["key"], stored.bad["x.between"]) == (4, 9)


@pytest.mark.parametrize(("some", "at_once"), [(8192, 4096), (8, 4096), (16, 12), (1, 1)])
@pytest.mark.parametrize("key", ["ordered", "backwards", "shared", "coded"])
def test_examples_of_nulls_are_the_first_however_many_rows_are_looked_at(
    key: str, some: int, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "_SOME_ROWS", some)
    monkeypatch.setattr(examples, "_ROWS_OF_NULLS", at_once)
    values = {
        "ordered": range(60),
        "backwards": reversed(range(60)),
        "shared": [None if n % 31 == 0 else n * 7 % 11 for n in range(60)],
        "coded": ["ba"[n % 2] for n in range(60)],
    }
    dtype = pl.Enum(["b", "a"]) if key == "coded" else pl.Int64()
    often = {"half": 2, "some": 5, "few": 25, "lists": 3}
    kinds = {name: pl.List(pl.Int8()) if name == "lists" else pl.Float32() for name in often}
    columns = {n: Column(dtype=kinds[n], doc="X.", nullable=True, max_null=0.6) for n in often}
    table = type("Nulls", (Table,), {"key": ("k",), "k": Column(dtype=dtype, doc="Key."), **columns})
    rows = [
        {"k": k, **{name: None if n % each == 1 else ([1] if name == "lists" else 1.0) for name, each in often.items()}}
        for n, k in enumerate(values[key])
    ]
    found = measure(pl.LazyFrame(rows, schema=table.polars_schema()), table).examples
    for name in often:
        keys = sorted((row["k"] for row in rows if row[name] is None), key=lambda k: (k is not None, k))
        shown = {} if name == "lists" else {name: None}
        assert found[f"{name}.max_null"] == tuple({"k": k, **shown} for k in keys[:5])


def test_examples_of_nulls_do_not_mind_how_the_key_is_called():
    nullable = {"dtype": pl.Float64(), "doc": "A number.", "nullable": True, "max_null": 0.1}
    columns = {"null a": Column(dtype=pl.Int64(), doc="Key."), "a": Column(**nullable), "b": Column(**nullable)}
    table = type("Named", (Table,), {"min_rows": 0, "key": ("null a",), **columns})
    frame = pl.LazyFrame({"null a": range(10), "a": [None] * 10, "b": [None] * 10}, schema=table.polars_schema())
    assert measure(frame, table).examples["a.max_null"][0] == {"null a": 0, "a": None}
