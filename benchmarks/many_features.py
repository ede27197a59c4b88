"""Many features: a pipeline of 500 features over small days, for benchmarks of what a page tells.

It stands alone, as the module of a project does: the benchmark copies it into a project of its own.
"""

from datetime import date, timedelta
from itertools import islice, product

import polars as pl

from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions
from featurelib.schema import Column, Table
from featurelib.transforms import (
    EqualWidthBins,
    Feature,
    Frequency,
    HashBuckets,
    Log1p,
    MinMax,
    QuantileBins,
    Standardize,
    Vocabulary,
)
from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog

START, FITTED, FEATURES = date(2026, 8, 1), 14, 500


def _declared() -> list[Feature]:
    numbers, texts = ("price_usd", "relevance", "item_age_days"), ("item_id", "query", "brand", "category")
    kinds = [
        *((name, kind) for name in numbers for kind in (Standardize, Log1p, MinMax, QuantileBins, EqualWidthBins)),
        *((name, kind) for name in texts for kind in (Vocabulary, Frequency, HashBuckets)),
    ]
    made = []
    for number, (name, kind) in islice(product(range(FEATURES), kinds), FEATURES):
        sizes = {QuantileBins: {"bins": 5 + number}, EqualWidthBins: {"bins": 5 + number}}
        sizes |= {Vocabulary: {"min_count": 1 + number}, HashBuckets: {"buckets": 16 + number}}
        made.append(Feature(f"{name}_{kind.__name__.lower()}_{number}", kind(name, **sizes.get(kind, {}))))
    return made


def _table(features: list[Feature]) -> type[Table]:
    types = dict.fromkeys((Standardize, Log1p, MinMax, Frequency), pl.Float32())
    types |= dict.fromkeys((QuantileBins, EqualWidthBins), pl.UInt8())
    columns = {
        feature.name: Column(
            dtype=types.get(type(feature.transform), pl.UInt32()),
            doc=f"Made of {feature.reads[0]}.",
            nullable=True,
            max_null=0.5,
            role="feature",
        )
        for feature in features
    }
    kept = {
        "event_id": Column(dtype=pl.String(), doc="The impression."),
        "shown_at": Column(dtype=pl.Datetime("us", "UTC"), doc="When the item came into view."),
        "clicked": Column(dtype=pl.Int8(), doc="1 if clicked within 30 minutes.", between=(0, 1)),
    }
    about = {"__doc__": "One row per impression.", "event_time": "shown_at", "min_rows": 0}
    table: type[Table] = type("ManyFeatures", (Table,), {**about, **kept, **columns})
    return table


def _log(name: str, rows: type[Table]) -> Log:
    return Log(name=name, table=rows, files=f"{name}/dt={{dt}}/hr={{hr}}/*.parquet", every="1h", event_id="event_id")


impressions, clicks = _log("impressions", ImpressionLog), _log("clicks", ClickLog)
FEATURES_MADE = _declared()

many_features = Pipeline(
    name="many_features",
    samples=Impressions(
        impressions, labels=[AttributedLabel("clicked", clicks, keys=["request_id", "item_id"], within="30m")]
    ),
    features=FEATURES_MADE,
    table=_table(FEATURES_MADE),
    fit=Days(START, START + timedelta(days=FITTED - 1)),
)
