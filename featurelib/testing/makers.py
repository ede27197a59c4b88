"""Oracles of what makes rows: each returns the rows given, in their order, and then the rows made."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

from featurelib.testing.hashing import seeded_hash
from featurelib.testing.rows import ROW, Row, groups, microseconds, ordered, values
from featurelib.testing.rules import WEIGHT


def random_items(
    rows: Sequence[Row],
    seen: Sequence[Row],
    *,
    item: str,
    n: int,
    request: str | Sequence[str],
    time: str,
    seed: int = 0,
    carries: Sequence[str] = (),
    blank: Sequence[str] = (),
    labels: Sequence[str] = (),
    carried: Sequence[str] = (),
    outcomes: Sequence[str] = (),
) -> list[Row]:
    """Add to each request items that it did not show, drawn by their popularity in ``seen`` to the power 0.75.

    Draw j of a request hashes the seed, the request and j; its upper 53 bits point into the cumulative weights of the
    items, ascending. A draw of an item that the request has in ``seen``, or drew before, is passed over. A request
    stops at n items or after 10 n + 100 draws.

    Parameters
    ----------
    rows
        The live rows: they say which requests there are, and the first of each, by time and number, gives a made row
        the columns that are not named below, and its number.
    seen
        All distinct impressions of the day.
    item, n, request, seed
        What is drawn, how often for each request, what a request is, and the seed of its draws.
    time
        The event time.
    carries
        Columns that a made row has from the item's first row in ``seen``.
    blank
        Columns that are null in a made row.
    labels, carried
        Attributed and carried labels: 0 in a made row, an attributed one with count 0 and no time.
    outcomes
        Other columns that tell what came of a row: None in a made row.

    Notes
    -----
    Adds ``random_item``, true for made rows; ``sample_weight``, if it is there, is 1 for them.

    References
    ----------
    Mikolov et al., Distributed representations of words and phrases, NIPS 2013 (the power).

    Examples
    --------
    >>> from featurelib.testing.rows import numbered
    >>> seen = numbered({"request": request, "item": item, "at": 0} for request, item in ["ax", "ay", "bz"])
    >>> found = random_items(seen, seen, item="item", n=1, request="request", time="at")
    >>> [(row["request"], row["item"]) for row in found if row["random_item"]]
    [('a', 'z'), ('b', 'y')]
    """
    made: list[Row] = []
    firsts = sorted((ordered(group, time)[0] for group in groups(rows, request)), key=lambda row: row[ROW])
    counts = _counts(seen, item)
    belongs = {row[item]: row for row in reversed(ordered(seen, time))}
    for first in firsts:
        asked = values(first, request)
        shown = {row[item] for row in seen if values(row, request) == asked}
        for drawn in _draws(counts, n=n, seed=seed, asked=asked, excluded=shown):
            row = first | {item: drawn} | {name: belongs[drawn][name] for name in carries}
            row |= dict.fromkeys([*blank, *outcomes])
            row |= dict.fromkeys(carried, 0) | {"random_item": True}
            for label in labels:
                row |= {label: 0, f"{label}__count": 0, f"{label}__at": None}
            made.append(row | {WEIGHT: 1.0} if WEIGHT in row else row)
    return [{**row, "random_item": row.get("random_item", False)} for row in rows] + made


def _counts(seen: Sequence[Row], item: str) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for value in sorted(row[item] for row in seen if row[item] is not None):
        counts[value] = counts.get(value, 0) + 1
    return counts


def _draws(counts: dict[Any, int], *, n: int, seed: int, asked: tuple[object, ...], excluded: set[Any]) -> list[Any]:
    ends: list[float] = []
    for count in counts.values():
        weight = math.sqrt(count) * math.sqrt(math.sqrt(count))
        ends.append((ends[-1] if ends else 0.0) + weight)
    drawn: list[Any] = []
    for j in range(10 * n + 100):
        if len(drawn) == n:
            break
        u = (seeded_hash("random_items", seed, [*asked, str(j)]) >> 11) * 2.0**-53
        for candidate, end in zip(counts, ends, strict=True):
            if end > u * ends[-1]:
                if candidate not in excluded and candidate not in drawn:
                    drawn.append(candidate)
                break
    return drawn


def delayed_feedback(rows: Sequence[Row], *, label: str, time: str, observed_at: dt.datetime) -> list[Row]:
    """Show each row as label 0 at its event time, and each row with label 1 again, as 1, when the label came.

    Adds ``seen_at``; ``delay_s``, the seconds from the event to the label (None without one); and ``elapsed_s``, the
    seconds from the event until ``observed_at``, at least 0.

    References
    ----------
    Ktena et al., Addressing delayed feedback for continuous training with neural networks in CTR prediction, RecSys
    2019. Chapelle, Modeling delayed feedback in display advertising, KDD 2014.

    Examples
    --------
    >>> noon = dt.datetime(2026, 11, 1, 12)
    >>> minute = dt.timedelta(minutes=1)
    >>> rows = [{"at": noon, "bought": 1, "bought__at": noon + minute}, {"at": noon, "bought": 0, "bought__at": None}]
    >>> found = delayed_feedback(rows, label="bought", time="at", observed_at=noon + 2 * minute)
    >>> [(row["bought"], row["seen_at"].minute, row["delay_s"], row["elapsed_s"]) for row in found]
    [(0, 0, 60.0, 120.0), (0, 0, None, 120.0), (1, 1, 60.0, 120.0)]
    """
    first, again = [], []
    for row in rows:
        known_at = row[f"{label}__at"]
        timed = row | {
            "seen_at": row[time],
            "delay_s": None if known_at is None else _seconds(known_at - row[time]),
            "elapsed_s": max(0.0, _seconds(observed_at - row[time])),
        }
        first.append(timed | {label: 0})
        if row[label] == 1:
            again.append(timed | {"seen_at": known_at})
    return first + again


def _seconds(span: dt.timedelta) -> float:
    return microseconds(span) / 1_000_000


def calibrate(prediction: float, rate: float) -> float:
    """Return what a model that learned from a share ``rate`` of the negatives means by a prediction.

    Examples
    --------
    >>> calibrate(0.5, 0.1), calibrate(0.3, 1.0), calibrate(0.0, 0.1), calibrate(1.0, 0.1)
    (0.09090909090909091, 0.3, 0.0, 1.0)
    """
    return prediction / (prediction + (1 - prediction) / rate)


def fake_negative_weight(label: int, prediction: float) -> float:
    """Return the weight of a row of `delayed_feedback` in the loss, given what the model predicts.

    Examples
    --------
    >>> fake_negative_weight(1, 0.25), fake_negative_weight(0, 0.25)
    (1.25, 0.9375)
    """
    return 1 + prediction if label == 1 else (1 - prediction) * (1 + prediction)


def calibrate_fake_negatives(biased: float) -> float:
    """Return the true probability of which ``biased`` is the share of ones once the fake negatives are counted.

    Examples
    --------
    >>> calibrate_fake_negatives(0.2), calibrate_fake_negatives(0.75), calibrate_fake_negatives(1.0)
    (0.25, 1.0, 1.0)
    """
    return 1.0 if biased >= 1 else min(1.0, max(0.0, biased / (1 - biased)))
