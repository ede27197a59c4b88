"""Open Bandit: click features of a real recommendation log; the labels are in its rows."""

from featurelib.cleaning import Winsorize
from featurelib.days import Days
from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.samples import CarriedLabel, Impressions
from featurelib.selection import DropConstant, DropMissing, KeepTop
from featurelib.transforms import (
    Feature,
    Frequency,
    HashedCross,
    Log1p,
    QuantileBins,
    Standardize,
    Vocabulary,
)
from schemas.open_bandit_features import OpenBanditFeatures
from schemas.open_bandit_log import ITEMS, OpenBanditLog

impressions = Log(
    name="open_bandit",
    table=OpenBanditLog,
    files="open_bandit/dt={dt}/*.csv.gz",
    event_id="impression_id",
)

open_bandit = Pipeline(
    name="open_bandit",
    samples=Impressions(impressions, labels=[CarriedLabel("clicked", column="click")]),
    cleaning=[Winsorize("propensity_score", lower=0.01, upper=0.99)],
    features=[
        Feature("policy_index", Vocabulary("policy")),
        Feature("campaign_index", Vocabulary("campaign")),
        Feature("position_index", Vocabulary("position")),
        Feature("item_bucket", HashedCross(["campaign", "item_id"], buckets=1024)),
        Feature("item_frequency", Frequency("item_id")),
        Feature("propensity_bin", QuantileBins("propensity_score", bins=20)),
        Feature("propensity_z", Standardize("propensity_score")),
        *(Feature(f"user_{n}_index", Vocabulary(f"user_feature_{n}", min_count=5)) for n in range(4)),
        Feature("user_1_x_item", HashedCross(["user_feature_1", "campaign", "item_id"], buckets=2**14)),
        Feature("user_2_x_item", HashedCross(["user_feature_2", "campaign", "item_id"], buckets=2**14)),
        Feature("position_x_item", HashedCross(["position", "campaign", "item_id"], buckets=2**12)),
        *(Feature(f"affinity_{item}_log", Log1p(f"affinity_{item}")) for item in range(ITEMS)),
    ],
    selection=[DropMissing(above=0.9), DropConstant(), KeepTop(24)],
    table=OpenBanditFeatures,
    fit=Days.parse("2019-11-24", "2019-11-28"),  # the last two days are for evaluation
)
