"""Power of a meta-analysis to detect a mean effect."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import chdtr, chdtri, nctdtr, ndtr

from . import _validate as check
from .distributions import norm_critical, t_critical
from .univariate import TESTS

if TYPE_CHECKING:
    import pandas as pd

FAR = 7.0  # ndtr(-7) is 1e-12
NODES = 80
ALTERNATIVES = ("two-sided", "less", "greater")


@dataclass(frozen=True)
class PowerResult:
    """Power of a planned meta-analysis.

    Attributes
    ----------
    effect, power : arrays of one shape; power is the probability of p < alpha
    se : standard error of the mean effect that the design implies
    detectable : smallest absolute effect that is found with probability `target`
    """

    effect: np.ndarray
    power: np.ndarray
    se: float
    detectable: float
    target: float
    k: int
    tau2: float
    alpha: float
    test: str
    alternative: str

    def summary_frame(self) -> pd.DataFrame:
        """One row an effect: effect, power."""
        import pandas as pd

        return pd.DataFrame({"effect": np.ravel(self.effect), "power": np.ravel(self.power)})


def power(
    effect: Any,
    vi: Any,
    tau2: float = 0.0,
    k: int | None = None,
    alpha: float = 0.05,
    test: str = "z",
    alternative: str = "two-sided",
    target: float = 0.8,
    floor: bool = False,
) -> PowerResult:
    """Probability that a random-effects meta-analysis finds a given mean effect.

    Parameters
    ----------
    effect : float or array_like
        True mean effects.
    vi : float or array_like (k,)
        Sampling variances of the studies; one number stands for `k` studies alike.
    tau2 : float
        Variance of the true effects, taken as known.
    k : int, optional
        Number of studies when vi is one number.
    alpha, test, alternative
        The test: normal, or t with k - 1 degrees of freedom for "knha" (a non-central t
        approximation, which takes the Hartung-Knapp variance as a scaled chi-squared variable).
    target : float
        Power at which `detectable` is computed.
    floor : bool
        With "knha": the test never uses a standard error below that of the normal test, which
        has less power (Röver, Knapp & Friede 2015, doi:10.1186/s12874-015-0091-1).

    Returns
    -------
    PowerResult

    Raises
    ------
    ValueError
        For a missing or contradictory k, variances that are not positive (naming the index), a
        negative tau2, test="knha" with one study, or a floor without test="knha".

    Notes
    -----
    Sources: Hedges & Pigott (2001) doi:10.1037/1082-989X.6.3.203, equations 9 to 12 and 20;
    Jackson & Turner (2017) doi:10.1002/jrsm.1240.

    Examples
    --------
    Ten studies with 25 in each of two arms, a standardised difference of 0.2, no heterogeneity:

    >>> from liverfit import meta
    >>> plan = meta.power(0.2, 50 / 625 + 0.2**2 / 100, k=10)
    >>> round(float(plan.power), 2), round(plan.detectable, 2)
    (0.61, 0.25)
    """
    v = np.asarray(vi, dtype=float)
    if v.ndim == 0:
        if k is None or k < 1:
            raise ValueError("give k, the number of studies, when vi is one number")
        v = np.full(int(k), float(v))
    elif k is not None and k != v.size:
        raise ValueError(f"k is {k} but vi has {v.size} values")
    _, v = check.effects_and_variances(np.zeros(v.shape), v)
    if not (np.isfinite(tau2) and tau2 >= 0):
        raise ValueError(f"tau2 must be at least zero, not {tau2}")
    check.one_of(test, TESTS, "test")
    check.one_of(alternative, ALTERNATIVES, "alternative")
    check.level_in_unit(1.0 - alpha)
    check.level_in_unit(target)
    if test == "knha" and v.size < 2:
        raise ValueError('test="knha" needs at least two studies')
    if floor and test != "knha":
        raise ValueError('floor is of test="knha"')
    truth = np.asarray(effect, dtype=float)
    se = 1.0 / sqrt(float((1.0 / (v + tau2)).sum()))
    df = v.size - 1 if test == "knha" else None
    return PowerResult(
        effect=truth,
        power=_power(truth / se, alpha, df, alternative, floor),
        se=se,
        detectable=se * _detectable(target, alpha, df, alternative, floor),
        target=target,
        k=v.size,
        tau2=float(tau2),
        alpha=alpha,
        test=test,
        alternative=alternative,
    )


def _power(
    ncp: np.ndarray, alpha: float, df: int | None, alternative: str, floor: bool
) -> np.ndarray:
    """P(rejection) when the statistic is centred at ncp."""
    level = 1.0 - alpha if alternative == "two-sided" else 1.0 - 2.0 * alpha
    cut = norm_critical(level) if df is None else t_critical(level, df)

    def below(c: float, shift: np.ndarray) -> np.ndarray:
        if df is None:
            return ndtr(c - shift)
        if floor:
            return _below_with_floor(c, shift, df)
        # Below c <= 0 there is at most ndtr(-shift), and SciPy gives NaN that far out.
        far = np.asarray(shift) > FAR
        return np.where(far, 0.0, nctdtr(df, np.where(far, 0.0, shift), c))

    if alternative == "greater":
        return below(-cut, -ncp)
    if alternative == "less":
        return below(-cut, ncp)
    return below(-cut, ncp) + below(-cut, -ncp)


def _below_with_floor(c: float, shift: np.ndarray, df: int) -> np.ndarray:
    """P((Z + shift) / max(1, S) < c) for a normal Z and df S² chi-squared, by quadrature.

    Where S < 1 the divisor is 1; beyond, the integral runs over the probability of S.
    """
    start = float(chdtr(df, df))
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    # Squared, the distance to the end of the tail makes the quantile smooth there.
    tail = (0.5 * (1.0 + nodes)) ** 2 * (1.0 - start)
    weights = weights * 0.5 * (1.0 + nodes) * (1.0 - start)
    s = np.sqrt(chdtri(df, tail) / df)
    inside = start * ndtr(c - shift)
    return np.asarray(inside + ndtr(c * s - np.asarray(shift)[..., None]) @ weights)


def _detectable(
    target: float, alpha: float, df: int | None, alternative: str, floor: bool
) -> float:
    from scipy.optimize import brentq

    sign = -1.0 if alternative == "less" else 1.0
    if target <= alpha:
        return 0.0

    def gap(ncp: float) -> float:
        return float(_power(np.asarray(sign * ncp), alpha, df, alternative, floor)) - target

    high = 1.0
    while gap(high) < 0:
        high *= 2.0
    return float(brentq(gap, 0.0, high))
