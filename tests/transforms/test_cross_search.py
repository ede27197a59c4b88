import json
import math
from itertools import product

import numpy as np
import polars as pl
import pytest

from featurelib.errors import DataRefusedError, ParameterError
from featurelib.fitting import PairCounts
from featurelib.program.hashing import hash_text
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import CrossSearch, Feature, HashedCross, fit
from tests.transforms.labelled import LABEL

SMALL = CrossSearch(
    ["x", "y", "z"], name="best", label="label", key="request", top=2, buckets=50, folds=2, min_count=1, smoothing=1.0
)

test_contract = transform_contract(
    {
        "search": SMALL,
        "named": Feature("one", CrossSearch(["x", "y"], name="a", label="label", key="k", top=1, buckets=9)),
    },
    columns=LABEL,
)


def crossed(rows: int = 4000, *, pairs: str = "ab", seed: int = 3) -> pl.DataFrame:
    """Return rows with columns that each tell something of a label, and pairs that tell more together."""
    draw = np.random.default_rng(seed)
    columns = {name: draw.integers(0, values, rows) for name, values in zip("abcd", (4, 5, 6, 30), strict=True)}
    logit = sum(0.6 * draw.normal(size=30)[values] for values in columns.values()) - 0.5
    for first, second in (pairs[place : place + 2] for place in range(0, len(pairs), 2)):
        logit = logit + 1.5 * draw.choice([-1, 1], size=(30, 30))[columns[first], columns[second]]
    frame = pl.DataFrame({name: values.astype(str) for name, values in columns.items()})
    label = (draw.random(rows) < 1 / (1 + np.exp(-logit))).astype(int)
    return frame.with_columns(label=pl.Series(label), request=pl.Series(np.arange(rows) // 3))


def search(**changes: object) -> CrossSearch:
    given = {"name": "best", "label": "label", "key": "request", "top": 2, "buckets": 2**20}
    return CrossSearch(["a", "b", "c", "d"], **(given | changes))


def test_pairs_that_tell_more_together_are_found_and_crossed():
    rows = crossed(pairs="abcd")
    program = fit(search(top=3), rows)
    (record,) = program.made["records"]
    taken = {pair["feature"]: pair["columns"] for pair in record["pairs"] if pair["feature"]}
    assert sorted(taken.values()) == [["a", "b"], ["c", "d"]]
    assert len(record["pairs"]) == 6
    assert json.loads(json.dumps(record)) == record
    made = program.transform(rows)
    for name, pair in taken.items():
        assert made[name].to_list() == fit(HashedCross(pair, buckets=2**20), rows).transform(rows).to_series().to_list()
    assert made["best__cross_3"].unique().to_list() == [0]


def test_columns_that_tell_much_alone_and_nothing_together_are_not_crossed():
    assert all(pair["feature"] is None for pair in fit(search(), crossed(pairs="")).made["records"][0]["pairs"])


def test_gain_is_that_of_a_logistic_regression_and_smoothed_rates():
    rows = crossed(600)
    counts = PairCounts(width=2, folds=3).of(
        *(rows[name].cast(pl.String) for name in "ab"),
        rows["label"].cast(pl.Float64),
        rows["request"].cast(pl.String),
    )
    (found,) = counts.gains(min_count=8, smoothing=5.0)
    fold = np.array([hash_text(str(request)) % 3 for request in rows["request"]])
    a, b = (rows[name].cast(pl.Int64).to_numpy() for name in "ab")
    hot = np.hstack([np.eye(4)[a], np.eye(5)[b]])
    label = rows["label"].to_numpy()
    for held in range(3):
        learned = fold != held
        rate = label[learned].mean()
        gained = 0.0
        weights = _ridge(hot[learned], label[learned], math.log(rate / (1 - rate)))
        for one, other in product(range(4), range(5)):
            here = (a == one) & (b == other)
            apart = 1 / (1 + math.exp(-math.log(rate / (1 - rate)) - weights[one] - weights[4 + other]))
            seen, ones = (here & learned).sum(), label[here & learned].sum()
            together = (ones + 5 * apart) / (seen + 5) if seen >= 8 else apart
            asked, positive = (here & ~learned).sum(), label[here & ~learned].sum()
            gained += positive * math.log(together / apart) + (asked - positive) * math.log(
                (1 - together) / (1 - apart)
            )
        assert found.folds[held] == pytest.approx(gained / 600, abs=1e-5)
    assert found.rows == 600
    assert found.combinations == 20


def _ridge(hot: np.ndarray, label: np.ndarray, offset: float) -> np.ndarray:
    """Return the weights of a logistic regression with an L2 penalty of 1/2, by Newton's method on all at once."""
    weights = np.zeros(hot.shape[1])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-offset - hot @ weights))
        slope = hot.T @ (label - chance) - weights
        curve = hot.T @ (hot * (chance * (1 - chance))[:, None]) + np.eye(len(weights))
        weights += np.linalg.solve(curve, slope)
    return weights


