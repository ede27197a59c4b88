"""Past: the tiles of some entities, laid out so that a window is a pair of positions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from featurelib.windows.grain import Grain, Ints
from featurelib.windows.tiles import SPLIT, TileSpec, merge

Numbers = npt.NDArray[Any]


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


class Track:
    """Positions in time of many entities, and where a moment falls among them.

    Parameters
    ----------
    codes, moments
        Entity and moment of each position, sorted by both where positions are asked for.

    Attributes
    ----------
    keys
        Entity and moment of each position as one number, which orders them.
    """

    def __init__(self, codes: Ints, moments: Ints) -> None:
        self.codes, self.moments = codes, moments
        self._low = int(moments.min()) if len(moments) else 0
        self._width = (int(moments.max()) - self._low if len(moments) else 0) + 2
        self._ranked: Ints | None = None
        # NOTE: entity and moment as one number make a window two binary searches; where that number would need more
        # than 62 bits, the moments are numbered by rank
        if self._width * (int(codes.max()) + 1 if len(codes) else 1) >= 2**62:
            self._ranked = np.unique(moments)
            moments, self._low, self._width = np.searchsorted(self._ranked, moments), 0, len(self._ranked) + 1
        self.keys = codes * self._width + (moments - self._low)

    def before(self, codes: Ints, moments: Ints) -> Ints:
        """Return the first position of an entity, or of the one after it, that is not before a moment."""
        ranks = moments if self._ranked is None else np.searchsorted(self._ranked, moments)
        found: Ints = np.searchsorted(self.keys, codes * self._width + np.clip(ranks - self._low, 0, self._width - 1))
        return found

    def at(self, codes: Ints, moments: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """Return the position of an entity at a moment, and whether it has one."""
        found = self.before(codes, moments)
        if not len(self.codes):
            return found, np.zeros(len(found), np.bool_)
        near = np.minimum(found, len(self.codes) - 1)
        return near, (self.codes[near] == codes) & (self.moments[near] == moments)


class Tiles:
    """The tiles of one spec.

    Parameters
    ----------
    spec
        Which.
    tiles
        Of one or several partitions, by partition.
    entities
        Those asked for; their position is their code.
    """

    def __init__(self, spec: TileSpec, tiles: pl.DataFrame, entities: pl.Series) -> None:
        self.spec = spec
        codes = tiles["entity"].cast(pl.Enum(entities), strict=False).to_physical().cast(pl.Int64)
        self.rows = _ordered(spec, tiles.with_columns(codes).filter(pl.col("entity").is_not_null()))
        self.track = Track(self.rows["entity"].to_numpy(), spec.grain.number(self.rows["at"]))
        self._sums: dict[str, Ints] = {}

    def added(self, column: str, span: Span) -> Ints:
        """Return the sum of a column of whole numbers over each window."""
        if column not in self._sums:
            self._sums[column] = running(self.rows[column].cast(pl.Int64).to_numpy())
        return between(self._sums[column], span)

    def last(self, column: str, span: Span) -> Ints:
        """Return the position of the last tile in each window that has a value in a column; -1 without one."""
        known = self.rows[column].is_not_null().to_numpy()
        latest = np.concatenate([[-1], np.maximum.accumulate(np.where(known, np.arange(len(known)), -1))])
        found = latest[span.end]
        return np.where(found >= span.first, found, -1)


def _ordered(spec: TileSpec, rows: pl.DataFrame) -> pl.DataFrame:
    """Return tiles by entity and moment, one for each."""
    keys = Track(rows["entity"].to_numpy(), spec.grain.number(rows["at"])).keys
    # NOTE: NumPy's stable sort merges what is in order already, as the tiles of each partition are
    places = np.argsort(keys, kind="stable")
    ordered, keys = rows.select(pl.all().gather(pl.lit(pl.Series(places)))), keys[places]
    if spec.column is not None or (keys[1:] != keys[:-1]).all():
        return ordered  # a value that two partitions have in a moment counts once anyway
    order = ["entity", "at", *([SPLIT] if spec.split else []), *(["clock"] if spec.columns else [])]
    ordered = rows.sort(order, maintain_order=True, nulls_last=False)
    if spec.columns:
        return ordered  # an event is in one partition
    same = pl.all_horizontal([pl.col(name).eq_missing(pl.col(name).shift()) for name in order])
    if ordered.select((same & (pl.int_range(pl.len()) > 0)).any()).item():
        return merge(spec, rows).sort(order, maintain_order=True, nulls_last=False)
    return ordered


def running(values: Ints) -> Ints:
    """Return the sum of all values before each position; where it wraps, differences are still right."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(values, dtype=np.int64)])


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
    _found: dict[tuple[TileSpec, int], Ints] = field(default_factory=dict)

    def of(self, spec: TileSpec) -> Tiles:
        """Return the tiles that hold those of a spec."""
        return self.tiles[spec.without_parts]

    def span(self, spec: TileSpec, length: int, delay: int) -> Span:
        """Return the tiles in each window; an edge is looked up once, however many windows share it."""
        return Span(self._before(spec, delay + length), self._before(spec, delay))

    def _before(self, spec: TileSpec, back: int) -> Ints:
        key = (spec.without_parts, back)
        if key not in self._found:
            self._found[key] = self.of(spec).track.before(self.asked.codes, self.asked.edges - back)
        return self._found[key]


@dataclass(frozen=True, slots=True)
class Blocks:
    """Combine values over windows in an order that follows from each window alone.

    A difference of running sums of floats would lose digits, and its last bits would hang on other entities. Here time
    is cut into blocks of 1, 2, 4, ... moments, each beginning at a multiple of its length; a window is the fewest
    blocks that fill it.

    Attributes
    ----------
    combine
        ``np.add``, ``np.minimum``, ``np.maximum``.
    empty
        The value of no block.
    lift
        Given what a block holds, the first moment after it, and the first moment after the block twice as long around
        it: what it counts for there. None where that is the same.
    count
        Given what a block holds, the first moment after it, and the moment asked at: what it counts for there.
    """

    combine: np.ufunc
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
        return self.combine(early, late)  # type: ignore[no-any-return]

    def _take(
        self,
        into: Numbers,
        track: Track,
        values: Numbers,
        asked: Asked,
        blocks: Ints,
        wanted: npt.NDArray[np.bool_],
        level: int,
    ) -> None:
        if not len(values):
            return
        rows = np.flatnonzero(wanted)
        position, there = track.at(asked.codes[rows], blocks[rows])
        rows, position = rows[there], position[there]
        held = values[position]
        if self.count is not None:
            held = self.count(held, (blocks[rows] + 1) << level, asked.edges[rows])
        into[rows] = self.combine(into[rows], held)

    def _doubled(self, track: Track, values: Numbers, level: int) -> tuple[Track, Numbers]:
        if not len(values):
            return track, values
        blocks = track.moments >> 1
        if self.lift is not None:
            values = self.lift(values, (track.moments + 1) << (level - 1), (blocks + 1) << level)
        first = np.ones(len(blocks), np.bool_)
        first[1:] = (blocks[1:] != blocks[:-1]) | (track.codes[1:] != track.codes[:-1])
        starts = np.flatnonzero(first)
        return Track(track.codes[starts], blocks[starts]), self.combine.reduceat(values, starts)
