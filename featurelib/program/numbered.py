"""Numbered: texts as numbers of the distinct ones."""

from typing import Any

import polars as pl


def categorical(texts: pl.Series) -> pl.Series:
    """Return texts as a ``Categorical`` of categories of its own, by first occurrence; null stays null."""
    return texts.cast(own_categories())


def own_categories() -> pl.Categorical:
    """Return a type of new categories: their numbers have no gap; those of all of a process grow with all it sees."""
    return pl.Categorical(pl.Categories.random())


def categories(codes: pl.Series) -> pl.Series:
    """Return the categories of a ``Categorical`` up to the last that occurs, each once, in their order."""
    last: Any = codes.to_physical().max()
    # NOTE: `Categories.to_series` is a loop of Python
    numbers = pl.int_range(0 if last is None else last + 1, dtype=pl.UInt32, eager=True)
    return numbers.cat.to(codes.dtype)


def numbered(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the number of each text, from 0 on, null for null; and the distinct texts by number, in no stated order.

    Examples
    --------
    >>> import polars as pl
    >>> codes, terms = numbered(pl.Series(["b", None, "a", "b"]))
    >>> codes.to_list(), terms.to_list()
    ([0, None, 1, 0], ['b', 'a'])
    """
    codes = categorical(texts)
    return codes.to_physical(), categories(codes).cast(pl.String)
