"""Oracle of smoothed rates: Wilson's bound, a fitted beta prior, and what a position is clicked."""

import math
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

Prior = tuple[float, float]
"""``alpha`` events in ``alpha + beta`` trials."""

Pairs = tuple[tuple[tuple[int, int], int], ...]
"""Each different (events, trials), ascending, and how many entities have it."""

_ROUNDS, _STEADY = 1_000, 1e-10


def smoothed(events: int, trials: int, prior: Prior) -> float:
    """Return ``(events + alpha) / (trials + (alpha + beta))``.

    Examples
    --------
    >>> smoothed(1, 2, (1.0, 1.0))
    0.5
    """
    alpha, beta = prior
    return (events + alpha) / (trials + (alpha + beta))


def wilson(events: int, trials: int, z: float) -> float:
    """Return Wilson's lower bound of a rate: 0 without a trial, and events beyond the trials do not count.

    References
    ----------
    Wilson 1927, Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> round(wilson(5, 10, 1.96), 4), wilson(0, 0, 1.96)
    (0.2366, 0.0)
    """
    if trials == 0:
        return 0.0
    p = min(events, trials) / trials
    middle = p + z * z / (2 * trials)
    half_width = z * math.sqrt(p * (1 - p) / trials + z * z / (4 * trials * trials))
    return max(0.0, (middle - half_width) / (1 + z * z / trials))


def fitted_prior(counts: Iterable[tuple[int, int]], *, method: str, otherwise: Prior) -> Prior:
    """Return the beta prior of rates, fitted to (events, trials) of many entities.

    Parameters
    ----------
    counts
        Of each entity. Without a trial it says nothing; events beyond the trials do not count.
    method
        ``moments``, or ``mle``: the fixed point, from the moments on.
    otherwise
        The prior where the fit has no answer.

    References
    ----------
    Wang, Li, Cui, Zhang & Mao 2011, Click-through rate estimation for rare events in online advertising.

    Examples
    --------
    >>> alpha, beta = fitted_prior([(1, 4), (2, 4), (3, 4)], method="moments", otherwise=(1.0, 20.0))
    >>> round(alpha, 9), round(beta, 9)
    (1.5, 1.5)
    >>> fitted_prior([(1, 4)], method="moments", otherwise=(1.0, 20.0))
    (1.0, 20.0)
    """
    met = Counter((min(events, trials), trials) for events, trials in counts if trials > 0)
    return _fitted(tuple(sorted(met.items())), method, otherwise)


@lru_cache(maxsize=4_096)
def _fitted(pairs: Pairs, method: str, otherwise: Prior) -> Prior:
    start = _moments(pairs, otherwise)
    return start if method == "moments" else _fixed_point(pairs, start, otherwise)


def _moments(pairs: Pairs, otherwise: Prior) -> Prior:
    if len({k / n for (k, n), _ in pairs}) < 2:  # no variance: rounding would find a little
        return otherwise
    number = sum(weight for _, weight in pairs)
    mean = math.fsum(weight * (k / n) for (k, n), weight in pairs) / number
    variance = math.fsum(weight * (k / n - mean) ** 2 for (k, n), weight in pairs) / (number - 1)
    if not (0 < mean < 1 and mean * (1 - mean) > variance > 0):
        return otherwise
    strength = mean * (1 - mean) / variance - 1
    return mean * strength, (1 - mean) * strength


def _fixed_point(pairs: Pairs, start: Prior, otherwise: Prior) -> Prior:
    alpha, beta = start
    for _ in range(_ROUNDS):
        before = alpha, beta
        trials = math.fsum(weight * _rise(n, alpha + beta) for (_, n), weight in pairs)
        if trials == 0:
            return otherwise
        alpha = before[0] * math.fsum(weight * _rise(k, before[0]) for (k, _), weight in pairs) / trials
        beta = before[1] * math.fsum(weight * _rise(n - k, before[1]) for (k, n), weight in pairs) / trials
        if not all(0 < value < math.inf for value in (alpha, beta)):
            return otherwise
        if all(abs(new - old) < _STEADY * old for new, old in zip((alpha, beta), before, strict=True)):
            break
    return alpha, beta


def _rise(count: int, start: float) -> float:
    """Return ``psi(start + count) - psi(start)``: psi grows by ``1 / x`` from x to x + 1."""
    return math.fsum(1 / (start + n) for n in range(count))


def position_rates(clicked: Iterable[Any], shown: Iterable[Any]) -> dict[Any, int]:
    """Return the click rate of each position at which something was shown, in units of ``2**-32``.

    Parameters
    ----------
    clicked, shown
        The position of each click and of each impression; None is left out.

    Notes
    -----
    Rounded half to even to whole units, so that their sums are exact in any order.

    Examples
    --------
    >>> {position: units / 2**32 for position, units in position_rates([1, 9], [1, 1, 2, None]).items()}
    {1: 0.5, 2: 0.0}
    """
    clicks, impressions = (Counter(at for at in positions if at is not None) for positions in (clicked, shown))
    return {at: round(clicks[at] / number * 2**32) for at, number in impressions.items()}
