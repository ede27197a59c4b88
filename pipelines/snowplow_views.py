"""Snowplow views: which page views were clicked on or stayed in view, of a tracker whose events come late and twice."""

from datetime import timedelta

from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import AttributedLabel, Impressions, Sessions
from featurelib.selection import DropConstant, DropMissing
from featurelib.transforms import Feature, HashBuckets, Log1p, Standardize, Vocabulary
from schemas.snowplow_events import PageClickLog, PagePingLog, PageViewLog
from schemas.snowplow_features import PageViewFeatures

LATENESS = timedelta(days=5)  # a closed laptop sends when it is opened; the latest so far waited 4 days and 8 hours

views = Log(
    name="views",
    table=PageViewLog,
    files="snowplow/page_views/dt={dt}/*.csv.gz",
    lateness=LATENESS,
    event_id="page_view_id",  # not the event's id: a view sent again by the page has another one
    unknown_columns="ignore",
)
clicks = Log(
    name="clicks",
    table=PageClickLog,
    files="snowplow/clicks/dt={dt}/*.csv.gz",
    lateness=LATENESS,
    event_id="event_id",
    unknown_columns="ignore",
)
pings = Log(
    name="pings",
    table=PagePingLog,
    files="snowplow/page_pings/dt={dt}/*.csv.gz",
    lateness=LATENESS,
    event_id="event_id",
    unknown_columns="ignore",
)

snowplow_views = Pipeline(
    name="snowplow_views",
    samples=Impressions(
        views,
        labels=[
            AttributedLabel("clicked", clicks, keys=["page_view_id"], within="30m"),
            AttributedLabel("stayed", pings, keys=["page_view_id"], within="30m"),
        ],
        # NOTE: the tracker's own sessions last for days, and two browsers may share one
        sessions=Sessions(["domain_userid", "domain_sessionid"], time="viewed_at", gap="30m", name="visit"),
    ),
    features=[
        Feature("page_index", Vocabulary("page")),
        Feature("country_index", Vocabulary("country")),
        Feature("referrer_index", Vocabulary("referrer_medium")),
        Feature("user_bucket", HashBuckets("domain_userid", buckets=1024)),
        Feature("visit_position_log", Log1p("visit_position")),
        Feature("width_z", Standardize("device_width")),
    ],
    selection=[DropMissing(above=0.9), DropConstant()],
    table=PageViewFeatures,
    fit=Days.parse("2021-03-01", "2021-03-03"),
)
