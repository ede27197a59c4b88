import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.program.hashing import SEED, hash_expr, hash_text
from featurelib.program.primitives import HashBucket, JoinText

PINNED = {  # these numbers stand in published tables: a change breaks every model trained on them
    "ABC": 4105715581806190027,
    "": 11002672306508523268,
    "12345678901234567890": 6994349879248806599,
    "é": 2065146811275570100,
}


@pytest.mark.parametrize("text", PINNED)
def test_hash_of_a_text_never_changes(text: str):
    assert hash_text(text) == PINNED[text]
    assert pl.select(hash_expr(pl.lit(text))).item() == PINNED[text]


def test_seed_is_the_one_of_spark():
    assert SEED == 42


@pytest.mark.parametrize(("text", "buckets", "bucket"), [("ABC", 1000, 28), ("ABC", 2**20, 531916), ("", 10, 9)])
def test_bucket_never_changes(text: str, buckets: int, bucket: int):
    assert HashBucket(buckets).row()(text) == bucket == 1 + PINNED[text] % buckets


def test_cross_hashes_the_parts_with_the_unit_separator_between():
    assert JoinText().row()("a", "b") == "a\x1fb"
    assert HashBucket(2**20).row()("a\x1fb") == 1 + hash_text("a\x1fb") % 2**20


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_columns_and_rows_hash_alike_and_null_stays_null(texts: list[str | None]):
    column = pl.DataFrame({"t": pl.Series(texts, dtype=pl.String)}).select(hash_expr(pl.col("t")))["t"]
    assert column.dtype == pl.UInt64
    assert column.to_list() == [None if text is None else hash_text(text) for text in texts]
