"""COEC: clicks over expected clicks, so that an item is not judged by the positions it was shown at."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from featurelib.durations import duration
from featurelib.errors import ColumnTypeError
from featurelib.logs import Log
from featurelib.windows.parts import Count
from featurelib.windows.past import Past, between, running
from featurelib.windows.tiles import SPLIT, TileSpec
from featurelib.windows.window import RangedWindow

_COUNT = Count()
_ONE = 2**32
"""The expected clicks of an impression are counted in whole parts of so many: their sums are exact."""


@dataclass(frozen=True, repr=False)
class Coec(RangedWindow):
    """Clicks divided by the clicks that the positions shown would have brought any item; ``Float64``.

    Above 1: clicked more than its positions explain. Null where none were to be expected. An impression without a
    position, or at one that had none before, expects none; its clicks count.

    Parameters
    ----------
    per
        The log of impressions; ``of`` is that of clicks.
    position
        The column of both logs with the position shown: text or whole numbers.
    curve_over
        Over how long the click rate of each position is taken, before each partition of samples begins; None: as
        long as the window.

    References
    ----------
    Zhang, W. V. & Jones, R. (2007). Comparing click logs and editorial labels for training query rewriting.
    """

    _: KW_ONLY
    per: Log
    position: str
    curve_over: str | timedelta | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        for log in self.logs:
            dtype = self._check_column(log, self.position)
            if not (dtype.is_integer() or dtype == pl.String):
                raise ColumnTypeError(self, self.position, where=str(log), got=dtype, want="text or whole numbers")
        if self.curve_over is not None:
            length = duration(self, "curve_over", self.curve_over)
            self._check_length("curve_over", length, least=timedelta(microseconds=1))
            object.__setattr__(self, "curve_over", length)

    @property
    def logs(self) -> tuple[Log, ...]:
        return (self.of, self.per)

    @property
    def reach(self) -> timedelta:
        curve = timedelta() if self.curve_over is None else duration(self, "curve_over", self.curve_over)
        return super().reach + max(timedelta(), curve - max(self.lengths.values()))

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Float64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        clicks, shown = (self._spec(log, timezone, _COUNT) for log in self.logs)
        return clicks, TileSpec(shown.log, shown.by, shown.grain, shown.delay, shown.parts, split=self.position)

    def surveyed(self, timezone: str) -> tuple[TileSpec, ...]:
        specs = [self._spec(log, timezone, _COUNT) for log in self.logs]
        return tuple(TileSpec(spec.log, (self.position,), spec.grain, spec.delay, spec.parts) for spec in specs)

    def survey(self, past: Past) -> list[Tally[Any]]:
        """Return, for each column, how many clicks (False) and impressions (True) each position had."""
        specs, found = self.surveyed(past.grain.timezone), []
        positions = past.names.to_list()
        for length in self.lengths.values():
            over = duration(self, "curve_over", self.curve_over or length)
            seen: Tally[Any] = Tally()
            for shown, spec in zip((False, True), specs, strict=True):
                counted = self._count(past, spec, over).tolist()
                seen.update({(name, shown): number for name, number in zip(positions, counted, strict=True) if number})
            found.append(seen)
        return found

    def settle(self, surveyed: Sequence[Mapping[Any, int]]) -> tuple[dict[str, int], ...]:
        """Return, for each column, what an impression at each position expects, in parts of a click."""
        curves = []
        for seen in surveyed:
            shown = {name: number for (name, is_shown), number in sorted(seen.items()) if is_shown}
            curves.append({name: round(seen.get((name, False), 0) / number * _ONE) for name, number in shown.items()})
        return tuple(curves)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        import numpy as np

        clicks, shown = self.tiles(past.grain.timezone)
        found = {}
        for (name, length), curve in zip(self.lengths.items(), past.known[self.name], strict=True):
            tiles, span = self._span(past, shown, length)
            worth = pl.DataFrame(
                {
                    SPLIT: pl.Series(list(curve), dtype=pl.String),
                    "worth": pl.Series(list(curve.values()), dtype=pl.Int64),
                }
            )
            expects = tiles.rows.select(SPLIT).join(worth, on=SPLIT, how="left", maintain_order="left")["worth"]
            each = expects.fill_null(0).to_numpy() * tiles.rows[_COUNT.name].to_numpy()
            expected = between(running(each), span)
            value = pl.Series(self._count(past, clicks, length) * float(_ONE)) / pl.Series(expected.astype(np.float64))
            found[name] = pl.select(pl.when(pl.Series(expected > 0)).then(value)).to_series().alias(name)
        return found
