"""Network meta-analysis of comparisons of several treatments, aware of trials with many arms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from ._contrasts import Contrasts, build_contrasts, refuse_disconnected
from ._gaussian import inverse_and_logdet
from ._pairs import Pairs, PairTables
from ._profile import Weighted, loglik
from ._validate import level_in_unit, one_of
from .distributions import chi2_upper, norm_two_sided
from .heterogeneity import estimate_tau2

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("DL", "REML", "common")


@dataclass(frozen=True)
class NetworkResult(PairTables):
    """A fitted network.

    Attributes
    ----------
    treatments : (T,) sorted labels
    effects, standard_errors, lower, upper, pvalues : (T, T) DataFrames, row minus column
    tau, tau2 : heterogeneity, common to all comparisons (0 for "common")
    q, q_df, q_pvalue : Cochran's Q of the whole network (common-effect weights)
    q_heterogeneity, q_inconsistency (with _df and _pvalue) : its parts within and between designs
        (sets of arms compared by a trial); a p-value is NaN when its df is 0
    i2 : percent, 100 (Q - df) / Q, not below 0
    studies, k : number of trials and of comparisons
    """

    treatments: tuple[Any, ...]
    tau: float
    tau2: float
    q: float
    q_df: int
    q_pvalue: float
    q_heterogeneity: float
    q_heterogeneity_df: int
    q_heterogeneity_pvalue: float
    q_inconsistency: float
    q_inconsistency_df: int
    q_inconsistency_pvalue: float
    i2: float
    loglik: float
    studies: int
    k: int
    reference: Any
    method: str
    level: float
    _pairs: Pairs = field(repr=False)
    _data: Contrasts = field(repr=False)

    def p_scores(self, small_is_good: bool = True) -> pd.Series:
        """Mean certainty that a treatment beats another (Rücker & Schwarzer 2015
        doi:10.1186/s12874-015-0060-8), by treatment; they sum to T / 2."""
        import pandas as pd

        z = self._pairs.z
        better = ndtr(-z if small_is_good else z) * ~np.eye(len(z), dtype=bool)
        index = pd.Index(self.treatments)
        return pd.Series(better.sum(axis=1) / (len(z) - 1), index=index, name="p_score")

    def split(self) -> pd.DataFrame:
        """Direct and indirect evidence of every comparison that some trial makes.

        The direct estimate pools the trials that compare the two, each with variance
        se^2 + tau^2; with p = (se_network / se_direct)^2 the indirect estimate is
        (network - p direct) / (1 - p), with variance se_network^2 / (1 - p). The network
        estimate has minimum variance, so the two are uncorrelated and pool to it exactly, also
        with many-armed trials.

        Returns one row a comparison, indexed by (treat1, treat2): k (trials), proportion (p),
        network, direct, direct_se, indirect, indirect_se, difference (direct - indirect), se,
        statistic, pvalue; NaN in the indirect columns where all evidence is direct.

        Source: König, Krahn & Binder (2013) doi:10.1002/sim.6001; Dias et al. (2010)
        doi:10.1002/sim.3767 (back-calculation).
        """
        import pandas as pd

        d = self._data
        low, high = np.minimum(d.first, d.second), np.maximum(d.first, d.second)
        te = np.where(d.first < d.second, d.te, -d.te)
        weight = 1.0 / (d.se**2 + self.tau2)
        effect, error = self._pairs.estimate, self._pairs.se
        rows = []
        for a, b in sorted(set(zip(low.tolist(), high.tolist(), strict=True))):
            here = (low == a) & (high == b)
            total = float(weight[here].sum())
            direct, direct_se = float(weight[here] @ te[here]) / total, total**-0.5
            network, p = effect[a, b], min((error[a, b] / direct_se) ** 2, 1.0)
            if 1.0 - p > 1e-9:
                indirect = (network - p * direct) / (1.0 - p)
                indirect_se = error[a, b] / np.sqrt(1.0 - p)
            else:
                indirect = indirect_se = float("nan")
            se = float(np.hypot(direct_se, indirect_se))
            statistic = (direct - indirect) / se
            rows.append(
                {
                    "treat1": d.treatments[a],
                    "treat2": d.treatments[b],
                    "k": int(here.sum()),
                    "proportion": p,
                    "network": network,
                    "direct": direct,
                    "direct_se": direct_se,
                    "indirect": indirect,
                    "indirect_se": indirect_se,
                    "difference": direct - indirect,
                    "se": se,
                    "statistic": statistic,
                    "pvalue": float(norm_two_sided(statistic)),
                }
            )
        return pd.DataFrame(rows).set_index(["treat1", "treat2"])

    def league_table(self, digits: int = 2) -> pd.DataFrame:
        """Text table, row minus column: "estimate (lower to upper)", treatments on the
        diagonal."""
        table = self.effects.astype(object).copy()
        for i, row in enumerate(self.treatments):
            for j in range(len(self.treatments)):
                cell = [frame.iat[i, j] for frame in (self.effects, self.lower, self.upper)]
                text = "{:.{d}f} ({:.{d}f} to {:.{d}f})".format(*cell, d=digits)
                table.iat[i, j] = str(row) if i == j else text
        return table

    def summary_frame(self) -> pd.DataFrame:
        """Every treatment against the reference: effect, se, ci_lower, ci_upper, pvalue."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "effect": self.effects[self.reference],
                "se": self.standard_errors[self.reference],
                "ci_lower": self.lower[self.reference],
                "ci_upper": self.upper[self.reference],
                "pvalue": self.pvalues[self.reference],
            }
        )
        return frame.drop(index=self.reference)


