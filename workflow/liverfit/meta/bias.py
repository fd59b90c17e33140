"""Small-study effects by regression and rank correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from .errors import SingularModelError
from .heterogeneity import METHODS
from .univariate import TESTS, RandomEffectsResult, random_effects, refit

if TYPE_CHECKING:
    import pandas as pd

MODELS = ("lm", "rma")
LEAST_SPREAD = 1e-4  # of standard errors, as a share of the largest


@dataclass(frozen=True)
class EggerResult:
    """Regression test of funnel asymmetry.

    Attributes
    ----------
    statistic, pvalue, df : t (or z, then df is inf) test of the slope on the standard error
    slope, slope_se : that coefficient
    limit, limit_ci : the estimate for a standard error of zero, and its interval
    """

    statistic: float
    pvalue: float
    df: float
    slope: float
    slope_se: float
    limit: float
    limit_ci: tuple[float, float]
    model: str
    level: float

    def summary_frame(self) -> pd.DataFrame:
        """One row."""
        import pandas as pd

        names = ("statistic", "pvalue", "df", "slope", "slope_se", "limit")
        values = {name: [getattr(self, name)] for name in names}
        lower, upper = self.limit_ci
        return pd.DataFrame({**values, "limit_ci_lower": [lower], "limit_ci_upper": [upper]})


@dataclass(frozen=True)
class RankTestResult:
    """Rank correlation test: statistic is Kendall's tau; exact says how pvalue was found."""

    statistic: float
    pvalue: float
    exact: bool
    k: int

    @property
    def tau(self) -> float:
        """Kendall's tau, the statistic."""
        return self.statistic

    def summary_frame(self) -> pd.DataFrame:
        """One row."""
        import pandas as pd

        return pd.DataFrame(
            {"statistic": [self.statistic], "pvalue": [self.pvalue], "exact": [self.exact]}
        )


@dataclass(frozen=True)
class PetPeeseResult:
    """Both regressions and the one the conditional rule selects.

    Attributes
    ----------
    coef, se, pvalue (1,), ci (1, 2) : the selected estimate for a standard error of zero
    selected : "PET" or "PEESE"
    pet, peese : RandomEffectsResult, their first coefficient being that estimate
    """

    coef: np.ndarray
    se: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray
    selected: str
    pet: RandomEffectsResult
    peese: RandomEffectsResult

    def summary_frame(self) -> pd.DataFrame:
        """One row each for PET and PEESE, with a column saying which was selected."""
        import pandas as pd

        parts = [self.pet.summary_frame().iloc[:1], self.peese.summary_frame().iloc[:1]]
        table = pd.concat(parts).set_axis(pd.Index(["PET", "PEESE"], name="model"))
        return table.assign(selected=table.index == self.selected)


def _regress(
    y: np.ndarray, v: np.ndarray, x: np.ndarray, model: str, method: str, test: str, level: float
) -> RandomEffectsResult:
    """yi on one predictor: least squares with weights 1/vi, or a mixed-effects model."""
    if len(y) < 3:
        raise ValueError(f"a regression on precision needs at least three studies, got {len(y)}")
    if np.ptp(x) < LEAST_SPREAD * x.max():
        raise SingularModelError(
            "all variances are equal but for rounding, so that nothing can be regressed on them"
        )
    if model == "rma":
        return random_effects(y, v, x, method, test, level)
    # Weighted least squares with an estimated scale is the equal-effects model with the
    # Knapp-Hartung factor, so the warning about that combination is out of place here.
    return refit(y, v, x, method="EE", test="knha", level=level)


