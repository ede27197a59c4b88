"""Enumerated: texts as numbers, so that several states count them without comparing a text again."""

from typing import Any

import polars as pl


def enumerated(texts: pl.Series) -> pl.Series:
    """Return texts as an ``Enum`` of the distinct ones, in no stated order; null stays null.

    An ``Enum`` is returned as it is: its categories may then be more than the texts that occur.

    Examples
    --------
    >>> import polars as pl
    >>> codes = enumerated(pl.Series(["b", None, "a", "b"]))
    >>> codes.dtype.categories.to_list(), codes.to_physical().to_list()
    (['b', 'a'], [0, None, 1, 0])
    """
    if isinstance(texts.dtype, pl.Enum):
        return texts
    codes, terms = numbered(texts)
    return codes.cat.to(pl.Enum(terms))


def numbered(texts: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the number of each text, from 0 on, null for null; and the distinct texts by number, in no stated order.

    Examples
    --------
    >>> import polars as pl
    >>> codes, terms = numbered(pl.Series(["b", None, "a", "b"]))
    >>> codes.to_list(), terms.to_list()
    ([0, None, 1, 0], ['b', 'a'])
    """
    # NOTE: categories of their own: their numbers have no gap; those that a process shares grow with all it has seen
    categorical = texts.cast(pl.Categorical(pl.Categories.random()))
    codes = categorical.to_physical()
    last: Any = codes.max()
    numbers = pl.Series(range(0 if last is None else last + 1), dtype=pl.UInt32)
    return codes, numbers.cat.to(categorical.dtype).cast(pl.String)


def counted(texts: pl.Series) -> pl.DataFrame:
    """Return the rows of each text that occurs: a frame of ``term`` (rising) and ``rows``; nulls are left out.

    Examples
    --------
    >>> import polars as pl
    >>> counted(pl.Series(["b", None, "a", "b"])).rows()
    [('a', 1), ('b', 2)]
    """
    import numpy as np

    codes = enumerated(texts)
    terms = categories(codes)
    rows = np.bincount(codes.drop_nulls().to_physical().to_numpy(), minlength=len(terms)).astype(np.int64)
    return pl.DataFrame({"term": terms, "rows": rows}).filter(pl.col("rows") > 0).sort("term")


def categories(codes: pl.Series) -> pl.Series:
    """Return the categories of an ``Enum`` column, as texts, in the order of their codes."""
    dtype = codes.dtype
    if not isinstance(dtype, pl.Enum):
        raise TypeError(dtype)
    return dtype.categories.cast(pl.String)
