import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import ChiMerge, fit
from tests.transforms.labelled import DAYS, FOLDS, LABEL, frame

test_contract = transform_contract(
    {"earlier days": ChiMerge("x", label="label", fitted=DAYS, bins=3, significance=0.2)}, columns=LABEL
)

CRITICAL = {0.5: 0.4549, 0.95: 3.8415}  # of chi² with one degree of freedom, from a printed table


def chi2(one: Sequence[int], other: Sequence[int]) -> float:
    """Return chi² of two intervals, each given as rows of label 1 and rows of label 0."""
    both = [sum(counts) for counts in zip(one, other, strict=True)]
    found = 0.0
    for interval in (one, other):
        for count, of_label in zip(interval, both, strict=True):
            expected = sum(interval) * of_label / sum(both)
            found += (count - expected) ** 2 / max(expected, 0.5)
    return found


def merge(counts: list[tuple[int, int]], bins: int, critical: float) -> list[int]:
    """Return where bins begin, computing all chi² again after each merge."""
    starts, intervals = list(range(len(counts))), [[ones, rows - ones] for rows, ones in counts]
    while len(intervals) > 1:
        differ = [round(chi2(one, other), 9) for one, other in pairwise(intervals)]
        if min(differ) > critical and len(intervals) <= bins:
            break
        place = differ.index(min(differ))
        intervals[place] = [sum(labels) for labels in zip(intervals[place], intervals.pop(place + 1), strict=True)]
        del starts[place + 1]
    return starts[1:]


@pytest.mark.parametrize("significance", CRITICAL)
def test_bins_are_those_of_merging_one_pair_after_another(significance: float):
    draw = np.random.default_rng(3)
    for _ in range(20):
        rows = draw.integers(1, 40, size=draw.integers(2, 14))
        ones = draw.integers(0, rows, endpoint=True)
        bins = int(draw.integers(2, 8))
        counts = list(zip(rows.tolist(), ones.tolist(), strict=True))
        transform = ChiMerge("x", label="y", fitted=FOLDS, bins=bins, significance=significance)
        assert transform.cut(rows, ones) == merge(counts, bins, CRITICAL[significance])


def test_of_equal_pairs_the_lower_values_are_merged_first():
    rows, ones = np.array([10, 10, 10, 10]), np.array([0, 5, 5, 10])
    assert ChiMerge("x", label="y", fitted=FOLDS, bins=4).cut(rows, ones) == [1, 3]
    rows, ones = np.array([4, 4, 4]), np.array([1, 2, 1])
    assert ChiMerge("x", label="y", fitted=FOLDS, bins=2, significance=0.1).cut(rows, ones) == [2]


def test_more_distinct_values_than_intervals_are_cut_into_equal_rows_first():
    draw = np.random.default_rng(4)
    size = 3_000
    rows, ones = np.ones(size, dtype=np.int64), (draw.random(size) < np.linspace(0.02, 0.9, size)).astype(np.int64)
    starts = ChiMerge("x", label="y", fitted=FOLDS, bins=5, significance=0.999).cut(rows, ones)
    assert 1 <= len(starts) <= 4
    rates = [ones[start:end].mean() for start, end in pairwise([0, *starts, size])]
    assert rates == sorted(rates)


@pytest.mark.parametrize(
    "change",
    [
        {"label": pl.lit(0, pl.Int8)},
        {"label": pl.lit(None, pl.Int8)},
        {"x": pl.lit(7.0)},
        {"x": pl.lit(None, pl.Float64)},
    ],
    ids=["one class", "no label", "one value", "no value"],
)
def test_nothing_to_tell_apart_makes_one_bin(change: dict[str, pl.Expr]):
    program = fit(ChiMerge("x", label="label", fitted=FOLDS, bins=4), frame().with_columns(**change))
    asked = pl.DataFrame({"x": [-math.inf, 0.0, None, math.nan, math.inf], "request": "r", "at": None})
    assert program.transform(asked)["x__bin"].to_list() == [1, 1, 0, 0, 1]


@pytest.mark.parametrize("wrong", [{"bins": 1}, {"significance": 1.0}, {"significance": 0.0}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, float]):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        ChiMerge("x", label="label", fitted=FOLDS, **({"bins": 4} | wrong))
