"""Refusals, degenerate data, and the shape of results of the univariate part of the engine."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from reference_univariate import data
from scipy.special import stdtrit

from liverfit import meta

METHODS = ("EE", "DL", "HE", "HS", "SJ", "ML", "REML", "EB", "PM")
Y = [-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209]
V = [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230]

ALL = {
    "random_effects": meta.random_effects,
    "egger_test": meta.egger_test,
    "rank_test": meta.rank_test,
    "trim_and_fill": meta.trim_and_fill,
    "pet_peese": meta.pet_peese,
    "selection_model": meta.selection_model,
    "bayes_random_effects": meta.bayes_random_effects,
    "cumulative": meta.cumulative,
    "permutation_test": lambda y, v: meta.permutation_test(y, v, iterations=5),
}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_missing_effect_is_named(name: str, bad: float) -> None:
    with pytest.raises(ValueError, match=r"yi\[2\]"):
        ALL[name]([*Y[:2], bad, *Y[3:]], V)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("bad", [0.0, -0.1, float("nan")])
def test_impossible_variance_is_named(name: str, bad: float) -> None:
    with pytest.raises(ValueError, match=r"vi\[4\]"):
        ALL[name](Y, [*V[:4], bad, *V[5:]])


@pytest.mark.parametrize("name", ALL)
def test_wrong_shapes(name: str) -> None:
    with pytest.raises(ValueError, match="equal length"):
        ALL[name](Y, V[:3])
    with pytest.raises(ValueError, match="empty"):
        ALL[name]([], [])


@pytest.mark.parametrize("name", sorted(set(ALL) - {"cumulative"}))
def test_results_are_frozen_and_have_a_frame(name: str) -> None:
    result = ALL[name](Y, V)
    assert isinstance(result.summary_frame(), pd.DataFrame)
    field = dataclasses.fields(result)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, field, 0)


def test_input_is_not_changed_and_lists_and_series_are_equal() -> None:
    y, v = np.array(Y), np.array(V)
    for function in ALL.values():
        function(y, v)
    assert y.tolist() == Y
    assert v.tolist() == V
    one, two = meta.random_effects(Y, V), meta.random_effects(pd.Series(Y), pd.Series(V))
    assert one.coef[0] == two.coef[0]


def test_batch_names_row_and_column() -> None:
    y, v = np.tile(Y, (3, 1)), np.tile(V, (3, 1))
    v[2, 1] = -1.0
    with pytest.raises(ValueError, match=r"vi\[2, 1\]"):
        meta.random_effects_batch(y, v)
    v[2, 1], y[1, 3] = 1.0, np.inf
    with pytest.raises(ValueError, match=r"yi\[1, 3\]"):
        meta.random_effects_batch(y, v)
    with pytest.raises(ValueError, match="same shape"):
        meta.random_effects_batch(y, v[:2])


def test_batch_of_nothing_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert meta.random_effects_batch(np.empty((0, 4)), np.empty((0, 4))).coef.shape == (0,)
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 0.3, (50, 6))
    y = rng.normal(0, 0.5, (50, 6))
    whole = meta.random_effects_batch(y, v)
    monkeypatch.setattr("liverfit.meta.batch.CHUNK", 13)
    parts = meta.random_effects_batch(y, v)
    np.testing.assert_allclose(whole.summary_frame(), parts.summary_frame(), rtol=1e-12)


def test_singular_moderators_are_named() -> None:
    x = np.arange(7.0)
    with pytest.raises(meta.SingularModelError, match="dose_mg"):
        meta.random_effects(Y, V, pd.DataFrame({"dose_g": x, "dose_mg": 1000 * x}))
    with pytest.raises(meta.SingularModelError, match=r"mods\[0\]"):
        meta.random_effects(Y, V, np.full(7, 2.0))
    with pytest.raises(meta.SingularModelError, match="zero"):
        meta.random_effects(Y, V, np.zeros(7), intercept=False)
    assert issubclass(meta.SingularModelError, ValueError)


@pytest.mark.parametrize("test", [meta.egger_test, meta.pet_peese])
@pytest.mark.parametrize("model", ["lm", "rma"])
def test_equal_variances_cannot_be_regressed_on(test, model: str) -> None:
    with pytest.raises(meta.SingularModelError, match="all variances are equal"):
        test(Y, [0.1] * len(Y), model=model)


def test_moderator_faults() -> None:
    x = np.arange(7.0)
    x[3] = np.nan
    with pytest.raises(ValueError, match=r"moderator year is nan at index 3"):
        meta.random_effects(Y, V, pd.Series(x, name="year"))
    with pytest.raises(ValueError, match="7 rows"):
        meta.random_effects(Y, V, np.arange(6.0))
    with pytest.raises(ValueError, match="cannot be estimated from 2"):
        meta.random_effects(Y[:2], V[:2], [[1, 2], [3, 5]])
    with pytest.raises(ValueError, match="cannot be estimated from 2"):
        meta.random_effects(Y[:2], V[:2], [1.0, 2.0])


@pytest.mark.parametrize(
    ("argument", "value"), [("method", "XX"), ("test", "t"), ("level", 95), ("level", 0.0)]
)
def test_unknown_options(argument: str, value: object) -> None:
    with pytest.raises(ValueError, match=argument):
        meta.random_effects(Y, V, **{argument: value})


@pytest.mark.parametrize("method", METHODS)
def test_one_study_is_that_study(method: str) -> None:
    with pytest.warns(meta.StatisticalWarning, match="knha"):
        result = meta.random_effects([0.3], [0.04], method=method)
    assert (result.coef[0], result.se[0], result.tau2, result.k) == (0.3, 0.2, 0.0, 1)
    assert result.test == "z"
    assert np.isnan(result.tau2_ci).all()


@pytest.mark.parametrize("method", METHODS)
def test_two_studies(method: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error" if method != "EE" else "ignore")
        result = meta.random_effects([0.1, 0.9], [0.04, 0.05], method=method)
    assert np.isfinite([*result.ci[0], *result.prediction_interval, *result.tau2_ci]).all()
    assert result.df == 1


def test_equal_effects_warn_that_the_standard_error_is_zero() -> None:
    with pytest.warns(meta.StatisticalWarning, match="zero"):
        result = meta.random_effects([0.3] * 4, [0.1, 0.2, 0.3, 0.1])
    assert result.se[0] == 0
    assert result.tau2 == 0
    assert np.isnan(result.qm)
    with pytest.warns(meta.StatisticalWarning, match="zero"):
        meta.random_effects_batch([[0.3] * 4], [[0.1, 0.2, 0.3, 0.1]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        meta.random_effects([0.3] * 4, [0.1, 0.2, 0.3, 0.1], test="z")


def test_a_second_maximum_of_the_likelihood_is_found() -> None:
    # The score is negative at zero, where the likelihood is lower than at tau2 = 0.1985.
    y, v = [-1.8542922, -1.1812937, -0.36995719], [0.41800663, 0.10336723, 0.00600782]
    single = meta.random_effects(y, v, method="ML")
    assert single.tau2 == pytest.approx(0.198522592113, rel=1e-6)
    assert meta.random_effects_batch([y], [v], method="ML").tau2[0] == pytest.approx(single.tau2)


def test_bracketing_takes_over_and_failure_is_raised() -> None:
    from liverfit.meta.heterogeneity import find_root

    # A slope that misleads Newton's method everywhere.
    found = find_root(lambda t: (2.0 - t, 1e-3, 1e-3), 0.0, 1.0, "REML")
    assert found == pytest.approx(2.0)
    with pytest.raises(meta.ConvergenceError, match="REML"):
        find_root(lambda t: (1.0, 1.0, 1.0), 0.0, 1.0, "REML")


@pytest.mark.parametrize("scale", [1e-12, 1e12])
@pytest.mark.parametrize("method", METHODS)
def test_extreme_units(scale: float, method: str) -> None:
    one = meta.random_effects(Y, V, method=method, test="z")
    two = meta.random_effects(np.array(Y) * scale, np.array(V) * scale**2, method=method, test="z")
    assert two.coef[0] / scale == pytest.approx(one.coef[0], rel=1e-9)
    assert two.tau2 / scale**2 == pytest.approx(one.tau2, rel=1e-9)


def test_prediction_with_moderators() -> None:
    table = data("bcg")
    result = meta.random_effects(table["yi"], table["vi"], table[["ablat"]])
    assert result.prediction_interval is None
    assert result.names == ("intercept", "ablat")
    at = result.predict([33.46, 42.0])
    assert at.estimate[0] == pytest.approx(result.coef @ [1, 33.46])
    assert (at.prediction_interval[:, 0] < at.ci[:, 0]).all()
    with pytest.raises(ValueError, match="mods"):
        result.predict()


def test_small_samples_are_refused_where_a_method_needs_more() -> None:
    with pytest.raises(ValueError, match="three"):
        meta.egger_test(Y[:2], V[:2])
    alike = [0.5, 0.5 * (1 + 1e-7), 0.5 * (1 - 1e-7)]
    for method in (meta.egger_test, meta.pet_peese):
        with pytest.raises(ValueError, match="all variances are equal"):
            method(Y[:3], alike)
    with pytest.raises(ValueError, match="two studies"):
        meta.rank_test(Y[:1], V[:1])
    with pytest.raises(ValueError, match="parameters"):
        meta.selection_model(Y[:2], V[:2])
    with pytest.raises(ValueError, match="side"):
        meta.trim_and_fill(Y[:4], [0.1] * 4)
    with pytest.raises(ValueError, match="moderators"):
        meta.random_effects(Y, V, np.arange(7.0)).leave_one_out()
    with pytest.raises(ValueError, match="at least two"):
        meta.random_effects(Y[:1], V[:1], test="z").influence()
    with pytest.raises(ValueError, match=r"order\[1\]"):
        meta.cumulative(Y[:2], V[:2], [1990.0, float("nan")])


def test_influence_is_missing_where_the_rest_cannot_be_fitted() -> None:
    only_one = [0, 0, 0, 0, 0, 0, 1]
    table = meta.random_effects(Y, V, only_one).influence()
    assert table.loc[6].drop(["hat", "weight", "influential"]).isna().all()
    assert table.loc[:5, "rstudent"].notna().all()


def test_selection_steps() -> None:
    for steps in ((0.0,), (0.5, 0.1), (1.5,), ()):
        with pytest.raises(ValueError, match="steps"):
            meta.selection_model(Y, V, steps)
    with pytest.warns(meta.StatisticalWarning, match="not identified"):
        meta.selection_model(Y, V, (0.999,), alternative="less")


def test_a_higher_maximum_of_the_selection_likelihood_is_announced() -> None:
    table = data("egger2001")
    with pytest.warns(meta.StatisticalWarning, match="higher maximum"):
        result = meta.selection_model(table["yi"], table["vi"], alternative="less")
    assert result.weights[1] == pytest.approx(0.2433, abs=1e-3)


@pytest.mark.filterwarnings("ignore:no study in p-value interval")
@pytest.mark.parametrize("alternative", ["less", "greater", "two-sided"])
def test_a_study_without_information_does_not_spoil_a_selection_model(alternative: str) -> None:
    table = data("bcg")
    y, v = np.append(table["yi"], 0.3), np.append(table["vi"], 1e4)
    near = meta.selection_model(y, v, alternative=alternative)
    v[-1] = 1e12
    far = meta.selection_model(y, v, alternative=alternative)
    assert far.coef == pytest.approx(near.coef, abs=2e-3)
    assert far.se == pytest.approx(near.se, rel=2e-3)
    assert far.tau2 == pytest.approx(near.tau2, rel=2e-3)


def test_permutation_sample_is_reproducible_and_contains_the_data() -> None:
    table = data("bcg")
    yi, vi, x = table["yi"], table["vi"], table["ablat"]
    one = meta.permutation_test(yi, vi, x, iterations=50, seed=7, method="DL")
    two = meta.permutation_test(yi, vi, x, iterations=50, seed=7, method="DL")
    assert one.pvalue.tolist() == two.pvalue.tolist()
    assert not one.exact
    assert (one.pvalue >= 1 / 50).all()
    flips = meta.permutation_test(yi, vi, iterations=200, seed=7)
    assert 1 / 200 <= flips.pvalue[0] < 0.05


def test_power() -> None:
    # Without an effect the power is alpha; the detectable effect has the target power.
    for test in ("z", "knha"):
        for side in ("two-sided", "less", "greater"):
            plan = meta.power([0.0], V, tau2=0.1, test=test, alternative=side)
            assert plan.power[0] == pytest.approx(0.05, abs=1e-6)
            sign = -1 if side == "less" else 1
            again = meta.power(sign * plan.detectable, V, tau2=0.1, test=test, alternative=side)
            assert float(again.power) == pytest.approx(0.8, abs=1e-6)
    assert meta.power(0.4, 0.1, k=7).se == pytest.approx((0.1 / 7) ** 0.5)
    with pytest.raises(ValueError, match="give k"):
        meta.power(0.4, 0.1)
    with pytest.raises(ValueError, match=r"vi\[0\]"):
        meta.power(0.4, [-1.0, 2.0])


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_power_far_from_the_null_is_a_number(alternative: str) -> None:
    """SciPy's non-central t has no value that far in the other tail."""
    effect = np.linspace(-3.0, 3.0, 41)
    for k in (2, 5, 40, 80, 300):
        got = meta.power(effect, 0.2, 0.2, k=k, test="knha", alternative=alternative).power
        assert np.isfinite(got).all()
        toward = {"less": -effect, "greater": effect, "two-sided": np.abs(effect)}[alternative]
        order = np.argsort(toward, kind="stable")
        assert (np.diff(got[order]) >= -1e-9).all()
        assert got[order][-1] > (0.9 if k > 2 else 0.1)


