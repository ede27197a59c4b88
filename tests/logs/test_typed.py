"""Texts become the declared type exactly, or not at all."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from featurelib.logs._rules import any_fault
from featurelib.logs._typed import type_faults, typed
from featurelib.schema.column import Column, Epoch


def parsed(texts: list[str], dtype: pl.DataType, *, epoch: Epoch | None = None, zone: str | None = None) -> list[Any]:
    """Type texts; one that fails is shown as its reason."""
    columns = {"x": Column(dtype=dtype, doc="x", epoch=epoch, zone=zone)}
    rows = typed(pl.DataFrame({"x": texts}, schema={"x": pl.String}), columns, ("",))
    faults = type_faults(columns)
    reason = pl.coalesce(*(pl.when(fault.broken).then(pl.lit(fault.reason)) for fault in faults))
    shown = rows.select("x", reason=reason, bad=any_fault(faults)).rows()
    return [why if bad else value for value, why, bad in shown]


@pytest.mark.parametrize(
    ("dtype", "cases"),
    [
        (pl.Int64(), {"7": 7, "007": 7, "-3": -3, "+3": 3, "9223372036854775807": 2**63 - 1, "": None}),
        (
            pl.Int64(),
            dict.fromkeys(["1.0", "1e3", " 1", "1 ", "9223372036854775808", "0x1", "1_0", "true"], "bad_type"),
        ),
        (pl.UInt8(), {"255": 255, "256": "bad_type", "-1": "bad_type"}),
        (pl.UInt64(), {"18446744073709551615": 2**64 - 1}),
        (pl.Float64(), {"1e3": 1000.0, ".5": 0.5, "-0.1": -0.1, "inf": float("inf"), "1": 1.0}),
        (pl.Float64(), dict.fromkeys(["1e400", "1,5", "1 ", "one", "0x1p3", "1_0"], "bad_type")),
        (pl.Float32(), {"0.5": 0.5, "1e39": "bad_type"}),
        (pl.Boolean(), {"true": True, "False": False, "1": True, "0": False, "yes": "bad_type", "": None}),
        (pl.String(), {"007": "007", "1e3": "1e3", "": "", " x ": " x "}),
        (pl.Date(), {"2026-11-01": date(2026, 11, 1), "2026-2-1": "bad_type", "2026-02-30": "bad_type"}),
        (pl.Date(), dict.fromkeys(["20261101", "2026-11-01T00:00:00", "+12026-11-01"], "bad_type")),
        (pl.Decimal(8, 2), {"1.05": Decimal("1.05"), "-3": Decimal(-3), "1.005": "bad_type", "1e2": "bad_type"}),
        (pl.Enum(["a", "b"]), {"a": "a", "c": "bad_type", "": None}),
    ],
)
def test_texts_of_each_type(dtype: pl.DataType, cases: dict[str, object]) -> None:
    assert parsed(list(cases), dtype) == list(cases.values())


AT = datetime(2026, 11, 1, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-11-01T12:30:15Z", AT),
        ("2026-11-01 12:30:15+00:00", AT),
        ("2026-11-01 12:30:15.250+00", AT.replace(microsecond=250_000)),
        ("2026-11-01T18:00:15.000001+0530", AT.replace(microsecond=1)),
        ("2026-11-01T07:30:15.123456000-05:00", AT.replace(microsecond=123_456)),
        ("2026-11-01T12:30:15", "bad_time"),
        ("2026-11-01 12:30:15.5", "bad_time"),
        ("2026-11-01T12:30:15.1234567Z", "bad_type"),
        ("2026-11-01", "bad_type"),
        ("2026-11-01T12:30Z", "bad_type"),
        ("2026-02-30T12:30:15Z", "bad_type"),
        ("2026-11-01T25:30:15Z", "bad_type"),
        ("1762000215", "bad_type"),
        ("2026-11-01T12:30:15+99:00", "bad_type"),
        (" 2026-11-01T12:30:15Z", "bad_type"),
        ("01/Nov/2026:12:30:15 +0000", AT),
        ("01/Nov/2026:07:00:15 -0530", AT),
        ("31/Nov/2026:12:30:15 +0000", "bad_type"),
        ("01/Now/2026:12:30:15 +0000", "bad_type"),
        ("01/Nov/2026:12:30:15", "bad_type"),
    ],
)
def test_an_instant_states_its_zone(text: str, want: object) -> None:
    assert parsed([text], pl.Datetime("us", "UTC")) == [want]


def test_an_instant_keeps_its_moment_in_another_zone_and_unit() -> None:
    (berlin,) = parsed(["2026-11-01T12:30:15Z"], pl.Datetime("ms", "Europe/Berlin"))
    assert (berlin, berlin.hour) == (AT, 13)
    assert parsed(["2026-11-01T12:30:15.0001Z"], pl.Datetime("ms", "UTC")) == ["bad_type"]


def test_nanoseconds_reach_from_1677_to_2262() -> None:
    dtype = pl.Datetime("ns", "UTC")
    assert parsed(["2026-11-01T12:30:15.123456789Z"], dtype) == [AT.replace(microsecond=123_456)]
    assert parsed(["1500-01-01T00:00:00Z", "9999-12-31T23:59:59Z"], dtype) == ["bad_type", "bad_type"]


def test_a_local_time_states_no_zone() -> None:
    dtype = pl.Datetime("us")
    assert parsed(["2026-11-01T12:30:15", "2026-11-01 12:30:15.5"], dtype) == [
        AT.replace(tzinfo=None),
        AT.replace(tzinfo=None, microsecond=500_000),
    ]
    assert parsed(["2026-11-01T12:30:15Z", "noon"], dtype) == ["bad_time", "bad_type"]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-07-01 14:30:15", AT.replace(month=7)),
        ("2026-11-01T13:30:15.000001", AT.replace(microsecond=1)),
        ("2026-11-01T13:30:15.0000010", AT.replace(microsecond=1)),
        ("2026-11-01T12:30:15Z", AT),  # what is stated counts
        ("2026-11-01 07:30:15-05", AT),
        ("01/Nov/2026:07:30:15 -0500", AT),
        ("1793536215", AT),
        ("2026-10-25 01:59:59", datetime(2026, 10, 24, 23, 59, 59, tzinfo=UTC)),
        ("2026-10-25 02:00:00", "bad_time"),  # Berlin's clocks show it twice
        ("2026-10-25 02:59:59.999999", "bad_time"),
        ("2026-10-25 03:00:00", datetime(2026, 10, 25, 2, tzinfo=UTC)),
        ("2026-10-25 02:30:00+02:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-03-29 02:00:00", "bad_time"),  # and skip it
        ("2026-03-29 02:59:59", "bad_time"),
        ("2026-03-29 03:00:00", datetime(2026, 3, 29, 1, tzinfo=UTC)),
        ("0000-01-01 00:00:00", "bad_time"),
        ("17", "bad_time"),  # of another unit
        ("2026-02-30 12:30:15", "bad_type"),
        ("2026-11-01 12:30:15.1234567", "bad_type"),
        ("2026-11-01", "bad_type"),
    ],
)
def test_a_declared_zone_is_that_of_times_that_state_none(text: str, want: object) -> None:
    assert parsed([text], pl.Datetime("us", "UTC"), epoch="s", zone="Europe/Berlin") == [want]


def test_a_declared_zone_need_not_be_the_columns() -> None:
    texts = ["2026-11-01 12:30:15", "1500-01-01 00:00:00", "9999-12-31 23:59:59"]
    (tokyo, *others) = parsed(texts, pl.Datetime("ns", "Asia/Tokyo"), zone="UTC")
    assert (tokyo, tokyo.hour, others) == (AT, 21, ["bad_type", "bad_type"])
    assert parsed(texts[2:], pl.Datetime("us", "UTC"), zone="UTC") == [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
