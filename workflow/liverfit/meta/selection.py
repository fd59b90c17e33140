"""Selection model: studies are published with a probability that steps with their p-value."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from . import _validate as check
from ._coefficients import Coefficients, tested
from ._profile import Weighted, loglik
from .distributions import LOG_2PI, chi2_upper
from .errors import ConvergenceError, StatisticalWarning
from .heterogeneity import estimate_tau2, typical_variance

if TYPE_CHECKING:
    pass

ALTERNATIVES = ("less", "greater", "two-sided")
# Relative publication probabilities are searched between these, as metafor does (0 to 100).
LOWEST, HIGHEST = 1e-9, 100.0


@dataclass(frozen=True)
class SelectionResult(Coefficients):
    """A fitted selection model.

    Attributes
    ----------
    coef, se, statistic, pvalue : (p,) arrays, ci (p, 2): effects adjusted for selection
    tau2 : adjusted variance of the true effects
    weights, weights_se : (number of intervals,) publication probability relative to the first
        interval of p-values, whose weight is 1
    steps : upper ends of the intervals; counts : studies in each
    lrt, lrt_df, lrt_pvalue : likelihood ratio test against no selection
    loglik : maximised log-likelihood
    """

    tau2: float
    weights: np.ndarray
    weights_se: np.ndarray
    steps: tuple[float, ...]
    counts: tuple[int, ...]
    lrt: float
    lrt_df: int
    lrt_pvalue: float
    loglik: float
    alternative: str
    level: float


@dataclass(frozen=True)
class _Problem:
    """Data for effects whose favoured direction is positive (or either, when two-sided).

    edges (k, J + 1): the values of yi that bound the J intervals of p-values, falling along a
    row; for two-sided p-values those of |yi|. group (k,): the interval of each study.
    """

    y: np.ndarray
    v: np.ndarray
    X: np.ndarray
    edges: np.ndarray
    group: np.ndarray
    two_sided: bool

    def loglik(
        self, beta: np.ndarray, tau2: float, weights: np.ndarray
    ) -> tuple[float, np.ndarray, float, np.ndarray]:
        """Log-likelihood and its gradient by beta, tau² and weights."""
        s2 = self.v + tau2
        mean = self.X @ beta
        resid = self.y - mean
        share, by_mean, by_variance = self._shares(mean[:, None], np.sqrt(s2)[:, None])
        total = share @ weights
        value = float(
            np.log(weights[self.group]).sum()
            - 0.5 * (np.log(s2).sum() + resid @ (resid / s2) + len(s2) * LOG_2PI)
            - np.log(total).sum()
        )
        d_beta = self.X.T @ (resid / s2 - (by_mean @ weights) / total)
        d_tau2 = float((0.5 * (resid**2 / s2 - 1.0) / s2 - (by_variance @ weights) / total).sum())
        counts = np.bincount(self.group, minlength=len(weights))
        d_weights = counts / weights - (share / total[:, None]).sum(axis=0)
        return value, d_beta, d_tau2, d_weights

    def _shares(self, mean: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, ...]:
        """P(interval) of every study (k, J) without selection; derivatives by mean and s²."""
        totals = []
        for edges in (self.edges, -self.edges)[: 2 if self.two_sided else 1]:
            a = (edges - mean) / s
            finite = np.isfinite(a)
            density = np.exp(-0.5 * a * a) / np.sqrt(2.0 * np.pi)
            slope = -0.5 * density * np.where(finite, a, 0.0) / (s * s)
            totals.append([ndtr(a), -density / s, slope])
        upper = [-np.diff(part, axis=1) for part in totals[0]]
        if not self.two_sided:
            return tuple(upper)
        return tuple(u + np.diff(part, axis=1) for u, part in zip(upper, totals[1], strict=True))


def selection_model(
    yi: Any,
    vi: Any,
    steps: Any = (0.025,),
    alternative: str = "less",
    mods: Any = None,
    level: float = 0.95,
    intercept: bool = True,
) -> SelectionResult:
    """Mean effect when studies are published with a probability that depends on their p-value.

    A three-parameter selection model with the default single step; the weight of the first
    interval (the smallest p-values) is 1 and the others are relative to it.

    Parameters
    ----------
    yi, vi : array_like (k,)
        Effects and sampling variances.
    steps : sequence of float
        Rising p-values in (0, 1) at which the publication probability changes.
    alternative : {"less", "greater", "two-sided"}
        Which p-values count: those of tests for a negative, a positive or any effect.
    mods, level, intercept
        As in `random_effects`.

    Returns
    -------
    SelectionResult
        Maximum likelihood estimates with normal tests from the observed information; standard
        errors of weights at the edge of their range (0 to 100) are NaN.

    Raises
    ------
    ValueError
        As `random_effects`; also for steps that do not rise within (0, 1), or more parameters
        than studies.
    ConvergenceError
        When the likelihood could not be maximised.

    Warns
    -----
    StatisticalWarning
        When an interval of p-values holds no study, so that its weight is not identified; when
        the likelihood has a second, higher maximum than the one found from no selection (which
        is reported).

    Notes
    -----
    Sources: Vevea & Hedges (1995) doi:10.1007/BF02294384, equations 4 to 8; Vevea & Woods (2005)
    doi:10.1037/1082-989X.10.4.428. Numbers agree with metafor's selmodel(type="stepfun").

    Examples
    --------
    BCG trials, if protective results with p < 0.025 were published more easily:

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209,
    ...       0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230,
    ...       0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    >>> fit = meta.selection_model(yi, vi, alternative="less")
    >>> print(f"{fit.coef[0]:.2f}, weight {fit.weights[1]:.2f}, p {fit.lrt_pvalue:.2f}")
    -0.62, weight 0.64, p 0.62
    """
    y, v = check.effects_and_variances(yi, vi)
    check.one_of(alternative, ALTERNATIVES, "alternative")
    level = check.level_in_unit(level)
    X, names = check.design(mods, len(y), intercept)
    cuts = _valid_steps(steps)
    k, p = X.shape
    if k < p + 1 + len(cuts):
        raise ValueError(f"{k} studies are too few for {p + 1 + len(cuts)} parameters")
    sign = -1.0 if alternative == "less" else 1.0
    problem = _problem(sign * y, v, X, cuts, alternative == "two-sided")
    counts = np.bincount(problem.group, minlength=len(cuts) + 1)
    if (counts == 0).any():
        warnings.warn(
            f"no study in p-value interval {int(np.argmin(counts)) + 1} of {counts.size} "
            f"(steps {cuts.tolist()}); its publication weight is not identified",
            StatisticalWarning,
            stacklevel=2,
        )
    beta, tau2, weights, value, start_value = _maximise(problem)
    se, weights_se = _standard_errors(problem, beta, tau2, weights)
    lrt = max(0.0, 2.0 * (value - start_value))
    return SelectionResult(
        **tested(sign * beta, se, inf, level),
        tau2=tau2,
        weights=weights,
        weights_se=weights_se,
        steps=(*cuts.tolist(), 1.0),
        counts=tuple(counts.tolist()),
        lrt=lrt,
        lrt_df=len(cuts),
        lrt_pvalue=float(chi2_upper(lrt, len(cuts))),
        loglik=value,
        alternative=alternative,
        level=level,
        names=names,
    )


def _valid_steps(steps: Any) -> np.ndarray:
    cuts = np.atleast_1d(np.asarray(steps, dtype=float))
    if cuts.size and cuts[-1] == 1.0:
        cuts = cuts[:-1]
    if cuts.ndim != 1 or not cuts.size or not ((cuts > 0) & (cuts < 1)).all():
        raise ValueError(f"steps must be p-values between 0 and 1, not {steps!r}")
    if (np.diff(cuts) <= 0).any():
        raise ValueError(f"steps must rise, not {steps!r}")
    return cuts


def _problem(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, cuts: np.ndarray, two_sided: bool
) -> _Problem:
    s = np.sqrt(v)
    pvalue = 2.0 * ndtr(-np.abs(y) / s) if two_sided else ndtr(-y / s)
    z = -ndtri(0.5 * cuts if two_sided else cuts)
    k = len(y)
    last = np.full((k, 1), 0.0 if two_sided else -inf)
    edges = np.hstack([np.full((k, 1), inf), s[:, None] * z, last])
    return _Problem(y, v, X, edges, np.searchsorted(cuts, pvalue, side="left"), two_sided)


def _maximise(problem: _Problem) -> tuple[np.ndarray, float, np.ndarray, float, float]:
    """beta, tau², weights, the log-likelihood there, and that of no selection."""
    y, v, X = problem.y, problem.v, problem.X
    p = X.shape[1]
    free = problem.edges.shape[1] - 2
    start_tau2 = estimate_tau2(y, v, X, "ML")
    start_beta = Weighted(y, 1.0 / (v + start_tau2), X).beta
    scale = typical_variance(v) + start_tau2
    columns = np.sqrt((X * X).mean(axis=0))

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        weights = np.concatenate([[1.0], np.exp(x[p + 1 :])])
        value, d_beta, d_tau2, d_weights = problem.loglik(
            x[:p] / columns * np.sqrt(scale), x[p] * scale, weights
        )
        if not np.isfinite(value):
            return 1e10, np.zeros_like(x)
        by_beta = d_beta / columns * np.sqrt(scale)
        return -value, -np.concatenate([by_beta, [d_tau2 * scale], d_weights[1:] * weights[1:]])

    low = np.concatenate([np.full(p, -inf), [0.0], np.full(free, np.log(LOWEST))])
    high = np.concatenate([np.full(p + 1, inf), np.full(free, np.log(HIGHEST))])
    head = start_beta * columns / np.sqrt(scale)

    def search(weight: float, tau2: float, gain: float) -> tuple[float, np.ndarray]:
        start = np.array([*head, tau2 / scale, *[np.log(weight)] * free])
        return projected_newton(objective, start, low, high, gain)

    # From no selection upwards, as other software does; then from strong selection, to see
    # whether the likelihood has a higher maximum that this path does not reach.
    value, x = search(1.0, start_tau2, 1e-13)
    others = [search(weight, start_tau2 * weight, 1e-6) for weight in (0.3, 0.03)]
    higher = -min(end[0] for end in others)
    gradient = objective(x)[1]
    if not np.abs(np.where(_held(x, gradient, low, high), 0.0, gradient)).max() < 1e-4:
        raise ConvergenceError("selection_model: the likelihood was not maximised from any start")
    weights = np.concatenate([[1.0], np.exp(x[p + 1 :])])
    none = loglik(y, v, X, start_tau2, "ML")
    if higher > -value + 1e-3:
        warnings.warn(
            f"the likelihood has a higher maximum ({higher:.3f}) far from no selection than the "
            f"one reported ({-value:.3f}); the data do not determine this selection model",
            StatisticalWarning,
            stacklevel=3,
        )
    return x[:p] / columns * np.sqrt(scale), float(x[p] * scale), weights, -value, none


Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


def _held(x: np.ndarray, gradient: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Parameters at a bound that the search would leave outwards."""
    return ((x <= low) & (gradient > 0)) | ((x >= high) & (gradient < 0))


