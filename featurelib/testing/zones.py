"""Days of a time zone: when they start, and in which an instant lies."""

import datetime as dt
from zoneinfo import ZoneInfo


def midnight(day: dt.date, zone: str) -> dt.datetime:
    """Return when a day starts in a zone, in UTC.

    Examples
    --------
    >>> berlin = [midnight(dt.date(2026, 10, n), "Europe/Berlin") for n in (25, 26)]
    >>> berlin[1] - berlin[0]
    datetime.timedelta(days=1, seconds=3600)
    """
    return dt.datetime.combine(day, dt.time(), tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


def day_of(at: dt.datetime, zone: str) -> dt.date:
    """Return the day of a zone in which an instant lies.

    Examples
    --------
    >>> day_of(dt.datetime(2026, 11, 1, 23, 30, tzinfo=dt.UTC), "Europe/Berlin")
    datetime.date(2026, 11, 2)
    """
    return at.astimezone(ZoneInfo(zone)).date()