def network(
    studlab: Any,
    treat1: Any,
    treat2: Any,
    te: Any,
    se: Any,
    reference: Any = None,
    method: str = "DL",
    level: float = 0.95,
    tolerance: float = 0.05,
) -> NetworkResult:
    """Combine direct and indirect comparisons of treatments under consistency.

    The graph-theoretical model of netmeta: trials with more than two arms enter with the
    covariance that their arms imply (reduced weights), and with a heterogeneity variance tau^2
    common to all comparisons (tau^2 / 2 between comparisons that share an arm).

    Parameters
    ----------
    studlab, treat1, treat2 : (n,) labels; a trial with a arms gives all a(a - 1)/2 comparisons
    te, se : (n,) effects, treat1 minus treat2, and their standard errors
    reference : treatment of `summary_frame`; default the first one
    method : heterogeneity: "DL" (generalised DerSimonian-Laird), "REML" or "common" (none)
    level : confidence level, normal intervals
    tolerance : how far, in units of the trial's smallest standard error, the effects of a trial
        may fail to add up (rounding) before it is refused

    Returns
    -------
    NetworkResult

    Raises
    ------
    ValueError
        for values that are not finite or standard errors that are not positive (index named),
        missing or repeated comparisons of a trial, effects of a trial that contradict each other
        or standard errors that no set of arms can have, a disconnected network (its parts named),
        an unknown reference
    ConvergenceError
        when the REML search fails

    Notes
    -----
    Sources: Rücker (2012) doi:10.1002/jrsm.1058; Rücker & Schwarzer (2014) doi:10.1002/sim.6236;
    decomposition of Q: Krahn, Binder & König (2013) doi:10.1186/1471-2288-13-35.

    Examples
    --------
    Five trials of the smoking-cessation network of Hasselblad (1998), log odds ratios of
    abstinence; Cottraux et al. (1983) has three arms.

    >>> net = network(
    ...     ["Cottraux", "Cottraux", "Cottraux", "Decker", "Hilleman", "Langford", "Campbell"],
    ...     ["none", "none", "individual", "self-help", "individual", "none", "none"],
    ...     ["individual", "group", "group", "individual", "group", "individual", "self-help"],
    ...     [-1.0513, -0.1285, 0.9228, 0.1517, -0.6807, -0.4436, -0.3935],
    ...     [0.4132, 0.4760, 0.3998, 0.4290, 0.4092, 0.5220, 0.3266],
    ...     reference="none",
    ... )
    >>> print(net.summary_frame()[["effect", "se"]].round(3))
                effect     se
    group        0.432  0.583
    individual   0.515  0.452
    self-help    0.519  0.530
    >>> net.p_scores(small_is_good=False).round(3).to_dict()
    {'group': 0.551, 'individual': 0.646, 'none': 0.173, 'self-help': 0.63}
    """
    one_of(method, METHODS, "method")
    level_in_unit(level)
    data = build_contrasts(studlab, treat1, treat2, te, se, tolerance)
    refuse_disconnected(data)
    if reference is None:
        reference = data.treatments[0]
    elif reference not in data.treatments:
        raise ValueError(f"reference {reference!r} is not one of the treatments")
    X = data.X[:, 1:]
    fit = fit_contrasts(data, X, method)
    q, df, tau2 = fit.q, fit.df, fit.tau2
    level_of, cov = np.zeros(len(data.treatments)), np.zeros((len(data.treatments),) * 2)
    level_of[1:], cov[1:, 1:] = fit.beta, fit.cov
    within, within_df = _within_designs(data)
    within = min(within + data.q_within, q)
    return NetworkResult(
        treatments=data.treatments,
        tau=float(np.sqrt(tau2)),
        tau2=tau2,
        q=q,
        q_df=df,
        q_pvalue=upper_tail(q, df),
        q_heterogeneity=within,
        q_heterogeneity_df=within_df,
        q_heterogeneity_pvalue=upper_tail(within, within_df),
        q_inconsistency=q - within,
        q_inconsistency_df=df - within_df,
        q_inconsistency_pvalue=upper_tail(q - within, df - within_df),
        i2=fit.i2,
        loglik=_restricted_loglik(data, X, tau2, df) if method == "REML" else float("nan"),
        studies=len(data.studies),
        k=len(data.te),
        reference=reference,
        method=method,
        level=level,
        _pairs=Pairs.of(data.treatments, level_of, cov, level),
        _data=data,
    )


