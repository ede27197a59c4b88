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
from schemas.search_ranking_features import SearchRankingFeatures

WITHIN, OVER, DELAY = timedelta(minutes=30), "168h", "-169h"
ALPHA, BETA = 1.0, 20.0
MISSING = pl.lit(0, dtype=pl.UInt32)


def scan(logs: Path, log: str, day: date) -> pl.LazyFrame:
    """Return a day of a log, in order of hours."""
    return pl.scan_parquet(sorted((logs / log / f"dt={day}").glob("hr=*/*.parquet")), hive_partitioning=False)


def repeated(events: pl.DataFrame, time: str) -> pl.Series:
    """Return the rows whose event id came before: by event time, landing time, then order."""
    suspects = events.filter(pl.col("event_id").hash().is_duplicated()).sort(time, "landed_at", "row")
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
        constants = self.steps[feature][0]
        moved: pl.Expr = (number - constants.shift) * constants.scale
        return moved

    def bucket(self, feature: str, text: pl.Expr) -> pl.Expr:
        """Return a bucket from 1, 0 where the text is missing."""
        hashed: pl.Expr = text.nchash.xxhash64(seed=42)  # type: ignore[attr-defined]
        buckets: int = self.steps[feature][-1].buckets
        return ((hashed % buckets).cast(pl.UInt32) + 1).fill_null(0)


def normalized(query: pl.Series) -> pl.Series:
    """Spell queries alike, each distinct one once; all but ASCII through Python."""
    distinct = query.unique()
    plain = _folded(distinct.str.to_lowercase())
    foreign = distinct.str.len_bytes() != distinct.str.len_chars()
    spelled = [
        None if text is None else unicodedata.normalize("NFKC", text).lower() for text in distinct.filter(foreign)
    ]
    table = pl.DataFrame({"query": distinct, "plain": plain})
    rest = pl.DataFrame({"query": distinct.filter(foreign), "rest": _folded(pl.Series(spelled, dtype=pl.String))})
    both = table.join(rest, on="query", how="left").select("query", pl.coalesce("rest", "plain").alias("to"))
    return query.to_frame("query").join(both, on="query", how="left", maintain_order="left")["to"]


def _folded(text: pl.Series) -> pl.Series:
    return text.str.replace_all(r"[ \t\n\r\f\v]+", " ").str.strip_chars(" ")


def features(rows: pl.LazyFrame, known: Constants) -> pl.LazyFrame:
    """Add the features of a day's labelled rows, whose column ``rate`` is the click rate of the item."""
    query, price, age = pl.col("query"), pl.col("price_usd").fill_nan(None), pl.col("item_age_days").fill_nan(None)
    relevance, rate = pl.col("relevance").fill_nan(None), pl.col("rate")
    cleaned = rows.with_columns(
        query.map_batches(normalized, return_dtype=pl.String, is_elementwise=True),
        price.clip(upper_bound=known.steps["price_usd"][0].upper),
        age.fill_null(known.steps["item_age_days"][0].value),
        relevance,
        age_missing=age.is_null().cast(pl.Int8),
        position_bin=known.bins("position_bin", pl.col("position").cast(pl.Float64)),
    )
    indices = {name: pl.col(name.removesuffix("_index")) for name in ("query_index", "device_index", "country_index")}
    indices |= {name: pl.col(name.removesuffix("_index")) for name in ("category_index", "brand_index", "layout_index")}
    indices["item_index"] = pl.col("item_id")
    indices["age_missing"] = pl.col("age_missing").cast(pl.String)
    numbered = cleaned.with_columns(known.index(name, text).alias(name) for name, text in indices.items())
    price, age, relevance = pl.col("price_usd"), pl.col("item_age_days"), pl.col("relevance")
    single = {
        "query_frequency": known.frequency("query_frequency", "query_index"),
        "item_frequency": known.frequency("item_frequency", "item_index"),
        "price_z": known.scaled("price_z", price),
        "price_log": price.log1p(),
        "age_log": age.log1p(),
        "relevance_z": known.scaled("relevance_z", relevance),
        "relevance_minmax": known.scaled("relevance_minmax", relevance).clip(0.0, 1.0),
        "item_click_rate_z": known.scaled("item_click_rate_z", rate),
    }
    position = pl.col("position_bin").cast(pl.String)
    return numbered.with_columns(
        *(number.cast(pl.Float32).alias(name) for name, number in single.items()),
        user_bucket=known.bucket("user_bucket", pl.col("user_id")),
        price_bin=known.bins("price_bin", price),
        age_bin=known.bins("age_bin", age),
        relevance_bin=known.bins("relevance_bin", relevance),
        query_x_category=known.bucket("query_x_category", pl.concat_str(query, "category", separator="\x1f")),
        query_x_item=pl.lit(None, dtype=pl.UInt32),  # dropped when the program was fitted
        device_x_position=known.bucket("device_x_position", pl.concat_str("device", position, separator="\x1f")),
        item_click_rate_bin=known.bins("item_click_rate_bin", rate),
    )


def build(logs: Path, day: date, program: Path, tiles: Path, out: Path) -> None:
    """Make the table of one day from its logs, the program's constants and the hourly counts of the days before."""
    known = Constants(load(program))
    impressions = scan(logs, "impressions", day).with_row_index("row")
    shown = impressions.select("row", "event_id", "request_id", "item_id", "shown_at", "landed_at").collect()
    again = repeated(shown, "shown_at")
    shown = shown.filter(~pl.col("row").is_in(again.implode()))
    clicks = scan(logs, "clicks", day).with_row_index("row").collect()
    clicks = clicks.filter(~pl.col("row").is_in(repeated(clicks, "clicked_at").implode()))
    clicks = clicks.select("request_id", "item_id", "clicked_at")
    clicked = clicked_rows(shown.select("row", "request_id", "item_id", "shown_at"), clicks)
    today = [hourly(shown, "shown_at", "impressions"), hourly(clicks, "clicked_at", "clicks")]
    rates = click_rates([pl.read_parquet(tiles), *today], day)
    del shown
    rows = (
        impressions.filter(~pl.col("row").is_in(again.implode()))
        .join(clicked.lazy(), on="row", how="left", maintain_order="left")
        .with_columns(pl.col("clicked").fill_null(0), hour=pl.col("shown_at").dt.truncate("1h"))
        .join(rates.lazy(), left_on=["item_id", "hour"], right_on=["entity", "hour"], how="left", maintain_order="left")
    )
    carried = ["event_id", "request_id", "item_id", "shown_at", "clicked"]
    names = [name for name in SearchRankingFeatures.columns if name not in carried]
    features(rows, known).select(*carried, *names).sink_parquet(out, compression="zstd", row_group_size=65_536)


if __name__ == "__main__":
    build(Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), *map(Path, sys.argv[3:]))
