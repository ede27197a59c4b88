"""Samples, labels and their sums: what a declaration may say, and what it adds."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from featurelib.errors import (
    ColumnMissingError,
    ColumnTypeError,
    ConservationError,
    DeclarationError,
    ParameterError,
)
from featurelib.logs import Log
from featurelib.samples import (
    AttributedLabel,
    CarriedLabel,
    DelayedFeedback,
    Impressions,
    RandomItems,
    RowCounts,
    add_carried,
    add_credits,
)
from featurelib.samples.attribution import REASON
from featurelib.samples.duplicates import ROW
from featurelib.schema import Column, Table
from tests.shop import TIME, Shown, logs

IMPRESSIONS, CLICKS = logs()


def clicked(**changes: Any) -> AttributedLabel:
    parts = {"keys": ["request_id", "item_id"], "within": "30m"} | changes
    return AttributedLabel("clicked", parts.pop("log", CLICKS), **parts)


@pytest.mark.parametrize("text", ["", "30", "m", "-5m", "1.5h", "30 m", "30M", "1w", "٣m"])
def test_window_must_be_a_duration(text: str):
    with pytest.raises(ParameterError, match=r"within must be a duration such as 30m, 2h or 7d, got "):
        clicked(within=text)


@pytest.mark.parametrize("empty", ["0m", timedelta(0), timedelta(seconds=-1)])
def test_window_must_not_be_empty(empty: object):
    with pytest.raises(ParameterError, match="within must be longer than nothing"):
        clicked(within=empty)


@pytest.mark.parametrize(("text", "length"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("3d", 259_200)])
def test_window_reads_as_people_write_it(text: str, length: int):
    assert clicked(within=text).window == timedelta(seconds=length)


def test_label_needs_a_key():
    with pytest.raises(ParameterError, match="keys must be at least one column"):
        clicked(keys=[])
    with pytest.raises(ParameterError, match="keys must be each column once"):
        clicked(keys=["item_id", "item_id"])


def test_one_text_is_one_key():
    assert clicked(keys="request_id") == clicked(keys=["request_id"])
    assert Impressions(IMPRESSIONS, labels=[clicked()], key="request_id").key == ("request_id",)
    with pytest.raises(ColumnMissingError, match="the key reads column 'requestid', which the samples table lacks"):
        Impressions(IMPRESSIONS, labels=[clicked()], key="requestid")


def test_label_names_a_key_that_its_log_lacks():
    with pytest.raises(
        ColumnMissingError, match=r"label 'clicked' reads column 'item', which log 'clicks' lacks. Did you"
    ):
        clicked(keys=["item"])


def test_samples_need_a_label():
    with pytest.raises(DeclarationError, match="samples of log 'impressions' have no label; give at least one"):
        Impressions(IMPRESSIONS, labels=[])


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc", "Europe/berlin "])
def test_unknown_zone_is_refused(zone: str):
    with pytest.raises(ParameterError, match="timezone must be a zone such as Europe/Berlin, got "):
        Impressions(IMPRESSIONS, labels=[clicked()], timezone=zone)


def test_items_are_drawn_before_positives_are_shown_twice():
    drawn, delayed = RandomItems("item_id", n=1, request="request_id"), DelayedFeedback("clicked", time="shown_at")
    assert Impressions(IMPRESSIONS, labels=[clicked()], make=[drawn, delayed]).make == (drawn, delayed)
    with pytest.raises(DeclarationError, match=r"RandomItems\(.* comes after DelayedFeedback, .* Give it first: make="):
        Impressions(IMPRESSIONS, labels=[clicked()], make=[delayed, drawn])


def test_carried_label_names_a_column_that_the_log_lacks():
    with pytest.raises(
        ColumnMissingError, match=r"reads column 'slots', which log 'impressions' lacks. Did you mean 'slot'"
    ):
        Impressions(IMPRESSIONS, labels=[CarriedLabel("liked", column="slots")])


def test_carried_label_must_be_a_number():
    with pytest.raises(
        ColumnTypeError, match="label 'liked' needs column 'item_id' of log 'impressions' to be a number"
    ):
        Impressions(IMPRESSIONS, labels=[CarriedLabel("liked", column="item_id")])


@pytest.mark.parametrize(
    "label",
    [CarriedLabel("shown_at", column="slot"), AttributedLabel("shown_at", CLICKS, keys=["item_id"], within="1h")],
    ids=["carried", "attributed"],
)
def test_label_must_not_take_the_name_of_a_column(label: CarriedLabel | AttributedLabel):
    with pytest.raises(
        DeclarationError, match="label 'shown_at' adds column 'shown_at', which the samples already have"
    ):
        Impressions(IMPRESSIONS, labels=[label])


def test_two_labels_of_one_name_are_refused():
    with pytest.raises(DeclarationError, match="label 'clicked' adds column 'clicked', which the samples already have"):
        Impressions(IMPRESSIONS, labels=[clicked(), clicked(within="1h")])


def test_carried_label_may_keep_the_name_of_its_column():
    samples = Impressions(IMPRESSIONS, labels=[CarriedLabel("slot", column="slot")])
    assert samples.schema["slot"] == pl.Int8()
    assert samples.lookahead == timedelta(0)


def test_impression_log_lacks_a_key_of_the_label():
    class Anonymous(Table):
        event_time = "shown_at"
        item_id = Column(dtype=pl.String(), doc="Item.")
        shown_at = Column(dtype=TIME, doc="When.")

    log = Log(name="anonymous", table=Anonymous, files="{dt}.parquet")
    with pytest.raises(
        ColumnMissingError, match="label 'clicked' reads column 'request_id', which log 'anonymous' lacks"
    ):
        Impressions(log, labels=[clicked()])


@pytest.mark.parametrize(
    ("column", "dtype", "message"),
    [
        (
            "item_id",
            pl.Int64(),
            "column 'item_id' of log 'other' to be String like 'item_id' of log 'impressions', got Int64",
        ),
        ("seen_at", pl.Datetime("ms", "UTC"), r"column 'seen_at' of log 'other' to be Datetime\(time_unit='us'"),
        (
            "seen_at",
            pl.Datetime("us", "Asia/Tokyo"),
            r"column 'seen_at' of .* like 'shown_at' of log 'impressions', got Datetime\(.*Tokyo",
        ),
    ],
)
def test_keys_and_times_of_both_logs_must_have_one_type(column: str, dtype: pl.DataType, message: str):
    types = {"item_id": pl.String(), "seen_at": TIME} | {column: dtype}

    class Other(Table):
        event_time = "seen_at"
        columns = {name: Column(dtype=of, doc="As above.") for name, of in types.items()}  # noqa: RUF012

    other = Log(name="other", table=Other, files="{dt}.parquet")
    with pytest.raises(ColumnTypeError, match=f"label 'clicked' needs {message}"):
        Impressions(IMPRESSIONS, labels=[clicked(log=other, keys=["item_id"])])


def test_impressions_are_not_their_own_clicks():
    with pytest.raises(DeclarationError, match="attributed from log 'impressions' to itself; use CarriedLabel"):
        Impressions(IMPRESSIONS, labels=[clicked(log=IMPRESSIONS)])


def test_samples_have_the_columns_of_the_log_then_of_the_labels():
    samples = Impressions(IMPRESSIONS, labels=[clicked(), CarriedLabel("first", column="slot")])
    added = {"clicked": pl.Int8(), "clicked__count": pl.Int32(), "clicked__at": TIME, "first": pl.Int8()}
    assert list(samples.schema.items()) == [*Shown.polars_schema().items(), *added.items()]
    assert samples.logs == (IMPRESSIONS, CLICKS)
    assert samples.lookahead == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([True, False, None], [1, 0, None]),
        ([2, 1, 0, -3, None], [1, 1, 0, 0, None]),
        ([0.25, 0.0, -0.0, math.nan, math.inf, None], [1, 0, 0, None, 1, None]),
    ],
)
def test_carried_label_is_one_above_zero(values: list[object], labels: list[object]):
    frame = pl.LazyFrame({"raw": values})
    found = add_carried(frame, CarriedLabel("liked", column="raw")).collect()
    assert (found["liked"].to_list(), found["liked"].dtype) == (labels, pl.Int8)


def test_credits_count_and_tell_the_first_time_and_leave_rows_where_they_are():
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    samples = pl.LazyFrame({ROW: [2, 0, 1]}, schema={ROW: pl.UInt32})
    attributed = pl.DataFrame(
        {
            ROW: [0, 0, 1, None, 2],
            "clicked_at": [at + timedelta(minutes=m) for m in (5, 3, 4, 1, 9)],
            REASON: [None, None, "outside_window", "no_impression", "outside_window"],
        },
        schema={ROW: pl.UInt32, "clicked_at": TIME, REASON: pl.String},
    )
    found = add_credits(samples, clicked(), attributed).collect()
    assert found.rows() == [(2, 0, None, 0), (0, 2, at + timedelta(minutes=3), 1), (1, 0, None, 0)]
    assert found.select("clicked", "clicked__count").dtypes == [pl.Int8, pl.Int32]


def test_counts_add_up_over_days_and_survive_a_round_trip():
    total = RowCounts(5, 3, {"duplicate": 2}) + RowCounts(4, 1, {"bad_time": 1, "duplicate": 2})
    assert total == RowCounts(9, 4, {"bad_time": 1, "duplicate": 4})
    assert RowCounts.from_json(total.to_json()) == total.check("sum", "2026-11-01")


@pytest.mark.parametrize(("kept", "gap"), [(2, r"\+1"), (4, "-1")])
def test_sum_that_is_off_stops_the_run(kept: int, gap: str):
    message = (
        f"attribution of clicks of 2026-11-01: 5 rows in, {kept} kept, dropped: bad_time 0, duplicate 2. "
        f"{gap} rows are unaccounted for. This is a defect"
    )
    with pytest.raises(ConservationError, match=message):
        RowCounts(5, kept, {"duplicate": 2, "bad_time": 0}).check("attribution of clicks", "2026-11-01")
