import polars as pl
import pytest

from featurelib.errors import ColumnTypeError, ParameterError
from featurelib.program.hashing import hash_text
from featurelib.testing.contracts import transform_contract
from featurelib.transforms import HashBuckets, HashedCross, QuantileBins, fit

test_contract = transform_contract(
    {
        "three buckets": HashBuckets("x", buckets=3),
        "all buckets": HashBuckets("x", buckets=2**32 - 2),
        "cross of two": HashedCross(["x", "y"], buckets=1000),
        "cross of three": HashedCross(["x", "y", "z"], buckets=2**20),
    }
)

FRAME = pl.DataFrame(
    {"q": ["tv", "tv", None, "a\x1fb", "a"], "c": ["DE", "FR", "DE", "c", "b\x1fc"], "n": [1, 2, 3, 4, 5]}
)


def test_bucket_is_one_more_than_the_hash_and_zero_for_missing():
    made = fit(HashBuckets("q", buckets=1000), FRAME).transform(FRAME)["q__bucket"]
    assert made.to_list() == [0 if text is None else 1 + hash_text(text) % 1000 for text in FRAME["q"]]
    assert made.dtype == pl.UInt32


def test_one_bucket_and_the_most_there_can_be():
    assert fit(HashBuckets("n", buckets=1), FRAME).transform(FRAME)["n__bucket"].unique().to_list() == [1]
    largest = fit(HashBuckets("n", buckets=2**32 - 2), FRAME)
    assert largest.transform(FRAME)["n__bucket"][0] == 1 + hash_text("1") % (2**32 - 2)


def test_integer_hashes_like_its_digits():
    program = fit(HashBuckets("n", buckets=2**20), FRAME)
    assert program.transform_row({"n": 7}) == program.transform_row({"n": "7"})


def test_cross_depends_on_the_order_and_is_missing_if_a_part_is():
    there, back = (
        fit(HashedCross(columns, buckets=2**30), FRAME).transform(FRAME) for columns in (["q", "c"], ["c", "q"])
    )
    assert there.columns == ["q_x_c__cross"]
    assert there["q_x_c__cross"][0] == 1 + hash_text("tv\x1fDE") % 2**30
    assert there["q_x_c__cross"][2] == 0
    assert there["q_x_c__cross"][0] != back["c_x_q__cross"][0]


def test_equal_parts_do_not_cancel():
    frame = pl.DataFrame({"a": ["x", "y"], "b": ["x", "y"]})
    assert fit(HashedCross(["a", "b"], buckets=2**30), frame).transform(frame).to_series().n_unique() == 2


def test_text_that_holds_the_separator_may_collide():
    made = fit(HashedCross(["q", "c"], buckets=2**30), FRAME).transform(FRAME).to_series()
    assert made[3] == made[4]  # a + 0x1F + b + 0x1F + c either way: text of logs does not hold 0x1F


def test_cross_of_a_bin_and_a_text():
    frame = pl.DataFrame({"x": [1.0, 2.0, 3.0, None], "c": ["a", "a", "a", "a"]})
    program = fit([QuantileBins("x", bins=3), HashedCross(["x__bin", "c"], buckets=2**30)], frame)
    expected = [1 + hash_text(f"{number}\x1fa") % 2**30 for number in program.transform(frame)["x__bin"]]
    assert program.transform(frame)["x__bin_x_c__cross"].to_list() == expected
    assert program.transform_rows(frame.to_dicts() * 20) == program.transform(frame).to_dicts() * 20


def test_float_is_refused_with_what_to_do():
    with pytest.raises(ColumnTypeError, match=r"f__bucket needs column 'f' .*got Float64\. Bin a float before"):
        fit(HashBuckets("f", buckets=3), pl.DataFrame({"f": [1.0]}))


@pytest.mark.parametrize("buckets", [0, -1, 2**32 - 1])
def test_buckets_out_of_range_are_refused(buckets: int):
    with pytest.raises(ParameterError, match=rf"HashBuckets\(.*buckets must be from 1 to 2\*\*32 - 2, got {buckets}"):
        HashBuckets("q", buckets=buckets)
    with pytest.raises(ParameterError, match=rf"HashedCross\(.*buckets must be from 1 to 2\*\*32 - 2, got {buckets}"):
        HashedCross(["q", "c"], buckets=buckets)


@pytest.mark.parametrize("columns", [[], ["q"], ["q", "q"], "query"])
def test_cross_of_fewer_than_two_columns_is_refused(columns: str | list[str]):
    with pytest.raises(ParameterError, match="columns must be two or more different columns"):
        HashedCross(columns, buckets=3)
