"""Rate: how often one event follows another, over an entity's recent past."""

from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

import polars as pl

from featurelib.errors import ParameterError
from featurelib.logs import Log
from featurelib.windows.parts import Count
from featurelib.windows.past import Past
from featurelib.windows.smoothing import Beta, EmpiricalBayes, Wilson
from featurelib.windows.tiles import TileSpec
from featurelib.windows.window import RangedWindow

_COUNT = Count()
_WEAK = Beta(1.0, 20.0)


@dataclass(frozen=True, repr=False)
class Rate(RangedWindow):
    """Smoothed rate of one log's events per another's, ``Float64``.

    ``(n_of + alpha) / (n_per + alpha + beta)``, or the lower bound of Wilson; above 1 only if ``of`` has more events
    than ``per``. Events are counted when they happen, not when what they follow happened.

    Parameters
    ----------
    per
        The log of the trials, such as impressions of clicks.
    smooth
        `Beta`: a prior that you give. `EmpiricalBayes`: a prior fitted for each partition of samples on the windows of
        all entities that end where the partition begins, so that it knows nothing later. `Wilson`: the lower end of
        the interval instead, 0 without trials.

    References
    ----------
    Wang, X. et al. (2011). Click-through rate estimation for rare events in online advertising.
    """

    _: KW_ONLY
    per: Log
    smooth: Beta | EmpiricalBayes | Wilson = _WEAK

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.smooth, Beta | EmpiricalBayes | Wilson):
            raise ParameterError(self, "smooth", got=self.smooth, want="a Beta, EmpiricalBayes or Wilson")

    @property
    def logs(self) -> tuple[Log, ...]:
        return (self.of, self.per)

    @property
    def _dtype(self) -> pl.DataType:
        return pl.Float64()

    def tiles(self, timezone: str) -> tuple[TileSpec, ...]:
        return tuple(self._spec(log, timezone, _COUNT) for log in self.logs)

    def answer(self, past: Past) -> dict[str, pl.Series]:
        known = past.known.get(self.name) or [self.smooth] * len(self.lengths)
        counts = self._counts(past)
        return {
            name: smooth.of(above, below).alias(name)
            for (name, (above, below)), smooth in zip(counts.items(), known, strict=True)
        }

    def _counts(self, past: Past) -> dict[str, tuple[pl.Series, pl.Series]]:
        above, below = self.tiles(past.grain.timezone)
        return {
            name: (pl.Series(self._count(past, above, length)), pl.Series(self._count(past, below, length)))
            for name, length in self.lengths.items()
        }

    def surveyed(self, timezone: str) -> tuple[TileSpec, ...]:
        return self.tiles(timezone) if isinstance(self.smooth, EmpiricalBayes) else ()

    def survey(self, past: Past) -> list[Tally[Any]]:
        """Return, for each column, how many entities have so many events in so many trials."""
        import numpy as np

        found = []
        for above, below in self._counts(past).values():
            tried = below.to_numpy() > 0
            pairs = np.stack([np.minimum(above.to_numpy(), below.to_numpy())[tried], below.to_numpy()[tried]], axis=1)
            different, times = np.unique(pairs, axis=0, return_counts=True)
            found.append(Tally(dict(zip(map(tuple, different.tolist()), times.tolist(), strict=True))))
        return found

    def settle(self, surveyed: Sequence[Mapping[Any, int]]) -> tuple[Beta, ...]:
        """Return the prior of each column."""
        assert isinstance(self.smooth, EmpiricalBayes)  # noqa: S101 - only then is there a survey
        return tuple(self.smooth.fit(pairs) for pairs in surveyed)
