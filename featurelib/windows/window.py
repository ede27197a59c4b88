"""Window: what all point-in-time features of an entity's past share."""

from abc import ABC, abstractmethod
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import timedelta
from typing import Any, Literal

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.logs import Log
from featurelib.windows.delays import Drawn, Landed
from featurelib.windows.grain import Grain, Ints
from featurelib.windows.parts import Count, Part
from featurelib.windows.past import Past, Span, Tiles
from featurelib.windows.tiles import TileSpec

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_WIDE = (pl.Int128(), pl.UInt128())
_LONGEST = 36_500 * _DAY
KINDS = "text, whole numbers or booleans"


@dataclass(frozen=True)
class Window(ABC):
    """A feature of an entity's events before each sample.

    Parameters
    ----------
    name
        The column it adds to the samples.
    of
        The log whose events it reads: those that builds keep, without rejects and duplicates.
    by
        The entity: a column that the log and the samples have, such as ``item_id``, or several for a cross: text,
        whole numbers or booleans, of the same kind in both. Where one of them is null the feature is null.
    delay
        How late the online system sees an event; training without it leaks. One duration for all, or `Landed`, or
        `Drawn`. It may be longer than the window.
    grain
        ``1h``: the window ends with the last whole hour of UTC before the sample, less the delay. ``1d``: with the last
        midnight of the pipeline's zone; lengths are days of that zone, of 23 to 25 hours.
    exact
        True: the window ends at the sample's own instant, less the delay, to the microsecond.

    Raises
    ------
    ParameterError
        If a length is not above 0, or not a whole number of what the grain counts.
    ColumnMissingError
        If the log lacks a column that is read.
    ColumnTypeError
        If a column cannot be aggregated so.
    DeclarationError
        If the log cannot tell what the delay asks for.

    Notes
    -----
    Events of ``[t - over - delay, t - delay)`` count, never one at or after the end: not the event being labelled, and
    not one at its instant.
    """

    name: str
    _: KW_ONLY
    of: Log
    by: str | Sequence[str]
    delay: str | timedelta | Landed | Drawn = timedelta()
    grain: Literal["1h", "1d"] = "1h"
    exact: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", (self.by,) if isinstance(self.by, str) else tuple(self.by))
        for field, log in zip(("of", "per"), self.logs, strict=False):
            if not isinstance(log, Log):
                raise ParameterError(self, field, got=log, want="a Log")
        if not self.by or len(set(self.by)) < len(self.by):
            raise ParameterError(self, "by", got=self.by, want="one column, or several different ones")
        if self.grain not in ("1h", "1d"):
            raise ParameterError(self, "grain", got=self.grain, want="'1h' or '1d'")
        if self.exact and self.grain != "1h":
            raise ParameterError(self, "grain", got=self.grain, want="left out where exact=True")
        if not isinstance(self.delay, Landed | Drawn):
            object.__setattr__(self, "delay", duration(self, "delay", self.delay))
            self._check_length("delay", self.waits, least=timedelta())
        for log in self.logs:
            if isinstance(self.delay, Landed | Drawn):
                self.delay.check(self, log)
        held = [(log, column, self._check_column(log, column)) for log in self.logs for column in self.entity]
        for log, column, dtype in held:
            if kind_of(dtype) is None:
                raise ColumnTypeError(self, column, where=str(log), got=dtype, want=f"an entity: {KINDS}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    def _check_length(self, field: str, length: timedelta, *, least: timedelta) -> None:
        unit = timedelta(microseconds=1) if self.exact else _HOUR if self.grain == "1h" else _DAY
        if not least <= length <= _LONGEST:
            want = f"{'longer than 0' if least else '0 or longer'}, and at most {_LONGEST // _DAY} days"
            raise ParameterError(self, field, got=str(length), want=want)
        if length % unit:
            counted = {"1h": "hours", "1d": "days"}[self.grain]
            want = f"whole {counted}, which its grain counts; exact=True sees to the instant"
            raise ParameterError(self, field, got=str(length), want=want)

    def _check_column(self, log: Log, column: str) -> pl.DataType:
        columns = log.table.columns
        if column not in columns:
            raise ColumnMissingError(self, column, where=str(log), columns=columns)
        return columns[column].dtype

    def _check_number(self, log: Log, column: str) -> pl.DataType:
        dtype = self._check_column(log, column)
        if not (dtype.is_integer() or dtype.is_float() or dtype == pl.Boolean) or dtype in _WIDE:
            want = "whole numbers of up to 64 bits, floats or booleans"
            raise ColumnTypeError(self, column, where=str(log), got=dtype, want=want)
        return dtype

    def _check_scalar(self, log: Log, column: str) -> pl.DataType:
        dtype = self._check_column(log, column)
        if dtype.is_nested() or dtype == pl.Binary or dtype in _WIDE:
            want = "single values, no lists, structs, bytes or numbers of 128 bits"
            raise ColumnTypeError(self, column, where=str(log), got=dtype, want=want)
        return dtype

    @property
    def entity(self) -> tuple[str, ...]:
        """The columns that make the entity."""
        return (self.by,) if isinstance(self.by, str) else tuple(self.by)

    @property
    def logs(self) -> tuple[Log, ...]:
        """The logs that it reads."""
        return (self.of,)

    @property
    def waits(self) -> timedelta:
        """The delay that is the same for all events."""
        return timedelta() if isinstance(self.delay, Landed | Drawn) else duration(self, "delay", self.delay)

    @property
    def reach(self) -> timedelta:
        """How far before the edge of a sample an event may have happened that still counts."""
        late = self.delay.longest if isinstance(self.delay, Landed | Drawn) else self.waits
        return max(self.lengths.values()) + late

    def reads_back(self, timezone: str) -> timedelta:
        """Return how far before an instant an event may have happened that a sample at that instant sees."""
        return self.reach + self.moments(timezone).edge

    def moments(self, timezone: str) -> Grain:
        """Return the grain, in the zone of a pipeline."""
        return Grain("instant" if self.exact else self.grain, timezone)

    @property
    @abstractmethod
    def lengths(self) -> Mapping[str, timedelta]:
        """The length of the window of each column it makes; of the longest, where a column reads two."""

    @property
    @abstractmethod
    def makes(self) -> Mapping[str, pl.DataType]:
        """The columns that it makes, and their types."""

    @abstractmethod
    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        """Return the tiles that it reads."""

    @abstractmethod
    def answer(self, past: Past) -> dict[str, pl.Series]:
        """Return its columns for all that is asked."""

    def surveyed(self, timezone: str) -> tuple[TileSpec, ...]:  # noqa: ARG002 - most know nothing of others
        """Return the tiles of all entities that it learns from, before each partition, what `answer` needs to know."""
        return ()

    def survey(self, past: Past) -> list[Tally[Any]]:
        """Return what there is to learn in tiles asked at the start of a partition; buckets add up.

        Only asked of a window that names tiles in `surveyed`, which then says what it learns here and in `settle`.
        """
        raise NotImplementedError

    def settle(self, surveyed: Sequence[Mapping[Any, int]]) -> Any:
        """Return what is known from all that was surveyed."""
        raise NotImplementedError

    def _spec(self, log: Log, timezone: str, *parts: Part) -> TileSpec:
        delay = self.delay if isinstance(self.delay, Landed | Drawn) else None
        return TileSpec(log, self.entity, self.moments(timezone), delay, parts)

    def _span(self, past: Past, spec: TileSpec, length: timedelta) -> tuple[Tiles, Span]:
        grain, tiles = past.grain, past.of(spec)
        return tiles, past.span(tiles, grain.units(length), grain.units(self.waits))

    def _count(self, past: Past, spec: TileSpec, length: timedelta, part: Count = Count()) -> Ints:  # noqa: B008
        tiles, span = self._span(past, spec, length)
        return tiles.added(part.name, span)


@dataclass(frozen=True, repr=False)
class RangedWindow(Window):
    """A window that makes one column for each of its lengths.

    Parameters
    ----------
    over
        Length of the window, such as ``7d``: the column is called ``name``. Or several, as texts: then each makes a
        column ``name_7d``.
    """

    _: KW_ONLY
    over: str | timedelta | Sequence[str]

    def __post_init__(self) -> None:
        if isinstance(self.over, str | timedelta):
            object.__setattr__(self, "over", duration(self, "over", self.over))
        else:
            texts = self.over if isinstance(self.over, Sequence) else ()
            if not texts or not all(isinstance(text, str) for text in texts):
                raise ParameterError(self, "over", got=self.over, want="a duration, or texts such as ['1h', '7d']")
            object.__setattr__(self, "over", tuple(texts))
        super().__post_init__()
        for length in self.lengths.values():
            self._check_length("over", length, least=timedelta(microseconds=1))
        if not isinstance(self.over, str | timedelta) and len(self.lengths) < len(self.over):
            raise ParameterError(self, "over", got=self.over, want="different lengths")

    @property
    def lengths(self) -> Mapping[str, timedelta]:
        """The length of the window of each column."""
        if isinstance(self.over, str | timedelta):
            return {self.name: duration(self, "over", self.over)}
        return {f"{self.name}_{text}": duration(self, "over", text) for text in self.over}

    @property
    def makes(self) -> Mapping[str, pl.DataType]:
        """The columns that it makes, all of one type unless a member says otherwise."""
        return dict.fromkeys(self.lengths, self._dtype)

    @property
    @abstractmethod
    def _dtype(self) -> pl.DataType:
        """The type of its columns."""


@dataclass(frozen=True, repr=False)
class ValueWindow(RangedWindow):
    """A window that picks one of a column's values, and keeps its type.

    Parameters
    ----------
    column
        Of which.
    """

    _: KW_ONLY
    column: str

    @property
    def _dtype(self) -> pl.DataType:
        return self._check_column(self.of, self.column)


def kind_of(dtype: pl.DataType) -> str | None:
    """Return what kind of entity a column holds; None for a type that has no text of its own to go by.

    Floats have two zeros and NaN; dates and instants are written differently by those who ask online.
    """
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "text"
    return "whole numbers" if dtype.is_integer() else "booleans" if dtype == pl.Boolean() else None


def combined(specs: Sequence[TileSpec]) -> tuple[TileSpec, ...]:
    """Return the fewest tiles that hold all of some: those that differ in their parts alone become one."""
    parts: dict[TileSpec, dict[Part, None]] = {}
    for spec in specs:
        parts.setdefault(spec.without_parts, {}).update(dict.fromkeys(spec.parts))
    ordered = {bare: tuple(sorted(kept, key=lambda part: part.name)) for bare, kept in parts.items()}
    return tuple(replace(bare, parts=kept) for bare, kept in ordered.items())
