import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from featurelib.errors import DataRefusedError
from featurelib.fitting import LabelsByPart
from featurelib.program.hashing import hash_text

DAY = 86_400 * 10**6
FIRST = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp()) * 10**6
NUMBER = FIRST // DAY


def of(state: LabelsByPart, rows: list[tuple[object, ...]]) -> LabelsByPart:
    types = [pl.Float64() if state.numbers else pl.String(), pl.Float64(), pl.String(), pl.Int64()]
    kept = types if state.folds else [*types[:2], types[3]]
    columns = zip(*rows, strict=True) if rows else [[]] * len(kept)
    return state.of(*(pl.Series(values, dtype=dtype) for values, dtype in zip(columns, kept, strict=True)))


def test_rows_and_labels_are_counted_by_value_and_day():
    rows = [("b", 1.0, FIRST), ("b", 0.0, FIRST), ("", 1.0, FIRST + DAY), (None, 1.0, FIRST - 1), ("b", 1.0, FIRST - 1)]
    state = of(LabelsByPart(), rows)
    assert state.table.rows() == [
        (None, NUMBER - 1, 1, 1),
        ("", NUMBER + 1, 1, 1),
        ("b", NUMBER - 1, 1, 1),
        ("b", NUMBER, 2, 1),
    ]
    values, counted, total = state.counts()
    assert values.to_list() == [None, "", "b"]
    assert counted.tolist() == [[1, 0, 0], [0, 0, 1], [1, 2, 0]]
    assert total.tolist() == [[1, 0, 0], [0, 0, 1], [1, 1, 0]]


def test_folds_are_hashes_of_the_key_with_0_for_none():
    rows = [("a", 1.0, key, FIRST) for key in ("one", "two", None, None)]
    state = of(LabelsByPart(folds=7), rows)
    expected = np.zeros(7, dtype=int)
    for fold in (hash_text("one") % 7, hash_text("two") % 7, 0, 0):
        expected[fold] += 1
    assert state.counts()[1].tolist() == [expected.tolist()]
    assert state.days == (NUMBER,)


def test_rows_without_label_or_time_are_left_out():
    state = of(LabelsByPart(), [("a", None, FIRST), ("a", 1.0, None), ("a", 0.0, FIRST)])
    assert state.table.rows() == [("a", NUMBER, 1, 0)]


@pytest.mark.parametrize("state", [LabelsByPart(numbers=True), LabelsByPart(folds=3, numbers=True), LabelsByPart()])
def test_nothing_counted_has_no_values(state: LabelsByPart):
    values, rows, total = of(state, []).counts()
    assert values.is_empty()
    assert rows.shape == total.shape == (0, state.folds or 0)
    assert of(state, []) == state


def test_many_texts_without_label_or_time_are_no_rows():
    texts = pl.Series([f"q{number}" for number in range(5000)])
    none, zeros = pl.Series([None] * 5000, dtype=pl.Int64), pl.Series([0] * 5000)
    for label, time in ((none, zeros), (zeros, none)):
        assert LabelsByPart("y").of(texts, label, time) == LabelsByPart("y")


def test_zeros_of_both_signs_are_one_value():
    state = of(LabelsByPart(numbers=True), [(-0.0, 1.0, FIRST), (0.0, 0.0, FIRST)])
    assert state.table.rows() == [(0.0, NUMBER, 2, 1)]
    assert not np.signbit(state.table["value"][0])


def test_many_numbers_are_cut_into_cells_that_stand_at_their_smallest_value():
    draw = np.random.default_rng(1)
    size = 50_000
    value, label, fold = draw.normal(size=size), draw.integers(0, 2, size), draw.integers(0, 3, size).astype(str)
    columns = pl.Series(value), pl.Series(label.astype(float)), pl.Series(fold), pl.repeat(FIRST, size, eager=True)
    state = LabelsByPart(folds=5, numbers=True).of(*columns)
    held, rows, total = state.counts()
    assert len(held) <= 4096
    assert {*held} <= {*value.tolist()}
    assert (rows.sum(), total.sum()) == (size, label.sum())
    assert held[0] == value.min()
    assert rows.sum(axis=1).max() <= size / 4096 + 2
    for edge in held[::500]:
        assert rows[(held >= edge).to_numpy()].sum() == (value >= edge).sum()  # an edge cuts the rows as it cuts cells
    shuffled = draw.permutation(size)
    assert LabelsByPart(folds=5, numbers=True).of(*(column[shuffled] for column in columns)) == state


