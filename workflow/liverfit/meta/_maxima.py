"""Where the likelihood of tau² may have more than one maximum, and which to look at.

With P as in `heterogeneity`, the score of tau² is (A - B) / 2, where A = y'PPy and B = tr P (REML)
or tr W (ML). Let C = y'PPPy and D = tr PP (REML) or tr WW (ML). In the eigenvectors of the
contrasts' covariance A, B, C and D are sums of powers of weights that all lie between the smallest
and the largest of 1 / (v + tau²). Jensen's inequality and the chord of a convex function then bound
A / B on either side of a root by polynomials: where these do not reach 1 there is no other root.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf, log
from typing import Any

import numpy as np

# The grid on which other maxima are looked for starts at this share of the smallest sampling
# variance, below which the score is all but linear, and goes on by this ratio. A term of the
# log-likelihood, as a function of log tau², cannot bend more sharply than that.
LOWEST, RATIO = 0.1, 1.6
# A maximum of k equal terms rises k log(RATIO)² / 16 at most above the nearest point; twice that.
RISE = log(RATIO) ** 2 / 8.0
# Log-likelihoods that differ by less are equal; of equal maxima the one found first stays.
TIE = 1e-10


def proof(ratio: Any, c: Any, m: Any, light: Any, heavy: Any, tau2: Any) -> tuple[Any, Any, Any]:
    """Whether there is no maximum above the stationary point `tau2`, and none below; and how far
    above it one can be at most. Numbers or arrays; sufficient, not necessary.

    ratio = A / B there (1, or less where tau2 = 0), c = C / A, m = D / B; `light` and `heavy` are
    the smallest and the largest of 1 / (v + tau2).
    """
    s, p, rest = light + heavy, light * heavy, light + heavy - c
    # Above: 1 - ratio + one x + ... > 0 for all x = tau² - tau2 > 0, a quartic ending in (p x²)².
    chord = s * rest - p
    one = 2.0 * s - ratio * (2.0 * rest + m)
    two = s * s + 2.0 * p - ratio * (chord + 2.0 * rest * m)
    three = 2.0 * s * p - ratio * m * chord
    above = ((two >= 0.0) & ((three >= 0.0) | (three * three <= 4.0 * two * p * p))) | (
        (three >= 0.0) & (two * two <= 4.0 * one * three)
    )
    above &= (ratio <= 1.0) & (one >= 0.0)
    # Below: a quadratic in x = tau2 - tau², positive on (0, tau2].
    first, second, third = 2.0 * c - m, p - c * c - 2.0 * c * (s - m), c * c * (s - m)
    below = (first > 0.0) & (
        (second >= 0.0)
        | (second * second < 4.0 * first * third)
        | ((-second > 2.0 * third * tau2) & (first + (second + third * tau2) * tau2 > 0.0))
    )
    # A falls at least as the square of 1 + light x, B at most as 1 + m x.
    return above, below | (tau2 == 0.0), (m - 2.0 * light) / (light * light)


def grid_points(lower: float, upper: float, smallest: float) -> np.ndarray:
    """tau² from `lower` to beyond `upper`, and one point more; `smallest` sampling variance."""
    base = RATIO * lower if lower > 0.0 else LOWEST * smallest
    steps = ceil(log(max(upper / base, 1.0)) / log(RATIO))
    points: np.ndarray = base * RATIO ** np.arange(-1.0, steps + 2)
    points[0] = lower
    return points


def other_peaks(
    points: np.ndarray, values: np.ndarray, found: float, at_found: float, k: int
) -> Iterator[tuple[float, float, float]]:
    """The grid points at which a maximum other than `found` may be higher, between the neighbours
    that enclose it; `values` are log-likelihoods at all points but the last."""
    tau2, value = [0.0, *points.tolist()], [-inf, *values.tolist(), -inf]
    for j in range(1, len(value) - 1):
        if value[j - 1] <= value[j] >= value[j + 1] and value[j] > at_found - k * RISE:
            known = found < tau2[j + 1] and (j == 1 or found > tau2[j - 1])
            if not known:
                yield tau2[j - 1], tau2[j], tau2[j + 1]


@dataclass(frozen=True)
class Grids:
    """`grid_points` of many columns: lower, base (n,) and the number of points without the last."""

    lower: np.ndarray
    base: np.ndarray
    size: np.ndarray

    @classmethod
    def between(cls, lower: np.ndarray, upper: np.ndarray, smallest: np.ndarray) -> Grids:
        """As `grid_points`."""
        base = np.where(lower > 0.0, RATIO * lower, LOWEST * smallest)
        steps = np.ceil(np.log(np.maximum(upper / base, 1.0)) / log(RATIO))
        return cls(lower, base, 2 + steps.astype(int))

    def point(self, j: Any) -> np.ndarray:
        """Point j = 0, 1, ... of each column."""
        return np.where(j > 0, self.base * RATIO ** (j - 1.0), self.lower)

    def take(self, columns: np.ndarray) -> Grids:
        """These columns."""
        return Grids(self.lower[columns], self.base[columns], self.size[columns])

    def other_peaks(
        self, values: np.ndarray, found: np.ndarray, at_found: np.ndarray, k: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """`other_peaks` as points and columns; values (G, n), -inf beyond a column's last."""
        padded = np.full((len(values) + 2, values.shape[1]), -np.inf)
        padded[1:-1] = values
        peak = (values >= padded[:-2]) & (values >= padded[2:]) & (values > at_found - k * RISE)
        j, column = np.nonzero(peak)
        grids, found = self.take(column), found[column]
        known = (found < grids.point(j + 1)) & ((j == 0) | (found > grids.point(j - 1)))
        return j[~known], column[~known]
