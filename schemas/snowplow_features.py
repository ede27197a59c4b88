"""Features of page views, for models of engagement."""

import polars as pl

from featurelib.schema import Column, Table


class PageViewFeatures(Table):
    """One row per page view. Written by ``pipelines.snowplow_views``, read by trainers of engagement models.

    Index and bucket columns: 0 is missing. A feature that selection dropped is null in all rows. It has no key: views
    whose id is missing are told apart by nothing.
    """

    owner = "site team"
    event_time = "viewed_at"
    min_rows = 0

    page_view_id = Column(dtype=pl.String(), doc="The page view.", nullable=True)
    visit_id = Column(
        dtype=pl.String(), doc="Views of one session without a pause of 30 minutes, within a day.", nullable=True
    )
    viewed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it happened.", role="time")
    clicked = Column(dtype=pl.Int8(), doc="1 if clicked on within 30 minutes.", between=(0, 1), role="label")
    stayed = Column(dtype=pl.Int8(), doc="1 if still in view within 30 minutes.", between=(0, 1), role="label")
    page_index = Column(dtype=pl.UInt32(), doc="The page.", role="feature")
    country_index = Column(dtype=pl.UInt32(), doc="Country.", role="feature")
    referrer_index = Column(dtype=pl.UInt32(), doc="Kind of referrer.", role="feature")
    user_bucket = Column(dtype=pl.UInt32(), doc="The browser, hashed.", between=(0, 1024), role="feature")
    visit_position_log = Column(dtype=pl.Float32(), doc="ln(1 + place in the visit).", nullable=True, role="feature")
    width_z = Column(dtype=pl.Float32(), doc="Width of the screen, standardized.", nullable=True, role="feature")