def test_many_numbers_of_many_days_are_read_in_cells_whose_edges_cut_the_rows():
    draw = np.random.default_rng(2)
    days = [draw.normal(size=4_000) for _ in range(20)]
    states = [
        LabelsByPart(numbers=True).of(
            pl.Series(value), pl.Series(np.ones(4_000)), pl.repeat(FIRST + day * DAY, 4_000, eager=True)
        )
        for day, value in enumerate(days)
    ]
    held, rows, total = states[0].merge_all(states[1:]).counts()
    assert len(held) <= 65_536
    assert rows.shape == total.shape == (len(held), 20)
    assert rows.sum(axis=0).tolist() == [4_000] * 20
    for edge in held[::10_000]:
        assert rows[(held >= edge).to_numpy()].sum() == sum((value >= edge).sum() for value in days)


def test_days_are_those_of_the_zone():
    midnight = datetime(2026, 10, 25, tzinfo=UTC) - timedelta(hours=2)  # in Berlin, where it has 25 hours
    instants = [midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=25, microseconds=-1)]
    times = pl.Series(instants, dtype=pl.Datetime("us", "UTC")).cast(pl.Int64)
    rows = [("a", 1.0, time) for time in [*times, times[1] + 25 * 3600 * 10**6]]
    state = of(LabelsByPart(zone="Europe/Berlin"), rows)
    assert state.counts()[1].tolist() == [[1, 2, 1]]


@pytest.mark.parametrize("label", [2.0, 0.5, -1.0, float("inf")])
def test_label_beyond_0_and_1_is_refused(label: float):
    with pytest.raises(DataRefusedError, match=r"label 'clicked' must hold 0, 1 or null, 1 row holds another"):
        of(LabelsByPart(label="clicked"), [("a", label, FIRST), ("a", 1.0, FIRST)])


def test_sums_of_the_largest_labels_are_exact():
    state = of(LabelsByPart(binary=False), [("a", 2.0**32, FIRST), ("a", -3.0, FIRST), ("a", 2.0**32, FIRST)])
    assert state.table["total"].to_list() == [2**33 - 3]
    with pytest.raises(DataRefusedError, match=r"whole numbers from -2\^32 to 2\^32"):
        of(LabelsByPart(binary=False), [("a", 2.0**32 + 1, FIRST)])


def test_labels_of_zero_and_minus_one_are_summed():
    state = of(LabelsByPart(binary=False), [("a", -1.0, FIRST), ("a", 0.0, FIRST), ("b", -1.0, FIRST)])
    assert state.table.rows() == [("a", NUMBER, 2, -1), ("b", NUMBER, 1, -1)]


def test_state_comes_back_from_storage():
    state = of(LabelsByPart(folds=3), [("a", 1.0, "k", FIRST), (None, 0.0, None, FIRST + DAY)])
    plain, frames = state.to_stored()
    assert LabelsByPart.from_stored(json.loads(json.dumps(plain)), frames) == state


def test_several_states_of_the_same_rows_are_what_each_is_alone():
    draw = np.random.default_rng(2)

    def some(values: list[object], dtype: pl.DataType) -> pl.Series:
        return pl.Series([values[place] for place in draw.integers(len(values), size=200)], dtype=dtype)

    label, other = some([0, 1, 1, None], pl.Float64()), some([0, 1, 5], pl.Float64())
    key = some(["a", "b", "c", None], pl.String())
    time = some([0, 86_400_000_000, None], pl.Int64())
    texts, numbers = some(["x", "y", None], pl.String()), some([1.0, 2.0, None], pl.Float64())
    asked = [
        (LabelsByPart(folds=2), (texts, label, key, time)),
        (LabelsByPart(folds=2, numbers=True), (numbers, label, key, time)),
        (LabelsByPart(folds=3), (texts, label, key, time)),
        (LabelsByPart(), (texts, label, time)),
        (LabelsByPart(zone="Asia/Tokyo"), (texts, label, time)),
        (LabelsByPart(binary=False), (texts, other, time)),
    ]
    assert LabelsByPart.of_each(asked) == [state.of(*columns) for state, columns in asked]
