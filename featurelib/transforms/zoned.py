"""Zoned: what transforms that read a local clock have in common."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from featurelib.errors import ParameterError
from featurelib.transforms.transform import Transform

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
WEEK_SHIFT_US = 3 * DAY_US
"""1970 began on a Thursday: its week on the Monday three days before."""


def check_zone(owner: Transform, zone: str) -> None:
    """Raise `ParameterError` unless a transform's zone is one that Python knows."""
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError, TypeError) as error:
        raise ParameterError(owner, "zone", got=zone, want="an IANA name such as UTC or Europe/Berlin") from error
