"""Weighted least squares and the likelihoods of tau², one at a time and on a grid."""

from __future__ import annotations

from collections.abc import Callable
from math import log

import numpy as np

from .distributions import LOG_2PI

# tau² -> A, B, C, D of `_maxima`.
Moments = Callable[[float], tuple[float, float, float, float]]


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


def only_a_mean(X: np.ndarray) -> bool:
    """Whether the design is the constant alone."""
    return X.shape[1] == 1 and bool((X == 1.0).all())


def likelihood_moments(y: np.ndarray, v: np.ndarray, X: np.ndarray, reml: bool) -> Moments:
    """A, B, C, D of the (restricted) likelihood at tau²; the score is (A - B) / 2."""
    if only_a_mean(X):
        return _mean_moments(y, v, reml)

    def moments(tau2: float) -> tuple[float, float, float, float]:
        w = 1.0 / (v + tau2)
        fit = Weighted(y, w, X)
        py = w * fit.resid
        XW = X.T * w
        u = XW @ py
        cubic = float((w * py) @ py - u @ fit.bread @ u)
        if reml:
            half = fit.bread @ ((XW * w) @ X)
            trace = float(w.sum() - np.trace(half))
            third = float(np.vdot(fit.bread, (XW * w * w) @ X))
            trace2 = float(w @ w - 2.0 * third + np.vdot(half, half.T))
        else:
            trace, trace2 = float(w.sum()), float(w @ w)
        return float(py @ py), trace, cubic, trace2

    return moments


def _mean_moments(y: np.ndarray, v: np.ndarray, reml: bool) -> Moments:
    """The same for a model with only a mean, where all sums are scalars."""
    ones = np.ones_like(y)

    def moments(tau2: float) -> tuple[float, float, float, float]:
        w = 1.0 / (v + tau2)
        s1, s2 = float(w.dot(ones)), float(w.dot(w))
        py = w * (y - float(w.dot(y)) / s1)
        wpy = w * py
        cubic = float(wpy.dot(py)) - float(w.dot(py)) ** 2 / s1
        trace, trace2 = s1, s2
        if reml:
            ratio = s2 / s1
            trace, trace2 = s1 - ratio, s2 - 2.0 * float((w * w).dot(w)) / s1 + ratio * ratio
        return float(py.dot(py)), trace, cubic, trace2

    return moments


def loglik(y: np.ndarray, v: np.ndarray, X: np.ndarray, tau2: float, method: str) -> float:
    """Log-likelihood at tau² (restricted when method is REML), maximised over beta."""
    k, p = X.shape
    marginal = v + tau2
    fit = Weighted(y, 1.0 / marginal, X)
    value = -0.5 * (float(np.log(marginal).sum()) + fit.rss)
    if method != "REML":
        return value - 0.5 * k * LOG_2PI
    return value - 0.5 * (k - p) * LOG_2PI + 0.5 * (_logdet(X.T @ X) - _logdet(fit.xtwx))


def logliks(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, tau2: np.ndarray, reml: bool
) -> np.ndarray:
    """The same for many tau² (n,), up to a constant of the data."""
    if only_a_mean(X):
        return mean_logliks(y[:, None], v[:, None], tau2, reml)
    w = 1.0 / (v + tau2[:, None])
    xtwx = (w[:, None, :] * X.T) @ X
    beta = np.linalg.solve(xtwx, ((w * y) @ X)[..., None])[..., 0]
    resid = y - beta @ X.T
    value = np.log(w).sum(axis=1) - (w * resid * resid).sum(axis=1)
    return 0.5 * (value - np.linalg.slogdet(xtwx)[1] if reml else value)


def mean_logliks(
    y: np.ndarray,
    v: np.ndarray,
    tau2: np.ndarray,
    reml: bool,
    absent: np.ndarray | None = None,
) -> np.ndarray:
    """Log-likelihoods of models with only a mean, up to a constant of the data.

    y, v (k, n) or (k, 1), studies first; tau2 (n,) -> (n,). Studies that are `absent` (k, n) have
    v = inf and do not count.
    """
    w = v + tau2
    np.reciprocal(w, out=w)
    total = w.sum(axis=0)
    resid = y - (w * y).sum(axis=0) / total
    rss = np.einsum("kn,kn,kn->n", w, resid, resid)
    if absent is not None:
        w[absent] = 1.0
    # One logarithm of a product costs far less than k logarithms, unless it leaves the range.
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        product = np.multiply.reduce(w, axis=0)
        logdet = np.log(product)
    lost = ~((product > 1e-300) & (product < 1e300))
    if lost.any():
        logdet[lost] = np.log(w[:, lost]).sum(axis=0)
    return 0.5 * (logdet - rss - (np.log(total) if reml else 0.0))


def _logdet(matrix: np.ndarray) -> float:
    if matrix.shape[0] == 1:
        return log(matrix[0, 0])
    return float(np.linalg.slogdet(matrix)[1])
