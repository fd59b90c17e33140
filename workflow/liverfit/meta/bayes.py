"""Bayesian random-effects meta-analysis by exact quadrature over tau.

Given tau everything is normal, so that each posterior is a mixture of normals over the posterior of
tau, which is one-dimensional: no sampling is needed.

Source: Röver (2020) doi:10.18637/jss.v093.i06, sections 2.2 to 2.10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from ._mixture import Mixture, Quadrature
from .distributions import LOG_2PI

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Posterior:
    """Summary of one posterior: mean and sd (NaN or inf where they do not exist), median, the
    central interval `ci`."""

    mean: float
    sd: float
    median: float
    ci: tuple[float, float]


@dataclass(frozen=True)
class BayesResult:
    """Posterior of a normal-normal model.

    Attributes
    ----------
    effect, tau, prediction : Posterior of the mean effect, of tau, and of a new study's true
        effect
    study_mean, study_sd : (k,) posterior (shrunken) effects of the studies; study_ci (k, 2)
    bayes_factor : evidence for an effect against effect = null, under the same prior of tau (> 1
        favours an effect); NaN with a flat effect prior
    log_evidence : log marginal likelihood; NaN when a prior is improper
    coef (1,), se (1,), ci (1, 2) : posterior mean, standard deviation and interval of the effect
    """

    effect: Posterior
    tau: Posterior
    prediction: Posterior
    study_mean: np.ndarray = field(repr=False)
    study_sd: np.ndarray = field(repr=False)
    study_ci: np.ndarray = field(repr=False)
    bayes_factor: float
    null: float
    log_evidence: float
    effect_prior: tuple[float, float] | None
    tau_prior: tuple[str, float]
    level: float
    k: int
    _effect: Mixture = field(repr=False)
    _prediction: Mixture = field(repr=False)
    _quadrature: Quadrature = field(repr=False)

    @cached_property
    def coef(self) -> np.ndarray:
        """Posterior mean of the effect, (1,)."""
        return np.array([self.effect.mean])

    @cached_property
    def se(self) -> np.ndarray:
        """Posterior standard deviation of the effect, (1,)."""
        return np.array([self.effect.sd])

    @cached_property
    def ci(self) -> np.ndarray:
        """Central posterior interval of the effect, (1, 2)."""
        return np.array([self.effect.ci])

    def probability_below(self, x: float) -> float:
        """P(mean effect < x)."""
        return float(self._effect.cdf(np.array([x]))[0])

    def predictive_below(self, x: float) -> float:
        """P(true effect of a new study < x)."""
        return float(self._prediction.cdf(np.array([x]))[0])

    def density(self, x: Any) -> np.ndarray:
        """Posterior density of the mean effect at x."""
        return self._effect.density(np.atleast_1d(np.asarray(x, dtype=float)))

    def predictive_density(self, x: Any) -> np.ndarray:
        """Posterior density of a new study's true effect at x."""
        return self._prediction.density(np.atleast_1d(np.asarray(x, dtype=float)))

    def tau_density(self, tau: Any) -> np.ndarray:
        """Posterior density of tau at tau >= 0."""
        return self._quadrature.density(np.atleast_1d(np.asarray(tau, dtype=float)))

    def tau_below(self, tau: float) -> float:
        """P(between-study standard deviation < tau)."""
        return self._quadrature.cdf(tau)

    def summary_frame(self) -> pd.DataFrame:
        """One row each for effect, tau and prediction: mean, sd, median, ci_lower, ci_upper."""
        import pandas as pd

        parts = {"effect": self.effect, "tau": self.tau, "prediction": self.prediction}
        rows = [[p.mean, p.sd, p.median, *p.ci] for p in parts.values()]
        columns = ["mean", "sd", "median", "ci_lower", "ci_upper"]
        return pd.DataFrame(rows, index=pd.Index(parts, name="quantity"), columns=columns)

    def study_frame(self) -> pd.DataFrame:
        """One row a study: shrunken mean, sd, ci_lower, ci_upper."""
        import pandas as pd

        lower, upper = self.study_ci.T
        return pd.DataFrame(
            {"mean": self.study_mean, "sd": self.study_sd, "ci_lower": lower, "ci_upper": upper}
        )


