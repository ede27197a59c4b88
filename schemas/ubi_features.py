"""Features of UBI search results, for rankers."""

import polars as pl

from featurelib.schema import Column, Table


class UbiSearchFeatures(Table):
    """One row per object shown for a query. Written by ``pipelines.ubi_search``, read by trainers of rankers.

    Index, bin and bucket columns: 0 is missing. A feature that selection dropped is null in all rows. A day on which
    only the shop's tester searched has no rows.
    """

    owner = "ranking team"
    key = ("event_id",)
    min_rows = 0
    event_time = "shown_at"

    event_id = Column(dtype=pl.String(), doc="Unique per object shown.", role="key")
    query_id = Column(dtype=pl.String(), doc="The query.")
    object_id = Column(dtype=pl.String(), doc="The object shown.")
    visit_id = Column(dtype=pl.String(), doc="Queries of one browser without a pause of 30 minutes.")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it came into view.", role="time")
    clicked = Column(dtype=pl.Int8(), doc="1 if clicked within 30 minutes.", between=(0, 1), role="label")
    carted = Column(
        dtype=pl.Int8(), doc="1 if put into a cart within 30 minutes of its click.", between=(0, 1), role="label"
    )
    application_index = Column(dtype=pl.UInt32(), doc="What wrote the event.", role="feature")
    query_index = Column(dtype=pl.UInt32(), doc="The query, normalised.", role="feature")
    query_missing = Column(dtype=pl.UInt32(), doc="Whether the event repeats the query.", role="feature")
    object_index = Column(dtype=pl.UInt32(), doc="The object.", role="feature")
    object_frequency = Column(
        dtype=pl.Float32(), doc="Share of impressions of this object.", between=(0, 1), role="feature"
    )
    client_bucket = Column(dtype=pl.UInt32(), doc="The browser, hashed.", between=(0, 2**12), role="feature")
    place_bucket = Column(dtype=pl.UInt32(), doc="Application and place, hashed.", between=(0, 256), role="feature")
    query_x_object = Column(dtype=pl.UInt32(), doc="Query and object, hashed.", between=(0, 2**16), role="feature")
    object_click_rate_z = Column(
        dtype=pl.Float32(), doc="7-day click rate of the object, standardized.", nullable=True, role="feature"
    )