def egger_test(
    yi: Any,
    vi: Any,
    model: str = "lm",
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> EggerResult:
    """Does the effect depend on its standard error (funnel asymmetry)?

    Parameters
    ----------
    yi, vi : array_like (k,), k >= 3
        Effects and sampling variances.
    model : {"lm", "rma"}
        "lm": least squares of yi on sqrt(vi) with weights 1/vi, t test with k - 2 degrees of
        freedom; this slope is the intercept of the original regression of yi/se on 1/se.
        "rma": mixed-effects meta-regression with `method` and `test` of `random_effects`
        (metafor's default, a normal test).

    Returns
    -------
    EggerResult

    Raises
    ------
    ValueError
        As `random_effects`, and for fewer than three studies or variances that are equal but for
        rounding (the predictor is then constant).

    Notes
    -----
    Sources: Egger et al. (1997) doi:10.1136/bmj.315.7109.629; Sterne & Egger (2005)
    doi:10.1002/0470870168.ch6.

    Examples
    --------
    BCG trials:

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209,
    ...       0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230,
    ...       0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    >>> test = meta.egger_test(yi, vi)
    >>> round(test.statistic, 2), round(test.pvalue, 2)
    (-1.39, 0.19)
    """
    y, v = check.effects_and_variances(yi, vi)
    model = check.one_of(model, MODELS, "model")
    check.one_of(method, METHODS, "method")
    check.one_of(test, TESTS, "test")
    fit = _regress(y, v, np.sqrt(v), model, method, test, level)
    return EggerResult(
        statistic=float(fit.statistic[1]),
        pvalue=float(fit.pvalue[1]),
        df=fit.df,
        slope=float(fit.coef[1]),
        slope_se=float(fit.se[1]),
        limit=float(fit.coef[0]),
        limit_ci=(float(fit.ci[0, 0]), float(fit.ci[0, 1])),
        model=model,
        level=fit.level,
    )


def rank_test(yi: Any, vi: Any) -> RankTestResult:
    """Kendall's correlation between standardised effects and their variances.

    Parameters
    ----------
    yi, vi : array_like (k,), k >= 2
        Effects and sampling variances.

    Returns
    -------
    RankTestResult
        The p-value is exact without ties, else from the normal approximation with the tie
        correction (as R's cor.test).

    Raises
    ------
    ValueError
        As `random_effects`, and for a single study.

    Notes
    -----
    Source: Begg & Mazumdar (1994) doi:10.2307/2533446.

    Examples
    --------
    >>> from liverfit import meta
    >>> test = meta.rank_test([-0.8893, -1.5854, -1.3481, -1.4416], [0.3256, 0.1946, 0.4154, 0.02])
    >>> round(test.statistic, 3), round(test.pvalue, 3)
    (0.333, 0.75)
    """
    from scipy.stats import kendalltau

    y, v = check.effects_and_variances(yi, vi)
    if len(y) < 2:
        raise ValueError("rank_test needs at least two studies")
    w = 1.0 / v
    pooled = float(w @ y) / float(w.sum())
    standardised = (y - pooled) / np.sqrt(v - 1.0 / w.sum())
    exact = len(np.unique(standardised)) == len(y) == len(np.unique(v))
    found = kendalltau(standardised, v, method="exact" if exact else "asymptotic")
    return RankTestResult(float(found.statistic), float(found.pvalue), exact, len(y))


def pet_peese(
    yi: Any,
    vi: Any,
    model: str = "lm",
    alpha: float = 0.10,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> PetPeeseResult:
    """The effect of an infinitely precise study, by regression on precision.

    PET regresses yi on the standard error, PEESE on the variance. When the intercept of PET
    differs from zero (two-sided p < alpha, that is one-sided p < 0.05 by default), PEESE is
    selected, otherwise PET.

    Parameters
    ----------
    yi, vi : array_like (k,), k >= 3
        Effects and sampling variances.
    model : {"lm", "rma"}
        Weighted least squares as published, or mixed-effects models with `method` and `test`.
    alpha : float
        Two-sided level of the selecting test.

    Returns
    -------
    PetPeeseResult

    Raises
    ------
    ValueError
        As `egger_test`.

    Notes
    -----
    Source: Stanley & Doucouliagos (2014) doi:10.1002/jrsm.1095, sections 2 and 3.

    Examples
    --------
    BCG trials:

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209,
    ...       0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230,
    ...       0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    >>> fit = meta.pet_peese(yi, vi)
    >>> fit.selected, round(float(fit.coef[0]), 3)
    ('PET', -0.194)
    """
    y, v = check.effects_and_variances(yi, vi)
    model = check.one_of(model, MODELS, "model")
    pet = _regress(y, v, np.sqrt(v), model, method, test, level)
    peese = _regress(y, v, v, model, method, test, level)
    selected, fit = ("PEESE", peese) if pet.pvalue[0] < alpha else ("PET", pet)
    return PetPeeseResult(
        coef=fit.coef[:1],
        se=fit.se[:1],
        pvalue=fit.pvalue[:1],
        ci=fit.ci[:1],
        selected=selected,
        pet=pet,
        peese=peese,
    )
