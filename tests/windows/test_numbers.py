"""Entities and moments as numbers: the order in which tiles lie, and what a table or a sort of them must agree on."""

import numpy as np
import polars as pl
import pytest

from featurelib.program.hashing import hash_text, joined
from featurelib.windows.entities import BUCKETS, Entities, Numbering
from featurelib.windows.track import Track, ordering, ranked

FEW = [3, 1, 2, 1, 3, 0]
KEYS = {
    "none": [],
    "one": [7],
    "small, which go by a table": FEW,
    "far apart, which go by a sort": [key * 10**9 for key in FEW],
    "as large as they come": [2**63 - 1, 0, 2**62, 2**63 - 1],
    "negative": [-5, 3, -5, 0],
}


@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_numbers_are_ordered_as_a_stable_sort_does_and_ranked_as_they_are(keys: list[int]):
    numbers = np.array(keys, np.int64)
    assert ordering(numbers).tolist() == sorted(range(len(keys)), key=lambda place: keys[place])
    different, ranks = ranked(numbers)
    assert different.tolist() == sorted(set(keys))
    assert different[ranks].tolist() == keys


def test_entities_lie_by_hash_with_their_buckets():
    column = pl.Series(["b", None, "a", "b", "", "longer than a view holds"])
    found = Entities.of([column])
    names = found.names.to_list()
    assert names == sorted({"a", "b", "", "longer than a view holds"}, key=hash_text)
    assert found.buckets.to_list() == [hash_text(name) * BUCKETS >> 64 for name in names]
    assert [names[code] if code >= 0 else None for code in found.codes] == column.to_list()


def test_entities_of_several_columns_are_nobody_where_one_is_null():
    first, second, third = pl.Series([1, 1, 2, None, 1]), pl.Series(["x", "y", "x", "x", "x"]), pl.Series(list("ppp?p"))
    found = Entities.of([first, second, third])
    names = found.names.to_list()
    assert names == sorted({joined([*row]) for row in ("1xp", "1yp", "2xp")}, key=hash_text)
    assert [names[code] if code >= 0 else None for code in found.codes] == [
        joined([*row]) if row else None for row in ("1xp", "1yp", "2xp", None, "1xp")
    ]


@pytest.mark.parametrize("column", [pl.Series([], dtype=pl.String), pl.Series([None, None], dtype=pl.String)])
def test_nobody_makes_no_entity(column: pl.Series):
    for columns in ([column], [column, column]):
        found = Entities.of(columns)
        assert found.names.to_list() == []
        assert found.codes.tolist() == [-1] * len(column)


def test_only_the_same_rows_are_numbered_once():
    numbering, rows = Numbering(), pl.DataFrame({"item": ["a", "b"]})
    first = numbering.of(rows)
    assert numbering.of(rows.clone()) is first
    other = numbering.of(pl.DataFrame({"item": ["b", "b"]}))
    assert other.names.to_list() == ["b"]


def test_rows_of_several_logs_have_their_entities_in_common():
    columns = {"shop": [1, 2, None, 2], "item": ["a", "a", "b", None]}
    logs = [
        pl.DataFrame(columns),
        pl.DataFrame({"shop": ["2", "3"], "item": ["a", "a"]}),
        pl.DataFrame(columns).clear(),
    ]
    found = Numbering().of_all(logs)
    told = [[None if code < 0 else one.names[int(code)] for code in one.codes] for one in found]
    assert told == [["1\x1fa", "2\x1fa", None, None], ["2\x1fa", "3\x1fa"], []]
    assert all(one.names is found[0].names for one in found)


@pytest.mark.parametrize("step", [1, 2**40], ids=["numbers", "ranks"])
def test_track_tells_entities_and_moments_of_its_keys(step: int):
    codes, moments = np.array([2**20, 0, 2**20, 0]), np.array([5, -3, 4, -3]) * step
    track = Track(codes, moments)
    assert track.sort().tolist() == [1, 3, 2, 0]
    assert (track.codes.tolist(), track.moments.tolist()) == (
        [0, 0, 2**20, 2**20],
        [-3 * step, -3 * step, 4 * step, 5 * step],
    )
    assert track.rank().tolist() == [0, 0, 1, 2]
    position, there = track.at(np.array([0, 0, 2**20]), np.array([-3, 4, 4]) * step)
    assert there.tolist() == [True, False, True]
    assert (position[0], position[2]) == (0, 1)
