"""Delayed feedback: rows twice, their delays, and the arithmetic that makes up for fake negatives."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, DeclarationError
from featurelib.samples.delayed_feedback import DelayedFeedback, calibrate_fake_negatives, fake_negative_weight
from featurelib.samples.duplicates import ROW
from featurelib.samples.step import PartitionFacts

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
ONE = NOON + timedelta(hours=1)
TIME = pl.Datetime("us", "UTC")
GIVEN = pl.Schema({ROW: pl.UInt32(), "item": pl.String(), "at": TIME, "buy": pl.Int8(), "buy__at": TIME})
MAKER = DelayedFeedback("buy", time="at")


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def facts(observed_at: datetime) -> PartitionFacts:
    return PartitionFacts(time="at", labels=pl.Schema({"buy": pl.Int8()}), observed_at=observed_at)


def made(rows: list[dict[str, Any]], observed_at: datetime = ONE, engine: Any = "auto") -> pl.DataFrame:
    frame = pl.LazyFrame(rows, schema=GIVEN)
    return MAKER.make(frame, frame, facts(observed_at)).collect(engine=engine)


def shown(at: datetime, bought: datetime | None = None, row: int = 0) -> dict[str, Any]:
    return {ROW: row, "item": f"i{row}", "at": at, "buy": int(bought is not None), "buy__at": bought}


def test_a_positive_is_a_negative_first():
    found = made([shown(minutes(0), row=0), shown(minutes(1), minutes(5), row=1)])
    assert found.select(ROW, "buy", "seen_at").rows() == [
        (0, 0, minutes(0)),
        (1, 0, minutes(1)),
        (1, 1, minutes(5)),
    ]


def test_both_rows_of_a_positive_say_how_long_it_took():
    found = made([shown(minutes(0), minutes(0) + timedelta(microseconds=1_500_000))])
    assert found.select("delay_s", "elapsed_s").rows() == [(1.5, 3600.0)] * 2
    assert found["buy__at"].null_count() == 0


def test_an_event_after_the_last_look_at_outcomes_has_not_waited():
    assert made([shown(minutes(90))])["elapsed_s"].to_list() == [0.0]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_zones_and_units_of_time_change_no_seconds(unit: str):
    local = pl.Datetime(unit, "Asia/Kolkata")
    rows = pl.LazyFrame([shown(minutes(0), minutes(5))], schema=GIVEN).cast({"at": local, "buy__at": local})
    found = MAKER.make(rows, rows, facts(minutes(60))).collect()
    assert found.select("delay_s", "elapsed_s").rows() == [(300.0, 3600.0)] * 2
    assert found.schema["seen_at"] == local


@given(
    drawn=st.lists(st.tuples(st.integers(0, 90), st.none() | st.integers(0, 90)), max_size=12),
    observed=st.sampled_from([0, 45, 100]),
    engine=st.sampled_from(["in-memory", "streaming"]),
)
def test_rows_are_what_a_loop_makes(drawn: list[tuple[int, int | None]], observed: int, engine: str):
    rows = [
        shown(minutes(at), None if delay is None else minutes(at + delay), row=row)
        for row, (at, delay) in enumerate(drawn)
    ]
    negatives, positives = [], []
    for row, (at, delay) in zip(rows, drawn, strict=True):
        waited = {"delay_s": None if delay is None else delay * 60.0, "elapsed_s": max(observed - at, 0) * 60.0}
        negatives.append({**row, "buy": 0, "seen_at": row["at"], **waited})
        if delay is not None:
            positives.append({**row, "buy": 1, "seen_at": row["buy__at"], **waited})
    assert made(rows, minutes(observed), engine).to_dicts() == negatives + positives


def test_no_rows_make_none():
    assert made([]).is_empty()
    assert made([]).schema == MAKER.schema(GIVEN)


def test_many_rows_keep_their_order_when_streamed():
    number = pl.int_range(200_000, dtype=pl.UInt32)
    at = (pl.lit(NOON) + pl.duration(seconds=number)).cast(TIME)
    bought = number % 3 == 0
    rows = pl.LazyFrame().select(
        number.alias(ROW), at.alias("at"), bought.cast(pl.Int8).alias("buy"), pl.when(bought).then(at).alias("buy__at")
    )
    found = MAKER.make(rows, rows, facts(NOON)).collect(engine="streaming")
    assert found[ROW].to_list() == [*range(200_000), *range(0, 200_000, 3)]


def test_a_label_without_times_is_refused():
    with pytest.raises(ColumnMissingError, match="'click__at', which the samples table lacks"):
        DelayedFeedback("click", time="at").schema(pl.Schema({**GIVEN, "click": pl.Int8()}))


@pytest.mark.parametrize(
    ("column", "dtype", "want"),
    [
        ("buy", pl.Float64(), "Int8"),
        ("at", pl.Int64(), "a Datetime"),
        ("buy__at", pl.Datetime("ms", "UTC"), "Datetime.* like 'at'"),
    ],
)
def test_columns_of_another_type_are_refused(column: str, dtype: pl.DataType, want: str):
    with pytest.raises(ColumnTypeError, match=f"{column!r} of the samples to be {want}"):
        MAKER.schema(pl.Schema({**GIVEN, column: dtype}))


def test_no_feature_may_read_what_it_adds():
    assert set(MAKER.schema(GIVEN)) - set(GIVEN) == set(MAKER.outcomes)


def test_a_column_that_is_taken_is_refused():
    with pytest.raises(DeclarationError, match="adds column 'delay_s'"):
        MAKER.schema(pl.Schema({**GIVEN, "delay_s": pl.Float64()}))


@given(share=st.floats(0, 1))
def test_weights_give_the_stream_the_loss_of_the_truth(share: float):
    # of 1 + share rows per impression, share are positive; each side's weight restores the truth's share
    assert share * fake_negative_weight(1, share) == pytest.approx(share * (1 + share))
    assert fake_negative_weight(0, share) == pytest.approx((1 - share) * (1 + share))
    assert calibrate_fake_negatives(share / (1 + share)) == pytest.approx(share)


def test_a_probability_above_one_half_is_calibrated_to_one():
    assert [calibrate_fake_negatives(biased) for biased in (0.0, 0.5, 0.7, 1.0)] == [0.0, 1.0, 1.0, 1.0]
    assert np.isnan(calibrate_fake_negatives(float("nan")))


def test_arrays_series_and_expressions_answer_as_floats_do():
    labels, predictions = [1, 0, 1, 0], [0.5, 0.5, 1.0, 0.0]
    weights = [fake_negative_weight(label, p) for label, p in zip(labels, predictions, strict=True)]
    calibrated = [calibrate_fake_negatives(p) for p in predictions]
    frame = pl.DataFrame({"label": pl.Series(labels, dtype=pl.Int8), "p": predictions})
    assert fake_negative_weight(np.array(labels), np.array(predictions)).tolist() == weights
    assert fake_negative_weight(frame["label"], frame["p"]).to_list() == weights
    assert frame.select(fake_negative_weight(pl.col("label"), pl.col("p"))).to_series().to_list() == weights
    assert calibrate_fake_negatives(np.array(predictions)).tolist() == calibrated
    assert calibrate_fake_negatives(frame["p"]).to_list() == calibrated
    assert frame.select(calibrate_fake_negatives(pl.col("p"))).to_series().to_list() == calibrated


def test_null_and_nan_predictions_stay():
    predictions = pl.Series([None, float("nan")])
    for answer in (calibrate_fake_negatives(predictions), fake_negative_weight(pl.Series([0, 1]), predictions)):
        assert answer[0] is None
        assert np.isnan(answer[1])
