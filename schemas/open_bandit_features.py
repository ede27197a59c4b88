"""Features of the Open Bandit log, for click models."""

from typing import ClassVar

import polars as pl

from featurelib.schema import Column, Table
from schemas.open_bandit_log import ITEMS


class OpenBanditFeatures(Table):
    """One row per item shown. Written by ``pipelines.open_bandit``, read by trainers of click models.

    Index columns: 0 is missing, 1 out of vocabulary. A feature that selection dropped is null in all rows.
    """

    owner = "ranking team"
    key = ("impression_id",)
    event_time = "shown_at"

    impression_id = Column(dtype=pl.String(), doc="Unique per item shown.", role="key")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was shown.", role="time")
    clicked = Column(dtype=pl.Int8(), doc="1 if the item was clicked.", between=(0, 1), role="label")
    policy_index = Column(dtype=pl.UInt32(), doc="What chose the item.", role="feature")
    campaign_index = Column(dtype=pl.UInt32(), doc="Which items could be chosen.", role="feature")
    position_index = Column(dtype=pl.UInt32(), doc="Slot of the item.", between=(0, 4), role="feature")
    item_bucket = Column(dtype=pl.UInt32(), doc="Campaign and item, hashed.", between=(1, 1024), role="feature")
    item_frequency = Column(
        dtype=pl.Float32(), doc="Share of rows with this item number.", between=(0, 1), role="feature"
    )
    propensity_bin = Column(
        dtype=pl.UInt8(), doc="Probability of the choice, in 20 bins.", between=(1, 20), role="feature"
    )
    propensity_z = Column(dtype=pl.Float32(), doc="Probability of the choice, standardized.", role="feature")
    user_0_index = Column(dtype=pl.UInt32(), doc="Trait 0 of the user.", role="feature")
    user_1_index = Column(dtype=pl.UInt32(), doc="Trait 1 of the user.", role="feature")
    user_2_index = Column(dtype=pl.UInt32(), doc="Trait 2 of the user.", role="feature")
    user_3_index = Column(dtype=pl.UInt32(), doc="Trait 3 of the user.", role="feature")
    user_1_x_item = Column(dtype=pl.UInt32(), doc="Trait 1, campaign and item, hashed.", role="feature")
    user_2_x_item = Column(dtype=pl.UInt32(), doc="Trait 2, campaign and item, hashed.", role="feature")
    position_x_item = Column(dtype=pl.UInt32(), doc="Slot, campaign and item, hashed.", role="feature")
    affinities: ClassVar = {
        f"affinity_{item}_log": Column(
            dtype=pl.Float32(),
            doc=f"ln(1 + past clicks on item {item}).",
            nullable=True,
            between=(0, None),
            role="feature",
        )
        for item in range(ITEMS)
    }
