from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.errors import ParameterError
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import KMeansBins, fit

test_contract = transform_contract({"kmeans_bins": KMeansBins("x", bins=3)})


def bins(fitted: list[float], asked: list[float], *, bins: int) -> list[int]:
    program = fit(KMeansBins("x", bins=bins), pl.DataFrame({"x": fitted}, schema={"x": pl.Float64}))
    return program.transform(pl.DataFrame({"x": asked})).to_series().to_list()


def cost(groups: list[np.ndarray]) -> float:
    return sum(float(np.sum((group - group.mean()) ** 2)) for group in groups)


@given(st.lists(st.integers(-20, 20), min_size=3, max_size=9), st.integers(2, 4))
@settings(max_examples=30)
def test_no_other_bins_are_tighter(values: list[int], count: int):
    held = np.sort(np.array(values, dtype=np.float64))
    most = min(count, len(np.unique(held)))
    made = np.array(bins(held.tolist(), held.tolist(), bins=count))
    found = cost([held[made == number] for number in np.unique(made)])
    best = min(
        cost([held[low:high] for low, high in pairwise([0, *cuts, len(held)])])
        for cuts in combinations(range(1, len(held)), most - 1)
    )
    assert found <= best + 1e-9


def test_edge_lies_half_way_between_means_and_belongs_to_the_bin_above():
    assert bins([0.0, 2.0, 10.0], [5.49, 5.5], bins=2) == [1, 2]


def test_fewer_values_than_bins_have_a_bin_each():
    assert bins([1.0, 1.0, 4.0], [1.0, 4.0], bins=9) == [1, 2]
    assert bins([], [4.0], bins=9) == [1]


def test_crowds_among_many_values_are_found():
    generator = np.random.default_rng(1)
    crowds = np.concatenate([generator.normal(centre, 1, size=9_000) for centre in (-50, 0, 1000)])
    assert bins(crowds.tolist(), [-54.0, -4.0, 4.0, 990.0], bins=3) == [1, 2, 2, 3]


@pytest.mark.parametrize(("far", "low"), [(-1e12, 2), (1e12, 1)])
def test_one_value_far_away_leaves_the_others_their_bins(far: float, low: int):
    near = [*map(float, range(10)), *map(float, range(20, 30))]
    assert bins([*near, far], near, bins=3) == [low] * 10 + [low + 1] * 10


@pytest.mark.parametrize("count", [1, 256])
def test_number_of_bins_out_of_range_is_refused(count: int):
    with pytest.raises(ParameterError, match=f"bins must be from 2 to 255, got {count}"):
        KMeansBins("x", bins=count)
