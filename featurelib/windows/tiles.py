"""Tiles: an entity's events of one hour, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from featurelib.errors import ParameterError
from featurelib.program.hashing import hash_expr

BUCKETS = 16
"""Buckets of entities; a bucket's tiles of all days in reach are in memory together."""


@dataclass(frozen=True, slots=True)
class TileSpec:
    """Tiles of one entity: which logs are counted.

    Parameters
    ----------
    by
        The entity's column.
    logs
        Names of the logs counted; each is a column of the tiles.

    Raises
    ------
    ParameterError
        If a log is called like one of the tiles' own columns: ``bucket``, ``entity``, ``hour``.
    """

    by: str
    logs: tuple[str, ...]

    def __post_init__(self) -> None:
        for log in self.logs:
            if log in {"bucket", "entity", "hour"}:
                raise ParameterError(self, "logs", got=log, want="names other than those of the tiles' own columns")

    @property
    def name(self) -> str:
        """Name of the table that holds these tiles."""
        return f"tiles_{self.by}"

    @property
    def schema(self) -> pl.Schema:
        """Columns of the table: bucket and text of the entity, hour (UTC), a count per log."""
        counts = dict.fromkeys(self.logs, pl.Int64())
        return pl.Schema({"bucket": pl.Int32(), "entity": pl.String(), "hour": pl.Datetime("us", "UTC"), **counts})


def bucket_of(entity: pl.Expr) -> pl.Expr:
    """Return the bucket of an entity's text, the same on every machine."""
    return (hash_expr(entity) % BUCKETS).cast(pl.Int32)


def fold(spec: TileSpec, events: Mapping[str, pl.LazyFrame], seen: pl.LazyFrame | None) -> pl.DataFrame:
    """Count a day's events per entity and hour.

    Parameters
    ----------
    spec
        Which tiles.
    events
        Per log, its events of the day: columns ``entity`` and ``time``.
    seen
        Entities and times of the day's samples, in the same two columns. They add tiles with no count, so that each
        hour in which an entity is sampled has a tile to be answered at. None if the samples are among the events.

    Returns
    -------
    The tiles by bucket, entity and hour, in this order. Null entities have none.
    """
    parts = [_hours(frame).with_columns(_counts(spec, log)) for log, frame in events.items()]
    if seen is not None:
        parts.append(_hours(seen).unique().with_columns(_counts(spec, None)))
    counted = pl.concat(parts).group_by("entity", "hour").agg(pl.col(spec.logs).sum())
    return (
        counted.with_columns(bucket=bucket_of(pl.col("entity")))
        .select(spec.schema.names())
        .collect()
        .sort("bucket", "entity", "hour")
    )


def hour_of(time: pl.Expr) -> pl.Expr:
    """Return the start of the UTC hour of an instant, whatever the zone and unit of its column."""
    return time.dt.cast_time_unit("us").dt.convert_time_zone("UTC").dt.truncate("1h")


def _hours(events: pl.LazyFrame) -> pl.LazyFrame:
    known = events.filter(pl.col("entity").is_not_null())
    return known.select(pl.col("entity").cast(pl.String), hour=hour_of(pl.col("time")))


def _counts(spec: TileSpec, counted: str | None) -> list[pl.Expr]:
    return [pl.lit(int(log == counted), dtype=pl.Int64).alias(log) for log in spec.logs]


def merge(tiles: Sequence[pl.LazyFrame]) -> pl.DataFrame:
    """Add up tiles of several days; sorted by entity and hour."""
    counts = pl.exclude("entity", "hour")
    return pl.concat(tiles).drop("bucket").group_by("entity", "hour").agg(counts.sum()).collect().sort("entity", "hour")
