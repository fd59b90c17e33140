"""Permutation tests of a mean effect (sign flips) and of moderators (shuffled rows)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import factorial, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _validate as check
from .errors import ConvergenceError
from .univariate import RandomEffectsResult, fit_core, random_effects

if TYPE_CHECKING:
    import pandas as pd

# Statistics that differ by less are ties: the same arrangement summed in another order.
TIE = float(np.sqrt(np.finfo(float).eps))


@dataclass(frozen=True)
class PermutationResult:
    """P-values from rearranged data.

    Attributes
    ----------
    statistic : (p,) test statistics of the data as observed; coef : (p,) coefficients
    pvalue : (p,) share of arrangements with a statistic at least as large in absolute value
    qm, qm_pvalue : the same for the test of all moderators together
    iterations : number of arrangements fitted; exact : whether these are all there are
    """

    coef: np.ndarray
    statistic: np.ndarray
    pvalue: np.ndarray
    qm: float
    qm_pvalue: float
    iterations: int
    exact: bool
    seed: int
    names: tuple[str, ...] = field(repr=False)

    def summary_frame(self) -> pd.DataFrame:
        """One row a coefficient: coef, statistic, pvalue."""
        import pandas as pd

        columns = {"coef": self.coef, "statistic": self.statistic, "pvalue": self.pvalue}
        return pd.DataFrame(columns, index=pd.Index(self.names, name="term"))


def permutation_test(
    yi: Any,
    vi: Any,
    mods: Any = None,
    iterations: int = 1000,
    seed: int = 0,
    method: str = "REML",
    test: str = "knha",
    intercept: bool = True,
) -> PermutationResult:
    """P-values that do not rest on normality of the estimates.

    Without moderators the signs of the effects are flipped; with moderators their rows are
    shuffled among the studies. When there are no more than `iterations` distinct arrangements
    all of them are fitted (an exact test), otherwise a random sample that contains the data as
    observed.

    Parameters
    ----------
    yi, vi : array_like (k,), k >= 2
        Effects and sampling variances.
    mods, method, test, intercept
        As in `random_effects`; the statistic is that of the model.
    iterations : int
        At least 2; at most this many arrangements.
    seed : int
        Of the random sample.

    Returns
    -------
    PermutationResult

    Raises
    ------
    ValueError, SingularModelError
        As `random_effects`; also for one study or fewer than two iterations.
    ConvergenceError
        When the model cannot be fitted to an arrangement.

    Notes
    -----
    Sources: Follmann & Proschan (1999) doi:10.1111/j.0006-341X.1999.00732.x; Higgins & Thompson
    (2004) doi:10.1002/sim.1752. Definitions are those of metafor's permutest.

    Examples
    --------
    Six BCG trials, all 64 patterns of signs:

    >>> from liverfit import meta
    >>> yi = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861]
    >>> vi = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069]
    >>> fit = meta.permutation_test(yi, vi)
    >>> float(fit.pvalue[0]), fit.exact
    (0.03125, True)
    """
    y, v = check.effects_and_variances(yi, vi)
    if len(y) < 2:
        raise ValueError("permutation_test needs at least two studies")
    if iterations < 2:
        raise ValueError(f"iterations must be at least 2, got {iterations}")
    observed = random_effects(y, v, mods, method, test, intercept=intercept)
    rng = np.random.default_rng(seed)
    if mods is None:
        exact, coef_stats, qms = _flip(observed, iterations, rng)
    else:
        exact, coef_stats, qms = _shuffle(observed, iterations, rng)
    more = np.abs(coef_stats) >= np.abs(observed.statistic) - TIE
    return PermutationResult(
        coef=observed.coef,
        statistic=observed.statistic,
        pvalue=more.mean(axis=0),
        qm=observed.qm,
        qm_pvalue=float((qms >= observed.qm - TIE).mean()),
        iterations=len(qms),
        exact=exact,
        seed=seed,
        names=observed.names,
    )


def _flip(
    observed: RandomEffectsResult, iterations: int, rng: np.random.Generator
) -> tuple[bool, np.ndarray, np.ndarray]:
    """Statistics (n, 1) and their squares (n,) over patterns of signs."""
    from .batch import random_effects_batch

    k = observed.k
    exact = 2**k <= iterations
    if exact:
        bits = (np.arange(2**k)[:, None] >> np.arange(k)) & 1
        signs = 1.0 - 2.0 * bits
    else:
        signs = rng.choice([-1.0, 1.0], size=(iterations, k))
        signs[0] = 1.0
    v = np.broadcast_to(observed.vi, signs.shape)
    fits = random_effects_batch(signs * observed.yi, v, observed.method, observed.test)
    return exact, fits.statistic[:, None], fits.statistic**2


def _shuffle(
    observed: RandomEffectsResult, iterations: int, rng: np.random.Generator
) -> tuple[bool, np.ndarray, np.ndarray]:
    """Statistics (n, p) and omnibus tests (n,) over arrangements of the rows of the design."""
    X = observed.design
    rows, code = np.unique(X, axis=0, return_inverse=True)
    code = code.ravel()
    sizes = Counter(code.tolist()).values()
    distinct = factorial(len(code)) // prod(factorial(size) for size in sizes)
    exact = distinct <= iterations
    if exact:
        arrangements: Iterator[np.ndarray] = _distinct(code)
    else:
        arrangements = (rng.permutation(code) if i else code for i in range(iterations))
    first = 1 if observed.intercept and observed.p > 1 else 0
    knha = observed.test == "knha"
    stats, qms = [], []
    for arrangement in arrangements:
        try:
            core = fit_core(observed.yi, observed.vi, rows[arrangement], observed.method, knha)
        except ConvergenceError as error:
            raise ConvergenceError(f"arrangement {len(qms)} of the moderators: {error}") from error
        stats.append(core.beta / np.sqrt(np.diagonal(core.vcov)))
        tested, cov = core.beta[first:], core.vcov[first:, first:]
        qm = float(tested @ np.linalg.solve(cov, tested))
        qms.append(qm / len(tested) if knha else qm)
    return exact, np.array(stats), np.array(qms)


def _distinct(code: np.ndarray) -> Iterator[np.ndarray]:
    """Every distinct arrangement of the codes once, in lexicographic order."""
    now = np.sort(code)
    while True:
        yield now.copy()
        rising = np.flatnonzero(now[:-1] < now[1:])
        if not rising.size:
            return
        i = int(rising[-1])
        j = i + 1 + int(np.flatnonzero(now[i + 1 :] > now[i])[-1])
        now[i], now[j] = now[j], now[i]
        now[i + 1 :] = now[i + 1 :][::-1].copy()
