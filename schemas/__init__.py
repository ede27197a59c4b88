"""Tables: one module each, raw logs and feature tables; what a column means stands here and nowhere else.

Owns names, types, units and rules. Must never read a file or compute a value.
"""

from schemas.clicks import ClickLog
from schemas.impressions import ImpressionLog
from schemas.open_bandit_features import OpenBanditFeatures
from schemas.open_bandit_log import OpenBanditLog
from schemas.orders import OrderLog
from schemas.search_ranking_features import SearchRankingFeatures

__all__ = [
    "ClickLog",
    "ImpressionLog",
    "OpenBanditFeatures",
    "OpenBanditLog",
    "OrderLog",
    "SearchRankingFeatures",
]
