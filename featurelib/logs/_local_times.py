"""Local times: instants given as what a clock in some zone shows."""

from datetime import datetime

import polars as pl

_ALL = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999)  # noqa: DTZ001
_NS = datetime(1678, 1, 1), datetime(2261, 12, 31)  # noqa: DTZ001


def from_local(local: pl.Expr, dtype: pl.Datetime, zone: str) -> pl.Expr:
    """Return the instants of local times; null for one that the clock skips or shows twice, or that does not fit.

    Parameters
    ----------
    local
        Times without a zone, of a unit that is not finer than the type's.
    dtype
        The type wanted, with a zone of its own.
    zone
        Where the clock is.
    """
    first, last = _NS if dtype.time_unit == "ns" else _ALL
    # NOTE: polars panics on local times of five-digit years, and wraps what nanoseconds cannot count
    known = pl.when(local.is_between(first, last)).then(local)
    instant = known.dt.cast_time_unit(dtype.time_unit).dt.replace_time_zone(zone, ambiguous="null", non_existent="null")
    return instant.dt.convert_time_zone(dtype.time_zone or zone)
