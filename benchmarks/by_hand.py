"""By hand: one day of the search ranking table as one would write it in polars alone, for comparison.

The same rows and the same columns, without what a pipeline adds: no checks, no quarantine, no samples table, no
versions. Run as ``python -m benchmarks.by_hand LOGS DAY PROGRAM TILES OUT``.
"""

import sys
import unicodedata
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import polars_hash  # noqa: F401  # registers the stable hash

from featurelib.program import Program, load

WITHIN, OVER, DELAY = timedelta(minutes=30), "168h", "-169h"
ALPHA, BETA = 1.0, 20.0
MISSING = pl.lit(0, dtype=pl.UInt32)


def scan(logs: Path, log: str, day: date) -> pl.LazyFrame:
    """Return a day of a log, in order of hours."""
    return pl.scan_parquet(sorted((logs / log / f"dt={day}").glob("hr=*/*.parquet")), hive_partitioning=False)


def repeated(events: pl.DataFrame, time: str) -> pl.Series:
    """Return the rows whose event id came before: by event time, landing time, then order."""
    suspects = events.filter(pl.col("event_id").is_duplicated()).sort(time, "landed_at", "row")
    return suspects.filter(~pl.col("event_id").is_first_distinct())["row"].sort()


def clicked_rows(shown: pl.DataFrame, clicks: pl.DataFrame) -> pl.DataFrame:
    """Credit each click to the latest impression of its request and item, and return the rows with a click."""
    pairs = clicks.with_row_index("click").join(shown, on=["request_id", "item_id"])
    in_time = pairs.filter(pl.col("shown_at") <= pl.col("clicked_at"))
    latest = in_time.sort("shown_at", "row").group_by("click").agg(pl.all().last())
    credited = latest.filter(pl.col("clicked_at") - pl.col("shown_at") < WITHIN)
    return credited.select("row", clicked=pl.lit(1, dtype=pl.Int8)).unique()


def hourly(events: pl.DataFrame, time: str, log: str) -> pl.DataFrame:
    """Count the events of an item in an hour."""
    hours = events.lazy().select(entity="item_id", hour=pl.col(time).dt.truncate("1h"))
    counts = [pl.len().cast(pl.Int64).alias(log), pl.lit(0, dtype=pl.Int64).alias(_other(log))]
    columns = ["entity", "hour", "clicks", "impressions"]
    return hours.group_by("entity", "hour").agg(counts).select(columns).collect()


def _other(log: str) -> str:
    return "clicks" if log == "impressions" else "impressions"


def click_rates(tiles: list[pl.DataFrame], day: date) -> pl.DataFrame:
    """Return the smoothed 7-day click rate of each item in each hour of the day, an hour late."""
    counts = pl.concat(tiles).group_by("entity", "hour").agg(pl.col("clicks", "impressions").sum())
    rate = (pl.col("clicks").sum() + ALPHA) / (pl.col("impressions").sum() + (ALPHA + BETA))
    rolled = (
        counts.sort("entity", "hour")
        .rolling("hour", period=OVER, offset=DELAY, closed="left", group_by="entity")
        .agg(rate=rate)
    )
    return rolled.filter(pl.col("hour").dt.date() == day)


class Constants:
    """What the fitted program knows, by feature."""

    def __init__(self, program: Program) -> None:
        self.steps: dict[str, Any] = {chain.into: chain.steps for chain in program.chains}
        self.outputs = program.outputs

    def index(self, feature: str, text: pl.Expr) -> pl.Expr:
        """Return the number of a term: 0 missing, 1 unseen, 2 the most frequent."""
        known = text.cast(pl.Enum(self.steps[feature][0].terms), strict=False).to_physical().cast(pl.UInt32) + 2
        return pl.when(text.is_null()).then(MISSING).otherwise(known.fill_null(1))

    def frequency(self, feature: str, index: str) -> pl.Expr:
        """Return the share of a term whose number is known already."""
        shares = pl.Series([None, *self.steps[feature][1].values], dtype=pl.Float32)
        return pl.lit(shares).gather(pl.col(index))

    def bins(self, feature: str, number: pl.Expr) -> pl.Expr:
        """Return the number of the bin, 0 where the value is missing."""
        edges = pl.lit(pl.Series(self.steps[feature][0].edges, dtype=pl.Float64))
        found = (edges.search_sorted(number, side="right") + 1).cast(pl.UInt8)
        return pl.when(number.is_not_null()).then(found).otherwise(pl.lit(0, dtype=pl.UInt8))

    def scaled(self, feature: str, number: pl.Expr) -> pl.Expr:
        """Shift and scale, 64 bits wide."""
        return (number - self.steps[feature][0].shift) * self.steps[feature][0].scale

    def bucket(self, feature: str, text: pl.Expr) -> pl.Expr:
        """Return a bucket from 1, 0 where the text is missing."""
        hashed = text.nchash.xxhash64(seed=42)  # type: ignore[attr-defined]
        return ((hashed % self.steps[feature][-1].buckets).cast(pl.UInt32) + 1).fill_null(0)


def normalized(query: pl.Series) -> pl.Series:
    """Spell queries alike; all but ASCII through Python, once per distinct query."""
    plain = query.str.to_lowercase().str.replace_all(r"[ \t\n\r\f\v]+", " ").str.strip_chars(" ")
    foreign = query.str.len_bytes() != query.str.len_chars()
    distinct = query.filter(foreign).unique()
    spelled = [" ".join(unicodedata.normalize("NFKC", text).lower().split()) for text in distinct]
    return plain.set(foreign.fill_null(value=False), query.filter(foreign).replace_strict(distinct, spelled)) \
        if False else query.to_frame("q").select(
        pl.when(foreign).then(pl.col("q").replace(distinct, spelled)).otherwise(plain)
    ).to_series()


def main() -> None:
    pass
