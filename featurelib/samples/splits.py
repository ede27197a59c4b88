"""Splits: which rows a model learns from, and which judge it. By time, or by who is in them; never by chance."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta

import polars as pl

from featurelib.days import Days, day_bounds
from featurelib.durations import duration
from featurelib.errors import ParameterError
from featurelib.samples.keyed_hash import in_share

_STEP = "holdout"


@dataclass(frozen=True)
class TimeSplit:
    """Split by day: earlier days to learn from, later ones to choose by, the last to judge by.

    Parameters
    ----------
    train, validation, test
        Days, in this order, with no day in two.
    timezone
        Time zone in which a day starts at midnight.
    reach
        How long after an impression its label may still change, such as ``3d``. So much time must lie between the
        end of one part and the start of the next.

    Raises
    ------
    ParameterError
        If a part does not start ``reach`` after the end of the one before, or ``reach`` is negative. Without the
        distance, labels to learn from would tell what happened in the days that judge, and a trainer at the start of
        those days could not have had them.

    Examples
    --------
    >>> parts = [("2026-10-01", "2026-10-20"), ("2026-10-22", "2026-10-25"), ("2026-10-27", "2026-10-30")]
    >>> split = TimeSplit(*(Days.parse(*part) for part in parts), reach="1d")
    >>> at = pl.Series("at", ["2026-10-20 23:59", "2026-10-21 00:00", "2026-10-22 00:00"])
    >>> at.str.to_datetime(time_zone="UTC").to_frame().select(split.part("at")).to_series().to_list()
    ['train', None, 'validation']
    """

    train: Days
    validation: Days
    test: Days
    _: KW_ONLY
    timezone: str = "UTC"
    reach: str | timedelta = timedelta(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reach", duration(self, "reach", self.reach))
        if self._reach < timedelta():
            raise ParameterError(self, "reach", got=str(self.reach), want="no shorter than nothing")
        self._check_distance("train", self.train, "validation", self.validation)
        self._check_distance("validation", self.validation, "test", self.test)

    @property
    def _reach(self) -> timedelta:
        return duration(self, "reach", self.reach)

    def _check_distance(self, earlier: str, before: Days, later: str, after: Days) -> None:
        _, end = day_bounds(before.end, self.timezone)
        start, _ = day_bounds(after.start, self.timezone)
        if start >= end + self._reach:
            return
        want = f"days after those of {earlier}, {before}"
        if self._reach:
            want = (
                f"days that start at least {self._reach} after those of {earlier}, {before}, have ended, as the labels "
                f"of {earlier} are known only then and would tell what happened in the days of {later}"
            )
        raise ParameterError(self, later, got=str(after), want=want)

    def part(self, time: str) -> pl.Expr:
        """Return ``train``, ``validation`` or ``test``, as ``String``, by the day in which an instant lies.

        Parameters
        ----------
        time
            Event time, a ``Datetime`` with a time zone (any). Null, and instants in none of the days, give null.
        """
        day = pl.col(time).dt.convert_time_zone(self.timezone).dt.date()
        return (
            pl.when(day.is_between(self.train.start, self.train.end))
            .then(pl.lit("train"))
            .when(day.is_between(self.validation.start, self.validation.end))
            .then(pl.lit("validation"))
            .when(day.is_between(self.test.start, self.test.end))
            .then(pl.lit("test"))
            .alias("part")
        )


@dataclass(frozen=True, slots=True)
class Fold:
    """Days to learn from, and later ones to judge by."""

    train: Days
    test: Days


def walk_forward(days: Days, *, train: int, test: int, step: int | None = None, gap: int = 0) -> list[Fold]:
    """Return folds that walk through the days, each judged by days after those it learns from.

    Parameters
    ----------
    days
        All days. The first fold starts with the first of them; what is left at the end, too short for a fold, is not
        used.
    train, test
        Days to learn from and to judge by in each fold; at least 1.
    step
        Days from one fold to the next, at least 1. ``None``: as many as ``test``, so that each day judges once.
    gap
        Days between the two, which are in neither: at least the labels' reach, so that all labels of the former were
        known before the latter began. From 0.

    Raises
    ------
    ParameterError
        If a number is too small, or the days are too few for one fold.

    Examples
    --------
    >>> for fold in walk_forward(Days.parse("2026-11-01", "2026-11-10"), train=4, test=2, gap=1):
    ...     print(fold.train, "->", fold.test)
    2026-11-01 .. 2026-11-04 -> 2026-11-06 .. 2026-11-07
    2026-11-03 .. 2026-11-06 -> 2026-11-08 .. 2026-11-09
    """
    step = test if step is None else step
    for name, number, least in (("train", train, 1), ("test", test, 1), ("step", step, 1), ("gap", gap, 0)):
        if number < least:
            raise ParameterError("walk_forward", name, got=number, want=f"at least {least}")
    length = train + gap + test
    if len(days) < length:
        raise ParameterError("walk_forward", "days", got=str(days), want=f"at least {length} days, as one fold has")
    return [_fold(days, start, train, gap, test) for start in range(0, len(days) - length + 1, step)]


def _fold(days: Days, start: int, train: int, gap: int, test: int) -> Fold:
    def part(skipped: int, length: int) -> Days:
        first = days.start + timedelta(days=skipped)
        return Days(first, first + timedelta(days=length - 1))

    return Fold(part(start, train), part(start + train + gap, test))


@dataclass(frozen=True)
class Holdout:
    """Hold out some users, items or other entities, to judge by ones that a model has never met.

    Parameters
    ----------
    keys
        Columns of text, integers or booleans that name the entity, such as ``user_id``. A null is a key of its own.
    fraction
        The share of entities held out, above 0 and below 1. A larger one with the same seed adds to these.
    seed
        Another seed holds out others.

    Raises
    ------
    ParameterError
        If there is no key, or the fraction is out of range.

    Notes
    -----
    Held out where ``keyed_hash("holdout", seed, keys) < floor(fraction * 2 ** 64)`` (see
    `featurelib.samples.keyed_hash`), so an entity is on one side on all days, on every machine and for good. The hash
    has nothing to do with those of `KeepFraction` and `CapPerUser`, whatever their keys and seeds.

    Examples
    --------
    >>> users = pl.DataFrame({"user": ["u1", "u2", "u1"]})
    >>> held_out = users.select(Holdout("user", fraction=0.5).expr).to_series()
    >>> held_out[0] == held_out[2]
    True
    """

    keys: str | Sequence[str]
    _: KW_ONLY
    fraction: float
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", (self.keys,) if isinstance(self.keys, str) else tuple(self.keys))
        if not self.keys:
            raise ParameterError(self, "keys", got=self.keys, want="at least one column")
        if not 0 < self.fraction < 1:
            raise ParameterError(self, "fraction", got=self.fraction, want="above 0 and below 1")

    @property
    def expr(self) -> pl.Expr:
        """Whether the row's entity is held out, as ``Boolean``, never null."""
        return in_share(_STEP, self.seed, tuple(self.keys), self.fraction).alias("is_held_out")
