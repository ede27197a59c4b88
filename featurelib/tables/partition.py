"""Partition: one day, or one hour, of a table."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from featurelib.errors import ParameterError, UsageError

_TEXT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}))?")


@dataclass(frozen=True, order=True, slots=True)
class Partition:
    """Name one slice of a table: a day, or one hour of it; in which time zone is for the writer to say.

    Parameters
    ----------
    dt
        The day.
    hr
        The hour of a table by hours, counted from the day's midnight: 0 to 23, or to 24 on a day of 25 hours;
        ``None`` for a table by days.

    Raises
    ------
    ParameterError
        If ``dt`` is not a plain date, or ``hr`` is not a whole number from 0 to 24.

    Notes
    -----
    Partitions of one table sort by time. Days and hours never mix in one table.

    Examples
    --------
    >>> hour = Partition.parse("2026-11-01T05")
    >>> str(hour), hour.path
    ('2026-11-01T05', 'dt=2026-11-01/hr=5')
    """

    dt: date
    hr: int | None = None

    def __post_init__(self) -> None:
        if type(self.dt) is not date:  # a datetime is a date to isinstance, and would print its time
            raise ParameterError(self, "dt", got=self.dt, want="a datetime.date")
        if self.hr is not None and (type(self.hr) is not int or not 0 <= self.hr <= 24):
            raise ParameterError(self, "hr", got=self.hr, want="a whole number from 0 to 24, or None")

    @classmethod
    def parse(cls, text: str) -> "Partition":
        """Read ``2026-11-01`` or ``2026-11-01T05``.

        Raises
        ------
        UsageError
            If the text is neither, or no such day or hour exists.
        """
        if match := _TEXT.fullmatch(text):
            with suppress(ValueError):  # such as the 31st of a month that has 30
                return cls(date.fromisoformat(match[1]), None if match[2] is None else int(match[2]))
        raise UsageError(f"partition {text!r} is not a day such as 2026-11-01 or an hour such as 2026-11-01T05.")

    @property
    def path(self) -> str:
        """Its directory below the table's root."""
        return "/".join(f"{name}={value}" for name, value in self.values().items())

    def values(self) -> dict[str, str]:
        """Return the partition columns and their values as the Delta log writes them."""
        day = {"dt": self.dt.isoformat()}
        return day if self.hr is None else {**day, "hr": str(self.hr)}

    def __str__(self) -> str:
        return self.dt.isoformat() if self.hr is None else f"{self.dt.isoformat()}T{self.hr:02d}"


@lru_cache(maxsize=2**16)
def shared_partition(dt: date, hr: int | None = None) -> Partition:
    """Return a partition, the same object each time: a dict finds it without comparing days and hours."""
    return Partition(dt, hr)