def projected_newton(
    objective: Objective, x: np.ndarray, low: np.ndarray, high: np.ndarray, gain: float
) -> tuple[float, np.ndarray]:
    """Minimise within bounds until a step promises less than `gain`; the value and the point.

    Second derivatives are differences of the gradient; negative curvature is turned round.
    """
    value, gradient = objective(x)
    for _ in range(200):
        index = np.flatnonzero(~_held(x, gradient, low, high))
        if not index.size:
            break
        curvature = np.empty((index.size, index.size))
        for row, j in enumerate(index):
            ends = np.array([x, x])
            ends[:, j] += np.array([-1e-5, 1e-5]) * (1.0 + abs(x[j]))
            ends = np.clip(ends, low, high)
            change = objective(ends[1])[1] - objective(ends[0])[1]
            curvature[row] = change[index] / (ends[1, j] - ends[0, j])
        sizes, vectors = np.linalg.eigh(0.5 * (curvature + curvature.T))
        sizes = np.maximum(np.abs(sizes), 1e-8 * max(np.abs(sizes).max(), 1.0))
        step = np.zeros_like(x)
        step[index] = -vectors @ ((vectors.T @ gradient[index]) / sizes)
        if -0.5 * float(step @ gradient) < gain:
            break
        # Short steps, so as to stay on the hill where the search began.
        step *= min(1.0, 0.5 / np.abs(step).max())
        for halving in range(40):
            trial = np.clip(x + 0.5**halving * step, low, high)
            then = objective(trial)
            if then[0] < value:
                break
        else:
            break
        x, (value, gradient) = trial, then
    return value, x


