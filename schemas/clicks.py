"""Clicks: one row each time an item was opened."""

import polars as pl

from featurelib.schema.column import Column
from featurelib.schema.table import RowCheck, Table


class ClickLog(Table):
    """One row per click, as it landed. Written by the site's clients, read by ``pipelines``.

    It has no key: a click may be sent again with the same ``event_id``. A few clicks belong to no impression.
    """

    event_time = "clicked_at"
    landing_time = "landed_at"
    min_rows = 0
    checks = (RowCheck(id="landed_after_clicked", that="landed_at >= clicked_at", on_fail="warn"),)

    event_id = Column(dtype=pl.String(), doc="Given by the client; the same when it is sent again.")
    request_id = Column(dtype=pl.String(), doc="The request whose answer was clicked.", role="entity")
    item_id = Column(dtype=pl.String(), doc="The item opened.", role="entity")
    user_id = Column(dtype=pl.String(), doc="Who clicked.", role="entity", pii="pseudonymous")
    clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was clicked, by the client.", role="time")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the row could first be read.", role="time")
