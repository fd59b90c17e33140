"""Many three-level meta-regressions on one design: every row is the single fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_multilevel_batch import OUTER, V, correlated, responses

from liverfit import meta
from liverfit.meta._regressions import Regressions
from liverfit.meta.regression_batch import _drawn

DOSE = np.array([0.0, 1.0, 2.0, 0.5, 1.5, 2.5, 3.0, 0.0, 1.0, 2.0])
SPLINE = np.column_stack([DOSE, np.maximum(DOSE - 1.0, 0.0) ** 2])
GROUPS = [OUTER, np.arange(10)]


@pytest.mark.parametrize("components", [(0.0, 0.0), (1.0, 0.5), (0.0, 0.8), (2.0, 0.0)])
@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("cov", [V, correlated()], ids=["diagonal", "correlated"])
@pytest.mark.parametrize("mods", [None, DOSE[:, None], SPLINE], ids=["mean", "line", "spline"])
def test_every_row_is_the_single_fit(components, method, cov, mods) -> None:
    y = responses(25, *components) + 0.3 * DOSE
    batch = meta.multilevel_regression_batch(y, cov, GROUPS, mods, method=method)
    robust = batch.robust
    for b, row in enumerate(y):
        one = meta.multilevel(row, cov, GROUPS, mods, method=method)
        assert batch.loglik[b] == pytest.approx(one.loglik, abs=1e-7)
        assert batch.coef[b] == pytest.approx(one.coef, rel=1e-4, abs=1e-5)
        assert batch.se[b] == pytest.approx(one.se, rel=1e-4)
        assert batch.pvalue[b] == pytest.approx(one.pvalue, rel=1e-3, abs=1e-6)
        assert batch.sigma2[b] == pytest.approx(one.sigma2, rel=1e-3, abs=1e-5)
        cr2 = one.robust()
        assert robust.se[b] == pytest.approx(cr2.se, rel=1e-3)
        assert robust.df[b] == pytest.approx(cr2.df, rel=1e-3)
        assert robust.ci[b] == pytest.approx(cr2.ci, rel=1e-3, abs=1e-3)
    assert batch.refitted <= 1


@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("cov", [V, correlated()], ids=["diagonal", "correlated"])
@pytest.mark.parametrize("mods", [None, DOSE[:, None]], ids=["mean", "line"])
def test_a_row_of_counts_is_the_fit_to_repeated_trials(method, cov, mods) -> None:
    rng = np.random.default_rng(7)
    drawn = rng.multinomial(6, np.full(6, 1 / 6), size=60)
    X = np.column_stack([np.ones(10), *(() if mods is None else mods.T)])
    rank = [np.linalg.matrix_rank(X[c[OUTER] > 0]) for c in drawn]
    counts = drawn[np.array(rank) == X.shape[1]]
    y = responses(1, 1.0, 0.5)[0]
    batch = meta.multilevel_regression_batch(y, cov, GROUPS, mods, counts, method)
    full = cov if cov.ndim == 2 else np.diag(cov)
    assert len(counts) > 40
    for b, times in enumerate(counts):
        at, trial = _drawn(times, OUTER)
        V_b = full[np.ix_(at, at)] * (trial[:, None] == trial)
        x = None if mods is None else mods[at]
        one = meta.multilevel(y[at], V_b, [trial, np.arange(len(at))], x, method=method)
        assert batch.loglik[b] == pytest.approx(one.loglik, abs=1e-6)
        assert batch.coef[b] == pytest.approx(one.coef, rel=1e-3, abs=1e-4)
        assert batch.sigma2[b].sum() == pytest.approx(one.sigma2.sum(), rel=1e-3, abs=1e-5)
    assert batch.refitted < len(counts) / 4


def test_one_trial_drawn_each_time_is_the_data_themselves() -> None:
    y = responses(1, 1.0, 0.5)[0]
    batch = meta.multilevel_regression_batch(y, V, GROUPS, DOSE, np.ones((1, 6)))
    plain = meta.multilevel_regression_batch(y, V, GROUPS, DOSE)
    assert batch.coef == pytest.approx(plain.coef)
    assert batch.vcov == pytest.approx(plain.vcov)


@given(st.integers(0, 10_000), st.booleans(), st.floats(0.01, 3.0), st.floats(0.01, 3.0))
@settings(max_examples=40)
def test_derivatives_are_those_of_the_likelihood(seed, reml, outer, inner) -> None:
    """Score and observed information against differences of the log-likelihood."""
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(10), DOSE])
    counts = rng.integers(0, 4, size=(1, 6)).astype(float)
    counts[0, [0, 2]] += 1.0
    starts = np.concatenate([[0], np.cumsum(np.bincount(OUTER))[:-1]])
    y = responses(1, 0.5, 0.5, seed)
    model = Regressions(X, V, np.ones(10), starts, OUTER, y, counts, reml)
    theta, row, step = np.array([outer, inner]), np.zeros(1, dtype=int), 1e-5

    def at(theta):
        return model.moments(row, theta[None])

    _, score, _, observed = at(theta)
    for q, names in enumerate(((0, 1), (1, 2))):
        move = step * np.eye(2)[q]
        up, down = at(theta + move), at(theta - move)
        slope = (up[0] - down[0]) / (2 * step)
        assert score[q] == pytest.approx(slope, rel=1e-4, abs=1e-5)
        bend = -(up[1] - down[1]) / (2 * step)
        assert observed[list(names)] == pytest.approx(bend, rel=1e-4, abs=1e-5)
    axis = np.array([0.0, outer, inner])
    grid = model.grid_logliks(slice(0, 1), axis)[0]
    assert grid[1, 2] == pytest.approx(at(theta)[0][0], rel=1e-9)


def test_rows_do_not_depend_on_each_other() -> None:
    y = responses(7, 1.0, 0.5)
    whole = meta.multilevel_regression_batch(y, V, GROUPS, DOSE)
    part = meta.multilevel_regression_batch(y[3:5], V, GROUPS, DOSE)
    assert whole.coef[3:5] == pytest.approx(part.coef, rel=1e-6)
    assert whole.sigma2[3:5] == pytest.approx(part.sigma2, rel=1e-3, abs=1e-6)


def test_refusals() -> None:
    y = responses(2, 1.0, 0.5)
    fit = meta.multilevel_regression_batch
    bad = y.copy()
    bad[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"yi\[1, 2\] is nan"):
        fit(bad, V, GROUPS, DOSE)
    with pytest.raises(ValueError, match="single effects"):
        fit(y, V, [OUTER, np.arange(10) // 2], DOSE)
    linked = np.diag(V)
    linked[0, 9] = linked[9, 0] = 0.01
    with pytest.raises(ValueError, match="different outer groups"):
        fit(y, linked, GROUPS, DOSE)
    with pytest.raises(meta.SingularModelError):
        fit(y, V, GROUPS, np.ones((10, 1)))
    with pytest.raises(ValueError, match=r"counts must be \(B, 6\)"):
        fit(y[0], V, GROUPS, DOSE, np.ones((3, 5)))
    with pytest.raises(ValueError, match="whole numbers"):
        fit(y[0], V, GROUPS, DOSE, np.full((3, 6), 0.5))
    lone = np.zeros((2, 6))
    lone[0], lone[1, 3] = 1.0, 6.0
    with pytest.raises(ValueError, match=r"counts\[1\]: these groups do not determine"):
        fit(y[0], V, GROUPS, DOSE, lone)
    with pytest.raises(ValueError, match="resampled groups"):
        _ = fit(y[0], V, GROUPS, DOSE, np.ones((3, 6))).robust
    with pytest.raises(ValueError, match="at least two clusters"):
        _ = fit(y, V, [np.zeros(10), np.arange(10)], DOSE).robust
