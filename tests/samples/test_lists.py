"""Lists: against a loop over the rows, with ties, nulls, dropped and made rows."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, DeclarationError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.lists import Lists
from featurelib.samples.step import DROPPED

GIVEN = pl.Schema(
    {
        ROW: pl.UInt32(),
        "request": pl.String(),
        "page": pl.Int64(),
        "query": pl.String(),
        "position": pl.Float64(),
        "item": pl.String(),
        "click": pl.Int8(),
        DROPPED: pl.String(),
    }
)
DECLARED = pl.Schema({name: dtype for name, dtype in GIVEN.items() if not name.startswith("@")})
SHAPE = Lists("request", order="position", columns=["item", "click"], first=["query"])


def frame(*rows: tuple[Any, Any, Any]) -> pl.DataFrame:
    """Rows of (request, position, item)."""
    whole = [(row, request, 1, f"q{row}", at, item, row, None) for row, (request, at, item) in enumerate(rows)]
    return pl.DataFrame(whole, schema=GIVEN, orient="row")


def formed(rows: pl.DataFrame, shape: Lists = SHAPE) -> pl.DataFrame:
    return shape.form(shape.mark(rows.lazy())).collect()


def fates(rows: pl.DataFrame, shape: Lists = SHAPE) -> list[str | None]:
    return shape.mark(rows.lazy()).collect()[DROPPED].to_list()


def rank(position: float | None) -> tuple[bool, bool, float]:
    """The order of positions: numbers, then NaN, then null."""
    unknown = position is None or position != position  # noqa: PLR0124  # NaN
    return position is None, unknown, 0.0 if unknown else position


def oracle(rows: list[dict[str, Any]], shape: Lists) -> tuple[list[str | None], list[dict[str, Any]]]:
    """Why each row makes none of its own, and what the others make, by loops."""
    lists: dict[tuple[Any, ...], list[int]] = {}
    reasons = [row[DROPPED] for row in rows]
    for place, row in enumerate(rows):
        request = tuple(row[name] for name in shape.request)
        if row[DROPPED] is None and None in request:
            reasons[place] = "no_request"
        elif row[DROPPED] is None:
            lists.setdefault(request, []).append(place)
    made = []
    for request, places in lists.items():
        ordered = sorted(places, key=lambda place: (rank(rows[place][shape.order]), rows[place][ROW], place))
        for place in ordered[1:]:
            reasons[place] = "in_a_list"
        whole = dict(zip(shape.request, request, strict=True)) | {"size": len(ordered)}
        whole |= {name: rows[ordered[0]][name] for name in shape.first}
        whole |= {name: [rows[place][name] for place in ordered] for name in shape.columns}
        made.append((min((rows[place][ROW], place) for place in places), whole))
    return reasons, [whole for _, whole in sorted(made, key=lambda pair: pair[0])]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "request": st.sampled_from(["r1", "r2", "", None]),
            "page": st.sampled_from([1, 2, None]),
            "query": st.sampled_from(["q1", "q2", None]),
            "position": st.sampled_from([1.0, 2.0, 2.0, float("nan"), None]),
            "item": st.sampled_from(["a", "b", "c", None]),
            "click": st.sampled_from([0, 1, None]),
            DROPPED: st.sampled_from([None, None, None, "bot_agent"]),
        }
    ),
    max_size=14,
)


@given(
    drawn=ROWS,
    request_by=st.sampled_from([("request",), ("request", "page")]),
    alike=st.booleans(),
    engine=st.sampled_from(["in-memory", "streaming"]),
    data=st.data(),
)
def test_lists_are_what_loops_make_of_the_rows(drawn: list[dict[str, Any]], request_by, alike, engine, data):
    # row numbers repeat where rows were made, and rows may come in any order
    numbers = data.draw(st.permutations([place // 2 if alike else place for place in range(len(drawn))]))
    rows = [{ROW: number, **row} for number, row in zip(numbers, drawn, strict=True)]
    shape = Lists(request_by, order="position", columns=["item", "click"], first=["query"])
    given_rows = pl.DataFrame(rows, schema=GIVEN)
    marked = shape.mark(given_rows.lazy())
    reasons, made = oracle(rows, shape)
    found = marked.collect(engine=engine)
    assert found[DROPPED].to_list() == reasons
    assert found.drop(DROPPED).equals(given_rows.drop(DROPPED))
    lists = shape.form(marked).collect(engine=engine)
    assert lists.to_dicts() == [{name: whole[name] for name in lists.columns} for whole in made]
    assert lists.schema == shape.schema(DECLARED)


def test_a_list_is_in_the_order_of_positions_and_ties_in_that_of_rows():
    rows = frame(("r", 2, "a"), ("r", 1, "b"), ("r", 2, "c"), ("r", 1, "d"))
    assert formed(rows).select("item", "size").rows() == [(["b", "d", "a", "c"], 4)]


def test_a_row_without_position_is_last():
    assert formed(frame(("r", None, "a"), ("r", float("nan"), "b"), ("r", 9, "c")))["item"].to_list() == [
        ["c", "b", "a"]
    ]


def test_requests_are_in_the_order_of_their_first_rows_and_columns_of_one_value_come_from_the_first_element():
    rows = frame(("r2", 2, "a"), ("r1", 1, "b"), ("r2", 1, "c"))
    assert formed(rows).select("request", "query").rows() == [("r2", "q2"), ("r1", "q1")]
    assert fates(rows) == ["in_a_list", None, None]


def test_rows_without_request_are_dropped():
    assert fates(frame((None, 1, "a"), ("r", 1, "b"))) == ["no_request", None]


def test_rows_that_a_rule_dropped_keep_their_reason_and_are_in_no_list():
    rows = frame(("r", 1, "a"), ("r", 2, "b"), (None, 3, "c"))
    rows = rows.with_columns(pl.Series(DROPPED, ["over_cap", None, "over_cap"]))
    assert fates(rows) == ["over_cap", None, "over_cap"]
    assert formed(rows)["item"].to_list() == [["b"]]


def test_a_made_row_with_the_number_of_its_origin_is_a_row_of_its_own():
    rows = frame(("r", 1, "a"), ("r", 2, "b"))
    made = rows.head(1).with_columns(position=pl.lit(None, dtype=pl.Float64), item=pl.lit("drawn"))
    both = pl.concat([rows, made])
    assert fates(both) == [None, "in_a_list", "in_a_list"]
    assert formed(both)["item"].to_list() == [["a", "b", "drawn"]]


def test_the_column_of_the_order_may_be_listed_and_no_column_need_be_single():
    shape = Lists("request", order="position", columns="position")
    assert formed(frame(("r", 2, "a"), ("r", 1, "b")), shape).rows() == [("r", [1.0, 2.0], 2)]


def test_no_rows_make_no_lists():
    assert formed(frame()).is_empty()
    assert formed(frame()).schema == SHAPE.schema(DECLARED)


def test_many_rows_make_the_same_lists_when_streamed():
    number = pl.int_range(200_000, dtype=pl.UInt32)
    rows = pl.LazyFrame().select(
        number.alias(ROW),
        (number * 7919 % 10_007).cast(pl.String).alias("request"),
        (number * 104_729 % 17).alias("position"),
        number.alias("item"),
        pl.lit(None, dtype=pl.String).alias(DROPPED),
    )
    shape = Lists("request", order="position", columns=["position", "item"])
    marked = shape.mark(rows)
    assert marked.collect(engine="streaming").equals(marked.collect(engine="in-memory"))
    lists = shape.form(marked).collect(engine="streaming")
    assert lists.equals(shape.form(marked).collect(engine="in-memory"))
    assert lists["size"].sum() == 200_000
    assert lists["item"].list.min().is_sorted()
    assert lists.select(pl.col("position").list.eval(pl.element().diff().min() >= 0).list.all().all()).item()


def test_declarations_that_cannot_work_are_refused():
    with pytest.raises(ParameterError, match="request must be at least one column"):
        Lists([], order="position", columns=["item"])
    with pytest.raises(ParameterError, match="columns must be at least one column"):
        Lists("request", order="position", columns=[])
    with pytest.raises(DeclarationError, match="more than one column 'item'"):
        Lists("request", order="position", columns=["item"], first=["item"])
    with pytest.raises(DeclarationError, match="more than one column 'size'"):
        Lists("request", order="position", columns=["size"])
    with pytest.raises(ColumnMissingError, match="Did you mean 'position'"):
        Lists("request", order="positon", columns=["item"]).schema(DECLARED)
