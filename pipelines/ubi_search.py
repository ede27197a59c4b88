"""UBI search: what was clicked and then carted, of a shop that logs in the OpenSearch UBI schema."""

from featurelib.cleaning import Impute, Normalize
from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions, Sessions, SkipAbove, TooManyImpressions
from featurelib.selection import DropConstant, DropMissing
from featurelib.transforms import Feature, Frequency, HashBuckets, HashedCross, Standardize, Vocabulary
from featurelib.windows import Rate
from schemas.ubi_events import UbiCartLog, UbiClickLog, UbiImpressionLog
from schemas.ubi_features import UbiSearchFeatures

# NOTE: documents hold more than the tables declare: descriptions, trails, what a hover measured
impressions = Log(
    name="impressions",
    table=UbiImpressionLog,
    files="ubi/impressions/dt={dt}/*.ndjson.gz",
    event_id="event_id",
    unknown_columns="ignore",
)
clicks = Log(
    name="clicks",
    table=UbiClickLog,
    files="ubi/clicks/dt={dt}/*.ndjson.gz",
    event_id="event_id",
    unknown_columns="ignore",
)
carts = Log(
    name="carts",
    table=UbiCartLog,
    files="ubi/carts/dt={dt}/*.ndjson.gz",
    event_id="event_id",
    unknown_columns="ignore",
)

ubi_search = Pipeline(
    name="ubi_search",
    samples=Impressions(
        impressions,
        labels=[
            AttributedLabel("clicked", clicks, keys=["query_id", "object_id"], within="30m"),
            AttributedLabel("carted", carts, keys=["query_id", "object_id"], within="30m", via="clicked"),
        ],
        sessions=Sessions("client_id", time="shown_at", gap="30m", name="visit"),
        keep=[
            TooManyImpressions("client_id", most=150),  # one browser, which tests the shop, makes a quarter of all
            SkipAbove(["query_id"], position="ordinal", label="clicked", keep_below=2),
        ],
    ),
    cleaning=[Normalize("user_query"), Impute("user_query", value="", indicator=True)],
    windows=[Rate("object_click_rate_7d", of=clicks, per=impressions, by="object_id", over="7d", delay="1h")],
    features=[
        Feature("application_index", Vocabulary("application")),
        Feature("query_index", Vocabulary("user_query", min_count=5)),
        Feature("query_missing", Vocabulary("user_query__missing")),
        Feature("object_index", Vocabulary("object_id", min_count=2)),
        Feature("object_frequency", Frequency("object_id")),
        Feature("client_bucket", HashBuckets("client_id", buckets=2**12)),
        # NOTE: not the place alone: one application counts from 0, the other from 1
        Feature("place_bucket", HashedCross(["application", "ordinal"], buckets=256)),
        Feature("query_x_object", HashedCross(["user_query", "object_id"], buckets=2**16)),
        Feature("object_click_rate_z", Standardize("object_click_rate_7d")),
    ],
    selection=[DropMissing(above=0.9), DropConstant()],
    table=UbiSearchFeatures,
    fit=Days.parse("2024-12-10", "2024-12-15"),
)
