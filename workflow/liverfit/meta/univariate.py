"""Random-effects and mixed-effects (meta-regression) models of independent effects."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, nan, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from ._coefficients import Coefficients, critical, tested, wald
from ._profile import Weighted, loglik
from .distributions import chi2_upper
from .errors import StatisticalWarning
from .heterogeneity import METHODS, estimate_tau2, q_profile

if TYPE_CHECKING:
    import pandas as pd

TESTS = ("z", "knha")


@dataclass(frozen=True)
class Core:
    """The estimates alone, without tests: what leave-one-out and permutations repeat."""

    tau2: float
    beta: np.ndarray
    vcov: np.ndarray
    s2w: float
    fit: Weighted


def fit_core(y: np.ndarray, v: np.ndarray, X: np.ndarray, method: str, knha: bool) -> Core:
    """tau², coefficients and their covariance from validated input."""
    k, p = X.shape
    tau2 = estimate_tau2(y, v, X, method) if k > p else 0.0
    fit = Weighted(y, 1.0 / (v + tau2), X)
    s2w = 1.0
    if knha and k > p:
        # Rounding leaves a residual sum of about 1e-30 when all effects agree exactly.
        s2w = fit.rss / (k - p) if fit.rss > np.finfo(float).eps else 0.0
    return Core(tau2, fit.beta, fit.bread * s2w, s2w, fit)


@dataclass(frozen=True)
class Prediction:
    """Predicted mean effects with confidence and prediction intervals, arrays (n,) and (n, 2)."""

    estimate: np.ndarray
    se: np.ndarray
    ci: np.ndarray
    prediction_interval: np.ndarray

    def summary_frame(self) -> pd.DataFrame:
        """One row a prediction."""
        import pandas as pd

        columns = [self.estimate, self.se, *self.ci.T, *self.prediction_interval.T]
        names = ["estimate", "se", "ci_lower", "ci_upper", "pi_lower", "pi_upper"]
        return pd.DataFrame(dict(zip(names, columns, strict=True)))


@dataclass(frozen=True)
class RandomEffectsResult(Coefficients):
    """A fitted model; all definitions are metafor's.

    Attributes
    ----------
    coef, se, statistic, pvalue : (p,) arrays, the constant first
    ci : (p, 2) array; vcov : (p, p) array
    tau2, tau : variance and standard deviation of the true effects (residual with moderators)
    i2 : percent of the total variance that is due to tau2; h2 : total over sampling variance.
        Both compare tau2 with the typical sampling variance (k - p) / tr(P); for EE they come
        from Q.
    q, q_df, q_pvalue : (residual) heterogeneity test with weights 1/vi
    qm, qm_df, qm_pvalue : test of the moderators (of the mean when there are none);
        chi-squared with test="z", F with test="knha"
    loglik : restricted when method="REML", ordinary otherwise
    prediction_interval : (lower, upper) of a new study's true effect, t with k - p degrees of
        freedom for test="knha", else normal; None with moderators (use predict())
    tau2_ci : Q-profile interval, whatever the estimator
    r2 : percent of tau2 explained by the moderators (adjusted R² for EE); None without
        moderators or constant
    k, p, df : studies, coefficients and the degrees of freedom of the t tests (inf for z)
    test : the test used; "z" when there were no residual degrees of freedom for "knha"
    weights : (k,) percent, sum 100
    names : names of the coefficients
    """

    vcov: np.ndarray = field(repr=False)
    tau2: float
    i2: float
    h2: float
    q: float
    q_df: int
    q_pvalue: float
    qm: float
    qm_df: tuple[int, float]
    qm_pvalue: float
    loglik: float
    prediction_interval: tuple[float, float] | None
    k: int
    p: int
    df: float
    method: str
    test: str
    level: float
    intercept: bool
    weights: np.ndarray = field(repr=False)
    yi: np.ndarray = field(repr=False)
    vi: np.ndarray = field(repr=False)
    design: np.ndarray = field(repr=False)

    @property
    def tau(self) -> float:
        """Standard deviation of the true effects."""
        return sqrt(self.tau2)

    @cached_property
    def tau2_ci(self) -> tuple[float, float]:
        """Q-profile interval of tau² (Viechtbauer 2007, doi:10.1002/sim.2514)."""
        return q_profile(self.yi, self.vi, self.design, self.level)

    @cached_property
    def r2(self) -> float | None:
        """Percent of tau² explained (Raudenbush 2009, equation 16.31); see the class."""
        if not self.intercept or self.p < 2:
            return None
        ones = np.ones((self.k, 1))
        if self.method == "EE":
            total = Weighted(self.yi, 1.0 / self.vi, ones).rss
            if total == 0.0 or self.k == self.p:
                return 0.0 if total == 0.0 else nan
            left = self.q / total * (self.k - 1) / (self.k - self.p)
            return max(0.0, 100.0 * (1.0 - left))
        alone = estimate_tau2(self.yi, self.vi, ones, self.method)
        return max(0.0, 100.0 * (alone - self.tau2) / alone) if alone > 0 else 0.0

    def predict(self, mods: Any = None) -> Prediction:
        """Mean effect at each row of `mods` (n, p without the constant), with both intervals.

        Without moderators, call it without argument. Raises ValueError for a wrong shape.
        """
        X = np.ones((1, 1)) if mods is None else np.asarray(mods, dtype=float)
        if mods is not None:
            width = self.p - int(self.intercept)
            X = X.reshape(-1, width) if X.ndim < 2 else X
            X = np.column_stack([np.ones(len(X)), X]) if self.intercept else X
        if X.shape[1] != self.p or not np.isfinite(X).all():
            raise ValueError(f"mods must be finite with columns {self.names}, got {X.shape}")
        estimate = X @ self.coef
        variance = np.einsum("np,pq,nq->n", X, self.vcov, X)
        quantile = critical(self.level, self.df)
        half, wide = quantile * np.sqrt(variance), quantile * np.sqrt(variance + self.tau2)
        return Prediction(
            estimate,
            np.sqrt(variance),
            np.column_stack([estimate - half, estimate + half]),
            np.column_stack([estimate - wide, estimate + wide]),
        )

    def influence(self) -> pd.DataFrame:
        """Deletion diagnostics, one row a study; see `meta.influence`."""
        from .diagnostics import influence

        return influence(self)

    def leave_one_out(self) -> pd.DataFrame:
        """The model refitted without each study in turn; see `meta.leave_one_out`."""
        from .diagnostics import leave_one_out

        return leave_one_out(self)


def random_effects(
    yi: Any,
    vi: Any,
    mods: Any = None,
    method: str = "REML",
    test: str = "knha",
    level: float = 0.95,
    intercept: bool = True,
) -> RandomEffectsResult:
    """Mean effect, or meta-regression, allowing the true effects to differ between studies.

    Parameters
    ----------
    yi, vi : array_like (k,)
        Independent effects and their sampling variances, in the unit of the effect and its
        square.
    mods : array_like (k,) or (k, p), optional
        Moderators without the constant column; column names of a data frame are kept.
    method : {"EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM"}
        Estimator of tau² (module `heterogeneity` gives the sources).
    test : {"z", "knha"}
        Normal tests, or the Hartung-Knapp-Sidik-Jonkman variance with t tests on k - p degrees
        of freedom: Knapp & Hartung (2003) doi:10.1002/sim.1482, equation 6.
    level : float
        Of the confidence and prediction intervals.
    intercept : bool
        Add the constant column.

    Returns
    -------
    RandomEffectsResult

    Raises
    ------
    ValueError
        For a value that is not finite or a variance that is not positive (naming its index), an
        unknown method or test, or more coefficients than effects can estimate.
    SingularModelError
        For a redundant moderator, naming it.
    ConvergenceError
        When tau² could not be found.

    Warns
    -----
    StatisticalWarning
        When test="knha" has no residual degrees of freedom (k = 1; normal tests are used), when
        its standard error collapses to zero because all effects agree, or when it is combined
        with method="EE".

    Notes
    -----
    Definitions are those of metafor: Viechtbauer (2010) doi:10.18637/jss.v036.i03.

    Examples
    --------
    Log relative risks of tuberculosis after BCG vaccination in 13 trials, with the latitude of
    each as moderator (Colditz et al. 1994, doi:10.1001/jama.1994.03510330076038):

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209,
    ...       0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230,
    ...       0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    >>> fit = meta.random_effects(yi, vi, test="z")
    >>> print(f"{fit.coef[0]:.3f} ({fit.ci[0, 0]:.3f}, {fit.ci[0, 1]:.3f}), tau2 {fit.tau2:.3f}")
    -0.715 (-1.067, -0.362), tau2 0.313
    >>> latitude = [44, 55, 42, 52, 13, 44, 19, 13, 27, 42, 18, 33, 33]
    >>> fit = meta.random_effects(yi, vi, latitude, test="z")
    >>> print(f"{fit.coef[1]:.4f} per degree, R2 {fit.r2:.1f} %")
    -0.0291 per degree, R2 75.6 %
    """
    y, v = check.effects_and_variances(yi, vi)
    method, test = check.one_of(method, METHODS, "method"), check.one_of(test, TESTS, "test")
    level = check.level_in_unit(level)
    X, names = check.design(mods, len(y), intercept)
    k, p = X.shape
    if k == p and k > 1 and method != "EE":
        raise ValueError(f"{p} coefficients and tau² cannot be estimated from {k} effects")
    if test == "knha" and k == p:
        _warn(f'test="knha" needs more effects than coefficients; test="z" is used for k = {k}')
        test = "z"
    core = fit_core(y, v, X, method, test == "knha")
    if test == "knha":
        _warn_about_knapp_hartung(core.s2w, method)
    return _result(y, v, X, core, method, test, level, intercept, names)


def refit(y: np.ndarray, v: np.ndarray, mods: Any = None, **options: Any) -> RandomEffectsResult:
    """`random_effects` without its warnings, for models whose degeneracy is not the subject."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StatisticalWarning)
        return random_effects(y, v, mods, **options)


