"""Features of web requests, for models of what leads on."""

import polars as pl

from featurelib.schema import Column, Table


class WebPageFeatures(Table):
    """One row per request of people. Written by ``pipelines.weblog_pages``, read by trainers of page models.

    Index, bin and bucket columns: 0 is missing. A feature that selection dropped is null in all rows.
    """

    owner = "site team"
    event_time = "requested_at"

    client = Column(dtype=pl.String(), doc="The client.", role="entity", pii="pseudonymous")
    page = Column(dtype=pl.String(), doc="The page.", role="entity")
    requested_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the request came.", role="time")
    led_on = Column(
        dtype=pl.Int8(), doc="1 if the client asked for another page from it within 30 minutes.", between=(0, 1),
        role="label")  # fmt: skip
    page_index = Column(dtype=pl.UInt32(), doc="The page.", role="feature")
    page_frequency = Column(dtype=pl.Float32(), doc="Share of requests for it.", between=(0, 1), role="feature")
    asset_index = Column(dtype=pl.UInt32(), doc="Whether it is an asset of a page.", role="feature")
    status_index = Column(dtype=pl.UInt32(), doc="HTTP status.", role="feature")
    referrer_index = Column(dtype=pl.UInt32(), doc="Host of the referrer.", role="feature")
    client_bucket = Column(dtype=pl.UInt32(), doc="The client, hashed.", between=(0, 4096), role="feature")
    rank_bin = Column(
        dtype=pl.UInt8(), doc="Place at the search engine: 1, 2, 3 to 10, below.", between=(0, 4), role="feature"
    )
    query_index = Column(dtype=pl.UInt32(), doc="What a search engine was asked.", role="feature")
    bytes_log = Column(dtype=pl.Float32(), doc="ln(1 + size of the answer).", nullable=True, role="feature")
    page_follow_rate_z = Column(
        dtype=pl.Float32(), doc="Rate at which the page led on the day before, standardized.", nullable=True,
        role="feature",
    )  # fmt: skip
