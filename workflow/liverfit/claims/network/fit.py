"""One network fitted: effects between nodes with t intervals, tests of equality and additivity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from liverfit import meta
from liverfit.claims.network.trials import NodeTrial, linked, node_trials
from liverfit.meta import distributions as dist


@dataclass(frozen=True)
class Network:
    """The part of a network that holds the reference node, fitted.

    Attributes
    ----------
    result : meta.NetworkResult
    trials : what was fitted
    left_out : dicts trial_id, label, reason, detail
    df : residual degrees of freedom: independent contrasts less nodes plus one. With none left
        the heterogeneity cannot be estimated: tau2 is 0, intervals are normal
    level : of intervals
    """

    result: object
    trials: tuple[NodeTrial, ...]
    left_out: tuple[dict, ...]
    df: int
    level: float

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(self.result.treatments)

    def levels(self) -> tuple[np.ndarray, np.ndarray]:
        """Effects against the reference (T,), that of the reference 0, and their covariance."""
        at = self.nodes.index(self.result.reference)
        effect = self.result.effects.to_numpy()[:, at]
        variance = self.result.standard_errors.to_numpy() ** 2
        cov = 0.5 * (variance[:, [at]] + variance[[at], :] - variance)
        return effect, 0.5 * (cov + cov.T)

    def combination(self, weights: dict[str, float]) -> dict:
        """A linear combination of the nodes' effects: estimate, se, interval, p-value, and the
        prediction interval for the true effect in a new trial."""
        effect, cov = self.levels()
        row = np.array([weights.get(n, 0.0) for n in self.nodes])
        estimate, se = float(row @ effect), float(max(row @ cov @ row, 0.0)) ** 0.5
        half = self._critical(self.df) * se
        t = estimate / se
        out = {
            "estimate": estimate,
            "se": se,
            "ci_lower": estimate - half,
            "ci_upper": estimate + half,
            "pi_lower": None,
            "pi_upper": None,
            "pvalue": float(dist.t_two_sided(t, self.df) if self.df else dist.norm_two_sided(t)),
        }
        if self.df > 1:
            wide = self._critical(self.df - 1) * (self.result.tau2 + se**2) ** 0.5
            out.update(pi_lower=estimate - wide, pi_upper=estimate + wide)
        return out

    def contrast(self, first: str, second: str) -> dict:
        """Effect of the first node less that of the second, as `combination`."""
        return self.combination({first: 1.0, second: -1.0})

    def equality(self, nodes: list[str]) -> dict:
        """Wald test that nodes have one effect: F with `df` denominator degrees of freedom
        (chi-squared where none are left)."""
        effect, cov = self.levels()
        at = [self.nodes.index(n) for n in nodes]
        L = np.zeros((len(at) - 1, len(effect)))
        for row, i in enumerate(at[1:]):
            L[row, i], L[row, at[0]] = 1.0, -1.0
        d = L @ effect
        wald = float(d @ np.linalg.solve(L @ cov @ L.T, d))
        p = dist.chi2_upper(wald, len(d))
        if self.df:
            p = dist.f_upper(wald / len(d), len(d), self.df)
        return {"nodes": list(nodes), "wald": wald, "df": len(d), "df_residual": self.df,
                "pvalue": float(p)}  # fmt: skip

    def _critical(self, df: int) -> float:
        return dist.t_critical(self.level, df) if df else dist.norm_critical(self.level)


def fit_network(effects: list[dict], models: dict, method: str | None = None) -> Network:
    """Fit the network that effects form, as far as it is connected with the reference.

    Random effects with one heterogeneity variance for all comparisons (Rücker 2012,
    doi:10.1002/jrsm.1058; `meta.network`). Intervals use t with the residual degrees of freedom in
    place of the normal, since the variance is estimated from few trials.

    Parameters
    ----------
    effects : contrasts of one outcome on one measure, screened, one trial a cohort
    models : the section `models` of the analysis plan
    method : estimator of heterogeneity in place of `models["network"]["estimator"]`

    Raises
    ------
    ValueError
        where no trial compares the reference with another node.
    """
    settings = models["network"]
    trials, left_out = node_trials(effects, settings)
    inside = connected(trials, settings["reference"])
    if not inside:
        raise ValueError(f"no trial compares {settings['reference']} with another node")
    fitted = [t for t in trials if set(t.nodes) <= inside]
    left_out += [
        {"trial_id": t.trial_id, "label": t.label, "reason": "not_connected",
         "detail": f"{' and '.join(t.nodes)} share no trial with the part that holds "
                   f"{settings['reference']}"}
        for t in trials
        if not set(t.nodes) <= inside
    ]  # fmt: skip
    result = meta.network(
        *comparison_columns(fitted),
        reference=settings["reference"],
        method=method or settings["estimator"],
        level=models["level"],
    )
    df = sum(len(t.y) for t in fitted) - len(inside) + 1
    return Network(result, tuple(fitted), tuple(left_out), df, models["level"])


def connected(trials: list[NodeTrial], reference: str) -> set[str]:
    """Nodes that trials link with the reference, itself included; empty where none is."""
    pairs = [(t.nodes[0], n) for t in trials for n in t.nodes[1:]]
    return next((part for part in linked(pairs) if reference in part), set())


def comparison_columns(trials: list[NodeTrial]) -> tuple[list, ...]:
    """Study, first and second node, effect, standard error: the columns of `meta.network`."""
    rows = [row for t in trials for row in t.comparisons()]
    return tuple(map(list, zip(*rows, strict=True)))
