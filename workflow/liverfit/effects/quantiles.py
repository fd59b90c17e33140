"""Mean and standard deviation from medians, quartiles and extremes.

Three sets of numbers are understood, told apart by what is given: median with range (minimum and
maximum), median with quartiles, and all five. The estimators assume a roughly normal variable;
`skewness_test` says when that is untenable, `fitted` has those for skewed ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from . import _check as check
from .sizes import MeanSD


class SkewnessTest(NamedTuple):
    """Skewness test: statistic, critical value at 5 %, and whether the statistic reaches it."""

    statistic: Any
    critical: Any
    skewed: Any


class Summary(NamedTuple):
    """Validated, aligned quantiles; those not given are None."""

    kind: str
    n: check.Array
    median: check.Array | None
    q1: check.Array | None
    q3: check.Array | None
    minimum: check.Array | None
    maximum: check.Array | None


def summary(
    n: ArrayLike,
    median: ArrayLike | None,
    q1: ArrayLike | None,
    q3: ArrayLike | None,
    minimum: ArrayLike | None,
    maximum: ArrayLike | None,
    least: float = 2,
) -> Summary:
    """Check and align quantiles; `kind` is "range", "quartiles" or "five"."""
    for low, high, names in ((q1, q3, "q1 and q3"), (minimum, maximum, "minimum and maximum")):
        if (low is None) != (high is None):
            raise ValueError(f"{names}: must be given together")
    if q1 is None and minimum is None:
        raise ValueError("q1 and q3, or minimum and maximum: must be given")
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum}
    arrays = {k: check.number(k, v) for k, v in given.items() if v is not None}
    aligned = check.align(n=check.size("n", n, least), **arrays)
    found = dict(zip(arrays, aligned[1:], strict=True))
    check.ordered(**found)
    for low, high in (("q1", "q3"), ("minimum", "maximum")):
        if high in found:
            check.require(high, found[high], found[high] > found[low], f"above {low}")
    kind = "five" if len(found) >= 4 else "range" if "minimum" in found else "quartiles"
    return Summary(kind, aligned[0], *(found.get(k) for k in Summary._fields[2:]))


def _range_width(n: Any) -> Any:
    """Expected range of n standard normal values (Wan 2014, approximation in eq. 9)."""
    return 2 * ndtri((n - 0.375) / (n + 0.25))


def _quartile_width(n: Any) -> Any:
    """Expected interquartile range of n standard normal values (Wan 2014, eq. 16)."""
    return 2 * ndtri((0.75 * n - 0.125) / (n + 0.25))


def luo_mean(s: Summary) -> Any:
    """Luo et al. (2018), eq. 7, 11 and 15, on validated input."""
    if s.kind == "range":
        w = 4 / (4 + s.n**0.75)
        return w * (s.minimum + s.maximum) / 2 + (1 - w) * s.median
    if s.kind == "quartiles":
        w = 0.7 + 0.39 / s.n
        return w * (s.q1 + s.q3) / 2 + (1 - w) * s.median
    w1, w2 = 2.2 / (2.2 + s.n**0.75), 0.7 - 0.72 / s.n**0.55
    ends, middle = (s.minimum + s.maximum) / 2, (s.q1 + s.q3) / 2
    return w1 * ends + w2 * middle + (1 - w1 - w2) * s.median


def _wan_mean(s: Summary) -> Any:
    if s.kind == "range":
        return (s.minimum + 2 * s.median + s.maximum) / 4
    if s.kind == "quartiles":
        return (s.q1 + s.median + s.q3) / 3
    return (s.minimum + 2 * s.q1 + 2 * s.median + 2 * s.q3 + s.maximum) / 8


def normal_sd(s: Summary, method: str) -> Any:
    """Wan et al. (2014) or Shi et al. (2020), on validated input."""
    if s.kind == "range":
        return (s.maximum - s.minimum) / _range_width(s.n)
    from_quartiles = (s.q3 - s.q1) / _quartile_width(s.n)
    if s.kind == "quartiles":
        return from_quartiles
    from_range = (s.maximum - s.minimum) / _range_width(s.n)
    w = 0.5 if method == "wan" else 1 / (1 + 0.07 * s.n**0.6)
    return w * from_range + (1 - w) * from_quartiles


def mean_from_quantiles(
    median: ArrayLike,
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    method: str = "luo",
) -> Any:
    """Mean of a roughly normal variable from its median with quartiles, range, or both.

    Parameters
    ----------
    median, n : array-likes of one shape, n ≥ 2.
    q1, q3, minimum, maximum : array-likes; either pair, or both.
    method : "luo", weights that depend on n, Luo et al. (2018, doi:10.1177/0962280216669183,
        eq. 7, 11, 15); "wan", fixed weights, Wan et al. (2014, doi:10.1186/1471-2288-14-135,
        scenarios C1 to C3).

    Returns
    -------
    float or array.

    Raises
    ------
    ValueError : half a pair, values out of order, pair of zero width, n below 2.

    Examples
    --------
    n = 81 makes n^0.75 = 27, hence the weight 4/31 of the mid-range: 4/31 × 5.5 + 27/31 × 4.

    >>> round(mean_from_quantiles(4, 81, minimum=1, maximum=10), 6)
    4.193548
    >>> mean_from_quantiles(4, 81, minimum=1, maximum=10, method="wan")
    4.75
    """
    check.choice("method", method, ("luo", "wan"))
    s = summary(n, median, q1, q3, minimum, maximum)
    return check.plain(luo_mean(s) if method == "luo" else _wan_mean(s))


def sd_from_quantiles(
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    method: str = "shi",
) -> Any:
    """Standard deviation of a roughly normal variable from quartiles, range, or both.

    Range: width/(2Φ⁻¹((n − 0.375)/(n + 0.25))), Wan et al. (2014,
    doi:10.1186/1471-2288-14-135, eq. 9). Quartiles: width/(2Φ⁻¹((0.75n − 0.125)/(n + 0.25))),
    same, eq. 16. A printed interquartile range (one number) is q1=0, q3=range.

    Parameters
    ----------
    n : array-like, at least 2.
    q1, q3, minimum, maximum : array-likes; either pair, or both.
    method : where both pairs are given: "shi", weights 1/(1 + 0.07·n^0.6) for the range and the
        rest for the quartiles, Shi et al. (2020, doi:10.1002/jrsm.1429, eq. 10); "wan", one half
        each (Wan 2014, scenario C2). With one pair the two are the same.

    Returns
    -------
    float or array.

    Raises
    ------
    ValueError : half a pair, values out of order, pair of zero width, n below 2.

    Examples
    --------
    The example of `Wan.std` in the R package metaBLUE (Yang 2018): 1 to 10, n = 30.

    >>> round(sd_from_quantiles(30, minimum=1, maximum=10), 6)
    2.205578
    """
    check.choice("method", method, ("shi", "wan"))
    return check.plain(normal_sd(summary(n, None, q1, q3, minimum, maximum), method))


def skewness_test(
    median: ArrayLike,
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
) -> SkewnessTest:
    """Test of symmetry from a median with quartiles, range, or both, at the 5 % level.

    Shi et al. (2023, doi:10.1177/09622802231172043): the distance of the mid-range (or
    mid-quartile range) from the median in units of half the width. Statistic and critical value:
    range |a + b − 2m|/(b − a), 1/ln(n + 9) + 2.5/(n + 1); quartiles |q1 + q3 − 2m|/(q3 − q1),
    2.65/√n − 6/n²; five numbers, the larger of the second and 2.65·ln(0.6n)/√n times the first,
    3/√n − 40/n³.

    Parameters
    ----------
    median, n : array-likes of one shape, n ≥ 5.
    q1, q3, minimum, maximum : array-likes; either pair, or both.

    Returns
    -------
    SkewnessTest : where `skewed` is true, the normal-theory conversions are not to be trusted.

    Raises
    ------
    ValueError : half a pair, values out of order, pair of zero width, n below 5.

    Examples
    --------
    Quartiles 1 and 10 around a median of 4, n = 25: |11 − 8|/9 against 2.65/5 − 6/625.

    >>> test = skewness_test(4, 25, q1=1, q3=10)
    >>> round(test.statistic, 4), round(test.critical, 4), test.skewed
    (0.3333, 0.5204, False)
    """
    s = summary(n, median, q1, q3, minimum, maximum, least=5)
    root = np.sqrt(s.n)
    if s.kind != "quartiles":
        ends = np.abs(s.minimum + s.maximum - 2 * s.median) / (s.maximum - s.minimum)
    if s.kind != "range":
        middle = np.abs(s.q1 + s.q3 - 2 * s.median) / (s.q3 - s.q1)
    if s.kind == "range":
        statistic, critical = ends, 1 / np.log(s.n + 9) + 2.5 / (s.n + 1)
    elif s.kind == "quartiles":
        statistic, critical = middle, 2.65 / root - 6 / s.n**2
    else:
        statistic = np.maximum(2.65 * np.log(0.6 * s.n) / root * ends, middle)
        critical = 3 / root - 40 / s.n**3
    return SkewnessTest(*map(check.plain, (statistic, critical, statistic >= critical)))


def mean_sd_from_quantiles(
    median: ArrayLike,
    n: ArrayLike,
    *,
    q1: ArrayLike | None = None,
    q3: ArrayLike | None = None,
    minimum: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    method: str = "luo",
) -> MeanSD:
    """Mean and standard deviation from a median with quartiles, range, or both.

    Parameters
    ----------
    median, n : array-likes of one shape, n ≥ 2 (3 for "qe" and "bc").
    q1, q3, minimum, maximum : array-likes; either pair, or both.
    method : "luo", mean of Luo (2018), SD of Wan (2014) or, with five numbers, Shi (2020), the
        pairing recommended by Shi et al. (2020); "wan", both as in Wan (2014); "qe" and "bc",
        for skewed variables, McGrath et al. (2020), see `quantile_estimate`,
        `box_cox_estimate`.

    Returns
    -------
    MeanSD : mean and sd, floats for scalar input.

    Raises
    ------
    ValueError : half a pair, values out of order, pair of zero width, n too small.

    Examples
    --------
    30^0.75 = 12.8186, so the mid-range of 5.5 has the weight 4/16.8186; SD as in
    `sd_from_quantiles`:

    >>> result = mean_sd_from_quantiles(4, 30, minimum=1, maximum=10)
    >>> round(result.mean, 4), round(result.sd, 4)
    (4.3567, 2.2056)
    """
    check.choice("method", method, ("luo", "wan", "qe", "bc"))
    given = {"q1": q1, "q3": q3, "minimum": minimum, "maximum": maximum}
    if method in ("qe", "bc"):
        from .fitted import box_cox_estimate, quantile_estimate

        fit = (quantile_estimate if method == "qe" else box_cox_estimate)(median, n, **given)
        return MeanSD(fit.mean, fit.sd)
    s = summary(n, median, q1, q3, minimum, maximum)
    if method == "luo":
        return MeanSD(check.plain(luo_mean(s)), check.plain(normal_sd(s, "shi")))
    return MeanSD(check.plain(_wan_mean(s)), check.plain(normal_sd(s, "wan")))
