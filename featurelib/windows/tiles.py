"""Tiles: an entity's events of one moment, folded once, for every window that reads them."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from featurelib.logs import Log
from featurelib.program.hashing import hash_expr
from featurelib.windows.delays import Drawn, Landed, instant
from featurelib.windows.entities import Entities, Numbering
from featurelib.windows.grain import Grain, Ints
from featurelib.windows.parts import CLOCK, END, Count, Part, Total, beyond
from featurelib.windows.track import Track, ordering, ranked, runs

VALUE = "value"
"""The hash of a value, in tiles of values."""

SPLIT = "split"
"""The value that a moment's tile is of, in tiles that are split."""

# beside the log's own columns, which may be called like ours
_ENTITY, _TILE, _HAPPENED = "@entity", "@tile", "@happened"
_KEYS = pl.Schema({"bucket": pl.Int32(), "entity": pl.String()})


def kept(column: str) -> str:
    """Return the name that a column of the log has in tiles of events."""
    return f"of_{column}"


@dataclass(frozen=True, slots=True)
class TileSpec:
    """Tiles of one log for one entity.

    Parameters
    ----------
    log
        Whose events.
    by
        The columns that make the entity.
    grain
        What one moment is.
    delay
        What makes an event count later than it happened; None if nothing does, or a constant that windows know.
    parts
        What is kept of an entity's events in a moment.
    split
        A column, such as the position, by whose values (as text, null is a value) a moment's tile is parted.
    column
        Of tiles of values: the column whose different values are kept, hashed, instead of `parts`.
    columns
        Of tiles of events: the columns kept of each event whose first one is not null, instead of `parts`.
    every
        Length of the partitions that a pipeline keeps them by: ``1d`` or ``1h``.
    """

    log: Log
    by: tuple[str, ...]
    grain: Grain
    delay: Landed | Drawn | None = None
    parts: tuple[Part, ...] = ()
    split: str | None = None
    column: str | None = None
    columns: tuple[str, ...] = ()
    every: str = "1d"

    @property
    def name(self) -> str:
        """Name of the table that holds these tiles: the same for all pipelines that declare the same.

        The hash at its end is of what the columns mean; a log that is declared otherwise makes other tiles stale.
        """
        said: list[object] = [self.log.name, self.by, str(self.grain), self.grain.timezone, repr(self.delay)]
        said += [[repr(part) for part in self.parts], self.split, self.column, self.columns, self.every]
        said += [[(name, str(dtype)) for name, dtype in self.schema.items()]]
        mark = hashlib.sha256(repr(said).encode()).hexdigest()[:8]
        return f"{self.log.name}_by_{'_x_'.join(self.by)}_{self.grain}_{mark}"

    @property
    def without_parts(self) -> "TileSpec":
        """The same without its parts: what tells tables of tiles apart within a pipeline."""
        return replace(self, parts=(), every="1d")

    @property
    def schema(self) -> pl.Schema:
        """Columns of the table: bucket and text of the entity, the moment ``at``, then what is kept."""
        logged = self.log.table.polars_schema()
        keys = {**_KEYS, "at": self.grain.dtype}
        if self.column is not None:
            return pl.Schema({**keys, VALUE: pl.UInt64()})
        if self.columns:
            told = {kept(name): logged[name] for name in self.columns}
            return pl.Schema({**keys, "clock": pl.Datetime("us", "UTC"), **told})
        split = {} if self.split is None else {SPLIT: pl.String()}
        parts = [part.dtypes(logged) for part in self.parts]
        return pl.Schema({**keys, **split, **{name: dtype for columns in parts for name, dtype in columns.items()}})

    @property
    def needs_order(self) -> bool:
        """Whether the order of events within a tile can change it."""
        logged = self.log.table.polars_schema()
        return bool(self.columns) or any(part.needs_order(logged) for part in self.parts)

    @property
    def values(self) -> tuple[str, ...]:
        """Columns of the log that it reads beside entity and time."""
        extra = [name for name in (self.split, self.column) if name is not None]
        parts = [name for part in self.parts for name in part.reads]
        return tuple(dict.fromkeys([*extra, *self.columns, *parts]))


