"""ListStandardize, ListMinMax and ListRank: how a candidate stands among those of its request."""

import math
import statistics

import numpy as np
import polars as pl
import pytest

from featurelib.program import Program
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Edges, ListMinMax, ListRank, ListStandardize, Transform, fit

REQUESTS = pl.Series(["a", "b", "a", None, "", "c"])

test_contract = transform_contract(
    {
        "list_standardize": ListStandardize("x", within="request"),
        "list_min_max": ListMinMax("x", within="request"),
        "list_rank": ListRank("x", within="request"),
    },
    columns={"request": REQUESTS},
)
ALL = [kind("x", within="request") for kind in (ListStandardize, ListMinMax, ListRank)]


def among(transform: Transform, *values: float | None) -> list[float | None]:
    frame = pl.DataFrame({"x": values, "request": "r"}, schema={"x": pl.Float64, "request": pl.String})
    return fit(transform, frame).transform(frame).to_series().to_list()


def test_standardized_numbers_are_the_z_scores_of_the_list():
    values = [0.1, 0.2, 0.4, 7.0]
    mean, deviation = statistics.fmean(values), statistics.pstdev(values)
    assert among(ALL[0], *values) == pytest.approx([(value - mean) / deviation for value in values], rel=1e-6)


def test_missing_and_infinite_numbers():
    values = [1.0, None, 3.0, math.nan, math.inf, -math.inf]
    assert among(ALL[0], *values) == [-1.0, None, 1.0, None, math.inf, -math.inf]
    assert among(ALL[1], *values) == [0.0, None, 1.0, None, 1.0, 0.0]
    assert among(ALL[2], *values) == [0.375, None, 0.625, None, 0.875, 0.125]


def test_list_without_two_different_numbers():
    assert [among(transform, 7.0, 7.0, None) for transform in ALL] == [[0, 0, None], [0, 0, None], [0.5, 0.5, None]]
    assert [among(transform, 7.0) for transform in ALL] == [[0], [0], [0.5]]


def test_extremes_do_not_overflow():
    assert among(ALL[0], -1.7e308, 1.7e308) == [-1.0, 1.0]
    assert among(ALL[1], -1.7e308, 0.0, 1.7e308) == [0.0, 0.5, 1.0]
    assert among(ALL[0], 0.0, 5e-324) == [-1.0, 1.0]


@pytest.mark.parametrize("transform", ALL, ids=str)
def test_requests_are_lists_of_their_own_wherever_their_rows_stand(transform: Transform):
    generator = np.random.default_rng(1)
    rows = 50_000
    frame = pl.DataFrame(
        {
            "row": np.arange(rows),
            "request": generator.integers(0, 4_000, size=rows),
            "x": np.where(generator.random(rows) < 0.1, np.nan, np.round(generator.normal(size=rows), 1)),
        }
    )
    program = fit(transform, frame)
    whole = program.transform(frame, keep=["row"])
    assert program.transform(frame.reverse(), keep=["row"]).reverse().equals(whole)
    lazy = program.transform(frame.lazy(), keep=["row"])
    assert lazy.collect(engine="streaming").sort("row").equals(whole)
    assert (
        lazy.filter(pl.col("row") % 7 == 0)
        .collect(engine="streaming")
        .sort("row")
        .equals(whole.filter(pl.col("row") % 7 == 0))
    )
    assert lazy.head(10).collect(engine="in-memory").equals(whole.head(10))
    assert lazy.tail(10).collect(engine="in-memory").equals(whole.tail(10))
    some = frame.filter(pl.col("request") < 20)
    for (request,), rows_of in some.partition_by("request", as_dict=True).items():
        expected = whole.filter(pl.col("row").is_in(rows_of["row"].to_list())).drop("row").to_dicts()
        assert served(program, rows_of, request) == expected


def served(program: Program, candidates: pl.DataFrame, request: int) -> list[dict[str, float | None]]:
    made = program.transform_rows(candidates.to_dicts())
    assert program.transform_rows(candidates.drop("request").to_dicts(), shared={"request": request}) == made
    return made


def test_row_without_a_request_is_a_list_of_its_own():
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "request": [None, None, "a", "a"]})
    program = fit(ALL[2], frame)
    assert program.transform(frame).to_series().to_list() == [0.5, 0.5, 0.25, 0.75]
    assert [row["x__listrank"] for row in program.transform_rows(frame.to_dicts())] == [0.5, 0.5, 0.25, 0.75]


def test_later_steps_read_it_and_the_program_says_that_rows_belong_together():
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "request": ["a", "a", "b", "b"]})
    program = fit([ALL[1], Edges("x__listminmax", edges=[0.5])], frame)
    assert not program.is_elementwise
    assert program.transform(frame)["x__listminmax__bin"].to_list() == [1, 2, 1, 2]
    assert fit(Edges("x", edges=[0.5]), frame).is_elementwise
