"""Smoothing: what a rate of few events says, given what rates of its kind are like."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

import polars as pl

from featurelib.errors import ParameterError

_Values = TypeVar("_Values", pl.Expr, pl.Series)
_Method = Literal["moments", "mle"]
_ROUNDS, _STILL = 1_000, 1e-10


@dataclass(frozen=True)
class Beta:
    """Smooth by a Beta prior: as if ``alpha`` events in ``alpha + beta`` trials had been seen before.

    Parameters
    ----------
    alpha, beta
        Strength of the prior, in events and in trials without one; finite, above 0.

    Raises
    ------
    ParameterError
        If one is not.

    Examples
    --------
    >>> Beta(1.0, 20.0).of(pl.Series([0, 3]), pl.Series([0, 19])).to_list()
    [0.047619047619047616, 0.1]
    """

    alpha: float
    beta: float

    def __post_init__(self) -> None:
        for name in ("alpha", "beta"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ParameterError(self, name, got=value, want="a finite number above 0")

    def of(self, c: _Values, n: _Values) -> _Values:
        """Return ``(c + alpha) / (n + (alpha + beta))``: the mean after c events in n trials.

        Parameters
        ----------
        c, n
            Counts. Without trials the result is the prior's mean; null in either gives null.
        """
        return (c.cast(pl.Float64) + self.alpha) / (n.cast(pl.Float64) + (self.alpha + self.beta))


@dataclass(frozen=True)
class EmpiricalBayes:
    """Smooth by the Beta prior that the entities' own rates have.

    Parameters
    ----------
    method
        ``moments`` takes the prior whose mean and variance are those of the entities' rates; ``mle`` the one under
        which their counts are most likely. Rates of few trials spread by chance alone, which ``moments`` takes for
        spread of the prior: it smooths less than ``mle``, and costs less.
    otherwise
        The prior where the entities determine none.

    Raises
    ------
    ParameterError
        If ``method`` is another, or ``otherwise`` is no `Beta`.

    References
    ----------
    Wang, X. et al. (2011). Click-through rate estimation for rare events in online advertising.
    Minka, T. (2000). Estimating a Dirichlet distribution. (The fixed point of ``mle``.)
    """

    method: _Method = "moments"
    otherwise: Beta = Beta(1.0, 20.0)

    def __post_init__(self) -> None:
        if self.method not in get_args(_Method):
            raise ParameterError(self, "method", got=self.method, want=f"one of {', '.join(get_args(_Method))}")
        if not isinstance(self.otherwise, Beta):
            raise ParameterError(self, "otherwise", got=self.otherwise, want="a Beta")

    def fit(self, pairs: Mapping[tuple[int, int], int]) -> Beta:
        """Return the prior of these entities.

        Parameters
        ----------
        pairs
            How many entities have k events in n trials, by (k, n), ``0 <= k <= n``, n at least 1. Histograms of
            parts of the entities add up to that of all. The order does not matter, not even for the last bit.

        Returns
        -------
        The prior; ``otherwise`` where there is none: fewer than two entities, rates that are all the same, all 0 or
        all 1, or further apart than any Beta spreads them. With ``mle`` only where the fixed point does not
        stay above 0; rates that are all the same then give a strong prior.

        Raises
        ------
        ParameterError
            If a pair is not of this form.

        Notes
        -----
        Over N entities with rates p = k / n: m = mean(p), v = sum((p - m)²) / (N - 1), f = m (1 - m) / v - 1,
        alpha = m f, beta = (1 - m) f. The fixed point starts there, or at ``otherwise``, and repeats

        - alpha' = alpha · sum(psi(k + alpha) - psi(alpha)) / sum(psi(n + alpha + beta) - psi(alpha + beta)),
        - beta' = beta · sum(psi(n - k + beta) - psi(beta)) / (the same)

        until both move by less than 1e-10 of themselves, at most 1,000 times.
        """
        for (k, n), entities in pairs.items():
            if not (0 <= k <= n and n >= 1 and entities >= 0):
                raise ParameterError(
                    self, "pairs", got={(k, n): entities}, want="counts of entities by (k, n), 0 <= k <= n, n >= 1"
                )
        known = {pair: entities for pair, entities in sorted(pairs.items()) if entities}
        start = _moments(known)
        if self.method == "moments" or not known:
            return start or self.otherwise
        return _fixed_point(known, start or self.otherwise) or self.otherwise


def _moments(pairs: Mapping[tuple[int, int], int]) -> Beta | None:
    entities = sum(pairs.values())
    if entities < 2:
        return None
    rates = [(k / n, count) for (k, n), count in pairs.items()]
    if len({rate for rate, _ in rates}) < 2:  # the mean of equal numbers may differ from them in its last bit
        return None
    mean = math.fsum(count * rate for rate, count in rates) / entities
    variance = math.fsum(count * (rate - mean) ** 2 for rate, count in rates) / (entities - 1)
    if not (0 < mean < 1 and mean * (1 - mean) > variance > 0):
        return None
    strength = mean * (1 - mean) / variance - 1
    return _beta(mean * strength, (1 - mean) * strength)


def _fixed_point(pairs: Mapping[tuple[int, int], int], start: Beta) -> Beta | None:
    events, others, trials = Counter[int](), Counter[int](), Counter[int]()
    for (k, n), count in pairs.items():
        events[k] += count
        others[n - k] += count
        trials[n] += count
    above, missed, below = _gain(events), _gain(others), _gain(trials)
    old = start
    for _ in range(_ROUNDS):
        whole = below(old.alpha + old.beta)
        if not whole > 0:  # so weak a prior that its sum is lost in rounding
            return None
        new = _beta(old.alpha * above(old.alpha) / whole, old.beta * missed(old.beta) / whole)
        if new is None:
            return None
        if abs(new.alpha - old.alpha) < _STILL * old.alpha and abs(new.beta - old.beta) < _STILL * old.beta:
            return new
        old = new
    return old


def _gain(histogram: Mapping[int, int]) -> Callable[[float], float]:
    """Return x -> the sum of psi(count + x) - psi(x) over a histogram of counts."""
    import numpy as np
    from scipy.special import digamma  # NOTE: 0.1 s; declaring a rate must not pay for it

    counts = sorted(histogram)
    values = np.array(counts, dtype=np.float64)
    weights = np.array([histogram[count] for count in counts], dtype=np.float64)

    def gain(x: float) -> float:
        return math.fsum((weights * (digamma(values + x) - digamma(x))).tolist())

    return gain


def _beta(alpha: float, beta: float) -> Beta | None:
    inside = math.isfinite(alpha) and math.isfinite(beta) and alpha > 0 and beta > 0
    return Beta(alpha, beta) if inside else None


@dataclass(frozen=True)
class Wilson:
    """Smooth by the lower end of Wilson's interval: the rate is rarely below it.

    Parameters
    ----------
    z
        How rarely: standard deviations of a normal, 1.96 for once in forty; finite, above 0.

    Raises
    ------
    ParameterError
        If it is not.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.

    Examples
    --------
    >>> Wilson().of(pl.Series([0, 1, 50, 3]), pl.Series([0, 1, 100, 2])).round(4).to_list()
    [0.0, 0.2065, 0.4038, 0.3424]
    """

    z: float = 1.96

    def __post_init__(self) -> None:
        if not (math.isfinite(self.z) and self.z > 0):
            raise ParameterError(self, "z", got=self.z, want="a finite number above 0")

    def of(self, c: _Values, n: _Values) -> _Values:
        """Return ``(p + z²/2n - z sqrt(p (1 - p) / n + z²/4n²)) / (1 + z²/n)`` of p = min(c, n) / n, at least 0.

        Parameters
        ----------
        c, n
            Counts. Without trials the result is 0; more events than trials count as so many; null in either gives null.
        """
        trials, squared = n.cast(pl.Float64), self.z * self.z
        p = (c - (c - n).clip(lower_bound=0)).cast(pl.Float64) / trials
        spread = (p * (1.0 - p) / trials + squared / (4.0 * trials * trials)).sqrt()
        bound = (p + squared / (2.0 * trials) - self.z * spread) / (1.0 + squared / trials)
        return bound.clip(lower_bound=0.0).fill_nan(0.0)  # NaN: 0 of 0
