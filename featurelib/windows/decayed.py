"""Decayed count or sum: what happened long ago counts less."""

from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ParameterError
from featurelib.windows.grain import Ints, Numbers
from featurelib.windows.parts import Faded
from featurelib.windows.past import Blocks, Past
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import RangedWindow

_SECOND_US = 1e6


@dataclass(frozen=True, repr=False)
class Decayed(RangedWindow):
    """Sum over the events of ``v * 2 ** -(age / half_life)``, ``Float64``; 0 without any.

    An event's age is counted to where the window would end without a delay: the sample's instant where exact, else the
    last whole hour or midnight before it; where the delay is `Landed` or `Drawn`, from when the event counts. Null and
    NaN values count as none; an infinite one is NaN as soon as its weight has faded to nothing.

    Parameters
    ----------
    half_life
        After which an event counts half; in whole seconds.
    column
        What is summed: whole numbers, floats or booleans; None counts each event as 1.
    """

    _: KW_ONLY
    half_life: str | timedelta
    column: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        half = duration(self, "half_life", self.half_life)
        if half < timedelta(seconds=1) or half % timedelta(seconds=1):
            raise ParameterError(self, "half_life", got=str(half), want="whole seconds, at least one")
        object.__setattr__(self, "half_life", half)
        if self.column is not None:
            self._check_number(self.of, self.column)

    @property
    def _part(self) -> Faded:
        return Faded(self.column, duration(self, "half_life", self.half_life))

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Float64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, self._part),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        import numpy as np

        (spec,) = self.tiles(past.grain.timezone)
        grain, half_us = past.grain, self._part.half_life.total_seconds() * _SECOND_US
        # NOTE: a tile's sum counts from the end of its moment; an instant has none, and counts from itself
        own = int(grain.name == "instant")

        def faded(values: Numbers, after: Ints, until: Ints) -> Numbers:
            return values * np.exp2((grain.starts(until) - grain.starts(after - own)) / -half_us)

        def lift(values: Numbers, after: Ints, around: Ints) -> Numbers:
            return faded(values, after, around - own)

        blocks, found = Blocks("add", 0.0, lift, faded), {}
        for name, length in self.lengths.items():
            tiles, _ = self._span(past, spec, length)
            values = tiles.rows[self._part.name].to_numpy()
            total = blocks.over(tiles.track, values, past.asked, grain.units(length), grain.units(self.waits))
            found[name] = pl.Series(name, total)
        return found
