"""Estimators of tau², the variance of the true effects, and its Q-profile interval.

Model: yi ~ N(X beta, diag(vi + tau2)). With W = diag(1 / (vi + tau2)) and
P = W - W X (X'WX)^-1 X'W, the estimators are

    DL   moment, weights 1/vi: DerSimonian & Laird (1986) doi:10.1016/0197-2456(86)90046-2
    HE   moment, equal weights: Hedges & Olkin (1985), chapter 9
    HS   (Q - k) / sum(1/vi): Hunter & Schmidt (1990), as in Viechtbauer (2005)
         doi:10.3102/10769986030003261
    SJ   two-step from the variance of yi: Sidik & Jonkman (2005) doi:10.1002/sim.2688
    ML, REML   likelihood: Harville (1977) doi:10.1080/01621459.1977.10480998
    PM   generalised Q equals k - p: Paule & Mandel (1982) doi:10.6028/jres.087.022
    EB   Morris (1983) doi:10.1080/01621459.1983.10477920; solves the same equation as PM
    EE   zero by definition (equal effects)

all truncated at zero. Definitions agree with those of R's metafor.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf, log
from typing import Any

import numpy as np
from scipy.special import chdtri

from .distributions import LOG_2PI
from .errors import ConvergenceError

METHODS = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
MAX_ITERATIONS = 60
# A Newton step this small, relative to the estimate, is the last: convergence is quadratic, so that
# the error left is of the order of its square.
STEP = 1e-8

# (score, observed information, expected information) of tau2; the score alone decides the root.
Score = Callable[[float], tuple[float, float, float]]


class Weighted:
    """Weighted least squares of y on X with weights w: what every estimator is built from."""

    __slots__ = ("beta", "bread", "resid", "rss", "w", "xtwx")

    def __init__(self, y: np.ndarray, w: np.ndarray, X: np.ndarray) -> None:
        self.w = w
        if X.shape[1] == 1:
            x = X[:, 0]
            xw = x * w
            total = xw.dot(x)
            self.xtwx = np.array([[total]])
            self.bread = np.array([[1.0 / total]])
            slope = xw.dot(y) / total
            self.beta = np.array([slope])
            self.resid = y - x * slope
        else:
            XW = X.T * w
            self.xtwx = XW @ X
            self.bread = np.linalg.inv(self.xtwx)
            self.beta = self.bread @ (XW @ y)
            self.resid = y - X @ self.beta
        self.rss = float((w * self.resid).dot(self.resid))

    def trace_p(self, X: np.ndarray) -> float:
        """tr(P)."""
        return float(self.w.sum() - np.vdot(self.bread, (X.T * (self.w * self.w)) @ X))


def estimate_tau2(y: np.ndarray, v: np.ndarray, X: np.ndarray, method: str) -> float:
    """tau² >= 0 by the named estimator; y, v (k,), X (k, p), k > p.

    Raises ConvergenceError when the search of an iterative estimator fails, also by bracketing.
    """
    if method == "EE":
        return 0.0
    if method in ("DL", "HS"):
        return max(0.0, _weighted_moment(y, v, X, method))
    if method == "SJ":
        return _sidik_jonkman(y, v, X)
    start = max(0.0, _hedges(y, v, X))
    if method == "HE":
        return start
    scale = typical_variance(v)
    if method in ("PM", "EB"):
        return find_root(_paule_mandel_score(y, v, X, len(y) - X.shape[1]), start, scale, method)
    score = likelihood_score(y, v, X, method == "REML")
    tau2 = find_root(score, start, scale, method)
    if tau2 == 0.0:
        return inner_maximum(y, v, X, method, score)
    # The likelihood can have a second maximum at zero.
    if score(0.0)[0] <= 0 and loglik(y, v, X, 0.0, method) > loglik(y, v, X, tau2, method):
        return 0.0
    return tau2


# Where to look for a maximum away from zero: evenly on the log scale between the sizes that tau²
# can have. When those span more than SPAN the grid is finer.
STEPS, FINE_STEPS, SPAN = 5, 40, 1e4


def search_range(typical: Any, spread: Any) -> tuple[Any, Any]:
    """Smallest and largest tau² to try, from the typical sampling variance and the variance of yi
    about the model; numbers or arrays."""
    return 0.1 * typical, 5.0 * np.maximum(spread, typical)


def inner_maximum(y: np.ndarray, v: np.ndarray, X: np.ndarray, method: str, score: Score) -> float:
    """The higher of the maximum at zero and one away from it, for likelihoods with two."""
    k, p = X.shape
    low, high = search_range(typical_variance(v), Weighted(y, np.ones(k), X).rss / (k - p))
    steps = STEPS if high < SPAN * low else FINE_STEPS
    grid = np.concatenate([[0.0], low * (high / low) ** np.linspace(0.0, 1.0, steps)])
    if p == 1 and (X == 1.0).all():
        values = mean_logliks(y[:, None], v[:, None], grid, method == "REML")
    else:
        values = np.array([loglik(y, v, X, tau2, method) for tau2 in grid])
    best = int(np.argmax(values))
    if best == 0:
        return 0.0
    from scipy.optimize import minimize_scalar

    near = minimize_scalar(
        lambda t: -loglik(y, v, X, t, method),
        bounds=(grid[best - 1], grid[min(best + 1, steps)]),
        method="bounded",
        options={"xatol": 1e-6 * grid[best]},
    )
    return find_root(score, float(near.x), typical_variance(v), method)


def typical_variance(v: np.ndarray) -> float:
    """Harmonic mean: the scale of tau² for the searches, which one vast variance cannot spoil."""
    return len(v) / float((1.0 / v).sum())


def _weighted_moment(y: np.ndarray, v: np.ndarray, X: np.ndarray, method: str) -> float:
    k, p = X.shape
    fit = Weighted(y, 1.0 / v, X)
    if method == "HS":
        return (fit.rss - k) / float(fit.w.sum())
    return (fit.rss - (k - p)) / fit.trace_p(X)


def _hedges(y: np.ndarray, v: np.ndarray, X: np.ndarray) -> float:
    k, p = X.shape
    fit = Weighted(y, np.ones(k), X)
    trace_pv = float(v.sum() - np.vdot(fit.bread, (X.T * v) @ X))
    return (fit.rss - trace_pv) / (k - p)


def _sidik_jonkman(y: np.ndarray, v: np.ndarray, X: np.ndarray) -> float:
    k, p = X.shape
    crude = float(((y - y.mean()) ** 2).mean())
    return crude * Weighted(y, 1.0 / (v + crude), X).rss / (k - p)


def likelihood_score(y: np.ndarray, v: np.ndarray, X: np.ndarray, reml: bool) -> Score:
    """Derivative of the profiled (restricted) log-likelihood by tau², with both informations."""
    if X.shape[1] == 1 and (X == 1.0).all():
        return _intercept_score(y, v, reml)

    def score(tau2: float) -> tuple[float, float, float]:
        w = 1.0 / (v + tau2)
        fit = Weighted(y, w, X)
        py = w * fit.resid
        XW = X.T * w
        u = XW @ py
        ypppy = float((w * py) @ py - u @ fit.bread @ u)
        if reml:
            half = fit.bread @ ((XW * w) @ X)
            trace = float(w.sum() - np.trace(half))
            third = float(np.vdot(fit.bread, (XW * w * w) @ X))
            trace2 = float(w @ w - 2.0 * third + np.vdot(half, half.T))
        else:
            trace, trace2 = float(w.sum()), float(w @ w)
        return 0.5 * (float(py @ py) - trace), ypppy - 0.5 * trace2, 0.5 * trace2

    return score


def _intercept_score(y: np.ndarray, v: np.ndarray, reml: bool) -> Score:
    """The same for a model with only a mean, where all sums are scalars."""

    ones = np.ones_like(y)

    def score(tau2: float) -> tuple[float, float, float]:
        w = 1.0 / (v + tau2)
        s1, s2 = float(w.dot(ones)), float(w.dot(w))
        py = w * (y - float(w.dot(y)) / s1)
        wpy = w * py
        ypppy = float(wpy.dot(py)) - float(w.dot(py)) ** 2 / s1
        trace, trace2 = s1, s2
        if reml:
            ratio = s2 / s1
            trace, trace2 = s1 - ratio, s2 - 2.0 * float((w * w).dot(w)) / s1 + ratio * ratio
        return 0.5 * (float(py.dot(py)) - trace), ypppy - 0.5 * trace2, 0.5 * trace2

    return score


def _paule_mandel_score(y: np.ndarray, v: np.ndarray, X: np.ndarray, target: float) -> Score:
    """Q(tau2) - target; the reported slope makes Newton exact where Q is like 1/tau2."""

    def score(tau2: float) -> tuple[float, float, float]:
        w = 1.0 / (v + tau2)
        fit = Weighted(y, w, X)
        py = w * fit.resid
        slope = float(py @ py) * target / fit.rss if fit.rss > 0 else 1.0
        return fit.rss - target, slope, slope

    return score


def find_root(score: Score, start: float, scale: float, what: str) -> float:
    """The tau² >= 0 where `score` falls through zero; 0 when it is not positive there.

    Newton steps kept inside the bracket found so far; Brent's method when they do not settle.
    """
    tau2, low, high, zero_is_low = start, 0.0, inf, False
    for _ in range(MAX_ITERATIONS):
        gradient, observed, expected = score(tau2)
        if gradient > 0:
            low, zero_is_low = tau2, True
        elif tau2 == 0.0:
            return 0.0
        else:
            high = tau2
        information = observed if observed > 0 else expected
        # Rounding can cancel the expected information when one study dominates.
        new = tau2 + gradient / information if information > 0 else inf
        if new <= low and not zero_is_low:
            new = 0.0
        elif not low < new < high:
            new = 0.5 * (low + high) if high < inf else 2.0 * tau2 + scale
        if abs(new - tau2) <= STEP * new + 1e-16 * scale:
            return new
        tau2 = new
    return _bracketed(score, low, high, scale, what)


def _bracketed(score: Score, low: float, high: float, scale: float, what: str) -> float:
    from scipy.optimize import brentq

    if low == 0.0 and score(0.0)[0] <= 0:
        return 0.0
    if high == inf:
        high = 2.0 * low + scale
        for _ in range(200):
            if score(high)[0] <= 0:
                break
            low, high = high, 2.0 * high
    try:
        return float(brentq(lambda t: score(t)[0], low, high, xtol=1e-14 * scale, rtol=1e-12))
    except (ValueError, RuntimeError) as error:
        raise ConvergenceError(
            f"{what}: tau² was found neither by Newton's method nor by bracketing "
            f"in [{low:g}, {high:g}]: {error}"
        ) from error


def loglik(y: np.ndarray, v: np.ndarray, X: np.ndarray, tau2: float, method: str) -> float:
    """Log-likelihood at tau² (restricted when method is REML), maximised over beta."""
    k, p = X.shape
    marginal = v + tau2
    fit = Weighted(y, 1.0 / marginal, X)
    value = -0.5 * (float(np.log(marginal).sum()) + fit.rss)
    if method != "REML":
        return value - 0.5 * k * LOG_2PI
    return value - 0.5 * (k - p) * LOG_2PI + 0.5 * (_logdet(X.T @ X) - _logdet(fit.xtwx))


def mean_logliks(y: np.ndarray, v: np.ndarray, tau2: np.ndarray, reml: bool) -> np.ndarray:
    """Log-likelihoods of models with only a mean, up to a constant of the data.

    y, v (k, n) or (k, 1), studies first; tau2 (n,) -> (n,). Studies with v = inf do not count.
    """
    w = 1.0 / (v + tau2)
    total = w.sum(axis=0)
    resid = y - (w * y).sum(axis=0) / total
    resid *= resid
    resid *= w
    np.copyto(w, 1.0, where=w == 0)
    # One logarithm of a product costs far less than k logarithms, unless it leaves the range.
    product = np.multiply.reduce(w, axis=0)
    with np.errstate(divide="ignore"):
        logdet = np.log(product)
    lost = ~((product > 1e-300) & (product < 1e300))
    if lost.any():
        logdet[lost] = np.log(w[:, lost]).sum(axis=0)
    return 0.5 * (logdet - resid.sum(axis=0) - (np.log(total) if reml else 0.0))


def _logdet(matrix: np.ndarray) -> float:
    if matrix.shape[0] == 1:
        return log(matrix[0, 0])
    return float(np.linalg.slogdet(matrix)[1])


def q_profile(y: np.ndarray, v: np.ndarray, X: np.ndarray, level: float) -> tuple[float, float]:
    """Interval of tau² whose generalised Q lies within the chi-squared quantiles.

    NaN without residual degrees of freedom; (0, 0) when even Q(0) is below the lower quantile.

    Source: Viechtbauer (2007) doi:10.1002/sim.2514.
    """
    k, p = X.shape
    if k <= p:
        return float("nan"), float("nan")
    alpha = 0.5 * (1.0 - level)
    scale = typical_variance(v)
    upper_q, lower_q = float(chdtri(k - p, alpha)), float(chdtri(k - p, 1.0 - alpha))
    return (
        find_root(_paule_mandel_score(y, v, X, upper_q), 0.0, scale, "Q-profile lower limit"),
        find_root(_paule_mandel_score(y, v, X, lower_q), 0.0, scale, "Q-profile upper limit"),
    )
