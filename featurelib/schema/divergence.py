"""Divergence: how differently two counts lie over the same cells, and how far chance alone brings them."""

import math
from collections.abc import Sequence

SIGMAS = 4
"""Standard deviations that chance alone passes in one of 16,000 comparisons."""

_SMALLEST_SHARE = 1e-4


def psi(now: Sequence[int], was: Sequence[int]) -> float:
    """Return the population stability index of two counts over the same cells; 0 for equal shares.

    ``Σ (p - q) ln(p / q)``, with shares below 1e-4 taken as 1e-4. The convention: stable below 0.1, shifted above 0.25.
    NaN if one of them counts no rows.

    Examples
    --------
    >>> round(psi([50, 50], [90, 10]), 4)
    0.8789
    """
    clipped = ([max(share, _SMALLEST_SHARE) for share in shares(counts)] for counts in (now, was))
    return math.fsum((p - q) * math.log(p / q) for p, q in zip(*clipped, strict=True))


def psi_by_chance(now: Sequence[int], was: Sequence[int]) -> float:
    """Return the PSI that two samples of one distribution have on average: ``(B - 1)(1/n + 1/m)``.

    B are the cells that either of them has rows in, n and m their rows.

    References
    ----------
    Yurdakul, B. (2018). Statistical properties of the population stability index.

    Examples
    --------
    >>> round(psi_by_chance([100] * 20, [100] * 20), 4)
    0.019
    """
    cells = sum(1 for pair in zip(now, was, strict=True) if any(pair))
    return (cells - 1) * (1 / sum(now) + 1 / sum(was))


def jensen_shannon(now: Sequence[int], was: Sequence[int]) -> float:
    """Return the Jensen-Shannon divergence of two counts over the same cells, in bits: 0 for equal shares, at most 1.

    Examples
    --------
    >>> jensen_shannon([1, 0], [0, 1])
    1.0
    """
    terms = []
    for p, q in zip(shares(now), shares(was), strict=True):
        middle = (p + q) / 2
        terms += [share / 2 * math.log2(share / middle) for share in (p, q) if share > 0]
    return math.fsum(terms)


def by_chance(a: int, n: int, b: int, m: int) -> float:
    """Return four standard deviations of the difference of two shares of one distribution."""
    pooled = (a + b) / (n + m)
    return SIGMAS * math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))


def shares(counts: Sequence[int]) -> list[float]:
    """Return counts as shares of their sum; NaN each, if that is 0."""
    total = sum(counts)
    return [count / total if total else math.nan for count in counts]
