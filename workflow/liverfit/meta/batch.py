"""Many small random-effects models at once: one NumPy pass fits thousands.

The algorithm is that of `univariate.random_effects`, step by step, so that row i of a batch is the
single fit of row i. Rows are worked on in chunks that fit the processor's cache, studies along the
first axis, so that memory beyond input and output is constant.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from ._batch_tau2 import column_tau2, dot
from .distributions import chi2_upper, norm_critical, norm_two_sided, t_two_sided
from .errors import StatisticalWarning
from .heterogeneity import METHODS
from .univariate import TESTS

if TYPE_CHECKING:
    import pandas as pd

# Numbers per work array: small enough for the second-level cache, large enough to hide call costs.
CHUNK = 2**16


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


def _fit_chunk(y: np.ndarray, v: np.ndarray, method: str, test: str) -> dict[str, np.ndarray]:
    with np.errstate(divide="ignore", invalid="ignore"):
        w = 1.0 / v
        present = w > 0
        k = present.sum(axis=0).astype(float)
        total = w.sum(axis=0)
        q = dot(w, (y - dot(w, y) / total) ** 2)
        q[k == 1] = 0.0
        typical = (k - 1.0) / (total - dot(w, w) / total)
        tau2 = np.zeros_like(k)
        many = np.flatnonzero(k > 1)
        if method != "EE" and many.size:
            some = many.size < k.size
            tau2[many] = column_tau2(
                y[:, many] if some else y,
                v[:, many] if some else v,
                present[:, many] if some else present,
                k[many],
                method,
            )
        w = 1.0 / (v + tau2)
        total = w.sum(axis=0)
        coef = dot(w, y) / total
        variance = 1.0 / total
        if test == "knha":
            rss = dot(w, (y - coef) ** 2)
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
