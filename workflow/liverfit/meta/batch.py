"""Many small random-effects models at once: one NumPy pass fits thousands.

The algorithm is that of `univariate.random_effects`, step by step, so that row i of a batch is the
single fit of row i. Rows are worked on in chunks that fit the processor's cache, studies along the
first axis, so that memory beyond input and output is constant.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from .distributions import chi2_upper, norm_critical, norm_two_sided, t_two_sided
from .errors import StatisticalWarning
from .heterogeneity import (
    MAX_ITERATIONS,
    METHODS,
    SPAN,
    STEP,
    STEPS,
    estimate_tau2,
    mean_logliks,
    search_range,
)
from .univariate import TESTS

if TYPE_CHECKING:
    import pandas as pd

# Numbers per work array: small enough for the second-level cache, large enough to hide call costs.
CHUNK = 2**16

# (y, v, tau2, target) -> score, observed and expected information of every column.
Scores = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, ...]]


@dataclass(frozen=True)
class BatchResult:
    """One model a row; attributes as in `RandomEffectsResult`.

    Attributes
    ----------
    coef, se, statistic, pvalue, tau2, i2, h2, q, q_pvalue, k, df : (B,) arrays; df is inf for
        normal tests, which also serve rows with a single study
    ci, prediction_interval : (B, 2) arrays

    Rows without any study are NaN, with k = 0.
    """

    coef: np.ndarray
    se: np.ndarray
    statistic: np.ndarray
    pvalue: np.ndarray
    ci: np.ndarray = field(repr=False)
    prediction_interval: np.ndarray = field(repr=False)
    tau2: np.ndarray
    i2: np.ndarray
    h2: np.ndarray
    q: np.ndarray
    q_pvalue: np.ndarray
    k: np.ndarray
    df: np.ndarray
    method: str
    test: str
    level: float

    def summary_frame(self) -> pd.DataFrame:
        """One row a model."""
        import pandas as pd

        columns: dict[str, np.ndarray] = {}
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if not isinstance(value, np.ndarray):
                continue
            if value.ndim == 1:
                columns[name] = value
            else:
                stem = "pi" if name == "prediction_interval" else name
                columns[f"{stem}_lower"], columns[f"{stem}_upper"] = value.T
        return pd.DataFrame(columns)


def random_effects_batch(
    yi: Any, vi: Any, method: str = "REML", test: str = "knha", level: float = 0.95
) -> BatchResult:
    """Mean effects of many independent meta-analyses (no moderators).

    Parameters
    ----------
    yi, vi : array_like (B, k)
        Row b holds the effects and sampling variances of one meta-analysis; NaN marks a study
        that this row does not have. Memory grows with B * k.
    method, test, level
        As in `random_effects`; row b of the result equals the single fit of row b.

    Returns
    -------
    BatchResult

    Raises
    ------
    ValueError
        For shapes that differ, an infinite value or a variance that is not positive (naming row
        and column), an unknown method or test.
    ConvergenceError
        When tau² of some row could not be found.

    Warns
    -----
    StatisticalWarning
        When the Knapp-Hartung standard error of some row is zero, or a row has one study.

    Notes
    -----
    Sources and definitions as in `random_effects`.

    Examples
    --------
    Four trials of BCG against tuberculosis, log relative risks, each left out in turn:

    >>> import numpy as np
    >>> from liverfit import meta
    >>> yi = np.tile([-0.8893, -1.5854, -1.3481, -1.4416], (4, 1))
    >>> vi = np.tile([0.3256, 0.1946, 0.4154, 0.0200], (4, 1))
    >>> np.fill_diagonal(yi, np.nan)
    >>> meta.random_effects_batch(yi, vi, test="z").coef.round(3)
    array([-1.451, -1.407, -1.425, -1.33 ])
    """
    method, test = check.one_of(method, METHODS, "method"), check.one_of(test, TESTS, "test")
    level = check.level_in_unit(level)
    y, v = np.asarray(yi, dtype=float), np.asarray(vi, dtype=float)
    if y.ndim != 2 or y.shape != v.shape:
        raise ValueError(f"yi and vi must have the same shape (B, k), got {y.shape}, {v.shape}")
    B, k = y.shape
    names = ("coef", "se", "tau2", "i2", "h2", "q", "k")
    parts = {name: np.empty(B) for name in names}
    rows = max(1, CHUNK // max(k, 1))
    for first in range(0, B, rows):
        part = slice(first, first + rows)
        chunk = _fit_chunk(*_columns(y[part], v[part], first), method, test)
        for name in names:
            parts[name][part] = chunk[name]
    return _tested(parts, method, test, level)


def _columns(y: np.ndarray, v: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Studies along the first axis; absent ones get variance inf, hence weight zero."""
    if np.isfinite(y.sum() + v.sum()) and v.min() > 0:
        return np.ascontiguousarray(y.T), np.ascontiguousarray(v.T)
    absent = np.isnan(y) | np.isnan(v)
    for name, array in (("yi", y), ("vi", v)):
        wrong = np.isinf(array) & ~absent
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise ValueError(f"{name}[{first + row}, {column}] is infinite")
    wrong = (v <= 0) & ~absent
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"vi[{first + row}, {column}] is {v[row, column]}; a sampling variance must be positive"
        )
    return (
        np.ascontiguousarray(np.where(absent, 0.0, y).T),
        np.ascontiguousarray(np.where(absent, np.inf, v).T),
    )


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("kn,kn->n", a, b)


