"""Impressions: one row each time an item came into view."""

import polars as pl

from featurelib.schema.column import Column
from featurelib.schema.table import RowCheck, Table


class ImpressionLog(Table):
    """One row per impression, as it landed. Written by the site's clients, read by ``pipelines``.

    It has no key: clients send again what was not acknowledged, so an ``event_id`` may stand there twice, and one
    bot uses the same one for all its impressions.
    """

    event_time = "shown_at"
    landing_time = "landed_at"
    checks = (RowCheck(id="landed_after_shown", that="landed_at >= shown_at", on_fail="warn"),)

    event_id = Column(dtype=pl.String(), doc="Given by the client; the same when it is sent again.")
    request_id = Column(dtype=pl.String(), doc="The request whose answer showed the item.", role="entity")
    session_id = Column(dtype=pl.String(), doc="Requests of one user without a long pause.")
    user_id = Column(
        dtype=pl.String(), doc="The user, or the browser of one who is not known.", role="entity", pii="pseudonymous"
    )
    item_id = Column(
        dtype=pl.String(), doc="The item shown; text, with leading zeros and up to 20 digits.", role="entity"
    )
    query = Column(dtype=pl.String(), doc="What the user asked for, as typed.")
    position = Column(dtype=pl.Int16(), doc="Place in the answer, 1 at the top.", between=(1, 1000))
    device = Column(dtype=pl.String(), doc="Kind of device.", allowed=("mobile", "desktop", "tablet", "tv"))
    country = Column(dtype=pl.String(), doc="ISO 3166 code of the user's country.")
    category = Column(dtype=pl.String(), doc="Category of the item.")
    brand = Column(dtype=pl.String(), doc="Brand of the item.")
    price_usd = Column(
        dtype=pl.Float64(), doc="Listed price when shown.", unit="USD", nullable=True, between=(0, None), max_null=0.1
    )
    item_age_days = Column(
        dtype=pl.Float64(),
        doc="Time since the item was first listed.",
        unit="days",
        nullable=True,
        between=(0, None),
        max_null=0.2,
    )
    relevance = Column(dtype=pl.Float64(), doc="Score that ranked the item; higher is shown first.")
    layout = Column(dtype=pl.String(), doc="How the page was laid out.", allowed=("grid", "list", "carousel"))
    user_agent = Column(dtype=pl.String(), doc="What the client calls itself.")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item came into view, by the client.", role="time")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the row could first be read.", role="time")