def _warn(message: str) -> None:
    warnings.warn(message, StatisticalWarning, stacklevel=3)


def _warn_about_knapp_hartung(s2w: float, method: str) -> None:
    if method == "EE":
        warnings.warn(
            'test="knha" is not meant for method="EE", whose model has no heterogeneity',
            StatisticalWarning,
            stacklevel=3,
        )
    # A factor below 1e-6 on the standard error: the effects agree to within rounding.
    if s2w < 1e-12:
        warnings.warn(
            "the effects agree (almost) exactly, so the Knapp-Hartung standard error is zero; "
            'use test="z" for these data',
            StatisticalWarning,
            stacklevel=3,
        )


def _result(
    y: np.ndarray,
    v: np.ndarray,
    X: np.ndarray,
    core: Core,
    method: str,
    test: str,
    level: float,
    intercept: bool,
    names: tuple[str, ...],
) -> RandomEffectsResult:
    k, p = X.shape
    tau2, beta = core.tau2, core.beta
    df = float(k - p) if test == "knha" else inf
    q, i2, h2 = _heterogeneity(y, v, X, tau2, method)
    # All moderators, or the constant when it is alone.
    first = slice(1 if intercept and p > 1 else 0, None)
    qm, tested_count, qm_pvalue = wald(beta[first], core.vcov[first, first], df)
    interval = None
    if p == 1 and names == ("intercept",):
        wide = critical(level, df) * sqrt(core.vcov[0, 0] + tau2)
        interval = (float(beta[0]) - wide, float(beta[0]) + wide)
    return RandomEffectsResult(
        **tested(beta, np.sqrt(core.vcov.diagonal()), df, level),
        vcov=core.vcov,
        tau2=tau2,
        i2=i2,
        h2=h2,
        q=q,
        q_df=k - p,
        q_pvalue=float(chi2_upper(q, k - p)) if k > p else 1.0,
        qm=qm,
        qm_df=(tested_count, df),
        qm_pvalue=qm_pvalue,
        loglik=loglik(y, v, X, tau2, method),
        prediction_interval=interval,
        k=k,
        p=p,
        df=df,
        method=method,
        test=test,
        level=level,
        intercept=intercept,
        names=names,
        weights=core.fit.w * (100.0 / core.fit.w.sum()),
        yi=y,
        vi=v,
        design=X,
    )


def _heterogeneity(
    y: np.ndarray, v: np.ndarray, X: np.ndarray, tau2: float, method: str
) -> tuple[float, float, float]:
    """Q, I² (percent) and H²: Higgins & Thompson (2002) doi:10.1002/sim.1186."""
    k, p = X.shape
    if k == p:
        return 0.0, 0.0, 1.0
    fixed = Weighted(y, 1.0 / v, X)
    q, df = fixed.rss, k - p
    if method == "EE":
        return q, max(0.0, 100.0 * (q - df) / q) if q > 0 else 0.0, q / df
    typical = df / fixed.trace_p(X)
    return q, 100.0 * tau2 / (typical + tau2), tau2 / typical + 1.0
