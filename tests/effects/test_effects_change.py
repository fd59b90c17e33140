"""Change from baseline: published examples, hand arithmetic, properties, refusals."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from liverfit import effects

means = st.floats(-100, 100)
positive = st.floats(0.5, 100)
spreads = st.floats(0.1, 50)
sizes = st.integers(3, 400)
correlations = st.floats(-1, 1)

# Morris (2008), table 5: five studies from Carlson & Schmidt (1999)
TREATED = {
    "mean_pre1": [30.6, 23.5, 0.5, 53.4, 35.6],
    "sd_pre1": [15.0, 3.1, 0.1, 14.5, 4.7],
    "mean_post1": [38.5, 26.8, 0.7, 75.9, 36.0],
    "n1": [20, 50, 9, 10, 14],
}
CONTROL = {
    "mean_pre2": [23.1, 24.9, 0.6, 55.7, 34.8],
    "sd_pre2": [13.8, 4.1, 0.2, 17.3, 3.1],
    "mean_post2": [19.7, 25.3, 0.6, 60.7, 33.4],
    "n2": [20, 42, 9, 11, 14],
}
R = [0.47, 0.64, 0.77, 0.89, 0.44]


def test_sd_of_change_by_hand():
    # 3² + 4² - 2·0.5·3·4 = 13
    assert effects.change_sd(3, 4, 0.5) == pytest.approx(math.sqrt(13), rel=1e-15)


def test_sd_of_differences_in_the_handbook():
    # Cochrane Handbook 5.1, 16.4.6.4: √(2.38² + 2.21² - 2·0.68·2.38·2.21) = 1.8426
    assert round(effects.change_sd(2.38, 2.21, 0.68), 4) == 1.8426


def test_correlation_in_the_handbook():
    # table 6.5.b: (6.4² + 7.1² - 4.5²)/(2·6.4·7.1) = 71.12/90.88 = 0.7826
    assert effects.correlation_from_sds(6.4, 7.1, 4.5) == pytest.approx(71.12 / 90.88, rel=1e-13)


def test_change_scores_in_the_handbook():
    effect = effects.mean_change_difference(1.0, 4.5, 129, 1.5, 4.2, 135)
    assert_allclose(effect, (-0.5, 4.5**2 / 129 + 4.2**2 / 135), rtol=1e-14)


def test_morris_estimates():
    # table 5, column d_ppc2
    effect = effects.d_ppc2(**TREATED, **CONTROL, r=R, exact=False)
    assert effect.yi.round(2).tolist() == [0.77, 0.80, 1.20, 1.05, 0.44]


def test_morris_first_study_by_hand():
    # pooled SD √((19·225 + 19·190.44)/38) = √207.72; gap 7.9 + 3.4 = 11.3; c = 1 - 3/(4·38 - 1)
    effect = effects.d_ppc2(30.6, 15, 38.5, 20, 23.1, 13.8, 19.7, 20, 0.47, exact=False)
    c = 1 - 3 / 151
    g = c * 11.3 / math.sqrt(207.72)
    # 2·0.53·(40/400) = 0.106; c²·38/36·(0.106 + g²) - g²
    assert_allclose(effect, (g, c**2 * 38 / 36 * (0.106 + g**2) - g**2), rtol=1e-13)


def test_morris_variance_is_that_of_a_noncentral_t():
    stats = pytest.importorskip("scipy.stats")
    # δ = 0.8, r = 0.6, n = 12 and 15: d/c·1/√s is t with 25 degrees of freedom and
    # noncentrality δ/√s, s = 2(1 - r)(1/12 + 1/15). The estimate g stands for δ, so pick g = δ.
    delta, r, n1, n2 = 0.8, 0.6, 12, 15
    m, s = n1 + n2 - 2, 2 * (1 - r) * (1 / n1 + 1 / n2)
    c = effects.hedges_correction(m)
    exact = c**2 * s * stats.nct(m, delta / math.sqrt(s)).var()
    effect = effects.d_ppc2(0, 1, delta / c, n1, 0, 1, 0, n2, r)
    assert effect.yi == pytest.approx(delta, rel=1e-12)
    assert effect.vi == pytest.approx(exact, rel=1e-6)


def test_morris_variance_in_a_simulation():
    rng = np.random.default_rng(11)
    n1, n2, r, delta, repeats = 10, 8, 0.7, 1.0, 40_000
    half = math.sqrt(1 - r**2)
    pre1, pre2 = rng.normal(size=(repeats, n1)), rng.normal(size=(repeats, n2))
    post1 = r * pre1 + half * rng.normal(size=pre1.shape) + delta
    post2 = r * pre2 + half * rng.normal(size=pre2.shape)
    estimate = effects.d_ppc2(
        pre1.mean(1), pre1.std(1, ddof=1), post1.mean(1), n1,
        pre2.mean(1), pre2.std(1, ddof=1), post2.mean(1), n2, r,
    )  # fmt: skip
    # 40 000 draws: the mean is known to about 0.003, the variance to about 1 %
    assert estimate.yi.mean() == pytest.approx(delta, abs=0.012)
    at_truth = effects.d_ppc2(0, 1, delta / effects.hedges_correction(16), n1, 0, 1, 0, n2, r)
    assert estimate.yi.var() == pytest.approx(at_truth.vi, rel=0.04)


def test_ratio_of_changes_by_hand():
    # arm 1: cv 0.5 and 0.25, r = 0.2, n = 10: (0.25 + 0.0625 - 2·0.2·0.125)/10 = 0.02625
    # arm 2: cv 0.5 and 0.5, r = 0.8, n = 20: (0.25 + 0.25 - 2·0.8·0.25)/20 = 0.005
    effect = effects.log_ratio_of_changes(10, 5, 8, 2, 10, 20, 10, 18, 9, 20, 0.2, 0.8)
    assert_allclose(effect, (math.log(0.8) - math.log(0.9), 0.03125), rtol=1e-12)


def test_percent_changes_by_hand():
    # -20 % (SE 4) and +25 % (SE 5): ln(0.8/1.25); (4/80)² + (5/125)² = 0.0025 + 0.0016
    effect = effects.log_ratio_from_percent_changes(-20, 4, 25, 5)
    assert_allclose(effect, (math.log(0.64), 0.0041), rtol=1e-12)


def test_percent_changes_agree_with_ratio_of_changes():
    # baseline without spread: the percent change and its SE are those of the follow-up
    effect = effects.log_ratio_from_percent_changes(-20, 100 * 2 / 10 / 4, 0, 100 * 1 / 10 / 5)
    full = effects.log_ratio_of_changes(10, 0, 8, 2, 16, 10, 0, 10, 1, 25, 0)
    assert_allclose(effect, full, rtol=1e-12)


def test_interaction_by_hand():
    # (10 - 6) - (7 - 2) = -1; variances 1 + 2 + 3 + 4
    assert effects.interaction_contrast((10, 1), (7, 2), (6, 3), (2, 4)) == (-1.0, 10.0)


@given(st.tuples(means, means, means, means))
def test_interaction_does_not_care_which_treatment_comes_first(values):
    both, first, second, neither = (effects.arm_mean(v, 2.0, 9) for v in values)
    assert_allclose(
        effects.interaction_contrast(both, first, second, neither),
        effects.interaction_contrast(both, second, first, neither),
        atol=1e-12,
    )


@given(positive, st.floats(0.1, 3), st.floats(0.1, 3))
def test_interaction_of_log_means_is_nought_where_effects_multiply(base, a, b):
    arms = [effects.arm_log_mean(base * f, 1.0, 9) for f in (a * b, a, b, 1)]
    assert abs(effects.interaction_contrast(*arms).yi) < 1e-12


@given(spreads, spreads, correlations)
def test_correlation_inverts_the_sd_of_change(pre, post, r):
    back = effects.correlation_from_sds(pre, post, effects.change_sd(pre, post, r))
    # the round-off is that of squares over their product
    assert_allclose(back, r, atol=1e-12 * max(pre / post, post / pre))


@given(spreads, spreads, correlations, correlations)
def test_sd_of_change_falls_with_r(pre, post, r1, r2):
    assume(r1 < r2 - 1e-9)
    assert effects.change_sd(pre, post, r1) > effects.change_sd(pre, post, r2)


@given(spreads)
def test_at_r_one_half_the_change_is_as_variable_as_the_outcome(sd):
    assert effects.change_sd(sd, sd, 0.5) == pytest.approx(sd, rel=1e-12)
    assert effects.change_sd(sd, sd, 1) == 0
    assert effects.change_sd(sd, 2 * sd, -1) == pytest.approx(3 * sd, rel=1e-12)


@given(means, spreads, means, spreads, sizes, means, spreads, means, spreads, sizes, correlations)
def test_two_ways_to_the_difference_of_changes(a1, s1, b1, t1, n1, a2, s2, b2, t2, n2, r):
    assume(effects.change_sd(s1, t1, r) + effects.change_sd(s2, t2, r) > 1e-3)
    direct = effects.pre_post_control(a1, s1, b1, t1, n1, a2, s2, b2, t2, n2, r)
    one = effects.change_from_baseline(a1, s1, b1, t1, r)
    two = effects.change_from_baseline(a2, s2, b2, t2, r)
    scores = effects.mean_change_difference(*one, n1, *two, n2)
    assert_allclose(direct, scores, rtol=1e-9, atol=1e-12)
    turned = effects.pre_post_control(a2, s2, b2, t2, n2, a1, s1, b1, t1, n1, r)
    assert_allclose(turned, (-direct.yi, direct.vi), rtol=1e-9, atol=1e-12)


@given(positive, spreads, positive, spreads, sizes, st.floats(-0.99, 0.99), st.floats(0.01, 100))
def test_relative_change_has_no_unit(a, s, b, t, n, r, unit):
    numbers = effects.log_mean_change(a, s, b, t, n, r)
    scaled = effects.log_mean_change(unit * a, unit * s, unit * b, unit * t, n, r)
    assert_allclose(scaled, numbers, rtol=1e-9, atol=1e-12)


@given(means, spreads, means, sizes, means, spreads, means, sizes, st.floats(-0.99, 0.99))
def test_d_ppc2_is_antisymmetric_and_has_no_unit(a1, s1, b1, n1, a2, s2, b2, n2, r):
    one = effects.d_ppc2(a1, s1, b1, n1, a2, s2, b2, n2, r)
    other = effects.d_ppc2(a2, s2, b2, n2, a1, s1, b1, n1, r)
    assert_allclose(other, (-one.yi, one.vi), rtol=1e-9, atol=1e-12)
    unit = effects.d_ppc2(7 * a1, 7 * s1, 7 * b1, n1, 7 * a2, 7 * s2, 7 * b2, n2, r)
    assert_allclose(unit, one, rtol=1e-9, atol=1e-9)


def test_change_standardized_by_either_sd_agrees_at_r_one_half():
    # equal SDs and r = 0.5: the SD of change is the baseline SD, 2(1 - r) = 1
    numbers = (10, 4, 7, 4, 12, 0.5)
    assert_allclose(
        effects.standardized_mean_change(*numbers, by="change"),
        effects.standardized_mean_change(*numbers, by="baseline"),
        rtol=1e-12,
    )


def test_impossible_correlation():
    with pytest.raises(ValueError, match=r"sd_change\[1\]: must be between"):
        effects.correlation_from_sds([4, 4], [4, 4], [4, 8.5])
    r = effects.correlation_from_sds([4, 4], [4, 4], [4, 8.5], impossible="nan")
    assert r[0] == 0.5
    assert math.isnan(r[1])


def test_rounding_does_not_push_the_correlation_over_the_edge():
    assert effects.correlation_from_sds(0.1, 0.3, 0.1 + 0.3) == -1
    assert effects.correlation_from_sds(5, 5, 0) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effects.change_sd(1, 2, [0.5, 1.1]), r"r\[1\]: must be between -1 and 1"),
        (lambda: effects.change_sd(-1, 2, 0.5), "sd_pre: must be at least 0"),
        (lambda: effects.correlation_from_sds(0, 2, 1), "sd_pre: must be above 0"),
        (lambda: effects.mean_change(1, 2, 3, 4, 1, 0.5), "n: must be at least 2"),
        (lambda: effects.mean_change(1, 2, 3, 2, 5, 1), "vi: must be above 0"),
        (lambda: effects.standardized_mean_change(1, 2, 3, 2, 2, 0), "n: must be above 2"),
        (lambda: effects.standardized_mean_change(1, 0, 3, 2, 5, 0), "sd_pre: must be above 0"),
        (
            lambda: effects.standardized_mean_change(1, 2, 3, 2, 5, 1, by="change"),
            "sd of change: must be above 0",
        ),
        (lambda: effects.log_mean_change(0, 2, 3, 4, 5, 0), "mean_pre: must be above 0"),
        (
            lambda: effects.log_ratio_of_changes(1, 1, 1, 1, 9, 1, 1, [1, -1], 1, 9, 0.5),
            r"mean_post2\[1\]: must be above 0",
        ),
        (
            lambda: effects.pre_post_control(1, 1, 1, 1, 9, 1, 1, 1, 1, 9, 0.5, [0.5, -2]),
            r"r2\[1\]: must be between -1 and 1",
        ),
        (lambda: effects.d_ppc2(0, 1, 1, 2, 0, 1, 0, 2, 0.5), r"n1 \+ n2: must be above 4"),
        (lambda: effects.d_ppc2(0, 0, 1, 5, 0, 0, 0, 5, 0.5), "pooled sd of sd_pre1"),
        (
            lambda: effects.log_ratio_from_percent_changes([-10, -100], 1, 0, 1),
            r"percent1\[1\]: must be above -100",
        ),
        (
            lambda: effects.interaction_contrast((1, -1), (1, 1), (1, 1), (1, 1)),
            r"both.vi: must be at least 0",
        ),
        (lambda: effects.mean_change_difference(0, -1, 5, 0, 1, 5), "sd_change1: must be"),
    ],
)
def test_refusals_name_the_argument(call, message):
    with pytest.raises(ValueError, match=message):
        call()
