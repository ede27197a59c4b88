"""Hour: the hour that the clock shows."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Cycle, LocalClock
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform
from featurelib.transforms.zoned import HOUR_US, check_zone


@register("hour")
@dataclass(frozen=True)
class Hour(Transform):
    """Number the hour of the day on the clocks of a zone.

    Parameters
    ----------
    column
        Time with a zone, such as ``shown_at``.
    zone
        Whose clocks, such as ``Europe/Berlin``; the zone that the column is stored in does not matter.

    Raises
    ------
    ParameterError
        If the zone is unknown.

    Notes
    -----
    Adds ``<column>__hour``, ``UInt8``, never null: 0 is missing, 1 is midnight to 1 am, 24 the last. Where clocks go
    back, two hours have one number. The changes of the clock are part of the program. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"shown_at": [datetime(2026, 7, 1, 22, 30, tzinfo=UTC), None]})
    >>> fit(Hour("shown_at", zone="Europe/Berlin"), frame).transform(frame)["shown_at__hour"].to_list()
    [1, 0]
    """

    column: str
    _: KW_ONLY
    zone: str

    suffix = "hour"
    view = "time"

    def __post_init__(self) -> None:
        check_zone(self, self.zone)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield LocalClock.of(self.zone)
        yield Cycle(HOUR_US, 24)
