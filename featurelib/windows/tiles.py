"""Tiles: an entity's events of one moment, folded once, for every window that reads them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from featurelib.logs import Log
from featurelib.program.hashing import hash_expr, joined_expr
from featurelib.windows.delays import Drawn, Landed, instant
from featurelib.windows.grain import Grain
from featurelib.windows.parts import CLOCK, END, Part

BUCKETS = 64
"""Buckets of entities; a task reads the tiles of some of them, of all days in reach, together."""

VALUE = "value"
"""The hash of a value, in tiles of values."""

SPLIT = "split"
"""The value that a moment's tile is of, in tiles that are split."""

# beside the log's own columns, which may be called like ours
_ENTITY, _AT, _HAPPENED = "@entity", "@at", "@happened"
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
    """

    log: Log
    by: tuple[str, ...]
    grain: Grain
    delay: Landed | Drawn | None = None
    parts: tuple[Part, ...] = ()
    split: str | None = None
    column: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the table that holds these tiles: the same for all pipelines that declare the same.

        The hash at its end is of what the columns mean; a log that is declared otherwise makes other tiles stale.
        """
        said: list[object] = [self.log.name, self.by, str(self.grain), self.grain.timezone, repr(self.delay)]
        said += [[repr(part) for part in self.parts], self.split, self.column, self.columns]
        mark = hashlib.sha256(repr(said).encode()).hexdigest()[:8]
        return f"{self.log.name}_by_{'_x_'.join(self.by)}_{self.grain}_{mark}"

    @property
    def without_parts(self) -> "TileSpec":
        """The same without its parts: what tells tables of tiles apart within a pipeline."""
        return replace(self, parts=())

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
    def values(self) -> tuple[str, ...]:
        """Columns of the log that it reads beside entity and time."""
        extra = [name for name in (self.split, self.column) if name is not None]
        parts = [name for part in self.parts for name in part.reads]
        return tuple(dict.fromkeys([*extra, *self.columns, *parts]))


def entity_of(by: Sequence[str]) -> pl.Expr:
    """Return the text of an entity, of several columns `joined`; null where one of its columns is."""
    texts = [pl.col(name).cast(pl.String) for name in by]
    return texts[0] if len(texts) == 1 else joined_expr(texts)


def bucket_of(entity: pl.Expr) -> pl.Expr:
    """Return the bucket of an entity's text, the same on every machine: the highest bits of its hash."""
    return (hash_expr(entity) // (2**64 // BUCKETS)).cast(pl.Int32)


def by_hash(entities: pl.Series) -> pl.Series:
    """Return entities, each once, in the order in which tiles lie."""
    once = pl.DataFrame({"entity": entities.unique()})
    return once.sort(hash_expr(pl.col("entity")), "entity").to_series()


def fold(specs: Sequence[TileSpec], events: pl.LazyFrame) -> Iterator[tuple[TileSpec, pl.DataFrame]]:
    """Fold the events of one partition of a log, read once.

    Parameters
    ----------
    specs
        Which tiles, of one log.
    events
        The columns that the specs read, in the order of the log. NaN counts as null.

    Yields
    ------
    Each spec's tiles by bucket, then by the hash of the entity and by moment; of one moment, by split, value, or as the
    events come. Null entities have none.
    """
    schema = events.collect_schema()
    keys = {name: pl.col(name).alias(_key(name)) for spec in specs for name in spec.by}
    clocks = {spec.delay: _clock(spec).alias(_clock_name(spec)) for spec in specs}
    values = {name: _value(name, schema[name]) for spec in specs for name in spec.values}
    happened = instant(pl.col(specs[0].log.time)).alias(_HAPPENED)
    found = events.select(*keys.values(), *clocks.values(), *values.values(), happened).collect(engine="in-memory")
    if any(spec.delay is not None for spec in specs):
        # NOTE: of events that count from one instant, the last is the one that happened last
        found = found.sort(_HAPPENED, maintain_order=True)
    rows = found.drop(_HAPPENED).lazy()
    for spec in specs:
        yield spec, _tiles(spec, rows)


def _tiles(spec: TileSpec, events: pl.LazyFrame) -> pl.DataFrame:
    known = pl.all_horizontal([pl.col(name).is_not_null() for name in _keys(spec)])
    moment = spec.grain.floor(pl.col(CLOCK)).alias(_AT)
    rows = events.rename({_clock_name(spec): CLOCK}).filter(known).with_columns(moment)
    entity = entity_of(_keys(spec)).alias(_ENTITY)
    if spec.column is not None:
        hashed = hash_expr(pl.col(spec.column).cast(pl.String)).alias(VALUE)
        valued = rows.filter(pl.col(spec.column).is_not_null())
        made, order = valued.select(entity, _AT, hashed).unique().collect(), [VALUE]
    elif spec.columns:
        # NOTE: the sort below is stable, so that events of one instant stay in the order of the log
        found = rows.filter(pl.col(spec.columns[0]).is_not_null()).select(
            entity, _AT, pl.col(CLOCK).alias("clock"), *(pl.col(name).alias(kept(name)) for name in spec.columns)
        )
        made, order = found.collect(engine="in-memory"), ["clock"]
    else:
        made, order = _folded(spec, rows, entity), [] if spec.split is None else [SPLIT]
    return (
        made.lazy()
        .rename({_ENTITY: "entity", _AT: "at"})
        .with_columns(hash_expr(pl.col("entity")).alias(_ENTITY), bucket=bucket_of(pl.col("entity")))
        .sort(_ENTITY, "at", *order, maintain_order=bool(spec.columns), nulls_last=False)  # which is by bucket, too
        .select(spec.schema.names())
        .collect(engine="in-memory")
    )


def _folded(spec: TileSpec, rows: pl.LazyFrame, entity: pl.Expr) -> pl.DataFrame:
    # NOTE: by the columns as they are: the text of a cross is made of each group, not of each event
    keys = [*map(pl.col, _keys(spec)), pl.col(_AT)]
    if spec.split is not None:
        keys.append(pl.col(spec.split).cast(pl.String).alias(SPLIT))
    schema = spec.log.table.polars_schema()
    parts = [expr for part in spec.parts for expr in part.fold(schema)]
    if not any(part.needs_order(schema) for part in spec.parts):
        return rows.group_by(keys).agg(parts).select(entity, pl.exclude(_keys(spec))).collect()
    found = rows.collect(engine="in-memory").sort(CLOCK, maintain_order=True)
    ends = spec.grain.starts(spec.grain.number(found[_AT]) + (spec.grain.name != "instant"))
    end = pl.Series(END, ends).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    # NOTE: in memory and in order, so that sums of floats are formed in the order of the events
    return (
        found.with_columns(end).group_by(keys, maintain_order=True).agg(parts).select(entity, pl.exclude(_keys(spec)))
    )


def _keys(spec: TileSpec) -> list[str]:
    return [_key(name) for name in spec.by]


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
    """
    keys = ["entity", "at", *([] if spec.split is None else [SPLIT])]
    merged = [expr for part in spec.parts for expr in part.merge()]
    return tiles.group_by(keys, maintain_order=True).agg(merged)
