"""Window tables: the columns of the four logs; a build needs no more of how they were made."""

import polars as pl

from featurelib.schema import Column, Table


class Event(Table):
    """What the four logs share: who, what, and in answer to which request."""

    min_rows = 0

    user_id = Column(dtype=pl.String(), doc="The user; null where nobody is known.", nullable=True)
    item_id = Column(dtype=pl.String(), doc="The item.")
    query = Column(dtype=pl.String(), doc="What the user asked for; null where nothing was asked.", nullable=True)
    category = Column(dtype=pl.String(), doc="Category in which the user looked.")


class WindowImpressions(Event):
    """One row per impression."""

    event_time = "shown_at"

    impression_id = Column(dtype=pl.String(), doc="Unique.")
    shown_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item came into view.")
    clicked = Column(dtype=pl.Int8(), doc="1 if it was clicked.", between=(0, 1))


class WindowClicks(Event):
    """One row per click."""

    event_time = "clicked_at"

    clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was opened.")


class Priced(Event):
    """What was put into the cart, or bought."""

    price_cents = Column(dtype=pl.Int64(), doc="Price in cents; null where it was not logged.", nullable=True)
    discount = Column(dtype=pl.Float64(), doc="Share of the price that was let off.")


class WindowCarts(Priced):
    """One row per item put into the cart."""

    event_time = "carted_at"

    carted_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was put there.")


class WindowOrders(Priced):
    """One row per item bought."""

    event_time = "ordered_at"

    ordered_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When it was bought.")


TABLES: dict[str, type[Table]] = {
    "impressions": WindowImpressions,
    "clicks": WindowClicks,
    "carts": WindowCarts,
    "orders": WindowOrders,
}
