"""Distinct: how many different values a column had."""

from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import ColumnTypeError
from featurelib.windows.grain import Hashes, Ints
from featurelib.windows.past import Past
from featurelib.windows.tiles import VALUE, TileSpec
from featurelib.windows.track import Track
from featurelib.windows.window import RangedWindow


@dataclass(frozen=True, repr=False)
class Distinct(RangedWindow):
    """Number of different values of a column, ``Int64``; 0 without any, and null counts as none.

    Exact, whatever the number, but for values whose 64-bit hashes are equal: of a million values two are with a
    chance of one in 37 million.

    Parameters
    ----------
    column
        Text, whole numbers, booleans, dates, times or instants.

    Notes
    -----
    A value counts in a window if its last occurrence before the window's end is not before the window's start. Each
    occurrence is that last one from just after it until the value occurs again, and is in the window until the window
    has moved past it; so the number of values is a number of occurrences that have begun to count, less those that
    have ended, two searches in sorted times. No sketch is needed, and nothing is estimated.
    """

    _: KW_ONLY
    column: str

    def __post_init__(self) -> None:
        super().__post_init__()
        dtype = self._check_column(self.of, self.column)
        is_time = dtype.is_temporal() and not isinstance(dtype, pl.Duration)
        if not (dtype.is_integer() or is_time or dtype in {pl.String(), pl.Boolean()}):
            want = "text, whole numbers, booleans, dates, times or instants"
            raise ColumnTypeError(self, self.column, where=str(self.of), got=dtype, want=want)

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Int64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        delay = self._spec(self.of, timezone).delay
        return (TileSpec(self.of, self.entity, self.moments(timezone), delay, column=self.column),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        import numpy as np

        (spec,) = self.tiles(past.grain.timezone)
        units, found, tiles = past.grain.units, {}, past.of(spec)
        codes, moments = tiles.track.codes, tiles.track.moments
        again, asked = _again(codes, moments, tiles.rows[VALUE].to_numpy()), past.asked
        ends = asked.edges - units(self.waits)
        begun = past.span(tiles, 0, units(self.waits)).end
        for name, length in self.lengths.items():
            # NOTE: at the moment `over` an occurrence stops to count: the value came again, or the window moved on
            over = np.minimum(again, moments + units(length))
            order = np.lexsort((over, codes))
            ended = Track(codes, over[order]).before(asked.codes, ends)
            found[name] = pl.Series(name, begun - ended)
        return found


def _again(codes: Ints, moments: Ints, values: Hashes) -> Ints:
    """Return when each value occurs the next time; never is far off."""
    import numpy as np

    order = np.lexsort((moments, values, codes))
    same = (codes[order][1:] == codes[order][:-1]) & (values[order][1:] == values[order][:-1])
    following = np.full(len(codes), np.iinfo(np.int64).max // 4)
    following[:-1][same] = moments[order][1:][same]
    again = np.empty_like(following)
    again[order] = following
    return again