@pytest.mark.parametrize("k", [3, 6, 20])
def test_power_with_the_floor_of_the_standard_error(k: int) -> None:
    rng = np.random.default_rng(5)
    z, s2 = rng.normal(size=400_000), rng.chisquare(k - 1, 400_000) / (k - 1)
    cut = -stdtrit(k - 1, 0.025)
    effect = np.array([0.0, 0.3, 0.8])
    plan = meta.power(effect, 0.1, 0.05, k, test="knha", floor=True)
    for truth, found in zip(effect, plan.power, strict=True):
        statistic = (z + truth / plan.se) / np.sqrt(np.maximum(1.0, s2))
        assert found == pytest.approx((np.abs(statistic) > cut).mean(), abs=0.004)
    again = meta.power(plan.detectable, 0.1, 0.05, k, test="knha", floor=True)
    assert float(again.power) == pytest.approx(0.8, abs=1e-6)
    plain = meta.power(effect, 0.1, 0.05, k, test="knha")
    assert (plan.power < plain.power).all()
    with pytest.raises(ValueError, match="floor"):
        meta.power(effect, 0.1, 0.05, k, floor=True)


def test_power_is_the_rejection_rate() -> None:
    rng = np.random.default_rng(11)
    v = np.full((20000, 8), 0.08)
    y = rng.normal(0.35, np.sqrt(v + 0.02))
    found = (meta.random_effects_batch(y, v, test="z", method="EE").pvalue < 0.05).mean()
    plan = meta.power(0.35, 0.08, k=8, alpha=0.05)
    # The common-effect test rejects when |mean| > 1.96 sqrt(0.08 / 8); its true sd is larger.
    from scipy.special import ndtr

    se, sd = (0.08 / 8) ** 0.5, (0.1 / 8) ** 0.5
    expected = ndtr((0.35 - 1.96 * se) / sd)
    assert found == pytest.approx(expected, abs=0.01)
    assert float(plan.power) > found


def test_importing_the_package_is_cheap_and_complete() -> None:
    code = (
        "import sys; from liverfit import meta; "
        "heavy = {'scipy.stats', 'pandas', 'matplotlib', 'statsmodels'} & set(sys.modules); "
        "assert not heavy, heavy; meta.random_effects([1.0, 2.0], [0.1, 0.2]); "
        "heavy = {'scipy.stats', 'pandas'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    for name in meta.__all__:
        assert callable(getattr(meta, name)), name
    with pytest.raises(AttributeError):
        meta.no_such_model  # noqa: B018


def test_functions_win_over_submodules_of_the_same_name() -> None:
    import importlib

    for name in ("multilevel", "multivariate", "network"):
        importlib.import_module(f"liverfit.meta.{name}")
        assert callable(getattr(meta, name))
