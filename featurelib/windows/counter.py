"""Counter and trend: how many events, and whether they become more."""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Literal

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ParameterError
from featurelib.windows.parts import Count
from featurelib.windows.past import Past
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import RangedWindow, Window

_COUNT = Count()
_DAY_S = 86_400


@dataclass(frozen=True, repr=False)
class Counter(RangedWindow):
    """Number of events, ``Int64``; 0 without any.

    Examples
    --------
    >>> from featurelib.logs import Log
    >>> from featurelib.schema import Column, Table
    >>> class Clicks(Table):
    ...     event_time = "clicked_at"
    ...     item_id = Column(dtype=pl.String(), doc="Which item.")
    ...     clicked_at = Column(dtype=pl.Datetime("us", "UTC"), doc="When.")
    >>> clicks = Log(name="clicks", table=Clicks, files="clicks/dt={dt}/*.parquet")
    >>> counter = Counter("item_clicks", of=clicks, by="item_id", over=["1h", "7d"], delay="1h")
    >>> list(counter.makes)
    ['item_clicks_1h', 'item_clicks_7d']
    """

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Int64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, _COUNT),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        return {name: pl.Series(name, self._count(past, spec, length)) for name, length in self.lengths.items()}


@dataclass(frozen=True, repr=False)
class Trend(Window):
    """How a short window compares with a long one, ``Float64``.

    Parameters
    ----------
    short, long
        Lengths of the two windows, which end together.
    kind
        ``ratio``: events per time in the short one divided by events per time in the long one, so that 1 is steady;
        null where the long one has none. ``difference``: events per 24 hours in the short one, less those in the long
        one; 0 without events.
    """

    _: KW_ONLY
    short: str | timedelta
    long: str | timedelta
    kind: Literal["ratio", "difference"] = "ratio"

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("short", "long"):
            length = duration(self, field, getattr(self, field))
            self._check_length(field, length, least=timedelta(microseconds=1))
            if length % timedelta(seconds=1):
                raise ParameterError(self, field, got=str(length), want="whole seconds")
            object.__setattr__(self, field, length)
        if self._short_s >= self._long_s:
            raise ParameterError(self, "short", got=str(self.short), want=f"shorter than {self.long}")
        if self.kind not in ("ratio", "difference"):
            raise ParameterError(self, "kind", got=self.kind, want="'ratio' or 'difference'")

    @property
    def _short_s(self) -> int:
        return duration(self, "short", self.short) // timedelta(seconds=1)

    @property
    def _long_s(self) -> int:
        return duration(self, "long", self.long) // timedelta(seconds=1)

    @property
    def lengths(self) -> Mapping[str, timedelta]:
        return {self.name: duration(self, "long", self.long)}

    @property
    def makes(self) -> Mapping[str, pl.DataType]:
        return {self.name: pl.Float64()}

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return (self._spec(self.of, timezone, _COUNT),)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        (spec,) = self.tiles(past.grain.timezone)
        short = self._count(past, spec, duration(self, "short", self.short))
        long = self._count(past, spec, duration(self, "long", self.long))
        if self.kind == "difference":
            value = pl.Series(short * _DAY_S / self._short_s - long * _DAY_S / self._long_s)
        else:
            some = pl.Series(long > 0)
            ratio = pl.Series(short * self._long_s) / pl.Series(long * self._short_s)
            value = pl.select(pl.when(some).then(ratio)).to_series()
        return {self.name: value.alias(self.name)}