def _standard_errors(
    problem: _Problem, beta: np.ndarray, tau2: float, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """From the observed information of the parameters that are not at an edge."""
    p, scale = len(beta), typical_variance(problem.v)
    theta = np.concatenate([beta, [tau2], weights[1:]])
    wald = Weighted(problem.y, 1.0 / (problem.v + tau2), problem.X).bread
    size = np.concatenate([np.sqrt(np.diagonal(wald)), [tau2], weights[1:]])
    free = np.ones(len(theta), dtype=bool)
    free[p] = tau2 > 1e-6 * scale
    free[p + 1 :] = (weights[1:] > 1e-4) & (weights[1:] < 0.999 * HIGHEST)

    def gradient(x: np.ndarray) -> np.ndarray:
        parts = problem.loglik(x[:p], x[p], np.concatenate([[1.0], x[p + 1 :]]))
        return np.concatenate([parts[1], [parts[2]], parts[3][1:]])

    index = np.flatnonzero(free)
    information = np.empty((index.size, index.size))
    for row, j in enumerate(index):
        step = np.zeros_like(theta)
        step[j] = 1e-4 * size[j]
        change = gradient(theta + step) - gradient(theta - step)
        information[row] = -change[index] / (2.0 * step[j])
    se = np.full(len(theta), np.nan)
    try:
        variance = np.diagonal(np.linalg.inv(0.5 * (information + information.T)))
        se[index] = np.sqrt(np.where(variance > 0, variance, np.nan))
    except np.linalg.LinAlgError:
        pass
    return se[:p], np.concatenate([[np.nan], se[p + 1 :]])
