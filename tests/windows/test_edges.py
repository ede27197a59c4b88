"""Edges of windows and tiles at which a number was once wrong, or nearly: zeros, infinities, 64 bits, names."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from featurelib.errors import DataRefusedError
from featurelib.logs import Log
from featurelib.schema import Column, Table
from featurelib.windows import (
    Decayed,
    Grain,
    LastValue,
    Maximum,
    Mean,
    Minimum,
    Sum,
    TileSpec,
    Window,
    fold,
    questions,
)
from featurelib.windows.parts import Total
from featurelib.windows.tiles import merge
from featurelib.windows.track import Track

TIME = pl.Datetime("us", "UTC")
START = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Sold(Table):
    """One row per sale."""

    event_time = "at"
    min_rows = 0

    at = Column(dtype=TIME, doc="When.")
    item_id = Column(dtype=pl.String(), doc="What.")
    price = Column(dtype=pl.Float64(), doc="For how much.", nullable=True)
    n = Column(dtype=pl.Int64(), doc="How many.", nullable=True)
    size = Column(dtype=pl.UInt64(), doc="How large.", nullable=True)
    n_at = Column(dtype=TIME, doc="When that was counted.", nullable=True)


SOLD = Log(name="sold", table=Sold, files="sold/{dt}/*.parquet")
COMMON: dict[str, Any] = {"of": SOLD, "by": "item_id", "over": "1d"}


def answered(windows: Sequence[Window], events: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the windows say of item x, five hours after the start."""
    rows = [{"at": START, "item_id": "x"} | event for event in events]
    log = pl.DataFrame(rows, schema=Sold.polars_schema())
    (question,) = questions(windows, "UTC")
    tiles = [(spec, made.drop("bucket").lazy()) for spec, made in fold(question.tiles, lambda _: log.lazy())]
    samples = pl.LazyFrame({"item_id": ["x"], "at": [START + 300 * MINUTE]}, schema={"item_id": pl.String, "at": TIME})
    asked, _ = question.asked(samples, "at")
    laid = question.lay(tiles, asked["entity"])
    return laid.answer(asked.with_columns(entity=pl.lit(0, pl.UInt32)), {}).drop("id").row(0, named=True)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("prices", [(0.0, -0.0), (-0.0, 0.0)])
def test_which_zero_is_the_smallest_does_not_hang_on_the_order(prices: tuple[float, float], *, exact: bool):
    windows = [kind(kind.__name__, column="price", exact=exact, **COMMON) for kind in (Minimum, Maximum)]
    found = answered(windows, [{"at": START + n * MINUTE, "price": price} for n, price in enumerate(prices)])
    assert [math.copysign(1.0, value) for value in found.values()] == [1.0, 1.0]


@pytest.mark.parametrize("apart", [1, 70])
def test_infinities_that_meet_are_no_number_and_no_warning(apart: int):
    windows = [
        Sum("sum", column="price", **COMMON),
        Mean("mean", column="price", **COMMON),
        Minimum("least", column="price", **COMMON),
        Decayed("faded", column="price", half_life="1s", **COMMON),
    ]
    events = [{"price": math.inf}, {"price": -math.inf, "at": START + apart * MINUTE}]
    found = answered(windows, events)
    assert found.pop("least") == -math.inf
    assert all(math.isnan(value) for value in found.values())


@pytest.mark.parametrize(
    "events",
    [
        [{"n": 2**62}] * 2,
        [{"n": 2**62, "at": START + hour * 60 * MINUTE} for hour in (0, 1)],
        [{"n": -(2**63), "at": START + hour * 60 * MINUTE} for hour in (0, 1)],
    ],
)
@pytest.mark.parametrize("kind", [Sum, Mean])
def test_a_sum_that_64_bits_do_not_hold_is_refused(kind: Any, events: list[dict[str, Any]]):
    with pytest.raises(DataRefusedError, match="to more than 64 bits hold: declare it as Float64"):
        answered([kind("total", column="n", **COMMON)], events)


def test_two_partitions_may_not_add_up_to_more_than_64_bits_hold_in_an_hour_they_share():
    hour, whole = pl.Schema({"entity": pl.String, "at": TIME}), Total("n")
    spec = TileSpec(SOLD, ("item_id",), Grain("1h", "Asia/Kolkata"), parts=(whole,))
    tiles = pl.DataFrame({"entity": ["x"] * 2, "at": [START] * 2}, schema=hour)
    most = tiles.with_columns(pl.Series(whole.name, [2**63 - 2, 1]))
    assert merge(spec, most)[whole.name].to_list() == [2**63 - 1]
    with pytest.raises(DataRefusedError, match="values of 'n' of log 'sold' add up to more than 64 bits hold"):
        merge(spec, tiles.with_columns(pl.Series(whole.name, [2**63 - 1, 1])))


def test_numbers_without_a_sign_add_up_as_far_as_64_bits_with_one_go():
    events = [{"size": 2**62, "at": START + hour * 600 * MINUTE} for hour in (0, 1)]
    windows = [Sum("total", column="size", **COMMON), Maximum("most", column="size", **COMMON)]
    assert answered(windows, events) == {"total": 2**62, "most": 2**62}  # the second one is later
    with pytest.raises(DataRefusedError, match="values of 'size' of log 'sold' add up to more than 64 bits hold"):
        answered(windows, [{"size": 2**63}])


def test_columns_may_be_called_like_what_tiles_keep_of_others():
    windows = [
        LastValue("count", column="n", **COMMON),
        LastValue("counted", column="n_at", **COMMON),
        Decayed("sales", half_life="1h", **COMMON),
        Decayed("items", half_life="1h", column="n", **COMMON),
    ]
    later = START + timedelta(days=9)
    found = answered(windows, [{"n": 4, "n_at": START}, {"n_at": later, "at": START + MINUTE}])
    assert (found["count"], found["counted"]) == (4, later)
    assert found["items"] == pytest.approx(4 * 2.0**-5)
    assert found["sales"] == pytest.approx((1 + 2 ** (1 / 60)) * 2.0**-5)


def test_far_more_entities_may_ask_than_have_events():
    year = timedelta(days=365) // timedelta(microseconds=1)
    track = Track(np.array([0, 0, 1]), np.array([0, year, 5]))
    asked = np.arange(2, 10_000_000, 9_973)
    assert set(track.before(asked, np.full(len(asked), year // 2)).tolist()) == {3}