def test_refit_keeps_the_pairs_and_fills_what_was_left():
    first = fit(search(top=3), crossed(pairs="ab"))
    rows = crossed(pairs="cdab", seed=5)
    fresh, later = fit(search(top=3), rows), fit(search(top=3), rows, earlier=first)
    pairs = [[chain.reads for chain in program.chains] for program in (first, later)]
    assert pairs[0] == [("a", "b"), ("a",), ("a",)]
    assert pairs[1] == [("a", "b"), ("c", "d"), ("a",)]
    assert {chain.reads for chain in fresh.chains[:2]} == {("a", "b"), ("c", "d")}
    # selection may have dropped a column: the others stay what they were
    kept = fit(search(top=3), rows, earlier=later.keeping(["best__cross_2"], made={}))
    assert [chain.reads for chain in kept.chains] == [("a", "b"), ("c", "d"), ("a",)]
    other = fit(search(top=3, buckets=9), crossed(pairs="cd"), earlier=first)
    assert other.chains[0].reads == ("c", "d")  # other slots mean something else


@pytest.mark.parametrize(
    "change",
    [{"label": pl.lit(1)}, {"label": pl.lit(None, pl.Int8)}, {"a": pl.lit(None, pl.String)}],
    ids=["one label", "no label", "no term"],
)
def test_nothing_to_learn_from_makes_no_cross(change: dict[str, pl.Expr]):
    program = fit(search(top=1), crossed(300).with_columns(**change))
    assert program.transform_row(dict.fromkeys("abcd", "1")) == {"best__cross_1": 0}


def test_label_that_is_neither_0_nor_1_is_refused():
    with pytest.raises(DataRefusedError, match="label 'label' must hold 0, 1 or null"):
        fit(search(), crossed(30).with_columns(label=pl.lit(2)))


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"columns": ["x"]}, "columns must be two or more"),
        ({"columns": [f"c{n}" for n in range(65)]}, "columns must be at most 64"),
        ({"name": ""}, "name must be a text that is not empty, got ''"),
        ({"name": None}, "name must be a text"),
        ({"label": "a"}, "label must be a column that is not crossed"),
        ({"key": "b"}, "key must be a column that is not crossed"),
        ({"key": "label"}, "key must be another column than the label"),
        ({"top": 0}, "top must be from 1 to 1000"),
        ({"buckets": 0}, "buckets must be"),
        ({"folds": 1}, "folds must be from 2"),
        ({"min_count": 0}, "min_count must be at least 1"),
        ({"smoothing": 0}, "smoothing must be above 0"),
    ],
    ids=["one", "many", "unnamed", "none", "label", "key", "same", "top", "buckets", "folds", "min_count", "smoothing"],
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, object], complaint: str):
    given = {"columns": ["a", "b"], "name": "best", "label": "label", "key": "request", "top": 1, "buckets": 9}
    with pytest.raises(ParameterError, match=complaint):
        CrossSearch(**(given | wrong))
