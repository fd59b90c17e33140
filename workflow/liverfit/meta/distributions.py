"""Tail areas and quantiles of z, t, chi-squared and F from scipy.special.

scipy.stats would give the same numbers but takes a second and a half to import.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, chdtri, fdtrc, ndtr, ndtri, stdtr, stdtrit

LOG_2PI = float(np.log(2.0 * np.pi))


def norm_two_sided(z: ArrayLike) -> np.ndarray:
    """P(|Z| > |z|) of a standard normal Z."""
    return 2.0 * ndtr(-np.abs(z))


def norm_critical(level: float) -> float:
    """z with P(|Z| <= z) = level."""
    return float(-ndtri((1.0 - level) / 2.0))


def t_two_sided(t: ArrayLike, df: ArrayLike) -> np.ndarray:
    """P(|T| > |t|) of Student's t with df degrees of freedom; NaN where df <= 0."""
    return 2.0 * stdtr(df, -np.abs(t))


def t_critical(level: float, df: float) -> float:
    """t with P(|T| <= t) = level; NaN where df <= 0."""
    return float(-stdtrit(df, (1.0 - level) / 2.0)) if df > 0 else float("nan")


def chi2_upper(x: ArrayLike, df: ArrayLike) -> np.ndarray:
    """P(X > x) of a chi-squared X."""
    return chdtrc(df, x)


def chi2_quantile(p: ArrayLike, df: ArrayLike) -> np.ndarray:
    """x with P(X <= x) = p of a chi-squared X."""
    return chdtri(df, 1.0 - np.asarray(p))


def f_upper(x: ArrayLike, df1: ArrayLike, df2: ArrayLike) -> np.ndarray:
    """P(X > x) of an F-distributed X."""
    return fdtrc(df1, df2, x)
