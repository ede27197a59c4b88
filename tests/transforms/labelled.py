"""Labelled rows for tests of what learns from labels, and the other rows that each may learn from, row by row."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from featurelib.program.hashing import hash_text
from featurelib.transforms import EarlierDays, FirstDays, OutOfFold
from featurelib.transforms.fitted import Fitted

Row = Mapping[str, Any]
SCHEMA = {
    "category": pl.String(),
    "x": pl.Float64(),
    "request": pl.String(),
    "at": pl.Datetime("us", "UTC"),
    "label": pl.Int8(),
}
FOLDS = OutOfFold(key="request", time="at", folds=3)
DAYS = EarlierDays(time="at", zone="America/New_York")
FIRST = FirstDays(time="at", days=3)
START = datetime(2026, 10, 31, tzinfo=UTC)
LABEL = {"label": pl.Series([0, 1, None], dtype=pl.Int8)}


def frame(rows: int = 90, *, seed: int = 1, days: int = 4) -> pl.DataFrame:
    """Return rows of a few days, in which nothing is always there."""
    draw = np.random.default_rng(seed)

    def one_of(values: Sequence[Any]) -> Any:
        return values[draw.integers(len(values))]

    listed = [
        {
            "category": one_of(["a", "b", "c", "", None, f"rare {number}"]),
            "x": one_of([draw.normal(), float(draw.integers(-3, 4)), None, float("nan"), float("inf")]),
            "request": one_of([f"r{draw.integers(10)}", None]),
            "at": one_of([START + timedelta(hours=draw.uniform(0, 24 * days))] * 9 + [None]),
            "label": one_of([0, 0, 1, None]),
        }
        for number in range(rows)
    ]
    return pl.DataFrame(listed, schema=SCHEMA)


def others(row: Row, fitted: Sequence[Row], way: Fitted) -> list[Row]:
    """Return the fitted rows whose labels a row may be encoded by."""
    zone = ZoneInfo(way.zone)

    def day(of: Row) -> Any:
        return of["at"].astimezone(zone).date()

    learned = [other for other in fitted if other["label"] is not None and other["at"] is not None]
    if isinstance(way, FirstDays):
        first = sorted({*map(day, learned)})[: way.days]
        teach = [other for other in learned if day(other) in first]
        return teach if row["at"] is None or (first and day(row) > first[-1]) else []
    if row["at"] is None or not learned:
        return learned
    if isinstance(way, OutOfFold):
        if not min(map(day, learned)) <= day(row) <= max(map(day, learned)):
            return learned
        return [other for other in learned if _fold(other, way) != _fold(row, way)]
    return [other for other in learned if day(other) < day(row)]


def _fold(row: Row, way: OutOfFold) -> int:
    return 0 if row["request"] is None else hash_text(row["request"]) % way.folds
