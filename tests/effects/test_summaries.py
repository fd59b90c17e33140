"""Printed arm summaries to mean, SE and SD."""

import pytest
from printed_cells import cell

from liverfit.effects.summaries import summary


def test_sd_and_n_give_the_standard_error():
    s = summary(cell(spread_kind="sd", spread=4.0, n=16.0))
    assert (s.mean, s.sd, s.se, s.why) == (-3.0, 4.0, pytest.approx(4 / 4), "")


def test_se_and_n_give_the_sd():
    s = summary(cell(spread_kind="se", spread=1.0, n=16.0))
    assert (s.se, s.sd) == (1.0, pytest.approx(4.0))


def test_se_needs_no_n_but_then_there_is_no_sd():
    s = summary(cell(spread_kind="se", spread=1.0, n=None))
    assert (s.se, s.sd, s.why) == (1.0, None, "")


def test_sd_without_n_says_what_is_missing():
    s = summary(cell(spread_kind="sd", n=None))
    assert (s.se, s.why) == (None, "n_missing")


@pytest.mark.parametrize(
    ("n", "quantile"),
    # t(15; 0.975) = 2.13145, and the normal 1.95996 where n is not printed
    [(16.0, 2.13145), (None, 1.95996)],
)
def test_interval(n, quantile):
    s = summary(cell(spread_kind="ci95", spread=None, lower=-5.0, upper=-1.0, n=n))
    assert s.se == pytest.approx(4 / (2 * quantile), rel=1e-5)


def test_quartiles():
    # Wan 2014: SD = (q3 - q1) / (2 z((0.75 n - 0.125) / (n + 0.25))); n = 16: z(0.730769) = 0.61515
    s = summary(cell(spread_kind="iqr", center_type="median", spread=None, lower=-5.0, upper=-1.0))
    assert s.mean == pytest.approx(-3.0)  # symmetrical quartiles: the median is the mean
    assert s.sd == pytest.approx(4 / (2 * 0.61515), rel=1e-3)
    assert s.se == pytest.approx(s.sd / 4)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"n": None}, "n_missing"),
        ({"n": 4.0}, "quantiles_unusable"),
        ({"center": 0.5}, "quantiles_unusable"),  # a median outside its quartiles
    ],
)
def test_unusable_quartiles_say_why(changes, why):
    kinds = {"spread_kind": "iqr", "spread": None, "lower": -5.0, "upper": -1.0}
    s = summary(cell(**{**kinds, **changes}))
    assert (s.se, s.why) == (None, why)


def test_exact_within_arm_p():
    # t(15; two-sided 0.01) = 2.94671, so SE = 3 / 2.94671
    printed = {"spread_kind": "none", "spread": None, "p_scope": "within", "p_value": 0.01}
    s = summary(cell(**printed, p_op="="))
    assert s.se == pytest.approx(3 / 2.94671, rel=1e-5)
    assert s.how == "p_within"
    assert summary(cell(**printed, p_op="<")).why == "no_spread"
    assert summary(cell(**printed, p_op="=", timepoint="post")).se is None


def test_unresolved_spread_is_not_read_either_way():
    s = summary(cell(spread_kind="unresolved"))
    assert (s.se, s.sd, s.why) == (None, None, "spread_unresolved")


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({}, 0.03),
        ({"center_type": "median"}, None),  # a rank test says nothing of an SE of means
        ({"p_op": "<"}, None),
        ({"p_scope": "interaction"}, None),
        ({"p_value": 0.99}, None),  # rounding alone would move the SE by half
        ({"timepoint": "post"}, None),
    ],
)
def test_p_between_arms_is_kept_only_where_a_t_test_of_mean_changes_gave_it(changes, kept):
    s = summary(cell(**{"p_op": "=", "p_value": 0.03, "p_scope": "between", **changes}))
    assert s.p_between == kept
