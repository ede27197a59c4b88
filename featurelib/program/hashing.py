"""The stable hash: XXH64 with seed 42 of the canonical UTF-8 text.

The same number on every version, machine and engine: ``polars-hash`` for columns, ``xxhash`` for rows, and Spark's own
``xxhash64`` of a string. The hashes of polars itself changed between versions (docs/decisions/0003).
"""

from collections.abc import Sequence

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


def joined(texts: Sequence[str]) -> str:
    r"""Return the text of an entity of several columns, which no other entity has.

    The texts with the unit separator (0x1F) between them; one that holds it, or the record separator (0x1E), has
    ``0x1E 1`` and ``0x1E 0`` there.

    Examples
    --------
    >>> joined(["red shoes", "home"])
    'red shoes\x1fhome'
    """
    return SEPARATOR.join(text.replace("\x1e", "\x1e0").replace(SEPARATOR, "\x1e1") for text in texts)


def joined_expr(texts: Sequence[pl.Expr]) -> pl.Expr:
    """Return `joined` of text columns; null where one of them is."""
    safe = [
        text.str.replace_all("\x1e", "\x1e0", literal=True).str.replace_all(SEPARATOR, "\x1e1", literal=True)
        for text in texts
    ]
    return pl.concat_str(safe, separator=SEPARATOR)
