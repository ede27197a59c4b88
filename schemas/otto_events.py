"""The OTTO logs: clicks, carts and orders of a web shop, by session."""

import polars as pl

from featurelib.schema import Column, Table

TIME = pl.Datetime("us", "UTC")


class OttoClickLog(Table):
    """One row per product opened. What OTTO calls a session is one user over four weeks.

    Normann, P., Baumeister, S., Wilm, T. (2023). OTTO Recommender Systems Dataset. CC BY 4.0.
    """

    key = ("event_id",)
    event_time = "clicked_at"

    event_id = Column(dtype=pl.String(), doc="Session and number of the event in it.", role="key")
    user_id = Column(
        dtype=pl.String(), doc="OTTO's session: one user.", source="session", role="entity", pii="pseudonymous"
    )
    item_id = Column(dtype=pl.String(), doc="The product.", source="aid", role="entity")
    clicked_at = Column(dtype=TIME, doc="When it was opened.", source="ts", epoch="ms", role="time")


class OttoCartLog(Table):
    """One row per product put into the cart; some without a click on it."""

    event_time = "carted_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="Session and number of the event in it.", role="key")
    user_id = Column(
        dtype=pl.String(), doc="OTTO's session: one user.", source="session", role="entity", pii="pseudonymous"
    )
    item_id = Column(dtype=pl.String(), doc="The product.", source="aid", role="entity")
    carted_at = Column(dtype=TIME, doc="When it was put there.", source="ts", epoch="ms", role="time")


class OttoOrderLog(Table):
    """One row per product ordered; some that were never put into the cart."""

    event_time = "ordered_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="Session and number of the event in it.", role="key")
    user_id = Column(
        dtype=pl.String(), doc="OTTO's session: one user.", source="session", role="entity", pii="pseudonymous"
    )
    item_id = Column(dtype=pl.String(), doc="The product.", source="aid", role="entity")
    ordered_at = Column(dtype=TIME, doc="When it was ordered.", source="ts", epoch="ms", role="time")
