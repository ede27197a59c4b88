"""Numbered: texts as numbers of the distinct ones."""

from typing import Any

import polars as pl


def categorical(texts: pl.Series) -> pl.Series:
    """Return texts as a ``Categorical`` of categories of its own, by first occurrence; null stays null."""
    # NOTE: of its own: their numbers have no gap; those that a process shares grow with all it has seen
    return texts.cast(pl.Categorical(pl.Categories.random()))


def categories(codes: pl.Series) -> pl.Series:
    """Return the categories of an ``Enum``, or of a ``Categorical`` up to the last that occurs, in their order."""
    if isinstance(codes.dtype, pl.Enum):
        return codes.dtype.categories.cast(pl.String)
    if not isinstance(codes.dtype, pl.Categorical):
        raise TypeError(codes.dtype)
    last: Any = codes.to_physical().max()
    # NOTE: `Categories.to_series` is a loop of Python
    numbers = pl.int_range(0 if last is None else last + 1, dtype=pl.UInt32, eager=True)
    return numbers.cat.to(codes.dtype).cast(pl.String)


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
    return codes.to_physical(), categories(codes)
