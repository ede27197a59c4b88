"""Features of search results, for rankers."""

import polars as pl

from featurelib.schema import Column, Table


class SearchRankingFeatures(Table):
    """One row per item shown for a query. Written by ``pipelines.search_ranking``, read by trainers of rankers.

    Index, bin and bucket columns: 0 is missing. A feature that selection dropped is null in all rows.
    """

    owner = "ranking team"
    key = ("event_id",)
    event_time = "shown_at"

    event_id = Column(dtype=pl.String(), doc="Unique per item shown.", role="key")
    request_id = Column(dtype=pl.String(), doc="The request whose answer showed the item.")
    item_id = Column(dtype=pl.String(), doc="The item shown.")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item came into view.", role="time")
    clicked = Column(dtype=pl.Int8(), doc="1 if clicked within 30 minutes.", between=(0, 1), role="label")
    query_index = Column(dtype=pl.UInt32(), doc="The query, normalised.", role="feature")
    query_frequency = Column(
        dtype=pl.Float32(), doc="Share of impressions with this query.", between=(0, 1), role="feature"
    )
    item_index = Column(dtype=pl.UInt32(), doc="The item.", role="feature")
    item_frequency = Column(
        dtype=pl.Float32(), doc="Share of impressions of this item.", between=(0, 1), role="feature"
    )
    user_bucket = Column(dtype=pl.UInt32(), doc="The user, hashed.", between=(0, 2**20), role="feature")
    device_index = Column(dtype=pl.UInt32(), doc="Kind of device.", role="feature")
    country_index = Column(dtype=pl.UInt32(), doc="Country of the user.", role="feature")
    category_index = Column(dtype=pl.UInt32(), doc="Category of the item.", role="feature")
    brand_index = Column(dtype=pl.UInt32(), doc="Brand of the item.", role="feature")
    layout_index = Column(dtype=pl.UInt32(), doc="How the page was laid out.", role="feature")
    position_bin = Column(dtype=pl.UInt8(), doc="Place in the answer, in 6 bins.", between=(0, 6), role="feature")
    price_bin = Column(dtype=pl.UInt8(), doc="Price in 50 bins of about equal rows.", between=(0, 50), role="feature")
    price_z = Column(dtype=pl.Float32(), doc="Price, winsorised and standardized.", nullable=True, role="feature")
    price_log = Column(dtype=pl.Float32(), doc="ln(1 + price in USD).", nullable=True, role="feature")
    age_bin = Column(
        dtype=pl.UInt8(), doc="Age of the item in 10 bins of equal width.", between=(0, 10), role="feature"
    )
    age_log = Column(dtype=pl.Float32(), doc="ln(1 + age of the item in days).", role="feature")
    age_missing = Column(dtype=pl.UInt32(), doc="Whether the age is known.", role="feature")
    relevance_bin = Column(dtype=pl.UInt8(), doc="Relevance in 20 bins of about equal rows.", role="feature")
    relevance_z = Column(dtype=pl.Float32(), doc="Relevance, standardized.", role="feature")
    relevance_minmax = Column(dtype=pl.Float32(), doc="Relevance from 0 to 1.", between=(0, 1), role="feature")
    query_x_category = Column(dtype=pl.UInt32(), doc="Query and category, hashed.", role="feature")
    query_x_item = Column(dtype=pl.UInt32(), doc="Query and item, hashed.", role="feature")
    device_x_position = Column(dtype=pl.UInt32(), doc="Device and bin of the position, hashed.", role="feature")
    item_click_rate_z = Column(dtype=pl.Float32(), doc="7-day click rate of the item, standardized.", role="feature")
    item_click_rate_bin = Column(dtype=pl.UInt8(), doc="7-day click rate of the item, in 20 bins.", role="feature")
