"""Smoothing against plain Python, and priors against data that was drawn from one."""

import math
from collections import Counter
from itertools import permutations
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import betaincinv, betaln

from featurelib.errors import ParameterError
from featurelib.program.hashing import hash_text
from featurelib.windows.smoothing import Beta, EmpiricalBayes, Wilson

COUNTS = st.one_of(st.integers(0, 40), st.integers(0, 2**40))
STRENGTHS = st.floats(1e-3, 1e6)
FALLBACK = Beta(2.0, 9.0)
METHODS = ["moments", "mle"]


def smoothed(prior: Beta, c: int, n: int) -> float:
    return (c + prior.alpha) / (n + (prior.alpha + prior.beta))


def bound(z: float, c: int, n: int) -> float:
    if n == 0:
        return 0.0
    p = min(c, n) / n
    spread = math.sqrt(p * (1 - p) / n + z * z / (4.0 * n * n))
    return max(0.0, (p + z * z / (2.0 * n) - z * spread) / (1.0 + z * z / n))


@given(pairs=st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=50), alpha=STRENGTHS, beta=STRENGTHS)
def test_beta_gives_the_bits_of_plain_python(pairs: list[tuple[int, int]], alpha: float, beta: float):
    prior = Beta(alpha, beta)
    assert both_ways(prior, pairs) == [smoothed(prior, c, n) for c, n in pairs]


@given(pairs=st.lists(st.tuples(COUNTS, COUNTS), min_size=1, max_size=50), z=st.floats(0.01, 10.0))
def test_wilson_gives_the_bits_of_plain_python(pairs: list[tuple[int, int]], z: float):
    assert both_ways(Wilson(z=z), pairs) == [bound(z, c, n) for c, n in pairs]


def both_ways(smooth: Beta | Wilson, pairs: list[tuple[int, int]]) -> list[float]:
    frame = pl.DataFrame(pairs, schema={"c": pl.Int64, "n": pl.Int64}, orient="row")
    made = smooth.of(frame["c"], frame["n"]).to_list()
    for engine in ("in-memory", "streaming"):
        lazy = frame.lazy().select(made=smooth.of(pl.col("c"), pl.col("n")))
        assert lazy.collect(engine=engine).get_column("made").to_list() == made  # type: ignore[call-overload]
    return made


@pytest.mark.parametrize("dtype", [pl.Int8, pl.UInt32, pl.Int64])
@pytest.mark.parametrize("smooth", [Beta(1.5, 20.1), Wilson()])
def test_null_counts_give_null_and_no_trials_the_prior_or_zero(smooth: Beta | Wilson, dtype: Any):
    c, n = pl.Series([None, 1, 0], dtype=dtype), pl.Series([1, None, 0], dtype=dtype)
    made = smooth.of(c, n)
    assert made.dtype == pl.Float64
    assert made.to_list() == [None, None, 1.5 / (1.5 + 20.1) if isinstance(smooth, Beta) else 0.0]


def test_wilson_is_the_textbook_interval():
    # Newcombe, R. (1998). Two-sided confidence intervals for the single proportion: table I, method 3, lower ends
    known = {(81, 263): 0.2553, (15, 148): 0.0624, (0, 20): 0.0, (1, 29): 0.0061}
    frame = pl.DataFrame(list(known), schema={"c": pl.Int64, "n": pl.Int64}, orient="row")
    made = Wilson(z=1.959964).of(frame["c"], frame["n"]).round(4).to_list()
    assert made == list(known.values())


def uniform(text: str) -> float:
    return ((hash_text(text) >> 11) + 0.5) * 2.0**-53


def drawn(prior: Beta, entities: int, trials: range) -> Counter[tuple[int, int]]:
    """Draw rates from the prior and events from the rates, by hashes of the entities' names."""
    pairs: Counter[tuple[int, int]] = Counter()
    for entity in range(entities):
        rate = float(betaincinv(prior.alpha, prior.beta, uniform(f"rate {entity}")))
        n = trials[hash_text(f"trials {entity}") % len(trials)]
        pairs[sum(uniform(f"trial {entity} {trial}") < rate for trial in range(n)), n] += 1
    return pairs


@pytest.mark.parametrize("prior", [Beta(1.0, 20.0), Beta(5.0, 45.0), Beta(0.5, 0.5)])
def test_mle_recovers_the_prior_that_the_rates_were_drawn_from(prior: Beta):
    fitted = EmpiricalBayes(method="mle").fit(drawn(prior, 4_000, range(1, 60)))
    assert fitted.alpha == pytest.approx(prior.alpha, rel=0.1)
    assert fitted.beta == pytest.approx(prior.beta, rel=0.1)


def test_moments_recover_the_prior_if_each_entity_has_many_trials_and_mle_also_if_few():
    prior = Beta(2.0, 18.0)
    many, few = drawn(prior, 1_000, range(400, 401)), drawn(prior, 4_000, range(5, 6))
    assert EmpiricalBayes().fit(many).alpha == pytest.approx(prior.alpha, rel=0.1)
    assert EmpiricalBayes().fit(few).alpha < 0.5 * prior.alpha  # chance taken for spread
    assert EmpiricalBayes(method="mle").fit(few).alpha == pytest.approx(prior.alpha, rel=0.15)


