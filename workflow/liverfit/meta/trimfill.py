"""Trim and fill: studies that a symmetric funnel would have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from .errors import ConvergenceError, SingularModelError
from .heterogeneity import METHODS
from .univariate import TESTS, RandomEffectsResult, fit_core, random_effects, refit

if TYPE_CHECKING:
    import pandas as pd

ESTIMATORS = ("L0", "R0")
MAX_ROUNDS = 100


@dataclass(frozen=True)
class TrimAndFillResult:
    """The model with the filled studies.

    Attributes
    ----------
    k0, k0_se : number of missing studies and its standard error
    side : where they are missing, "left" or "right"
    coef, se, pvalue (1,), ci (1, 2), tau2 : estimates with the filled studies
    filled_yi, filled_vi : (k0,) the filled studies, on the scale of yi
    fit : the whole RandomEffectsResult
    """

    k0: int
    k0_se: float
    side: str
    estimator: str
    coef: np.ndarray
    se: np.ndarray
    ci: np.ndarray
    pvalue: np.ndarray
    tau2: float
    filled_yi: np.ndarray = field(repr=False)
    filled_vi: np.ndarray = field(repr=False)
    fit: RandomEffectsResult = field(repr=False)

    def summary_frame(self) -> pd.DataFrame:
        """One row: the estimate with filled studies, k0 and side."""
        return self.fit.summary_frame().assign(k0=self.k0, k0_se=self.k0_se, side=self.side)


def trim_and_fill(
    yi: Any,
    vi: Any,
    estimator: str = "L0",
    side: str | None = None,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
) -> TrimAndFillResult:
    """Estimate how many studies a symmetric funnel lacks, and the mean with them filled in.

    A sensitivity analysis of funnel asymmetry, not a correction for publication bias.

    Parameters
    ----------
    yi, vi : array_like (k,), k >= 2
        Effects and sampling variances.
    estimator : {"L0", "R0"}
        Estimator of the number of missing studies.
    side : {"left", "right"}, optional
        Where studies are missing; None takes "right" when the regression of yi on its standard
        error has a negative slope, else "left".
    method, test, level
        Of the model, as in `random_effects`; the default is a normal test, as metafor's.

    Returns
    -------
    TrimAndFillResult

    Raises
    ------
    ValueError
        As `random_effects`; also for one study, and when `side` cannot be chosen from the data.
    ConvergenceError
        When the number of trimmed studies does not settle.

    Notes
    -----
    Source: Duval & Tweedie (2000) doi:10.1111/j.0006-341X.2000.00455.x, section 4.

    Examples
    --------
    BCG trials:

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209,
    ...       0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230,
    ...       0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    >>> fit = meta.trim_and_fill(yi, vi)
    >>> fit.k0, fit.side, round(float(fit.coef[0]), 3)
    (1, 'right', -0.657)
    """
    y, v = check.effects_and_variances(yi, vi)
    check.one_of(estimator, ESTIMATORS, "estimator")
    check.one_of(method, METHODS, "method")
    check.one_of(test, TESTS, "test")
    if len(y) < 2:
        raise ValueError("trim_and_fill needs at least two studies")
    side = _side(y, v, method) if side is None else check.one_of(side, ("left", "right"), "side")
    sign = -1.0 if side == "right" else 1.0
    order = np.argsort(sign * y, kind="stable")
    ordered, variances = sign * y[order], v[order]
    k0, k0_se, center = _missing(ordered, variances, estimator, method)
    extreme = slice(len(y) - k0, len(y))
    filled_yi = sign * (2.0 * center - ordered[extreme])
    filled_vi = variances[extreme].copy()
    fit = refit(
        np.concatenate([y, filled_yi]),
        np.concatenate([v, filled_vi]),
        method=method,
        test=test,
        level=level,
    )
    return TrimAndFillResult(
        k0=k0,
        k0_se=k0_se,
        side=side,
        estimator=estimator,
        coef=fit.coef,
        se=fit.se,
        ci=fit.ci,
        pvalue=fit.pvalue,
        tau2=fit.tau2,
        filled_yi=filled_yi,
        filled_vi=filled_vi,
        fit=fit,
    )


def _side(y: np.ndarray, v: np.ndarray, method: str) -> str:
    try:
        slope = random_effects(y, v, np.sqrt(v), method=method, test="z").coef[1]
    except SingularModelError:
        raise ValueError("all variances are equal, so give side='left' or 'right'") from None
    except ValueError:
        raise ValueError(f"{len(y)} studies are too few to choose a side; give it") from None
    return "right" if slope < 0 else "left"


def _missing(y: np.ndarray, v: np.ndarray, estimator: str, method: str) -> tuple[int, float, float]:
    """Number of studies missing on the left of sorted y, its standard error, and the centre."""
    k, k0 = len(y), 0
    ones = np.ones((k, 1))
    for _ in range(MAX_ROUNDS):
        kept = k - k0
        center = float(fit_core(y[:kept], v[:kept], ones[:kept], method, False).beta[0])
        distance = y - center
        # Rounding is no distance: else equal effects lie on either side by chance.
        distance[np.abs(distance) <= 1e-12 * np.abs(y).max()] = 0.0
        ranks = np.empty(k)
        ranks[np.argsort(np.abs(distance), kind="stable")] = np.arange(1, k + 1)
        estimate, variance = _count(ranks, distance, k, estimator)
        before, k0 = k0, int(max(0.0, np.rint(estimate)))
        if k0 == before:
            return k0, float(np.sqrt(max(variance, 0.0))), center
    raise ConvergenceError(
        f"trim_and_fill: the number of trimmed studies still changes after {MAX_ROUNDS} rounds"
    )


def _count(ranks: np.ndarray, distance: np.ndarray, k: int, estimator: str) -> tuple[float, float]:
    """The estimator before rounding, and its variance (sections 3.1 and 3.2 of the source)."""
    if estimator == "R0":
        left = ranks[distance < 0]
        k0 = k - left.max() - 1.0 if left.size else 0.0
        return k0, 2.0 * max(0.0, k0) + 2.0
    wilcoxon = ranks[distance > 0].sum()
    k0 = (4.0 * wilcoxon - k * (k + 1)) / (2.0 * k - 1.0)
    rank_variance = (
        k * (k + 1) * (2 * k + 1)
        + 10.0 * k0**3
        + 27.0 * k0**2
        + 17.0 * k0
        - 18.0 * k * k0**2
        - 18.0 * k * k0
        + 6.0 * k**2 * k0
    ) / 24.0
    return k0, 16.0 * rank_variance / (2.0 * k - 1.0) ** 2
