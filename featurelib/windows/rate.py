"""Rate: how often one event follows another, over an entity's recent past."""

import math
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

from featurelib.durations import duration
from featurelib.errors import ParameterError
from featurelib.logs import Log

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Rate:
    """Smoothed rate of one log's events per another's, for one entity, before each sample.

    Parameters
    ----------
    name
        The column it adds to the samples.
    of, per
        Logs of the events counted above and below the line, such as clicks and impressions.
    by
        The entity: a column that both logs and the samples have, such as ``item_id``.
    over
        Length of the window in whole hours, such as ``7d``.
    delay
        How late the online system sees an event, in whole hours; training without it leaks.
    alpha, beta
        Strength of the prior: ``alpha`` events in ``alpha + beta`` trials; above 0.

    Raises
    ------
    ParameterError
        If a duration is not of whole hours, the window is empty, the prior is not above 0, or a log lacks the entity.

    Notes
    -----
    Adds ``name``, ``Float64``, 0 to 1 (above 1 only if ``of`` has more events than ``per``):
    ``(n_of + alpha) / (n_per + alpha + beta)`` over the events in ``[t - over - delay, t - delay)``, exact to the hour:
    t is first rounded down to its hour, so an event in the sample's own hour never counts, nor does the event being
    labelled. An entity without events in the window gets the prior's mean; a null entity gets null. Events are counted
    when they happen, by their event time, once per event id.

    References
    ----------
    Wang, X. et al. (2011). Click-through rate estimation for rare events in online advertising.
    """

    name: str
    _: KW_ONLY
    of: Log
    per: Log
    by: str
    over: str | timedelta
    delay: str | timedelta = timedelta()
    alpha: float = 1.0
    beta: float = 20.0

    def __post_init__(self) -> None:
        if self.name in {"entity", "hour"}:
            raise ParameterError(self, "name", got=self.name, want="another than those of the tiles' own columns")
        for field in ("over", "delay"):
            length = duration(self, field, getattr(self, field))
            if length % HOUR or length < (HOUR if field == "over" else timedelta()):
                raise ParameterError(self, field, got=str(length), want="whole hours, and a window of at least one")
            object.__setattr__(self, field, length)
        for field in ("alpha", "beta"):
            strength = getattr(self, field)
            if not (math.isfinite(strength) and strength > 0):
                raise ParameterError(self, field, got=strength, want="a finite number above 0")
        for log in (self.of, self.per):
            if self.by not in log.table.columns:
                raise ParameterError(self, "by", got=self.by, want=f"a column of log {log.name!r}")

    @property
    def reach(self) -> timedelta:
        """How far before a sample it reads."""
        return duration(self, "over", self.over) + duration(self, "delay", self.delay)
