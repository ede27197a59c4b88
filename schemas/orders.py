"""Orders: one row each time a click led to a purchase."""

import polars as pl

from featurelib.schema.column import Column
from featurelib.schema.table import RowCheck, Table


class OrderLog(Table):
    """One row per order, as it landed. Written by the shop, read by ``pipelines``.

    It has no key: an order may be sent again with the same ``order_id``.
    """

    event_time = "ordered_at"
    landing_time = "landed_at"
    min_rows = 0
    checks = (RowCheck(id="landed_after_ordered", that="landed_at >= ordered_at", on_fail="warn"),)

    order_id = Column(dtype=pl.String(), doc="Given by the shop; the same when it is sent again.")
    request_id = Column(dtype=pl.String(), doc="The request whose answer led to the order.", role="entity")
    user_id = Column(dtype=pl.String(), doc="Who ordered.", role="entity", pii="pseudonymous")
    item_id = Column(dtype=pl.String(), doc="The item ordered.", role="entity")
    ordered_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was ordered.", role="time")
    landed_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the row could first be read.", role="time")
    amount_cents = Column(dtype=pl.Int64(), doc="What was paid.", unit="US cents", between=(0, None))
