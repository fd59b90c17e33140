"""Multivariate meta-analysis: several outcomes of the same trials, jointly."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from ._coefficients import Coefficients, tested
from ._gaussian import BlockModel, Evaluation, connected_components
from ._inputs import (
    coefficient_frame,
    covariance_matrix,
    effect_vector,
    label_codes,
    label_vector,
)
from ._reml import maximise
from ._unstructured import common_correlation, fit_psi, unstructured
from ._validate import level_in_unit, one_of, refuse_singular
from .distributions import chi2_upper, norm_critical, norm_two_sided
from .robust import RobustResult, cluster_robust, robust_result

if TYPE_CHECKING:
    import pandas as pd

STRUCTURES = ("UN", "CS", "HCS", "DIAG")


@dataclass(frozen=True)
class ConditionalResult:
    """Expected true effect on one outcome in trials with a given true effect on another.

    Attributes
    ----------
    estimate, se, ci, pvalue : the conditional mean; p-value against zero
    slope, slope_se : between-trial regression of the target on the given effect
    residual_tau2 : between-trial variance of the target that the given effect leaves
    covariance_uncertainty : whether `se` includes that of the estimated slope (False on the
        boundary of the parameter space, where the delta method does not hold, and for DIAG)
    """

    target: Any
    given: Any
    at: float
    estimate: float
    se: float
    ci: tuple[float, float]
    pvalue: float
    slope: float
    slope_se: float
    residual_tau2: float
    covariance_uncertainty: bool

    def summary_frame(self) -> pd.DataFrame:
        """One row: estimate, se, pvalue, slope, slope_se, residual_tau2, ci_lower, ci_upper."""
        columns = {
            name: np.array([getattr(self, name)])
            for name in ("estimate", "se", "pvalue", "slope", "slope_se", "residual_tau2")
        }
        label = f"{self.target} | {self.given} = {self.at:g}"
        return coefficient_frame((label,), columns, np.array([self.ci]))


@dataclass(frozen=True)
class MultivariateResult(Coefficients):
    """A fitted multivariate model; outcomes are sorted and everything follows that order.

    Attributes
    ----------
    outcomes : (m,) their labels; trials : number of trials
    coef, se, statistic, pvalue : (p,) the average effect of every outcome, then (with
        moderators) the coefficient of each moderator for every outcome; ci (p, 2); vcov (p, p)
    tau2 : (m,) between-trial variances
    rho : between-trial correlations; one for each pair (0,1), (0,2), ..., (1,2), ... under UN, one
        in all under CS and HCS, none under DIAG
    psi : (m, m) between-trial covariance matrix
    loglik : maximised (restricted) log-likelihood, with metafor's constants
    q, q_df, q_pvalue : Cochran's Q from V alone; k : effects
    """

    outcomes: tuple[Any, ...]
    vcov: np.ndarray
    tau2: np.ndarray
    rho: np.ndarray
    psi: np.ndarray
    loglik: float
    k: int
    p: int
    trials: int
    q: float
    q_df: int
    q_pvalue: float
    structure: str
    method: str
    level: float
    _data: dict[str, Any] = field(repr=False, default_factory=dict)

    def conditional(self, target: Any, given: Any, at: float = 0.0) -> ConditionalResult:
        """Expected effect on `target` in a trial whose true effect on `given` equals `at`.

        With between-trial covariance Psi and slope b = Psi_tg / Psi_gg the estimate is
        beta_t + b (at - beta_g). Its variance is that of beta_t - b beta_g at the estimated b
        plus (at - beta_g)^2 Var(b); Var(b) is the delta method on the inverse observed
        information of Psi (of the marginal likelihood, so the coefficients are independent of it
        to first order). With moderators the effects are those at moderators of zero.

        Raises ValueError for an unknown outcome, target = given, or Psi_gg = 0.

        Source: Daniels & Hughes (1997), Statistics in Medicine 16:1965;
        Riley et al. (2017) doi:10.1136/bmj.j3932.
        """
        t, g = self._position(target), self._position(given)
        if t == g:
            raise ValueError("target and given are the same outcome")
        if self.psi[g, g] <= 0:
            raise ValueError(f"the between-trial variance of {given!r} is estimated as zero")
        slope = float(self.psi[t, g] / self.psi[g, g])
        variance_slope = self._slope_variance(t, g, slope)
        contrast = np.zeros(self.p)
        contrast[[t, g]] = 1.0, -slope
        distance = float(at - self.coef[g])
        estimate = float(self.coef[t] + slope * distance)
        known = np.isfinite(variance_slope)
        variance = float(contrast @ self.vcov @ contrast)
        variance += distance**2 * variance_slope if known else 0.0
        se = float(np.sqrt(variance))
        half = norm_critical(self.level) * se
        return ConditionalResult(
            target=target,
            given=given,
            at=float(at),
            estimate=estimate,
            se=se,
            ci=(estimate - half, estimate + half),
            pvalue=float(norm_two_sided(estimate / se)),
            slope=slope,
            slope_se=float(np.sqrt(variance_slope)) if known else float("nan"),
            residual_tau2=max(float(self.psi[t, t] - slope * self.psi[t, g]), 0.0),
            covariance_uncertainty=bool(known) and self.structure != "DIAG",
        )

    def robust(self, cluster: Any = None, kind: str = "CR2") -> RobustResult:
        """Cluster-robust tests as in `MultilevelResult.robust`; `cluster` defaults to the trial."""
        d = self._data
        if cluster is None:
            code = d["trial"]
        else:
            code = label_codes(label_vector(cluster, self.k, "cluster"))[0]
        resid = d["y"] - d["X"] @ self.coef
        vcov, df = cluster_robust(d["X"], d["M"], resid, code, kind)
        return robust_result(
            self.coef,
            vcov,
            df,
            kind=kind,
            clusters=int(np.unique(code).size),
            level=self.level,
            names=self.names,
        )

    def _position(self, outcome: Any) -> int:
        if outcome not in self.outcomes:
            known = ", ".join(map(repr, self.outcomes))
            raise ValueError(f"unknown outcome {outcome!r}; the model has {known}")
        return self.outcomes.index(outcome)

    def _slope_variance(self, t: int, g: int, slope: float) -> float:
        """Var(Psi_tg / Psi_gg); NaN on the boundary, 0 under DIAG (the slope is fixed)."""
        if self.structure == "DIAG":
            return 0.0
        basis, information = self._data["basis"], self._data["information"]
        tangent = self._data["tangent"]
        values = np.linalg.eigvalsh(self.psi / np.trace(self.psi))
        if information is None or values[0] < 1e-6:
            return float("nan")
        try:
            np.linalg.cholesky(information)
        except np.linalg.LinAlgError:
            return float("nan")
        gradient = (basis[:, t, g] - slope * basis[:, g, g]) / self.psi[g, g]
        along = tangent.T @ gradient
        return float(along @ np.linalg.solve(information, along))


def multivariate(
    yi: Any,
    V: Any,
    outcome: Any,
    trial: Any,
    structure: str = "UN",
    mods: Any = None,
    method: str = "REML",
    level: float = 0.95,
) -> MultivariateResult:
    """Average effects on several outcomes with a between-trial covariance matrix Psi.

    For effect i on outcome o(i) of trial t(i): y_i = beta_o(i) + u_t(i),o(i) + e_i, with
    Var(u_t) = Psi and Var(e) = V known. metafor's
    `rma.mv(yi, V, mods = ~ outcome - 1, random = ~ outcome | trial, struct = structure)`.

    Parameters
    ----------
    yi : (k,) effect sizes; V : (k, k) their sampling covariance, or (k,) variances
    outcome, trial : (k,) labels
    structure : "UN" (any covariance), "HCS" (a variance each, one correlation), "CS" (one
        variance, one correlation) or "DIAG" (a variance each, no correlation)
    mods : (k, c) moderators, each with its own coefficient for every outcome
    method : "REML" or "ML"; level : confidence level; tests and intervals are normal

    Returns
    -------
    MultivariateResult

    Raises
    ------
    ValueError
        for bad values or labels (index named), V not positive definite, a correlation that no
        trial can inform (pair named)
    SingularModelError
        naming the column that depends linearly on the others
    ConvergenceError
        when the likelihood was not maximised

    Notes
    -----
    Sources: Berkey et al. (1998), Statistics in Medicine 17:2537;
    Jackson, Riley & White (2011) doi:10.1002/sim.4172.

    Examples
    --------
    Berkey et al. (1998): attachment level (AL) and probing depth (PD) in five trials.

    >>> yi = [0.47, -0.32, 0.20, -0.60, 0.40, -0.12, 0.26, -0.31, 0.56, -0.39]
    >>> blocks = [(0.0075, 0.0030, 0.0077), (0.0057, 0.0009, 0.0008), (0.0021, 0.0007, 0.0014),
    ...           (0.0029, 0.0009, 0.0015), (0.0148, 0.0072, 0.0304)]
    >>> V = np.zeros((10, 10))
    >>> for t, (pd_, cov, al) in enumerate(blocks):
    ...     V[2 * t : 2 * t + 2, 2 * t : 2 * t + 2] = [[pd_, cov], [cov, al]]
    >>> fit = multivariate(yi, V, ["PD", "AL"] * 5, np.repeat([1, 2, 3, 4, 5], 2), method="ML")
    >>> print(fit.outcomes, fit.coef.round(4), fit.se.round(4))
    ('AL', 'PD') [-0.3379  0.3448] [0.0798 0.0495]
    >>> print(fit.tau2.round(4), fit.rho.round(3))
    [0.0261 0.007 ] [0.699]
    """
    y = effect_vector(yi)
    k = len(y)
    cov = covariance_matrix(V, k)
    code, outcomes = label_codes(label_vector(outcome, k, "outcome"))
    unit, trials = label_codes(label_vector(trial, k, "trial"))
    one_of(structure, STRUCTURES, "structure")
    one_of(method, ("REML", "ML"), "method")
    level_in_unit(level)
    X, names = _design(mods, code, outcomes, k)
    m, reml = len(outcomes), method == "REML"
    if k <= X.shape[1]:
        raise ValueError(f"{k} effects do not suffice for {X.shape[1]} coefficients and Psi")
    if structure in ("UN", "HCS", "CS") and m > 1:
        _refuse_unseen_pairs(code, unit, outcomes, structure)
    same = unit[:, None] == unit[None, :]
    basis = _basis(structure if m > 1 else "DIAG", m)
    G = [same * b[np.ix_(code, code)] for b in basis]
    model = BlockModel.build(y, X, cov, G, connected_components((cov != 0) | same))
    theta, best, tangent = _fit(model, structure if m > 1 else "DIAG", m, reml)
    # Under HCS the elements of Psi are tied, so only the expected information, which has no
    # curvature term, can be projected on the free parameters.
    tied = structure == "HCS" and m > 2
    information = tangent.T @ best.expected @ tangent if tied else best.observed
    psi = np.tensordot(theta, basis, axes=1)
    data = {
        "y": y,
        "X": X,
        "M": cov + same * psi[np.ix_(code, code)],
        "trial": unit,
        "basis": basis,
        "information": information,
        "tangent": tangent if tied else np.eye(len(theta)),
    }
    return _result(
        model, best, psi, data, tuple(outcomes), len(trials), names, structure, method, level
    )


def _design(
    mods: Any, code: np.ndarray, outcomes: list[Any], k: int
) -> tuple[np.ndarray, tuple[str, ...]]:
    """A constant for every outcome, then each moderator for every outcome."""
    indicator = (code[:, None] == np.arange(len(outcomes))[None, :]).astype(float)
    columns, names = [indicator], [str(o) for o in outcomes]
    if mods is not None:
        given = getattr(mods, "columns", None)
        array = np.asarray(mods, dtype=float)
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or array.shape[0] != k:
            raise ValueError(f"mods must have {k} rows, got shape {array.shape}")
        for j in range(array.shape[1]):
            name = f"mods[{j}]" if given is None else str(given[j])
            effect_vector(array[:, j], f"moderator {name}")
            columns.append(indicator * array[:, j : j + 1])
            names += [f"{o}:{name}" for o in outcomes]
    X = np.column_stack(columns)
    refuse_singular(X, names)
    return X, tuple(names)


def _refuse_unseen_pairs(
    code: np.ndarray, unit: np.ndarray, outcomes: list[Any], structure: str
) -> None:
    seen = np.zeros((int(unit.max()) + 1, len(outcomes)), dtype=int)
    seen[unit, code] = 1
    together = seen.T @ seen
    pairs = [(i, j) for i in range(len(outcomes)) for j in range(i) if together[i, j] == 0]
    everywhere = len(outcomes) * (len(outcomes) - 1) // 2
    if pairs and (structure == "UN" or len(pairs) == everywhere):
        i, j = pairs[0]
        raise ValueError(
            f"no trial reports both {outcomes[j]!r} and {outcomes[i]!r}, so their between-trial "
            f"correlation cannot be estimated; structure {structure!r} needs it (use DIAG"
            + (")" if structure != "UN" else ", CS or HCS)")
        )


def _basis(structure: str, m: int) -> np.ndarray:
    """Matrices B with Psi = sum theta B: non-negative theta for CS and DIAG, the elements of the
    upper triangle for UN and HCS."""
    if structure == "DIAG":
        return np.array([np.diag(row) for row in np.eye(m)])
    if structure == "CS":
        mean = np.full((m, m), 1.0 / m)
        return np.array([np.eye(m) - mean, mean])
    out = []
    for i, j in zip(*np.triu_indices(m), strict=True):
        B = np.zeros((m, m))
        B[i, j] = B[j, i] = 1.0
        out.append(B)
    return np.array(out)


def _fit(
    model: BlockModel, structure: str, m: int, reml: bool
) -> tuple[np.ndarray, Evaluation, np.ndarray]:
    """Elements theta of the basis, the evaluation there, and their Jacobian in the parameters."""
    if structure in ("CS", "DIAG"):
        theta, _ = maximise(model, reml, "multivariate")
        return theta, model.evaluate(theta, reml), np.eye(len(theta))
    shape = unstructured(m) if structure == "UN" or m == 2 else common_correlation(m)
    return fit_psi(model, shape, m, reml, "multivariate")


def _result(
    model: BlockModel,
    best: Evaluation,
    psi: np.ndarray,
    data: dict[str, Any],
    outcomes: tuple[Any, ...],
    trials: int,
    names: tuple[str, ...],
    structure: str,
    method: str,
    level: float,
) -> MultivariateResult:
    sd = np.sqrt(np.diagonal(psi))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.clip(psi / np.outer(sd, sd), -1.0, 1.0)
    pairs = correlation[np.triu_indices(len(outcomes), 1)]
    rho = {"UN": pairs, "DIAG": pairs[:0]}.get(structure, pairs[:1])
    q, q_df = model.spread.q, model.k - model.p
    return MultivariateResult(
        outcomes=outcomes,
        **tested(best.beta, np.sqrt(np.diagonal(best.vcov)), inf, level),
        vcov=best.vcov,
        tau2=np.diagonal(psi).copy(),
        rho=rho,
        psi=psi,
        loglik=best.loglik,
        k=model.k,
        p=model.p,
        trials=trials,
        q=q,
        q_df=q_df,
        q_pvalue=float(chi2_upper(q, q_df)),
        structure=structure,
        method=method,
        level=level,
        names=names,
        _data=data,
    )
