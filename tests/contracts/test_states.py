"""What holds for every state: summaries of parts merge to the summary of the whole, in any split and order."""

import io
import json
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

from featurelib.fitting import (
    CountTable,
    DocumentCounts,
    GroupCounts,
    GroupRanks,
    GroupSums,
    LabelsByPart,
    LabelTable,
    Moments,
    PairCounts,
    RankSummary,
    RowSample,
    Span,
    State,
)

ANY = st.none() | st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308, math.inf, -math.inf]) | st.floats(allow_nan=False)
TEXTS = st.none() | st.sampled_from(["", "a", "b", "é", "a\x1f"]) | st.text(st.characters(exclude_categories=["Cs"]))
LABELS = st.sampled_from([None, 0.0, 1.0, 3.0])
CLICKS = st.sampled_from([None, 0.0, 1.0])
INSTANTS = st.none() | st.sampled_from([0, -1, 86_400_000_000, 1_792_893_600_000_000]) | st.integers(-(2**60), 2**60)
STATES: dict[str, tuple[State, list[tuple[st.SearchStrategy[Any], pl.DataType]]]] = {
    "moments": (Moments(), [(ANY, pl.Float64())]),
    "count table": (CountTable(), [(TEXTS, pl.String())]),
    "count table of two columns": (CountTable(), [(TEXTS, pl.String()), (TEXTS, pl.String())]),
    "documents of texts": (DocumentCounts("chars1"), [(TEXTS, pl.String())]),
    "documents of lists": (DocumentCounts(), [(st.none() | st.lists(TEXTS, max_size=4), pl.List(pl.String()))]),
    "span": (Span(), [(ANY, pl.Float64())]),
    "group sums": (GroupSums(), [(ANY, pl.Float64()), (TEXTS, pl.String())]),
    "group ranks": (GroupRanks(), [(ANY, pl.Float64()), (TEXTS, pl.String())]),
    "group counts": (GroupCounts(), [(TEXTS, pl.String()), (TEXTS, pl.String())]),
    "labels by day": (
        LabelsByPart(zone="Europe/Berlin"),
        [(TEXTS, pl.String()), (CLICKS, pl.Float64()), (INSTANTS, pl.Int64())],
    ),
    "labels by fold": (
        LabelsByPart(folds=2, numbers=True, binary=False),
        [(ANY, pl.Float64()), (LABELS, pl.Float64()), (TEXTS, pl.String()), (INSTANTS, pl.Int64())],
    ),
    "row sample": (
        RowSample(width=2, days=2, rows=3, zone="Europe/Berlin"),
        [
            (ANY, pl.Float64()),
            (ANY, pl.Float64()),
            (CLICKS, pl.Float64()),
            (TEXTS, pl.String()),
            (INSTANTS, pl.Int64()),
        ],
    ),
    "pair counts": (
        PairCounts(width=3, folds=2),
        [*[(TEXTS, pl.String())] * 3, (CLICKS, pl.Float64()), (TEXTS, pl.String())],
    ),
    "rank summary": (RankSummary(), [(ANY, pl.Float64())]),
    "label table": (LabelTable(), [(ANY, pl.Float64()), (LABELS, pl.Float64())]),
    "label table of texts": (LabelTable(texts=True), [(TEXTS, pl.String()), (LABELS, pl.Float64())]),
    "label table of measures": (LabelTable(exact=False), [(ANY, pl.Float64()), (LABELS, pl.Float64())]),
}


def merged(states: Sequence[State]) -> State:
    return reduce(lambda first, second: first.merge(second), states)


def stored_and_loaded(state: State) -> State:
    plain, frames = state.to_stored()
    files = {name: io.BytesIO() for name in frames}
    for name, frame in frames.items():
        frame.write_ipc(files[name], compression="zstd")
    return type(state).from_stored(
        json.loads(json.dumps(plain)), {name: pl.read_ipc(io.BytesIO(file.getvalue())) for name, file in files.items()}
    )


@pytest.mark.parametrize("name", STATES)
@settings(max_examples=40)
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
    assert merged([empty, *states]) == empty.merge_all(states) == whole
    assert merged([states[0], merged([*states[1:], empty])]) == whole
    assert pickle.loads(pickle.dumps(whole)) == whole  # noqa: S301  # engines send states so
    assert stored_and_loaded(whole) == whole


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
    allowed = sum(1e-4 * len(part) + 0.5 for part in parts)
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
    assert len(summary.points) <= 5024
    assert len(pickle.dumps(summary)) <= 32_000
    assert summary == RankSummary().of(pl.Series(values[::-1].copy()))
    states = [RankSummary().of(pl.Series(part)) for part in awkward_parts()]
    assert merged(states) == merged(states[::-1])


def test_rank_summary_of_values_of_all_magnitudes_is_within_its_size():
    generator = np.random.default_rng(7)
    values = pl.Series(generator.choice([-1.0, 1.0], size=100_000) * 10 ** generator.uniform(-10, 10, size=100_000))
    summary = RankSummary().of(values)
    assert len(pickle.dumps(summary)) <= 32_000
    assert summary.quantiles([0, 1]) == [values.min(), values.max()]


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
