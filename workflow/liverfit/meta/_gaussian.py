"""Likelihood of a normal model whose covariance is block-diagonal and linear in its parameters.

    y ~ N(X b, M(theta)),   M(theta) = V + sum_q theta_q G_q

V is known. Multilevel and multivariate meta-analyses are both of this form, so they share the
profiled (RE)ML objective, its score and its two information matrices. Blocks are padded to one
size so that NumPy factorises all of them in one call; padding rows have variance 1 and no data,
which leaves every quantity unchanged.

Source: Harville DA (1977) doi:10.1080/01621459.1977.10480998; Gilmour, Thompson & Cullis (1995)
doi:10.2307/2533274 for the score and the information matrices written with P.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

LOG_2PI = float(np.log(2.0 * np.pi))


def connected_components(adjacency: np.ndarray) -> np.ndarray:
    """Component number of each node of a symmetric boolean adjacency matrix, numbered by first
    appearance."""
    n = adjacency.shape[0]
    linked = adjacency | np.eye(n, dtype=bool)
    label = np.arange(n)
    while True:
        smaller = np.where(linked, label[None, :], n).min(axis=1)
        smaller = smaller[smaller]
        if np.array_equal(smaller, label):
            break
        label = smaller
    return np.unique(label, return_inverse=True)[1]


def inverse_and_logdet(A: np.ndarray) -> tuple[np.ndarray, float]:
    """Inverse and log-determinant of a small symmetric positive definite matrix.

    Raises numpy.linalg.LinAlgError when it is not.
    """
    if A.shape == (1, 1):
        if not A[0, 0] > 0:
            raise np.linalg.LinAlgError("not positive definite")
        return 1.0 / A, float(np.log(A[0, 0]))
    root = np.linalg.inv(np.linalg.cholesky(0.5 * (A + A.T)))
    return root.T @ root, -2.0 * float(np.log(np.diagonal(root)).sum())


@dataclass(frozen=True)
class Evaluation:
    """Value and derivatives of the profiled objective at one theta."""

    loglik: float
    beta: np.ndarray
    vcov: np.ndarray
    score: np.ndarray | None = None
    expected: np.ndarray | None = None
    observed: np.ndarray | None = None


@dataclass(frozen=True)
class Spread:
    """What is known before any fit: the residual variance of y (unweighted), the mean sampling
    variance, Cochran's Q and the trace of P under V alone."""

    variance: float
    sampling: float
    q: float
    trace_p: float


