"""Quarantine: every row is kept or set aside, once, with its reasons."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError
from featurelib.schema import Column, RowCheck, Table
from featurelib.schema.measure import measure
from featurelib.schema.quarantine import split


class Sample(Table):
    key = ("user", "slot")
    checks = (RowCheck("ordered", "low <= high", on_fail="quarantine"),)

    row = Column(dtype=pl.Int64(), doc="Place in the frame.")
    user = Column(dtype=pl.String(), doc="User.", on_fail="quarantine")
    slot = Column(dtype=pl.Int8(), doc="Slot.", on_fail="warn", between=(0, 1))
    low = Column(dtype=pl.Float32(), doc="Low.", nullable=True, on_fail="quarantine")
    high = Column(dtype=pl.Float32(), doc="High.", nullable=True)


NUMBERS = st.none() | st.sampled_from([0.0, 1.0, float("nan")])
ROWS = st.tuples(st.none() | st.sampled_from("ab"), st.none() | st.integers(0, 2), NUMBERS, NUMBERS)


def frame_of(rows):
    numbered = [(place, *row) for place, row in enumerate(rows)]
    return pl.LazyFrame(numbered, schema=Sample.polars_schema(), orient="row")


def reasons_of(rows):
    good, bad = split(frame_of(rows), Sample)
    return good.collect()["row"].to_list(), dict(bad.select("row", "_reasons").collect().iter_rows())


@settings(deadline=None, max_examples=100)
@given(rows=st.lists(ROWS, max_size=12))
def test_every_row_is_in_one_of_the_two_and_the_count_is_the_one_judged(rows):
    frame = frame_of(rows)
    good, bad = (part.collect() for part in split(frame, Sample))
    together = pl.concat([good, bad.drop("_reasons")]).sort("row")
    assert together.equals(frame.collect(), null_equal=True)
    assert bad["_reasons"].list.len().min() != 0
    assert bad.height == measure(frame, Sample).set_aside


@settings(deadline=None, max_examples=60)
@given(rows=st.lists(ROWS, max_size=12))
def test_rows_that_stay_break_no_rule_that_says_quarantine(rows):
    good, _ = split(frame_of(rows), Sample)
    assert measure(good, Sample).set_aside == 0


def test_reasons_name_every_check_that_the_row_breaks():
    kept, aside = reasons_of([("a", 0, 0.0, 1.0), (None, 0, 1.0, 0.0), ("b", 9, float("nan"), 1.0)])
    assert kept == [0]
    assert aside == {1: ["user.not_null", "ordered"], 2: ["low.nan", "ordered"]}


def test_first_good_row_of_a_key_stays():
    kept, aside = reasons_of([("a", 0, 1.0, 0.0), ("a", 0, 0.0, 1.0), ("a", 0, 0.0, 0.0), ("a", 1, 0.0, 0.0)])
    assert kept == [1, 3]
    assert aside == {0: ["ordered"], 2: ["key"]}


def test_rows_without_a_key_do_not_share_one():
    class Loose(Table):
        key = ("user",)
        user = Column(dtype=pl.String(), doc="User.", on_fail="quarantine")

    _, bad = split(pl.LazyFrame({"user": [None, None]}, schema=Loose.polars_schema()), Loose)
    assert bad.collect()["_reasons"].to_list() == [["user.not_null"]] * 2


def test_table_without_quarantine_rules_keeps_all_rows():
    class Strict(Table):
        x = Column(dtype=pl.Int8(), doc="X.", between=(0, 1))

    good, bad = split(pl.LazyFrame({"x": [0, 5]}, schema=Strict.polars_schema()), Strict)
    assert good.collect().height == 2
    assert bad.collect().schema == {"x": pl.Int8(), "_reasons": pl.List(pl.String())}
    assert bad.collect().is_empty()


def test_both_parts_stream_to_files_in_order_of_the_frame(tmp_path):
    n = 20_000
    rows = pl.DataFrame({"row": range(n), "user": [f"u{i % 15_000}" for i in range(n)]}).with_columns(
        slot=pl.lit(0, pl.Int8), low=pl.lit(0.0, pl.Float32), high=pl.lit(1.0, pl.Float32)
    )
    rows.write_parquet(tmp_path / "in.parquet", row_group_size=500)
    good, bad = split(pl.scan_parquet(tmp_path / "in.parquet"), Sample)
    sinks = [part.sink_parquet(tmp_path / name, lazy=True) for part, name in ((good, "good"), (bad, "bad"))]
    pl.collect_all(sinks, engine="streaming")
    assert pl.read_parquet(tmp_path / "good")["row"].to_list() == list(range(15_000))
    assert pl.read_parquet(tmp_path / "bad")["row"].to_list() == list(range(15_000, n))


def test_structure_is_checked_first():
    with pytest.raises(ColumnMissingError, match="table Sample reads column 'low', which the frame lacks"):
        split(frame_of([]).drop("low"), Sample)


def test_absent_columns_take_their_rules_along():
    good, bad = split(frame_of([("a", 0, None, None)]).drop("low"), Sample, absent=("low",))
    assert (good.collect().height, bad.collect().height) == (1, 0)
