"""The Snowplow logs: events of a web tracker, which reach the collector late, twice, or without their ids."""

import polars as pl

from featurelib.schema import Column, RowCheck, Table

TIME = pl.Datetime("us", "UTC")


class SnowplowLog(Table):
    """Columns that all events share, of the 135 that the tracker writes. A device clock may be wrong by days.

    An event happened at ``derived_tstamp``: the collector's time, less the time that the event waited on the device
    (sent - created by the device's own clock, whose error falls out). No clock states a zone; all are in UTC.
    """

    landing_time = "collected_at"
    min_rows = 0

    event_id = Column(dtype=pl.String(), doc="Given by the tracker; the same when it is sent again.")
    page_view_id = Column(dtype=pl.String(), doc="The page view it belongs to; may be missing.", nullable=True)
    event_name = Column(dtype=pl.String(), doc="What happened.")
    user_id = Column(dtype=pl.String(), doc="Who is logged in.", nullable=True)
    domain_userid = Column(dtype=pl.String(), doc="The browser, by a cookie; may be missing.", nullable=True)
    domain_sessionid = Column(dtype=pl.String(), doc="As the tracker counts sessions.", nullable=True)
    created_at = Column(dtype=TIME, doc="By the device's clock.", source="dvce_created_tstamp", role="time", zone="UTC")
    sent_at = Column(dtype=TIME, doc="By the device's clock.", source="dvce_sent_tstamp", role="time", zone="UTC")
    collected_at = Column(
        dtype=TIME, doc="When it reached the collector.", source="collector_tstamp", role="time", zone="UTC"
    )


class PageViewLog(SnowplowLog):
    """One row per page view sent; a view may be sent more than once, with event ids of its own."""

    event_time = "viewed_at"
    checks = (RowCheck(id="collected_after_viewed", that="collected_at >= viewed_at", on_fail="warn"),)

    viewed_at = Column(dtype=TIME, doc="When it happened.", source="derived_tstamp", role="time", zone="UTC")
    page = Column(dtype=pl.String(), doc="The page.", source="page_urlpath")
    page_title = Column(dtype=pl.String(), doc="Its title.", nullable=True)
    referrer_medium = Column(dtype=pl.String(), doc="Kind of referrer.", source="refr_medium", nullable=True)
    country = Column(dtype=pl.String(), doc="ISO 3166 code of the country.", source="geo_country", nullable=True)
    device_width = Column(dtype=pl.Int32(), doc="Width of the screen.", source="dvce_screenwidth", nullable=True)
    user_agent = Column(dtype=pl.String(), doc="What the client calls itself.", source="useragent", nullable=True)


class PageClickLog(SnowplowLog):
    """One row per click on a link or an object of a page."""

    event_time = "clicked_at"

    clicked_at = Column(dtype=TIME, doc="When it happened.", source="derived_tstamp", role="time", zone="UTC")


class PagePingLog(SnowplowLog):
    """One row per ping: the page was still in view."""

    event_time = "pinged_at"

    pinged_at = Column(dtype=TIME, doc="When it happened.", source="derived_tstamp", role="time", zone="UTC")


class OtherEventLog(SnowplowLog):
    """One row per other event: cookie notices, consent, forms."""

    event_time = "happened_at"

    happened_at = Column(dtype=TIME, doc="When it happened.", source="derived_tstamp", role="time", zone="UTC")
