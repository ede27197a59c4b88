"""Oracles and contracts for tests, yours and ours; the oracles are slow, plain Python, obviously right.

What it owns, one module for each question a test may ask:

- ``attribution``: which impression does each click belong to, and what became of each row?
- ``chains``: which click, and with it which impression, does an order belong to?
- ``duplicates``: which rows say again what another row said?
- ``samples``: what are the samples of a day, and what became of all its rows? From the answers of ``credits`` (who is
  credited with what, in several logs), ``sessions``, ``rules`` (which rows stay), ``makers`` (which rows are added),
  ``shapes`` (lists, pairs of queries) and ``hashing`` (the seeded hash), each of use alone.
- ``splits``: in which part of a split is a row?
- ``windows``: what does each window feature say of a sample? From the answers of ``spans`` (when does an event count,
  and what does a window read) and ``rates`` (bounds, fitted priors, the click rates of positions).
- ``poison``: do events that a feature must not see move it?
- ``drawing``: small logs with duplicates, ties, disorder, late rows, wrong clocks and midnights, read from bytes.
- ``strategies``: such logs, drawn by hypothesis (which it needs; import it by name).
- ``contracts``: does a transform keep its promises? On ``columns``, frames of awkward values. (Both need hypothesis,
  and ``contracts`` pytest; import them by name.)
- ``examples``: what does each transform make of awkward values? One of each, for tables (import it by name).

What must never leak into an oracle: polars, and any code of the stage under test. One that shares code with what it
checks shares its mistakes.
"""

from featurelib.testing.attribution import Attribution, Fate, attribute
from featurelib.testing.chains import ChainFate, Touch, attribute_via
from featurelib.testing.credits import PlainLabel, PlainLog
from featurelib.testing.duplicates import first_of_each, repeats
from featurelib.testing.poison import poisons
from featurelib.testing.samples import DaySamples, samples_of
from featurelib.testing.spans import floor_hour
from featurelib.testing.windows import smoothed_rate, window_values

__all__ = [
    "Attribution",
    "ChainFate",
    "DaySamples",
    "Fate",
    "PlainLabel",
    "PlainLog",
    "Touch",
    "attribute",
    "attribute_via",
    "first_of_each",
    "floor_hour",
    "poisons",
    "repeats",
    "samples_of",
    "smoothed_rate",
    "window_values",
]
