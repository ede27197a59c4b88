"""Homes: which partitions the rows that were set aside may belong to, once they are good."""

from datetime import UTC, datetime, timedelta

import polars as pl

from featurelib.logs import Log
from featurelib.pipeline import Pipeline
from featurelib.tables import Partition

_START = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR, _OFFSET = r"^([12]\d{3}-\d\d-\d\d \d\d):", r"([+-]\d\d:\d\d)$"


def homes(pipeline: Pipeline, rows: pl.LazyFrame) -> set[Partition]:
    """Return the partitions whose samples may change when rows in quarantine turn out to be good.

    Parameters
    ----------
    pipeline
        Whose, as it is declared now.
    rows
        Of its quarantine.

    Returns
    -------
    set of Partition
        Those in which the rows lie. Of a row whose event time is at fault, that of the time, if its file may hold it
        by now; of one whose time is unknown, all that its file may hold. Of a row of a label's log, also the earlier
        ones that labels reach back to: there lie the impressions that it may be credited to.
    """
    logs = {log.name: log for log in pipeline.logs}
    place = ["dt"] if pipeline.samples.every == "1d" else ["dt", "hr"]
    time = pl.col("value")
    hour = pl.format("{}:00{}", time.str.extract(_HOUR), time.str.extract(_OFFSET))
    found: set[Partition] = set()
    for name, column, at, *where in (
        rows.select("log", "column", hour.alias("hour"), *place).unique().collect().iter_rows()
    ):
        found.add(Partition(*where))
        if name in logs:  # else its log is not read any more
            found |= _of(pipeline, logs[name], Partition(*where), column, at)
    return found


def _of(pipeline: Pipeline, log: Log, there: Partition, column: str | None, hour: str | None) -> set[Partition]:
    """Return the homes of rows with a fault in a column; ``hour`` is that of its value, if that is an instant."""
    start, end = pipeline.bounds(there)
    # NOTE: a row whose time is unknown lies where its file begins, which may hold events from before and after
    first, last = start - log.lateness, end + (_START - end) % log.step
    if column == log.time and hour is not None:
        at = datetime.fromisoformat(hour)
        first, last = max(first, at), min(last, at + timedelta(hours=1))
    elif column not in {None, log.time}:
        first, last = start, end
    reach = timedelta() if log == pipeline.samples.log else pipeline.samples.lookahead
    return set(pipeline.partitions_between(first - reach, last)) if first < last else set()
