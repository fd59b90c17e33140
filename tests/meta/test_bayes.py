"""Bayesian quadrature against closed forms and brute-force integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from liverfit import meta

Y = np.array([-0.8893, -1.5854, -1.3481, -1.4416])
V = np.array([0.3256, 0.1946, 0.4154, 0.0200])
PRIORS = ["uniform", ("uniform", 3.0), ("half-cauchy", 0.5), ("half-normal", 0.5)]


def test_against_two_dimensional_integration() -> None:
    fit = meta.bayes_random_effects(Y, V, (0, 4), ("half-normal", 0.5))

    # Gauss-Legendre panels in both directions, on a box that holds all but 1e-15 of the mass.
    x, w = np.polynomial.legendre.leggauss(40)

    def panels(*edges: float) -> tuple[np.ndarray, np.ndarray]:
        lows, widths = np.array(edges[:-1]), np.diff(edges)
        nodes = lows[:, None] + widths[:, None] * (x + 1) / 2
        return nodes.ravel(), (widths[:, None] * w / 2).ravel()

    tau, tau_weight = panels(0, 0.1, 0.3, 0.8, 2, 5)
    mu, mu_weight = panels(-12, -4, -2.4, -1.8, -1.4, -1.2, -0.8, 0, 2, 9)
    mu, tau = mu[:, None], tau[None, :]
    joint = stats.norm.pdf(mu, 0, 4) * 2 * stats.norm.pdf(tau, 0, 0.5)
    for yi, vi in zip(Y, V, strict=True):
        joint = joint * stats.norm.pdf(yi, mu, np.sqrt(vi + tau**2))
    joint = joint * mu_weight[:, None] * tau_weight

    evidence = joint.sum()
    assert fit.log_evidence == pytest.approx(np.log(evidence), abs=1e-9)
    assert fit.effect.mean == pytest.approx((mu * joint).sum() / evidence, abs=1e-9)
    assert fit.tau.mean == pytest.approx((tau * joint).sum() / evidence, abs=1e-9)
    below = joint[mu[:, 0] < -1.2].sum() / evidence
    assert fit.probability_below(-1.2) == pytest.approx(below, abs=1e-9)
    shrunken = (Y[0] * tau**2 + mu * V[0]) / (tau**2 + V[0])
    assert fit.study_mean[0] == pytest.approx((shrunken * joint).sum() / evidence, abs=1e-9)

    def under_null(tau: float) -> float:
        likelihood = np.exp(stats.norm.logpdf(Y, 0, np.sqrt(V + tau**2)).sum())
        return likelihood * 2 * stats.norm.pdf(tau, 0, 0.5)

    null = integrate.quad(under_null, 0, 10, epsabs=0, epsrel=1e-10)[0]
    assert fit.bayes_factor == pytest.approx(evidence / null, rel=1e-6)


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_posterior_of_tau_is_a_distribution(prior: object) -> None:
    fit = meta.bayes_random_effects(Y, V, "flat", prior)
    end = 3.0 if prior == ("uniform", 3.0) else np.inf
    whole = sum(
        integrate.quad(lambda t: fit.tau_density(t)[0], a, b, epsabs=1e-12)[0]
        for a, b in ((0, 0.5), (0.5, min(end, 3.0)), (min(end, 3.0), end))
        if a < b
    )
    assert whole == pytest.approx(1.0, abs=1e-8)
    for p, point in ((0.025, fit.tau.ci[0]), (0.5, fit.tau.median), (0.975, fit.tau.ci[1])):
        assert fit.tau_below(point) == pytest.approx(p, abs=1e-10)
    area = integrate.quad(lambda t: fit.tau_density(t)[0], 0, 0.4)[0]
    assert fit.tau_below(0.4) == pytest.approx(area, abs=1e-9)
    assert fit.tau_below(0.0) == 0.0


def test_vanishing_tau_prior_is_the_common_effect() -> None:
    fit = meta.bayes_random_effects(Y, V, "flat", ("half-normal", 1e-7))
    common = meta.random_effects(Y, V, method="EE", test="z")
    assert fit.effect.mean == pytest.approx(common.coef[0], rel=1e-9)
    assert fit.effect.sd == pytest.approx(common.se[0], rel=1e-9)
    assert fit.effect.ci == pytest.approx(common.ci[0], rel=1e-8)
    np.testing.assert_allclose(fit.study_mean, common.coef[0], rtol=1e-6)


def test_normal_prior_without_heterogeneity_is_conjugate() -> None:
    fit = meta.bayes_random_effects(Y, V, (0.5, 0.3), ("half-normal", 1e-7), null=0.2)
    precision = (1 / V).sum() + 1 / 0.3**2
    mean = ((Y / V).sum() + 0.5 / 0.3**2) / precision
    assert fit.effect.mean == pytest.approx(mean, rel=1e-9)
    assert fit.effect.sd == pytest.approx(precision**-0.5, rel=1e-9)
    # Savage-Dickey: the Bayes factor is prior over posterior density at the null.
    ratio = stats.norm.pdf(0.2, 0.5, 0.3) / stats.norm.pdf(0.2, mean, precision**-0.5)
    assert fit.bayes_factor == pytest.approx(ratio, rel=1e-6)


def test_savage_dickey_with_heterogeneity() -> None:
    fit = meta.bayes_random_effects(Y, V, (0, 2), ("half-cauchy", 0.3), null=-1.0)
    ratio = stats.norm.pdf(-1.0, 0, 2) / fit.density(-1.0)[0]
    assert fit.bayes_factor == pytest.approx(ratio, rel=1e-9)


def test_moments_that_do_not_exist_are_not_reported() -> None:
    fit = meta.bayes_random_effects(Y[:3], V[:3])
    assert np.isnan(fit.tau.mean)
    assert fit.effect.sd == np.inf
    assert np.isfinite(fit.effect.median)
    with pytest.raises(ValueError, match="improper"):
        meta.bayes_random_effects(Y[:2], V[:2])
    assert np.isnan(fit.bayes_factor)
    assert np.isnan(fit.log_evidence)


@pytest.mark.parametrize(
    "kwargs",
    [
        {"tau_prior": "half-normal"},
        {"tau_prior": ("half-normal", -1)},
        {"tau_prior": ("gamma", 1)},
        {"effect_prior": (0, 0)},
        {"effect_prior": (1, 2, 3)},
    ],
)
def test_unknown_priors(kwargs: dict) -> None:
    with pytest.raises(ValueError, match="prior"):
        meta.bayes_random_effects(Y, V, **kwargs)


@settings(max_examples=15, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 20), st.floats(0.01, 100), st.floats(-3, 3))
def test_laws(seed: int, k: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-2, 1.5, k))
    y = rng.normal(0.3, np.sqrt(v + 0.1))
    one = meta.bayes_random_effects(y, v, (0, 1), ("half-normal", 0.5))
    order = rng.permutation(k)
    two = meta.bayes_random_effects(
        scale * y[order] + shift,
        scale**2 * v[order],
        (shift, scale),
        ("half-normal", 0.5 * scale),
        null=shift,
    )
    assert two.effect.mean == pytest.approx(scale * one.effect.mean + shift, abs=1e-8 * scale)
    assert two.tau.median == pytest.approx(scale * one.tau.median, rel=1e-7)
    assert two.bayes_factor == pytest.approx(one.bayes_factor, rel=1e-7)
    assert one.prediction.ci[0] < one.effect.ci[0] < one.effect.ci[1] < one.prediction.ci[1]
    assert one.probability_below(one.effect.median) == pytest.approx(0.5, abs=1e-10)
    inside = (one.study_mean >= np.minimum(y, one.effect.mean) - 0.3) & (
        one.study_mean <= np.maximum(y, one.effect.mean) + 0.3
    )
    assert inside.all()
