"""Percent changes and logs of ratios, each from the other, with standard errors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import _check as check


def log_ratio_to_percent(yi: ArrayLike) -> Any:
    """Percent change 100·(exp(yi) − 1) of a log ratio.

    Parameters
    ----------
    yi : array-like, natural log of a ratio.

    Raises
    ------
    ValueError : not a finite number.

    Examples
    --------
    >>> round(log_ratio_to_percent(-0.6931472), 4)
    -50.0
    """
    return check.plain(100 * np.expm1(check.number("yi", yi)))


def percent_to_log_ratio(percent: ArrayLike) -> Any:
    """Log ratio ln(1 + percent/100) of a percent change, the inverse of `log_ratio_to_percent`.

    Parameters
    ----------
    percent : array-like, above −100.

    Raises
    ------
    ValueError : a change of −100 % or less, or not a finite number.

    Examples
    --------
    >>> round(percent_to_log_ratio(-50), 4)
    -0.6931
    """
    return check.plain(np.log1p(check.above("percent", percent, -100) / 100))


def percent_se_to_log_ratio_se(percent: ArrayLike, se: ArrayLike) -> Any:
    """Standard error of ln(1 + percent/100) by the delta method, se/(100 + percent).

    Parameters
    ----------
    percent : array-like, above −100. se : array-like, in percentage points, at least 0.

    Raises
    ------
    ValueError : invalid input.

    Examples
    --------
    >>> percent_se_to_log_ratio_se(-50, 5)
    0.1
    """
    p, error = check.align(percent=check.above("percent", percent, -100), se=check.spread("se", se))
    return check.plain(error / (100 + p))
