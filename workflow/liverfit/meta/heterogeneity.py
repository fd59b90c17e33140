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
from math import inf

import numpy as np
from scipy.special import chdtri

from ._maxima import TIE, grid_points, other_peaks, proof
from ._profile import Weighted, likelihood_moments, logliks
from .errors import ConvergenceError

METHODS = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
MAX_ITERATIONS = 60
# A Newton step this small, relative to the estimate, is the last: convergence is quadratic, so that
# the error left is of the order of its square.
STEP = 1e-7

# The score of tau2 and two slopes for Newton's step (the second where the first is not positive);
# the score alone decides the root. Where A and B are the halves of a score A - B, like 1/tau2² and
# 1/tau2, the root of B / A - 1 is found in fewer steps than that of A - B.
Score = Callable[[float], tuple[float, float, float]]


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
    moment, spread = _hedges(y, v, X)
    start = max(0.0, moment)
    if method == "HE":
        return start
    scale = typical_variance(v)
    if method in ("PM", "EB"):
        return find_root(_paule_mandel_score(y, v, X, len(y) - X.shape[1]), start, scale, method)
    return likelihood_maximum(y, v, X, method, start, spread)


def likelihood_maximum(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, method: str, start: float, spread: float
) -> float:
    """tau² at the highest maximum of the (restricted) likelihood.

    `spread` is the residual sum of squares with equal weights, beyond which the score is negative.
    """
    reml, scale = method == "REML", typical_variance(v)
    moments = likelihood_moments(y, v, X, reml)

    def score(tau2: float) -> tuple[float, float, float]:
        a, b, c, d = moments(tau2)
        return 0.5 * (a - b), c * b / a - 0.5 * d if a > 0.0 else 0.0, 0.5 * d

    tau2 = find_root(score, start, scale, method)
    smallest = float(v.min())
    if tau2 == 0.0 and spread <= smallest:
        return tau2
    lower, upper = 0.0, spread
    a, b, c, d = moments(tau2)
    if a > 0.0:
        light, heavy = 1.0 / (float(v.max()) + tau2), 1.0 / (smallest + tau2)
        ratio = 1.0 if tau2 > 0.0 else a / b
        above, below, reach = proof(ratio, c / a, d / b, light, heavy, tau2)
        if above and below:
            return tau2
        lower = tau2 if below else 0.0
        upper = tau2 if above else min(spread, tau2 + reach)
    points = grid_points(lower, upper, smallest)
    values = logliks(y, v, X, np.append(points[:-1], tau2), reml)
    best = float(values[-1])
    for low, start, high in other_peaks(points, values[:-1], tau2, best, len(y)):
        other = find_root(score, start, scale, method, low, high)
        there = float(logliks(y, v, X, np.array([other]), reml)[0])
        if there > best + TIE:
            tau2, best = other, there
    return tau2


def typical_variance(v: np.ndarray) -> float:
    """Harmonic mean: the scale of tau² for the searches, which one vast variance cannot spoil."""
    return len(v) / float((1.0 / v).sum())


def _weighted_moment(y: np.ndarray, v: np.ndarray, X: np.ndarray, method: str) -> float:
    k, p = X.shape
    fit = Weighted(y, 1.0 / v, X)
    if method == "HS":
        return (fit.rss - k) / float(fit.w.sum())
    return (fit.rss - (k - p)) / fit.trace_p(X)


def _hedges(y: np.ndarray, v: np.ndarray, X: np.ndarray) -> tuple[float, float]:
    """The estimate before truncation, and the residual sum of squares with equal weights."""
    k, p = X.shape
    fit = Weighted(y, np.ones(k), X)
    trace_pv = float(v.sum() - np.vdot(fit.bread, (X.T * v) @ X))
    return (fit.rss - trace_pv) / (k - p), fit.rss


def _sidik_jonkman(y: np.ndarray, v: np.ndarray, X: np.ndarray) -> float:
    k, p = X.shape
    crude = float(((y - y.mean()) ** 2).mean())
    return crude * Weighted(y, 1.0 / (v + crude), X).rss / (k - p)


def _paule_mandel_score(y: np.ndarray, v: np.ndarray, X: np.ndarray, target: float) -> Score:
    """Q(tau2) - target; the reported slope makes Newton exact where Q is like 1/tau2."""

    def score(tau2: float) -> tuple[float, float, float]:
        w = 1.0 / (v + tau2)
        fit = Weighted(y, w, X)
        py = w * fit.resid
        slope = float(py @ py) * target / fit.rss if fit.rss > 0 else 1.0
        return fit.rss - target, slope, slope

    return score


def find_root(
    score: Score,
    start: float,
    scale: float,
    what: str,
    low: float = 0.0,
    high: float = inf,
) -> float:
    """The tau² in [low, high] where `score` falls through zero; 0 when it is not positive there.

    Newton steps kept inside the bracket found so far; Brent's method when they do not settle.
    """
    tau2, zero_is_low = start, low > 0.0
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
        if abs(new - tau2) <= STEP * new + 1e-14 * scale:
            return max(new, 0.0)
        if new <= low and not zero_is_low:
            new = 0.0
        elif not low < new < high:
            new = 0.5 * (low + high) if high < inf else 2.0 * tau2 + scale
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
