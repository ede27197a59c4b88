"""The stable hash: XXH64 with seed 42 of the canonical UTF-8 text.

The same number on every version, machine and engine: ``polars-hash`` for columns, ``xxhash`` for rows, and Spark's own
``xxhash64`` of a string. The hashes of polars itself changed between versions (docs/decisions/0003).
"""

import polars as pl
import xxhash

SEED = 42
SEPARATOR = "\x1f"
"""Stands between the parts of a cross; the ASCII unit separator, which text of logs does not hold."""


def hash_text(text: str) -> int:
    """Return the 64-bit hash of one text.

    Examples
    --------
    >>> hash_text("ABC")
    4105715581806190027
    """
    return xxhash.xxh64_intdigest(text.encode(), SEED)


def hash_expr(text: pl.Expr) -> pl.Expr:
    """Return the 64-bit hash of a text column as ``UInt64``; null stays null."""
    import polars_hash  # noqa: F401  # registers the namespace below; loads a plug-in, so not at import

    hashed: pl.Expr = text.nchash.xxhash64(seed=SEED)  # type: ignore[attr-defined]
    return hashed
