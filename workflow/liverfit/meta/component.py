"""Additive component network meta-analysis: combinations act as the sum of their parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ._contrasts import Contrasts, build_contrasts
from ._gaussian import connected_components
from ._pairs import Pairs, PairTables
from ._validate import level_in_unit, one_of
from .distributions import norm_critical, norm_two_sided
from .errors import SingularModelError
from .network import METHODS, ContrastFit, fit_contrasts, upper_tail

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ComponentNetworkResult(PairTables):
    """A fitted additive component model.

    Attributes
    ----------
    components : DataFrame by component: coef, se, ci_lower, ci_upper, statistic, pvalue; the
        effect of adding the component
    vcov : (C, C) covariance of the components
    effects, standard_errors, lower, upper, pvalues : (T, T) DataFrames of the treatments as they
        were given, row minus column, under additivity
    tau, tau2 : heterogeneity under the additive model
    q_additive, q_additive_df, q_additive_pvalue : Cochran's Q of the additive model
    q_difference, q_difference_df, q_difference_pvalue : what additivity adds to Q of the network
        model; the test of additivity (NaN when there is nothing to test)
    i2 : percent, from q_additive
    """

    components: pd.DataFrame
    vcov: np.ndarray
    tau: float
    tau2: float
    q_additive: float
    q_additive_df: int
    q_additive_pvalue: float
    q_difference: float
    q_difference_df: int
    q_difference_pvalue: float
    i2: float
    method: str
    level: float
    _pairs: Pairs = field(repr=False)
    _data: dict[str, Any] = field(repr=False)

    def combination(self, treatment: str) -> tuple[float, float, tuple[float, float]]:
        """Effect of any combination of components against the inactive treatment (or against
        nothing): estimate, standard error and confidence interval.

        Raises ValueError for a component that the network does not have.
        """
        row = np.zeros(len(self.components))
        for part in _parts(treatment, self._data["sep"], self._data["inactive"]):
            if part not in self.components.index:
                raise ValueError(f"{part!r} is not a component of the network")
            row[self.components.index.get_loc(part)] = 1.0
        estimate = float(row @ self.components["coef"].to_numpy())
        se = float(np.sqrt(row @ self.vcov @ row))
        half = norm_critical(self.level) * se
        return estimate, se, (estimate - half, estimate + half)

    def summary_frame(self) -> pd.DataFrame:
        """The table of components."""
        return self.components.copy()


def component_network(
    studlab: Any,
    treat1: Any,
    treat2: Any,
    te: Any,
    se: Any,
    inactive: str | None = None,
    sep: str = "+",
    method: str = "DL",
    level: float = 0.95,
    tolerance: float = 0.05,
) -> ComponentNetworkResult:
    """Effects of the components of combined treatments, assuming that they add up.

    Treatment "A+B" has the effect of A plus that of B; the effects of the network model are
    replaced by these sums. The network may be disconnected as long as the components link it.

    Parameters
    ----------
    studlab, treat1, treat2, te, se, level, tolerance : as in `network`
    inactive : treatment without effect (placebo, no treatment); without it every treatment has
        components of its own
    sep : what separates components in a treatment's name
    method : heterogeneity under the additive model: "DL", "REML" or "common"

    Returns
    -------
    ComponentNetworkResult

    Raises
    ------
    ValueError
        as `network`, and for an unknown inactive treatment or an empty component
    SingularModelError
        naming the components whose effects the trials do not determine
    ConvergenceError
        when the REML search fails

    Notes
    -----
    Sources: Welton et al. (2009) doi:10.1093/aje/kwp014; Rücker, Petropoulou & Schwarzer (2020)
    doi:10.1002/bimj.201800167.

    Examples
    --------
    Five trials of Hasselblad (1998) as in `network`, with group counselling read as individual
    counselling plus company:

    >>> fit = component_network(
    ...     ["Cottraux", "Cottraux", "Cottraux", "Decker", "Hilleman", "Langford", "Campbell"],
    ...     ["none", "none", "talk", "book", "talk", "none", "none"],
    ...     ["talk", "talk+company", "talk+company", "talk", "talk+company", "talk", "book"],
    ...     [-1.0513, -0.1285, 0.9228, 0.1517, -0.6807, -0.4436, -0.3935],
    ...     [0.4132, 0.4760, 0.3998, 0.4290, 0.4092, 0.5220, 0.3266],
    ...     inactive="none",
    ... )
    >>> fit.components["coef"].round(3).to_dict()
    {'book': 0.519, 'company': -0.083, 'talk': 0.515}
    >>> fit.components["se"].round(3).to_dict()
    {'book': 0.53, 'company': 0.483, 'talk': 0.452}
    >>> fit.q_difference_df
    0
    """
    one_of(method, METHODS, "method")
    level_in_unit(level)
    data = build_contrasts(studlab, treat1, treat2, te, se, tolerance)
    if inactive is not None and inactive not in data.treatments:
        raise ValueError(f"inactive treatment {inactive!r} is not in the network")
    names, makeup = _makeup(data.treatments, sep, inactive)
    X = data.X @ makeup
    _refuse_undetermined(X, names)
    fit = fit_contrasts(data, X, method)
    beta, C, q, df = fit.beta, fit.cov, fit.q, fit.df
    network = _network_fit(data)
    difference, df_difference = max(q - network.q, 0.0), df - network.df
    return ComponentNetworkResult(
        components=_table(names, beta, C, level),
        vcov=C,
        tau=float(np.sqrt(fit.tau2)),
        tau2=fit.tau2,
        q_additive=q,
        q_additive_df=df,
        q_additive_pvalue=upper_tail(q, df),
        q_difference=difference if df_difference > 0 else 0.0,
        q_difference_df=df_difference,
        q_difference_pvalue=upper_tail(difference, df_difference),
        i2=fit.i2,
        method=method,
        level=level,
        _pairs=Pairs.of(data.treatments, makeup @ beta, makeup @ C @ makeup.T, level),
        _data={"sep": sep, "inactive": inactive},
    )


def _parts(treatment: Any, sep: str, inactive: str | None) -> list[str]:
    if treatment == inactive:
        return []
    parts = [part.strip() for part in str(treatment).split(sep)]
    if "" in parts:
        raise ValueError(f"treatment {treatment!r} has an empty component (separator {sep!r})")
    if len(set(parts)) < len(parts):
        raise ValueError(f"treatment {treatment!r} has a component twice")
    return [part for part in parts if part != inactive]


def _makeup(
    treatments: tuple[Any, ...], sep: str, inactive: str | None
) -> tuple[tuple[str, ...], np.ndarray]:
    """Sorted components and the (T, C) matrix of which treatment holds which."""
    parts = [_parts(t, sep, inactive) for t in treatments]
    names = tuple(sorted({part for row in parts for part in row}))
    return names, np.array([[float(name in row) for name in names] for row in parts])


def _refuse_undetermined(X: np.ndarray, names: tuple[str, ...]) -> None:
    """A component is determined when no direction of the null space of X involves it."""
    _, values, vectors = np.linalg.svd(X, full_matrices=True)
    rank = int((values > 1e-10 * values[0]).sum())
    if rank == len(names):
        return
    involved = np.abs(vectors[rank:]).max(axis=0) > 1e-8
    lost = ", ".join(name for name, lose in zip(names, involved, strict=True) if lose)
    raise SingularModelError(
        f"the trials do not determine the separate effects of {lost}: they always occur together "
        "or nothing links them; merge them into one component or name an inactive treatment"
    )


def _network_fit(data: Contrasts) -> ContrastFit:
    """The common-effect network model, with a reference in each part of a disconnected network."""
    T = len(data.treatments)
    linked = np.zeros((T, T), dtype=bool)
    linked[data.first, data.second] = linked[data.second, data.first] = True
    part = connected_components(linked)
    references = {int(np.flatnonzero(part == g)[0]) for g in range(int(part.max()) + 1)}
    X = data.X[:, [t for t in range(T) if t not in references]]
    return fit_contrasts(data, X, "common")


def _table(names: tuple[str, ...], beta: np.ndarray, C: np.ndarray, level: float) -> pd.DataFrame:
    import pandas as pd

    se = np.sqrt(np.diagonal(C))
    half = norm_critical(level) * se
    return pd.DataFrame(
        {
            "coef": beta,
            "se": se,
            "ci_lower": beta - half,
            "ci_upper": beta + half,
            "statistic": beta / se,
            "pvalue": norm_two_sided(beta / se),
        },
        index=pd.Index(names, name="component"),
    )
