"""Partitions: which of a log's partitions a span of time needs."""

from datetime import UTC, datetime

from featurelib.errors import UsageError
from featurelib.logs.log import Log

_START = datetime(1970, 1, 1, tzinfo=UTC)


def partitions_of(log: Log, start: datetime, end: datetime) -> list[datetime]:
    """Return the partitions that may hold events of ``[start, end)``, late ones included.

    Parameters
    ----------
    log
        The log.
    start, end
        Instants with a time zone.

    Returns
    -------
    list of datetime
        Start of each partition, in UTC, ascending; a row may land up to ``log.lateness`` after its event.

    Raises
    ------
    UsageError
        If an instant has no time zone, or ``start`` is not before ``end``.

    Examples
    --------
    >>> from datetime import timedelta
    >>> from featurelib.logs import Log
    >>> from featurelib.schema.column import Column
    >>> from featurelib.schema.table import Table
    >>> import polars as pl
    >>> class Clicks(Table):
    ...     event_time = "clicked_at"
    ...     clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When the item was opened.")
    >>> clicks = Log(name="clicks", table=Clicks, files="{dt}.csv", lateness=timedelta(hours=6))
    >>> day = datetime(2026, 11, 1, tzinfo=UTC)
    >>> [f"{p:%d}" for p in partitions_of(clicks, day, day + timedelta(days=1))]
    ['01', '02']
    """
    first, stop = partition_span(log, start, end)
    step = log.step
    return [first + number * step for number in range(-((first - stop) // step))]


def partition_span(log: Log, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return from when, and until before when, the partitions begin that may hold events of ``[start, end)``; in UTC.

    Raises
    ------
    UsageError
        As `partitions_of`.
    """
    start, end = utc_span(log, start, end)
    return start - (start - _START) % log.step, end + log.lateness


def utc_span(log: Log, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Return two instants in UTC, in order, or raise UsageError."""
    for instant in (start, end):
        if instant.tzinfo is None:
            msg = f"{log} is read between instants with a time zone, got {instant!r}. Add tzinfo=UTC if it is UTC."
            raise UsageError(msg)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    if not start < end:
        msg = f"{log} is read from a start before its end, got {start} and {end}."
        raise UsageError(msg)
    return start, end
