import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from featurelib.errors import DataRefusedError, ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import TreeBins, fit
from featurelib.transforms.fitted import Fitted
from tests.transforms.labelled import DAYS, FOLDS, LABEL, frame, others

test_contract = transform_contract({"out of fold": TreeBins("x", label="label", fitted=FOLDS, bins=4)}, columns=LABEL)

Counts = Sequence[tuple[int, int]]  # rows and positive rows of each value


def impurity(counts: Counts, criterion: str) -> float:
    """Return rows times impurity."""
    rows, ones = (sum(column) for column in zip(*counts, strict=True))
    shares = [share for share in (ones / rows, 1 - ones / rows) if share]
    if criterion == "gini":
        return rows * (1 - sum(share**2 for share in shares))
    return rows * -sum(share * math.log(share) for share in shares)


def tree(counts: Counts, bins: int, criterion: str, fewest: int) -> list[int]:
    """Return where bins begin, by trying all splits of all leaves each time."""
    bounds = [0, len(counts)]
    while len(bounds) <= bins:
        tried = []
        for start, end in pairwise(bounds):
            for split in range(start + 1, end):
                left, right = counts[start:split], counts[split:end]
                if min(sum(rows for rows, _ in side) for side in (left, right)) >= fewest:
                    gain = impurity(counts[start:end], criterion) - sum(impurity(s, criterion) for s in (left, right))
                    tried.append((round(-gain, 9), split))
        if not tried or min(tried)[0] >= 0:
            break
        bounds = sorted([*bounds, min(tried)[1]])
    return bounds[1:-1]


@pytest.mark.parametrize("criterion", ["gini", "entropy"])
@pytest.mark.parametrize("min_share", [0.0, 0.1])
def test_bins_are_those_of_a_tree_that_tries_all_splits(criterion: str, min_share: float):
    draw = np.random.default_rng(5)
    for _ in range(20):
        rows = draw.integers(1, 30, size=draw.integers(2, 12))
        ones = draw.integers(0, rows, endpoint=True)
        counts, bins = list(zip(rows.tolist(), ones.tolist(), strict=True)), int(draw.integers(2, 6))
        transform = TreeBins("x", label="y", fitted=FOLDS, bins=bins, criterion=criterion, min_share=min_share)
        fewest = max(1, math.ceil(round(min_share * int(rows.sum()), 9)))
        assert transform.cut(rows, ones) == tree(counts, bins, criterion, fewest)


@pytest.mark.parametrize("way", [FOLDS, DAYS], ids=["out of fold", "earlier days"])
def test_edges_are_learned_from_the_other_rows(way: Fitted):
    fitted = frame(120).with_columns(x=pl.when(pl.col("x").is_finite()).then("x"))
    transform = TreeBins("x", label="label", fitted=way, bins=3)
    made = fit(transform, fitted).transform(fitted)["x__bin"].to_list()
    rows = fitted.to_dicts()
    for row, found in zip(rows, made, strict=True):
        learned = [other for other in others(row, rows, way) if other["x"] is not None]
        values = sorted({other["x"] for other in learned})
        labels = [[other["label"] for other in learned if other["x"] == value] for value in values]
        starts = transform.cut(np.array([*map(len, labels)]), np.array([*map(sum, labels)])) if len(values) > 1 else []
        wanted = 0 if row["x"] is None else 1 + sum(values[start] <= row["x"] for start in starts)
        assert found == wanted


def test_equal_splits_go_to_the_lower_value():
    rows = np.array([2, 2, 2])
    assert TreeBins("x", label="y", fitted=FOLDS, bins=2).cut(rows, np.array([0, 1, 2])) == [1]
    assert TreeBins("x", label="y", fitted=FOLDS, bins=2).cut(rows, np.array([1, 0, 1])) == [1]


@pytest.mark.parametrize(
    "change",
    [
        {"label": pl.lit(1, pl.Int8)},
        {"label": pl.lit(None, pl.Int8)},
        {"x": pl.lit(7.0)},
        {"x": pl.lit(math.inf)},
        {"x": pl.lit(None, pl.Float64)},
        {"at": pl.lit(None, pl.Datetime("us", "UTC"))},
    ],
    ids=["one class", "no label", "one value", "infinity alone", "no value", "no time"],
)
def test_nothing_to_tell_apart_makes_one_bin(change: dict[str, pl.Expr]):
    program = fit(TreeBins("x", label="label", fitted=FOLDS, bins=4), frame().with_columns(**change))
    assert program.transform_row({"x": -1.0, "request": "r", "at": None}) == {"x__bin": 1}
    assert program.transform_row({"x": math.inf, "request": "r", "at": None}) == {"x__bin": 1}


def test_infinity_never_is_an_edge():
    rows = frame(120).with_columns(x=pl.col("label").replace_strict({0: -math.inf, 1: math.inf}, default=0.0))
    program = fit(TreeBins("x", label="label", fitted=FOLDS, bins=4), rows)
    assert all(math.isfinite(edge) for edge in program.to_json()["chains"][-1]["steps"][0]["edges"])
    bins = [program.transform_row({"x": x, "request": "r", "at": None})["x__bin"] for x in (-math.inf, -5.0, math.inf)]
    assert bins == [1, 1, 1]


def test_label_that_is_neither_0_nor_1_is_refused():
    with pytest.raises(DataRefusedError, match=r"label 'y' must hold 0, 1 or null"):
        fit(TreeBins("x", label="y", fitted=FOLDS, bins=4), frame().with_columns(y=pl.lit(0.5)))


@pytest.mark.parametrize("wrong", [{"bins": 1}, {"min_share": 0.6}, {"criterion": "chi2"}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, object]):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        TreeBins("x", label="label", fitted=FOLDS, **({"bins": 4} | wrong))
