"""The normal model of `_gaussian` in linear time, for sampling errors independent between groups.

Where V_g = U diag(v) U' within an outer group, rotating the data of the group by U' gives
M = diag(v + s_inner) + s_outer z z' with z = U' 1. The Sherman-Morrison identity inverts it, so
that one evaluation costs O(k p^2) instead of a factorisation a group. With V diagonal U = I.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ._gaussian import LOG_2PI, Evaluation, Spread, derivatives, inverse_and_logdet


@dataclass(frozen=True)
class NestedModel:
    """Effects sorted by outer group, and rotated: X (k, p), v (k,), z (k,); y (k,) less X times
    `offset` (p,); data, X and y side by side; `starts` (B,) first row of each group, `group` (k,)
    its number; which of the two components the model has."""

    y: np.ndarray
    X: np.ndarray
    data: np.ndarray
    offset: np.ndarray
    v: np.ndarray
    z: np.ndarray
    starts: np.ndarray
    group: np.ndarray
    has_outer: bool
    has_inner: bool
    logdet_xx: float

    @classmethod
    def build(
        cls,
        y: np.ndarray,
        X: np.ndarray,
        V: np.ndarray,
        outer: np.ndarray,
        has_outer: bool,
        has_inner: bool,
    ) -> NestedModel:
        """V (k, k) must not link effects of different groups of `outer` (k,) codes from 0."""
        v, data, starts, group = rotated(V, np.column_stack([y, X, np.ones(len(y))]), outer)
        # Least-squares residuals keep the quadratic forms free of cancellation.
        offset = np.linalg.lstsq(data[:, 1:-1], data[:, 0], rcond=None)[0]
        residual = data[:, 0] - data[:, 1:-1] @ offset
        return cls(
            y=residual,
            X=data[:, 1:-1],
            data=np.column_stack([data[:, 1:-1], residual]),
            offset=offset,
            v=v,
            z=data[:, -1],
            starts=starts,
            group=group,
            has_outer=has_outer,
            has_inner=has_inner,
            logdet_xx=inverse_and_logdet(X.T @ X)[1],
        )

    @property
    def k(self) -> int:
        return len(self.y)

    @property
    def p(self) -> int:
        return self.X.shape[1]

    @property
    def parameters(self) -> int:
        return int(self.has_outer) + int(self.has_inner)

    def _constant(self, reml: bool) -> float:
        if reml:
            return -0.5 * (self.k - self.p) * LOG_2PI + 0.5 * self.logdet_xx
        return -0.5 * self.k * LOG_2PI

    @cached_property
    def spread(self) -> Spread:
        w = 1.0 / self.v
        WX = w[:, None] * self.X
        C = np.linalg.inv(self.X.T @ WX)
        fixed = self.y - self.X @ (C @ (WX.T @ self.y))
        return Spread(
            variance=float(self.y @ self.y) / max(self.k - self.p, 1),
            sampling=float(self.v.mean()),
            q=float(w @ fixed**2),
            trace_p=float(w.sum() - np.sum(C * (WX.T @ WX))),
        )

    def grid_logliks(self, axis: np.ndarray, reml: bool) -> np.ndarray:
        """Profiled log-likelihood (G, ...) where each component takes all values of axis (G,).

        Sums over effects depend on the inner component alone, so that the outer axis costs no more
        than the number of groups.
        """
        zero = np.zeros(1)
        w = 1.0 / (self.v + (axis if self.has_inner else zero)[:, None])
        wz = w * self.z
        data = self.data
        S = np.add.reduceat(wz * self.z, self.starts, axis=1)
        sums = np.add.reduceat(wz[:, :, None] * data, self.starts, axis=1)
        outer = (axis if self.has_outer else zero)[:, None, None]
        c = 1.0 / (1.0 + outer * S)
        shared = np.swapaxes(sums * (outer * c)[..., None], -1, -2) @ sums
        cross = data.T @ (w[:, :, None] * data) - shared
        logdet = -np.log(c).sum(axis=-1) - np.log(w).sum(axis=-1)
        xwx, xwy, ywy = cross[..., :-1, :-1], cross[..., :-1, -1:], cross[..., -1, -1]
        rss = ywy - (np.swapaxes(xwy, -1, -2) @ np.linalg.solve(xwx, xwy))[..., 0, 0]
        value = self._constant(reml) - 0.5 * (logdet + rss)
        if reml:
            value = value - 0.5 * np.linalg.slogdet(xwx)[1]
        return value.reshape((len(axis),) * self.parameters)

    def evaluate(self, theta: np.ndarray, reml: bool, order: int = 1) -> Evaluation:
        """As `BlockModel.evaluate`."""
        outer = theta[0] if self.has_outer else 0.0
        inner = theta[-1] if self.has_inner else 0.0
        w = 1.0 / (self.v + inner)
        wz = w * self.z
        first = wz * self.z
        # Sums by group of w z², w² z² and w³ z²: all that traces need.
        S, w2, w3 = np.add.reduceat([first, w * first, w * w * first], self.starts, axis=1)
        c = 1.0 / (1.0 + outer * S)
        a = outer * c

        def weigh(Z: np.ndarray) -> np.ndarray:
            straight = w[:, None] * Z
            if not self.has_outer:
                return straight
            sums = np.add.reduceat(wz[:, None] * Z, self.starts, axis=0)
            return straight - wz[:, None] * (a[:, None] * sums)[self.group]

        W_data = weigh(self.data)
        WX = W_data[:, :-1]
        cross = self.data.T @ W_data
        C, logdet_xwx = inverse_and_logdet(cross[:-1, :-1])
        beta = C @ cross[:-1, -1]
        Py = W_data[:, -1] - WX @ beta
        logdet = np.log1p(outer * S).sum() - np.log(w).sum()
        loglik = self._constant(reml) - 0.5 * float(logdet + self.y @ Py)
        if reml:
            loglik -= 0.5 * logdet_xwx
        if not order or not self.parameters:
            return Evaluation(loglik, self.offset + beta, C)
        Z = np.column_stack([Py, WX])
        GZ = [Z] if self.has_inner else []
        if self.has_outer:
            sums = np.add.reduceat(self.z[:, None] * Z, self.starts, axis=0)
            GZ.insert(0, self.z[:, None] * sums[self.group])
        WGZ = weigh(np.concatenate(GZ, axis=1)).reshape(self.k, len(GZ), -1).swapaxes(0, 1)
        trace, trace2 = self._traces(w, S, c, a, w2, w3)
        return Evaluation(
            loglik,
            self.offset + beta,
            C,
            *derivatives(np.array(GZ), WGZ, WX, Py, C, trace, trace2, reml),
        )

    def _traces(
        self,
        w: np.ndarray,
        S: np.ndarray,
        c: np.ndarray,
        a: np.ndarray,
        w2: np.ndarray,
        w3: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """tr(W G_q) and tr(W G_q W G_r)."""
        oo, oi = ((S * c) ** 2).sum(), (c**2 * w2).sum()
        ii = w @ w - (2.0 * a * w3 - (a * w2) ** 2).sum()
        keep = np.flatnonzero([self.has_outer, self.has_inner])
        trace = np.array([(S * c).sum(), w.sum() - (a * w2).sum()])[keep]
        return trace, np.array([[oo, oi], [oi, ii]])[np.ix_(keep, keep)]


def rotated(
    V: np.ndarray, data: np.ndarray, outer: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Sorted by `outer` (k,) codes from 0: the eigenvalues (k,) of each diagonal block of V, the
    columns of `data` in its eigenvectors, the first row of each group, the group of each row."""
    starts = np.concatenate([[0], np.cumsum(np.bincount(outer))[:-1]])
    out, group = data.copy(), outer
    if (outer[1:] < outer[:-1]).any():
        order = np.argsort(outer, kind="stable")
        V, out, group = V[np.ix_(order, order)], data[order], outer[order]
    values = np.diagonal(V).copy()
    if np.count_nonzero(V) > len(V):
        # Groups of one size are decomposed together.
        sizes = np.bincount(outer)
        for size in set(sizes.tolist()) - {1}:
            rows = starts[sizes == size][:, None] + np.arange(size)
            values[rows], U = np.linalg.eigh(V[rows[:, :, None], rows[:, None, :]])
            out[rows] = U.swapaxes(-1, -2) @ out[rows]
    return values, out, starts, group