def fold(
    specs: Sequence[TileSpec], events: Callable[[Log], pl.LazyFrame], numbering: Numbering | None = None
) -> Iterator[tuple[TileSpec, pl.DataFrame]]:
    """Fold the events of one partition of some logs, each read once.

    Parameters
    ----------
    specs
        Which tiles.
    events
        Returns those of a log: the columns that its specs read, in the order of the log. NaN counts as null.
    numbering
        Who is to number the events' entities: somebody who will meet the same rows again.

    Yields
    ------
    Each spec's tiles by bucket, then by the hash of the entity and by moment; of one moment, by split, value, or as the
    events come. Null entities have none.
    """
    by_log: dict[Log, list[TileSpec]] = {}
    for spec in specs:
        by_log.setdefault(spec.log, []).append(spec)
    rows = {log: _read(log, ours, events(log)) for log, ours in by_log.items()}
    # NOTE: logs have most of their entities in common, which are then numbered and hashed once
    numbering = numbering or Numbering()
    entities: dict[tuple[Log, tuple[str, ...]], Entities] = {}
    for by in dict.fromkeys(spec.by for spec in specs):
        logs = list(dict.fromkeys(spec.log for spec in specs if spec.by == by))
        keys = [rows[log].select(pl.col(_key(name)).alias(name) for name in by) for log in logs]
        entities |= {(log, by): found for log, found in zip(logs, numbering.of_all(keys), strict=True)}
    for log, ours in by_log.items():
        told = rows.pop(log)
        moments = {
            (spec.delay, spec.grain): spec.grain.number_at(told[_clock_name(spec)])
            for spec in {(spec.delay, spec.grain): spec for spec in ours}.values()
        }
        for spec in ours:
            yield spec, _tiles(spec, told, entities[log, spec.by], moments[spec.delay, spec.grain])


def _read(log: Log, specs: Sequence[TileSpec], events: pl.LazyFrame) -> pl.DataFrame:
    """Return what some tiles of a log are made of: the columns of entities, from when events count, and values."""
    schema = events.collect_schema()
    keys = {name: pl.col(name).alias(_key(name)) for spec in specs for name in spec.by}
    clocks = {spec.delay: _clock(spec).alias(_clock_name(spec)) for spec in specs}
    values = {name: _value(name, schema[name]) for spec in specs for name in spec.values}
    happened = [instant(pl.col(log.time)).alias(_HAPPENED)] if any(spec.delay is not None for spec in specs) else []
    rows = events.select(*keys.values(), *clocks.values(), *values.values(), *happened).collect(engine="in-memory")
    # NOTE: of events that count from one instant, the last is the one that happened last
    return rows.sort(_HAPPENED, maintain_order=True) if happened else rows


def _tiles(spec: TileSpec, events: pl.DataFrame, entities: Entities, moments: Ints) -> pl.DataFrame:
    rows = _rows(spec, events, entities)
    track = Track(entities.codes[rows], moments[rows])
    if spec.column is not None:
        kept_ = _different(events[spec.column][rows], track)
    elif spec.columns:
        names = {_clock_name(spec): "clock"} | {name: kept(name) for name in spec.columns}
        kept_ = events.select(pl.col(name).alias(new) for name, new in names.items())[rows][track.sort()]
    elif spec.parts == (Count(),) and spec.split is None:
        kept_ = _counted(track)
    else:
        kept_ = _folded(spec, events.select(pl.col(_clock_name(spec)).alias(CLOCK), *spec.values)[rows], track)
        _check_totals(spec, kept_)
    who = entities.named[track.codes]
    return who.hstack([spec.grain.moments(track.moments).alias("at"), *kept_]).select(spec.schema.names())


