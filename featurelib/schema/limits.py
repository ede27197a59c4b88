"""Limits: how far a column, or the rows of a table, may move from one day to another before somebody is told."""

from dataclasses import dataclass, fields
from typing import Literal

from featurelib.errors import ParameterError
from featurelib.parameters import check_whole

Limit = tuple[float, float] | None
"""What is told from the first number on (watch), and what is an alarm from the second on; None for never."""
OnAlarm = Literal["fail", "warn"]

_SHARES = ("categories", "jensen_shannon", "nulls", "coverage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """How far the values of a column may move.

    Each limit is a pair (watch, alarm), the first not above the second, or ``None`` for a measure that is not looked
    at. The numbers are where teams start, not laws: set those of a column that is known to move.

    Parameters
    ----------
    psi
        Population stability index against the reference, over bins of numbers and the share of nulls.
    categories
        Largest change of the share of one category, 0 to 1 (L-infinity), for texts, indices and other categories.
    jensen_shannon
        Jensen-Shannon divergence in bits, 0 to 1.
    nulls
        Rise of the share of null or NaN, 0 to 1, as a difference: 0.05 is five rows of a hundred more.
    coverage
        Relative fall of the share of rows that say something (neither null, nor NaN, nor the column's ``default``):
        0.5 is half of them.
    auc
        Area under the ROC curve of the column alone for the label, or of its negative: a feature that is too good
        alone has probably seen the label. Above 0.5, at most 1.
    label_rate
        Relative change of the label's mean, which must also lie beyond four standard deviations of chance.
    on_alarm
        What an alarm does when a partition is built: ``warn`` publishes and tells; ``fail`` refuses the partition.

    Raises
    ------
    ParameterError
        If a limit is no such pair, or out of its range.

    References
    ----------
    Karakoulas, "Empirical validation of retail credit-scoring models" (2004), for the bounds of the PSI.
    """

    psi: Limit = (0.1, 0.25)
    categories: Limit = (0.1, 0.25)
    jensen_shannon: Limit = None
    nulls: Limit = (0.01, 0.05)
    coverage: Limit = (0.2, 0.5)
    auc: Limit = (0.85, 0.95)
    label_rate: Limit = (0.2, 0.5)
    on_alarm: OnAlarm = "warn"

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "on_alarm":
                _check_limit(self, field.name, getattr(self, field.name))
        for name in _SHARES:
            limit = getattr(self, name)
            if limit is not None and limit[1] > 1:
                raise ParameterError(self, name, got=limit, want="at most 1, as shares are")
        if self.auc is not None and not 0.5 < self.auc[0] <= self.auc[1] <= 1:
            raise ParameterError(self, "auc", got=self.auc, want="above 0.5 and at most 1")
        _check_on_alarm(self, self.on_alarm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How far the rows of a partition may lie from those that are usual.

    Parameters
    ----------
    watch, alarm
        Relative distance from the median of the rows, above 0: 0.5 is half as many, or half as many again.
    partitions
        How many partitions say what is usual, at least 1; of a table by hours, those of the same hour. A build takes
        the last ones that the program was fitted on, so that its verdict does not depend on what was built before;
        drift over time takes those just before. Where they are too few to tell, the rule is not judged.
    on_alarm
        As in `Drift`.

    Raises
    ------
    ParameterError
        If a parameter is out of its range.
    """

    watch: float = 0.2
    alarm: float = 0.5
    partitions: int = 7
    on_alarm: OnAlarm = "warn"

    def __post_init__(self) -> None:
        _check_limit(self, "watch", (self.watch, self.alarm))
        check_whole(self, "partitions")
        _check_on_alarm(self, self.on_alarm)


def _check_limit(who: object, name: str, limit: object) -> None:
    want = "None, or a pair of numbers above 0, the watch limit not above the alarm"
    if limit is None:
        return
    if not isinstance(limit, tuple) or len(limit) != 2 or not all(_is_number(number) for number in limit):
        raise ParameterError(who, name, got=limit, want=want)
    if not 0 < limit[0] <= limit[1] < float("inf"):
        raise ParameterError(who, name, got=limit, want=want)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check_on_alarm(who: object, said: str) -> None:
    if said not in ("fail", "warn"):
        raise ParameterError(who, "on_alarm", got=said, want="fail or warn: an alarm sets no single row aside")
