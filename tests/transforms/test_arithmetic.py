"""Product, Ratio and Difference: what becomes of zero, infinity and a constant column."""

import math

import polars as pl
import pytest

from featurelib.testing.contracts import check_evaluators, transform_contract
from featurelib.transforms import Difference, Product, Ratio, Transform, fit

test_contract = transform_contract(
    {
        "product": Product("x", times="y"),
        "square": Product("x", times="x"),
        "ratio": Ratio("x", per="y"),
        "difference": Difference("x", minus="y"),
    }
)

INF = math.inf


@pytest.mark.parametrize(
    ("transform", "x", "y", "made"),
    [
        (Product("x", times="y"), 3.0, -2.0, -6.0),
        (Product("x", times="y"), 0.0, INF, None),
        (Product("x", times="y"), 1e200, -1e200, -INF),
        (Ratio("x", per="y"), 3.0, 2.0, 1.5),
        (Ratio("x", per="y"), 3.0, 0.0, None),
        (Ratio("x", per="y"), 0.0, -0.0, None),
        (Ratio("x", per="y"), INF, INF, None),
        (Ratio("x", per="y"), 3.0, -INF, 0.0),
        (Ratio("x", per="y"), -INF, 2.0, -INF),
        (Difference("x", minus="y"), 3.0, 5.0, -2.0),
        (Difference("x", minus="y"), INF, INF, None),
        (Difference("x", minus="y"), 3.0, math.nan, None),
        (Difference("x", minus="y"), None, 1.0, None),
    ],
    ids=str,
)
def test_awkward_pairs(transform: Transform, x: float | None, y: float | None, made: float | None):
    frame = pl.DataFrame({"x": [x], "y": [y]}, schema={"x": pl.Float64, "y": pl.Float64})
    assert fit(transform, frame).transform(frame).to_series().to_list() == [made]


def test_constant_divisor_divides_as_in_a_row():
    frame = pl.DataFrame({"x": [number / 7 for number in range(200)]})
    program = fit(Ratio("x", per="y"), frame.with_columns(y=pl.lit(3.0)))
    check_evaluators(program, frame.with_columns(y=pl.lit(3.0)))
    constant = program.transform(frame.lazy().with_columns(y=pl.lit(3.0))).collect(engine="streaming")
    rows = program.transform_rows(frame.with_columns(y=pl.lit(3.0)).to_dicts())
    assert sorted(constant.to_series()) == sorted(row["x_x_y__ratio"] for row in rows)
