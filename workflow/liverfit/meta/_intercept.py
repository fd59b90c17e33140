"""The nested model of `_nested` with a mean alone, in closed form: for one response or for many.

Effects are sorted by outer group and rotated, so that M = diag(v + inner) + outer z z' within a
group and the design is z itself. By the Sherman-Morrison identity every quantity is a sum over
groups of S_n = sum w^n z² and of sums of the residuals, with w = 1 / (v + inner). All take
y (..., k) and theta (..., 2) = (outer, inner) on one design.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ._gaussian import LOG_2PI, Evaluation, Spread

dot = np.vecdot


@dataclass(frozen=True)
class MeanDesign:
    """v, z, group (k,) and starts (J,), as `_nested.rotated` gives them."""

    v: np.ndarray
    z: np.ndarray
    starts: np.ndarray
    group: np.ndarray

    @property
    def k(self) -> int:
        return len(self.v)

    @cached_property
    def z2(self) -> np.ndarray:
        return self.z * self.z

    def by_group(self, x: np.ndarray) -> np.ndarray:
        return np.add.reduceat(x, self.starts, axis=-1)

    def constant(self, reml: bool) -> float:
        k = self.k
        return -0.5 * ((k - 1) * LOG_2PI - np.log(k)) if reml else -0.5 * k * LOG_2PI

    def grid_logliks(self, y: np.ndarray, axis: np.ndarray, reml: bool) -> np.ndarray:
        """Profiled log-likelihood (..., G, G) of y (..., k) at all (outer, inner) of axis (G,).

        Sums over effects depend on the inner component alone, so that the outer axis costs no more
        than the number of groups.
        """
        w = 1.0 / (self.v + axis[:, None])
        S = self.by_group(w * self.z2)
        T = self.by_group((w * self.z) * y[..., None, :])
        wyy = (y * y) @ w.T
        outer = axis[:, None, None]
        c = 1.0 / (1.0 + outer * S)
        xwx = (c * S).sum(axis=-1)
        c_t = c * T[..., None, :, :]
        ywy = wyy[..., None, :] - (outer * c_t * T[..., None, :, :]).sum(axis=-1)
        rss = ywy - c_t.sum(axis=-1) ** 2 / xwx
        logdet = -np.log(c).sum(axis=-1) - np.log(w).sum(axis=-1)
        value = self.constant(reml) - 0.5 * (logdet + rss)
        return value - 0.5 * np.log(xwx) if reml else value


def mean_moments(
    design: MeanDesign, y: np.ndarray, theta: np.ndarray, reml: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log-likelihood, mean and its variance (...,); by (outer, inner) the score (2, ...), expected
    and observed information as (oo, oi, ii) (3, ...)."""
    outer, inner = theta[..., 0], theta[..., 1]
    o = outer[..., None]
    z = design.z
    w = 1.0 / (design.v + inner[..., None])
    wz = w * z
    w1 = wz * z
    w2 = w * w1
    S1, S2, S3 = design.by_group(w1), design.by_group(w2), design.by_group(w * w2)
    T = design.by_group(wz * y)
    c = 1.0 / (1.0 + o * S1)
    cs = c * S1
    xwx = cs.sum(axis=-1)
    C = 1.0 / xwx
    beta = C * dot(c, T)
    R = T - beta[..., None] * S1
    u = c * R
    wr = w * (y - z * beta[..., None])
    py = wr - wz * (o * u)[..., design.group]
    logdet = -np.log(c).sum(axis=-1) - np.log(w).sum(axis=-1)
    loglik = design.constant(reml) - 0.5 * (logdet + dot(y, py))
    if reml:
        loglik = loglik - 0.5 * np.log(xwx)
    K = c * design.by_group(wz * py)  # z' W P y of each group
    a = o * c
    a_s2 = a * S2
    cs2, ccs2 = cs * cs, c * c * S2
    trace_o, trace_i = xwx, w.sum(axis=-1) - a_s2.sum(axis=-1)
    oo, oi = dot(cs, cs), ccs2.sum(axis=-1)
    ii = dot(w, w) - 2.0 * dot(a, S3) + dot(a_s2, a_s2)
    if reml:
        to, ti = C * oo, C * oi
        trace_o, trace_i = trace_o - to, trace_i - ti
        oo = oo - 2.0 * C * dot(cs2, cs) + to * to
        oi = oi - 2.0 * C * dot(cs, ccs2) + to * ti
        ii = ii - 2.0 * C * dot(c * c, S3 - a_s2 * S2) + ti * ti
    score = 0.5 * np.array([dot(u, u) - trace_o, dot(py, py) - trace_i])
    expected = 0.5 * np.array([oo, oi, ii])
    ucs, k_sum = dot(u, cs), K.sum(axis=-1)
    quadratic = np.array(
        [
            dot(u * u, cs) - C * ucs * ucs,
            dot(u, K) - C * ucs * k_sum,
            dot(w * py, py) - dot(o / c * K, K) - C * k_sum * k_sum,
        ]
    )
    return loglik, beta, C, score, expected, quadratic - expected


@dataclass(frozen=True)
class MeanModel:
    """`NestedModel` for one response, a mean alone and both components; y less `offset`."""

    y: np.ndarray
    offset: float
    design: MeanDesign

    parameters = 2
    p = 1

    @property
    def k(self) -> int:
        return self.design.k

    @property
    def v(self) -> np.ndarray:
        return self.design.v

    @cached_property
    def spread(self) -> Spread:
        v, z, y = self.design.v, self.design.z, self.y
        w = 1.0 / v
        wz = w * z
        total = float(wz @ z)
        resid = y - z * (float(wz @ y) / total)
        return Spread(
            variance=float(y @ y) / (self.k - 1),
            sampling=float(v.mean()),
            q=float(w @ resid**2),
            trace_p=float(w.sum() - (wz @ wz) / total),
        )

    def grid_logliks(self, axis: np.ndarray, reml: bool) -> np.ndarray:
        """Profiled log-likelihood (G, G) at all (outer, inner) of axis (G,)."""
        return self.design.grid_logliks(self.y, axis, reml)

    def evaluate(self, theta: np.ndarray, reml: bool, order: int = 1) -> Evaluation:
        """As `NestedModel.evaluate`; the derivatives come with it at any order."""
        loglik, beta, C, score, expected, observed = mean_moments(self.design, self.y, theta, reml)
        return Evaluation(
            float(loglik),
            np.array([self.offset + beta]),
            np.array([[C]]),
            score,
            expected[[0, 1, 1, 2]].reshape(2, 2),
            observed[[0, 1, 1, 2]].reshape(2, 2),
        )
