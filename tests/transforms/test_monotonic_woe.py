import math
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest

from featurelib.errors import DataRefusedError, ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import MonotonicWoe, fit
from featurelib.transforms.fitted import Fitted
from featurelib.transforms.monotonic_woe import best_bins
from tests.transforms.labelled import DAYS, FOLDS, LABEL, START, frame, others

test_contract = transform_contract(
    {
        "out of fold": MonotonicWoe("x", label="label", fitted=FOLDS, bins=4),
        "earlier days": MonotonicWoe("x", label="label", fitted=DAYS, bins=3, min_share=0.2),
    },
    columns=LABEL,
)

Counts = Sequence[tuple[int, int]]  # rows and positive rows


def woe(rows: int, ones: int, of: tuple[int, int]) -> float:
    if not ones + of[1] or not of[1] or of[0] == of[1] or not rows:
        return 0.0
    return math.log(((ones or 0.5) / of[1]) / ((rows - ones or 0.5) / (of[0] - of[1])))


def information_value(bins: Counts) -> float:
    of = sum(rows for rows, _ in bins), sum(ones for _, ones in bins)
    if of[1] in {0, of[0]}:
        return 0.0
    shares = [((ones or 0.5) / of[1], (rows - ones or 0.5) / (of[0] - of[1])) for rows, ones in bins]
    return sum((one - zero) * math.log(one / zero) for one, zero in shares)


def allowed(counts: Counts, bins: int, fewest: int) -> Iterator[tuple[float, int, list[int]]]:
    """Yield value, number of bins and starts of everything that can be put together."""
    for size in range(1, min(bins, len(counts)) + 1):
        for starts in combinations(range(1, len(counts)), size - 1):
            parts = [counts[start:end] for start, end in pairwise([0, *starts, len(counts)])]
            made = [(sum(rows for rows, _ in part), sum(ones for _, ones in part)) for part in parts]
            rates = [(ones or 0.5) / (rows - ones or 0.5) for rows, ones in made]
            rising = all(one < other for one, other in pairwise(rates))
            falling = all(one > other for one, other in pairwise(rates))
            if (rising or falling) and (size == 1 or min(rows for rows, _ in made) >= fewest):
                yield information_value(made), size, list(starts)


def test_bins_are_the_best_of_all_that_can_be_put_together():
    draw = np.random.default_rng(6)
    for _ in range(40):
        rows = draw.integers(1, 40, size=draw.integers(1, 9))
        ones = draw.integers(0, rows, endpoint=True)
        counts = list(zip(rows.tolist(), ones.tolist(), strict=True))
        bins, fewest = int(draw.integers(2, 6)), int(draw.integers(0, 30))
        found = best_bins(rows, ones, bins=bins, fewest=fewest)
        tried = list(allowed(counts, bins, fewest))
        best = max(value for value, _, _ in tried)
        (value,) = (value for value, _, starts in tried if starts == found)
        assert value == pytest.approx(best, abs=1e-12)
        assert len(found) + 1 == min(size for value, size, _ in tried if value > best - 1e-12)


def test_equal_values_take_a_rising_rate_then_the_lowest_last_edge():
    assert best_bins(np.array([4, 4, 4]), np.array([1, 2, 1]), bins=3, fewest=0) == [1]
    assert best_bins(np.array([4, 4, 4]), np.array([2, 1, 2]), bins=3, fewest=0) == [2]
    assert best_bins(np.array([4, 4, 4, 4]), np.array([1, 3, 3, 1]), bins=2, fewest=0) == [1]


def test_bins_without_a_positive_row_do_not_break_the_order_of_weights():
    rows, ones = np.array([4, 136, 11, 8]), np.array([0, 5, 1, 1])
    starts = [0, *best_bins(rows, ones, bins=5, fewest=1)]
    counts = zip(np.add.reduceat(rows, starts).tolist(), np.add.reduceat(ones, starts).tolist(), strict=True)
    made = [woe(of, one, (159, 7)) for of, one in counts]
    assert len(made) > 1
    assert sorted(made) in (made, made[::-1])


