"""Oracles of splits: by the day of the event, in folds that walk forward, and by a stable hash of the entity."""

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import pairwise

from featurelib.testing.hashing import in_share, seeded_hash
from featurelib.testing.zones import day_of, midnight

Span = tuple[dt.date, dt.date]
"""First and last day, both included."""


def part_of(at: dt.datetime, parts: Mapping[str, Span], *, timezone: str) -> str | None:
    """Return the part in whose days an instant lies; None if in none.

    Examples
    --------
    >>> day = dt.date(2026, 11, 1)
    >>> part_of(dt.datetime(2026, 11, 1, 23, 30, tzinfo=dt.UTC), {"train": (day, day)}, timezone="Europe/Berlin")
    """
    for name, (first, last) in parts.items():
        if first <= day_of(at, timezone) <= last:
            return name
    return None


def apart(parts: Sequence[Span], *, reach: dt.timedelta, timezone: str) -> bool:
    """Say whether parts are in order, disjoint, and each ``reach`` or more after the end of the one before.

    Examples
    --------
    >>> days = [dt.date(2026, 11, n) for n in (1, 2, 3, 4)]
    >>> parts = [(days[0], days[1]), (days[3], days[3])]
    >>> [apart(parts, reach=dt.timedelta(days=n), timezone="UTC") for n in (0, 1, 2)]
    [True, True, False]
    """
    for (_, last), (first, _) in pairwise(parts):
        end = midnight(last + dt.timedelta(days=1), timezone)
        if midnight(first, timezone) - end < max(reach, dt.timedelta(0)):
            return False
    return True


def walk_forward(
    days: Span, *, train: int, test: int, step: int | None = None, gap: int = 0
) -> list[tuple[Span, Span]]:
    """Return the folds: ``train`` days, ``gap`` days, ``test`` days; each fold ``step`` (``test``) days after the last.

    Examples
    --------
    >>> folds = walk_forward((dt.date(2026, 11, 1), dt.date(2026, 11, 6)), train=2, test=1, gap=1)
    >>> [(fit[0].day, fit[1].day, score[0].day, score[1].day) for fit, score in folds]
    [(1, 2, 4, 4), (2, 3, 5, 5), (3, 4, 6, 6)]
    """
    folds = []
    start, one = days[0], dt.timedelta(days=1)
    while start + (train + gap + test - 1) * one <= days[1]:
        scored = start + (train + gap) * one
        folds.append(((start, start + (train - 1) * one), (scored, scored + (test - 1) * one)))
        start += (test if step is None else step) * one
    return folds


def held_out(keys: Sequence[object], *, fraction: float, seed: int = 0) -> bool:
    """Say whether an entity is held out: its hash is in the share ``fraction``.

    Examples
    --------
    >>> [held_out([key], fraction=0.5) for key in ("e", "f")]
    [True, False]
    """
    return in_share(seeded_hash("holdout", seed, keys), fraction)
