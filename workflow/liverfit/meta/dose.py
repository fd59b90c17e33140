"""Dose-response meta-analysis from aggregated data, in two stages or in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from ._coefficients import Coefficients, tested, wald
from ._doses import (
    DESIGNS,
    check_knots,
    greenland_longnecker,
    mean_difference_covariance,
    reference_rows,
    spline_basis,
    user_covariance,
)
from ._gaussian import BlockModel, Evaluation
from ._inputs import effect_vector, label_codes, label_vector, positive_vector
from ._reml import maximise
from ._unstructured import fit_psi, unstructured
from ._validate import level_in_unit, one_of
from .distributions import chi2_upper, norm_critical
from .errors import SingularModelError

if TYPE_CHECKING:
    import pandas as pd

COVARIANCES = ("md", *DESIGNS, "independent")


@dataclass(frozen=True)
class DoseResponseResult(Coefficients):
    """A fitted dose-response curve.

    Attributes
    ----------
    coef, se, statistic, pvalue : (p,) of the dose terms; ci : (p, 2); vcov : (p, p)
    psi : (p, p) between-study covariance of the coefficients; tau2 : (p,) its diagonal
    knots : of the spline, None for a line
    study_coef : (studies, p) first-stage coefficients, study_vcov (studies, p, p) their
        covariance (two-stage; None otherwise); studies : labels
    q, q_df, q_pvalue : Cochran's Q, between study coefficients (two-stage) or of all contrasts
        about the common curve (one-stage)
    i2 : percent, 100 (Q - df) / Q, not below 0
    overall_pvalue : Wald test of all dose terms; nonlinearity_pvalue : of the spline terms (NaN
        for a line)
    loglik : maximised (restricted) log-likelihood; NaN for "common"
    k : contrasts (groups that are not a reference)
    """

    vcov: np.ndarray
    psi: np.ndarray
    tau2: np.ndarray
    knots: np.ndarray | None
    studies: tuple[Any, ...]
    study_coef: np.ndarray | None
    study_vcov: np.ndarray | None
    q: float
    q_df: int
    q_pvalue: float
    i2: float
    overall_pvalue: float
    nonlinearity_pvalue: float
    loglik: float
    k: int
    approach: str
    method: str
    level: float

    def predict(self, dose: Any, reference: float = 0.0) -> pd.DataFrame:
        """Average effect of each dose against the `reference` dose, by dose: estimate, se,
        ci_lower, ci_upper."""
        import pandas as pd

        doses = np.atleast_1d(np.asarray(dose, dtype=float))
        X = spline_basis(doses, self.knots) - spline_basis(np.array([reference]), self.knots)
        estimate = X @ self.coef
        se = np.sqrt(np.maximum(np.einsum("ip,pr,ir->i", X, self.vcov, X), 0.0))
        half = norm_critical(self.level) * se
        columns = {"estimate": estimate, "se": se}
        columns |= {"ci_lower": estimate - half, "ci_upper": estimate + half}
        return pd.DataFrame(columns, index=pd.Index(doses, name="dose"))


@dataclass(frozen=True)
class _Study:
    y: np.ndarray
    X: np.ndarray
    V: np.ndarray


def dose_response(
    study: Any,
    dose: Any,
    yi: Any,
    se: Any = None,
    *,
    covariance: str | Sequence[Any] = "md",
    n: Any = None,
    sd: Any = None,
    cases: Any = None,
    reference: Any = None,
    shape: str = "linear",
    knots: Any = None,
    approach: str = "two-stage",
    method: str = "REML",
    level: float = 0.95,
) -> DoseResponseResult:
    """Average curve of an effect on dose over studies that compare several doses.

    Each study gives one row a group, among them one reference group. Effects of a study share
    its reference group and are therefore correlated; the curve is zero at the reference.
    Two-stage: a generalised least-squares curve in every study, then a multivariate random-effects
    model of its coefficients. One-stage: one mixed model of all contrasts with random
    coefficients, which also takes studies with fewer contrasts than coefficients.

    Parameters
    ----------
    study, dose : (r,) label and dose of each group
    yi : (r,) means (covariance "md"; differences from the reference will do as well) or log
        relative risks against the reference (0 in the reference row)
    se : (r,) standard errors of the log relative risks, missing or 0 in the reference row; unused
        for "md"
    covariance : "md" mean differences, from `sd` and `n` of every group; "cc", "ci", "ir"
        Greenland-Longnecker from `cases` and `n` (case-control, cumulative incidence, incidence
        rate with n = person-time); "independent" ignores the shared reference; or a list of one
        covariance matrix a study (studies in sorted order, rows as given)
    reference : (r,) booleans that mark the reference rows; default the row without a standard
        error, for "md" the lowest dose
    shape : "linear" or "rcs" (restricted cubic spline with `knots`; default the 10th, 50th and
        90th percentile of `dose`)
    approach : "two-stage" or "one-stage"; method : "REML", "ML" or "common" (no heterogeneity)
    level : confidence level, normal intervals

    Returns
    -------
    DoseResponseResult

    Raises
    ------
    ValueError
        for bad values (index named), a study without exactly one reference or with a single
        group, knots that do not increase, a study with too few doses for a two-stage curve
        (named), a covariance that is not positive definite
    SingularModelError
        when the doses do not determine the curve
    ConvergenceError
        when the likelihood was not maximised

    Notes
    -----
    Sources: Greenland & Longnecker (1992) doi:10.1093/oxfordjournals.aje.a116237; Orsini et al.
    (2012) doi:10.1093/aje/kwr265; Crippa & Orsini (2016) doi:10.1186/s12874-016-0189-0 (mean
    differences); Crippa et al. (2019) doi:10.1177/0962280218773122 (one-stage).

    Examples
    --------
    Alcohol (g a day) and breast cancer, the case-control study of Greenland & Longnecker (1992,
    table 1), corrected for the shared reference:

    >>> rr = np.array([1.0, 0.80, 1.16, 1.57])
    >>> upper, lower = np.array([1, 1.27, 1.85, 2.51]), np.array([1, 0.51, 0.73, 0.99])
    >>> fit = dose_response(
    ...     ["Rohan"] * 4, [0, 2, 6, 11], np.log(rr), np.log(upper / lower) / (2 * 1.959964),
    ...     covariance="cc", cases=[165, 74, 90, 122], n=[337, 167, 186, 212], method="common")
    >>> print(fit.coef.round(4), fit.se.round(4))
    [0.0454] [0.0207]
    """
    one_of(shape, ("linear", "rcs"), "shape")
    one_of(approach, ("two-stage", "one-stage"), "approach")
    one_of(method, ("REML", "ML", "common"), "method")
    level_in_unit(level)
    x = effect_vector(dose, "dose")
    bends = check_knots(knots, x) if shape == "rcs" else None
    basis = spline_basis(x, bends)
    labels, parts = _studies(study, x, yi, se, covariance, n, sd, cases, reference, basis)
    fit = _two_stage if approach == "two-stage" else _one_stage
    beta, C, psi, loglik, q, q_df, first = fit(labels, parts, method)
    names = ("dose", *(f"spline {j + 1}" for j in range(basis.shape[1] - 1)))
    return DoseResponseResult(
        **tested(beta, np.sqrt(np.diagonal(C)), inf, level),
        vcov=C,
        psi=psi,
        tau2=np.diagonal(psi).copy(),
        knots=bends,
        studies=tuple(labels),
        study_coef=first[0] if first else None,
        study_vcov=first[1] if first else None,
        q=q,
        q_df=q_df,
        q_pvalue=float(chi2_upper(q, q_df)) if q_df > 0 else float("nan"),
        i2=100.0 * max(0.0, (q - q_df) / q) if q > 0 else 0.0,
        overall_pvalue=wald(beta, C, inf)[2],
        nonlinearity_pvalue=wald(beta[1:], C[1:, 1:], inf)[2],
        loglik=loglik,
        k=sum(len(part.y) for part in parts),
        approach=approach,
        method=method,
        level=level,
        names=names,
    )


def _studies(
    study: Any,
    dose: np.ndarray,
    yi: Any,
    se: Any,
    covariance: str | Sequence[Any],
    n: Any,
    sd: Any,
    cases: Any,
    reference: Any,
    basis: np.ndarray,
) -> tuple[list[Any], list[_Study]]:
    """Contrasts with the reference group, their design and covariance, study by study."""
    k = len(dose)
    y = effect_vector(yi)
    if len(y) != k:
        raise ValueError(f"yi has {len(y)} values for {k} doses")
    code, labels = label_codes(label_vector(study, k, "study"))
    kind = covariance if isinstance(covariance, str) else "given"
    if kind != "given":
        one_of(kind, COVARIANCES, "covariance")
    given = {"n": n, "sd": sd, "cases": cases, "se": se}
    needed = {"md": ("n", "sd"), "independent": ("se",), "given": ()}.get(
        kind, ("n", "cases", "se")
    )
    for name in needed:
        if given[name] is None:
            raise ValueError(f"covariance {kind!r} needs {name}")
    number = {name: positive_vector(given[name], k, name) for name in needed if name != "se"}
    error = None if se is None or kind == "md" else np.asarray(se, dtype=float)
    if error is not None and error.shape != (k,):
        raise ValueError(f"se must have shape ({k},), got {error.shape}")
    marked = None if reference is None else np.asarray(reference, dtype=bool)
    if marked is not None and marked.shape != (k,):
        raise ValueError(f"reference must have shape ({k},), got {marked.shape}")
    out = []
    for s, label in enumerate(labels):
        rows = np.flatnonzero(code == s)
        if len(rows) < 2:
            raise ValueError(f"study {label!r} has a single group")
        base = reference_rows(label, rows, dose, error, marked)
        others = rows[rows != base]
        all_rows = np.concatenate([[base], others])
        effect = y[others] - y[base]
        if kind == "md":
            V = mean_difference_covariance(number["sd"][all_rows], number["n"][all_rows])
        elif kind == "given":
            V = user_covariance(covariance, s, len(others), label)
        else:
            bad = others[~(error[others] > 0)]
            if bad.size:
                raise ValueError(f"se[{bad[0]}] is {error[bad[0]]}; it must be positive")
            V = np.diag(error[others] ** 2)
            if kind != "independent":
                counts = number["cases"][all_rows], number["n"][all_rows]
                V = greenland_longnecker(effect, np.diagonal(V), *counts, kind)
        if np.linalg.eigvalsh(V)[0] <= 0:
            raise ValueError(f"study {label!r}: its covariance matrix is not positive definite")
        out.append(_Study(effect, basis[others] - basis[base], V))
    return labels, out


_Fit = tuple[
    np.ndarray, np.ndarray, np.ndarray, float, float, int, tuple[np.ndarray, np.ndarray] | None
]


def _two_stage(labels: list[Any], parts: list[_Study], method: str) -> _Fit:
    coefs, covs = [], []
    for label, part in zip(labels, parts, strict=True):
        WX = np.linalg.solve(part.V, part.X)
        precision = part.X.T @ WX
        scale = np.sqrt(np.maximum(np.diagonal(precision), np.finfo(float).tiny))
        p = part.X.shape[1]
        if len(part.y) < p or np.linalg.cond(precision / np.outer(scale, scale)) > 1e12:
            raise ValueError(
                f"study {label!r} has too few distinct doses for {p} coefficients of its own; "
                'use approach="one-stage" or a simpler shape'
            )
        covs.append(np.linalg.inv(precision))
        coefs.append(covs[-1] @ (WX.T @ part.y))
    coef, cov = np.array(coefs), np.array(covs)
    m, p = coef.shape
    # Coefficients of a spline differ by orders of magnitude; in these units S averages to one.
    root = np.linalg.cholesky(cov.mean(axis=0))
    unit = np.linalg.inv(root)
    y, V = (coef @ unit.T).ravel(), np.zeros((m * p, m * p))
    for s in range(m):
        at = slice(s * p, s * p + p)
        V[at, at] = unit @ cov[s] @ unit.T
    X = np.tile(np.eye(p), (m, 1))
    model, best, psi = _fit(y, X, V, np.repeat(np.arange(m), p), X, method)
    spread, shift = model.spread, float(np.log(np.diagonal(root)).sum())
    loglik = best.loglik - (m - 1 if method == "REML" else m) * shift
    if method == "common":
        loglik = float("nan")
    return (
        root @ best.beta,
        root @ best.vcov @ root.T,
        root @ psi @ root.T,
        loglik,
        spread.q,
        (m - 1) * p,
        (coef, cov),
    )


def _one_stage(labels: list[Any], parts: list[_Study], method: str) -> _Fit:
    X = np.concatenate([part.X for part in parts])
    length = np.linalg.norm(X, axis=0)
    if (length == 0).any() or np.linalg.cond(X / np.where(length > 0, length, 1.0)) > 1e10:
        raise SingularModelError("the doses do not determine the curve; use fewer knots")
    if len(X) <= X.shape[1]:
        raise ValueError(f"{len(X)} contrasts do not suffice for {X.shape[1]} coefficients")
    k = len(X)
    root = np.linalg.inv(np.linalg.qr(X, mode="r")) * np.sqrt(k)
    y, V = np.concatenate([part.y for part in parts]), np.zeros((k, k))
    unit = np.repeat(np.arange(len(parts)), [len(part.y) for part in parts])
    for s, part in enumerate(parts):
        V[np.ix_(unit == s, unit == s)] = part.V
    model, best, psi = _fit(y, X @ root, V, unit, X @ root, method)
    return (
        root @ best.beta,
        root @ best.vcov @ root.T,
        root @ psi @ root.T,
        float("nan") if method == "common" else best.loglik,
        model.spread.q,
        k - X.shape[1],
        None,
    )


def _fit(
    y: np.ndarray, X: np.ndarray, V: np.ndarray, unit: np.ndarray, Z: np.ndarray, method: str
) -> tuple[BlockModel, Evaluation, np.ndarray]:
    """y = X b + Z u + e with Var(u) = Psi in every unit; Psi zero for "common" or one unit."""
    p, reml = Z.shape[1], method != "ML"
    same = unit[:, None] == unit[None, :]
    i, j = np.triu_indices(p)
    G = []
    for a, b in zip(i, j, strict=True):
        outer = np.outer(Z[:, a], Z[:, b])
        G.append(same * (outer if a == b else outer + outer.T))
    model = BlockModel.build(y, X, V, G, unit)
    if method == "common" or unit.max() == 0:
        zero = np.zeros(len(G))
        return model, model.evaluate(zero, reml, order=0), np.zeros((p, p))
    if p == 1:
        psi, best = maximise(model, reml, "dose-response")
    else:
        psi, best, _ = fit_psi(model, unstructured(p), p, reml, "dose-response")
    full = np.zeros((p, p))
    full[i, j] = full[j, i] = psi
    return model, best, full
