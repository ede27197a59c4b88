import math

import polars as pl
import pytest

from featurelib.errors import DataRefusedError, ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import WeightOfEvidence, fit
from featurelib.transforms.fitted import Fitted
from tests.transforms.labelled import DAYS, FOLDS, LABEL, Row, frame, others

test_contract = transform_contract({"out of fold": WeightOfEvidence("x", label="label", fitted=FOLDS)}, columns=LABEL)


def expected(row: Row, fitted: list[Row], way: Fitted, min_count: int) -> float:
    learned = others(row, fitted, way)
    same = [other for other in learned if other["category"] == row["category"]]
    ones, zeros = (sum(other["label"] == label for other in learned) for label in (1, 0))
    if not ones or not zeros or len(same) < min_count:
        return 0.0
    here = [sum(other["label"] == label for other in same) or 0.5 for label in (1, 0)]
    return math.log((here[0] / ones) / (here[1] / zeros))


@pytest.mark.parametrize("way", [FOLDS, DAYS], ids=["out of fold", "earlier days"])
@pytest.mark.parametrize("min_count", [1, 3])
def test_weight_is_that_of_the_other_rows(way: Fitted, min_count: int):
    fitted = frame()
    asked = pl.concat([fitted, frame(60, seed=2, days=9)])
    woe = WeightOfEvidence("category", label="label", fitted=way, min_count=min_count)
    made = fit(woe, fitted).transform(asked)["category__woe"].to_list()
    rows = fitted.to_dicts()
    wanted = [expected(row, rows, way, min_count) for row in asked.to_dicts()]
    assert made == pytest.approx(wanted, rel=1e-6)
    assert 0.0 in wanted
    assert len(set(wanted)) > 10


@pytest.mark.parametrize("label", [0, 1, None])
def test_one_class_of_label_says_nothing(label: int | None):
    rows = frame().with_columns(label=pl.lit(label, pl.Int8))
    program = fit(WeightOfEvidence("category", label="label", fitted=FOLDS), rows)
    assert program.transform(rows)["category__woe"].unique().to_list() == [0.0]


def test_label_that_is_neither_0_nor_1_is_refused():
    rows = frame().with_columns(label=pl.Series([2, *[1] * 89], dtype=pl.Int8))
    with pytest.raises(DataRefusedError, match=r"label 'label' must hold 0, 1 or null, 1 row.* such as 2"):
        fit(WeightOfEvidence("category", label="label", fitted=FOLDS), rows)


def test_min_count_below_one_is_refused():
    with pytest.raises(ParameterError, match="min_count must be at least 1"):
        WeightOfEvidence("category", label="label", fitted=FOLDS, min_count=0)
