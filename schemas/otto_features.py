"""Features of OTTO clicks, for models of carts and orders."""

import polars as pl

from featurelib.schema import Column, Table


class OttoOrderFeatures(Table):
    """One row per product opened. Written by ``pipelines.otto_orders``, read by trainers of conversion models.

    Index and bucket columns: 0 is missing. A feature that selection dropped is null in all rows. A day of a few clicks
    may have no rows: half of those without a cart are left out.
    """

    owner = "conversion team"
    key = ("event_id",)
    min_rows = 0
    event_time = "clicked_at"

    event_id = Column(dtype=pl.String(), doc="Unique per product opened.", role="key")
    visit_id = Column(dtype=pl.String(), doc="Clicks of one user without a pause of 30 minutes, within a day.")
    clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was opened.", role="time")
    carted = Column(dtype=pl.Int8(), doc="1 if put into the cart within a day.", between=(0, 1), role="label")
    ordered = Column(dtype=pl.Int8(), doc="1 if ordered within a day of that.", between=(0, 1), role="label")
    sample_weight = Column(dtype=pl.Float64(), doc="How many clicks the row stands for.", between=(1, 2), role="weight")
    item_index = Column(dtype=pl.UInt32(), doc="The product.", role="feature")
    item_frequency = Column(dtype=pl.Float32(), doc="Share of clicks on this product.", between=(0, 1), role="feature")
    user_bucket = Column(dtype=pl.UInt32(), doc="The user, hashed.", between=(0, 1024), role="feature")
    visit_position_log = Column(dtype=pl.Float32(), doc="ln(1 + place in the visit).", role="feature")
    item_cart_rate_z = Column(
        dtype=pl.Float32(), doc="7-day cart rate of the product, standardized.", nullable=True, role="feature"
    )
