"""Oracle of the seeded hash of keys, and of the share of keys that a rate keeps."""

from collections.abc import Iterable

import xxhash

SEPARATOR, NULL = "\x1f", "\x1e"


def text_of(value: object) -> str:
    """Return the text under which a key is hashed: texts as they are, whole numbers in decimal.

    Raises
    ------
    TypeError
        For any other type: the oracle does not guess.

    Examples
    --------
    >>> text_of("x"), text_of(-7), text_of(None) == NULL
    ('x', '-7', True)
    """
    if value is None:
        return NULL
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"no text is agreed for a key such as {value!r}")


def seeded_hash(step: str, seed: int, keys: Iterable[object]) -> int:
    r"""Return XXH64, with seed 42, of the texts of a seed, a step's word and the keys, joined by the unit separator.

    Examples
    --------
    >>> seeded_hash("step", 0, ["u", None]) == xxhash.xxh64_intdigest(b"0\x1fstep\x1fu\x1f\x1e", seed=42)
    True
    """
    text = SEPARATOR.join([str(seed), step, *(text_of(key) for key in keys)])
    return xxhash.xxh64_intdigest(text.encode("utf-8"), seed=42)


def in_share(hashed: int, rate: float) -> bool:
    """Say whether a hash is among the lowest ``rate`` of all 64-bit hashes.

    Examples
    --------
    >>> [in_share(hashed, 0.5) for hashed in (0, 2**63 - 1, 2**63)], in_share(2**64 - 1, 1.0)
    ([True, True, False], True)
    """
    return hashed < int(rate * 2**64)
