"""Past: the tiles of some entities, laid out so that a window is a pair of positions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from featurelib.windows.grain import Flags, Grain, Ints, Numbers
from featurelib.windows.tiles import SPLIT, TileSpec, merge
from featurelib.windows.track import Track

if TYPE_CHECKING:
    import numpy as np

WIDEST = 2.0**63
"""The first whole number that 64 bits with a sign do not hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """For whom and when windows are asked.

    Attributes
    ----------
    codes
        Number of the entity, ascending.
    edges
        The moment asked at, ascending within an entity: nothing in it, or later, is seen.
    """

    codes: Ints
    edges: Ints

    def __len__(self) -> int:
        return len(self.codes)


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """From which position to which each window reads."""

    first: Ints
    end: Ints


class Tiles:
    """The tiles of one spec.

    Parameters
    ----------
    spec
        Which.
    tiles
        Of one or several partitions, by partition; read here.
    code
        Makes the column ``entity`` the number of the entity; null of one that nobody asks for.
    """

    def __init__(self, spec: TileSpec, tiles: pl.LazyFrame, code: pl.Expr) -> None:
        self.spec = spec
        # NOTE: numbered while they are read, so that their texts are never all in memory
        numbers = tiles.with_columns(code.cast(pl.Int64), spec.grain.numbered(pl.col("at")))
        known = numbers.filter(pl.col("entity").is_not_null()).collect()
        # NOTE: of several files; to pick rows out of as many pieces costs more than to join them
        self.track, self.rows = _ordered(spec, known.rechunk())
        self._sums: dict[str, Ints] = {}
        self._may_wrap: dict[str, bool] = {}
        self._ends: dict[str, tuple[Ints, Ints]] = {}

    def added(self, column: str, span: Span) -> Ints:
        """Return the sum of a column of whole numbers over each window."""
        if column not in self._sums:
            self._sums[column] = running(self.rows[column].cast(pl.Int64).to_numpy())
        sums = self._sums[column]
        # NOTE: windows of several lengths have their ends in common
        if column not in self._ends or self._ends[column][0] is not span.end:
            self._ends[column] = span.end, sums[span.end]
        return self._ends[column][1] - sums[span.first]

    def may_wrap(self, column: str) -> bool:
        """Return whether a sum of a column of whole numbers may be more than 64 bits hold."""
        import numpy as np

        if column not in self._may_wrap:
            values = self.rows[column].to_numpy()
            self._may_wrap[column] = bool(np.abs(values.astype(np.float64)).sum() >= WIDEST)
        return self._may_wrap[column]

    def last(self, column: str, span: Span) -> Ints:
        """Return the position of the last tile in each window that has a value in a column; -1 without one."""
        import numpy as np

        known = self.rows[column].is_not_null().to_numpy()
        latest = np.concatenate([[-1], np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))])
        found = latest[span.end]
        return np.where(found >= span.first, found, -1)


def _ordered(spec: TileSpec, tiles: pl.DataFrame) -> tuple[Track, pl.DataFrame]:
    """Return entities and moments of tiles in order, one tile for each, and what the tiles keep."""
    track = _track(tiles)
    kept = tiles.drop("entity", "at")[track.sort()]
    # NOTE: a value that two partitions have in a moment counts once anyway
    if spec.column is not None or (track.keys[1:] != track.keys[:-1]).all():
        return track, kept
    order = ["entity", "at", *([SPLIT] if spec.split else []), *(["clock"] if spec.columns else [])]
    ordered = tiles.sort(order, maintain_order=True, nulls_last=False)
    same = pl.all_horizontal([pl.col(name).eq_missing(pl.col(name).shift()) for name in order])
    # NOTE: an event is in one partition; of other tiles two partitions may have one of the same moment
    if not spec.columns and ordered.select((same & (pl.int_range(pl.len()) > 0)).any()).item():
        ordered = merge(spec, tiles).sort(order, maintain_order=True, nulls_last=False)
    return _track(ordered), ordered.drop("entity", "at")


def _track(tiles: pl.DataFrame) -> Track:
    return Track(tiles["entity"].to_numpy(), tiles["at"].to_numpy())


def running(values: Ints) -> Ints:
    """Return the sum of all values before each position; where it wraps, differences are still right."""
    import numpy as np

    sums = np.zeros(len(values) + 1, np.int64)
    np.cumsum(values, out=sums[1:])
    return sums


def between(sums: Ints, span: Span) -> Ints:
    """Return the sum over each window, of running sums."""
    return sums[span.end] - sums[span.first]


