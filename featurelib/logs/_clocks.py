"""Clocks: times that no event, and no landing, can have."""

from datetime import timedelta

import polars as pl

from featurelib.logs._rules import Fault
from featurelib.logs.log import Log


def clock_faults(log: Log) -> list[Fault]:
    """Return the faults of times that no event, and no landing, can have.

    ``before_1970`` of the event time and of the landing time: clocks that were never set. ``in_the_future``: the event
    says that it happened more than the log's skew after it landed.
    """
    schema, landing = log.table.polars_schema(), log.table.landing_time
    clocks = [name for name in (log.time, landing) if name is not None and schema[name].is_temporal()]
    faults = [_fault("before_1970", name, pl.col(name).to_physical() < 0) for name in clocks]
    if landing is not None and getattr(schema[landing], "time_zone", None) is not None:
        landed_by = _micros(landing) + log.skew // timedelta(microseconds=1)
        faults.append(_fault("in_the_future", log.time, _micros(log.time) > landed_by))
    return faults


def _fault(reason: str, column: str, broken: pl.Expr) -> Fault:
    return Fault(reason, column, broken.fill_null(value=False), pl.col(column).cast(pl.String))


def _micros(name: str) -> pl.Expr:
    return pl.col(name).dt.cast_time_unit("us").to_physical()