def test_mle_is_a_maximum_of_the_likelihood():
    pairs = drawn(Beta(1.3, 11.0), 500, range(1, 40))

    def likelihood(alpha: float, beta: float) -> float:
        terms = (w * (betaln(k + alpha, n - k + beta) - betaln(alpha, beta)) for (k, n), w in pairs.items())
        return math.fsum(float(term) for term in terms)

    best = EmpiricalBayes(method="mle").fit(pairs)
    top = likelihood(best.alpha, best.beta)
    for by in (0.99, 1.01):
        assert likelihood(best.alpha * by, best.beta) < top
        assert likelihood(best.alpha, best.beta * by) < top


def test_moments_by_hand():
    # rates 1/4, 1/2, 1/2, 3/4: m = 1/2, v = (1/16 + 1/16) / 3 = 1/24, f = 6 - 1
    assert EmpiricalBayes().fit({(1, 4): 1, (1, 2): 2, (3, 4): 1}) == Beta(2.5, 2.5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("pairs", [{}, {(1, 3): 0}, {(0, 5): 10, (0, 1): 3}, {(5, 5): 10, (1, 1): 2}])
def test_entities_that_determine_no_prior_give_the_other_one(method: Any, pairs: dict[tuple[int, int], int]):
    assert EmpiricalBayes(method=method, otherwise=FALLBACK).fit(pairs) == FALLBACK


@pytest.mark.parametrize("pairs", [{(1, 3): 1}, {(1, 3): 10, (2, 6): 4}, {(0, 7): 1, (7, 7): 1}])
def test_moments_of_one_entity_of_equal_rates_or_of_extremes_give_the_other_prior(pairs: dict[tuple[int, int], int]):
    assert EmpiricalBayes(otherwise=FALLBACK).fit(pairs) == FALLBACK


def test_mle_of_equal_rates_grows_strong_or_gives_the_other_prior():
    fitted = EmpiricalBayes(method="mle", otherwise=FALLBACK).fit({(1, 3): 10, (2, 6): 4})
    assert fitted.alpha > 10
    assert fitted.alpha / (fitted.alpha + fitted.beta) == pytest.approx(1 / 3, rel=0.01)


PAIRS = st.dictionaries(
    st.tuples(st.integers(0, 30), st.integers(1, 60)).map(lambda pair: (min(pair), pair[1])),
    st.integers(1, 9),
    max_size=12,
)


@pytest.mark.parametrize("method", METHODS)
@given(left=PAIRS, right=PAIRS)
def test_histograms_of_parts_add_up_and_order_does_not_matter(
    method: Any, left: dict[tuple[int, int], int], right: dict[tuple[int, int], int]
):
    fit = EmpiricalBayes(method=method, otherwise=FALLBACK).fit
    entity_by_entity = Counter([*Counter(right).elements(), *Counter(left).elements()])
    added = Counter(left) + Counter(right)
    assert fit(added) == fit(entity_by_entity) == fit(dict(reversed(added.items())))


@pytest.mark.parametrize("method", METHODS)
def test_every_order_gives_the_same_bits(method: Any):
    pairs = [((1, 3), 7), ((2, 9), 1), ((0, 1), 1_000_003), ((5, 11), 3), ((1, 10**6), 2)]
    assert len({EmpiricalBayes(method=method).fit(dict(order)) for order in permutations(pairs)}) == 1


def test_a_large_histogram_does_not_take_long():
    pairs = {(k, n): 1 + (k * n) % 7 for n in range(1, 600) for k in range(0, n, 3)}
    fitted = EmpiricalBayes(method="mle").fit(pairs)
    assert 0.5 < fitted.alpha / fitted.beta < 1.5


@pytest.mark.parametrize("pair", [(-1, 2), (3, 2), (0, 0)])
def test_pairs_that_are_no_counts_are_refused(pair: tuple[int, int]):
    with pytest.raises(ParameterError, match="pairs must be counts of entities by"):
        EmpiricalBayes().fit({pair: 1})


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_strengths_and_bounds_are_above_zero(bad: float):
    for make in (lambda: Beta(bad, 1.0), lambda: Beta(1.0, bad), lambda: Wilson(z=bad)):
        with pytest.raises(ParameterError, match="must be a finite number above 0"):
            make()


def test_other_methods_and_priors_are_refused():
    with pytest.raises(ParameterError, match="method must be one of moments, mle, got 'map'"):
        EmpiricalBayes(method="map")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="otherwise must be a Beta, got"):
        EmpiricalBayes(otherwise=(1.0, 20.0))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["moments", "mle"])
def test_rates_that_are_all_the_same_have_no_spread(method: Any) -> None:
    # NOTE: the mean of three times 1/5 is not 1/5 to the last bit
    found = EmpiricalBayes(method, otherwise=Beta(2.0, 3.0)).fit({(1, 5): 1, (2, 10): 1, (3, 15): 1})
    assert found.alpha < 1e9
    assert EmpiricalBayes("moments", otherwise=Beta(2.0, 3.0)).fit({(1, 5): 3}) == Beta(2.0, 3.0)
