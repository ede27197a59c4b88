"""The cap of rows per user, against a loop in plain Python, and at its edges."""

from collections import defaultdict
from typing import Any

import polars as pl
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.samples.caps import CapPerUser
from featurelib.samples.duplicates import ROW
from featurelib.samples.fractions import KeepFraction
from featurelib.samples.step import DROPPED

SCHEMA = {"user": pl.String, "item": pl.Int64, DROPPED: pl.String}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["u", "u", "v", None]),
            "item": st.none() | st.integers(0, 5),
            DROPPED: st.sampled_from([None, None, None, "earlier"]),
        }
    ),
    max_size=16,
)


def marks(rule: CapPerUser, rows: list[dict[str, Any]]) -> list[str | None]:
    """Return the marks, having seen that neither engine, nor chunks, nor the order of the rows changes them."""
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_row_index(ROW)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    chunked = pl.concat([shuffled.head(len(rows) // 2), shuffled.slice(len(rows) // 2)], rechunk=False)
    expected = rule.mark(frame.lazy()).collect(engine="in-memory")
    assert expected.drop(DROPPED).equals(frame.drop(DROPPED))
    for engine in ("in-memory", "streaming"):
        found = rule.mark(chunked.lazy()).collect(engine=engine)
        assert found[ROW].equals(chunked[ROW])
        assert found.sort(ROW).equals(expected)
    return expected[DROPPED].to_list()


def by_loop(rows: list[dict[str, Any]], most: int, seed: int) -> list[str | None]:
    users = defaultdict(list)
    for number, row in enumerate(rows):
        if row[DROPPED] is None and row["user"] is not None:
            text = f"{seed}\x1fcap_per_user\x1f" + ("\x1e" if row["item"] is None else str(row["item"]))
            users[row["user"]].append((xxhash.xxh64_intdigest(text.encode(), 42), number))
    over = {number for hashed in users.values() for _, number in sorted(hashed)[most:]}
    return ["over_cap" if number in over else row[DROPPED] for number, row in enumerate(rows)]


def of_user(n: int, user: str | None = "u") -> list[dict[str, Any]]:
    return [{"user": user, "item": item, DROPPED: None} for item in range(n)]


@given(rows=ROWS, most=st.integers(1, 4), seed=st.integers(0, 2))
def test_rows_of_the_smallest_hashes_stay(rows: list[dict[str, Any]], most: int, seed: int):
    assert marks(CapPerUser("user", most=most, keys=["item"], seed=seed), rows) == by_loop(rows, most, seed)


def test_user_with_exactly_the_most_rows_keeps_them():
    assert marks(CapPerUser("user", most=5, keys=["item"]), of_user(5)) == [None] * 5
    assert marks(CapPerUser("user", most=5, keys=["item"]), of_user(6)).count("over_cap") == 1


def test_rows_without_a_user_are_never_capped():
    assert marks(CapPerUser("user", most=1, keys=["item"]), of_user(4, user=None)) == [None] * 4


def test_rows_dropped_earlier_take_no_place():
    rows = [{**row, DROPPED: "earlier"} for row in of_user(9)] + of_user(1)
    assert marks(CapPerUser("user", most=1, keys=["item"]), rows) == ["earlier"] * 9 + [None]


def test_of_equal_keys_the_first_by_row_number_stays():
    rows = [{"user": "u", "item": 7, DROPPED: None}] * 3
    assert marks(CapPerUser("user", most=1, keys=["item"]), rows) == [None, "over_cap", "over_cap"]


def test_larger_cap_keeps_the_same_rows_and_more_and_another_seed_others():
    def kept(most: int, seed: int = 0) -> set[int]:
        found = marks(CapPerUser("user", most=most, keys=["item"], seed=seed), of_user(60))
        return {number for number, reason in enumerate(found) if reason is None}

    assert kept(10) < kept(20)
    assert kept(10) != kept(10, seed=1)


def test_cap_after_a_fraction_takes_positives_and_negatives_alike():
    # negatives that a fraction left have low hashes there; a cap by the same hash would drop positives first
    frame = pl.LazyFrame(
        {
            "user": [f"u{n % 200}" for n in range(40_000)],
            "item": range(40_000),
            "click": [(n // 200 + n) % 20 == 0 for n in range(40_000)],
        },
        schema_overrides={"click": pl.Int8},
    )
    rows = frame.with_columns(pl.lit(None, pl.String).alias(DROPPED)).with_row_index(ROW)
    thinned = KeepFraction(0.1, label="click", keys=["item"]).mark(rows)
    capped = CapPerUser("user", most=10, keys=["item"]).mark(thinned)
    before, after = (
        found.filter(pl.col(DROPPED).is_null()).select("click").collect().to_series().mean()
        for found in (thinned, capped)
    )
    assert before == pytest.approx(0.345, abs=0.02)
    assert after == pytest.approx(before, abs=0.04)  # four standard errors of 2000 rows


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"most": 0}, "a whole number, at least 1"),
        ({"most": 1.5}, "a whole number, at least 1"),
        ({"keys": []}, "keys must be at least one column"),
    ],
)
def test_parameter_out_of_range_is_an_error(changed: dict[str, Any], message: str):
    with pytest.raises(ParameterError, match=message):
        CapPerUser(**{"by": "user", "most": 1, "keys": ["item"], **changed})


def test_columns_are_checked_before_data_is_read():
    given = pl.Schema({**SCHEMA, "price": pl.Float64()})
    rule = CapPerUser("user", most=1, keys=["item"])
    assert (rule.schema(given), rule.reasons) == (given, ("over_cap",))
    with pytest.raises(ColumnMissingError, match="reads column 'users'"):
        CapPerUser("users", most=1, keys=["item"]).schema(given)
    with pytest.raises(ColumnTypeError, match="'price' of the samples to be text, integer or boolean"):
        CapPerUser("user", most=1, keys=["price"]).schema(given)
