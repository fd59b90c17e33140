"""Metamorphic properties of the univariate models."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liverfit import meta

METHODS = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
pytestmark = pytest.mark.filterwarnings("ignore::liverfit.meta.errors.StatisticalWarning")
LAW = settings(max_examples=40, derandomize=True)


@st.composite
def problems(draw: st.DrawFn, smallest: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Effects of 3 to 25 studies, variances over up to four orders of magnitude."""
    k = draw(st.integers(smallest, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    v = 0.05 * np.exp(rng.uniform(-1, 1, k) * np.log(draw(st.sampled_from([1.5, 10.0, 100.0]))))
    tau2 = draw(st.sampled_from([0.0, 0.02, 0.2, 1.0]))
    return rng.normal(0.4, np.sqrt(v + tau2)), v


models = st.tuples(st.sampled_from(METHODS), st.sampled_from(["z", "knha"]))


def same(a: object, b: object, rtol: float = 1e-7, atol: float = 1e-9) -> None:
    np.testing.assert_allclose(np.ravel(a), np.ravel(b), rtol=rtol, atol=atol)


def fit(y: np.ndarray, v: np.ndarray, model: tuple[str, str], mods: object = None):
    return meta.random_effects(y, v, mods, *model)


@LAW
@given(problems(), models, st.randoms(use_true_random=False))
def test_order_of_studies_is_irrelevant(problem, model, random) -> None:
    y, v = problem
    order = list(range(len(y)))
    random.shuffle(order)
    one, two = fit(y, v, model), fit(y[order], v[order], model)
    for name in ("coef", "se", "tau2", "q", "i2", "pvalue", "loglik", "prediction_interval"):
        same(getattr(one, name), getattr(two, name))


@LAW
@given(problems(), models, st.floats(-5, 5))
def test_shift_moves_only_the_mean(problem, model, shift) -> None:
    y, v = problem
    one, two = fit(y, v, model), fit(y + shift, v, model)
    same(one.coef + shift, two.coef)
    for name in ("se", "tau2", "q", "i2"):
        same(getattr(one, name), getattr(two, name))


@LAW
@given(problems(), models, st.floats(1e-3, 1e3))
def test_change_of_unit(problem, model, s) -> None:
    y, v = problem
    one, two = fit(y, v, model), fit(s * y, s * s * v, model)
    same(s * one.coef, two.coef, atol=1e-9 * s)
    same(s * one.se, two.se, atol=1e-9 * s)
    same(s * s * one.tau2, two.tau2, atol=1e-9 * s * s)
    for name in ("q", "i2", "pvalue", "weights"):
        same(getattr(one, name), getattr(two, name))


@LAW
@given(problems(), models)
def test_sign_flip_mirrors_the_interval(problem, model) -> None:
    y, v = problem
    one, two = fit(y, v, model), fit(-y, v, model)
    same(one.ci, -two.ci[:, ::-1])
    same(one.tau2, two.tau2)


@LAW
@given(problems(), st.sampled_from(["EE", "ML", "REML"]), st.floats(1e10, 1e16))
def test_a_vast_variance_adds_nothing(problem, method, vast) -> None:
    y, v = problem
    one = fit(y, v, (method, "z"))
    two = fit(np.append(y, 3.0), np.append(v, vast), (method, "z"))
    same(one.coef, two.coef, 1e-6)
    same(one.se, two.se, 1e-6)
    same(one.tau2, two.tau2, 1e-6)


@LAW
@given(problems())
def test_splitting_a_study_leaves_the_common_effect(problem) -> None:
    y, v = problem
    one = fit(y, v, ("EE", "z"))
    two = fit(np.append(y, y[0]), np.append(np.append(2 * v[0], v[1:]), 2 * v[0]), ("EE", "z"))
    same(one.coef, two.coef)
    same(one.se, two.se)


@LAW
@given(problems(), models)
def test_without_heterogeneity_random_is_common(problem, model) -> None:
    y, v = problem
    # Effects closer together than chance allows make every estimator but SJ zero.
    y = y.mean() + 0.02 * (y - y.mean()) * np.sqrt(v.min() / v.max())
    result = fit(y, v, model)
    if model[0] != "SJ":
        assert result.tau2 == 0
        common = fit(y, v, ("EE", model[1]))
        same(result.coef, common.coef)
        same(result.se, common.se)


@LAW
@given(problems(), models)
def test_ranges_and_nesting(problem, model) -> None:
    y, v = problem
    result = fit(y, v, model)
    assert result.tau2 >= 0
    assert 0 <= result.i2 <= 100
    low, high = result.prediction_interval
    assert low <= result.ci[0, 0] <= result.coef[0] <= result.ci[0, 1] <= high
    wide = meta.random_effects(y, v, None, *model, level=0.99)
    assert wide.ci[0, 0] < result.ci[0, 0]
    assert wide.tau2_ci[0] <= result.tau2_ci[0] <= result.tau2_ci[1] <= wide.tau2_ci[1]
    assert result.weights.sum() == pytest.approx(100)


@LAW
@given(problems())
def test_likelihood_is_at_its_maximum(problem) -> None:
    from liverfit.meta._profile import loglik

    y, v = problem
    X = np.ones((len(y), 1))
    for method in ("ML", "REML"):
        result = fit(y, v, (method, "z"))
        spread = y.var() + v.mean()
        for tau2 in np.concatenate([[0.0], spread * np.geomspace(1e-3, 10, 40)]):
            assert result.loglik >= loglik(y, v, X, tau2, method) - 1e-9


@LAW
@given(st.integers(0, 2**32 - 1), models, st.integers(1, 12))
def test_batch_row_is_the_single_fit(seed, model, k) -> None:
    rng = np.random.default_rng(seed)
    v = np.exp(rng.normal(-3, 1, (6, k)))
    y = rng.normal(0.2, np.sqrt(v + rng.choice([0, 0.1], (6, 1))))
    y[rng.random((6, k)) < 0.25] = np.nan
    batch = meta.random_effects_batch(y, v, *model)
    for i in range(6):
        here = ~np.isnan(y[i])
        if not here.any():
            assert np.isnan(batch.coef[i])
            assert batch.k[i] == 0
            continue
        single = fit(y[i, here], v[i, here], model)
        for name in ("coef", "se", "tau2", "q", "q_pvalue", "i2", "h2", "pvalue", "ci", "k"):
            same(getattr(batch, name)[i], getattr(single, name))
        same(batch.prediction_interval[i], single.prediction_interval)


@LAW
@given(problems(4), models, st.floats(-3, 3), st.floats(0.1, 10))
def test_moderator_in_other_units(problem, model, shift, scale) -> None:
    y, v = problem
    x = np.linspace(-1, 1, len(y)) ** 3 + 0.1 * np.arange(len(y))
    one, two = fit(y, v, model, x), fit(y, v, model, shift + scale * x)
    same(one.coef[1], scale * two.coef[1])
    same(one.coef[0], two.coef[0] + shift * two.coef[1], atol=1e-8)
    for name in ("tau2", "q", "qm", "qm_pvalue", "loglik"):
        same(getattr(one, name), getattr(two, name), 1e-6)


@LAW
@given(problems(3))
def test_egger_is_the_classic_regression_and_flips_with_the_funnel(problem) -> None:
    y, v = problem
    test = meta.egger_test(y, v)
    s = np.sqrt(v)
    X = np.column_stack([np.ones(len(y)), 1 / s])
    classic = np.linalg.lstsq(X, y / s, rcond=None)[0]
    same(test.slope, classic[0], 1e-6, 1e-8)
    same(test.limit, classic[1], 1e-6, 1e-8)
    same(meta.egger_test(-y, v).statistic, -test.statistic)


def test_trim_and_fill_leaves_a_symmetric_funnel() -> None:
    half = np.array([0.05, 0.2, 0.5, 0.9])
    y = np.concatenate([0.3 - half, [0.3], 0.3 + half])
    v = np.array([0.01, 0.04, 0.1, 0.2, 0.005, 0.01, 0.04, 0.1, 0.2])
    result = meta.trim_and_fill(y, v, side="left")
    assert result.k0 == 0
    assert result.coef[0] == pytest.approx(0.3)


@LAW
@given(problems(6))
def test_selection_follows_the_sign(problem) -> None:
    y, v = problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        one = meta.selection_model(y, v, alternative="greater")
        two = meta.selection_model(-y, v, alternative="less")
    same(one.coef, -two.coef, 1e-4, 1e-5)
    same(one.lrt, two.lrt, 1e-5, 1e-7)
    assert one.loglik >= meta.random_effects(y, v, method="ML", test="z").loglik - 1e-8
