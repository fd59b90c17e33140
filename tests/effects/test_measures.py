"""MD, SMD and ROM of a difference, and the choice among routes."""

import math

import pytest

from liverfit.effects.measures import best, log_ratio, mean_difference, standardised
from liverfit.effects.ratios import Ratio
from liverfit.effects.routes import Difference

BASE = Difference(
    route="change_scores",
    scale="percent",
    canonical=True,
    sign=1,
    value=-2.0,
    variance=1.0,
    v_arm=0.4,
    v_comparator=0.6,
    n1=12.0,
    n2=10.0,
    week=12.0,
    rows=("t:1",),
    standardiser=(4.0, "baseline_sd"),
)


def difference(**changes):
    return Difference(**{**BASE.__dict__, **changes})


def test_mean_difference_is_the_difference():
    m = mean_difference(BASE)
    assert (m.yi, m.vi, m.v_arm, m.v_comparator) == (-2.0, 1.0, 0.4, 0.6)


def test_no_mean_difference_on_a_scale_without_a_common_unit():
    assert mean_difference(difference(canonical=False)) is None
    assert standardised(difference(canonical=False)) is not None


def test_hedges_g_by_hand():
    # df 20: J = Γ(10)/(√10 Γ(9.5)) = 0.96194; d = −2/4; g = J d
    # var = J² (1/16 + 0.5²/40)
    j = math.gamma(10) / (math.sqrt(10) * math.gamma(9.5))
    m = standardised(BASE)
    assert j == pytest.approx(0.96194, abs=1e-5)
    assert m.yi == pytest.approx(-0.5 * j)
    assert m.vi == pytest.approx(j**2 * (1 / 16 + 0.25 / 40))
    assert m.v_arm + m.v_comparator == pytest.approx(m.vi)


def test_g_of_raw_scores_is_hedges_large_sample_variance():
    # with SE² = SD² (1/n1 + 1/n2) the variance is J² (1/n1 + 1/n2 + d²/(2 df))
    d = difference(variance=16 * (1 / 12 + 1 / 10), v_arm=16 / 12, v_comparator=1.6)
    j = math.gamma(10) / (math.sqrt(10) * math.gamma(9.5))
    expected = j**2 * (1 / 12 + 1 / 10 + 0.25 / 40)
    assert standardised(d).vi == pytest.approx(expected)


def test_a_scale_on_which_more_means_less_is_turned():
    d = difference(sign=-1, log_ratio=Ratio(-0.3, 0.01, 0.02, "pre_post"))
    assert (mean_difference(d).yi, standardised(d).yi > 0, log_ratio(d).yi) == (2.0, True, 0.3)


@pytest.mark.parametrize("changes", [{"variance": None}, {"standardiser": None}, {"n1": None}])
def test_no_g_without_its_parts(changes):
    assert standardised(difference(**changes)) is None


def test_log_ratio_parts():
    m = log_ratio(difference(log_ratio=Ratio(-0.3, 0.01, 0.02, "relative_change")))
    assert (m.yi, m.vi, m.route) == (-0.3, pytest.approx(0.03), "relative_change")
    assert log_ratio(BASE) is None


def test_units_scale_the_mean_difference_and_leave_the_others():
    ratio = Ratio(-0.3, 0.01, 0.02, "pre_post")
    a = difference(log_ratio=ratio)
    b = difference(
        value=-20.0, variance=100.0, v_arm=40.0, v_comparator=60.0,
        standardiser=(40.0, "baseline_sd"), log_ratio=ratio,
    )  # fmt: skip
    assert mean_difference(b).yi == 10 * mean_difference(a).yi
    assert standardised(b).yi == pytest.approx(standardised(a).yi)
    assert standardised(b).vi == pytest.approx(standardised(a).vi)
    assert log_ratio(b).yi == log_ratio(a).yi


def test_the_best_route_wins_at_one_visit():
    options = [
        difference(route="post_only", value=-1.0),
        difference(route="pre_post", value=-2.0),
        difference(route="printed_contrast", value=-3.0),
        difference(route="change_scores", value=-4.0),
    ]
    assert best(options, 12.0)["MD"].yi == -3.0
    assert best(options[::-1], 12.0)["MD"].yi == -3.0


def test_the_visit_nearest_the_programmes_end_comes_before_the_route():
    options = [
        difference(route="printed_contrast", week=12.0, value=-1.0),
        difference(route="pre_post", week=26.0, value=-2.0),
    ]
    assert best(options, 26.0)["MD"].yi == -2.0
    assert best(options, None)["MD"].yi == -1.0


def test_a_route_without_variance_never_wins():
    options = [
        difference(route="printed_contrast", variance=None, v_arm=None, v_comparator=None),
        difference(route="post_only", value=-7.0),
    ]
    assert best(options, 12.0)["MD"].yi == -7.0
    assert best(options[:1], 12.0) == {}


def test_raw_score_standardisers_come_before_percent_changes():
    options = [
        difference(
            route="printed_contrast", scale="percent_relative", canonical=False,
            value=-0.9, standardiser=(1.0, "percent_change_sd"),
        ),
        difference(route="post_only", standardiser=(4.0, "post_sd")),
    ]  # fmt: skip
    assert best(options, 12.0)["SMD"].standardiser == "post_sd"


def test_ratio_takes_its_own_best_route():
    options = [
        difference(route="printed_contrast", log_ratio=Ratio(-0.1, 0.1, 0.1, "printed_contrast")),
        difference(route="pre_post", log_ratio=Ratio(-0.2, 0.1, 0.1, "pre_post")),
        difference(route="change_scores",
                   log_ratio=Ratio(-0.3, 0.1, 0.1, "change_over_baseline")),
    ]  # fmt: skip
    assert best(options, 12.0)["ROM"].yi == -0.1
    assert best(options[1:], 12.0)["ROM"].yi == -0.2
