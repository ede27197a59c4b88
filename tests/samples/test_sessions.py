"""Sessions: against a loop over the rows, and at the edges of a gap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.sessions import Sessions
from featurelib.samples.step import DROPPED

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
TIME = pl.Datetime("us", "UTC")
GIVEN = pl.Schema({ROW: pl.UInt32(), "user": pl.String(), "site": pl.Int64(), "at": TIME, DROPPED: pl.String()})
BY_USER = Sessions("user", time="at")


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def frame(times: list[datetime | None], user: Any = "u1") -> pl.LazyFrame:
    users = user if isinstance(user, list) else [user] * len(times)
    rows = [(row, who, 1, at, None) for row, (who, at) in enumerate(zip(users, times, strict=True))]
    return pl.DataFrame(rows, schema=GIVEN, orient="row").lazy()


def placed(rows: pl.LazyFrame, rule: Sessions = BY_USER) -> list[tuple[str | None, int | None]]:
    found = rule.mark(rows).collect()
    return found.select(f"{rule.name}_id", f"{rule.name}_position").rows()


def positions(rows: pl.LazyFrame, rule: Sessions = BY_USER) -> list[int | None]:
    return [position for _, position in placed(rows, rule)]


def oracle(rows: list[dict[str, Any]], rule: Sessions) -> dict[int, tuple[str, int]]:
    """The session and the position of each row that is in one, by a loop."""
    found: dict[int, tuple[str, int]] = {}
    last: dict[tuple[Any, ...], tuple[datetime, str, int]] = {}
    in_session = [row for row in rows if row[DROPPED] is None and None not in [row["at"], *(row[c] for c in rule.by)]]
    for row in sorted(in_session, key=lambda row: (row["at"], row[ROW])):
        key = tuple(row[column] for column in rule.by)
        before, name, position = last.get(key, (None, "", 0))
        if before is None or (rule.gap is not None and row["at"] - before >= rule.gap):
            start = "" if rule.gap is None else f"@{(row['at'] - EPOCH) // TICK}"
            name, position = "\x1f".join(map(str, key)) + start, 0
        last[key] = (row["at"], name, position + 1)
        found[row[ROW]] = (name, position + 1)
    return found


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["u1", "u2", "", None]),
            "site": st.sampled_from([1, 2, None]),
            "at": st.none() | st.sampled_from([0, 10, 29, 30, 59, 60, 90]).map(minutes),
            DROPPED: st.sampled_from([None, None, None, "bot_agent"]),
        }
    ),
    max_size=14,
)


@given(
    drawn=ROWS,
    by=st.sampled_from([("user",), ("site",), ("user", "site")]),
    gap=st.sampled_from(["30m", "1s", None]),
    engine=st.sampled_from(["in-memory", "streaming"]),
    data=st.data(),
)
def test_each_row_is_where_a_loop_puts_it_whatever_the_order(drawn: list[dict[str, Any]], by, gap, engine, data):
    rows = data.draw(st.permutations([{ROW: number, **row} for number, row in enumerate(drawn)]))
    rule = Sessions(by, time="at", gap=gap)
    given_rows = pl.DataFrame(rows, schema=GIVEN)
    found = rule.mark(given_rows.lazy()).collect(engine=engine)
    expected = oracle(rows, rule)
    assert found.select("session_id", "session_position").rows() == [
        expected.get(row[ROW], (None, None)) for row in rows
    ]
    assert found.select(given_rows.columns).equals(given_rows)
    assert found.schema == rule.schema(GIVEN)


def test_a_silence_of_exactly_the_gap_ends_a_session():
    assert positions(frame([minutes(0), minutes(30) - TICK])) == [1, 2]
    assert positions(frame([minutes(0), minutes(30)])) == [1, 1]


def test_the_gap_counts_from_the_row_before_not_from_the_sessions_start():
    assert positions(frame([minutes(n) for n in (0, 29, 58, 87)])) == [1, 2, 3, 4]


def test_rows_at_one_instant_are_in_the_order_of_their_numbers():
    rows = frame([minutes(0)] * 3).sort(ROW, descending=True)
    assert positions(rows) == [3, 2, 1]


def test_the_id_names_the_user_and_the_first_instant_in_microseconds():
    at = NOON + timedelta(microseconds=7)
    (name, _), (again, _) = placed(frame([at + timedelta(minutes=1), at]))
    assert name == again == f"u1@{(at - EPOCH) // TICK}"


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_the_id_is_the_same_in_all_units_of_time(unit):
    rows = frame([minutes(0), minutes(30)]).cast({"at": pl.Datetime(unit, "Europe/Berlin")})
    starts = [(minutes(n) - EPOCH) // TICK for n in (0, 30)]
    assert placed(rows) == [(f"u1@{start}", 1) for start in starts]


def test_without_a_gap_the_given_id_is_taken_as_it_is():
    rule = Sessions("user", time="at", gap=None, name="visit")
    assert placed(frame([minutes(600), minutes(0)]), rule) == [("u1", 2), ("u1", 1)]


def test_a_given_session_id_can_be_split_further():
    rows = frame([minutes(0), minutes(10), minutes(50)], ["s1", "s2", "s1"])
    assert positions(rows, Sessions("user", time="at", name="sitting")) == [1, 1, 1]


def test_rows_of_nobody_and_without_time_are_in_no_session():
    assert placed(frame([minutes(0), None], [None, "u1"])) == [(None, None)] * 2


def test_a_dropped_row_holds_no_session_together():
    rows = frame([minutes(0), minutes(20), minutes(40)])
    dropped = pl.when(pl.col(ROW) == 1).then(pl.lit("bot_agent")).alias(DROPPED)
    assert positions(rows.with_columns(dropped)) == [1, None, 1]


def test_no_rows_give_no_sessions():
    found = BY_USER.mark(frame([])).collect()
    assert found.is_empty()
    assert found.schema == BY_USER.schema(GIVEN)


def test_nothing_is_dropped():
    assert BY_USER.reasons == ()
    assert BY_USER.mark(frame([None, minutes(0)])).collect()[DROPPED].null_count() == 2


def test_many_rows_keep_their_order_when_streamed():
    number = pl.int_range(200_000, dtype=pl.UInt32)
    rows = pl.LazyFrame().select(
        number.alias(ROW),
        (number * 7919 % 5_003).cast(pl.String).alias("user"),
        (pl.lit(NOON) + pl.duration(seconds=number * 104_729 % 86_400)).cast(TIME).alias("at"),
        pl.lit(None, dtype=pl.String).alias(DROPPED),
    )
    marked = BY_USER.mark(rows)
    streamed = marked.collect(engine="streaming")
    assert streamed[ROW].to_list() == list(range(200_000))
    assert streamed.equals(marked.collect(engine="in-memory"))


def test_declarations_that_cannot_work_are_refused():
    with pytest.raises(ParameterError, match="by must be at least one column"):
        Sessions([], time="at")
    with pytest.raises(ParameterError, match="gap must be longer than nothing"):
        Sessions("user", time="at", gap="0m")
    with pytest.raises(ParameterError, match="a duration such as 30m"):
        Sessions("user", time="at", gap="half an hour")


def test_columns_that_do_not_fit_are_refused():
    with pytest.raises(ColumnMissingError, match="Did you mean 'user'"):
        Sessions("usr", time="at").schema(GIVEN)
    with pytest.raises(ColumnTypeError, match="'score' of the samples to be text, integer or boolean"):
        Sessions("score", time="at").schema(pl.Schema({**GIVEN, "score": pl.Float64()}))
    with pytest.raises(ColumnTypeError, match="'site' of the samples to be a Datetime"):
        Sessions("user", time="site").schema(GIVEN)
    with pytest.raises(DeclarationError, match="'session_id', which the samples already have; give another name"):
        BY_USER.schema(pl.Schema({**GIVEN, "session_id": pl.String()}))
