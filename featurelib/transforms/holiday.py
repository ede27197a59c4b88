"""Holiday: whether it is one of the days that you list."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import date, datetime

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import IsOnDay, LocalClock, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform
from featurelib.transforms.zoned import check_zone

_EPOCH = date(1970, 1, 1)


@register("holiday")
@dataclass(frozen=True)
class Holiday(Transform):
    """Tell the days of a list, such as public holidays or sales, from the others.

    Parameters
    ----------
    column
        Time with a zone, such as ``shown_at``.
    dates
        The days, as ``date`` or ISO text such as ``2026-12-25``; list those of all years that you fit and serve.
    zone
        Whose midnights part the days, such as ``Europe/Berlin``.

    Raises
    ------
    ParameterError
        If the zone is unknown, or ``dates`` is empty or holds what is no date.

    Notes
    -----
    Adds ``<column>__holiday``, ``Float32``: 1 on a day of the list, else 0; null stays null. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"shown_at": [datetime(2026, 12, 24, 23, 30, tzinfo=UTC), None]})
    >>> holiday = Holiday("shown_at", dates=["2026-12-25"], zone="Europe/Berlin")
    >>> fit(holiday, frame).transform(frame)["shown_at__holiday"].to_list()
    [1.0, None]
    """

    column: str
    _: KW_ONLY
    dates: Sequence[date | str]
    zone: str

    suffix = "holiday"
    view = "time"

    def __post_init__(self) -> None:
        check_zone(self, self.zone)
        object.__setattr__(self, "dates", tuple(sorted({self._date(day) for day in self.dates})))
        if not self.dates:
            raise ParameterError(self, "dates", got=self.dates, want="at least one date")

    def _date(self, day: date | str) -> date:
        try:
            parsed = date.fromisoformat(day) if isinstance(day, str) else day
        except ValueError as error:
            raise ParameterError(self, "dates", got=day, want="dates such as 2026-12-25") from error
        if not isinstance(parsed, date) or isinstance(parsed, datetime):
            raise ParameterError(self, "dates", got=day, want="dates such as 2026-12-25")
        return parsed

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield LocalClock.of(self.zone)
        yield IsOnDay(tuple((self._date(day) - _EPOCH).days for day in self.dates))
        yield ToFloat32()
