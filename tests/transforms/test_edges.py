import math

import polars as pl
import pytest

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import Edges, fit

test_contract = transform_contract(
    {"edges": Edges("x", edges=[-1.0, 0.0, 0.5]), "of two bytes": Edges("x", edges=range(300))}
)

FRAME = pl.DataFrame({"x": [-math.inf, -1.0, -0.0, 0.0, 0.5, 2.0, math.inf, math.nan, None]})


def test_edge_belongs_to_the_bin_above_it():
    made = fit(Edges("x", edges=[0, 2]), FRAME).transform(FRAME)
    assert made["x__bin"].to_list() == [1, 1, 2, 2, 2, 3, 3, 0, 0]
    assert made.schema == {"x__bin": pl.UInt8}


def test_bins_of_a_boolean():
    program = fit(Edges("x", edges=[1]), pl.DataFrame({"x": [True]}))
    assert [program.transform_row({"x": value})["x__bin"] for value in (False, True, None)] == [1, 2, 0]


def test_many_edges_take_two_bytes():
    assert fit(Edges("x", edges=range(254)), FRAME).schema == {"x__bin": pl.UInt8}
    wide = fit(Edges("x", edges=range(65_534)), FRAME)
    assert wide.schema == {"x__bin": pl.UInt16}
    assert wide.transform(FRAME)["x__bin"].max() == 65_535


@pytest.mark.parametrize(
    "edges", [[], [1, 1], [2, 1], [math.nan], [0.0, math.inf], [-0.0, 0.0], range(65_535)], ids=str
)
def test_edges_that_make_no_bins_are_refused(edges: list[float]):
    with pytest.raises(ParameterError, match="edges must be finite numbers, strictly rising"):
        Edges("x", edges=edges)
