import math
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from featurelib.errors import DataRefusedError, ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Feature, TargetMean, fit
from featurelib.transforms.fitted import Fitted
from tests.transforms.labelled import DAYS, FIRST, FOLDS, LABEL, START, Row, frame, others

test_contract = transform_contract(
    {
        "out of fold": TargetMean("x", label="label", fitted=FOLDS),
        "earlier days": Feature("mean", TargetMean("x", label="label", fitted=DAYS, min_count=2)),
    },
    columns=LABEL,
)


def expected(row: Row, fitted: list[Row], *, way: Fitted, smoothing: float, min_count: int) -> float:
    learned = others(row, fitted, way)
    if not learned:
        return math.nan
    mean = sum(other["label"] for other in learned) / len(learned)
    same = [other["label"] for other in learned if other["category"] == row["category"]]
    if len(same) < min_count:
        return mean
    return (sum(same) + smoothing * mean) / (len(same) + smoothing)


@pytest.mark.parametrize("way", [FOLDS, DAYS, FIRST], ids=["out of fold", "earlier days", "first days"])
@pytest.mark.parametrize(("smoothing", "min_count"), [(20.0, 1), (0.0, 3), (2.5, 2)])
def test_mean_is_that_of_the_other_rows(way: Fitted, smoothing: float, min_count: int):
    fitted = frame()
    asked = pl.concat([fitted, frame(60, seed=2, days=9).with_columns(at=pl.col("at").dt.offset_by("-2d"))])
    mean = TargetMean("category", label="label", fitted=way, smoothing=smoothing, min_count=min_count)
    made = fit(mean, fitted).transform(asked)["category__target_mean"].fill_null(math.nan).to_list()
    rows = fitted.to_dicts()
    wanted = [expected(row, rows, way=way, smoothing=smoothing, min_count=min_count) for row in asked.to_dicts()]
    assert made == pytest.approx(wanted, rel=1e-6, nan_ok=True)
    assert len(set(wanted)) > (4 if way is FIRST else 10)


def test_unseen_category_gets_the_overall_mean_and_null_is_a_category():
    rows = pl.DataFrame(
        {"c": ["a", "a", None, None, ""], "n": [4, 2, -3, -5, 7], "request": range(5), "at": [START] * 5}
    )
    mean = TargetMean("c", label="n", fitted=FOLDS, smoothing=1)
    later = {"request": 0, "at": START + timedelta(days=1)}
    program = fit(mean, rows)
    made = [program.transform_row({"c": c, **later})["c__target_mean"] for c in ("a", None, "", "unseen")]
    assert made == pytest.approx([7 / 3, -7 / 3, 4.0, 1.0])


def test_label_of_one_class_makes_one_number():
    rows = frame().with_columns(label=pl.lit(1, pl.Int8))
    program = fit(TargetMean("category", label="label", fitted=FOLDS), rows)
    assert program.transform(rows)["category__target_mean"].unique().to_list() == [1.0]


@pytest.mark.parametrize("way", [FOLDS, DAYS], ids=["out of fold", "earlier days"])
def test_no_labelled_row_makes_null(way: Fitted):
    rows = frame().with_columns(label=pl.lit(None, pl.Int8))
    program = fit(TargetMean("category", label="label", fitted=way), rows)
    assert program.transform(rows)["category__target_mean"].null_count() == len(rows)


@pytest.mark.parametrize("label", [0.5, float("inf"), 2.0**40])
def test_label_that_does_not_add_up_exactly_is_refused(label: float):
    rows = pl.DataFrame({"c": ["a", "b"], "spent": [1.0, label], "request": [1, 2], "at": [datetime.now(UTC)] * 2})
    with pytest.raises(DataRefusedError, match=r"label 'spent' must hold whole numbers .* 1 row.* such as .*cents"):
        fit(TargetMean("c", label="spent", fitted=FOLDS), rows)


@pytest.mark.parametrize(
    "wrong", [{"smoothing": -1}, {"smoothing": float("nan")}, {"smoothing": "20"}, {"min_count": 0}]
)
def test_parameters_out_of_range_are_refused(wrong: dict[str, float]):
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        TargetMean("c", label="label", fitted=FOLDS, **wrong)
