import math
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featurelib.program.cell_table import CellTable

MANY = 5_000  # enough for the table to be used
ENDS = [math.nan, -math.nan, 0.0, -0.0, math.inf, -math.inf, 5e-324, -5e-324, 1.7e308, -1.7e308]
FINITE = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-3, 3).map(float)


def equals_the_search(edges: list[float], values: list[float]) -> None:
    held = np.unique(np.array(edges, dtype=np.float64))
    with np.errstate(over="ignore"):
        near = [np.nextafter(held, end) for end in (-np.inf, np.inf)]
    asked = np.concatenate([values, ENDS, held, *near, np.zeros(MANY)])
    table = pickle.loads(pickle.dumps(CellTable(held.tolist())))  # noqa: S301  # programs are sent to workers
    expected = np.searchsorted(held, asked, side="right") + 1
    expected[np.isnan(asked)] = 0
    assert table.bins(asked).tolist() == expected.tolist()
    assert table.bins(asked[:20]).tolist() == expected[:20].tolist()


@given(st.lists(FINITE, max_size=12), st.lists(FINITE, max_size=12))
@settings(max_examples=25)
def test_bins_are_those_of_a_search(edges: list[float], values: list[float]):
    equals_the_search(edges, values)


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param(lambda: np.arange(49.0), id="equal widths"),
        pytest.param(lambda: 2.0 ** np.arange(-20, 29), id="powers"),
        pytest.param(lambda: np.concatenate([-(2.0 ** np.arange(40)), [0], 2.0 ** np.arange(40)]), id="signed powers"),
        pytest.param(lambda: np.array([-1.7e308, -1, 0, 1e-300, 1.7e308]), id="wider than a float"),
        pytest.param(lambda: np.concatenate([np.arange(20.0), 1e12 + np.arange(20.0)]), id="two crowds"),
        pytest.param(lambda: 2.0 ** np.arange(-1074, 1024, 7), id="all sizes above zero"),
        pytest.param(lambda: 1 + 2.0**-52 * np.arange(40), id="neighbours"),
        pytest.param(lambda: np.concatenate([[0.5], 3 + 2.0**-30 * np.arange(40)]), id="equal first halves"),
        pytest.param(lambda: -(2.0 ** np.arange(40, -9, -1)), id="below zero"),
        pytest.param(lambda: np.arange(254.0), id="last that fits 8 bits"),
        pytest.param(lambda: np.arange(255.0), id="first that does not"),
        pytest.param(lambda: np.arange(65_534.0), id="last that fits 16 bits"),
    ],
)
def test_bins_are_those_of_a_search_wherever_edges_crowd(edges: Callable[[], np.ndarray]):
    held = edges()
    generator = np.random.default_rng(5)
    equals_the_search(held.tolist(), [*(generator.normal(size=2000) * 100), *(generator.choice(held, 500) * 1.01)])


def test_threads_have_memory_of_their_own():
    edges = np.geomspace(0.01, 100.0, 49)
    table = CellTable(edges.tolist())
    asked = [np.random.default_rng(seed).lognormal(sigma=2.0, size=60_000 + seed) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        made = [*pool.map(table.bins, asked)]
    for values, bins in zip(asked, made, strict=True):
        assert np.array_equal(bins, np.searchsorted(edges, values, side="right") + 1)


def test_values_may_lie_apart_in_memory():
    edges = [1.0, 2.0, 4.0]
    every = np.tile([0.5, 1.5, 2.5, math.nan, 4.0], 2 * MANY)
    assert np.array_equal(CellTable(edges).bins(every[::2]), CellTable(edges).bins(every)[::2])
