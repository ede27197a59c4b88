"""Last value, and the time since the last event."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from featurelib.windows.parts import Last, Latest
from featurelib.windows.past import Past
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import RangedWindow, ValueWindow

_LATEST = Latest()


@dataclass(frozen=True, repr=False)
class LastValue(ValueWindow):
    """Value of the last event that has one, in the column's type; null without any.

    Of events at one instant the last is the one that comes last in the log.

    Parameters
    ----------
    column
        Any but a list, a struct or bytes. NaN counts as null.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_scalar(self.of, self.column)

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, Last(self.column)),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        column, found = Last(self.column).name, {}
        for name, length in self.lengths.items():
            tiles, span = self._span(past, spec, length)
            found[name] = _at(tiles.rows[column], tiles.last(column, span)).alias(name)
        return found


@dataclass(frozen=True, repr=False)
class Recency(RangedWindow):
    """Seconds since the last event, ``Float64``; null without any in the window.

    Counted to where the window would end without a delay: the sample's instant where exact, else the last whole hour
    or midnight before it; and from when the event counts, where the delay is `Landed` or `Drawn`.
    """

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Float64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, _LATEST),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        import numpy as np

        (spec,) = self.tiles(past.grain.timezone)
        edges, found = pl.Series(past.grain.starts(past.asked.edges)), {}
        for name, length in self.lengths.items():
            tiles, span = self._span(past, spec, length)
            last = _at(tiles.rows[_LATEST.name].to_physical(), tiles.last(_LATEST.name, span))
            found[name] = ((edges - last).cast(pl.Float64) / pl.Series(np.full(len(edges), 1e6))).alias(name)
        return found


def _at(values: pl.Series, positions: Any) -> pl.Series:
    """Return the values at some positions; null at -1."""
    known = pl.Series(positions)
    return values.gather(known.set(known < 0, None))
