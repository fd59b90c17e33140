"""Effect sizes of two independent arms, from means, standard deviations and sizes.

Sign convention everywhere: arm 1 minus arm 2 (treated minus comparator). The sampling variances
are those of metafor's `escalc` (Viechtbauer 2010, doi:10.18637/jss.v036.i03), so that numbers
compare.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, ndtri

from . import _check as check


class EffectSize(NamedTuple):
    """An effect size and its sampling variance, floats or arrays of one shape.

    Attributes
    ----------
    yi : estimate.
    vi : sampling variance.
    """

    yi: Any
    vi: Any

    @property
    def se(self) -> Any:
        """Standard error, the square root of `vi`."""
        return check.plain(np.sqrt(self.vi))

    def ci(self, level: float = 0.95) -> tuple[Any, Any]:
        """Normal (Wald) confidence interval (lower, upper)."""
        half = ndtri(0.5 + check.probability("level", level) / 2) * np.sqrt(self.vi)
        return check.plain(self.yi - half), check.plain(self.yi + half)


class MeanSD(NamedTuple):
    """Mean and standard deviation, floats or arrays of one shape."""

    mean: Any
    sd: Any


def _effect(yi: Any, vi: Any) -> EffectSize:
    check.require("vi", vi, np.asarray(vi) > 0, "above 0 (all standard deviations are zero)")
    return EffectSize(check.plain(yi), check.plain(vi))


def _two_arms(
    mean1: ArrayLike, sd1: ArrayLike, n1: ArrayLike, mean2: ArrayLike, sd2: ArrayLike, n2: ArrayLike
) -> tuple[check.Array, ...]:
    return check.align(
        mean1=check.number("mean1", mean1),
        sd1=check.spread("sd1", sd1),
        n1=check.size("n1", n1),
        mean2=check.number("mean2", mean2),
        sd2=check.spread("sd2", sd2),
        n2=check.size("n2", n2),
    )


def _pooled(sd1: Any, n1: Any, sd2: Any, n2: Any) -> Any:
    return np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def hedges_correction(df: ArrayLike, *, exact: bool = True) -> Any:
    """Factor that takes the small-sample bias out of a standardized mean difference.

    Exact: Γ(df/2) / (√(df/2) Γ((df − 1)/2)), Hedges (1981, doi:10.3102/10769986006002107).
    Approximate: 1 − 3/(4·df − 1), same source.

    Parameters
    ----------
    df : array-like, above 1 (n1 + n2 − 2 for two arms, n − 1 for one).
    exact : use the gamma functions.

    Returns
    -------
    float or array, below 1.

    Raises
    ------
    ValueError : df at or below 1, or not finite.

    Examples
    --------
    For df = 2 the factor is Γ(1)/Γ(1/2) = 1/√π:

    >>> round(hedges_correction(2), 6)
    0.56419
    >>> round(hedges_correction(10, exact=False), 6)
    0.923077
    """
    m = check.above("df", df, 1)
    if not exact:
        return check.plain(1 - 3 / (4 * m - 1))
    return check.plain(np.exp(gammaln(m / 2) - 0.5 * np.log(m / 2) - gammaln((m - 1) / 2)))


def arm_mean(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> EffectSize:
    """Mean of one arm with variance sd²/n (metafor's MN).

    Parameters
    ----------
    mean, sd, n : array-likes of one shape, sd ≥ 0, n ≥ 2.

    Raises
    ------
    ValueError : invalid input, or sd of zero.

    Examples
    --------
    >>> arm_mean(10.0, 4.0, 16)
    EffectSize(yi=10.0, vi=1.0)
    """
    m, s, k = check.align(
        mean=check.number("mean", mean), sd=check.spread("sd", sd), n=check.size("n", n)
    )
    return _effect(m + 0.0, s**2 / k)


def arm_log_mean(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> EffectSize:
    """Log of the mean of one arm with variance sd²/(n·mean²) (metafor's MNLN; delta method).

    Parameters
    ----------
    mean, sd, n : array-likes of one shape, mean > 0, sd ≥ 0, n ≥ 2.

    Raises
    ------
    ValueError : invalid input, a mean at or below zero, or sd of zero.

    Examples
    --------
    >>> arm_log_mean(1.0, 4.0, 16)
    EffectSize(yi=0.0, vi=1.0)
    """
    m, s, k = check.align(
        mean=check.above("mean", mean, 0), sd=check.spread("sd", sd), n=check.size("n", n)
    )
    return _effect(np.log(m), s**2 / (k * m**2))


def mean_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    vtype: str = "LS",
) -> EffectSize:
    """Mean of arm 1 minus mean of arm 2, in the unit of the outcome (metafor's MD).

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array-likes of one shape, sd ≥ 0, n ≥ 2.
    vtype : "LS" for sd1²/n1 + sd2²/n2 (unequal variances); "HO" for the pooled variance.

    Returns
    -------
    EffectSize : yi and vi, floats for scalar input.

    Raises
    ------
    ValueError : invalid input, or both standard deviations zero (no sampling variance).

    Examples
    --------
    Normand (1999, doi:10.1002/(SICI)1097-0258(19990215)18:3<321::AID-SIM28>3.0.CO;2-P), first
    trial: length of stay 55 ± 47 days (n = 155) against 75 ± 64 (n = 156):

    >>> effect = mean_difference(55, 47, 155, 75, 64, 156)
    >>> effect.yi, round(effect.vi, 4)
    (-20.0, 40.508)
    """
    m1, s1, k1, m2, s2, k2 = _two_arms(mean1, sd1, n1, mean2, sd2, n2)
    if check.choice("vtype", vtype, ("LS", "HO")) == "LS":
        return _effect(m1 - m2, s1**2 / k1 + s2**2 / k2)
    return _effect(m1 - m2, _pooled(s1, k1, s2, k2) ** 2 * (1 / k1 + 1 / k2))


def _smd(d: Any, n1: Any, n2: Any, vtype: str, correct: bool) -> EffectSize:
    check.choice("vtype", vtype, ("LS", "UB"))
    df = n1 + n2 - 2
    factor = np.asarray(hedges_correction(df))
    g = factor * d if correct else d
    base = 1 / n1 + 1 / n2
    if vtype == "LS":
        return _effect(g, base + g**2 / (2 * (n1 + n2)))
    if not correct:
        raise ValueError("vtype: UB is the variance of the corrected estimate; use correct=True")
    return _effect(g, base + (1 - (df - 2) / (df * factor**2)) * g**2)


def standardized_mean_difference(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    vtype: str = "LS",
    correct: bool = True,
) -> EffectSize:
    """Hedges' g: mean difference in units of the pooled standard deviation (metafor's SMD).

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array-likes of one shape, sd ≥ 0, n ≥ 2.
    vtype : "LS", large-sample variance 1/n1 + 1/n2 + g²/(2(n1 + n2)), Hedges (1982,
        doi:10.1037/0033-2909.92.2.490, eq. 8); "UB", the unbiased one, Hedges (1983,
        doi:10.1037/0033-2909.93.2.388, eq. 9).
    correct : apply the exact bias correction (`hedges_correction`); False gives Cohen's d.

    Returns
    -------
    EffectSize : yi and vi, floats for scalar input, without unit.

    Raises
    ------
    ValueError : invalid input, or a pooled standard deviation of zero.

    Examples
    --------
    Normand (1999), first trial, as in `mean_difference`:

    >>> effect = standardized_mean_difference(55, 47, 155, 75, 64, 156)
    >>> round(effect.yi, 4), round(effect.vi, 4)
    (-0.3552, 0.0131)
    """
    m1, s1, k1, m2, s2, k2 = _two_arms(mean1, sd1, n1, mean2, sd2, n2)
    pooled = _pooled(s1, k1, s2, k2)
    check.require("pooled sd of sd1 and sd2", pooled, pooled > 0, "above 0")
    return _smd((m1 - m2) / pooled, k1, k2, vtype, correct)


def smd_from_t(
    t: ArrayLike, n1: ArrayLike, n2: ArrayLike, *, vtype: str = "LS", correct: bool = True
) -> EffectSize:
    """Hedges' g from the t statistic of an unpaired t test with pooled variance.

    d = t·√(1/n1 + 1/n2), then as `standardized_mean_difference`
    (Borenstein et al. 2009, Introduction to Meta-Analysis, ch. 7, table 7.1).

    Parameters
    ----------
    t : array-like, signed as arm 1 minus arm 2.
    n1, n2 : array-likes, at least 2.
    vtype, correct : as in `standardized_mean_difference`.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> round(smd_from_t(2.0, 8, 8, correct=False).yi, 6)
    1.0
    """
    statistic, k1, k2 = check.align(
        t=check.number("t", t), n1=check.size("n1", n1), n2=check.size("n2", n2)
    )
    return _smd(statistic * np.sqrt(1 / k1 + 1 / k2), k1, k2, vtype, correct)


def log_ratio_of_means(
    mean1: ArrayLike,
    sd1: ArrayLike,
    n1: ArrayLike,
    mean2: ArrayLike,
    sd2: ArrayLike,
    n2: ArrayLike,
    *,
    bias_correct: bool = False,
) -> EffectSize:
    """Log response ratio ln(mean1/mean2) (metafor's ROM).

    Variance sd1²/(n1·mean1²) + sd2²/(n2·mean2²), Hedges, Gurevitch & Curtis (1999,
    doi:10.1890/0012-9658(1999)080[1150:TMAORR]2.0.CO;2, eq. 1).

    Parameters
    ----------
    mean1, sd1, n1, mean2, sd2, n2 : array-likes of one shape, means > 0, sd ≥ 0, n ≥ 2.
    bias_correct : add ½(sd1²/(n1·mean1²) − sd2²/(n2·mean2²)) to the estimate, Lajeunesse (2015,
        doi:10.1890/14-2402.1, eq. 8). The variance is left as it is, as in metafor.

    Returns
    -------
    EffectSize : yi and vi on the log scale, floats for scalar input.

    Raises
    ------
    ValueError : invalid input, a mean at or below zero, or both standard deviations zero.

    Examples
    --------
    Normand (1999), first trial, as in `mean_difference`; the ratio of the stays is 55/75:

    >>> effect = log_ratio_of_means(55, 47, 155, 75, 64, 156)
    >>> round(effect.yi, 4), round(effect.vi, 4)
    (-0.3102, 0.0094)
    """
    m1, s1, k1, m2, s2, k2 = _two_arms(
        check.above("mean1", mean1, 0), sd1, n1, check.above("mean2", mean2, 0), sd2, n2
    )
    v1, v2 = s1**2 / (k1 * m1**2), s2**2 / (k2 * m2**2)
    yi = np.log(m1) - np.log(m2)
    return _effect(yi + 0.5 * (v1 - v2) if bias_correct else yi, v1 + v2)
