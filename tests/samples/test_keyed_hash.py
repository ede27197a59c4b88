"""The keyed hash: published numbers, and who is in a share."""

import math

import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.samples.keyed_hash import check_keys, in_share, keyed_hash

KEYS = st.lists(st.tuples(st.none() | st.text(max_size=3), st.none() | st.integers(-9, 9)), max_size=8)
SCHEMA = {"user": pl.String, "item": pl.Int64}

# made with xxhash 3.5 by itself: they may never change, for they say who is in a sample
VECTORS = [
    (0, {"a": "u1"}, 1602910342690722128),
    (7, {"a": "u1", "b": 1}, 4318864713735164181),
    (7, {"a": None, "b": 2}, 16402405789889753395),
    (-3, {"a": ""}, 16935442791936072239),
    (2**64, {"a": True, "b": None}, 1074022588312897034),
    (42, {"a": "книга", "b": -(2**63)}, 17751474479760597002),
]


def hashes(frame: pl.DataFrame, seed: int, keys: list[str]) -> list[int]:
    return frame.lazy().select(keyed_hash("step", seed, keys)).collect(engine="in-memory").to_series().to_list()


@pytest.mark.parametrize(("seed", "row", "expected"), VECTORS)
def test_hash_is_the_published_number(seed: int, row: dict[str, object], expected: int):
    assert hashes(pl.DataFrame([row]), seed, list(row)) == [expected]


@given(rows=KEYS, seed=st.integers(-5, 2**70))
def test_hash_is_xxh64_of_seed_step_and_keys(rows: list[tuple[str | None, int | None]], seed: int):
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    texts = [[str(seed), "step", *("\x1e" if key is None else str(key) for key in row)] for row in rows]
    assert hashes(frame, seed, ["user", "item"]) == [
        xxhash.xxh64_intdigest("\x1f".join(text).encode(), 42) for text in texts
    ]


@given(rows=KEYS, seed=st.integers(0, 3), rate=st.floats(0, 1) | st.sampled_from([0.1, 0.25, 0.5, 1 - 2**-53, 2**-64]))
def test_share_is_of_all_hashes(rows: list[tuple[str | None, int | None]], seed: int, rate: float):
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    inside = frame.select(in_share("step", seed, ["user", "item"], rate)).to_series()
    assert inside.dtype == pl.Boolean
    assert inside.to_list() == [h < math.floor(rate * 2**64) for h in hashes(frame, seed, ["user", "item"])]


def test_hash_is_uint64_and_never_null():
    hashed = pl.DataFrame({"a": [None, "x"]}, schema={"a": pl.String}).select(keyed_hash("step", 0, ["a"])).to_series()
    assert (hashed.dtype, hashed.null_count()) == (pl.UInt64, 0)


def test_null_and_empty_are_different_keys_and_order_of_keys_matters():
    frame = pl.DataFrame({"a": [None, "", "x"], "b": ["x", "x", None]})
    null_x, empty_x, x_null = hashes(frame, 0, ["a", "b"])
    assert len({null_x, empty_x, x_null}) == 3
    assert hashes(frame, 0, ["b", "a"])[::2] == [x_null, null_x]


def test_text_category_and_enum_have_the_same_hash():
    texts = pl.Series("a", ["x", "y", None])
    for dtype in (pl.Categorical, pl.Enum(["y", "x"])):
        assert hashes(texts.cast(dtype).to_frame(), 1, ["a"]) == hashes(texts.to_frame(), 1, ["a"])


def test_rate_0_takes_none_and_rate_1_all():
    frame = pl.DataFrame({"a": [str(i) for i in range(100)]})
    assert frame.select(in_share("step", 0, ["a"], 0.0).sum()).item() == 0
    assert frame.select(in_share("step", 0, ["a"], 1.0).sum()).item() == 100


def test_share_of_many_keys_is_near_the_rate_and_seeds_have_nothing_to_do_with_each_other():
    frame = pl.DataFrame({"a": range(100_000)}).select(
        one=in_share("step", 1, ["a"], 0.2), two=in_share("step", 2, ["a"], 0.2)
    )
    one, two, both = frame.select(pl.col("one", "two").mean(), both=(pl.col("one") & pl.col("two")).mean()).row(0)
    # three standard errors: sqrt(0.2 * 0.8 / 1e5) = 0.0013, sqrt(0.04 * 0.96 / 1e5) = 0.0006
    assert (one, two) == (pytest.approx(0.2, abs=0.004), pytest.approx(0.2, abs=0.004))
    assert both == pytest.approx(0.04, abs=0.002)


def test_shares_of_two_steps_have_nothing_to_do_with_each_other():
    frame = pl.DataFrame({"a": range(100_000)}).select(
        one=in_share("keep_fraction", 0, ["a"], 0.2), two=in_share("cap_per_user", 0, ["a"], 0.2)
    )
    assert frame.select((pl.col("one") & pl.col("two")).mean()).item() == pytest.approx(0.04, abs=0.002)


def test_smaller_share_lies_within_the_larger():
    frame = pl.DataFrame({"a": range(2_000)})
    assert frame.filter(in_share("step", 3, ["a"], 0.3) & ~in_share("step", 3, ["a"], 0.6)).is_empty()


@pytest.mark.parametrize("rate", [-0.1, 1.1, math.nan])
def test_rate_out_of_range_is_an_error(rate: float):
    with pytest.raises(ParameterError, match="rate must be from 0 to 1"):
        in_share("step", 0, ["a"], rate)


def test_no_key_is_an_error():
    with pytest.raises(ParameterError, match="keys must be at least one column"):
        keyed_hash("step", 0, [])


def test_keys_are_there_and_have_one_text():
    given = pl.Schema({"a": pl.String(), "b": pl.UInt8(), "c": pl.Boolean(), "d": pl.Enum(["x"]), "x": pl.Float64()})
    check_keys("rule", ["a", "b", "c", "d"], given)
    with pytest.raises(ColumnTypeError, match="'x' of the samples to be text, integer or boolean, got Float64"):
        check_keys("rule", ["x"], given)
    with pytest.raises(ColumnMissingError, match="rule reads column 'e'"):
        check_keys("rule", ["a", "e"], given)
