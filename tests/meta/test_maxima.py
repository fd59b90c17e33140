"""Likelihoods of tau² with several maxima: the highest is reported."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_univariate import REFERENCE, close, data

from liverfit import meta
from liverfit.meta._maxima import proof
from liverfit.meta._profile import likelihood_moments, loglik, logliks, mean_logliks

pytestmark = pytest.mark.filterwarnings("ignore::liverfit.meta.errors.StatisticalWarning")
LIKELIHOODS = ("ML", "REML")
# Two inner maxima, near 0.0017 and 0.084; metafor 3.8.1 stops at the lower, 0.0815.
TWO_INNER = [0.76, -0.02, -0.86, 0.07, -0.02], [0.28, 0.0046, 0.075, 0.0024, 0.0016]


def uneven(rng: np.random.Generator, B: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Problems whose sampling variances differ by orders of magnitude, with effects that agree
    among the precise or the imprecise only, or have heavy tails: where several maxima occur."""
    v = np.exp(rng.normal(-3, rng.choice([0.5, 1.5, 3.0]), (B, k)))
    tau2 = np.exp(rng.normal(-3, 2, (B, 1))) * (rng.random((B, 1)) < 0.7)
    y = rng.normal(0, np.sqrt(v * rng.choice([0.01, 1.0]) + tau2))
    precise = v < np.median(v, axis=1, keepdims=True)
    kind = rng.integers(3)
    if kind < 2:
        return y * np.where(precise, *((0.3, 3.0) if kind else (4.0, 0.2))), v
    return y + rng.standard_t(1.5, (B, k)) * np.sqrt(v), v


@settings(max_examples=30, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.sampled_from(LIKELIHOODS))
def test_no_point_of_a_fine_grid_is_higher(seed: int, k: int, method: str) -> None:
    y, v = uneven(np.random.default_rng(seed), 300, k)
    found = meta.random_effects_batch(y, v, method, "z").tau2
    reml = method == "REML"
    ours = mean_logliks(y.T, v.T, found, reml)
    low, high = 1e-3 * v.min(axis=1), y.var(axis=1) * k + v.min(axis=1)
    best = mean_logliks(y.T, v.T, np.zeros(300), reml)
    for step in np.linspace(0, 1, 150):
        best = np.maximum(best, mean_logliks(y.T, v.T, low * (high / low) ** step, reml))
    assert (best - ours).max() < 1e-8
    for i in range(4):
        single = meta.random_effects(y[i], v[i], None, method, "z")
        np.testing.assert_allclose(single.tau2, found[i], rtol=1e-6, atol=1e-9 * v[i].min())


@settings(max_examples=60, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LIKELIHOODS), st.booleans())
def test_nor_with_moderators(seed: int, method: str, intercept: bool) -> None:
    rng = np.random.default_rng(seed)
    k, p = int(rng.integers(5, 14)), int(rng.integers(1, 3))
    (y,), (v,) = uneven(rng, 1, k)
    fit = meta.random_effects(y, v, rng.normal(size=(k, p)), method, "z", intercept=intercept)
    grid = np.geomspace(1e-3 * v.min(), k * y.var() + v.min(), 300)
    values = logliks(y, v, fit.design, np.array([fit.tau2, 0.0, *grid]), method == "REML")
    assert values[1:].max() - values[0] < 1e-8
    exact = [loglik(y, v, fit.design, t, method) for t in grid[::100]]
    np.testing.assert_allclose(np.diff(exact), np.diff(values[2::100]), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("reml", [False, True])
def test_a_proof_is_never_wrong(reml: bool) -> None:
    """Where no maximum is said to be above or below, the score keeps its sign there."""
    rng = np.random.default_rng(7)
    proven = [0, 0]
    for _ in range(300):
        (y,), (v,) = uneven(rng, 1, int(rng.integers(2, 12)))
        X = np.ones((len(y), 1))
        moments = likelihood_moments(y, v, X, reml)
        tau2 = meta.random_effects(y, v, None, "REML" if reml else "ML", "z").tau2
        a, b, c, d = moments(tau2)
        edges = 1.0 / (v.max() + tau2), 1.0 / (v.min() + tau2)
        above, below, reach = proof(1.0 if tau2 > 0 else a / b, c / a, d / b, *edges, tau2)
        up = tau2 + v.min() * np.geomspace(1e-2, 1e6, 60)
        for t in up if above else up[up > tau2 + reach]:
            a, b, *_ = moments(float(t))
            assert a <= b * (1 + 1e-9)
        for t in np.linspace(0, 0.99, 40) * tau2 if below and tau2 > 0 else []:
            a, b, *_ = moments(float(t))
            assert a >= b * (1 - 1e-9)
        proven = [proven[0] + bool(above), proven[1] + bool(below and tau2 > 0)]
    assert min(proven) > 20


def test_the_better_of_two_inner_maxima() -> None:
    fit = meta.random_effects(*TWO_INNER, test="z")
    assert fit.tau2 == pytest.approx(0.00165, abs=1e-5)
    X = np.ones((5, 1))
    assert fit.loglik > loglik(np.array(TWO_INNER[0]), fit.vi, X, 0.0814, "REML") + 0.07
    y, v = (np.tile(x, (3, 1)) for x in TWO_INNER)
    batch = meta.random_effects_batch(y, v, test="z")
    np.testing.assert_allclose(batch.tau2, fit.tau2, rtol=1e-6)


def test_streptokinase_trials_one_by_one() -> None:
    """Lau et al. (1992): with 21 to 27 trials there is a maximum at zero, and a higher one."""
    table = data("lau1992")
    (case,) = (c for c in REFERENCE["deletion"] if c["data"] == "lau1992")
    grown = meta.cumulative(table["yi"], table["vi"], test="z")
    close(grown["tau2"], case["cumulative"]["tau2"], 1e-5, 1e-9)
    assert (grown["tau2"][20:27] > 0.01).all()
    X, y, v = np.ones((22, 1)), table["yi"][:22].to_numpy(), table["vi"][:22].to_numpy()
    a, b, *_ = likelihood_moments(y, v, X, True)(0.0)
    assert a < b, "the likelihood has a maximum at zero"
