"""Multilevel (three-level) meta-analysis with nested random intercepts and a known V."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from ._coefficients import Coefficients, critical, tested, wald
from ._gaussian import BlockModel, connected_components
from ._inputs import covariance_matrix, effect_vector, label_vector
from ._intercept import MeanDesign, MeanModel
from ._nested import NestedModel
from ._reml import maximise
from ._validate import design, level_in_unit, one_of
from .distributions import chi2_upper
from .robust import RobustResult, cluster_robust, robust_result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MultilevelResult(Coefficients):
    """A fitted multilevel model.

    Attributes
    ----------
    coef, se, statistic, pvalue : (p,) arrays; ci : (p, 2); vcov : (p, p), model-based
    sigma2 : (levels,) variance components, outermost level first
    loglik : maximised (restricted) log-likelihood, with metafor's constants
    k, p : effects and coefficients; levels : number of groups at each level
    q, q_df, q_pvalue : Cochran's Q from the known V alone
    qm, qm_df, qm_pvalue : test of all moderators (chi-squared for "z", F for "t"); NaN without
    i2 : percent of the variance that is heterogeneity, in total; i2_levels : (levels,) its parts
    prediction_interval : (lower, upper) for the true effect behind a new effect in a new group;
        None with moderators (see `predict`)
    notes : what the reader has to know about this fit
    """

    vcov: np.ndarray
    sigma2: np.ndarray
    loglik: float
    k: int
    p: int
    levels: tuple[int, ...]
    q: float
    q_df: int
    q_pvalue: float
    qm: float
    qm_df: int
    qm_pvalue: float
    i2: float
    i2_levels: np.ndarray
    prediction_interval: tuple[float, float] | None
    method: str
    test: str
    level: float
    notes: tuple[str, ...]
    _data: dict[str, Any] = field(repr=False, default_factory=dict)

    def robust(self, cluster: Any = None, kind: str = "CR2") -> RobustResult:
        """Cluster-robust tests: CR2 (bias-reduced), CR1 (times J/(J-1)), CR1p or CR0.

        `cluster` (k,) defaults to the outermost grouping; random effects must be nested in it.
        Degrees of freedom are Satterthwaite's (Bell & McCaffrey 2002), as clubSandwich's
        `coef_test(..., test="Satterthwaite")`. The prediction interval uses the robust standard
        error, the fitted components and the same degrees of freedom.

        Raises ValueError when effects of different clusters are correlated, when there are fewer
        than two clusters, or for an unknown kind.
        """
        X, codes = self._data["X"], self._data["codes"]
        M = self._data["V"] + sum(
            s2 * (c[:, None] == c[None, :]) for s2, c in zip(self.sigma2, codes, strict=True)
        )
        labels = codes[0] if cluster is None else label_vector(cluster, self.k, "cluster")
        code = _codes(labels)
        vcov, df = cluster_robust(X, M, self._data["y"] - X @ self.coef, code, kind)
        return robust_result(
            self.coef,
            vcov,
            df,
            kind=kind,
            clusters=int(code.max()) + 1,
            level=self.level,
            names=self.names,
            heterogeneity=float(self.sigma2.sum()) if self._data["intercept_only"] else None,
        )

    def predict(self, newmods: Any = None) -> pd.DataFrame:
        """Average effect and prediction interval at `newmods` (m, p without the constant).

        Columns: estimate, se, ci_lower, ci_upper, pi_lower, pi_upper, as metafor's `predict`.
        """
        import pandas as pd

        constant = self._data["intercept"]
        if newmods is None:
            X = self._data["X"] if self.p > int(constant) else np.ones((1, 1))
        else:
            X = np.atleast_2d(np.asarray(newmods, dtype=float))
            if constant:
                X = np.column_stack([np.ones(len(X)), X])
        if X.shape[1] != self.p:
            raise ValueError(f"newmods must have {self.p - int(constant)} columns")
        estimate, variance = X @ self.coef, np.einsum("ip,pr,ir->i", X, self.vcov, X)
        quantile = critical(self.level, _df(self.test, self.k - self.p))
        half, wide = quantile * np.sqrt(variance), quantile * np.sqrt(variance + self.sigma2.sum())
        return pd.DataFrame(
            {
                "estimate": estimate,
                "se": np.sqrt(variance),
                "ci_lower": estimate - half,
                "ci_upper": estimate + half,
                "pi_lower": estimate - wide,
                "pi_upper": estimate + wide,
            }
        )


def multilevel(
    yi: Any,
    V: Any,
    groups: Sequence[Any],
    mods: Any = None,
    method: str = "REML",
    test: str = "z",
    level: float = 0.95,
    intercept: bool = True,
) -> MultilevelResult:
    """Fit y = X b + u_outer + u_inner + e with nested random intercepts and known Var(e) = V.

    The usual three-level model has effects (inner) within trials (outer). Inner labels count
    within their outer group, as `random = ~ 1 | outer/inner` in metafor.

    Parameters
    ----------
    yi : (k,) effect sizes, in any unit
    V : (k,) sampling variances, or their (k, k) covariance matrix, in that unit squared
    groups : one (k,) label array a level, outermost first
    mods : (k, p) moderators without the constant; a DataFrame gives the coefficients their names
    method : "REML" or "ML"
    test : "z" (normal) or "t" (k - p degrees of freedom) for tests, confidence and prediction
        intervals; use `.robust()` for inference that few trials allow
    level : confidence level
    intercept : add the constant

    Returns
    -------
    MultilevelResult

    Raises
    ------
    ValueError
        for values that are not finite (index named), variances that are not positive, V that is
        not positive definite, unknown method or test
    SingularModelError
        a ValueError that names the moderator which depends linearly on the others
    ConvergenceError
        when the likelihood was not maximised

    Notes
    -----
    A level with a single group has no estimable variance and is fixed at 0, as metafor does; so
    is a level that groups the effects exactly as the level outside it, because only the sum of
    the two variances can be estimated. Both are said in `notes`. With as many coefficients as
    effects all components are 0.

    Sources: Konstantopoulos (2011) doi:10.1002/jrsm.35; Van den Noortgate et al. (2013)
    doi:10.3758/s13428-012-0261-6; Viechtbauer (2010) doi:10.18637/jss.v036.i03. I² follows the
    typical within-study variance of Higgins & Thompson (2002) doi:10.1002/sim.1186, equation 9,
    in matrix form: (k - p) / tr(P).

    Examples
    --------
    Two school districts of Konstantopoulos (2011), effects of schools within districts:

    >>> yi = [-0.18, -0.22, 0.23, -0.30, 0.13, -0.26, 0.19, 0.32]
    >>> vi = [0.118, 0.118, 0.144, 0.144, 0.014, 0.014, 0.015, 0.024]
    >>> district = [11, 11, 11, 11, 12, 12, 12, 12]
    >>> school = [1, 2, 3, 4, 1, 2, 3, 4]
    >>> fit = multilevel(yi, vi, groups=[district, school])
    >>> print(fit.coef.round(4), fit.se.round(4), fit.sigma2.round(4))
    [0.0356] [0.0974] [0.     0.0331]
    """
    y = effect_vector(yi)
    k = len(y)
    cov = covariance_matrix(V, k)
    X, names = design(mods, k, intercept)
    one_of(method, ("REML", "ML"), "method")
    one_of(test, ("z", "t"), "test")
    level_in_unit(level)
    codes = _nested_codes(groups, k)
    estimated, notes = _estimable(codes, k, X.shape[1])
    model = _model(y, X, cov, codes, estimated)
    theta, best = maximise(model, method == "REML", "multilevel")
    sigma2 = np.zeros(len(codes))
    sigma2[estimated] = theta
    data = {
        "y": y,
        "X": X,
        "V": cov,
        "codes": codes,
        "intercept": intercept,
        "intercept_only": intercept and X.shape[1] == 1,
    }
    return _result(model, sigma2, best, data, codes, names, notes, method, test, level)


def _model(
    y: np.ndarray, X: np.ndarray, cov: np.ndarray, codes: list[np.ndarray], estimated: list[int]
) -> BlockModel | NestedModel | MeanModel:
    """The linear-time model where it applies (no level between the outermost and the single
    effect, and sampling errors independent between groups), else the block model."""
    k = len(y)
    single = [int(codes[i].max()) + 1 == k for i in estimated]
    outer = [codes[i] for i, s in zip(estimated, single, strict=True) if not s]
    linked = cov != 0
    if len(outer) <= 1:
        group = outer[0] if outer else connected_components(linked)
        if not (linked & (group[:, None] != group[None, :])).any():
            nested = NestedModel.build(y, X, cov, group, bool(outer), any(single))
            return _mean_model(nested) or nested
    same = [codes[i][:, None] == codes[i][None, :] for i in estimated]
    blocks = connected_components(linked | (codes[0][:, None] == codes[0][None, :]))
    return BlockModel.build(y, X, cov, [s.astype(float) for s in same], blocks)


def _mean_model(model: NestedModel) -> MeanModel | None:
    """The closed form of a model with both components and a constant alone."""
    if model.parameters < 2 or model.p > 1 or not np.array_equal(model.X[:, 0], model.z):
        return None
    design = MeanDesign(model.v, model.z, model.starts, model.group)
    return MeanModel(model.y, float(model.offset[0]), design)


def _codes(labels: np.ndarray) -> np.ndarray:
    """Integers by first appearance."""
    seen: dict[Any, int] = {}
    return np.array([seen.setdefault(label, len(seen)) for label in labels.tolist()], dtype=int)


def _level_codes(labels: Any, k: int, name: str) -> np.ndarray:
    array = np.asarray(labels)
    if array.shape == (k,) and array.dtype.kind in "iub":
        return np.unique(array, return_inverse=True)[1]
    return _codes(label_vector(labels, k, name))


def _nested_codes(groups: Sequence[Any], k: int) -> list[np.ndarray]:
    if len(groups) == 0:
        raise ValueError("groups must hold at least one label array")
    codes: list[np.ndarray] = []
    for depth, labels in enumerate(groups):
        code = _level_codes(labels, k, f"groups[{depth}]")
        if codes:
            pair = codes[-1] * (int(code.max()) + 1) + code
            code = np.unique(pair, return_inverse=True)[1]
        codes.append(code)
    return codes


def _estimable(codes: list[np.ndarray], k: int, p: int) -> tuple[list[int], tuple[str, ...]]:
    """Levels whose variance can be estimated, and why the others are fixed at zero."""
    notes: list[str] = []
    estimated: list[int] = []
    if k <= p:
        return [], (f"{p} coefficients and {k} effects: variance components fixed at 0",)
    for depth, code in enumerate(codes):
        count = int(code.max()) + 1
        if count == 1:
            notes.append(f"level {depth} has a single group: its variance is fixed at 0")
        elif depth and count == int(codes[depth - 1].max()) + 1:
            notes.append(
                f"level {depth} groups the effects as level {depth - 1} does: its variance is "
                f"fixed at 0 and that of level {depth - 1} is the sum of both"
            )
        else:
            estimated.append(depth)
    return estimated, tuple(notes)


def _df(test: str, residual: int) -> float:
    return inf if test == "z" else residual


def _result(
    model: BlockModel | NestedModel | MeanModel,
    sigma2: np.ndarray,
    best: Any,
    data: dict[str, Any],
    codes: list[np.ndarray],
    names: tuple[str, ...],
    notes: tuple[str, ...],
    method: str,
    test: str,
    level: float,
) -> MultilevelResult:
    k, p = model.k, model.p
    coef, vcov, df = best.beta, best.vcov, _df(test, k - p)
    spread = model.spread
    q, total = spread.q, float(sigma2.sum())
    typical = (k - p) / spread.trace_p if k > p else float("nan")
    share = 100.0 * sigma2 / (total + typical) if k > p else np.zeros(len(sigma2))
    interval = None
    if data["intercept_only"]:
        half = critical(level, df) * float(np.sqrt(vcov[0, 0] + total))
        interval = (float(coef[0]) - half, float(coef[0]) + half)
    mods = slice(1, None) if data["intercept"] else slice(None)
    qm, qm_df, qm_pvalue = wald(coef[mods], vcov[mods, mods], df)
    return MultilevelResult(
        **tested(coef, np.sqrt(np.diagonal(vcov)), df, level),
        vcov=vcov,
        sigma2=sigma2,
        loglik=best.loglik,
        k=k,
        p=p,
        levels=tuple(int(c.max()) + 1 for c in codes),
        q=q,
        q_df=k - p,
        q_pvalue=float(chi2_upper(q, k - p)) if k > p else 1.0,
        qm=qm,
        qm_df=qm_df,
        qm_pvalue=qm_pvalue,
        i2=float(share.sum()),
        i2_levels=share,
        prediction_interval=interval,
        method=method,
        test=test,
        level=level,
        names=names,
        notes=notes,
        _data=data,
    )
