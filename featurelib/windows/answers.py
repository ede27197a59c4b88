"""Answers: what every window says for an entity at an hour, and how samples get it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import polars as pl

from featurelib.durations import duration
from featurelib.windows.rate import HOUR, Rate
from featurelib.windows.tiles import hour_of


def answer(tiles: pl.DataFrame, rates: Sequence[Rate], start: datetime, end: datetime) -> pl.DataFrame:
    """Compute the windows of one entity column at every hour that has a tile.

    Parameters
    ----------
    tiles
        Merged tiles, sorted by entity and hour, reaching back as far as the longest window and delay.
    rates
        The windows, all of the same entity.
    start, end
        Instants, UTC; hours in ``[start, end)`` are answered.

    Returns
    -------
    Columns ``entity``, ``hour`` and one per rate, sorted by entity and hour.
    """
    first = start.replace(minute=0, second=0, microsecond=0)
    wanted = (pl.col("hour") >= first) & (pl.col("hour") < end)
    asked = tiles.lazy().filter(wanted).select("entity", "hour")
    for rate in rates:
        asked = asked.join(_window(tiles, rate), on=["entity", "hour"], how="left", maintain_order="left")
    return asked.collect().sort("entity", "hour")


def _window(tiles: pl.DataFrame, rate: Rate) -> pl.LazyFrame:
    over, delay = duration(rate, "over", rate.over), duration(rate, "delay", rate.delay)
    above, below = pl.col(rate.of.name).sum(), pl.col(rate.per.name).sum()
    value = (above + rate.alpha) / (below + (rate.alpha + rate.beta))
    # NOTE: the tiles of [hour - delay - over, hour - delay); the hour's own tile never counts
    return (
        tiles.lazy()
        .rolling("hour", period=_hours(over), offset=f"-{_hours(over + delay)}", closed="left", group_by="entity")
        .agg(value.alias(rate.name))
    )


def _hours(length: timedelta) -> str:
    return f"{length // HOUR}h"


def attach(samples: pl.LazyFrame, answers: pl.LazyFrame, *, by: str, time: str) -> pl.LazyFrame:
    """Add the answers to the samples, by entity and hour; rows and their order stay.

    A sample whose entity is null gets null.
    """
    keyed = samples.with_columns(pl.col(by).cast(pl.String).alias("@entity"), hour_of(pl.col(time)).alias("@hour"))
    joined = keyed.join(
        answers, left_on=["@entity", "@hour"], right_on=["entity", "hour"], how="left", maintain_order="left"
    )
    return joined.drop("@entity", "@hour")
