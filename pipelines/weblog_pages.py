"""Web log pages: which page led on to another, of a raw access log in which every fourth request is a crawler's."""

from featurelib.cleaning import Normalize
from featurelib.days import Days
from featurelib.logs import Log, Repeats
from featurelib.pipeline import Pipeline
from featurelib.samples import CRAWLERS, AttributedLabel, Impressions, ListedAgents, TooManyImpressions
from featurelib.selection import DropConstant, DropMissing
from featurelib.transforms import Edges, Feature, Frequency, HashBuckets, Log1p, Standardize, Vocabulary
from featurelib.windows import Rate
from schemas.weblog_features import WebPageFeatures
from schemas.weblog_requests import WebFollowLog, WebRequestLog

AGENTS = (*CRAWLERS, "bot", "feed", "embedly", "ruby")
"""Besides the usual ones: more feed readers, tools, and all with a bot in their name (no client here is a Cubot)."""

SAME = ("client", "method", "target", "protocol", "status", "bytes", "referrer", "agent")
"""A request with all of these equal, in the same second, is one line written twice: an access log has no event ids."""

requests = Log(
    name="requests",
    table=WebRequestLog,
    files="weblog/requests/dt={dt}/*.csv.gz",
    null_texts=("", "-"),
    repeats=Repeats(SAME, within="1s"),
)
follows = Log(
    name="follows",
    table=WebFollowLog,
    files="weblog/follows/dt={dt}/*.csv.gz",
    null_texts=("", "-"),
    repeats=Repeats(("client", "page", "to_page"), within="1s"),
)

weblog_pages = Pipeline(
    name="weblog_pages",
    samples=Impressions(
        requests,
        labels=[AttributedLabel("led_on", follows, keys=["client", "page"], within="30m")],
        keep=[ListedAgents("agent", AGENTS, empty=True), TooManyImpressions("client", most=60)],
    ),
    cleaning=[Normalize("search_query")],
    windows=[Rate("page_follow_rate_1d", of=follows, per=requests, by="page", over="1d", delay="1h")],
    features=[
        Feature("page_index", Vocabulary("page", min_count=5)),
        Feature("page_frequency", Frequency("page", min_count=5)),
        Feature("asset_index", Vocabulary("asset")),
        Feature("status_index", Vocabulary("status")),
        Feature("referrer_index", Vocabulary("referrer_host", min_count=5)),
        Feature("client_bucket", HashBuckets("client", buckets=4096)),
        Feature("rank_bin", Edges("search_rank", edges=[2, 3, 11])),
        Feature("query_index", Vocabulary("search_query", min_count=2)),
        Feature("bytes_log", Log1p("bytes")),
        Feature("page_follow_rate_z", Standardize("page_follow_rate_1d")),
    ],
    selection=[DropMissing(above=0.999), DropConstant()],
    table=WebPageFeatures,
    fit=Days.parse("2015-05-17", "2015-05-19"),
)
