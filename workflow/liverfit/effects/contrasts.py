"""Contrasts of change from baseline between two arms, and the interaction of four arms.

Change is follow-up minus baseline; contrasts are arm 1 minus arm 2. `r` is the correlation
between the baseline and the follow-up values of the same people.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from . import _check as check
from .change import _log_pre_post, _pre_post
from .sizes import EffectSize, _effect, _pooled, hedges_correction, mean_difference


def mean_change_difference(
    change1: ArrayLike,
    sd_change1: ArrayLike,
    n1: ArrayLike,
    change2: ArrayLike,
    sd_change2: ArrayLike,
    n2: ArrayLike,
    *,
    vtype: str = "LS",
) -> EffectSize:
    """Difference of two arms' mean changes, from printed change scores.

    Parameters
    ----------
    change1, sd_change1, n1, change2, sd_change2, n2 : array-likes of one shape; the standard
        deviations are those of the change.
    vtype : as in `mean_difference`.

    Returns
    -------
    EffectSize : change1 − change2 and its variance, in the unit of the outcome.

    Raises
    ------
    ValueError : invalid input, or both standard deviations zero.

    Examples
    --------
    Cochrane Handbook, table 6.5.b: change 1.0 ± 4.5 (n = 129) against 1.5 ± 4.2 (n = 135);
    4.5²/129 + 4.2²/135 = 0.28764:

    >>> effect = mean_change_difference(1.0, 4.5, 129, 1.5, 4.2, 135)
    >>> effect.yi, round(effect.vi, 5)
    (-0.5, 0.28764)
    """
    check.number("change1", change1)
    check.number("change2", change2)
    check.spread("sd_change1", sd_change1)
    check.spread("sd_change2", sd_change2)
    return mean_difference(change1, sd_change1, n1, change2, sd_change2, n2, vtype=vtype)


def pre_post_control(
    mean_pre1: ArrayLike,
    sd_pre1: ArrayLike,
    mean_post1: ArrayLike,
    sd_post1: ArrayLike,
    n1: ArrayLike,
    mean_pre2: ArrayLike,
    sd_pre2: ArrayLike,
    mean_post2: ArrayLike,
    sd_post2: ArrayLike,
    n2: ArrayLike,
    r1: ArrayLike,
    r2: ArrayLike | None = None,
) -> EffectSize:
    """Difference of two arms' changes from baseline, in the unit of the outcome.

    (post1 − pre1) − (post2 − pre2), variance `change_sd`²/n summed over the arms: the raw form
    of the pretest–posttest–control design (Becker 1988; Morris 2008).

    Parameters
    ----------
    mean_pre1 … n2 : array-likes of one shape.
    r1, r2 : pre–post correlations of the arms; r2 is r1 when left out.

    Returns
    -------
    EffectSize

    Raises
    ------
    ValueError : invalid input, or no spread in either arm.

    Examples
    --------
    Morris (2008), first study: (38.5 − 30.6) − (19.7 − 23.1) = 11.3

    >>> effect = pre_post_control(30.6, 15.0, 38.5, 11.6, 20, 23.1, 13.8, 19.7, 14.8, 20, 0.47)
    >>> round(effect.yi, 6), round(effect.vi, 4)
    (11.3, 20.6747)
    """
    two = _pre_post("2", mean_pre2, sd_pre2, mean_post2, sd_post2, n2, r1 if r2 is None else r2)
    one = _pre_post("1", mean_pre1, sd_pre1, mean_post1, sd_post1, n1, r1)
    a1, sa1, b1, sb1, k1, c1, a2, sa2, b2, sb2, k2, c2 = check.align(**one, **two)
    v1 = ((sa1 - sb1) ** 2 + 2 * (1 - c1) * sa1 * sb1) / k1
    v2 = ((sa2 - sb2) ** 2 + 2 * (1 - c2) * sa2 * sb2) / k2
    return _effect((b1 - a1) - (b2 - a2), v1 + v2)


def d_ppc2(
    mean_pre1: ArrayLike,
    sd_pre1: ArrayLike,
    mean_post1: ArrayLike,
    n1: ArrayLike,
    mean_pre2: ArrayLike,
    sd_pre2: ArrayLike,
    mean_post2: ArrayLike,
    n2: ArrayLike,
    r: ArrayLike,
    *,
    vtype: str = "morris",
    exact: bool = True,
) -> EffectSize:
    """Difference of changes in units of the pooled baseline standard deviation.

    The estimator d_ppc2 of Morris (2008, doi:10.1177/1094428106291059, table 5); he writes the
    correction as 1 − 3/(4(n1 + n2 − 2) − 1), which exact=False gives. To standardize a printed
    change, pass 0 as baseline mean and the change as follow-up mean.

    Parameters
    ----------
    mean_pre1, sd_pre1, mean_post1, n1, mean_pre2, sd_pre2, mean_post2, n2 : array-likes of one
        shape, sd ≥ 0, n ≥ 2, n1 + n2 > 4 for vtype="morris".
    r : array-like, pre–post correlation, common to both arms.
    vtype : "morris", his sampling variance, that of a scaled noncentral t with m = n1 + n2 − 2:
        c²·m/(m − 2)·(2(1 − r)(1/n1 + 1/n2) + δ²) − δ², with the estimate put in for δ;
        "LS", the large-sample form 2(1 − r)(1/n1 + 1/n2) + g²/(2(n1 + n2)).
    exact : exact gamma-function correction c instead of the approximation.

    Returns
    -------
    EffectSize

    Raises
    ------
    ValueError : invalid input, a pooled baseline SD of zero, r = 1 with no effect.

    Examples
    --------
    Morris (2008), five studies from Carlson & Schmidt (1999):

    >>> effect = d_ppc2(
    ...     [30.6, 23.5, 0.5, 53.4, 35.6], [15.0, 3.1, 0.1, 14.5, 4.7],
    ...     [38.5, 26.8, 0.7, 75.9, 36.0], [20, 50, 9, 10, 14],
    ...     [23.1, 24.9, 0.6, 55.7, 34.8], [13.8, 4.1, 0.2, 17.3, 3.1],
    ...     [19.7, 25.3, 0.6, 60.7, 33.4], [20, 42, 9, 11, 14],
    ...     [0.47, 0.64, 0.77, 0.89, 0.44], exact=False)
    >>> effect.yi.round(2).tolist()
    [0.77, 0.8, 1.2, 1.05, 0.44]
    """
    check.choice("vtype", vtype, ("morris", "LS"))
    a1, s1, b1, k1, a2, s2, b2, k2, c = check.align(
        mean_pre1=check.number("mean_pre1", mean_pre1),
        sd_pre1=check.spread("sd_pre1", sd_pre1),
        mean_post1=check.number("mean_post1", mean_post1),
        n1=check.size("n1", n1),
        mean_pre2=check.number("mean_pre2", mean_pre2),
        sd_pre2=check.spread("sd_pre2", sd_pre2),
        mean_post2=check.number("mean_post2", mean_post2),
        n2=check.size("n2", n2),
        r=check.correlation("r", r),
    )
    pooled = _pooled(s1, k1, s2, k2)
    check.require("pooled sd of sd_pre1 and sd_pre2", pooled, pooled > 0, "above 0")
    m = k1 + k2 - 2
    factor = np.asarray(hedges_correction(m, exact=exact))
    g = factor * ((b1 - a1) - (b2 - a2)) / pooled
    noise = 2 * (1 - c) * (1 / k1 + 1 / k2)
    if vtype == "LS":
        return _effect(g, noise + g**2 / (2 * (k1 + k2)))
    check.require("n1 + n2", k1 + k2, m > 2, "above 4")
    return _effect(g, factor**2 * m / (m - 2) * (noise + g**2) - g**2)


def log_ratio_of_changes(
    mean_pre1: ArrayLike,
    sd_pre1: ArrayLike,
    mean_post1: ArrayLike,
    sd_post1: ArrayLike,
    n1: ArrayLike,
    mean_pre2: ArrayLike,
    sd_pre2: ArrayLike,
    mean_post2: ArrayLike,
    sd_post2: ArrayLike,
    n2: ArrayLike,
    r1: ArrayLike,
    r2: ArrayLike | None = None,
) -> EffectSize:
    """Relative change of arm 1 against that of arm 2: ln(post1/pre1) − ln(post2/pre2).

    Each arm as `log_mean_change`, variances added (the arms are independent).

    Parameters
    ----------
    mean_pre1 … n2 : array-likes of one shape, means > 0.
    r1, r2 : pre–post correlations of the arms; r2 is r1 when left out.

    Returns
    -------
    EffectSize : on the log scale; exp(yi) is the ratio of the two relative changes.

    Raises
    ------
    ValueError : invalid input, a mean at or below zero, or a variance of zero.

    Examples
    --------
    A halving against no change, everywhere a coefficient of variation of 0.4 and r = 0.5:
    ln 0.5 and 0.4²/16 + 0.4²/16.

    >>> effect = log_ratio_of_changes(20, 8, 10, 4, 16, 20, 8, 20, 8, 16, 0.5)
    >>> round(effect.yi, 4), round(effect.vi, 4)
    (-0.6931, 0.02)
    """
    y1, v1 = _log_pre_post("1", mean_pre1, sd_pre1, mean_post1, sd_post1, n1, r1)
    other = r1 if r2 is None else r2
    y2, v2 = _log_pre_post("2", mean_pre2, sd_pre2, mean_post2, sd_post2, n2, other)
    y1, v1, y2, v2 = check.align(arm1=y1, variance1=v1, arm2=y2, variance2=v2)
    return _effect(y1 - y2, v1 + v2)


def log_ratio_from_percent_changes(
    percent1: ArrayLike, se1: ArrayLike, percent2: ArrayLike, se2: ArrayLike
) -> EffectSize:
    """Log ratio of relative changes from printed percent changes of baseline.

    ln(1 + percent1/100) − ln(1 + percent2/100), variance by the delta method: each arm adds
    (se/(100 + percent))². A printed mean of each person's percent change is taken for the
    percent change of the mean; the two agree only where the change does not depend on the
    baseline.

    Parameters
    ----------
    percent1, percent2 : array-likes, percent change from baseline, above −100 (−30 is a fall
        by 30 %).
    se1, se2 : array-likes, standard errors in percentage points, at least 0.

    Returns
    -------
    EffectSize : on the log scale.

    Raises
    ------
    ValueError : invalid input, a change of −100 % or less, both standard errors zero.

    Examples
    --------
    A fall by half against none: ln 0.5; (5/50)² + (5/100)² = 0.0125.

    >>> effect = log_ratio_from_percent_changes(-50, 5, 0, 5)
    >>> round(effect.yi, 4), round(effect.vi, 4)
    (-0.6931, 0.0125)
    """
    p1, e1, p2, e2 = check.align(
        percent1=check.above("percent1", percent1, -100),
        se1=check.spread("se1", se1),
        percent2=check.above("percent2", percent2, -100),
        se2=check.spread("se2", se2),
    )
    yi = np.log1p(p1 / 100) - np.log1p(p2 / 100)
    return _effect(yi, (e1 / (100 + p1)) ** 2 + (e2 / (100 + p2)) ** 2)


def interaction_contrast(
    both: tuple[ArrayLike, ArrayLike],
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    neither: tuple[ArrayLike, ArrayLike],
) -> EffectSize:
    """Interaction of two treatments in a 2 × 2 trial: (both − second) − (first − neither).

    Zero means that the effects add up on the scale of the arms' estimates: sums for means
    (`arm_mean`, `mean_change`), products for log means (`arm_log_mean`, `log_mean_change`).
    McAlister et al. (2003, doi:10.1001/jama.289.19.2545).

    Parameters
    ----------
    both, first, second, neither : EffectSize, or pair (yi, vi), of each arm; array-likes of one
        shape. The arms must be independent.

    Returns
    -------
    EffectSize : yi, and the sum of the four variances.

    Raises
    ------
    ValueError : invalid input, a negative variance, or all variances zero.

    Examples
    --------
    >>> from liverfit.effects import arm_mean
    >>> arms = [arm_mean(mean, 4.0, 16) for mean in (5.0, 8.0, 7.0, 9.0)]
    >>> interaction_contrast(*arms)
    EffectSize(yi=-1.0, vi=4.0)
    """
    arms = {"both": both, "first": first, "second": second, "neither": neither}
    parts: dict[str, check.Array] = {}
    for name, (yi, vi) in arms.items():
        parts[f"{name}.yi"] = check.number(f"{name}.yi", yi)
        parts[f"{name}.vi"] = check.at_least(f"{name}.vi", vi, 0)
    y11, v11, y10, v10, y01, v01, y00, v00 = check.align(**parts)
    return _effect((y11 - y01) - (y10 - y00), v11 + v10 + v01 + v00)
