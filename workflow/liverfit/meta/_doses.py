"""Dose bases and the covariance of effects that share a reference group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

DESIGNS = ("cc", "ci", "ir")


def spline_basis(dose: np.ndarray, knots: np.ndarray | None) -> np.ndarray:
    """(n, p) design: the dose alone, or the restricted cubic spline with the given knots
    (Harrell 2015 doi:10.1007/978-3-319-19425-7, section 2.4.5, scaled by (last - first)^2)."""
    x = np.asarray(dose, dtype=float)
    if knots is None:
        return x[:, None]
    last, before = knots[-1], knots[-2]

    def cube(t: float) -> np.ndarray:
        return np.maximum(x - t, 0.0) ** 3

    columns = [x]
    for t in knots[:-2]:
        bend = cube(t) - cube(before) * (last - t) / (last - before)
        bend += cube(last) * (before - t) / (last - before)
        columns.append(bend / (knots[-1] - knots[0]) ** 2)
    return np.column_stack(columns)


def check_knots(knots: Any, dose: np.ndarray) -> np.ndarray:
    """At least three increasing knots; by default the 10th, 50th and 90th percentile of dose."""
    if knots is None:
        array = np.quantile(dose, [0.1, 0.5, 0.9])
        if len(np.unique(array)) < 3:
            raise ValueError("the doses are too few for knots at their percentiles: give knots")
        return array
    array = np.asarray(knots, dtype=float)
    if array.ndim != 1 or len(array) < 3 or not (np.diff(array) > 0).all():
        raise ValueError("knots must be at least three increasing doses")
    return array


def greenland_longnecker(
    effect: np.ndarray, variance: np.ndarray, cases: np.ndarray, n: np.ndarray, design: str
) -> np.ndarray:
    """Covariance of log relative risks against a common reference group.

    effect, variance (m,) of the non-reference groups; cases, n (m + 1,) reference first. Counts
    that reproduce the (adjusted) effects and keep the margins give the correlations. `design`:
    "cc" case-control (log odds ratios; n = cases and controls), "ci" cumulative incidence (log
    risk ratios; n = people), "ir" incidence rate (log rate ratios; n = person-time).

    Source: Greenland & Longnecker (1992) doi:10.1093/oxfordjournals.aje.a116237;
    Orsini et al. (2012) doi:10.1093/aje/kwr265.
    """
    total, ratio = float(cases.sum()), np.exp(effect)
    if design == "cc":
        fitted = _case_control_counts(ratio, total, n)
        own = 1.0 / fitted + 1.0 / (n - fitted)
    else:
        reference = total / (1.0 + float(ratio @ n[1:]) / n[0])
        fitted = np.concatenate([[reference], reference * ratio * n[1:] / n[0]])
        own = 1.0 / fitted - (1.0 / n if design == "ci" else 0.0)
        if (own <= 0).any():
            raise ValueError("the relative risks imply more cases than people")
    crude = own[0] + own[1:]
    correlation = own[0] / np.sqrt(np.outer(crude, crude))
    np.fill_diagonal(correlation, 1.0)
    return correlation * np.sqrt(np.outer(variance, variance))


def _case_control_counts(ratio: np.ndarray, total: float, n: np.ndarray) -> np.ndarray:
    """Cases in every group with these odds ratios and this total: the odds of the reference group
    solve one increasing equation, found by bisection on the log scale."""
    odds_ratio = np.concatenate([[1.0], ratio])
    if not 0 < total < n.sum():
        raise ValueError("the cases must be fewer than the people, and not none")

    def counts(log_odds: float) -> np.ndarray:
        odds = np.exp(log_odds) * odds_ratio
        return n * odds / (1.0 + odds)

    low, high = -60.0, 60.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if counts(middle).sum() < total:
            low = middle
        else:
            high = middle
    return counts(0.5 * (low + high))


def mean_difference_covariance(sd: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Covariance of mean differences against a common reference group (first of sd, n)."""
    own = sd**2 / n
    return np.diag(own[1:]) + own[0]


def reference_rows(
    name: Any, rows: np.ndarray, dose: np.ndarray, se: np.ndarray | None, marked: np.ndarray | None
) -> int:
    """The reference row of one study: the marked one, else the one without a standard error, else
    the lowest dose. ValueError when that is not exactly one row."""
    if marked is not None:
        found = rows[marked[rows]]
    elif se is not None:
        found = rows[~(se[rows] > 0)]
    else:
        found = rows[dose[rows] == dose[rows].min()]
    if len(found) != 1:
        raise ValueError(f"study {name!r} has {len(found)} reference rows; it needs exactly one")
    return int(found[0])


def user_covariance(V: Sequence[Any], index: int, m: int, name: Any) -> np.ndarray:
    """The covariance matrix (m, m) given for one study."""
    array = np.atleast_2d(np.asarray(V[index], dtype=float))
    if array.shape != (m, m) or not np.isfinite(array).all():
        raise ValueError(f"study {name!r}: its covariance must be a finite ({m}, {m}) matrix")
    return array
