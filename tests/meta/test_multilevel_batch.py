"""Many responses on one three-level design: every row is the single fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit import meta
from liverfit.meta._intercept import MeanDesign, MeanModel
from liverfit.meta._nested import NestedModel

OUTER = np.array([0, 0, 0, 1, 2, 2, 3, 4, 4, 5])
V = np.array([0.3, 0.2, 0.5, 0.1, 0.4, 0.3, 0.6, 0.2, 0.3, 0.25])


def correlated() -> np.ndarray:
    full = (OUTER[:, None] == OUTER) * 0.4 * np.sqrt(np.outer(V, V))
    np.fill_diagonal(full, V)
    return full


def responses(rows: int, outer: float, inner: float, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(rows, 6))[:, OUTER] * outer**0.5
    return -1.0 + shared + rng.normal(size=(rows, 10)) * np.sqrt(inner + V)


@pytest.mark.parametrize("components", [(0.0, 0.0), (1.0, 0.5), (0.0, 0.8), (2.0, 0.0)])
@pytest.mark.parametrize("method", ["REML", "ML"])
@pytest.mark.parametrize("cov", [V, correlated()], ids=["diagonal", "correlated"])
def test_every_row_is_the_single_fit(components, method, cov) -> None:
    y = responses(40, *components)
    groups = [OUTER, np.arange(10)]
    batch = meta.multilevel_batch(y, cov, groups, method=method)
    robust = batch.robust
    for b, row in enumerate(y):
        one = meta.multilevel(row, cov, groups, method=method)
        assert batch.loglik[b] == pytest.approx(one.loglik, abs=1e-7)
        assert batch.coef[b] == pytest.approx(one.coef[0], rel=1e-5, abs=1e-6)
        assert batch.se[b] == pytest.approx(one.se[0], rel=1e-5)
        assert batch.sigma2[b] == pytest.approx(one.sigma2, rel=1e-3, abs=1e-5)
        cr2 = one.robust()
        assert robust.se[b] == pytest.approx(cr2.se[0], rel=1e-4)
        assert robust.df[b] == pytest.approx(cr2.df[0], rel=1e-3)
        assert robust.ci[b] == pytest.approx(cr2.ci[0], rel=1e-3, abs=1e-4)


@given(st.integers(0, 10_000), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_closed_form_is_the_general_model(seed: int, reml: bool, full: bool) -> None:
    y = responses(1, 0.5, 0.5, seed)[0]
    cov = correlated() if full else np.diag(V)
    general = NestedModel.build(y, np.ones((10, 1)), cov, OUTER, True, True)
    design = MeanDesign(general.v, general.z, general.starts, general.group)
    closed = MeanModel(general.y, float(general.offset[0]), design)
    axis = np.array([0.0, 0.1, 0.7])
    grid = np.array([[a, b] for a in axis for b in axis])
    expected = general.grid_logliks(axis, reml)
    assert closed.grid_logliks(axis, reml) == pytest.approx(expected, rel=1e-9)
    for theta in grid:
        a, b = general.evaluate(theta, reml), closed.evaluate(theta, reml)
        for name in ("loglik", "beta", "vcov", "score", "expected", "observed"):
            assert getattr(b, name) == pytest.approx(getattr(a, name), rel=1e-8, abs=1e-9)


def test_rows_do_not_depend_on_each_other() -> None:
    y = responses(7, 1.0, 0.5)
    groups = [OUTER, np.arange(10)]
    whole = meta.multilevel_batch(y, V, groups)
    part = meta.multilevel_batch(y[3:5], V, groups)
    assert whole.coef[3:5] == pytest.approx(part.coef, rel=1e-6)
    assert whole.sigma2[3:5] == pytest.approx(part.sigma2, rel=1e-3, abs=1e-6)


def test_refusals() -> None:
    y = responses(2, 1.0, 0.5)
    bad = y.copy()
    bad[1, 2] = np.nan
    with pytest.raises(ValueError, match=r"yi\[1, 2\] is nan"):
        meta.multilevel_batch(bad, V, [OUTER, np.arange(10)])
    with pytest.raises(ValueError, match="single group"):
        meta.multilevel_batch(y, V, [np.zeros(10, dtype=int), np.arange(10)])
    with pytest.raises(ValueError, match="groups the effects as level"):
        meta.multilevel_batch(y, V, [np.arange(10), np.arange(10)])
    linked = np.diag(V)
    linked[0, 9] = linked[9, 0] = 0.01
    with pytest.raises(ValueError, match="different outer groups"):
        meta.multilevel_batch(y, linked, [OUTER, np.arange(10)])


def test_table() -> None:
    fit = meta.multilevel_batch(responses(3, 1.0, 0.5), V, [OUTER, np.arange(10)])
    assert fit.summary_frame().shape == (3, 8)
    assert fit.robust.summary_frame().shape == (3, 7)