@dataclass(frozen=True, eq=False)
class Past:
    """What the windows of one entity and grain read, for one partition.

    Attributes
    ----------
    grain
        Of the windows.
    names
        The entities, by code.
    asked
        For whom and when.
    tiles
        By spec without its parts.
    known
        By window's name, what it learned of all entities: priors, curves.
    """

    grain: Grain
    names: pl.Series
    asked: Asked
    tiles: Mapping[TileSpec, Tiles]
    known: Mapping[str, Any] = field(default_factory=dict)
    _searches: dict[Tiles, Callable[[int], Ints]] = field(default_factory=dict)
    _found: dict[tuple[Tiles, int], Ints] = field(default_factory=dict)

    def of(self, spec: TileSpec) -> Tiles:
        """Return the tiles that hold those of a spec."""
        return self.tiles[spec.without_parts]

    def span(self, tiles: Tiles, length: int, delay: int) -> Span:
        """Return the tiles in each window; an edge is looked up once, however many windows share it."""
        return Span(self._before(tiles, delay + length), self._before(tiles, delay))

    def _before(self, tiles: Tiles, back: int) -> Ints:
        if tiles not in self._searches:
            self._searches[tiles] = tiles.track.search(self.asked.codes, self.asked.edges)
        if (tiles, back) not in self._found:
            self._found[tiles, back] = self._searches[tiles](back)
        return self._found[tiles, back]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Combine values over windows in an order that follows from each window alone.

    A difference of running sums of floats would lose digits, and its last bits would hang on other entities. Here time
    is cut into blocks of 1, 2, 4, ... moments, each beginning at a multiple of its length; a window is the fewest
    blocks that fill it.

    Attributes
    ----------
    combine
        The function of NumPy that makes one value of two.
    empty
        The value of no block.
    lift
        Given what a block holds, the first moment after it, and the first moment after the block twice as long around
        it: what it counts for there. None where that is the same.
    count
        Given what a block holds, the first moment after it, and the moment asked at: what it counts for there.
    """

    combine: Literal["add", "minimum", "maximum"]
    empty: float
    lift: Callable[[Numbers, Ints, Ints], Numbers] | None = None
    count: Callable[[Numbers, Ints, Ints], Numbers] | None = None

    def over(self, track: Track, values: Numbers, asked: Asked, length: int, delay: int) -> Numbers:
        """Return what the windows hold that end a delay before the moments asked at.

        Parameters
        ----------
        track, values
            Moments, each of an entity once, and the value of each.
        asked, length, delay
            Which windows.
        """
        import numpy as np

        end = asked.edges - delay
        start = end - length
        early = np.full(len(asked), self.empty, values.dtype)
        late = early.copy()
        level = 0
        while (start < end).any():
            self._take(early, track, values, asked, start, (start < end) & (start & 1 == 1), level)
            start = start + ((start < end) & (start & 1 == 1))
            odd = (start < end) & (end & 1 == 1)
            end = end - odd
            self._take(late, track, values, asked, end, odd, level)
            start, end, level = start >> 1, end >> 1, level + 1
            track, values = self._doubled(track, values, level)
        return self._function(early, late)  # type: ignore[no-any-return]

    def _take(
        self,
        into: Numbers,
        track: Track,
        values: Numbers,
        asked: Asked,
        blocks: Ints,
        wanted: Flags,
        level: int,
    ) -> None:
        import numpy as np

        if not len(values):
            return
        rows = np.flatnonzero(wanted)
        position, there = track.at(asked.codes[rows], blocks[rows])
        rows, position = rows[there], position[there]
        held = values[position]
        if self.count is not None:
            held = self.count(held, (blocks[rows] + 1) << level, asked.edges[rows])
        into[rows] = self._function(into[rows], held)

    def _doubled(self, track: Track, values: Numbers, level: int) -> tuple[Track, Numbers]:
        import numpy as np

        if not len(values):
            return track, values
        codes, moments = track.codes, track.moments
        blocks = moments >> 1
        if self.lift is not None:
            values = self.lift(values, (moments + 1) << (level - 1), (blocks + 1) << level)
        first = np.ones(len(blocks), np.bool_)
        first[1:] = (blocks[1:] != blocks[:-1]) | (codes[1:] != codes[:-1])
        starts = np.flatnonzero(first)
        return Track(codes[starts], blocks[starts]), self._function.reduceat(values, starts)

    @property
    def _function(self) -> "np.ufunc":
        import numpy as np

        return {"add": np.add, "minimum": np.minimum, "maximum": np.maximum}[self.combine]
