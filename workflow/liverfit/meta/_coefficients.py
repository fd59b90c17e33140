"""Estimated coefficients with their tests: what the results of all regression models share."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, nan
from typing import TYPE_CHECKING

import numpy as np

from ._inputs import coefficient_frame
from .distributions import (
    chi2_upper,
    f_upper,
    norm_critical,
    norm_two_sided,
    t_critical,
    t_two_sided,
)

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Coefficients:
    """coef, se, statistic, pvalue (p,) and ci (p, 2), by name."""

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray
    names: tuple[str, ...] = field(repr=False)

    def summary_frame(self) -> pd.DataFrame:
        """One row a coefficient: coef, se, statistic, pvalue, ci_lower, ci_upper."""
        columns = {"coef": self.coef, "se": self.se}
        columns |= {"statistic": self.statistic, "pvalue": self.pvalue}
        return coefficient_frame(self.names, columns, self.ci)


def critical(level: float, df: float) -> float:
    """Two-sided quantile of t with `df` degrees of freedom, of the normal where df is inf."""
    return norm_critical(level) if df == inf else t_critical(level, df)


def tested(coef: np.ndarray, se: np.ndarray, df: float, level: float) -> dict[str, np.ndarray]:
    """The fields of `Coefficients` but names, by t with `df` degrees of freedom or (inf) z."""
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = coef / se
    half = critical(level, df) * se
    return {
        "coef": coef,
        "se": se,
        "statistic": statistic,
        "pvalue": norm_two_sided(statistic) if df == inf else t_two_sided(statistic, df),
        "ci": np.array([coef - half, coef + half]).T,
    }


def wald(coef: np.ndarray, vcov: np.ndarray, df: float) -> tuple[float, int, float]:
    """Joint test that the coefficients are zero: statistic, their number, p-value.

    The statistic is F where `df` residual degrees of freedom are finite, else chi-squared; NaN
    without coefficients or where a variance is zero.
    """
    m = len(coef)
    if m == 0 or not (np.diagonal(vcov) > 0).all():
        return nan, m, nan
    if m == 1:
        statistic = float(coef[0] ** 2 / vcov[0, 0])
    else:
        statistic = float(coef @ np.linalg.solve(vcov, coef))
    if df == inf:
        return statistic, m, float(chi2_upper(statistic, m))
    return statistic / m, m, float(f_upper(statistic / m, m, df))
