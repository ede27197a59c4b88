"""Skip above, against a loop in plain Python, and at its edges."""

from collections import defaultdict
from typing import Any, Literal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.skip_above import SkipAbove
from featurelib.samples.step import DROPPED

BELOW, NO_CLICK = "below_last_click", "no_click_in_request"
REQUEST = ["user", "request"]
SCHEMA = {"user": pl.String, "request": pl.Int64, "position": pl.Int32, "click": pl.Int8, DROPPED: pl.String}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["u", "u", "v", None]),
            "request": st.sampled_from([1, 1, 2, None]),
            "position": st.none() | st.integers(-1, 6),
            "click": st.sampled_from([0, 0, 1, None]),
            DROPPED: st.sampled_from([None, None, None, "earlier"]),
        }
    ),
    max_size=20,
)


def marks(rule: SkipAbove, rows: list[dict[str, Any]]) -> list[str | None]:
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


def by_loop(rows: list[dict[str, Any]], keep_below: int, without_click: str) -> list[str | None]:
    reasons = [row[DROPPED] for row in rows]
    requests = defaultdict(list)
    for number, row in enumerate(rows):
        if reasons[number] is None and None not in (row["user"], row["request"], row["position"]):
            requests[row["user"], row["request"]].append(number)
    for numbers in requests.values():
        clicked = [rows[number]["position"] for number in numbers if rows[number]["click"] == 1]
        if clicked:
            below = [number for number in numbers if rows[number]["position"] > max(clicked)]
            for number in sorted(below, key=lambda number: (rows[number]["position"], number))[keep_below:]:
                reasons[number] = BELOW
        elif without_click == "drop":
            for number in numbers:
                reasons[number] = NO_CLICK
    return reasons


def rule_of(keep_below: int = 2, without_click: Literal["keep", "drop"] = "keep") -> SkipAbove:
    return SkipAbove(REQUEST, position="position", label="click", keep_below=keep_below, without_click=without_click)


def request(*clicks: int | None, positions: list[int | None] | None = None) -> list[dict[str, Any]]:
    places = positions or range(1, len(clicks) + 1)
    return [
        {"user": "u", "request": 1, "position": place, "click": click, DROPPED: None}
        for place, click in zip(places, clicks, strict=True)
    ]


@given(rows=ROWS, keep_below=st.integers(0, 3), without_click=st.sampled_from(["keep", "drop"]))
def test_rows_below_the_last_click_go_as_a_loop_says(
    rows: list[dict[str, Any]], keep_below: int, without_click: Literal["keep", "drop"]
):
    assert marks(rule_of(keep_below, without_click), rows) == by_loop(rows, keep_below, without_click)


def test_rows_above_the_last_click_and_two_below_it_stay():
    assert marks(rule_of(), request(0, 1, 0, 1, 0, 0, 0, 0)) == [None] * 6 + [BELOW] * 2


def test_nothing_below_may_stay():
    assert marks(rule_of(keep_below=0), request(1, 0, 0)) == [None, BELOW, BELOW]


def test_of_rows_at_one_position_the_first_by_number_stays():
    assert marks(rule_of(keep_below=1), request(1, 0, 0, 0, positions=[1, 3, 2, 2])) == [None, BELOW, None, BELOW]


def test_row_at_the_position_of_the_last_click_is_not_below_it():
    assert marks(rule_of(keep_below=0), request(1, 0, positions=[4, 4])) == [None, None]


def test_kept_positions_are_the_nearest_there_are_not_the_next_numbers():
    assert marks(rule_of(keep_below=1), request(1, 0, 0, positions=[1, 20, 9])) == [None, BELOW, None]


@pytest.mark.parametrize(("without_click", "reason"), [("keep", None), ("drop", NO_CLICK)])
def test_request_without_a_click_stays_or_goes_whole(without_click: Literal["keep", "drop"], reason: str | None):
    assert marks(rule_of(without_click=without_click), request(0, None, 0)) == [reason] * 3


def test_click_dropped_earlier_is_no_click_and_takes_no_place():
    rows = request(1, 0, 1, 0, 0)
    rows[2][DROPPED] = rows[3][DROPPED] = "earlier"
    assert marks(rule_of(keep_below=1), rows) == [None, None, "earlier", "earlier", BELOW]


def test_row_without_position_or_request_stays_and_is_not_looked_at():
    rows = request(0, 1, 0, positions=[1, None, 2])
    assert marks(rule_of(keep_below=0, without_click="drop"), rows) == [NO_CLICK, None, NO_CLICK]
    nameless = [{**row, "request": None} for row in request(1, 0)]
    assert marks(rule_of(keep_below=0, without_click="drop"), nameless) == [None, None]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"request": []}, "request must be at least one column"),
        ({"keep_below": -1}, "keep_below must be at least 0"),
        ({"without_click": "maybe"}, "without_click must be 'keep' or 'drop'"),
    ],
)
def test_parameter_out_of_range_is_an_error(changed: dict[str, Any], message: str):
    with pytest.raises(ParameterError, match=message):
        SkipAbove(**{"request": REQUEST, "position": "position", "label": "click", **changed})


def test_columns_are_checked_before_data_is_read():
    given = pl.Schema(SCHEMA)
    assert rule_of().schema(given) == given
    with pytest.raises(ColumnMissingError, match="reads column 'query'"):
        SkipAbove(["query"], position="position", label="click").schema(given)
    with pytest.raises(ColumnTypeError, match="'user' of the samples to be an integer, got String"):
        SkipAbove(["request"], position="user", label="click").schema(given)


def test_reasons_are_those_that_it_can_give():
    assert rule_of().reasons == (BELOW,)
    assert rule_of(without_click="drop").reasons == (BELOW, NO_CLICK)
