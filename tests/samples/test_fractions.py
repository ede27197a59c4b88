"""Keeping a fraction of the negatives: who stays, weights, and calibration."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.samples.duplicates import ROW
from featurelib.samples.fractions import KeepFraction, calibrate
from featurelib.samples.keyed_hash import in_share
from featurelib.samples.step import DROPPED, WEIGHT

SCHEMA = {"id": pl.Int64, "click": pl.Int8, DROPPED: pl.String}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.none() | st.integers(0, 9),
            "click": st.sampled_from([0, 0, 1, None]),
            DROPPED: st.sampled_from([None, None, "earlier"]),
        }
    ),
    max_size=12,
)
RATES = st.sampled_from([0.1, 0.3, 0.5, 0.9, 1.0])


def rule_of(rate: float, seed: int = 0) -> KeepFraction:
    return KeepFraction(rate, label="click", keys=["id"], seed=seed)


def marked(rule: KeepFraction, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return the rows marked, having seen that neither engine, nor chunks, nor the order of the rows changes them."""
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").with_row_index(ROW)
    shuffled = frame.sample(fraction=1, shuffle=True, seed=1)
    chunked = pl.concat([shuffled.head(len(rows) // 2), shuffled.slice(len(rows) // 2)], rechunk=False)
    expected = rule.mark(frame.lazy()).collect(engine="in-memory")
    assert expected.drop(DROPPED, WEIGHT).equals(frame.drop(DROPPED))
    assert expected.schema == rule.schema(frame.schema)
    for engine in ("in-memory", "streaming"):
        found = rule.mark(chunked.lazy()).collect(engine=engine)
        assert found[ROW].equals(chunked[ROW])
        assert found.sort(ROW).equals(expected)
    return expected


@given(rows=ROWS, rate=RATES, seed=st.integers(0, 2))
def test_negatives_stay_by_their_hash_and_weigh_one_over_the_rate(rows: list[dict[str, Any]], rate: float, seed: int):
    ids = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    inside = ids.select(in_share("keep_fraction", seed, ["id"], rate)).to_series()
    expected = [
        (
            row[DROPPED] or (None if row["click"] == 1 or stays else "sampled_out"),
            1.0 if row["click"] == 1 else 1 / rate,
        )
        for row, stays in zip(rows, inside, strict=True)
    ]
    assert marked(rule_of(rate, seed), rows).select(DROPPED, WEIGHT).rows() == expected


def test_about_the_rate_of_many_negatives_stays_and_their_weights_sum_to_all():
    rows = pl.LazyFrame({"id": range(100_000)}).with_columns(
        pl.lit(0, pl.Int8).alias("click"), pl.lit(None, pl.String).alias(DROPPED)
    )
    kept = rule_of(0.2).mark(rows).filter(pl.col(DROPPED).is_null()).collect()
    assert kept[WEIGHT].sum() == pytest.approx(100_000, rel=0.02)  # three standard errors are 1.9 %


def test_null_label_is_a_negative():
    rows = [{"id": i, "click": None, DROPPED: None} for i in range(50)]
    found = marked(rule_of(0.1), rows)
    assert found[WEIGHT].unique().to_list() == [10.0]
    assert found[DROPPED].null_count() < 25


def test_rate_1_keeps_all_at_weight_1():
    rows = [{"id": i, "click": i % 2, DROPPED: None} for i in range(20)]
    found = marked(rule_of(1.0), rows)
    assert (found[DROPPED].null_count(), found[WEIGHT].to_list()) == (20, [1.0] * 20)


def test_larger_rate_keeps_the_same_rows_and_more():
    rows = [{"id": i, "click": 0, DROPPED: None} for i in range(300)]
    few, many = (marked(rule_of(rate), rows).filter(pl.col(DROPPED).is_null())["id"] for rate in (0.2, 0.6))
    assert set(few) < set(many)


def test_weight_that_is_there_is_multiplied():
    frame = pl.LazyFrame({"id": [1, 2, 3], "click": [1, 0, 0], WEIGHT: [3.0, 3.0, None]}, schema_overrides=SCHEMA)
    found = rule_of(0.25).mark(frame.with_columns(pl.lit(None, pl.String).alias(DROPPED))).collect()
    assert found[WEIGHT].to_list() == [3.0, 12.0, None]


@pytest.mark.parametrize("rate", [0, -0.1, 1.01, float("nan")])
def test_rate_out_of_range_is_an_error(rate: float):
    for small in (rate, 1e-320):  # of which the hash keeps nothing
        with pytest.raises(ParameterError, match=r"rate must be at least 2\*\*-64 and at most 1"):
            rule_of(small)
    with pytest.raises(ParameterError, match="'calibrate': rate must be above 0 and at most 1"):
        calibrate(0.5, rate)


def test_no_key_is_an_error():
    with pytest.raises(ParameterError, match="keys must be at least one column"):
        KeepFraction(0.5, label="click", keys=[])


def test_columns_are_checked_before_data_is_read():
    given = pl.Schema({**SCHEMA, "score": pl.Float64()})
    assert rule_of(0.5).schema(given) == pl.Schema({**given, WEIGHT: pl.Float64()})
    assert rule_of(0.5).reasons == ("sampled_out",)
    with pytest.raises(ColumnMissingError, match="reads column 'clicked'"):
        KeepFraction(0.5, label="clicked", keys=["id"]).schema(given)
    with pytest.raises(ColumnTypeError, match="'score' of the samples to be text, integer or boolean"):
        KeepFraction(0.5, label="click", keys=["score"]).schema(given)
    with pytest.raises(ColumnTypeError, match="'sample_weight' of the samples to be Float64, got Int8"):
        rule_of(0.5).schema(pl.Schema({**given, WEIGHT: pl.Int8()}))


@given(predictions=st.lists(st.floats(0, 1), min_size=1, max_size=9), rate=st.floats(1e-6, 1))
def test_calibration_of_numbers_arrays_columns_and_expressions_is_the_same(predictions: list[float], rate: float):
    column = pl.Series("p", predictions)
    numbers = [calibrate(p, rate) for p in predictions]
    assert numbers == calibrate(np.array(predictions), rate).tolist()
    assert numbers == calibrate(column, rate).to_list()
    assert numbers == column.to_frame().select(calibrate(pl.col("p"), rate)).to_series().to_list()
    assert numbers == pytest.approx([p / (p + (1 - p) / rate) for p in predictions], rel=1e-12)


def test_calibration_undoes_the_sampling():
    clicks, negatives, rate = 30, 970, 0.1
    sampled = clicks / (clicks + rate * negatives)
    assert calibrate(sampled, rate) == pytest.approx(0.03)


def test_calibration_keeps_certainty_null_and_nan():
    assert calibrate(pl.Series([0.0, 1.0, None]), 0.01).to_list() == [0.0, 1.0, None]
    assert np.isnan(calibrate(float("nan"), 0.5))