def test_hundreds_of_values_are_put_into_bins_of_enough_rows_with_a_falling_rate():
    draw = np.random.default_rng(2)
    x = draw.normal(size=4_000)
    label = (draw.random(4_000) < 1 / (1 + np.exp(2 * x))).astype(np.int8)
    rows = pl.DataFrame({"x": x, "label": label, "request": np.arange(4_000)}).with_columns(at=pl.lit(START))
    program = fit(MonotonicWoe("x", label="label", fitted=FOLDS, bins=6, min_share=0.1), rows)
    later = program.transform(rows.with_columns(at=None))["x__woe"]
    weights = pl.DataFrame({"x": x, "woe": later}).sort("x")["woe"].rle().struct.unnest()
    assert 3 <= len(weights) <= 6
    assert weights["value"].is_sorted(descending=True)
    assert weights["len"].min() >= 400


@pytest.mark.parametrize("way", [FOLDS, DAYS], ids=["out of fold", "earlier days"])
def test_weight_is_that_of_the_bin_in_the_other_rows(way: Fitted):
    fitted = frame(120).with_columns(x=pl.when(pl.col("x").is_finite()).then("x"))
    transform = MonotonicWoe("x", label="label", fitted=way, bins=3, min_share=0.1)
    made = fit(transform, fitted).transform(fitted)["x__woe"].to_list()
    rows = fitted.to_dicts()
    wanted = []
    for row in rows:
        learned = others(row, rows, way)
        values = sorted({other["x"] for other in learned if other["x"] is not None})
        labels = [[other["label"] for other in learned if other["x"] == value] for value in values]
        starts = transform.cut(np.array([*map(len, labels)]), np.array([*map(sum, labels)])) if len(values) > 1 else []
        edges = [values[start] for start in starts]

        def place(x: float | None, edges: list[float] = edges) -> int:
            return 0 if x is None else 1 + sum(edge <= x for edge in edges)

        same = [other["label"] for other in learned if place(other["x"]) == place(row["x"])]
        wanted.append(woe(len(same), sum(same), (len(learned), sum(other["label"] for other in learned))))
    assert made == pytest.approx(wanted, rel=1e-6)
    assert len(set(wanted)) > 5


@pytest.mark.parametrize("change", [{"label": pl.lit(1, pl.Int8)}, {"label": pl.lit(None, pl.Int8)}], ids=["one", "no"])
def test_without_two_classes_of_label_nothing_is_said(change: dict[str, pl.Expr]):
    rows = frame().with_columns(**change)
    program = fit(MonotonicWoe("x", label="label", fitted=FOLDS), rows)
    assert program.transform(rows)["x__woe"].unique().to_list() == [0.0]


def test_values_all_equal_leave_one_bin_beside_missing():
    rows = frame().with_columns(x=pl.when(pl.col("x") > 0).then(5.0))
    program = fit(MonotonicWoe("x", label="label", fitted=FOLDS), rows)
    made = {x: program.transform_row({"x": x, "request": "r", "at": None})["x__woe"] for x in (-9.0, 5.0, 9.0, None)}
    assert made[-9.0] == made[5.0] == made[9.0] != made[None]


def test_label_that_is_neither_0_nor_1_is_refused():
    with pytest.raises(DataRefusedError, match="label 'y' must hold 0, 1 or null"):
        fit(MonotonicWoe("x", label="y", fitted=FOLDS), frame().with_columns(y=pl.lit(0.5)))


@pytest.mark.parametrize("wrong", [{"bins": 1}, {"min_share": -0.1}])
def test_parameters_out_of_range_are_refused(wrong: dict[str, float]):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        MonotonicWoe("x", label="label", fitted=FOLDS, **wrong)