def derivatives(
    GZ: np.ndarray,
    WGZ: np.ndarray,
    WX: np.ndarray,
    Py: np.ndarray,
    C: np.ndarray,
    trace: np.ndarray,
    trace2: np.ndarray,
    reml: bool,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score (q,), expected and observed information (q, q) of the profiled objective.

    With W the inverse covariance and P = W - W X C X' W: GZ and WGZ (q, N, 1 + p) are G_q and
    W G_q applied to [Py, WX]; `trace` is tr(W G_q) and `trace2` tr(W G_q W G_r).
    """
    q = len(GZ)
    GPy, WGPy = GZ[:, :, 0], WGZ[:, :, 0]
    if reml:
        GWX, WGWX = GZ[:, :, 1:], WGZ[:, :, 1:]
        A = C @ (WX.T @ GWX)
        inner = (GWX @ C).reshape(q, -1) @ WGWX.reshape(q, -1).T
        trace = trace - np.einsum("qpp->q", A)
        trace2 = trace2 - 2.0 * inner + np.einsum("qps,rsp->qr", A, A)
    XWGPy = GPy @ WX
    quadratic = GPy @ WGPy.T - XWGPy @ C @ XWGPy.T
    expected = 0.25 * (trace2 + trace2.T)
    return 0.5 * (GPy @ Py - trace), expected, 0.5 * (quadratic + quadratic.T) - expected


@dataclass(frozen=True)
class BlockModel:
    """Data of the model, cut into padded blocks.

    y (B, n); X (B, n, p); V (B, n, n); G (q, B, n, n); `rows` (B, n) holds the row of the
    original data, -1 for padding.
    """

    y: np.ndarray
    X: np.ndarray
    V: np.ndarray
    G: np.ndarray
    rows: np.ndarray
    k: int
    logdet_xx: float

    @property
    def p(self) -> int:
        return self.X.shape[2]

    @classmethod
    def build(
        cls, y: np.ndarray, X: np.ndarray, V: np.ndarray, G: list[np.ndarray], block: np.ndarray
    ) -> BlockModel:
        """Cut (k,), (k, p), (k, k) and q times (k, k) into the blocks numbered by `block`."""
        k = len(y)
        sizes = np.bincount(block)
        if len(sizes) * int(sizes.max()) ** 3 > k**3:
            block, sizes = np.zeros(k, dtype=int), np.array([k])
        order = np.argsort(block, kind="stable")
        n = int(sizes.max())
        rows = np.full((len(sizes), n), -1)
        rows[np.arange(n)[None, :] < sizes[:, None]] = order
        real = rows >= 0
        safe = np.where(real, rows, 0)
        pair = real[:, :, None] & real[:, None, :]
        take = (safe[:, :, None], safe[:, None, :])
        padding = np.eye(n)[None] * ~real[:, :, None]
        return cls(
            y=np.where(real, y[safe], 0.0),
            X=np.where(real[:, :, None], X[safe], 0.0),
            V=np.where(pair, V[take], 0.0) + padding,
            G=np.array([np.where(pair, g[take], 0.0) for g in G]).reshape(-1, *pair.shape),
            rows=rows,
            k=k,
            logdet_xx=inverse_and_logdet(X.T @ X)[1],
        )

    @property
    def parameters(self) -> int:
        return len(self.G)

    @cached_property
    def spread(self) -> Spread:
        real = self.rows >= 0
        X, y = self.X[real], self.y[real]
        resid = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        W = np.linalg.inv(self.V)
        WX = (W @ self.X).reshape(-1, self.p)
        flat_x, flat_y = self.X.reshape(-1, self.p), self.y.ravel()
        C = np.linalg.inv(flat_x.T @ WX)
        fixed = (flat_y - flat_x @ (C @ (WX.T @ flat_y))).reshape(self.y.shape)
        return Spread(
            variance=float(resid @ resid) / max(self.k - self.p, 1),
            sampling=float(np.diagonal(self.V, axis1=1, axis2=2)[real].mean()),
            q=float(np.vdot(fixed, W @ fixed[:, :, None])),
            trace_p=float(np.diagonal(W, axis1=1, axis2=2)[real].sum() - np.sum(C * (WX.T @ WX))),
        )

    def covariance(self, theta: np.ndarray) -> np.ndarray:
        """M(theta) by blocks; theta (q,) -> (B, n, n), theta (m, q) -> (m, B, n, n)."""
        return self.V + np.tensordot(theta, self.G, axes=(-1, 0))

    def _constant(self, reml: bool) -> float:
        """Terms of the log-likelihood that do not depend on theta (metafor's convention)."""
        if reml:
            return -0.5 * (self.k - self.p) * LOG_2PI + 0.5 * self.logdet_xx
        return -0.5 * self.k * LOG_2PI

    def grid_logliks(self, axis: np.ndarray, reml: bool) -> np.ndarray:
        """Profiled log-likelihood (G, ...) where each of the q components takes all values of
        axis (G,); -inf where M is not positive definite."""
        q = self.parameters
        thetas = np.stack(np.meshgrid(*[axis] * q, indexing="ij"), axis=-1).reshape(-1, q)
        out = np.full(len(thetas), -np.inf)
        try:
            out[:] = self._logliks(thetas, reml)
        except np.linalg.LinAlgError:
            for i in range(len(thetas)):
                try:
                    out[i] = self._logliks(thetas[i : i + 1], reml)[0]
                except np.linalg.LinAlgError:
                    continue
        return out.reshape((len(axis),) * q)

    def _logliks(self, thetas: np.ndarray, reml: bool) -> np.ndarray:
        lower = np.linalg.cholesky(self.covariance(thetas))
        logdet = 2.0 * np.log(np.diagonal(lower, axis1=-2, axis2=-1)).sum(axis=(-1, -2))
        data = np.concatenate([self.X, self.y[:, :, None]], axis=2)
        white = np.linalg.solve(lower, np.broadcast_to(data, (len(thetas), *data.shape)))
        white = white.reshape(len(thetas), -1, self.p + 1)
        cross = np.swapaxes(white, 1, 2) @ white
        xwx, xwy, ywy = cross[:, :-1, :-1], cross[:, :-1, -1:], cross[:, -1, -1]
        rss = ywy - (np.swapaxes(xwy, 1, 2) @ np.linalg.solve(xwx, xwy))[:, 0, 0]
        value = self._constant(reml) - 0.5 * (logdet + rss)
        return value - 0.5 * np.linalg.slogdet(xwx)[1] if reml else value

    def evaluate(self, theta: np.ndarray, reml: bool, order: int = 1) -> Evaluation:
        """Objective and GLS estimate; with order=1 also score and information matrices.

        Raises numpy.linalg.LinAlgError when M(theta) is not positive definite.
        """
        M = self.covariance(theta)
        logdet = 2.0 * np.log(np.diagonal(np.linalg.cholesky(M), axis1=1, axis2=2)).sum()
        W = np.linalg.inv(M)
        WX = W @ self.X
        flat_wx = WX.reshape(-1, self.p)
        xwx = self.X.reshape(-1, self.p).T @ flat_wx
        C, logdet_xwx = inverse_and_logdet(xwx)
        beta = C @ (flat_wx.T @ self.y.ravel())
        resid = self.y - self.X @ beta
        Py = W @ resid[:, :, None]
        loglik = self._constant(reml) - 0.5 * float(logdet + np.vdot(resid, Py))
        if reml:
            loglik -= 0.5 * logdet_xwx
        q = self.parameters
        if not order or not q:
            return Evaluation(loglik, beta, C)
        GZ = self.G @ np.concatenate([Py, WX], axis=2)[None]
        WGZ = (W[None] @ GZ).reshape(q, -1, self.p + 1)
        WG = W[None] @ self.G
        trace = np.einsum("qbnn->q", WG)
        trace2 = WG.reshape(q, -1) @ np.swapaxes(WG, 2, 3).reshape(q, -1).T
        GZ = GZ.reshape(q, -1, self.p + 1)
        return Evaluation(
            loglik, beta, C, *derivatives(GZ, WGZ, flat_wx, Py.ravel(), C, trace, trace2, reml)
        )
