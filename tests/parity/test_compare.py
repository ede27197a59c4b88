"""Compare: what counts as a difference, of which kind, and how many may be."""

import json
import math
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import UsageError
from featurelib.parity import compare
from featurelib.parity.compare import KINDS

NAN = math.nan
CASES: dict[str, tuple[pl.DataType, Any, Any, str | None]] = {
    "equal": (pl.UInt32(), 3, 3, None),
    "another number": (pl.UInt32(), 3, 4, "value"),
    "a whole number as a float": (pl.UInt32(), 3.0, 3, None),
    "a fraction for a whole number": (pl.UInt32(), 3.5, 3, "value"),
    "a text for a number": (pl.UInt32(), "3", 3, "type"),
    "a truth value for a number": (pl.UInt32(), True, 1, "type"),
    "nothing for a number": (pl.UInt32(), None, 3, "missing"),
    "NaN for a number": (pl.Float32(), NAN, 3.0, "missing"),
    "NaN for nothing": (pl.Float32(), NAN, None, None),
    "a number for nothing": (pl.Float32(), 0.0, None, "extra"),
    "a float within tolerance": (pl.Float32(), 1.000009, 1.0, None),
    "a float beyond tolerance": (pl.Float32(), 1.00002, 1.0, "value"),
    "zero for a small number": (pl.Float32(), 0.0, 1e-9, "value"),
    "both zeros": (pl.Float32(), -0.0, 0.0, None),
    "infinity for a number": (pl.Float32(), math.inf, 1.0, "value"),
    "a whole number that no float reaches": (pl.Float32(), 10**400, 1.0, "value"),
    "the same for a whole number": (pl.UInt32(), 10**400, 1, "value"),
    "a whole number that became the float beside it": (pl.Int64(), 2.0**53, 2**53 + 1, "value"),
    "infinity": (pl.Float32(), -math.inf, -math.inf, None),
    "another text": (pl.String(), "a", "b", "value"),
    "a number for a text": (pl.String(), 1, "1", "type"),
    "an empty text for nothing": (pl.String(), "", None, "extra"),
    "equal lists": (pl.List(pl.Float32()), [1.0, None], (1.0000001, None), None),
    "a longer list": (pl.List(pl.UInt32()), [1, 2, 3], [1, 2], "value"),
    "an empty list for nothing": (pl.List(pl.UInt32()), [], None, "extra"),
    "a list with a text": (pl.List(pl.UInt32()), [1, "2"], [1, 2], "type"),
    "a list with a gap": (pl.List(pl.UInt32()), [1, None], [1, 2], "value"),
    "a number for a list": (pl.List(pl.UInt32()), 1, [1], "type"),
    "a text for a list of texts": (pl.List(pl.String()), "ab", ["a", "b"], "type"),
}


def one(dtype: pl.DataType, served: Any, expected: Any) -> dict[str, int]:
    (feature,) = compare([{"f": served}], [{"f": expected}], {"f": dtype}, keys=[{"id": 1}]).features
    assert feature.differing == (1 if any(feature.counts.values()) else 0)
    return {kind: number for kind, number in feature.counts.items() if number}


@pytest.mark.parametrize("case", sorted(CASES))
def test_kind_of_difference(case: str) -> None:
    dtype, served, expected, kind = CASES[case]
    assert one(dtype, served, expected) == ({} if kind is None else {kind: 1})


def parity(served: list[dict[str, Any]], expected: list[dict[str, Any]], **options: Any) -> Any:
    types = {"count": pl.UInt32(), "rate": pl.Float32()}
    keys = [{"id": f"r{number}"} for number in range(len(served))]
    return compare(served, expected, types, keys=keys, **options)


def test_floats_and_all_else_have_limits_of_their_own() -> None:
    expected = [{"count": 1, "rate": 0.5}] * 1000
    served = [{"count": 2, "rate": 0.6}] * 2 + expected[2:]
    found = parity(served, expected)
    assert [(one.feature, one.differing, one.agrees) for one in found.features] == [
        ("count", 2, False),
        ("rate", 2, True),
    ]
    assert not found.agrees
    assert parity(served, expected, allow=0.002).agrees
    assert (
        parity(served, expected, allow=0, allow_floats=0).text().startswith("1,000 rows, 2 features: they DO NOT AGREE")
    )


def test_a_column_that_was_not_served_and_one_that_nobody_knows() -> None:
    found = parity([{"count": 1, "ratio": 3, "query": "tv"}], [{"count": 1, "rate": 0.5}], known=["query"])
    rate = found.features[1]
    assert (rate.in_log, rate.counts["missing"]) == (False, 1)
    assert found.unknown == ("ratio",)
    assert "the log has no such column" in found.text()
    assert "served, and no feature: ratio" in found.text()


def test_lost_rows_are_told_and_do_not_agree() -> None:
    found = parity([{"count": 1, "rate": 1.0}], [{"count": 1, "rate": 1.0}], lost={"the query is missing": 2})
    assert not found.agrees
    assert "2 rows could not be compared: the query is missing" in found.text()


def test_the_worst_rows_differ_most_often_then_most() -> None:
    expected = [{"count": 1, "rate": 1.0}] * 4
    served = [
        {"count": 1, "rate": 1.5},
        {"count": 2, "rate": 2.0},
        {"count": 1, "rate": 1.0},
        {"count": 1, "rate": 9.0},
    ]
    assert parity(served, expected).worst == (1, 3, 0)


def test_nothing_to_compare_is_an_error() -> None:
    with pytest.raises(UsageError, match="parity has no served row to compare"):
        parity([], [])
    with pytest.raises(UsageError, match="as many served rows as computed ones, got 1 and 0"):
        compare([{}], [], {}, keys=[])


VALUES = st.none() | st.sampled_from([0, 1, 2, 0.5, NAN, math.inf, "1", True])
EXPECTED = st.fixed_dictionaries(
    {"count": st.none() | st.integers(0, 2), "rate": st.none() | st.sampled_from([0.0, 0.5, 1.0])}
)


@given(
    rows=st.lists(
        st.tuples(st.fixed_dictionaries({"count": VALUES}, optional={"rate": VALUES}), EXPECTED), min_size=1, max_size=8
    )
)
def test_order_does_not_matter_and_every_difference_has_one_kind(rows: list[tuple[Any, Any]]) -> None:
    served, expected = [row for row, _ in rows], [row for _, row in rows]
    forward, backward = parity(served, expected), parity(served[::-1], expected[::-1])
    assert [one.counts for one in forward.features] == [one.counts for one in backward.features]
    assert all(set(one.counts) == set(KINDS) for one in forward.features)
    assert all(one.differing <= one.rows for one in forward.features)
    json.dumps(forward.to_json(), allow_nan=False)
