"""Weekend: whether it is a day off."""

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Cycle, Gather, LocalClock, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform
from featurelib.transforms.zoned import DAY_US, WEEK_SHIFT_US, check_zone


@register("weekend")
@dataclass(frozen=True)
class Weekend(Transform):
    """Tell the days of the weekend from the others.

    Parameters
    ----------
    column
        Time with a zone, such as ``shown_at``.
    zone
        Whose midnights part the days, such as ``Europe/Berlin``.
    days
        The days of the weekend, 1 for Monday to 7 for Sunday; ``(5, 6)`` where it is Friday and Saturday.

    Raises
    ------
    ParameterError
        If the zone is unknown, or ``days`` are not days of a week.

    Notes
    -----
    Adds ``<column>__weekend``, ``Float32``: 1 on a day of the weekend, else 0; null stays null. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"shown_at": [datetime(2026, 11, 1, 12, tzinfo=UTC), None]})
    >>> fit(Weekend("shown_at", zone="Europe/Berlin"), frame).transform(frame)["shown_at__weekend"].to_list()
    [1.0, None]
    """

    column: str
    _: KW_ONLY
    zone: str
    days: Sequence[int] = (6, 7)

    suffix = "weekend"
    view = "time"

    def __post_init__(self) -> None:
        check_zone(self, self.zone)
        object.__setattr__(self, "days", (self.days,) if isinstance(self.days, int) else tuple(self.days))
        if not self.days or not set(self.days) <= set(range(1, 8)):
            raise ParameterError(self, "days", got=self.days, want="numbers from 1 for Monday to 7 for Sunday")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield LocalClock.of(self.zone)
        yield Cycle(DAY_US, 7, WEEK_SHIFT_US)
        yield Gather((None, *(float(day in self.days) for day in range(1, 8))))
        yield ToFloat32()
