"""What holds for every state: summaries of parts merge to the summary of the whole, in any split and order."""

import math
import pickle
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.fitting import CountTable, LabelTable, Moments, RankSummary, State

ANY = st.none() | st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308, math.inf, -math.inf]) | st.floats(allow_nan=False)
TEXTS = st.none() | st.sampled_from(["", "a", "b", "é", "a\x1f"]) | st.text(st.characters(exclude_categories=["Cs"]))
LABELS = st.sampled_from([None, 0.0, 1.0, 3.0])
STATES: dict[str, tuple[State, list[tuple[st.SearchStrategy[Any], pl.DataType]]]] = {
    "moments": (Moments(), [(ANY, pl.Float64())]),
    "count table": (CountTable(), [(TEXTS, pl.String())]),
    "rank summary": (RankSummary(), [(ANY, pl.Float64())]),
    "label table": (LabelTable(), [(ANY, pl.Float64()), (LABELS, pl.Float64())]),
    "label table of measures": (LabelTable(exact=False), [(ANY, pl.Float64()), (LABELS, pl.Float64())]),
}


def merged(states: Sequence[State]) -> State:
    return reduce(lambda first, second: first.merge(second), states)


@pytest.mark.parametrize("name", STATES)
@given(data=st.data())
def test_merge_of_parts_equals_the_whole_in_any_split_and_order(name: str, data: st.DataObject):
    empty, columns = STATES[name]
    rows = st.lists(st.tuples(*(values for values, _ in columns)), max_size=10)
    parts = data.draw(st.lists(rows, min_size=1, max_size=4))
    shuffled = data.draw(st.permutations([row for part in parts for row in part]))

    def of(listed: Sequence[tuple[Any, ...]]) -> State:
        return empty.of(
            *(pl.Series("", [row[place] for row in listed], dtype=dtype) for place, (_, dtype) in enumerate(columns))
        )

    states = [of(part) for part in parts]
    whole = of(shuffled)
    assert merged(data.draw(st.permutations(states))) == whole
    assert merged([empty, *states]) == whole
    assert merged([states[0], merged([*states[1:], empty])]) == whole
    assert pickle.loads(pickle.dumps(whole)) == whole  # noqa: S301  # engines send states so


@given(st.lists(st.lists(st.integers(0, 4000), max_size=200), min_size=1, max_size=4))
@settings(max_examples=20)
def test_rank_summary_with_few_distinct_values_is_exact(parts: list[list[int]]):
    summary = RankSummary()
    for part in parts:
        summary = summary.merge(RankSummary().of(pl.Series(part, dtype=pl.Float64)))
    values, counts = np.unique(
        np.array([value for part in parts for value in part], dtype=np.float64), return_counts=True
    )
    assert summary.points["value"].to_list() == values.tolist()
    assert summary.points["weight"].to_list() == counts.tolist()


def awkward_parts() -> list[np.ndarray[Any, Any]]:
    generator = np.random.default_rng(3)
    return [
        generator.normal(size=30_011),
        np.round(generator.lognormal(2, 2, size=20_000), 1),  # ties
        np.concatenate([np.zeros(9_000), generator.normal(size=9_001)]),  # half the rows are one value
        np.arange(4_097.0),  # one distinct value more than is kept
        generator.normal(size=5),
    ]


def test_rank_summary_of_many_values_keeps_its_stated_rank_error():
    parts = awkward_parts()
    summary = merged([RankSummary().of(pl.Series(part)) for part in parts])
    assert isinstance(summary, RankSummary)
    values = np.sort(np.concatenate(parts))
    assert summary.rows == len(values)
    allowed = len(values) / 4096
    held = summary.points["value"].to_numpy()
    reached = summary.points["weight"].cum_sum().to_numpy()
    everywhere = np.unique(values)
    position = np.searchsorted(held, everywhere, side="right")
    rank = np.concatenate([[0], reached])[position]
    assert np.max(np.abs(rank - np.searchsorted(values, everywhere, side="right"))) <= allowed
    for share in np.linspace(0, 1, 173):
        (found,) = summary.quantiles([float(share)])
        low, high = np.searchsorted(values, found, side="left"), np.searchsorted(values, found, side="right")
        assert low - allowed <= share * len(values) <= high + allowed


def test_rank_summary_of_many_values_is_small_and_the_same_in_any_order():
    (values, *_) = awkward_parts()
    summary = RankSummary().of(pl.Series(values))
    assert len(summary.points) <= 4096
    assert summary == RankSummary().of(pl.Series(values[::-1].copy()))
    states = [RankSummary().of(pl.Series(part)) for part in awkward_parts()]
    assert merged(states) == merged(states[::-1])


def test_label_table_of_measures_keeps_rows_labels_and_information():
    generator = np.random.default_rng(5)
    value = generator.normal(size=50_000)
    label = (generator.random(50_000) < 1 / (1 + np.exp(-value))).astype(np.float64)
    columns = pl.Series(value), pl.Series(label)
    exact, cut = LabelTable().of(*columns), LabelTable(exact=False).of(*columns)
    assert cut.distinct <= 4096
    assert cut.table["rows"].sum() == 50_000
    assert cut.table["positive"].sum() == int(label.sum())
    fine = LabelTable(exact=False, table=exact.table).mutual_information()
    assert cut.mutual_information() == pytest.approx(fine, rel=0.01)
