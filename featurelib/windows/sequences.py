"""Last-N: the last values of an entity, with what else is known of each, as lists."""

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

import polars as pl

from featurelib.errors import ParameterError
from featurelib.windows.grain import Ints
from featurelib.windows.lists import cut
from featurelib.windows.past import Past, Span, Tiles
from featurelib.windows.tiles import TileSpec, kept
from featurelib.windows.window import RangedWindow


@dataclass(frozen=True, repr=False)
class LastN(RangedWindow):
    """The values of the last events, oldest first, as ``List``; empty without any, never padded.

    Events whose value is null are passed over. Of events at one instant the last is the one that comes last in the
    log.

    Parameters
    ----------
    column
        What is listed, such as the item.
    n
        At most how many.
    also
        Further columns of the log, such as the time or the action, listed in ``name_column`` along with the values;
        null stays null.
    distinct
        True: of each value the last event alone counts.
    """

    _: KW_ONLY
    column: str
    n: int
    also: Sequence[str] = ()
    distinct: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "also", (self.also,) if isinstance(self.also, str) else tuple(self.also))
        super().__post_init__()
        if self.n < 1:
            raise ParameterError(self, "n", got=self.n, want="at least 1")
        for column in self._columns:
            self._check_scalar(self.of, column)
        if len(set(self._columns)) < len(self._columns):
            raise ParameterError(self, "also", got=self.also, want="columns beside the value's, each once")

    @property
    def _columns(self) -> tuple[str, ...]:
        return (self.column, *self.also)

    @property
    def makes(self) -> Mapping[str, pl.DataType]:
        schema, made = self.of.table.polars_schema(), dict[str, pl.DataType]()
        for name in self.lengths:
            made[name] = self._dtype
            made |= {f"{name}_{column}": pl.List(schema[column]) for column in self.also}
        return made

    @property
    def _dtype(self) -> pl.DataType:
        return pl.List(self.of.table.polars_schema()[self.column])

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        bare = self._spec(self.of, timezone)
        return (TileSpec(bare.log, bare.by, bare.grain, bare.delay, columns=self._columns),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        made, found, schema = iter(self.makes), {}, self.of.table.polars_schema()
        for length in self.lengths.values():
            tiles, span = self._span(past, spec, length)
            positions, sizes = self._last_distinct(tiles, span) if self.distinct else self._last(span)
            for column in self._columns:
                values = tiles.rows[kept(column)].gather(positions)
                name = next(made)
                found[name] = cut(values, sizes, schema[column]).alias(name)
        return found

    def _last(self, span: Span) -> tuple[Ints, Ints]:
        """Return the positions of the events in each window, one window after the other, and how many each has."""
        import numpy as np

        return _ranges(np.maximum(span.first, span.end - self.n), span.end)

    def _last_distinct(self, tiles: Tiles, span: Span) -> tuple[Ints, Ints]:
        """Return the same without the events whose value comes again in the window."""
        import numpy as np

        values = tiles.rows[kept(self.column)].rank("dense").to_numpy()
        following = _following(tiles.track.codes, values)
        width = self.n
        chosen: list[tuple[Ints, Ints, Ints]] = []
        left = np.arange(len(span.end))
        while len(left):
            # NOTE: the last `width` events of a window hold its last n values, unless some repeat: then look further
            first, end = np.maximum(span.first[left], span.end[left] - width), span.end[left]
            positions, sizes = _ranges(first, end)
            window = np.repeat(np.arange(len(left)), sizes)
            last = following[positions] >= end[window]
            positions, window = positions[last], window[last]
            number = np.bincount(window, minlength=len(left))
            enough = (number >= self.n) | (first == span.first[left])
            behind = np.repeat(np.cumsum(number), number) - np.arange(len(window))  # 1 for the last of its window
            taken = enough[window] & (behind <= self.n)
            chosen.append((left[window[taken]], positions[taken], np.flatnonzero(taken)))
            left, width = left[~enough], width * 4
        windows = np.concatenate([part[0] for part in chosen] or [np.zeros(0, np.int64)])
        positions = np.concatenate([part[1] for part in chosen] or [np.zeros(0, np.int64)])
        order = np.argsort(windows, kind="stable")
        return positions[order], np.bincount(windows, minlength=len(span.end)).astype(np.int64)


def _ranges(first: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return all positions from each first one up to its end, and how many these are."""
    import numpy as np

    sizes = end - first
    offsets = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum())) + np.repeat(first - offsets, sizes), sizes


def _following(codes: Ints, values: Ints) -> Ints:
    """Return the position of the next event of the same entity and value; never is far off."""
    import numpy as np

    order = np.lexsort((np.arange(len(codes)), values, codes))
    same = (codes[order][1:] == codes[order][:-1]) & (values[order][1:] == values[order][:-1])
    following = np.full(len(codes), np.iinfo(np.int64).max)
    following[order[:-1][same]] = order[1:][same]
    return following
