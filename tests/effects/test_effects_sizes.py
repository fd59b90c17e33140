"""Effect sizes of two independent arms: hand arithmetic, properties, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from liverfit import effects

means = st.floats(-100, 100)
positive = st.floats(0.5, 100)
spreads = st.floats(0.1, 50)
sizes = st.integers(2, 400)


def test_mean_difference_by_hand():
    # 10 - 12 = -2; 3²/9 + 4²/16 = 1 + 1 = 2
    assert effects.mean_difference(10, 3, 9, 12, 4, 16) == (-2.0, 2.0)


def test_mean_difference_with_pooled_variance_by_hand():
    # pooled variance (8·9 + 15·16)/23 = 312/23; times (1/9 + 1/16) = 25/144
    effect = effects.mean_difference(10, 3, 9, 12, 4, 16, vtype="HO")
    assert effect.vi == pytest.approx(312 / 23 * 25 / 144, rel=1e-14)


def test_hedges_g_by_hand():
    # Borenstein et al. (2009), p. 27-28: 103 (5.5), 100 (4.5), 50 each; pooled SD 5.0249,
    # d = 0.5970, J = 1 - 3/(4·98 - 1) = 0.9923, g = 0.5924
    d = effects.standardized_mean_difference(103, 5.5, 50, 100, 4.5, 50, correct=False)
    g = effects.standardized_mean_difference(103, 5.5, 50, 100, 4.5, 50)
    assert round(d.yi, 4) == 0.5970
    assert round(effects.hedges_correction(98, exact=False), 4) == 0.9923
    assert round(g.yi, 4) == 0.5924
    # variance of d, same page: 100/2500 + 0.5970²/200 = 0.0418
    assert round(d.vi, 4) == 0.0418


def test_unbiased_variance_by_hand():
    # n = 2 and 2: df = 2, the factor is 1/√π, (df - 2)/(df·c²) = 0, hence vi = 1 + g²
    effect = effects.standardized_mean_difference(3, 1, 2, 1, 1, 2, vtype="UB")
    g = 2 / math.sqrt(math.pi)
    assert_allclose(effect, (g, 1 + g**2), rtol=1e-14)


def test_unbiased_variance_needs_the_corrected_estimate():
    with pytest.raises(ValueError, match="vtype"):
        effects.standardized_mean_difference(3, 1, 5, 1, 1, 5, vtype="UB", correct=False)


def test_log_ratio_bias_correction_by_hand():
    # arm 1: 4²/(16·10²) = 0.01; arm 2: 2²/(10·20²) = 0.001; ½(0.01 - 0.001) = 0.0045
    plain = effects.log_ratio_of_means(10, 4, 16, 20, 2, 10)
    corrected = effects.log_ratio_of_means(10, 4, 16, 20, 2, 10, bias_correct=True)
    assert_allclose(plain, (math.log(0.5), 0.011), rtol=1e-13)
    assert_allclose(corrected, (math.log(0.5) + 0.0045, 0.011), rtol=1e-13)


def test_log_ratio_bias_correction_takes_the_bias_out():
    rng = np.random.default_rng(20240501)
    n, repeats = 6, 200_000
    x1 = rng.normal(10, 5, (repeats, n)).mean(axis=1)
    keep = x1 > 0.5
    plain = np.log(x1[keep]) - math.log(10)
    # the truth put in for mean and SD; arm 2 so large that it adds nothing
    shift = effects.log_ratio_of_means(10, 5, n, 1, 1e-6, 1e6, bias_correct=True).yi - math.log(10)
    # bias -cv²/(2n) = -0.25/12 = -0.0208; what is left is of the second order (about -0.0007)
    assert plain.mean() < -0.018
    assert abs((plain + shift).mean()) < 0.004


def test_smd_agrees_with_pingouin_and_statsmodels():
    pingouin = pytest.importorskip("pingouin")
    from statsmodels.stats.meta_analysis import effectsize_smd

    rng = np.random.default_rng(3)
    x, y = rng.normal(4, 2, 23), rng.normal(3, 3, 31)
    numbers = (x.mean(), x.std(ddof=1), 23, y.mean(), y.std(ddof=1), 31)
    ours = effects.standardized_mean_difference(*numbers)
    cohen = effects.standardized_mean_difference(*numbers, correct=False)
    # pingouin corrects with 1 - 3/(4N - 9), the approximation to the exact factor
    approximate = cohen.yi * effects.hedges_correction(52, exact=False)
    assert pingouin.compute_effsize(x, y, eftype="hedges") == pytest.approx(approximate, rel=1e-12)
    assert pingouin.compute_effsize(x, y, eftype="cohen") == pytest.approx(cohen.yi, rel=1e-12)
    assert ours.yi == pytest.approx(approximate, rel=1e-4)
    smd, variance = effectsize_smd(*numbers)
    assert smd == pytest.approx(approximate, rel=1e-12)
    # statsmodels divides g² by 2(N - 3.94) instead of 2N
    assert variance == pytest.approx(ours.vi, rel=2e-3)


@given(means, spreads, sizes, means, spreads, sizes)
def test_exchanging_the_arms_changes_the_sign_only(m1, s1, n1, m2, s2, n2):
    for measure in (effects.mean_difference, effects.standardized_mean_difference):
        one, other = measure(m1, s1, n1, m2, s2, n2), measure(m2, s2, n2, m1, s1, n1)
        assert_allclose(one.yi, -other.yi, rtol=1e-12)
        assert_allclose(one.vi, other.vi, rtol=1e-12)


@given(means, spreads, sizes, means, spreads, sizes)
def test_g_lies_nearer_to_zero_than_d(m1, s1, n1, m2, s2, n2):
    g = effects.standardized_mean_difference(m1, s1, n1, m2, s2, n2).yi
    d = effects.standardized_mean_difference(m1, s1, n1, m2, s2, n2, correct=False).yi
    assert abs(g) < abs(d) or d == 0
    assert_allclose(g, d * effects.hedges_correction(n1 + n2 - 2), rtol=1e-12)


@given(st.floats(1.5, 1e4))
def test_correction_rises_to_one(df):
    now, later = effects.hedges_correction([df, df * 1.5])
    assert 0 < now < later < 1
    assert effects.hedges_correction(1e6) == pytest.approx(1, abs=1e-6)


@given(positive, spreads, sizes, positive, spreads, sizes, st.floats(0.01, 100))
def test_scaling_the_outcome(m1, s1, n1, m2, s2, n2, a):
    numbers, scaled = (m1, s1, n1, m2, s2, n2), (a * m1, a * s1, n1, a * m2, a * s2, n2)
    for free in (effects.log_ratio_of_means, effects.standardized_mean_difference):
        assert_allclose(free(*scaled), free(*numbers), rtol=1e-9, atol=1e-12)
    raw, large = effects.mean_difference(*numbers), effects.mean_difference(*scaled)
    assert_allclose(large, (a * raw.yi, a**2 * raw.vi), rtol=1e-9, atol=1e-9)


@given(means, spreads, sizes, means, spreads, sizes)
def test_smd_from_the_t_of_the_same_data(m1, s1, n1, m2, s2, n2):
    t = (m1 - m2) / math.sqrt(effects.mean_difference(m1, s1, n1, m2, s2, n2, vtype="HO").vi)
    assert_allclose(
        effects.smd_from_t(t, n1, n2),
        effects.standardized_mean_difference(m1, s1, n1, m2, s2, n2),
        rtol=1e-9,
        atol=1e-12,
    )


def test_scalars_give_floats_and_arrays_give_arrays():
    effect = effects.standardized_mean_difference(5, 2, 10, 4, 2, 12)
    assert type(effect.yi) is float
    assert type(effect.vi) is float
    assert type(effect.se) is float
    assert effect.se == math.sqrt(effect.vi)
    both = effects.standardized_mean_difference([5, 6], 2, [10, 20], 4, 2, 12)
    assert both.yi.shape == both.vi.shape == (2,)
    assert both.yi[0] == effect.yi


def test_interval_of_an_effect():
    low, high = effects.EffectSize(1.0, 0.25).ci()
    # 1.959964 × 0.5 = 0.979982
    assert (round(low, 6), round(high, 6)) == (0.020018, 1.979982)


GOOD = {"mean1": 5.0, "sd1": 2.0, "n1": 10, "mean2": 4.0, "sd2": 2.0, "n2": 12}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n1": [10, 1]}, r"n1\[1\]: must be at least 2, got 1"),
        ({"sd2": [2, 2, -0.5]}, r"sd2\[2\]: must be at least 0, got -0.5"),
        ({"mean1": [1.0, math.nan]}, r"mean1\[1\]: must be a finite number"),
        ({"mean2": math.inf}, "mean2: must be a finite number"),
        ({"sd1": None}, "sd1: must be a finite number"),
        ({"sd1": ["a"]}, "sd1: must be a number"),
        ({"n2": [[5, 6], [7, 0]]}, r"n2\[\(1, 1\)\]: must be at least 2"),
        ({"mean1": [1, 2], "mean2": [1, 2, 3]}, "do not fit together"),
    ],
)
def test_refusals_name_argument_and_index(changed, message):
    for measure in (
        effects.mean_difference,
        effects.standardized_mean_difference,
        effects.log_ratio_of_means,
    ):
        with pytest.raises(ValueError, match=message):
            measure(**{**GOOD, **changed})


def test_no_spread_at_all_is_refused():
    flat = {**GOOD, "sd1": [2, 0], "sd2": [2, 0]}
    with pytest.raises(ValueError, match=r"vi\[1\]"):
        effects.mean_difference(**flat)
    with pytest.raises(ValueError, match=r"pooled sd of sd1 and sd2\[1\]"):
        effects.standardized_mean_difference(**flat)


@pytest.mark.parametrize("name", ["mean1", "mean2"])
@pytest.mark.parametrize("bad", [0.0, -3.0])
def test_ratio_needs_positive_means(name, bad):
    with pytest.raises(ValueError, match=rf"{name}\[1\]: must be above 0"):
        effects.log_ratio_of_means(**{**GOOD, name: [1.0, bad]})


def test_unknown_variance_type_is_refused():
    with pytest.raises(ValueError, match="vtype: must be one of LS, HO"):
        effects.mean_difference(**GOOD, vtype="XX")


def test_every_public_name_is_found_and_documented():
    for name in effects.__all__:
        assert getattr(effects, name).__doc__
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        effects.nothing_of_the_kind  # noqa: B018


def test_import_leaves_heavy_libraries_alone():
    import subprocess
    import sys

    code = (
        "import sys; from liverfit import effects; [getattr(effects, n) for n in effects.__all__];"
        "print(sorted({'scipy.stats', 'pandas', 'statsmodels', 'matplotlib'} & set(sys.modules)),"
        "sorted(m for m in sys.modules if m.startswith('liverfit.')"
        " and not m.startswith('liverfit.effects')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "[]"]
