import math
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from featurelib.errors import ParameterError
from featurelib.fitting import RowSample
from featurelib.program.hashing import hash_text
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import FirstDays, GbdtLeaves, OutOfFold, fit
from featurelib.transforms.boosted_trees import Boosting
from tests.transforms.labelled import FIRST, LABEL, START, frame

SMALL = GbdtLeaves(["x", "z"], label="label", key="request", fitted=FIRST, trees=3, leaves=3, min_rows=2, sample=20)

test_contract = transform_contract({"gbdt leaves": SMALL}, columns=LABEL)

Number = float | None


def numbers(rows: int, *, seed: int = 1) -> tuple[list[tuple[Number, ...]], list[int]]:
    """Return rows of two small numbers, of which some are missing, and labels that depend on both."""
    draw = np.random.default_rng(seed)
    drawn = [draw.choice([0, 1, 2, 3, None, None, math.inf, -math.inf], p=[0.2] * 4 + [0.05] * 4, size=rows)] * 2
    drawn[1] = drawn[1][draw.permutation(rows)]
    listed = [tuple(None if value is None else float(value) for value in row) for row in zip(*drawn, strict=True)]
    chance = [0.2 + 0.3 * (a is None) + 0.4 * (a is not None and a > 1 and b is not None and b < 2) for a, b in listed]
    return listed, (draw.random(rows) < chance).astype(int).tolist()


def grown(rows: Sequence[tuple[Number, ...]], labels: Sequence[int], boosting: Boosting) -> list[tuple[int, ...]]:
    """Return the leaves of each row, by trying all splits of all leaves, with fractions that are not rounded."""
    rate = sum(labels) / len(labels)
    score = [math.log(rate / (1 - rate))] * len(rows)
    found: list[list[int]] = [[] for _ in rows]
    for tree in range(boosting.trees):
        chance = [1 / (1 + math.exp(-value)) for value in score]
        slope = [label - each for label, each in zip(labels, chance, strict=True)]
        curve = [each * (1 - each) for each in chance]

        def explained(part: Sequence[int], slope: list[float] = slope, curve: list[float] = curve) -> float:
            return sum(slope[row] for row in part) ** 2 / (sum(curve[row] for row in part) + 1)

        parts = [list(range(len(rows)))]
        while len(parts) < boosting.leaves:
            tried = []
            for place, part in enumerate(parts):
                for feature in range(2):
                    edges = sorted({rows[row][feature] for row in part} - {None, math.inf})
                    for above in (False, True):
                        for edge in edges:
                            below = [r for r in part if _is_below(rows[r][feature], edge, above=above)]
                            rest = [r for r in part if r not in below]
                            if min(len(below), len(rest)) >= boosting.min_rows:
                                gain = explained(below) + explained(rest) - explained(part)
                                tried.append((-gain, place, below, rest))
            if not tried or min(tried)[0] > -1e-9:
                break
            _, place, below, rest = min(tried, key=lambda each: each[0])
            parts[place : place + 1] = [below, rest]
        for leaf, part in enumerate(parts):
            for row in part:
                found[row].append(1 + tree * boosting.leaves + leaf)
                score[row] += boosting.learning_rate * sum(slope[r] for r in part) / (1 + sum(curve[r] for r in part))
    return [tuple(leaves) for leaves in found]


def _is_below(value: Number, edge: float, *, above: bool) -> bool:
    return (not above) if value is None else value < edge


@pytest.mark.parametrize("seed", range(4))
def test_trees_are_those_of_a_search_over_all_splits(seed: int):
    rows, labels = numbers(60, seed=seed)
    boosting = Boosting(trees=3, leaves=4, learning_rate=0.3, min_rows=3)
    step = boosting.grow(np.array(rows, dtype=float), np.array(labels))
    leaves_of = step.row()
    assert len(step.roots) == 3
    assert [tuple(leaves_of(*row, 1)) for row in rows] == grown(rows, labels, boosting)


def test_leaves_tell_a_label_as_well_as_those_of_scikit_learn():
    draw = np.random.default_rng(7)
    values = draw.normal(size=(4000, 4))
    values[draw.random(values.shape) < 0.1] = math.nan
    known = np.nan_to_num(values)
    logit = known[:, 0] + 2 * (known[:, 1] > 0) * (known[:, 2] > 0) - np.isnan(values[:, 3]) - 1
    labels = (draw.random(4000) < 1 / (1 + np.exp(-logit))).astype(int)
    step = Boosting(trees=10, leaves=6, learning_rate=0.2, min_rows=20).grow(values[:2000], labels[:2000])
    leaves_of = step.row()
    leaves = np.array([leaves_of(*(None if math.isnan(cell) else cell for cell in row), 1) for row in values.tolist()])

    peer = HistGradientBoostingClassifier(
        max_iter=10, max_leaf_nodes=6, learning_rate=0.2, min_samples_leaf=20, l2_regularization=1, early_stopping=False
    ).fit(values[:2000], labels[:2000])
    theirs = peer.decision_function(values)
    # the score of each row, from the labels of the sampled rows in its leaves, tree by tree
    rate = labels[:2000].mean()
    score = np.full(4000, math.log(rate / (1 - rate)))
    for of_tree in leaves.T:
        chance = 1 / (1 + np.exp(-score[:2000]))
        slope = np.bincount(of_tree[:2000], labels[:2000] - chance, minlength=61)
        curve = np.bincount(of_tree[:2000], chance * (1 - chance), minlength=61)
        score += 0.2 * (slope / (curve + 1))[of_tree]

    def loss(scores: np.ndarray) -> float:
        return float(np.mean(np.log1p(np.exp(-np.where(labels == 1, scores, -scores)))[2000:]))

    assert loss(score) < 1.002 * loss(theirs) < loss(np.full(4000, math.log(rate / (1 - rate)))) - 0.05


