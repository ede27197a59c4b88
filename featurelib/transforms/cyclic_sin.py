"""CyclicSin: one half of a point on a circle of hours or days."""

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Cycle, Gather, LocalClock, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform
from featurelib.transforms.zoned import DAY_US, HOUR_US, WEEK_SHIFT_US, check_zone

_WAVES = {"sin": math.sin, "cos": math.cos}
_PERIODS = {
    "day": Cycle(HOUR_US // 60, 24 * 60),
    "week": Cycle(HOUR_US, 7 * 24, WEEK_SHIFT_US),
    "year": Cycle(DAY_US * 3_652_425 // 3_600_000, 360),
}


@register("cyclic_sin")
@dataclass(frozen=True)
class CyclicSin(Transform):
    """Turn a time of day, week or year into the sine of its angle; take `CyclicCos` beside it.

    Both together place the time on a circle, so that a minute before midnight lies beside midnight.

    Parameters
    ----------
    column
        Time with a zone, such as ``shown_at``.
    zone
        Whose clocks, such as ``Europe/Berlin``.
    period
        ``day`` (in steps of a minute), ``week`` (of an hour, from Monday) or ``year`` (of a 360th of 365.2425 days, so
        that a date is off by two days at most).

    Raises
    ------
    ParameterError
        If the zone or the period is unknown.

    Notes
    -----
    Adds ``<column>__sin``, ``Float32``, -1 to 1: ``sin(2 pi k / n)`` for step k of n; null stays null. The values come
    from a table that Python computes when the transform is fitted, so no processor or library changes a last bit.
    Name the second period's column with `Feature`. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"shown_at": [datetime(2026, 11, 1, 6, tzinfo=UTC), None]})
    >>> fit(CyclicSin("shown_at", zone="UTC"), frame).transform(frame)["shown_at__sin"].round(3).to_list()
    [1.0, None]
    """

    column: str
    _: KW_ONLY
    zone: str
    period: str = "day"

    suffix = "sin"
    view = "time"

    def __post_init__(self) -> None:
        check_zone(self, self.zone)
        if self.period not in _PERIODS:
            raise ParameterError(self, "period", got=self.period, want=f"one of {', '.join(_PERIODS)}")

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        cycle = _PERIODS[self.period]
        angles = [2 * math.pi * step / cycle.steps for step in range(cycle.steps)]
        yield LocalClock.of(self.zone)
        yield cycle
        yield Gather((None, *map(_WAVES[self.suffix], angles)))
        yield ToFloat32()