def _log_tau_prior(name: str, scale: float) -> tuple[Callable[[np.ndarray], np.ndarray], float]:
    """Log density and the exponent with which its tail falls."""
    if name == "half-normal":
        constant = 0.5 * np.log(2.0 / np.pi) - np.log(scale)
        return lambda tau: constant - 0.5 * (tau / scale) ** 2, inf
    if name == "half-cauchy":
        constant = np.log(2.0 / (np.pi * scale))
        return lambda tau: constant - np.log1p((tau / scale) ** 2), 2.0
    constant = -np.log(scale) if isfinite(scale) else 0.0
    return lambda tau: np.full_like(tau, constant), inf if isfinite(scale) else 0.0


def _parse_effect_prior(prior: Any) -> tuple[float, float] | None:
    if prior is None or prior == "flat":
        return None
    values = tuple(prior)
    if len(values) == 3 and values[0] == "normal":
        values = values[1:]
    if len(values) != 2 or isinstance(values[0], str):
        raise ValueError(f'effect_prior must be "flat" or (mean, sd), not {prior!r}')
    mean, sd = float(values[0]), float(values[1])
    if not (isfinite(mean) and isfinite(sd) and sd > 0):
        raise ValueError(f"effect_prior needs a finite mean and a positive sd, not {prior!r}")
    return mean, sd


def _parse_tau_prior(prior: Any) -> tuple[str, float]:
    name, *rest = (prior,) if isinstance(prior, str) else tuple(prior)
    check.one_of(name, ("half-normal", "half-cauchy", "uniform"), "tau_prior")
    scale = float(rest[0]) if rest else (inf if name == "uniform" else nan)
    if not scale > 0 or (name != "uniform" and not isfinite(scale)) or len(rest) > 1:
        raise ValueError(f"tau_prior {name!r} needs one positive scale, as ({name!r}, 0.5)")
    return name, scale


