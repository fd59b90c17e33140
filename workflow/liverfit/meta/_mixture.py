"""Mixtures of normals and the one-dimensional quadrature that yields their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

NODES = 16
PANELS = 48
# Mixture components lighter than this cannot change a double.
NEGLIGIBLE = 1e-18


@dataclass(frozen=True)
class Mixture:
    """Normals with `means` (n, m) and `sds` (n, m) of n quantities, mixed with weights (m,)."""

    weights: np.ndarray
    means: np.ndarray
    sds: np.ndarray

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """P(quantity < x), x (n,)."""
        return ndtr((x[:, None] - self.means) / self.sds) @ self.weights

    def quantile(self, p: float) -> np.ndarray:
        """The p-quantile of each quantity, by bisection to double precision."""
        low = (self.means - 40.0 * self.sds).min(axis=1)
        high = (self.means + 40.0 * self.sds).max(axis=1)
        for _ in range(200):
            middle = 0.5 * (low + high)
            below = self.cdf(middle) < p
            low, high = np.where(below, middle, low), np.where(below, high, middle)
            if (high - low <= 4e-16 * (np.abs(low) + np.abs(high))).all():
                break
        return 0.5 * (low + high)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Means and standard deviations."""
        mean = self.means @ self.weights
        square = self.sds**2 + (self.means - mean[:, None]) ** 2
        return mean, np.sqrt(square @ self.weights)

    def density(self, x: np.ndarray) -> np.ndarray:
        """Density at the points x of the first quantity."""
        z = (x[:, None] - self.means[0]) / self.sds[0]
        return (np.exp(-0.5 * z * z) / (self.sds[0] * np.sqrt(2.0 * np.pi))) @ self.weights


class Quadrature:
    """The posterior of tau on composite Gauss-Legendre panels that widen geometrically; the last
    one reaches to infinity through tau = last / t, or ends where the prior does."""

    def __init__(self, log_density: Callable[[np.ndarray], np.ndarray], smallest: float,
                 largest: float, end: float) -> None:  # fmt: skip
        self._log_density = log_density
        self.end = end
        last = min(end, largest)
        edges = np.geomspace(min(smallest, 1e-3 * last), last, PANELS)
        self.edges = np.concatenate([[0.0], edges])
        x, w = np.polynomial.legendre.leggauss(NODES)
        self._x, self._w = 0.5 * (x + 1.0), 0.5 * w
        width = np.diff(self.edges)[:, None]
        nodes, weights = self.edges[:-1, None] + width * self._x, width * self._w
        if end > last:
            t = self._x
            nodes = np.vstack([nodes, last / t])
            weights = np.vstack([weights, self._w * last / t**2])
        log_values = log_density(nodes.ravel()).reshape(nodes.shape)
        self.peak = float(log_values.max())
        mass = weights * np.exp(log_values - self.peak)
        self.total = float(mass.sum())
        self.log_integral = self.peak + float(np.log(self.total))
        self._panel_mass = mass.sum(axis=1) / self.total
        flat = (mass / self.total).ravel()
        keep = flat > NEGLIGIBLE
        self.nodes, self.weights = nodes.ravel()[keep], flat[keep]

    def density(self, tau: np.ndarray) -> np.ndarray:
        values = np.exp(self._log_density(np.maximum(tau, 0.0)) - self.log_integral)
        return np.where((tau >= 0) & (tau <= self.end), values, 0.0)

    def cdf(self, tau: float) -> float:
        if tau <= 0:
            return 0.0
        panel = int(np.searchsorted(self.edges, tau, side="right")) - 1
        below = float(self._panel_mass[:panel].sum())
        if panel >= len(self.edges) - 1:
            if len(self._panel_mass) < len(self.edges):
                return 1.0
            # Beyond the last edge: what is left lies between t = 0 and last / tau.
            t = self._x * self.edges[-1] / tau
            tail = self.density(self.edges[-1] / t) * self.edges[-1] / t**2
            return 1.0 - float(tail @ self._w) * self.edges[-1] / tau
        start = self.edges[panel]
        return below + float(
            self.density(start + (tau - start) * self._x) @ self._w * (tau - start)
        )

    def quantile(self, p: float) -> float:
        from scipy.optimize import brentq

        high = self.edges[-1]
        while self.cdf(high) < p:
            high *= 4.0
        return float(
            brentq(lambda t: self.cdf(t) - p, 0.0, high, xtol=1e-12 * self.edges[1], rtol=1e-13)
        )
