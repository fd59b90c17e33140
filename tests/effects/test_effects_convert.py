"""Conversions of spread: Cochrane Handbook examples, raw data, round trips, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from liverfit import effects

estimates = st.floats(-50, 50)
errors = st.floats(0.01, 50)
levels = st.floats(0.5, 0.995)
dfs = st.one_of(st.none(), st.integers(1, 500))


def test_handbook_p_value_to_standard_error_and_sd():
    # Cochrane Handbook 6.5.2.3: MD 3.8, P = 0.008, groups of 25 and 22:
    # t(45) = 2.78, SE 3.8/2.78 = 1.37, SD 1.37/√(1/25 + 1/22) = 4.69
    assert round(effects.t_from_p(0.008, 45), 2) == 2.78
    assert round(effects.se_from_p(3.8, 0.008, df=45), 2) == 1.37
    assert round(effects.sd_from_difference_se(1.37, 25, 22), 2) == 4.69


def test_handbook_divisors():
    # 6.5.2.2: 3.92, 3.29 and 5.15 for large samples at 95, 90 and 99 %; 4.128 with 25 people
    divisor = 1 / effects.se_from_ci(0, 1, level=[0.95, 0.90, 0.99])
    assert divisor.round(2).tolist() == [3.92, 3.29, 5.15]
    # n = 16, limits 2 × 2.1314 apart: SD = √16 × (2 × 2.1314)/(2 × 2.1314) = 4
    assert effects.sd_from_ci(-2.131450, 2.131450, 16) == pytest.approx(4, rel=1e-6)
    assert effects.sd_from_ci(0, 3.919928, 16, distribution="normal") == pytest.approx(4, rel=1e-6)


def test_standard_error_and_sd_by_hand():
    assert effects.sd_from_se(2, 9) == 6
    assert effects.se_from_sd(6, 9) == 2
    # t = 2, difference 3, groups of 8: SE 1.5, SD 1.5/√(1/4) = 3
    assert effects.sd_from_t(-3, 2, 8, 8) == 3
    assert effects.se_from_t(-3, 2) == 1.5


def test_sd_from_t_undoes_the_t_test():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(5)
    x, y = rng.normal(4, 2, 12), rng.normal(2, 2, 17)
    t, p = stats.ttest_ind(x, y)
    pooled = effects.pooled_sd(x.std(ddof=1), 12, y.std(ddof=1), 17)
    gap = x.mean() - y.mean()
    assert effects.sd_from_t(gap, t, 12, 17) == pytest.approx(pooled, rel=1e-10)
    se = effects.se_from_p(gap, p, df=27)
    assert effects.sd_from_difference_se(se, 12, 17) == pytest.approx(pooled, rel=1e-8)


def test_sd_of_change_from_a_paired_p_value():
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(6)
    change = rng.normal(-2, 3, 14)
    p = stats.ttest_1samp(change, 0).pvalue
    se = effects.se_from_p(change.mean(), p, df=13)
    assert effects.sd_from_se(se, 14) == pytest.approx(change.std(ddof=1), rel=1e-8)


@given(estimates, errors, levels, dfs)
def test_interval_and_error_round_trip(estimate, se, level, df):
    low, high = effects.ci_from_se(estimate, se, level=level, df=df)
    assert_allclose(effects.se_from_ci(low, high, level=level, df=df), se, rtol=1e-7)
    low2, high2 = effects.ci_from_se((low + high) / 2, se, level=level, df=df)
    assert_allclose((low2, high2), (low, high), rtol=1e-9, atol=1e-9)


@given(errors, st.integers(2, 1000))
def test_sd_and_error_round_trip(sd, n):
    assert_allclose(effects.sd_from_se(effects.se_from_sd(sd, n), n), sd, rtol=1e-12)


@given(st.floats(1e-8, 0.999), dfs)
def test_p_and_t_round_trip(p, df):
    assert_allclose(effects.p_from_t(-effects.t_from_p(p, df), df), p, rtol=1e-8)


@given(st.floats(1e-6, 0.9), st.integers(2, 500))
def test_p_value_and_interval_agree(p, df):
    # the (1 - p) interval around an estimate just touches zero
    se = effects.se_from_p(2.0, p, df=df)
    low, _ = effects.ci_from_se(2.0, se, level=1 - p, df=df)
    assert abs(low) < 1e-7


@given(st.floats(-99, 900))
def test_percent_and_log_ratio_round_trip(percent):
    back = effects.log_ratio_to_percent(effects.percent_to_log_ratio(percent))
    assert_allclose(back, percent, rtol=1e-10, atol=1e-10)


def test_percent_by_hand():
    assert effects.percent_to_log_ratio(100) == pytest.approx(math.log(2), rel=1e-15)
    # the slope of ln(1 + x/100) at -20 is 1/80
    assert effects.percent_se_to_log_ratio_se(-20, 4) == 0.05


@given(st.lists(st.lists(st.floats(-50, 50), min_size=1, max_size=9), min_size=2, max_size=5))
def test_combined_groups_are_all_the_people_together(groups):
    people = np.concatenate([np.array(g) for g in groups])
    sd = [np.std(g, ddof=1) if len(g) > 1 else 0.0 for g in groups]
    combined = effects.combine_groups([np.mean(g) for g in groups], sd, [len(g) for g in groups])
    assert combined.n == len(people)
    assert_allclose(combined.mean, people.mean(), atol=1e-10)
    assert_allclose(combined.sd, people.std(ddof=1), rtol=1e-7, atol=1e-6)


def test_two_combined_groups_by_the_handbook_formula():
    # table 6.5.a: √(((N1-1)SD1² + (N2-1)SD2² + N1·N2/(N1+N2)·(M1-M2)²)/(N1+N2-1)); the example
    # of the Stata command `combine`: 50 of 26.5 ± 4.5 and 50 of 32.9 ± 5.8
    expected = math.sqrt((49 * 4.5**2 + 49 * 5.8**2 + 25 * 6.4**2) / 99)
    combined = effects.combine_groups([26.5, 32.9], [4.5, 5.8], [50, 50])
    assert_allclose(combined, (29.7, expected, 100), rtol=1e-13)


def test_combining_runs_over_the_first_axis():
    mean, sd, n = [[1.0, 10.0], [3.0, 10.0]], [[1.0, 2.0], [1.0, 2.0]], [[5, 8], [5, 8]]
    both = effects.combine_groups(mean, sd, n)
    second = effects.combine_groups([10.0, 10.0], [2.0, 2.0], [8, 8])
    assert both.mean.tolist() == [2, 10]
    assert both.sd[1] == second.sd


def test_pooled_sd_leaves_the_gap_between_the_groups_out():
    assert effects.pooled_sd(3, 10, 3, 50) == pytest.approx(3, rel=1e-15)
    assert effects.combine_groups([0, 9], [3, 3], [10, 50]).sd > 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: effects.se_from_ci([0, 2], [1, 1]), r"upper\[1\]: must be above lower, got 1.0"),
        (lambda: effects.se_from_ci(0, 1, level=95), "level: must be above 0 and below 1"),
        (lambda: effects.se_from_ci(0, 1, df=0), "df: must be above 0"),
        (lambda: effects.sd_from_ci(0, 1, [5, 1]), r"n\[1\]: must be at least 2"),
        (lambda: effects.sd_from_ci(0, 1, 5, distribution="T"), "distribution: must be one of"),
        (lambda: effects.t_from_p([0.5, 0]), r"p\[1\]: must be above 0 and below 1"),
        (lambda: effects.se_from_p(1, 1.0), "p: must be above 0 and below 1"),
        (lambda: effects.se_from_p(0, 0.5), "estimate: must be other than 0"),
        (lambda: effects.sd_from_t(0, 2, 5, 5), "difference: must be other than 0"),
        (lambda: effects.sd_from_t(1, [2, 0], 5, 5), r"t\[1\]: must be other than 0"),
        (lambda: effects.sd_from_se(-1, 5), "se: must be at least 0"),
        (lambda: effects.pooled_sd(1, 5, -1, 5), "sd2: must be at least 0"),
        (lambda: effects.combine_groups(1, 1, 5), "mean: must have one value a group"),
        (lambda: effects.combine_groups([1, 2], [1, 1], [5, 0]), r"n\[1\]: must be at least 1"),
        (lambda: effects.percent_to_log_ratio(-100), "percent: must be above -100"),
        (lambda: effects.p_from_t(math.nan), "t: must be a finite number"),
    ],
)
def test_refusals_name_argument_and_index(call, message):
    with pytest.raises(ValueError, match=message):
        call()
