"""Search ranking: items shown for queries, labelled by clicks of a log of their own; runs on generated logs."""

from featurelib.cleaning import Impute, Normalize, Winsorize
from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions
from featurelib.selection import DropConstant, DropMissing, KeepTop
from featurelib.transforms import (
    Edges,
    EqualWidthBins,
    Feature,
    Frequency,
    HashBuckets,
    HashedCross,
    Log1p,
    MinMax,
    QuantileBins,
    Standardize,
    Vocabulary,
)
from featurelib.windows import Rate
from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog
from schemas.search_ranking_features import SearchRankingFeatures

impressions = Log(
    name="impressions",
    table=ImpressionLog,
    files="impressions/dt={dt}/hr={hr}/*.parquet",
    every="1h",
    event_id="event_id",
)
clicks = Log(
    name="clicks",
    table=ClickLog,
    files="clicks/dt={dt}/hr={hr}/*.parquet",
    every="1h",
    event_id="event_id",
)

search_ranking = Pipeline(
    name="search_ranking",
    samples=Impressions(
        impressions,
        labels=[AttributedLabel("clicked", clicks, keys=["request_id", "item_id"], within="30m")],
    ),
    cleaning=[
        Normalize("query", form="NFKC", case="lower"),
        Winsorize("price_usd", upper=0.999),
        Impute("item_age_days", by="median", indicator=True),
    ],
    windows=[
        Rate("item_click_rate_7d", of=clicks, per=impressions, by="item_id", over="7d", delay="1h"),
    ],
    features=[
        Feature("query_index", Vocabulary("query", min_count=5)),
        Feature("query_frequency", Frequency("query", min_count=5)),
        Feature("item_index", Vocabulary("item_id", min_count=5)),
        Feature("item_frequency", Frequency("item_id", min_count=5)),
        Feature("user_bucket", HashBuckets("user_id", buckets=2**20)),
        Feature("device_index", Vocabulary("device")),
        Feature("country_index", Vocabulary("country")),
        Feature("category_index", Vocabulary("category")),
        Feature("brand_index", Vocabulary("brand", min_count=5)),
        Feature("layout_index", Vocabulary("layout")),
        Feature("position_bin", Edges("position", edges=[2, 3, 5, 8, 11])),
        Feature("price_bin", QuantileBins("price_usd", bins=50)),
        Feature("price_z", Standardize("price_usd")),
        Feature("price_log", Log1p("price_usd")),
        Feature("age_bin", EqualWidthBins("item_age_days", bins=10)),
        Feature("age_log", Log1p("item_age_days")),
        Feature("age_missing", Vocabulary("item_age_days__missing")),
        Feature("relevance_bin", QuantileBins("relevance", bins=20)),
        Feature("relevance_z", Standardize("relevance")),
        Feature("relevance_minmax", MinMax("relevance")),
        Feature("query_x_category", HashedCross(["query", "category"], buckets=2**20)),
        Feature("query_x_item", HashedCross(["query", "item_id"], buckets=2**22)),
        Feature("device_x_position", HashedCross(["device", "position_bin"], buckets=2**10)),
        Feature("item_click_rate_z", Standardize("item_click_rate_7d")),
        Feature("item_click_rate_bin", QuantileBins("item_click_rate_7d", bins=20)),
    ],
    selection=[DropMissing(above=0.9), DropConstant(), KeepTop(24)],
    table=SearchRankingFeatures,
    fit=Days.parse("2026-11-01", "2026-11-07"),
)
