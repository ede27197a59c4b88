"""Enumerated: texts as numbers, so that several states count them without comparing a text again."""

import polars as pl

from featurelib.program.numbered import categorical, categories


def enumerated(texts: pl.Series) -> pl.Series:
    """Return texts as a ``Categorical`` of categories of its own, in no stated order; null stays null.

    A ``Categorical`` or ``Enum`` is returned as it is: its categories may then be more than the texts that occur.

    Examples
    --------
    >>> import polars as pl
    >>> from featurelib.program.numbered import categories
    >>> codes = enumerated(pl.Series(["b", None, "a", "b"]))
    >>> categories(codes).to_list(), codes.to_physical().to_list()
    (['b', 'a'], [0, None, 1, 0])
    """
    if isinstance(texts.dtype, pl.Enum | pl.Categorical):
        return texts
    return categorical(texts)


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
