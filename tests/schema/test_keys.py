"""Keys: the same repeats whatever the memory, the spread of hashes and the number of batches; and references."""

from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, UsageError
from featurelib.schema import Column, Reference, Table
from featurelib.schema.keys import Hashes
from featurelib.schema.measure import measure

LAST = 2**64 - 1


class Pair(Table):
    key = ("x", "y")
    min_rows = 0
    x = Column(dtype=pl.Int64(), doc="X.")
    y = Column(dtype=pl.String(), doc="Y.")
    z = Column(dtype=pl.Float64(), doc="Z.", nullable=True, nan="allow", unique=True)


def pairs_of(xs):
    return pl.LazyFrame(
        {"x": xs, "y": [str(x)[-1:] for x in xs]}, schema_overrides={"x": pl.Int64, "y": pl.String}
    ).with_columns(z=pl.col("x").cast(pl.Float64))


@settings(deadline=None, max_examples=40)
@given(xs=st.lists(st.integers(0, 60), max_size=120), memory=st.sampled_from([16, 64, 200, 400, 10**6]))
def test_repeats_are_those_of_a_count_whatever_the_memory(xs, memory):
    metrics = measure(pairs_of(xs), Pair, memory=memory)
    counts = Counter(xs)
    repeated = {x: n for x, n in counts.items() if n > 1}
    assert metrics.bad["key"] == metrics.bad["z.unique"] == sum(repeated.values())
    assert (metrics.keyed, metrics.surplus) == (len(xs), len(xs) - len(counts))
    shown = [{"x": x, "y": str(x)[-1:], "rows with this key": repeated[x]} for x in sorted(repeated)[:5]]
    assert list(metrics.examples.get("key", ())) == shown


def test_memory_does_not_change_what_is_found_in_many_batches(tmp_path):
    xs = [*range(30_000), *range(0, 30_000, 7), *[5] * 1_000]
    pairs_of(xs).collect().write_parquet(tmp_path / "pairs.parquet", row_group_size=1_500)
    frame = pl.scan_parquet(tmp_path / "pairs.parquet")
    little, much = (measure(frame, Pair, memory=memory) for memory in (50_000, 10**9))
    assert little == much
    assert little.bad["key"] == sum(n for n in Counter(xs).values() if n > 1)


def test_a_unique_column_leaves_out_null_and_nan_and_knows_one_zero():
    values = [None, None, float("nan"), float("nan"), 0.0, -0.0, 1.0]
    frame = pl.LazyFrame({"x": range(7), "y": ["a"] * 7, "z": values})
    metrics = measure(frame, Pair)
    assert (metrics.bad["key"], metrics.bad["z.unique"]) == (0, 2)
    assert metrics.examples["z.unique"] == ({"z": 0.0, "rows with this key": 2},)


@settings(deadline=None, max_examples=60)
@given(
    batches=st.lists(st.lists(st.sampled_from([0, 1, 2, 3, 2**63, LAST - 1, LAST]), max_size=9), max_size=6),
    room=st.integers(2, 12),
)
def test_hashes_of_the_range_that_is_kept_are_all_known(batches, room):
    hashes = Hashes(8 * room)
    for batch in batches:
        hashes.add(np.array(batch, dtype=np.uint64))
    counts = Counter(value for batch in batches for value in batch if value <= hashes.last)
    assert hashes.repeated().tolist() == sorted(value for value, n in counts.items() if n > 1)


def test_room_is_made_by_keeping_each_hash_once_before_a_part_is_given_up():
    hashes = Hashes(8 * 10)
    for _ in range(100):
        hashes.add(np.array([7, LAST], dtype=np.uint64))
    assert (hashes.last, hashes.repeated().tolist()) == (LAST, [7, LAST])


class Items(Table):
    item = Column(dtype=pl.Int64(), doc="Item.")
    shop = Column(dtype=pl.String(), doc="Shop.")


class Shown(Table):
    key = ("id",)
    references = (
        Reference(columns=("item",), to=Items),
        Reference(columns=("item", "seller"), to="Items", at=("item", "shop"), max_missing=0.5),
    )
    id = Column(dtype=pl.Int64(), doc="Id.")
    item = Column(dtype=pl.Int64(), doc="Item.", nullable=True)
    seller = Column(dtype=pl.String(), doc="Seller.", nullable=True)


@settings(deadline=None, max_examples=25)
@given(
    rows=st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.sampled_from("abc")), max_size=12),
    items=st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.sampled_from("abc")), max_size=12),
    memory=st.sampled_from([64, 200, 10**6]),
)
def test_rows_that_refer_to_what_is_not_there_are_counted(rows, items, memory):
    schema = Shown.polars_schema()
    frame = pl.LazyFrame([(i, *row) for i, row in enumerate(rows)], schema=schema, orient="row")
    other = pl.LazyFrame(items, schema=Items.polars_schema(), orient="row")
    metrics = measure(frame, Shown, others={"Items": other}, memory=memory)
    known = {item for item, _ in items}
    lost = [(i, item) for i, (item, _) in enumerate(rows) if item is not None and item not in known]
    both = [(i, *row) for i, row in enumerate(rows) if None not in row and row not in items]
    assert metrics.bad["item.reference"] == len(lost)
    assert metrics.bad["item+seller.reference"] == len(both)
    assert metrics.unreferring == {
        "item.reference": sum(item is None for item, _ in rows),
        "item+seller.reference": sum(None in row for row in rows),
    }
    assert [tuple(row.values()) for row in metrics.examples.get("item.reference", ())] == lost[:5]
    assert [tuple(row.values()) for row in metrics.examples.get("item+seller.reference", ())] == both[:5]


def test_parts_with_references_add_up():
    frame = pl.LazyFrame({"id": [1, 2, 3], "item": [1, 9, None], "seller": ["a", "a", "a"]})
    others = {"Items": pl.LazyFrame({"item": [1], "shop": ["b"]})}
    one, two = (measure(part, Shown, others=others) for part in (frame.head(1), frame.tail(2)))
    whole = measure(frame, Shown, others=others)
    assert one.merge(two) == two.merge(one) == whole
    assert (whole.bad["item.reference"], whole.bad["item+seller.reference"]) == (1, 2)


@pytest.mark.parametrize(
    ("others", "error", "message"),
    [
        ({}, UsageError, "refers to table Items, whose rows were not handed over: got others of none"),
        (
            {"Itms": pl.LazyFrame()},
            UsageError,
            r"got others of 'Itms'\. Call measure\(\.\.\., others={'Items': its rows}",
        ),
        (
            {"Items": pl.LazyFrame({"itm": [1]})},
            ColumnMissingError,
            r"table Shown, reference item\.reference, reads column 'item', which table Items lacks",
        ),
        (
            {"Items": pl.LazyFrame({"item": ["1"], "shop": ["a"]})},
            ColumnTypeError,
            "table Shown needs column 'item' of table Items to be Int64, as 'item' is, got String",
        ),
    ],
)
def test_rows_of_the_other_table_must_be_there_and_of_the_same_types(others, error, message):
    frame = pl.LazyFrame(schema=Shown.polars_schema())
    with pytest.raises(error, match=message):
        measure(frame, Shown, others=others)
