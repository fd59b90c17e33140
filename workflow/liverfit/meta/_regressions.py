"""The nested model of `_nested` for many rows at once: each with effects of its own, or with the
groups of effects repeated so many times as a bootstrap drew them.

Groups are independent, so that the likelihood of a resample of whole groups is that of the groups
weighted by how often each was drawn (Davison and Hinkley 1997, section 3.8, for cases as units).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ._gaussian import LOG_2PI


@dataclass(frozen=True)
class Regressions:
    """X (k, p), v, z, group (k,) and starts (J,), as `_nested.rotated` gives them, shared by all;
    y (B, k), rotated, less its least squares fit; counts (B, J)."""

    X: np.ndarray
    v: np.ndarray
    z: np.ndarray
    starts: np.ndarray
    group: np.ndarray
    y: np.ndarray
    counts: np.ndarray
    reml: bool

    def __len__(self) -> int:
        return len(self.y)

    @property
    def p(self) -> int:
        return self.X.shape[1]

    @property
    def cells(self) -> int:
        return len(self.starts) * (self.p + 1) ** 2

    @property
    def width(self) -> int:
        return len(self.v) * (self.p + 1)

    @cached_property
    def constant(self) -> np.ndarray:
        """What the log-likelihood of each row has beside theta (B,), as metafor has it."""
        k = self.counts @ np.bincount(self.group)
        if not self.reml:
            return -0.5 * k * LOG_2PI
        per_effect = self.counts[:, self.group, None] * self.X
        xx = self.X.T @ per_effect
        return -0.5 * (k - self.p) * LOG_2PI + 0.5 * np.linalg.slogdet(xx)[1]

    def _data(self, rows: slice | np.ndarray) -> np.ndarray:
        """X and y side by side (n, k, p + 1)."""
        y = self.y[rows]
        return np.concatenate(
            [np.broadcast_to(self.X, (len(y), *self.X.shape)), y[:, :, None]], axis=-1
        )

    def _by_group(self, x: np.ndarray, axis: int) -> np.ndarray:
        return np.add.reduceat(x, self.starts, axis=axis)

    def grid_logliks(self, rows: slice, axis: np.ndarray) -> np.ndarray:
        """Profiled log-likelihood (n, G, G) at all (outer, inner) of axis (G,).

        Sums over effects depend on the inner component alone, so that the outer axis costs no more
        than the number of groups.
        """
        data, counts = self._data(rows), self.counts[rows]
        w = 1.0 / (self.v + axis[:, None])
        wz = w * self.z
        S = self._by_group(wz * self.z, axis=1)
        logw = self._by_group(np.log(w), axis=1)
        c = 1.0 / (1.0 + axis[:, None, None] * S)
        sums = self._by_group(wz[:, :, None] * data[:, None], axis=2)
        straight = np.swapaxes(data * counts[:, self.group, None], 1, 2)[:, None] @ (
            w[:, :, None] * data[:, None]
        )
        weight = counts[:, None, None] * (axis[:, None, None] * c)
        products = (sums[..., :, None] * sums[..., None, :]).reshape(*sums.shape[:3], -1)
        shared = np.swapaxes(np.swapaxes(weight, 1, 2) @ products, 1, 2)
        cross = straight[:, None] - shared.reshape(*shared.shape[:3], *straight.shape[-2:])
        logdet = -np.einsum("nj,ogj->nog", counts, np.log(c) + logw)
        # Elimination column by column: the pivots' product is det(X'WX), what is left the rss.
        logdet_xwx = np.zeros(logdet.shape)
        for i in range(self.p):
            pivot, column = cross[..., i, i], cross[..., i + 1 :, i]
            logdet_xwx += np.log(pivot)
            cross[..., i + 1 :, i + 1 :] -= (column / pivot[..., None])[..., None] * column[
                ..., None, :
            ]
        value = self.constant[rows, None, None] - 0.5 * (logdet + cross[..., -1, -1])
        return value - 0.5 * logdet_xwx if self.reml else value

    def moments(self, rows: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """As `_batch_search.Likelihoods.moments`."""
        return self.fitted(rows, theta)[2:]

    def fitted(self, rows: np.ndarray, theta: np.ndarray) -> tuple[np.ndarray, ...]:
        """Coefficients (n, p), less the least squares fit, and their covariance (n, p, p);
        log-likelihood (n,), score (2, n), expected and observed information (3, n)."""
        outer, data, counts = theta[:, :1], self._data(rows), self.counts[rows]
        times = counts[:, self.group]
        w = 1.0 / (self.v + theta[:, 1:])
        wz = w * self.z
        first = wz * self.z
        S, S2, S3 = (self._by_group(x, 1) for x in (first, w * first, w * w * first))
        c = 1.0 / (1.0 + outer * S)
        a = outer * c

        def weigh(Z: np.ndarray) -> np.ndarray:
            sums = self._by_group(wz[:, :, None] * Z, 1)
            return w[:, :, None] * Z - wz[:, :, None] * (a[:, :, None] * sums)[:, self.group]

        W_data = weigh(data)
        cross = np.swapaxes(data, 1, 2) @ (times[:, :, None] * W_data)
        C = np.linalg.inv(cross[:, :-1, :-1])
        beta = (C @ cross[:, :-1, -1:])[..., 0]
        WX = W_data[:, :, :-1]
        Py = W_data[:, :, -1] - (WX @ beta[:, :, None])[..., 0]
        logdet = -np.vecdot(counts, np.log(c) + self._by_group(np.log(w), 1))
        rss = cross[:, -1, -1] - np.vecdot(beta, cross[:, :-1, -1])
        loglik = self.constant[rows] - 0.5 * (logdet + rss)
        if self.reml:
            loglik = loglik - 0.5 * np.linalg.slogdet(cross[:, :-1, :-1])[1]
        # G_q and W G_q applied to [Py, WX], for q = outer and inner.
        Z = np.concatenate([Py[:, :, None], WX], axis=-1)
        GZ = [
            self.z[:, None] * self._by_group(self.z[:, None] * Z, 1)[:, self.group],
            Z,
        ]
        WGZ = [weigh(part) for part in GZ]
        weighted = [np.swapaxes(part * times[:, :, None], 1, 2) for part in GZ]
        once = [part @ Z for part in weighted]
        twice = [weighted[q] @ WGZ[r] for q, r in ((0, 0), (0, 1), (1, 1))]
        cs, aS2 = c * S, a * S2
        trace = [np.vecdot(counts, cs), np.vecdot(counts, self._by_group(w, 1) - aS2)]
        squares = (cs * cs, c * c * S2, self._by_group(w * w, 1) - 2.0 * a * S3 + aS2 * aS2)
        trace2 = [np.vecdot(counts, square) for square in squares]
        if self.reml:
            A = [C @ part[:, 1:, 1:] for part in once]
            trace = [t - np.trace(part, axis1=1, axis2=2) for t, part in zip(trace, A, strict=True)]
            trace2 = [
                t
                - 2.0 * np.einsum("nrs,nsr->n", C, part[:, 1:, 1:])
                + np.einsum("nrs,nsr->n", A[q], A[r])
                for t, part, (q, r) in zip(trace2, twice, ((0, 0), (0, 1), (1, 1)), strict=True)
            ]
        score = 0.5 * np.array([part[:, 0, 0] - t for part, t in zip(once, trace, strict=True)])
        expected = 0.5 * np.array(trace2)
        quadratic = np.array([
            part[:, 0, 0] - np.einsum("nr,nrs,ns->n", once[q][:, 0, 1:], C, once[r][:, 0, 1:])
            for part, (q, r) in zip(twice, ((0, 0), (0, 1), (1, 1)), strict=True)
        ])  # fmt: skip
        return beta, C, loglik, score, expected, quadratic - expected
