"""Age: how long ago something was."""

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass

from featurelib.errors import ParameterError
from featurelib.program.primitive import Primitive
from featurelib.program.primitives import Affine, Elapsed, ToFloat32
from featurelib.transforms.registry import register
from featurelib.transforms.transform import Transform

_UNITS = {"s": 1e6, "min": 60e6, "h": 3_600e6, "d": 86_400e6}


@register("age")
@dataclass(frozen=True)
class Age(Transform):
    """Measure the time from an event, such as the listing of an item or the user's last click, to another.

    Parameters
    ----------
    column
        When it was: a time with a zone, such as ``listed_at``.
    at
        The time as of which it is measured, such as ``shown_at``; the two may be stored in different zones.
    unit
        ``s``, ``min``, ``h`` or ``d`` (of 24 hours).

    Raises
    ------
    ParameterError
        If the unit is unknown, or both columns are one.

    Notes
    -----
    Adds ``<column>__age``, ``Float32``: (``at`` - ``column``) in microseconds, times 1 / unit. Negative if ``column``
    lies later; clip or bin it if that cannot be. Null if either is null. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> listed, shown = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 3, 12, tzinfo=UTC)
    >>> frame = pl.DataFrame({"listed_at": [listed, None], "shown_at": [shown, shown]})
    >>> fit(Age("listed_at", at="shown_at"), frame).transform(frame)["listed_at__age"].to_list()
    [2.5, None]
    """

    column: str
    _: KW_ONLY
    at: str
    unit: str = "d"

    suffix = "age"
    view = "time"

    def __post_init__(self) -> None:
        if self.unit not in _UNITS:
            raise ParameterError(self, "unit", got=self.unit, want=f"one of {', '.join(_UNITS)}")
        if self.at == self.column:
            raise ParameterError(self, "at", got=self.at, want="another column")

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.column, self.at)

    @property
    def makes(self) -> tuple[str, ...]:
        return (f"{self.column}__{self.suffix}",)

    def finish(self, learned: None) -> Iterable[Primitive]:  # noqa: ARG002  # nothing is learned
        yield Elapsed()
        yield Affine(0.0, 1 / _UNITS[self.unit])
        yield ToFloat32()
