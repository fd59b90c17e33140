"""Conversions between standard deviations, standard errors, intervals, p values and t.

"Cochrane Handbook" is Higgins et al., Cochrane Handbook for Systematic Reviews of Interventions,
version 6 (2019), chapter 6. Distributions come from `scipy.special`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from . import _check as check
from .sizes import _pooled


class CombinedGroups(NamedTuple):
    """Mean, standard deviation and size of groups merged into one."""

    mean: Any
    sd: Any
    n: Any


def _tail_quantile(upper_tail: Any, df: ArrayLike | None) -> Any:
    """Value with the probability `upper_tail` above it, under t(df) or the normal law."""
    if df is None:
        return -ndtri(upper_tail)
    tail, freedom = check.align(tail=np.asarray(upper_tail), df=check.above("df", df, 0))
    return -stdtrit(freedom, tail)


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Any:
    """Standard deviation se·√n of a mean's standard error (Cochrane Handbook 6.5.2.2).

    Parameters
    ----------
    se : array-like, at least 0. n : array-like, at least 2.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> sd_from_se(1.5, 16)
    6.0
    """
    error, k = check.align(se=check.spread("se", se), n=check.size("n", n))
    return check.plain(error * np.sqrt(k))


def se_from_sd(sd: ArrayLike, n: ArrayLike) -> Any:
    """Standard error sd/√n of a mean.

    Parameters
    ----------
    sd : array-like, at least 0. n : array-like, at least 2.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> se_from_sd(6, 16)
    1.5
    """
    spread, k = check.align(sd=check.spread("sd", sd), n=check.size("n", n))
    return check.plain(spread / np.sqrt(k))


def se_from_ci(
    lower: ArrayLike, upper: ArrayLike, *, level: ArrayLike = 0.95, df: ArrayLike | None = None
) -> Any:
    """Standard error (upper − lower)/(2·quantile) of a symmetric confidence interval.

    Cochrane Handbook 6.5.2.2 and 6.5.2.3.

    Parameters
    ----------
    lower, upper : array-likes, lower < upper. For a ratio, pass the logs of the limits.
    level : confidence level, between 0 and 1.
    df : degrees of freedom of the t interval (n − 1 for a mean, n1 + n2 − 2 for a difference);
        None for a normal interval.

    Raises
    ------
    ValueError : limits not in order, invalid level or df.

    Examples
    --------
    A 95 % interval with 25 people per group has the divisor 2 × 2.064 = 4.128, and a large one
    3.92 (Cochrane Handbook 6.5.2.2):

    >>> round(1 / se_from_ci(0, 1, df=24), 3), round(1 / se_from_ci(0, 1), 2)
    (4.128, 3.92)
    """
    low, high, conf = check.align(
        lower=check.number("lower", lower),
        upper=check.number("upper", upper),
        level=check.probability("level", level),
    )
    check.require("upper", high, high > low, "above lower")
    return check.plain((high - low) / (2 * _tail_quantile((1 - conf) / 2, df)))


def ci_from_se(
    estimate: ArrayLike, se: ArrayLike, *, level: ArrayLike = 0.95, df: ArrayLike | None = None
) -> tuple[Any, Any]:
    """Confidence interval (lower, upper), the inverse of `se_from_ci`.

    Parameters
    ----------
    estimate, se : array-likes, se ≥ 0. level, df : as in `se_from_ci`.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> [round(limit, 3) for limit in ci_from_se(1.0, 0.5)]
    [0.02, 1.98]
    """
    middle, error, conf = check.align(
        estimate=check.number("estimate", estimate),
        se=check.spread("se", se),
        level=check.probability("level", level),
    )
    half = error * _tail_quantile((1 - conf) / 2, df)
    return check.plain(middle - half), check.plain(middle + half)


def sd_from_ci(
    lower: ArrayLike,
    upper: ArrayLike,
    n: ArrayLike,
    *,
    level: ArrayLike = 0.95,
    distribution: str = "t",
) -> Any:
    """Standard deviation from the confidence interval of one group's mean.

    √n·(upper − lower)/(2·quantile), Cochrane Handbook 6.5.2.2.

    Parameters
    ----------
    lower, upper, n : array-likes of one shape, lower < upper, n ≥ 2.
    level : confidence level.
    distribution : "t" with n − 1 degrees of freedom, or "normal" (large samples only).

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    With 25 people, √25 × 4.128/4.128 = 5:

    >>> round(sd_from_ci(-2.064, 2.064, 25), 3)
    5.0
    """
    check.choice("distribution", distribution, ("t", "normal"))
    k = check.size("n", n)
    df = k - 1 if distribution == "t" else None
    return sd_from_se(se_from_ci(lower, upper, level=level, df=df), k)


def t_from_p(p: ArrayLike, df: ArrayLike | None = None) -> Any:
    """Absolute t (or z) statistic of an exact two-sided p value.

    Parameters
    ----------
    p : array-like, above 0 and below 1. A printed bound ("p < 0.05") is not a p value.
    df : degrees of freedom; None for the normal law.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    Cochrane Handbook 6.5.2.3: P = 0.008 with 25 + 22 − 2 = 45 degrees of freedom:

    >>> round(t_from_p(0.008, 45), 2)
    2.78
    """
    return check.plain(_tail_quantile(check.probability("p", p) / 2, df))


def p_from_t(t: ArrayLike, df: ArrayLike | None = None) -> Any:
    """Two-sided p value of a t (or z) statistic, the inverse of `t_from_p`.

    Parameters
    ----------
    t : array-like of any sign. df : degrees of freedom; None for the normal law.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> round(p_from_t(-1.959964), 4)
    0.05
    """
    statistic = np.abs(check.number("t", t))
    if df is None:
        return check.plain(2 * ndtr(-statistic))
    statistic, freedom = check.align(t=statistic, df=check.above("df", df, 0))
    return check.plain(2 * stdtr(freedom, -statistic))


def se_from_t(estimate: ArrayLike, t: ArrayLike) -> Any:
    """Standard error |estimate/t| of a difference (Cochrane Handbook 6.5.2.3).

    Parameters
    ----------
    estimate, t : array-likes, neither of them 0 (an estimate of 0 says nothing of its error).

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    Cochrane Handbook 6.5.2.3: a difference of 3.8 with t = 2.78:

    >>> round(se_from_t(3.8, 2.78), 2)
    1.37
    """
    value, statistic = check.align(
        estimate=check.number("estimate", estimate), t=check.number("t", t)
    )
    check.require("estimate", value, value != 0, "other than 0")
    check.require("t", statistic, statistic != 0, "other than 0")
    return check.plain(np.abs(value / statistic))


def se_from_p(estimate: ArrayLike, p: ArrayLike, *, df: ArrayLike | None = None) -> Any:
    """Standard error of a difference from its exact two-sided p value (Handbook 6.5.2.3).

    Parameters
    ----------
    estimate : array-like, not 0; a difference, or the log of a ratio.
    p : array-like, above 0 and below 1.
    df : degrees of freedom of the t test (n1 + n2 − 2; pairs − 1); None for a z test.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    Cochrane Handbook 6.5.2.3: MD 3.8, P = 0.008, groups of 25 and 22:

    >>> round(se_from_p(3.8, 0.008, df=45), 2)
    1.37
    """
    return se_from_t(estimate, t_from_p(p, df))


def sd_from_difference_se(se: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Any:
    """Common standard deviation se/√(1/n1 + 1/n2) of two groups (Handbook 6.5.2.3).

    Parameters
    ----------
    se : array-like, standard error of the difference in means. n1, n2 : array-likes, ≥ 2.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    Cochrane Handbook 6.5.2.3: 1.37 with groups of 25 and 22:

    >>> round(sd_from_difference_se(1.37, 25, 22), 2)
    4.69
    """
    error, k1, k2 = check.align(
        se=check.spread("se", se), n1=check.size("n1", n1), n2=check.size("n2", n2)
    )
    return check.plain(error / np.sqrt(1 / k1 + 1 / k2))


def sd_from_t(difference: ArrayLike, t: ArrayLike, n1: ArrayLike, n2: ArrayLike) -> Any:
    """Common standard deviation from a mean difference and its unpaired t (Handbook 6.5.2.3).

    Parameters
    ----------
    difference, t : array-likes, not 0. n1, n2 : array-likes, at least 2.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> round(sd_from_t(3.8, 2.78, 25, 22), 2)
    4.68
    """
    value, statistic = check.number("difference", difference), check.number("t", t)
    check.require("difference", value, value != 0, "other than 0")
    return sd_from_difference_se(se_from_t(value, statistic), n1, n2)


def pooled_sd(sd1: ArrayLike, n1: ArrayLike, sd2: ArrayLike, n2: ArrayLike) -> Any:
    """Within-group standard deviation √(((n1 − 1)sd1² + (n2 − 1)sd2²)/(n1 + n2 − 2)).

    Borenstein et al. (2009), Introduction to Meta-Analysis, eq. 4.19. The spread between the
    groups' means is left out; `combine_groups` has it in.

    Parameters
    ----------
    sd1, n1, sd2, n2 : array-likes of one shape, sd ≥ 0, n ≥ 2.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    Borenstein et al. (2009, p. 27): SDs of 5.5 and 4.5, 50 people each:

    >>> round(pooled_sd(5.5, 50, 4.5, 50), 4)
    5.0249
    """
    a, k1, b, k2 = check.align(
        sd1=check.spread("sd1", sd1),
        n1=check.size("n1", n1),
        sd2=check.spread("sd2", sd2),
        n2=check.size("n2", n2),
    )
    return check.plain(_pooled(a, k1, b, k2))


def combine_groups(mean: ArrayLike, sd: ArrayLike, n: ArrayLike) -> CombinedGroups:
    """Mean, standard deviation and size of several groups taken as one.

    Cochrane Handbook 6.5.2.10, table 6.5.a, for any number of groups: the result is the mean
    and SD of all the people together, exactly.

    Parameters
    ----------
    mean, sd, n : array-likes of one shape; the first axis runs over the groups.

    Returns
    -------
    CombinedGroups : floats for one-dimensional input.

    Raises
    ------
    ValueError : invalid input, or no axis of groups.

    Examples
    --------
    The people {1, 3} and {5, 7} have mean 4 and variance 20/3:

    >>> combined = combine_groups([2.0, 6.0], [2**0.5, 2**0.5], [2, 2])
    >>> combined.mean, round(combined.sd**2, 4), combined.n
    (4.0, 6.6667, 4.0)
    """
    m, s, k = check.align(
        mean=check.number("mean", mean), sd=check.spread("sd", sd), n=check.size("n", n, 1)
    )
    if m.ndim == 0:
        raise ValueError("mean: must have one value a group")
    # an SD of a single person is not defined; its weight n − 1 is zero
    total = k.sum(axis=0)
    check.require("total n", total, total >= 2, "at least 2")
    centre = (k * m).sum(axis=0) / total
    squares = ((k - 1) * s**2 + k * (m - centre) ** 2).sum(axis=0)
    sd_all = np.sqrt(squares / (total - 1))
    return CombinedGroups(check.plain(centre), check.plain(sd_all), check.plain(total))
