"""The web logs: requests of an Apache server, crawlers among them."""

import polars as pl

from featurelib.schema import Column, Table

TIME = pl.Datetime("us", "UTC")


class WebRequestLog(Table):
    """One row per request, from Apache's combined log format. A line in another format is refused."""

    event_time = "requested_at"

    client = Column(
        dtype=pl.String(), doc="Address of the client, replaced by a pseudonym.", role="entity", pii="pseudonymous"
    )
    ident = Column(dtype=pl.String(), doc="As identd says; nobody asks it.", nullable=True)
    user = Column(dtype=pl.String(), doc="Who is logged in.", nullable=True)
    requested_at = Column(dtype=TIME, doc="When the request came, to the second.", role="time")
    method = Column(dtype=pl.String(), doc="HTTP method.", allowed=("GET", "HEAD", "POST", "OPTIONS"))
    target = Column(dtype=pl.String(), doc="What was asked for, with its query.")
    protocol = Column(dtype=pl.String(), doc="HTTP version.")
    status = Column(dtype=pl.Int16(), doc="HTTP status of the answer.", between=(100, 599))
    bytes = Column(dtype=pl.Int64(), doc="Size of the answer's body.", unit="bytes", nullable=True, between=(0, None))
    referrer = Column(dtype=pl.String(), doc="Where the client says it came from.", nullable=True)
    agent = Column(dtype=pl.String(), doc="What the client calls itself.", nullable=True)
    page = Column(dtype=pl.String(), doc="What was asked for, without its query.", role="entity")
    asset = Column(dtype=pl.Boolean(), doc="Whether it is a picture, style or script of a page.")
    referrer_host = Column(dtype=pl.String(), doc="Host of the referrer.", nullable=True)
    referrer_page = Column(dtype=pl.String(), doc="The referrer, where it is a page of this site.", nullable=True)
    search_query = Column(dtype=pl.String(), doc="What a search engine was asked.", nullable=True)
    search_rank = Column(
        dtype=pl.Int32(), doc="Place of the result clicked, 1 at the top.", nullable=True, between=(1, None)
    )


class WebFollowLog(Table):
    """One row per request for a page that came from a page of this site: a click on that page."""

    event_time = "followed_at"
    min_rows = 0

    client = Column(
        dtype=pl.String(), doc="Address of the client, replaced by a pseudonym.", role="entity", pii="pseudonymous"
    )
    page = Column(dtype=pl.String(), doc="The page it came from.", role="entity")
    followed_at = Column(dtype=TIME, doc="When the request came, to the second.", role="time")
    to_page = Column(dtype=pl.String(), doc="The page asked for.")
