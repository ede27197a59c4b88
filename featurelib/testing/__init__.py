"""Oracles for tests, yours and ours: slow, plain Python, obviously right.

What it owns, one module for each question a test may ask:

- ``attribution``: which impression does each click belong to, and what became of each row?
- ``windows``: what is the smoothed rate of an entity before an instant, counted by hand?
- ``poison``: do events that a feature must not see move it?
- ``strategies``: small click logs with duplicates, ties, disorder and midnights (needs hypothesis; import it by name).

What must never leak in: polars, and any code of the stage under test. An oracle that shares code with what
it checks shares its mistakes.
"""

from featurelib.testing.attribution import Attribution, Fate, attribute, first_of_each
from featurelib.testing.poison import poisons
from featurelib.testing.windows import floor_hour, smoothed_rate, window

__all__ = ["Attribution", "Fate", "attribute", "first_of_each", "floor_hour", "poisons", "smoothed_rate", "window"]
