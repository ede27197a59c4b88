"""Repeats: which rows of a log without an event id are the same event, sent more than once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from featurelib.durations import duration
from featurelib.errors import ParameterError


@dataclass(frozen=True)
class Repeats:
    """Declare which rows without an event id are repeats; samples set them aside under the reason ``repeat``.

    A row is a repeat if the row before it with the same values in these columns, in order of event time, landing time
    and then of the log, came less than ``within`` earlier. It makes no difference whether that one is a repeat itself:
    of events in a chain of short gaps only the first stays, and no more than ``within`` before a day need be looked at
    to know a day's repeats.

    Parameters
    ----------
    columns
        What is the same in a repeat, such as user, item, request and position; at least one. Null equals null.
    within
        The gap, such as ``5m``; half-open.

    Raises
    ------
    ParameterError
        If the gap is empty, or there is no column, or one twice.

    Examples
    --------
    >>> Repeats(["user_id", "item_id"], within="90s").gap
    datetime.timedelta(seconds=90)
    """

    columns: str | Sequence[str]
    within: str | timedelta = "5m"

    def __post_init__(self) -> None:
        columns = (self.columns,) if isinstance(self.columns, str) else tuple(self.columns)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "within", duration(self, "within", self.within))
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ParameterError(self, "columns", got=self.columns, want="at least one column, each once")
        if self.gap <= timedelta():
            raise ParameterError(self, "within", got=str(self.within), want="longer than nothing")

    @property
    def gap(self) -> timedelta:
        """The gap as a duration."""
        return duration(self, "within", self.within)