def _rows(spec: TileSpec, events: pl.DataFrame, entities: Entities) -> "Ints | slice":
    """Return the rows that go into tiles, in the order in which they do; all of them as a slice, which copies none."""
    import numpy as np

    wanted = entities.codes >= 0
    for name in (spec.column, *spec.columns[:1]):
        if name is not None:
            wanted &= events[name].is_not_null().to_numpy()
    if not spec.needs_order:
        return slice(None) if wanted.all() else np.flatnonzero(wanted)
    rows = np.flatnonzero(wanted)
    return rows[ordering(events[_clock_name(spec)].to_physical().to_numpy()[rows])]


def _different(values: pl.Series, track: Track) -> pl.DataFrame:
    """Return the different values of each tile, hashed, by tile and hash; the track becomes theirs."""
    hashes = values.to_frame("value").select(hash_expr(pl.col("value").cast(pl.String)).alias(VALUE)).to_series()
    valued = pl.DataFrame({_TILE: track.keys, VALUE: hashes}).unique().sort(_TILE, VALUE)
    track.keys = valued[_TILE].to_numpy()
    return valued.select(VALUE)


def _counted(track: Track) -> pl.DataFrame:
    """Return how many events each tile has; the track becomes theirs."""
    import numpy as np

    # NOTE: most tiles keep no more than this, and numbers alone are sorted faster than rows
    keys = np.sort(track.keys)
    starts = runs(keys)
    track.keys = keys[starts]
    return pl.DataFrame({Count().name: np.diff(starts, append=len(keys))})


def _folded(spec: TileSpec, events: pl.DataFrame, track: Track) -> pl.DataFrame:
    """Return the parts of each tile; the track becomes theirs."""
    schema, keys, split = spec.log.table.polars_schema(), track.keys, []
    if spec.needs_order:
        ends = spec.grain.starts(track.moments + (spec.grain.name != "instant"))
        events = events.with_columns(pl.Series(END, ends).cast(pl.Datetime("us")).dt.replace_time_zone("UTC"))
    if spec.split is not None:
        texts = events[spec.split].cast(pl.String)
        keys = Track(ranked(keys)[1], texts.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()).keys  # null is first
        split = [pl.col(spec.split).cast(pl.String).first().alias(SPLIT)]
    places = ordering(keys)
    keys = keys[places]
    tile = pl.Series(_TILE, keys)
    if not spec.needs_order:
        tile = tile.set_sorted()
    parts = [expr for part in spec.parts for expr in part.fold(schema)]
    track.keys = track.keys[places][runs(keys)]
    return events[places].with_columns(tile).group_by(_TILE, maintain_order=True).agg(*split, *parts).drop(_TILE)


def _check_totals(spec: TileSpec, made: pl.DataFrame) -> None:
    for part in spec.parts:
        if isinstance(part, Total) and made[part.name].null_count():
            raise beyond(spec.log, part.column)


def _key(column: str) -> str:
    return f"{_ENTITY} {column}"


def _clock(spec: TileSpec) -> pl.Expr:
    return instant(pl.col(spec.log.time)) if spec.delay is None else spec.delay.clock(spec.log)


def _clock_name(spec: TileSpec) -> str:
    return f"{CLOCK} {spec.delay!r}"


def _value(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.col(name).fill_nan(None) if dtype.is_float() else pl.col(name)


def merge(spec: TileSpec, tiles: pl.DataFrame) -> pl.DataFrame:
    """Make one tile of those that several partitions have of a moment: a day may begin within an hour of UTC.

    Parameters
    ----------
    spec
        Which tiles; of parts.
    tiles
        Of several partitions, by partition.

    Raises
    ------
    DataRefusedError
        If whole numbers of a moment add up to more than 64 bits hold.
    """
    keys = ["entity", "at", *([] if spec.split is None else [SPLIT])]
    schema = spec.log.table.polars_schema()
    merged = tiles.group_by(keys, maintain_order=True).agg(expr for part in spec.parts for expr in part.merge(schema))
    _check_totals(spec, merged)
    return merged
