"""Tables: one module each, raw logs and feature tables; what a column means stands here and nowhere else.

Owns names, types, units and rules. Must never read a file or compute a value.
"""

from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog
from schemas.open_bandit_features import OpenBanditFeatures
from schemas.open_bandit_log import OpenBanditLog
from schemas.orders import OrderLog
from schemas.otto_events import OttoCartLog, OttoClickLog, OttoOrderLog
from schemas.otto_features import OttoOrderFeatures
from schemas.search_ranking_features import SearchRankingFeatures
from schemas.snowplow_events import OtherEventLog, PageClickLog, PagePingLog, PageViewLog, SnowplowLog
from schemas.snowplow_features import PageViewFeatures
from schemas.ubi_events import UbiCartLog, UbiClickLog, UbiImpressionLog, UbiOtherLog, UbiQueryLog
from schemas.ubi_features import UbiSearchFeatures
from schemas.weblog_features import WebPageFeatures
from schemas.weblog_requests import WebFollowLog, WebRequestLog

__all__ = [
    "ClickLog",
    "ImpressionLog",
    "OpenBanditFeatures",
    "OpenBanditLog",
    "OrderLog",
    "OtherEventLog",
    "OttoCartLog",
    "OttoClickLog",
    "OttoOrderFeatures",
    "OttoOrderLog",
    "PageClickLog",
    "PagePingLog",
    "PageViewFeatures",
    "PageViewLog",
    "SearchRankingFeatures",
    "SnowplowLog",
    "UbiCartLog",
    "UbiClickLog",
    "UbiImpressionLog",
    "UbiOtherLog",
    "UbiQueryLog",
    "UbiSearchFeatures",
    "WebFollowLog",
    "WebPageFeatures",
    "WebRequestLog",
]
