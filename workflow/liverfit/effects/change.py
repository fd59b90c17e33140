"""Change from baseline within one arm.

Change is follow-up minus baseline. `r` is the correlation
between the baseline and the follow-up values of the same people.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _check as check
from .sizes import EffectSize, MeanSD, _effect, hedges_correction


def change_sd(sd_pre: ArrayLike, sd_post: ArrayLike, r: ArrayLike) -> Any:
    """Standard deviation of change, √(sd_pre² + sd_post² − 2·r·sd_pre·sd_post).

    Cochrane Handbook (v6, 2019), section 6.5.2.8.

    Parameters
    ----------
    sd_pre, sd_post : array-likes, at least 0.
    r : array-like, pre–post correlation in [-1, 1].

    Returns
    -------
    float or array, in the unit of the outcome.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    Cochrane Handbook 5.1, section 16.4.6.4: 2.38 and 2.21 with r = 0.68 give a standard error of
    0.583 for 10 people:

    >>> round(change_sd(2.38, 2.21, 0.68) / 10**0.5, 3)
    0.583
    """
    a, b, c = check.align(
        sd_pre=check.spread("sd_pre", sd_pre),
        sd_post=check.spread("sd_post", sd_post),
        r=check.correlation("r", r),
    )
    # the same sum, written so that it cannot turn negative by rounding
    return check.plain(np.sqrt((a - b) ** 2 + 2 * (1 - c) * a * b))


def correlation_from_sds(
    sd_pre: ArrayLike, sd_post: ArrayLike, sd_change: ArrayLike, *, impossible: str = "raise"
) -> Any:
    """Pre–post correlation (sd_pre² + sd_post² − sd_change²)/(2·sd_pre·sd_post).

    Cochrane Handbook (v6, 2019), section 6.5.2.8. Inverse of `change_sd`.

    Parameters
    ----------
    sd_pre, sd_post : array-likes, above 0.
    sd_change : array-like, at least 0.
    impossible : "raise", or "nan" to return NaN where the three values imply a correlation
        outside [-1, 1] (rounded or mislabelled spreads, such as a standard error read as SD).

    Returns
    -------
    float or array.

    Raises
    ------
    ValueError : invalid input; with impossible="raise" also a correlation outside [-1, 1].

    Examples
    --------
    Cochrane Handbook, table 6.5.b, experimental and comparator arm:

    >>> correlation_from_sds([6.4, 7.0], [7.1, 6.9], [4.5, 4.2]).round(2).tolist()
    [0.78, 0.82]
    """
    check.choice("impossible", impossible, ("raise", "nan"))
    a, b, c = check.align(
        sd_pre=check.above("sd_pre", sd_pre, 0),
        sd_post=check.above("sd_post", sd_post, 0),
        sd_change=check.spread("sd_change", sd_change),
    )
    r = (a**2 + b**2 - c**2) / (2 * a * b)
    possible = np.abs(r) <= 1 + 1e-12
    if impossible == "raise":
        check.require("sd_change", c, possible, "between |sd_pre − sd_post| and sd_pre + sd_post")
    return check.plain(np.where(possible, np.clip(r, -1, 1), np.nan))


def change_from_baseline(
    mean_pre: ArrayLike, sd_pre: ArrayLike, mean_post: ArrayLike, sd_post: ArrayLike, r: ArrayLike
) -> MeanSD:
    """Mean and standard deviation of change from baseline and follow-up values.

    Parameters
    ----------
    mean_pre, sd_pre, mean_post, sd_post : array-likes of one shape, sd ≥ 0.
    r : array-like, pre–post correlation in [-1, 1].

    Returns
    -------
    MeanSD : mean_post − mean_pre, and `change_sd`.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> change_from_baseline(10.0, 5.0, 7.0, 5.0, 0.5)
    MeanSD(mean=-3.0, sd=5.0)
    """
    before, after, sd = check.align(
        mean_pre=check.number("mean_pre", mean_pre),
        mean_post=check.number("mean_post", mean_post),
        sd_change=np.asarray(change_sd(sd_pre, sd_post, r)),
    )
    return MeanSD(check.plain(after - before), check.plain(sd))


def _pre_post(
    arm: str, mean_pre: Any, sd_pre: Any, mean_post: Any, sd_post: Any, n: Any, r: Any
) -> dict[str, check.Array]:
    """Validated pre–post input of one arm; `arm` is the suffix of the argument names."""
    return {
        f"mean_pre{arm}": check.number(f"mean_pre{arm}", mean_pre),
        f"sd_pre{arm}": check.spread(f"sd_pre{arm}", sd_pre),
        f"mean_post{arm}": check.number(f"mean_post{arm}", mean_post),
        f"sd_post{arm}": check.spread(f"sd_post{arm}", sd_post),
        f"n{arm}": check.size(f"n{arm}", n),
        f"r{arm}": check.correlation(f"r{arm}", r),
    }


def _log_pre_post(
    arm: str, mean_pre: Any, sd_pre: Any, mean_post: Any, sd_post: Any, n: Any, r: Any
) -> tuple[check.Array, check.Array]:
    """ln(post/pre) of one arm and its variance (which may be zero)."""
    check.above(f"mean_pre{arm}", mean_pre, 0)
    check.above(f"mean_post{arm}", mean_post, 0)
    a, sa, b, sb, k, c = check.align(**_pre_post(arm, mean_pre, sd_pre, mean_post, sd_post, n, r))
    cva, cvb = sa / a, sb / b
    return np.log(b) - np.log(a), ((cva - cvb) ** 2 + 2 * (1 - c) * cva * cvb) / k


def mean_change(
    mean_pre: ArrayLike,
    sd_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
) -> EffectSize:
    """Mean change of one arm with its variance (metafor's MC with m1 = post, m2 = pre).

    Parameters
    ----------
    mean_pre, sd_pre, mean_post, sd_post, n, r : array-likes of one shape.

    Returns
    -------
    EffectSize : mean_post − mean_pre; variance `change_sd`²/n.

    Raises
    ------
    ValueError : invalid input, or a change without spread.

    Examples
    --------
    >>> mean_change(10.0, 4.0, 7.0, 4.0, 16, 0.5)
    EffectSize(yi=-3.0, vi=1.0)
    """
    a, sa, b, sb, k, c = check.align(**_pre_post("", mean_pre, sd_pre, mean_post, sd_post, n, r))
    return _effect(b - a, ((sa - sb) ** 2 + 2 * (1 - c) * sa * sb) / k)


def standardized_mean_change(
    mean_pre: ArrayLike,
    sd_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
    *,
    by: str = "baseline",
) -> EffectSize:
    """Standardized mean change of one arm, with exact small-sample correction (df = n − 1).

    by="baseline": in units of sd_pre, Becker (1988, doi:10.1111/j.2044-8317.1988.tb00901.x);
    variance 2(1 − r)/n + g²/(2n), metafor's SMCR. by="change": in units of the SD of change,
    Gibbons, Hedeker & Davis (1993, doi:10.3102/10769986018003271); variance 1/n + g²/(2n),
    metafor's SMCC.

    Parameters
    ----------
    mean_pre, sd_pre, mean_post, sd_post, n, r : array-likes of one shape. sd_post is not used
        with by="baseline".
    by : "baseline" or "change".

    Returns
    -------
    EffectSize : positive where the follow-up is higher.

    Raises
    ------
    ValueError : invalid input, or a standardizer of zero; n must exceed 2.

    Examples
    --------
    Morris (2008, doi:10.1177/1094428106291059), first study, treatment group:

    >>> round(standardized_mean_change(30.6, 15.0, 38.5, 11.6, 20, 0.47).yi, 4)
    0.5056
    """
    check.choice("by", by, ("baseline", "change"))
    check.above("n", n, 2)
    a, sa, b, sb, k, c = check.align(**_pre_post("", mean_pre, sd_pre, mean_post, sd_post, n, r))
    factor = np.asarray(hedges_correction(k - 1))
    if by == "baseline":
        check.require("sd_pre", sa, sa > 0, "above 0")
        g = factor * (b - a) / sa
        return _effect(g, 2 * (1 - c) / k + g**2 / (2 * k))
    sd = np.sqrt((sa - sb) ** 2 + 2 * (1 - c) * sa * sb)
    check.require("sd of change", sd, sd > 0, "above 0")
    g = factor * (b - a) / sd
    return _effect(g, 1 / k + g**2 / (2 * k))


def log_mean_change(
    mean_pre: ArrayLike,
    sd_pre: ArrayLike,
    mean_post: ArrayLike,
    sd_post: ArrayLike,
    n: ArrayLike,
    r: ArrayLike,
) -> EffectSize:
    """Relative change of one arm, ln(mean_post/mean_pre) (metafor's ROMC).

    Variance sd_pre²/(n·m_pre²) + sd_post²/(n·m_post²) − 2·r·sd_pre·sd_post/(n·m_pre·m_post),
    Lajeunesse (2011, doi:10.1890/11-0423.1; delta method).

    Parameters
    ----------
    mean_pre, sd_pre, mean_post, sd_post, n, r : array-likes of one shape, means > 0.

    Returns
    -------
    EffectSize : on the log scale.

    Raises
    ------
    ValueError : invalid input, a mean at or below zero, or a variance of zero.

    Examples
    --------
    A fall from 20 to 10, both with a coefficient of variation of 0.4 and r = 0.5, 16 people:
    0.4²/16 = 0.01.

    >>> effect = log_mean_change(20, 8, 10, 4, 16, 0.5)
    >>> round(effect.yi, 4), round(effect.vi, 4)
    (-0.6931, 0.01)
    """
    return _effect(*_log_pre_post("", mean_pre, sd_pre, mean_post, sd_post, n, r))