def test_rows_of_the_first_days_have_no_leaves_and_their_labels_alone_are_learned():
    rows = frame(200).rename({"category": "z"}).with_columns(z=pl.int_range(200) % 7)
    program = fit(SMALL, rows)
    after = pl.col("at") >= START + timedelta(days=3)
    made = program.transform(rows, keep=["at"]).filter(pl.col("at").is_not_null())
    assert made.filter(~after)["x_x_z__leaves"].unique().to_list() == [[0, 0, 0]]
    assert all(min(leaves) > 0 for leaves in made.filter(after)["x_x_z__leaves"])
    assert program.transform_row({"x": None, "z": None, "at": None})["x_x_z__leaves"][0] > 0
    flipped = rows.with_columns(
        label=pl.when(after | pl.col("at").is_null()).then(1 - pl.col("label")).otherwise("label")
    )
    assert fit(SMALL, flipped).fingerprint == program.fingerprint
    fewer = rows.with_columns(label=pl.col("label") * (pl.int_range(200) % 2))
    assert fit(SMALL, fewer).fingerprint != program.fingerprint


def test_numbers_of_leaves_are_slots_of_one_vector():
    rows, labels = numbers(300)
    step = Boosting(trees=4, leaves=3, learning_rate=0.1, min_rows=1).grow(
        np.array(rows, dtype=float), np.array(labels)
    )
    leaves_of = step.row()
    by_tree = [set(leaves) for leaves in zip(*(leaves_of(*row, 1) for row in rows), strict=True)]
    assert by_tree == [{1, 2, 3}, {4, 5, 6}, {7, 8, 9}, {10, 11, 12}]


@pytest.mark.parametrize(
    "change",
    [{"label": pl.lit(1, pl.Int8)}, {"label": pl.lit(None, pl.Int8)}, {"x": pl.lit(1.0), "z": pl.lit(None)}],
    ids=["one class", "no label", "nothing to tell apart"],
)
def test_nothing_to_tell_apart_grows_no_tree(change: dict[str, pl.Expr]):
    program = fit(SMALL, frame().with_columns(z=pl.lit(0.0)).with_columns(**change))
    assert program.transform_row({"x": 1.0, "z": 2.0, "at": None}) == {"x_x_z__leaves": [0, 0, 0]}


def test_sample_is_the_rows_of_each_first_day_with_the_smallest_hashes():
    keys = [f"i{number}" for number in range(50)]
    at = [START + timedelta(hours=2 * number) for number in range(50)]
    columns = [range(50), [0, 1] * 25, keys, [(time - START) // timedelta(microseconds=1) for time in at]]
    types = [pl.Float64(), pl.Float64(), pl.String(), pl.Int64()]
    state = RowSample(days=2, rows=5).of(*(pl.Series(c, dtype=t) for c, t in zip(columns, types, strict=True)))
    wanted = [
        number
        for day in (range(12), range(12, 24))
        for number in sorted(day, key=lambda number: hash_text(keys[number]))[:5]
    ]
    assert state.table["0"].to_list() == wanted


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"columns": []}, "columns must be one or more"),
        ({"columns": ["x", "x"]}, "columns must be one or more different"),
        ({"columns": ["label"]}, "label must be a column that is not read"),
        ({"columns": ["request"]}, "key must be a column that is not read"),
        (
            {"fitted": OutOfFold(key="request", time="at")},
            r"fitted must be FirstDays\(...\): leaves of several forests",
        ),
        ({"key": "clicked", "label": "clicked"}, "key must be another column than the label"),
        ({"trees": 0}, "trees must be from 1"),
        ({"trees": 2**20}, "trees must be from 1 to 87381"),
        ({"leaves": 1}, "leaves must be from 2"),
        ({"min_rows": 0}, "min_rows must be at least 1"),
        ({"sample": 0.5}, "sample must be a whole number"),
        ({"learning_rate": 0}, "learning_rate must be above 0"),
        ({"learning_rate": "fast"}, "learning_rate must be"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, object], complaint: str):
    with pytest.raises(ParameterError, match=complaint):
        GbdtLeaves(
            **({"columns": ["x"], "label": "label", "key": "request", "fitted": FirstDays(time="at", days=1)} | wrong)
        )
