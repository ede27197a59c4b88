"""The Open Bandit log: recommendation slots of a fashion shop, each shown item with its click."""

from typing import ClassVar

import polars as pl

from featurelib.schema import Column, Table

ITEMS = 80
"""Items of the largest campaign; the others have fewer, and fewer affinity columns."""


class OpenBanditLog(Table):
    """One row per item shown, with the click already in it. Split by day from the publisher's files.

    An item id means nothing without its campaign: each campaign numbers its own items from 0. There is no user id;
    equal user features are not one user.

    Saito, Y. et al. (2021). Open Bandit Dataset and Pipeline. NeurIPS Datasets and Benchmarks.
    """

    key = ("impression_id",)
    event_time = "shown_at"

    impression_id = Column(dtype=pl.String(), doc="Policy, campaign and row of the publisher's file.", role="key")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was shown.", source="timestamp", role="time")
    policy = Column(dtype=pl.String(), doc="What chose the item.", allowed=("random", "bts"))
    campaign = Column(dtype=pl.String(), doc="Which items could be chosen.", allowed=("all", "men", "women"))
    item_id = Column(dtype=pl.String(), doc="The item, numbered within its campaign.")
    position = Column(dtype=pl.Int8(), doc="Slot: 1 left, 2 centre, 3 right.", between=(1, 3))
    click = Column(dtype=pl.Int8(), doc="1 if the item was clicked.", between=(0, 1), role="label")
    propensity_score = Column(dtype=pl.Float64(), doc="Probability of this item in this slot.", between=(0, 1))
    user_feature_0 = Column(dtype=pl.String(), doc="Hashed trait of the user.")
    user_feature_1 = Column(dtype=pl.String(), doc="Hashed trait of the user.")
    user_feature_2 = Column(dtype=pl.String(), doc="Hashed trait of the user.")
    user_feature_3 = Column(dtype=pl.String(), doc="Hashed trait of the user.")
    affinities: ClassVar = {
        f"affinity_{item}": Column(
            dtype=pl.Float64(),
            doc=f"Past clicks of this user on item {item}; null where the campaign has no such item.",
            nullable=True,
            optional=True,
            source=f"user-item_affinity_{item}",
        )
        for item in range(ITEMS)
    }
