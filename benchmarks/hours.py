"""By hours: a pipeline of tiny hourly partitions, for benchmarks of what a partition costs beside its rows.

It stands alone, as the module of a project does: the benchmarks copy it into a project of their own.
"""

from datetime import date

import polars as pl

from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.transforms import Feature, Frequency, HashBuckets, Log1p, Standardize, Vocabulary
from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog

START = date(2026, 1, 1)


class HourFeatures(Table):
    """One row per impression."""

    event_time = "shown_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="The impression.")
    item_id = Column(dtype=pl.String(), doc="The item shown.")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item came into view.")
    clicked = Column(dtype=pl.Int8(), doc="1 if clicked within 30 minutes.", between=(0, 1))
    item_index = Column(dtype=pl.UInt32(), doc="Index of the item.")
    item_frequency = Column(dtype=pl.Float32(), doc="Share of the item.", between=(0, 1))
    user_bucket = Column(dtype=pl.UInt32(), doc="Bucket of the user.")
    price_log = Column(dtype=pl.Float32(), doc="Logarithm of the price.", nullable=True)
    relevance_z = Column(dtype=pl.Float32(), doc="Relevance, standardized.", nullable=True)


def _log(name: str, rows: type[Table]) -> Log:
    return Log(name=name, table=rows, files=f"{name}/dt={{dt}}/hr={{hr}}/*.parquet", every="1h", event_id="event_id")


impressions, clicks = _log("impressions", ImpressionLog), _log("clicks", ClickLog)


def declared(name: str) -> Pipeline:
    """Return the pipeline under a name."""
    return Pipeline(
        name=name,
        samples=Impressions(
            impressions,
            labels=[AttributedLabel("clicked", clicks, keys=["request_id", "item_id"], within="30m")],
            every="1h",
        ),
        features=[
            Feature("item_index", Vocabulary("item_id", min_count=2)),
            Feature("item_frequency", Frequency("item_id")),
            Feature("user_bucket", HashBuckets("user_id", buckets=1024)),
            Feature("price_log", Log1p("price_usd")),
            Feature("relevance_z", Standardize("relevance")),
        ],
        table=HourFeatures,
        fit=Days(START, START),
    )


hours = declared("hours")
