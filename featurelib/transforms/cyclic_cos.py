"""CyclicCos: the other half of a point on a circle of hours or days."""

from dataclasses import dataclass

from featurelib.transforms.cyclic_sin import CyclicSin
from featurelib.transforms.registry import register


@register("cyclic_cos")
@dataclass(frozen=True)
class CyclicCos(CyclicSin):
    """Turn a time of day, week or year into the cosine of its angle; take `CyclicSin` beside it.

    See there for what the two are together.

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
    Adds ``<column>__cos``, ``Float32``, -1 to 1: ``cos(2 pi k / n)`` for step k of n; null stays null. The values come
    from a table that Python computes when the transform is fitted, so no processor or library changes a last bit.
    Name the second period's column with `Feature`. Nothing is fitted.

    Examples
    --------
    >>> import polars as pl
    >>> from datetime import UTC, datetime
    >>> from featurelib.transforms import fit
    >>> frame = pl.DataFrame({"shown_at": [datetime(2026, 11, 1, 6, tzinfo=UTC), None]})
    >>> fit(CyclicCos("shown_at", zone="UTC"), frame).transform(frame)["shown_at__cos"].round(3).to_list()
    [0.0, None]
    """

    suffix = "cos"
