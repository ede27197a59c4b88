"""Days: ranges of day partitions, and the instants between which a day lies in its time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from featurelib.errors import ParameterError, UsageError

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from ``start`` to ``end``, both included.

    Raises
    ------
    ParameterError
        If ``end`` lies before ``start``.

    Examples
    --------
    >>> [str(day) for day in Days.parse("2026-11-01", "2026-11-02")]
    ['2026-11-01', '2026-11-02']
    """

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ParameterError(self, "end", got=str(self.end), want=f"{self.start} or later")

    @classmethod
    def parse(cls, start: str, end: str) -> "Days":
        """Read two ISO dates.

        Raises
        ------
        UsageError
            If a text is no date such as ``2026-11-01``.
        """
        try:
            return cls(date.fromisoformat(start), date.fromisoformat(end))
        except ValueError as error:
            if isinstance(error, ParameterError):
                raise
            raise UsageError(f"days are written as 2026-11-01, got {start!r} and {end!r} ({error}).") from error

    def ending(self, length: int) -> "Days":
        """Return the ``length`` days up to the end of these.

        Raises
        ------
        UsageError
            If the first of them lies before the year 1.
        """
        try:
            return Days(self.end - timedelta(days=length - 1), self.end)
        except OverflowError as error:
            raise UsageError(f"there are no {length:,} days up to {self.end}.") from error

    def __iter__(self) -> Iterator[date]:
        for number in range(len(self)):
            yield self.start + timedelta(days=number)

    def __len__(self) -> int:
        return (self.end - self.start).days + 1

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.start <= day <= self.end

    def __str__(self) -> str:
        return f"{self.start}" if self.start == self.end else f"{self.start} .. {self.end}"


@lru_cache(maxsize=4096)  # plans ask for the same days thousands of times
def day_bounds(day: date, timezone: str) -> tuple[datetime, datetime]:
    """Return the instants at which a day begins and ends in a time zone, in UTC; 23 to 25 hours apart.

    Examples
    --------
    >>> begin, end = day_bounds(date(2026, 10, 25), "Europe/Berlin")
    >>> end - begin
    datetime.timedelta(days=1, seconds=3600)
    """
    zone = ZoneInfo(timezone)
    begin = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone).astimezone(UTC)
    return begin, end


def split_by_day(start: datetime, end: datetime, timezone: str) -> list[tuple[datetime, datetime]]:
    """Return the parts of a span of time that lie in one day each, ascending, in UTC; an empty span has none.

    Examples
    --------
    >>> evening = datetime(2026, 11, 1, 20, tzinfo=UTC)
    >>> parts = split_by_day(evening, evening + timedelta(hours=5), "Europe/Berlin")
    >>> [f"{begin:%d %H} to {end:%d %H}" for begin, end in parts]
    ['01 20 to 01 23', '01 23 to 02 01']
    """
    parts = []
    while start < end:
        _, midnight = day_bounds(start.astimezone(ZoneInfo(timezone)).date(), timezone)
        parts.append((start, min(midnight, end)))
        start = midnight
    return parts


def hours_in(day: date, timezone: str) -> int:
    """Return how many hours a day has in a time zone; a last one may be shorter, where clocks change by half an hour.

    Examples
    --------
    >>> hours_in(date(2026, 10, 25), "Europe/Berlin")
    25
    """
    begin, end = day_bounds(day, timezone)
    return -((begin - end) // _HOUR)


@lru_cache(maxsize=2**14)
def hour_bounds(day: date, hour: int, timezone: str) -> tuple[datetime, datetime]:
    """Return the instants between which an hour of a day lies, counted from its midnight, in UTC.

    Counted, not read off a clock: where clocks go back, two hours have the same name, and 25 have a number.

    Raises
    ------
    UsageError
        If the day has no such hour.

    Examples
    --------
    >>> begin, end = hour_bounds(date(2026, 10, 25), 24, "Europe/Berlin")
    >>> f"{begin:%d %H} to {end:%d %H}"
    '25 22 to 25 23'
    """
    begin, end = day_bounds(day, timezone)
    start = begin + hour * _HOUR
    if start >= end:
        raise UsageError(f"{day} has no hour {hour} in {timezone}: it has {hours_in(day, timezone)}, counted from 0.")
    return start, min(start + _HOUR, end)
