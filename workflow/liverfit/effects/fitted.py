"""Mean and standard deviation of skewed variables from medians, quartiles and extremes.

McGrath et al. (2020, doi:10.1177/0962280219889080): quantile estimation and the Box–Cox method.
Both are deterministic here, and scale with the unit of the variable.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import gamma, gammaincinv, ndtri

from . import _check as check
from .quantiles import Summary, luo_mean, normal_sd, summary

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


class QuantileFit(NamedTuple):
    """Mean and standard deviation of the best-fitting family, and its name."""

    mean: Any
    sd: Any
    family: Any


class BoxCoxFit(NamedTuple):
    """Mean and standard deviation on the printed scale, and the Box–Cox power."""

    mean: Any
    sd: Any
    power: Any


def _least(objective: Callable[[float], float], grid: check.Array) -> tuple[float, float]:
    """Argument and value of the minimum: best grid point, then bounded refinement around it."""
    values = np.array([objective(x) for x in grid])
    best = int(np.argmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    found = minimize_scalar(
        objective, bounds=(low, high), method="bounded", options={"xatol": 1e-10}
    )
    if found.fun < values[best]:
        return float(found.x), float(found.fun)
    return float(grid[best]), float(values[best])


def _scale_family(
    standard: Callable[[float], check.Array], observed: check.Array, grid: check.Array
) -> tuple[float, float, float]:
    """Best log shape, its scale and the squared distance.

    `standard(log_shape)` are the quantiles at scale 1. Given the shape, the best scale is a
    regression through the origin, so that one dimension is left to search.
    """

    def scale(log_shape: float) -> tuple[float, check.Array]:
        basis = standard(log_shape)
        basis = basis / basis.max()
        return float(basis @ observed / (basis @ basis)), basis

    def distance(log_shape: float) -> float:
        size, basis = scale(log_shape)
        return float(np.sum((observed - size * basis) ** 2))

    best, value = _least(distance, grid)
    return best, scale(best)[0] / float(standard(best).max()), value


def _probabilities(kind: str, n: float) -> check.Array:
    quartiles = (0.25, 0.5, 0.75)
    if kind == "quartiles":
        return np.array(quartiles)
    return np.array([1 / n, *((0.5,) if kind == "range" else quartiles), 1 - 1 / n])


def _best_family(kind: str, n: float, *values: float) -> tuple[float, float, str]:
    """Mean, SD and name of the family nearest to the quantiles of one study."""
    p, x = _probabilities(kind, n), np.array(values)
    z = ndtri(p)
    mean, sd = float(x.mean()), float(z @ x / (z @ z))
    fits = [(float(np.sum((x - mean - sd * z) ** 2)), mean, sd, "normal")]
    unit = x[len(x) // 2]
    # the other families live on positive numbers only
    if x[0] < 0 or unit <= 0:
        return mean, sd, "normal"

    def fit(name: str, standard: Callable, moments: Callable, low: float, high: float) -> None:
        log_shape, scale, distance = _scale_family(
            standard, x / unit, np.linspace(np.log(low), np.log(high), 80)
        )
        m, s = moments(np.exp(log_shape))
        fits.append((distance * unit**2, scale * m * unit, scale * s * unit, name))

    fit("log-normal", lambda s: np.exp(np.exp(s) * z), _lognormal_moments, 1e-3, 10)
    fit("gamma", lambda s: gammaincinv(np.exp(s), p), lambda k: (k, np.sqrt(k)), 0.05, 1e5)
    fit("Weibull", lambda s: (-np.log1p(-p)) ** np.exp(-s), _weibull_moments, 0.05, 500)
    _, mean, sd, family = min(fits, key=lambda one: one[0])
    return float(mean), float(sd), family


def _lognormal_moments(sigma: float) -> tuple[float, float]:
    mean = np.exp(sigma**2 / 2)
    return mean, mean * np.sqrt(np.expm1(sigma**2))


def _weibull_moments(shape: float) -> tuple[float, float]:
    mean = gamma(1 + 1 / shape)
    return mean, np.sqrt(gamma(1 + 2 / shape) - mean**2)


def _given(s: Summary) -> list[check.Array]:
    return [v for v in (s.minimum, s.q1, s.median, s.q3, s.maximum) if v is not None]


def quantile_estimate(
    median: ArrayLike,
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> QuantileFit:
    """Mean and SD of the distribution whose quantiles lie nearest to the printed ones (QE).

    McGrath et al. (2020, doi:10.1177/0962280219889080): normal, log-normal, gamma
    and Weibull distributions are fitted by least squares between their quantiles and the printed
    ones (extremes as the quantiles at 1/n and 1 − 1/n); the nearest is taken. With a negative
    value only the normal is fitted. The paper's beta distribution, which exists for values
    between 0 and 1 only, is left out, so that the result does not depend on the unit.

    Parameters
    ----------
    median, n : array-likes of one shape, n ≥ 3.
    q1, q3, minimum, maximum : array-likes; either pair, or both.

    Returns
    -------
    QuantileFit : mean, sd, family.

    Raises
    ------
    ValueError : half a pair, values out of order, pair of zero width, n below 3.

    Examples
    --------
    The example of the authors' R package estmeansd, which prints 4.347284 and 1.502171:

    >>> fit = quantile_estimate(4, 100, minimum=2, maximum=9)
    >>> round(fit.mean, 3), round(fit.sd, 3), fit.family
    (4.347, 1.502, 'log-normal')
    """
    s = summary(n, median, q1, q3, minimum, maximum, least=3)
    return QuantileFit(*check.each(partial(_best_family, s.kind), s.n, *_given(s)))


def _transform(x: check.Array, power: float) -> check.Array:
    return np.log(x) if power == 0 else np.expm1(power * np.log(x)) / power


def _asymmetry(kind: str, x: check.Array, power: float) -> float:
    """Squared distance from 1 of the ratios of the upper to the lower half (McGrath 2020)."""
    y = _transform(x, power)
    mid = len(y) // 2
    pairs = [(0, -1)] if kind != "five" else [(1, 3), (0, 4)]
    return float(sum(((y[hi] - y[mid]) / (y[mid] - y[lo]) - 1) ** 2 for lo, hi in pairs))


def _box_cox_one(kind: str, n: float, *values: float) -> tuple[float, float, float]:
    unit = values[len(values) // 2]
    x = np.array(values) / unit
    # powers below 0 are taken for 0, as in the paper's software: such a law may lack a mean
    power, _ = _least(lambda a: _asymmetry(kind, x, a), np.linspace(0, 3, 61))
    names = {"range": ("minimum", "median", "maximum"), "quartiles": ("q1", "median", "q3")}
    fields = names.get(kind, ("minimum", "q1", "median", "q3", "maximum"))
    moved = Summary(kind, np.float64(n), *[None] * 5)._replace(
        **dict(zip(fields, _transform(x, power), strict=True))
    )
    mu, sigma = float(luo_mean(moved)), float(normal_sd(moved, "wan"))
    if power == 0:
        mean, sd = _lognormal_moments(sigma)
        return float(np.exp(mu) * mean * unit), float(np.exp(mu) * sd * unit), 0.0
    # the transformed variable ends at −1/power; cut the other side off alike
    half = min(mu + 1 / power, (12 + 2 * sigma) * sigma)
    y = mu + half * _NODES
    density = _WEIGHTS * np.exp(-0.5 * ((y - mu) / sigma) ** 2)
    density /= density.sum()
    back = np.maximum(power * y + 1, 0) ** (1 / power)
    mean = float(density @ back)
    return mean * unit, float(np.sqrt(density @ (back - mean) ** 2)) * unit, power


def box_cox_estimate(
    median: ArrayLike,
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> BoxCoxFit:
    """Mean and SD after the power transformation that makes the quantiles symmetric (BC).

    McGrath et al. (2020, doi:10.1177/0962280219889080): the Box–Cox power in [0, 3]
    that brings the halves around the median to equal length; mean (Luo 2018) and SD (Wan 2014) of
    the transformed variable; moments of the back-transformed one by quadrature, the normal law cut
    off where the transformation ends, and alike on the other side.

    Parameters
    ----------
    median, n : array-likes of one shape, n ≥ 3.
    q1, q3, minimum, maximum : array-likes above 0; either pair, or both.

    Returns
    -------
    BoxCoxFit : mean, sd, power (0 is the logarithm, 1 no transformation).

    Raises
    ------
    ValueError : a value at or below 0, a median that equals its neighbour, half a pair, values
        out of order, n below 3.

    Examples
    --------
    Quartiles 1, e, e² are symmetric as logarithms, so that this is the log-normal law with
    location 1 and scale σ = 1/Φ⁻¹(74.875/100.25) = 1.5044; its mean is exp(1 + σ²/2):

    >>> from math import e
    >>> fit = box_cox_estimate(e, 100, q1=1, q3=e**2)
    >>> round(fit.mean, 3), fit.power
    (8.429, 0.0)
    """
    s = summary(n, median, q1, q3, minimum, maximum, least=3)
    for name in ("minimum", "q1"):
        value = getattr(s, name)
        if value is not None:
            check.above(name, value, 0)
            check.require("median", s.median, s.median > value, f"above {name}")
    for name in ("q3", "maximum"):
        value = getattr(s, name)
        if value is not None:
            check.require(name, value, value > s.median, "above median")
    return BoxCoxFit(*check.each(partial(_box_cox_one, s.kind), s.n, *_given(s)))