def _fit_chunk(y: np.ndarray, v: np.ndarray, method: str, test: str) -> dict[str, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        w = 1.0 / v
        present = w > 0
        k = present.sum(axis=0).astype(float)
        total = w.sum(axis=0)
        q = _dot(w, (y - _dot(w, y) / total) ** 2)
        q[k == 1] = 0.0
        typical = (k - 1.0) / (total - _dot(w, w) / total)
        tau2 = np.zeros_like(k)
        many = np.flatnonzero(k > 1)
        if method != "EE" and many.size:
            some = many.size < k.size
            tau2[many] = _tau2(
                y[:, many] if some else y,
                v[:, many] if some else v,
                present[:, many] if some else present,
                k[many],
                method,
            )
        w = 1.0 / (v + tau2)
        total = w.sum(axis=0)
        coef = _dot(w, y) / total
        variance = 1.0 / total
        if test == "knha":
            rss = _dot(w, (y - coef) ** 2)
            s2w = np.where(rss > np.finfo(float).eps, rss / (k - 1.0), 0.0)
            variance = variance * np.where(k > 1, s2w, 1.0)
        if method == "EE":
            i2 = np.where(q > 0, np.maximum(0.0, 100.0 * (q - (k - 1.0)) / q), 0.0)
            h2 = q / (k - 1.0)
        else:
            i2, h2 = 100.0 * tau2 / (typical + tau2), tau2 / typical + 1.0
        i2, h2 = np.where(k > 1, i2, 0.0), np.where(k > 1, h2, 1.0)
        out = {"coef": coef, "se": np.sqrt(variance), "tau2": tau2, "i2": i2, "h2": h2, "q": q}
    for array in out.values():
        array[k == 0] = np.nan
    return {**out, "k": k}


def _tested(parts: dict[str, np.ndarray], method: str, test: str, level: float) -> BatchResult:
    coef, se, k = parts["coef"], parts["se"], parts["k"]
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = coef / se
    df = np.full(len(k), np.inf)
    pvalue, critical = norm_two_sided(statistic), np.full(len(k), norm_critical(level))
    if test == "knha":
        from scipy.special import stdtrit

        many = k > 1
        _warn_degenerate(se, k)
        df[many] = k[many] - 1.0
        pvalue[many] = t_two_sided(statistic[many], df[many])
        sizes = np.unique(df[many])
        quantiles = -stdtrit(sizes, 0.5 * (1.0 - level))
        critical[many] = quantiles[np.searchsorted(sizes, df[many])]
    half, wide = critical * se, critical * np.sqrt(se**2 + parts["tau2"])
    return BatchResult(
        coef=coef,
        se=se,
        statistic=statistic,
        pvalue=pvalue,
        ci=np.column_stack([coef - half, coef + half]),
        prediction_interval=np.column_stack([coef - wide, coef + wide]),
        tau2=parts["tau2"],
        i2=parts["i2"],
        h2=parts["h2"],
        q=parts["q"],
        q_pvalue=np.where(k > 1, chi2_upper(parts["q"], np.maximum(k - 1.0, 1.0)), 1.0),
        k=k.astype(int),
        df=df,
        method=method,
        test=test,
        level=level,
    )


def _warn_degenerate(se: np.ndarray, k: np.ndarray) -> None:
    zero, single = np.flatnonzero((se == 0) & (k > 1)), np.flatnonzero(k == 1)
    if zero.size:
        warnings.warn(
            f"the effects agree exactly in {zero.size} rows (first: {zero[0]}), so their "
            'Knapp-Hartung standard error is zero; use test="z" for them',
            StatisticalWarning,
            stacklevel=4,
        )
    if single.size:
        warnings.warn(
            f"{single.size} rows (first: {single[0]}) have one study; normal tests are used there",
            StatisticalWarning,
            stacklevel=4,
        )


def _tau2(
    y: np.ndarray, v: np.ndarray, present: np.ndarray, k: np.ndarray, method: str
) -> np.ndarray:
    """tau² of every column, each with at least two studies."""
    if method in ("DL", "HS"):
        w = 1.0 / v
        total = w.sum(axis=0)
        q = _dot(w, (y - _dot(w, y) / total) ** 2)
        if method == "HS":
            return np.maximum(0.0, (q - k) / total)
        return np.maximum(0.0, (q - (k - 1.0)) / (total - _dot(w, w) / total))
    spread = _dot(present.astype(float), (y - y.sum(axis=0) / k) ** 2)
    if method == "SJ":
        crude = spread / k
        w = 1.0 / (v + crude)
        resid = y - _dot(w, y) / w.sum(axis=0)
        return crude * _dot(w, resid**2) / (k - 1.0)
    mean_variance = np.where(present, v, 0.0).sum(axis=0) / k
    start = np.maximum(0.0, spread / (k - 1.0) - mean_variance)
    if method == "HE":
        return start
    target, scale = k - 1.0, k / (1.0 / v).sum(axis=0)
    if method in ("PM", "EB"):
        found, failed = _roots(y, v, target, start, scale, _paule_mandel_scores)
    else:
        reml = method == "REML"
        scores = partial(_likelihood_scores, reml)
        found, failed = _roots(y, v, target, start, scale, scores)
        _flag_second_maxima(y, v, found, failed, scale, spread / target, scores, reml)
    # What is not a plain single maximum goes through the scalar search with its safeguards.
    for column in np.flatnonzero(failed):
        here = present[:, column]
        X = np.ones((int(here.sum()), 1))
        found[column] = estimate_tau2(y[here, column], v[here, column], X, method)
    return found


def _likelihood_scores(
    reml: bool, y: np.ndarray, v: np.ndarray, tau2: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, ...]:
    w = v + tau2
    np.reciprocal(w, out=w)
    s1 = w.sum(axis=0)
    py = y - _dot(w, y) / s1
    py *= w
    work = w * py
    ypppy = _dot(work, py) - _dot(w, py) ** 2 / s1
    np.multiply(w, w, out=work)
    s2 = work.sum(axis=0)
    trace, trace2 = s1, s2
    if reml:
        ratio = s2 / s1
        trace, trace2 = s1 - ratio, s2 - 2.0 * _dot(work, w) / s1 + ratio * ratio
    return 0.5 * (_dot(py, py) - trace), ypppy - 0.5 * trace2, 0.5 * trace2


def _paule_mandel_scores(
    y: np.ndarray, v: np.ndarray, tau2: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, ...]:
    w = v + tau2
    np.reciprocal(w, out=w)
    resid = y - _dot(w, y) / w.sum(axis=0)
    py = w * resid
    q = _dot(py, resid)
    slope = np.where(q > 0, _dot(py, py) * target / np.where(q > 0, q, 1.0), 1.0)
    return q - target, slope, slope


def _roots(
    y: np.ndarray,
    v: np.ndarray,
    target: np.ndarray,
    start: np.ndarray,
    scale: np.ndarray,
    scores: Scores,
) -> tuple[np.ndarray, np.ndarray]:
    """`heterogeneity.find_root` for every column; the second array marks those unsolved."""
    n = len(start)
    found, failed = np.zeros(n), np.ones(n, dtype=bool)
    column, tau2 = np.arange(n), start.copy()
    low, high, zero_is_low = np.zeros(n), np.full(n, np.inf), np.zeros(n, dtype=bool)
    for _ in range(MAX_ITERATIONS):
        gradient, observed, expected = scores(y, v, tau2, target)
        up = gradient > 0
        low, high = np.where(up, tau2, low), np.where(up, high, tau2)
        zero_is_low |= up
        information = np.where(observed > 0, observed, expected)
        new = np.where(information > 0, tau2 + gradient / information, np.inf)
        below = (new <= low) & ~zero_is_low
        new[below] = 0.0
        outside = ~below & ~((low < new) & (new < high))
        if outside.any():
            middle = np.where(high < np.inf, 0.5 * (low + high), 2.0 * tau2 + scale)
            new = np.where(outside, middle, new)
        at_zero = ~up & (tau2 == 0.0)
        new[at_zero] = 0.0
        done = at_zero | (np.abs(new - tau2) <= STEP * new + 1e-16 * scale)
        tau2 = new
        if done.any():
            # A column keeps its first solution, so that it does not depend on what is beside it.
            first = done & failed[column]
            found[column[first]], failed[column[first]] = tau2[first], False
            keep = np.flatnonzero(failed[column])
            if keep.size == 0:
                break
            # Dropping columns copies the data, so wait until it saves more than it costs. NumPy
            # adds up a single column in another order than one of several: keep two.
            if 1 < keep.size < 0.6 * done.size:
                y, v = y.take(keep, axis=1), v.take(keep, axis=1)
                column, target, scale, tau2 = column[keep], target[keep], scale[keep], tau2[keep]
                low, high, zero_is_low = low[keep], high[keep], zero_is_low[keep]
    return found, failed


def _flag_second_maxima(
    y: np.ndarray,
    v: np.ndarray,
    found: np.ndarray,
    failed: np.ndarray,
    scale: np.ndarray,
    spread: np.ndarray,
    scores: Scores,
    reml: bool,
) -> None:
    """Mark columns whose likelihood may be higher elsewhere (the checks of `estimate_tau2`)."""
    inner, zero = np.flatnonzero(found > 0), np.flatnonzero(found == 0)
    if inner.size:
        at_zero = scores(
            y.take(inner, axis=1), v.take(inner, axis=1), np.zeros(inner.size), spread
        )[0]
        failed[inner[at_zero <= 0]] = True
    if zero.size:
        y, v = y.take(zero, axis=1), v.take(zero, axis=1)
        low, high = search_range(scale[zero], spread[zero])
        limit = mean_logliks(y, v, np.zeros(zero.size), reml)
        flagged = high >= SPAN * low
        for step in np.linspace(0.0, 1.0, STEPS):
            flagged |= mean_logliks(y, v, low * (high / low) ** step, reml) > limit
        failed[zero[flagged]] = True
