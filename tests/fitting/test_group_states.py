"""GroupSums and GroupRanks: exact where they say so, close where they do not."""

import math
from fractions import Fraction

import numpy as np
import polars as pl
import pytest

from featurelib.fitting import GroupRanks, GroupSums


def test_means_are_correctly_rounded():
    values = [0.1, 0.2, 0.3, -0.0, 1e16, -1e16, 5e-324, 1.7e308, -1.7e308]
    sums = GroupSums().of(pl.Series([*values, math.inf]), pl.Series(["a"] * 10))
    exact = float(sum(map(Fraction, values)) / len(values))
    assert sums.means() == {"a": exact}
    assert sums.mean == exact


def test_many_values_of_a_group_are_cut_within_the_stated_error():
    generator = np.random.default_rng(1)
    values = np.concatenate([generator.lognormal(0, 2, size=20_000), np.zeros(7_000), np.full(9_000, 2.0)])
    ranks = GroupRanks().of(pl.Series(values), pl.Series(["a"] * len(values)))
    assert len(ranks.points) <= 256
    held = ranks.points["value"].to_numpy()
    reached = ranks.points["weight"].cum_sum().to_numpy()
    assert reached[-1] == len(values)
    true = np.searchsorted(np.sort(values), held, side="right")
    assert np.max(np.abs(reached - true)) <= len(values) / 100
    assert ranks.medians() == {"a": ranks.median}
    assert ranks.median == pytest.approx(float(np.median(values)), abs=0.05)


def test_rows_without_a_group_count_in_the_median_of_all():
    ranks = GroupRanks().of(pl.Series([1.0, 2.0, 3.0, 4.0, None]), pl.Series(["a", None, None, "", "b"]))
    assert ranks.medians() == {"": 4.0, "a": 1.0}
    assert ranks.median == 2.0