@dataclass(frozen=True)
class _Conditional:
    """Everything given tau; all arrays have one column a value of tau."""

    y: np.ndarray
    v: np.ndarray
    prior: tuple[float, float] | None

    def effect(self, tau: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Mean and variance of the effect, and log p(y | tau)."""
        marginal = self.v[:, None] + tau**2
        w = 1.0 / marginal
        precision, weighted = w.sum(axis=0), (w * self.y[:, None]).sum(axis=0)
        extra = 0.0
        if self.prior is not None:
            mean, sd = self.prior
            precision, weighted = precision + sd**-2, weighted + mean * sd**-2
        center = weighted / precision
        if self.prior is not None:
            extra = -np.log(sd) - 0.5 * ((mean - center) / sd) ** 2 - 0.5 * LOG_2PI
        rss = (w * (self.y[:, None] - center) ** 2).sum(axis=0)
        log_likelihood = -0.5 * (np.log(marginal).sum(axis=0) + rss + len(self.y) * LOG_2PI)
        log_likelihood += 0.5 * (LOG_2PI - np.log(precision)) + extra
        return center, 1.0 / precision, log_likelihood

    def null(self, tau: np.ndarray, effect: float) -> np.ndarray:
        """log p(y | tau, effect)."""
        marginal = self.v[:, None] + tau**2
        rss = ((self.y[:, None] - effect) ** 2 / marginal).sum(axis=0)
        return -0.5 * (np.log(marginal).sum(axis=0) + rss + len(self.y) * LOG_2PI)


def bayes_random_effects(
    yi: Any,
    vi: Any,
    effect_prior: Any = "flat",
    tau_prior: Any = "uniform",
    level: float = 0.95,
    null: float = 0.0,
) -> BayesResult:
    """Posterior of a random-effects model, y_i ~ N(theta_i, v_i), theta_i ~ N(mu, tau²).

    Parameters
    ----------
    yi, vi : array_like (k,)
        Effects and sampling variances.
    effect_prior : "flat" or (mean, sd)
        Prior of mu, in the unit of the effect.
    tau_prior : ("half-normal", scale), ("half-cauchy", scale), ("uniform", upper) or "uniform"
        Prior of tau, in the unit of the effect; "uniform" alone is improper and needs k >= 3
        (k >= 2 with a normal effect prior).
    level : float
        Of the central posterior intervals.
    null : float
        Effect under the null hypothesis of the Bayes factor.

    Returns
    -------
    BayesResult

    Raises
    ------
    ValueError
        As `random_effects`; also for an unknown prior, or one that leaves the posterior improper.

    Notes
    -----
    The definitions are those of R's bayesmeta; intervals are central, not shortest. Source:
    Röver (2020) doi:10.18637/jss.v093.i06, equations 5 to 20.

    Examples
    --------
    Four BCG trials with vague priors on the log relative risk:

    >>> from liverfit import meta
    >>> yi, vi = [-0.8893, -1.5854, -1.3481, -1.4416], [0.3256, 0.1946, 0.4154, 0.0200]
    >>> fit = meta.bayes_random_effects(yi, vi, (0, 4), ("half-normal", 0.5))
    >>> print(f"{fit.effect.mean:.2f} ({fit.effect.ci[0]:.2f}, {fit.effect.ci[1]:.2f})")
    -1.39 (-1.84, -0.88)
    """
    y, v = check.effects_and_variances(yi, vi)
    level = check.level_in_unit(level)
    prior, (tau_name, tau_scale) = _parse_effect_prior(effect_prior), _parse_tau_prior(tau_prior)
    log_prior, tail = _log_tau_prior(tau_name, tau_scale)
    # p(tau | y) falls as tau to the power -exponent.
    exponent = tail + len(y) - (1 if prior is None else 0)
    if exponent <= 1:
        raise ValueError(
            f"the posterior is improper: a uniform prior of tau needs more than {len(y)} studies; "
            'give a proper one such as ("half-normal", scale)'
        )
    given = _Conditional(y, v, prior)
    end = tau_scale if tau_name == "uniform" else inf
    spread = float(np.sqrt(v).max() + np.ptp(y))
    reach = 50.0 * max(spread, min(tau_scale, 100.0 * spread) if tau_name != "uniform" else 0.0)

    def quadrature(log_likelihood: Callable[[np.ndarray], np.ndarray]) -> Quadrature:
        return Quadrature(
            lambda tau: log_prior(tau) + log_likelihood(tau),
            0.05 * min(float(np.sqrt(v.min())), tau_scale),
            reach,
            end,
        )

    posterior = quadrature(lambda tau: given.effect(tau)[2])
    tau = posterior.nodes
    center, variance, _ = given.effect(tau)
    shrink = tau**2 / (v[:, None] + tau**2)
    weights = posterior.weights
    effect = Mixture(weights, center[None], np.sqrt(variance)[None])
    prediction = Mixture(weights, center[None], np.sqrt(variance + tau**2)[None])
    study = Mixture(
        weights,
        shrink * y[:, None] + (1.0 - shrink) * center,
        np.sqrt(shrink * v[:, None] + (1.0 - shrink) ** 2 * variance),
    )
    study_mean, study_sd = study.moments()
    alpha = 0.5 * (1.0 - level)
    proper = prior is not None
    bayes_factor = nan
    if proper:
        none = quadrature(lambda tau: given.null(tau, null)).log_integral
        bayes_factor = float(np.exp(posterior.log_integral - none))
    moments = exponent if prior is None else inf
    return BayesResult(
        effect=_summary(effect, alpha, moments),
        tau=_tau_summary(posterior, alpha, exponent),
        prediction=_summary(prediction, alpha, exponent),
        study_mean=study_mean,
        study_sd=study_sd,
        study_ci=np.column_stack([study.quantile(alpha), study.quantile(1.0 - alpha)]),
        bayes_factor=bayes_factor,
        null=float(null),
        log_evidence=posterior.log_integral if proper and isfinite(tau_scale) else nan,
        effect_prior=prior,
        tau_prior=(tau_name, tau_scale),
        level=level,
        k=len(y),
        _effect=effect,
        _prediction=prediction,
        _quadrature=posterior,
    )


def _existing(mean: float, sd: float, exponent: float) -> tuple[float, float]:
    """Moments of a quantity whose tail falls as x^-exponent, where they exist."""
    return (float(mean) if exponent > 2 else nan), (float(sd) if exponent > 3 else inf)


def _summary(mixture: Mixture, alpha: float, exponent: float) -> Posterior:
    mean, sd = mixture.moments()
    low, median, high = (float(mixture.quantile(p)[0]) for p in (alpha, 0.5, 1.0 - alpha))
    return Posterior(*_existing(mean[0], sd[0], exponent), median, (low, high))


def _tau_summary(posterior: Quadrature, alpha: float, exponent: float) -> Posterior:
    mean = float(posterior.weights @ posterior.nodes)
    sd = float(np.sqrt(posterior.weights @ (posterior.nodes - mean) ** 2))
    low, median, high = (posterior.quantile(p) for p in (alpha, 0.5, 1.0 - alpha))
    return Posterior(*_existing(mean, sd, exponent), median, (low, high))