@dataclass(frozen=True)
class ContrastFit:
    """Coefficients (p,) and their covariance (p, p) under tau2; Cochran's Q of all comparisons
    with its df, and I² (percent) from it."""

    beta: np.ndarray
    cov: np.ndarray
    tau2: float
    q: float
    df: int
    i2: float


def fit_contrasts(data: Contrasts, X: np.ndarray, method: str) -> ContrastFit:
    """Fit contrasts on a design (N, p), with a tau^2 >= 0 common to all comparisons; 0 without
    residual degrees of freedom.

    "DL" is the generalised method of moments (Jackson, White & Riley 2012 doi:10.1002/sim.5453,
    one variance), with the Q of all comparisons.
    """
    fit = Weighted(data.y, 1.0 / data.v, X)
    q, df, tau2 = fit.rss + data.q_within, len(data.y) - X.shape[1], 0.0
    if method == "DL" and df > 0:
        tau2 = max(0.0, (q - df) / fit.trace_p(X))
    elif method != "common" and df > 0:
        tau2 = estimate_tau2(data.y, data.v, X, method)
    if tau2 > 0.0:
        fit = Weighted(data.y, 1.0 / (data.v + tau2), X)
    return ContrastFit(
        beta=fit.beta,
        cov=0.5 * (fit.bread + fit.bread.T),
        tau2=tau2,
        q=q,
        df=df,
        i2=100.0 * max(0.0, (q - df) / q) if q > 0 else 0.0,
    )


def _restricted_loglik(data: Contrasts, X: np.ndarray, tau2: float, df: int) -> float:
    """Of the contrasts with each trial's first arm, with metafor's constants."""
    if df <= 0:
        return float("nan")
    plain = data.A[:, 1:]
    scale = inverse_and_logdet(plain.T @ plain)[1] - inverse_and_logdet(X.T @ X)[1]
    return loglik(data.y, data.v, X, tau2, "REML") + 0.5 * (scale - data.logdet_k)


def upper_tail(q: float, df: int) -> float:
    return float(chi2_upper(q, df)) if df > 0 else float("nan")


def _within_designs(data: Contrasts) -> tuple[float, int]:
    """Q and its df within designs: trials with the same arms, each set with its own effects."""
    numbers = {design: i for i, design in enumerate(dict.fromkeys(data.designs))}
    design = np.array([numbers[d] for d in data.designs])[data.study]
    two = np.array([len(d) == 2 for d in data.designs])[data.study]
    # designs of two arms: the weighted sum of squares around their own means
    weight, y, of = 1.0 / data.v[two], data.y[two], design[two]
    total, moment = (np.bincount(of, x, len(numbers)) for x in (weight, weight * y))
    with np.errstate(invalid="ignore"):
        gap = y - (moment / total)[of]
    q, df = float(weight @ gap**2), len(y) - int(np.count_nonzero(total))
    for d in np.unique(design[~two]):
        rows = np.flatnonzero(design == d)
        arms = np.array(data.designs[data.study[rows[0]]])
        if len(rows) == len(arms) - 1:
            continue
        X = data.X[np.ix_(rows, arms[1:])]
        q += Weighted(data.y[rows], 1.0 / data.v[rows], X).rss
        df += len(rows) - X.shape[1]
    return q, df
