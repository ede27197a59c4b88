"""Weekday: the day of the week."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Cycle, LocalClock
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform
from featurelib.transforms.zoned import DAY_US, WEEK_SHIFT_US, check_zone


@register("weekday")
@dataclass(frozen=True)
class Weekday(Transform):
    """Number the day of the week in a zone.

    Parameters
    ----------
    column
        Time with a zone, such as ``shown_at``.
    zone
        Whose midnights part the days, such as ``Europe/Berlin``.

    Raises
    ------
    ParameterError
        If the zone is unknown.

    Notes
    -----
    Adds ``<column>__weekday``, ``UInt8``, never null: 0 is missing, 1 Monday, 7 Sunday (ISO 8601). Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"shown_at": [datetime(2026, 11, 1, 23, 30, tzinfo=UTC), None]})
    >>> fit(Weekday("shown_at", zone="Europe/Berlin"), frame).transform(frame)["shown_at__weekday"].to_list()
    [1, 0]
    """

    column: str
    _: KW_ONLY
    zone: str

    suffix = "weekday"
    view = "time"

    def __post_init__(self) -> None:
        check_zone(self, self.zone)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield LocalClock.of(self.zone)
        yield Cycle(DAY_US, 7, WEEK_SHIFT_US)
