"""The UBI logs: queries of a demo shop and what people (and generators) did with the answers."""

import polars as pl

from featurelib.schema import Column, Table

TIME = pl.Datetime("us", "UTC")


class UbiQueryLog(Table):
    """One row per query document. A ``query_id`` stands in several documents: the shop wrote a query more than once.

    OpenSearch User Behavior Insights, schema of ``ubi_queries``.
    """

    event_time = "asked_at"

    event_id = Column(dtype=pl.String(), doc="Of the document, unique.")
    application = Column(dtype=pl.String(), doc="What wrote it; each counts and clocks in its own way.")
    query_id = Column(dtype=pl.String(), doc="The query.", role="entity")
    client_id = Column(dtype=pl.String(), doc="The browser.", role="entity", pii="pseudonymous")
    user_query = Column(dtype=pl.String(), doc="What was typed; may be empty.")
    asked_at = Column(dtype=TIME, doc="When it was asked.", source="timestamp", epoch="ms", role="time")


class UbiImpressionLog(Table):
    """One row per object shown for a query.

    OpenSearch User Behavior Insights, schema of ``ubi_events``, action ``impression``.
    """

    event_time = "shown_at"

    event_id = Column(dtype=pl.String(), doc="Of the document, unique.", role="key")
    application = Column(dtype=pl.String(), doc="What wrote it; each counts and clocks in its own way.")
    query_id = Column(dtype=pl.String(), doc="The query, which another log may lack.", role="entity")
    client_id = Column(dtype=pl.String(), doc="The browser.", role="entity", pii="pseudonymous")
    session_id = Column(dtype=pl.String(), doc="As the shop counts sessions.", nullable=True)
    user_query = Column(dtype=pl.String(), doc="What was typed, where the event repeats it.", nullable=True)
    object_id = Column(dtype=pl.String(), doc="The product shown.", role="entity")
    ordinal = Column(
        dtype=pl.Int16(),
        doc="Place in the answer; the first is 0 in esci_ubi_sample and 1 in Chorus.",
        between=(0, 1000),
    )
    shown_at = Column(dtype=TIME, doc="When it came into view.", source="timestamp", epoch="ms", role="time")


class UbiClickLog(Table):
    """One row per click. Some are on objects that no impression shows."""

    event_time = "clicked_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="Of the document, unique.")
    application = Column(dtype=pl.String(), doc="What wrote it.")
    query_id = Column(dtype=pl.String(), doc="The query whose answer was clicked.", role="entity")
    client_id = Column(dtype=pl.String(), doc="The browser.", role="entity", pii="pseudonymous")
    object_id = Column(dtype=pl.String(), doc="The product clicked.", role="entity")
    ordinal = Column(dtype=pl.Int16(), doc="Its place.", nullable=True)
    clicked_at = Column(dtype=TIME, doc="When it was clicked.", source="timestamp", epoch="ms", role="time")


class UbiCartLog(Table):
    """One row per product put into a cart: times as text or as epoch milliseconds, by application."""

    event_time = "carted_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="Of the document, unique.")
    application = Column(dtype=pl.String(), doc="What wrote it.")
    query_id = Column(dtype=pl.String(), doc="The query that led to it.", role="entity")
    client_id = Column(dtype=pl.String(), doc="The browser.", role="entity", pii="pseudonymous")
    object_id = Column(dtype=pl.String(), doc="The product.", role="entity")
    carted_at = Column(dtype=TIME, doc="When it was put there.", source="timestamp", epoch="ms", role="time")


class UbiOtherLog(Table):
    """One row per other event: searches, filters, hovers, purchases. Most have no object, some no query."""

    event_time = "happened_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="Of the document, unique.")
    application = Column(dtype=pl.String(), doc="What wrote it.")
    action_name = Column(dtype=pl.String(), doc="What happened.")
    query_id = Column(dtype=pl.String(), doc="The query.", nullable=True)
    session_id = Column(dtype=pl.String(), doc="As the shop counts sessions.", nullable=True)
    object_id = Column(dtype=pl.String(), doc="The object, where there is one.", nullable=True)
    ordinal = Column(dtype=pl.Int32(), doc="Whatever the application meant by position.", nullable=True)
    happened_at = Column(dtype=TIME, doc="When.", source="timestamp", epoch="ms", role="time")
