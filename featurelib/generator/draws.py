"""Draws: numbers that look random and are a function of (seed, stream, row)."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Bits = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_GAMMA = 0x9E3779B97F4A7C15
_M1, _M2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_WORD = 2**64 - 1
_CELL_BITS = 16
CELLS = 1 << _CELL_BITS
_NORMAL = NormalDist()


def mix(words: Bits) -> Bits:
    """Scramble words in place by the finaliser of splitmix64: a bijection of 64 bits.

    References
    ----------
    Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.
    """
    for shift, factor in ((30, _M1), (27, _M2)):
        words ^= words >> np.uint64(shift)
        words *= factor
    words ^= words >> np.uint64(31)
    return words


@lru_cache(maxsize=256)
def _key(seed: int, stream: str) -> np.uint64:
    word = (seed ^ zlib.crc32(stream.encode()) << 31) * _GAMMA & _WORD
    return mix(np.array([word], dtype=np.uint64))[0]  # type: ignore[no-any-return]


def draw(seed: int, stream: str, *numbers: ArrayLike) -> Bits:
    """Return 64 bits for each row; several numbers name a row together, in order.

    Examples
    --------
    >>> a, b = draw(1, "price", [0, 1]), draw(1, "price", [1])
    >>> bool(a[1] == b[0]), bool(a[0] == b[0]), bool(draw(2, "price", [1])[0] == b[0])
    (True, False, False)
    """
    words: Bits = np.zeros(1, dtype=np.uint64)
    for number in numbers:
        words = words + np.asarray(number).astype(np.uint64)
        words *= np.uint64(_GAMMA)
        words += _key(seed, stream)
        mix(words)
    return words


def unit(bits: Bits) -> Floats:
    """Return uniform numbers of [0, 1)."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def below(bits: Bits, share: float) -> NDArray[np.bool_]:
    """Return which rows fall into a share of all, 0 to 1."""
    return bits < np.uint64(min(int(share * 2.0**64), _WORD))


@dataclass(frozen=True, eq=False)
class Quantiles:
    """An inverse distribution function as a table of 65,536 cells, linear inside a cell.

    Notes
    -----
    One table lookup costs the same for every distribution. The error is below a cell's probability, 1.5e-5,
    and the tails end half a cell from 0 and 1: a normal reaches 4.3 sigma.
    """

    knots: Floats

    @cached_property
    def _slopes(self) -> Floats:
        return np.diff(self.knots)

    def of(self, bits: Bits) -> Floats:
        """Return one value for each word of `draw`."""
        return self.at(unit(bits))

    def at(self, share: Floats) -> Floats:
        """Return the value below which a share of all values lies; ``share`` in [0, 1)."""
        scaled = share * CELLS
        cell = scaled.astype(np.int32)
        scaled -= cell
        low = self.knots[cell]
        scaled *= self._slopes[cell]
        scaled += low
        return scaled


def _shares(upto: float = 1.0) -> Floats:
    inner = np.arange(CELLS + 1, dtype=np.float64).clip(0.5, CELLS - 0.5)
    return inner * (upto / CELLS)


def _table(function: Callable[[float], float], shares: Floats) -> Floats:
    return np.array([function(share) for share in shares.tolist()])


@lru_cache(maxsize=1)
def normal() -> Quantiles:
    """Return the standard normal distribution."""
    return Quantiles(_table(_NORMAL.inv_cdf, _shares()))


@lru_cache(maxsize=32)
def log_normal(mu: float, sigma: float, upto: float = math.inf) -> Quantiles:
    """Return a log-normal distribution without the part above ``upto``."""
    part = 1.0 if math.isinf(upto) else _NORMAL.cdf((math.log(upto) - mu) / sigma)
    return Quantiles(np.exp(mu + sigma * _table(_NORMAL.inv_cdf, _shares(part))))


@lru_cache(maxsize=8)
def zipf(exponent: float, count: int) -> Quantiles:
    """Return ranks 0 to ``count - 1``, drawn with probability proportional to ``(rank + 1) ** -exponent``.

    Round the values down. Between two knots of the table the tail's ranks are equally likely.
    """
    mass = np.concatenate([[0.0], np.cumsum(np.arange(1, count + 1, dtype=np.float64) ** -exponent)])
    knots = np.interp(np.arange(CELLS + 1) / CELLS, mass / mass[-1], np.arange(count + 1))
    knots[-1] = np.nextafter(count, 0)
    return Quantiles(knots)


@lru_cache(maxsize=8)
def active_users(sigma: float, count: int) -> Quantiles:
    """Return users 0 to ``count - 1``, drawn by a log-normal activity; the last user is the most active one.

    Notes
    -----
    Of a log-normal activity, the users below its q-quantile have ``cdf(inv_cdf(q) - sigma)`` of all activity.
    """
    shares = _table(lambda share: _NORMAL.cdf(_NORMAL.inv_cdf(share) + sigma), _shares())
    return Quantiles((shares * count).clip(0, np.nextafter(count, 0)))


@lru_cache(maxsize=8)
def landing_s(median: float, shares: tuple[float, float, float, float]) -> Quantiles:
    """Return seconds from an event to its landing: a usual delay, and three ever later tails."""
    usual, hours, days, _ = shares
    spread = 3.5  # the usual delay ends at exp(3.5) times its median: 99 s

    def seconds(share: float) -> float:
        if share < usual:
            return median * math.exp(min(_NORMAL.inv_cdf(share / usual), spread))
        if share < usual + hours:
            return 60 * math.pow(360, (share - usual) / hours)
        if share < usual + hours + days:
            return 3600 * (6 + 66 * (share - usual - hours) / days)
        return 3600 * (72 + 168 * min((share - usual - hours - days) / max(shares[3], 1e-12), 1))

    return Quantiles(_table(seconds, _shares()))


def compact(codes: NDArray[Any], size: int) -> tuple[NDArray[np.int32], Ints]:
    """Renumber codes below ``size`` without gaps; return them, and the old code of each new one."""
    used = np.zeros(size, dtype=bool)
    used[codes] = True
    return (np.cumsum(used, dtype=np.int32) - np.int32(1))[codes], np.flatnonzero(used)
