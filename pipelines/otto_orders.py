"""OTTO orders: which clicks led to a cart, and which of these carts to an order."""

from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions, KeepFraction, Sessions
from featurelib.selection import DropConstant, DropMissing
from featurelib.transforms import Feature, Frequency, HashBuckets, Log1p, Standardize, Vocabulary
from featurelib.windows import Rate
from schemas.otto_events import OttoCartLog, OttoClickLog, OttoOrderLog
from schemas.otto_features import OttoOrderFeatures

clicks = Log(
    name="clicks",
    table=OttoClickLog,
    files="otto/clicks/dt={dt}/*.jsonl",
    event_id="event_id",
    unknown_columns="ignore",
)
carts = Log(
    name="carts",
    table=OttoCartLog,
    files="otto/carts/dt={dt}/*.jsonl",
    event_id="event_id",
    unknown_columns="ignore",
)
orders = Log(
    name="orders",
    table=OttoOrderLog,
    files="otto/orders/dt={dt}/*.jsonl",
    event_id="event_id",
    unknown_columns="ignore",
)

otto_orders = Pipeline(
    name="otto_orders",
    samples=Impressions(
        clicks,  # OTTO logs no impressions
        labels=[
            AttributedLabel("carted", carts, keys=["user_id", "item_id"], within="1d"),
            AttributedLabel("ordered", orders, keys=["user_id", "item_id"], within="1d", via="carted"),
        ],
        sessions=Sessions("user_id", time="clicked_at", gap="30m", name="visit"),
        keep=[KeepFraction(0.5, label="carted", keys=["event_id"])],
    ),
    windows=[Rate("item_cart_rate_7d", of=carts, per=clicks, by="item_id", over="7d", delay="1h")],
    features=[
        Feature("item_index", Vocabulary("item_id", min_count=2)),
        Feature("item_frequency", Frequency("item_id")),
        Feature("user_bucket", HashBuckets("user_id", buckets=1024)),
        Feature("visit_position_log", Log1p("visit_position")),
        Feature("item_cart_rate_z", Standardize("item_cart_rate_7d")),
    ],
    selection=[DropMissing(above=0.9), DropConstant()],
    table=OttoOrderFeatures,
    fit=Days.parse("2022-08-01", "2022-08-07"),
)
