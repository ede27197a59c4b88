"""Proposal: what a measured lag says should be declared, and how long to wait because of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from featurelib.lag.curve import Curve
from featurelib.logs import Log
from featurelib.pipeline import Pipeline

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

LADDER = (
    timedelta(),
    *(n * _MINUTE for n in (1, 5, 15, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)),
    *(n * _DAY for n in (1, 2, 3, 7, 14, 30)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """How long a pipeline waits, as declared and as proposed.

    Attributes
    ----------
    pipeline
        Its name.
    label
        The label whose last event is waited for: its windows, then the lateness of its log, of those it goes via and
        of the impressions. ``None`` for the whole partition: after its end, its labels are final (`Pipeline.mature_at`)
        once each label is, and all its logs have landed.
    declared, proposed
        The wait with the lateness that the log declares, and with the proposed one.
    """

    pipeline: str
    label: str | None
    declared: timedelta
    proposed: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What to declare.

    Attributes
    ----------
    lateness
        The shortest of `LADDER` that p99.9 of the lags does not exceed; beyond it, whole days.
    still_later
        Rows that landed later than even that.
    later_than_declared
        Rows that landed later than the log declares.
    measured
        Rows with a lag: all but skewed ones and those without a landing time.
    lookback
        How many partitions after its own an event's row may land in, where files are laid out by landing time.
    waits
        For each pipeline that reads the log, and each label made from it.
    """

    lateness: timedelta
    still_later: int
    later_than_declared: int
    measured: int
    lookback: int
    waits: tuple[Wait, ...]


def propose(curve: Curve, pipelines: Sequence[Pipeline] = ()) -> Proposal | None:
    """Propose what to declare for a log; ``None`` if no row has a lag.

    Parameters
    ----------
    curve
        Its measured lags.
    pipelines
        Those that read it.
    """
    total = curve.total
    slowest = total.quantiles_s["p99.9"]
    if slowest is None:
        return None
    lateness = _round(timedelta(seconds=slowest))
    return Proposal(
        lateness=lateness,
        still_later=curve.later_than(lateness),
        later_than_declared=curve.later_than(curve.log.lateness),
        measured=total.rows - total.skewed - total.unknown,
        lookback=-(-lateness // curve.log.step),
        waits=tuple(wait for pipeline in pipelines for wait in _waits(pipeline, curve.log, lateness)),
    )


def _round(lag: timedelta) -> timedelta:
    return next((step for step in LADDER if step >= lag), -(-lag // _DAY) * _DAY)


def _waits(pipeline: Pipeline, log: Log, lateness: timedelta) -> list[Wait]:
    samples = pipeline.samples

    def proposed(of: Log) -> timedelta:
        return lateness if of == log else of.lateness

    whole = Wait(
        pipeline=pipeline.name,
        label=None,
        declared=pipeline.settles_after,
        proposed=pipeline.settles_with(proposed),
    )
    return [whole] + [
        Wait(
            pipeline=pipeline.name,
            label=label.name,
            declared=samples.settles_with(label, lambda of: of.lateness),
            proposed=samples.settles_with(label, proposed),
        )
        for label in samples.attributed
        if label.log == log
    ]
