"""Keyed hash: a number for the keys of a row that the step and its seed change, and nothing else does."""

import math
from collections.abc import Sequence

import polars as pl

from featurelib.errors import ColumnMissingError, ColumnTypeError, ParameterError
from featurelib.program.hashing import SEPARATOR, hash_expr

NULL_TEXT = "\x1e"
"""Stands for a key that is null: the ASCII record separator, which text of logs does not hold."""


def keyed_hash(step: str, seed: int, keys: Sequence[str]) -> pl.Expr:
    """Return the 64-bit hash of a step, a seed and the keys of each row, as ``UInt64``; never null.

    Who is sampled follows from this number, never from a random generator or a position, so a second run, another
    engine or another order of the rows gives the same rows.

    Parameters
    ----------
    step
        The word of what chooses, such as ``cap_per_user``. Another word gives numbers that have nothing to do with
        these: a choice among rows that another step chose, by the same keys and seed, is not decided by that choice.
    seed
        So does another seed.
    keys
        Columns of text, integers or booleans (see `check_keys`), in this order. A null key is a key of its own, unlike
        the empty text.

    Raises
    ------
    ParameterError
        If there is no key.

    Notes
    -----
    XXH64 with seed 42 (see `featurelib.program.hashing`) of the seed's decimal digits, the step's word and the keys'
    canonical texts, with the unit separator (0x1F) between them.

    Examples
    --------
    >>> frame = pl.DataFrame({"user": ["u1", None], "item": [1, 2]})
    >>> frame.select(keyed_hash("example", 7, ["user", "item"])).to_series().to_list()
    [18064478299491563422, 18340529716644562752]
    """
    if not keys:
        raise ParameterError("keyed_hash", "keys", got=tuple(keys), want="at least one column")
    texts = [pl.col(key).cast(pl.String).fill_null(NULL_TEXT) for key in keys]
    return hash_expr(pl.concat_str([pl.lit(str(seed)), pl.lit(step), *texts], separator=SEPARATOR)).alias("keyed_hash")


def in_share(step: str, seed: int, keys: Sequence[str], rate: float) -> pl.Expr:
    """Return whether the keys of each row fall into a share of all keys, as ``Boolean``; never null.

    A larger rate with the same step, seed and keys adds rows and takes none away.

    Parameters
    ----------
    step, seed, keys
        As in `keyed_hash`. Rows with the same keys are in the share together or not at all.
    rate
        The share, from 0 (none) to 1 (all).

    Raises
    ------
    ParameterError
        If the rate is not within 0 and 1, or there is no key.

    Notes
    -----
    ``keyed_hash < floor(rate * 2 ** 64)``.

    Examples
    --------
    >>> frame = pl.DataFrame({"user": ["u1", "u2", "u3", None]})
    >>> frame.select(in_share("example", 0, ["user"], 0.5)).to_series().to_list()
    [False, True, False, False]
    """
    if not 0 <= rate <= 1:
        raise ParameterError("in_share", "rate", got=rate, want="from 0 to 1")
    hashed = keyed_hash(step, seed, keys)
    limit = math.floor(rate * 2**64)  # exact: a power of two changes only the exponent
    inside = hashed < pl.lit(limit, dtype=pl.UInt64) if limit < 2**64 else hashed.is_not_null()
    return inside.alias("in_share")


def check_keys(who: object, keys: Sequence[str], given: pl.Schema) -> None:
    """Check that columns are there and have one text on every engine: text, integers or booleans.

    Parameters
    ----------
    who
        What hashes them, for the error.
    keys, given
        The columns, and all those that the samples have.

    Raises
    ------
    ColumnMissingError
        If one is not there.
    ColumnTypeError
        If one has another type, such as a float, which engines write differently.

    Examples
    --------
    >>> check_keys("example", ["user"], pl.Schema({"user": pl.String()}))
    """
    for key in keys:
        if key not in given:
            raise ColumnMissingError(who, key, where="the samples table", columns=given)
        dtype = given[key]
        if not (dtype.is_integer() or isinstance(dtype, pl.String | pl.Boolean | pl.Categorical | pl.Enum)):
            raise ColumnTypeError(who, key, where="the samples", got=dtype, want="text, integer or boolean")
