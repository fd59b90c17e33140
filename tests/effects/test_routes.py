"""Routes from printed summaries to a difference, by hand."""

import math

import pytest
from printed_cells import cell

from liverfit.effects.routes import ArmCells, differences

SCALE = {"name": "percent", "canonical": True, "sign": 1}
RELATIVE = {"name": "percent_relative", "canonical": False, "sign": 1}


def sides(first, second, latest=16.0):
    return (
        ArmCells("ex", [cell(**c) for c in first], latest),
        ArmCells("con", [cell(arm_id="con", **c) for c in second], latest),
    )


def one(first, second, *, route, contrasts=(), scale=SCALE, r=0.5, **options):
    """The single difference by one route."""
    made = differences(*sides(first, second), list(contrasts), scale, r, **options)
    found = [d for d in made if d.route == route]
    assert len(found) == 1, [d.route for d in made]
    return found[0]


PRE = {"timepoint": "baseline", "week": 0.0, "center": 20.0, "spread": 8.0}
POST = {"timepoint": "post", "center": 16.0, "spread": 8.0}


def test_change_scores():
    # value −3 − (−1); variance 4²/16 + 3²/9
    d = one([{}], [{"center": -1.0, "spread": 3.0, "n": 9.0}], route="change_scores")
    assert (d.value, d.variance) == (-2.0, pytest.approx(2.0))
    assert (d.v_arm, d.v_comparator) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (d.n1, d.n2, d.week, d.r) == (16.0, 9.0, 12.0, None)
    # only the changes' SDs are printed: √((15·16 + 8·9)/23)
    assert d.standardiser == (pytest.approx(math.sqrt(312 / 23)), "change_sd")


def test_pre_post_imputes_the_correlation():
    # each arm: SD of change √(8² + 8² − 2·0.75·8·8) = √32, SE² = 32/16 = 2
    d = one([PRE, POST], [PRE, {**POST, "center": 19.0}], route="pre_post", r=0.75)
    assert d.value == (16 - 20) - (19 - 20)
    assert d.variance == pytest.approx(4.0)
    assert d.r == 0.75
    assert d.standardiser == (pytest.approx(8.0), "baseline_sd")


def test_pre_post_takes_printed_standard_errors_where_n_is_missing():
    # SE² of change = 2² + 2² − 2·0.5·2·2 = 4 in each arm
    se = {"spread_kind": "se", "spread": 2.0, "n": None}
    arms = [{**PRE, **se}, {**POST, **se}]
    d = one(arms, [{**PRE, **se}, {**POST, **se, "center": 19.0}], route="pre_post")
    assert (d.value, d.variance, d.n1) == (-3.0, pytest.approx(8.0), None)
    assert d.standardiser is None


def test_pre_post_without_any_spread_says_why():
    bare = {**POST, "spread_kind": "none", "spread": None}
    d = one([PRE, bare], [PRE, bare], route="pre_post")
    assert (d.variance, d.why) == (None, "no_spread")


def test_post_only():
    # 16 − 19; 8²/16 + 6²/9
    d = one([POST], [{**POST, "center": 19.0, "spread": 6.0, "n": 9.0}], route="post_only")
    assert (d.value, d.variance) == (-3.0, pytest.approx(8.0))
    # SDs pooled over both arms: √((15·64 + 8·36)/23)
    assert d.standardiser == (pytest.approx(math.sqrt(1248 / 23)), "post_sd")
    assert d.log_ratio.yi == pytest.approx(math.log(16 / 19))
    assert d.log_ratio.v_arm == pytest.approx((2 / 16) ** 2)
    assert d.log_ratio.v_comparator == pytest.approx((2 / 19) ** 2)


def contrast(sign=1, **changes):
    printed = {"timepoint": "contrast", "comparator_arm_id": "con", "n": None, "spread": None}
    extra = {"n_arm": 16.0, "n_comparator": 9.0, "spread_kind": "ci95"}
    return cell(**{**printed, "lower": -5.0, "upper": -1.0, **changes}) | extra | changes, sign


@pytest.mark.parametrize(
    ("n", "quantile"),
    [((16.0, 9.0), 2.06866), ((None, None), 1.95996)],  # t(23; 0.975), or the normal without n
)
def test_printed_interval(n, quantile):
    d = one([], [], route="printed_contrast", contrasts=[contrast(n_arm=n[0], n_comparator=n[1])])
    assert d.value == -3.0
    assert d.variance == pytest.approx((4 / (2 * quantile)) ** 2, rel=1e-5)


def test_parts_of_a_printed_variance_go_by_group_size():
    # 1/16 against 1/9: the comparator contributes 16/25 of the variance
    d = one([], [], route="printed_contrast", contrasts=[contrast()])
    assert d.v_arm / d.variance == pytest.approx(9 / 25)
    assert d.v_comparator / d.variance == pytest.approx(16 / 25)


def test_a_contrast_printed_the_other_way_round_changes_its_sign_only():
    forth = one([], [], route="printed_contrast", contrasts=[contrast()])
    back = one([], [], route="printed_contrast", contrasts=[contrast(sign=-1)])
    assert (back.value, back.variance) == (-forth.value, forth.variance)


def test_printed_standard_error():
    made = contrast(spread_kind="se", spread=0.5)
    assert one([], [], route="printed_contrast", contrasts=[made]).variance == 0.25


def test_printed_p_of_a_contrast():
    # t(23; two-sided 0.02) = 2.49987, SE = 3 / 2.49987
    p = {"spread_kind": "none", "p_op": "=", "p_value": 0.02, "p_scope": "between"}
    d = one([], [], route="printed_p", contrasts=[contrast(**p)])
    assert d.variance**0.5 == pytest.approx(3 / 2.49987, rel=1e-5)


@pytest.mark.parametrize("changes", [{"p_op": "<"}, {"p_scope": "interaction"}, {"p_value": 1.0}])
def test_a_p_that_tells_no_t_gives_no_variance(changes):
    p = {"spread_kind": "none", "p_op": "=", "p_value": 0.02, "p_scope": "between", **changes}
    d = one([], [], route="printed_contrast", contrasts=[contrast(**p)])
    assert (d.variance, d.why) == (None, "no_spread")


BARE = {"spread_kind": "none", "spread": None}
BETWEEN = {**BARE, "p_op": "=", "p_value": 0.02, "p_scope": "between"}


@pytest.mark.parametrize(
    ("named", "two_arms", "usable"),
    [("con", False, True), ("", True, True), ("", False, False), ("other", True, False)],
)
def test_p_between_two_mean_changes(named, two_arms, usable):
    # means −3 and −1, n 16 and 9: SE = 2 / t(23; 0.02) = 2 / 2.49987
    changes = [{**BETWEEN, "comparator_arm_id": named}], [{**BARE, "center": -1.0, "n": 9.0}]
    made = differences(*sides(*changes), [], SCALE, 0.5, two_arms=two_arms)
    found = [d for d in made if d.route == "printed_p"]
    assert len(found) == usable
    if usable:
        assert found[0].value == -2.0
        assert found[0].variance ** 0.5 == pytest.approx(2 / 2.49987, rel=1e-5)


def test_a_printed_spread_comes_before_a_p_value():
    second = [{"center": -1.0, "p_op": "=", "p_value": 0.02, "p_scope": "between"}]
    made = differences(*sides([{}], second), [], SCALE, 0.5, two_arms=True)
    assert [d.route for d in made] == ["change_scores"]


def test_percent_changes_become_a_log_ratio():
    # ln(0.8 / 1.1); SEs 8/4 = 2 over 80 and over 110
    relative = {"scale": "percent_relative", "spread": 8.0}
    first, second = [{**relative, "center": -20.0}], [{**relative, "center": 10.0}]
    d = one(first, second, route="relative_change", scale=RELATIVE)
    assert d.value == -30.0
    assert d.log_ratio.yi == pytest.approx(math.log(80 / 110))
    assert d.log_ratio.v_arm == pytest.approx((2 / 80) ** 2)
    assert d.log_ratio.v_comparator == pytest.approx((2 / 110) ** 2)
    assert d.standardiser == (pytest.approx(8.0), "percent_change_sd")


def test_a_printed_percent_contrast_is_symmetrical_on_the_log_scale():
    # −38.3 % (−49.0 to −25.4): ratio 0.617, SE of its log (ln 0.746 − ln 0.510)/3.92 = 0.0970
    printed = contrast(center=-38.3, lower=-49.0, upper=-25.4, n_arm=45.0, n_comparator=43.0)
    d = one([], [], route="printed_contrast", contrasts=[printed], scale=RELATIVE)
    assert d.log_ratio.yi == pytest.approx(math.log(0.617))
    assert d.variance**0.5 == pytest.approx(0.0970, abs=5e-5)
    assert d.value == d.log_ratio.yi  # standardised on that scale too
    turned = one([], [], route="printed_contrast", contrasts=[(printed[0], -1)], scale=RELATIVE)
    assert turned.log_ratio.yi == pytest.approx(-math.log(0.617))


def test_ratio_of_a_contrast_to_the_comparators_end_value():
    # end value 10, difference −3: ln(7/10); each arm's variance over its own level
    post = {**POST, "center": 10.0}
    d = one([], [post], route="printed_contrast", contrasts=[contrast()])
    assert d.log_ratio.yi == pytest.approx(math.log(0.7))
    assert d.log_ratio.v_arm == pytest.approx(d.v_arm / 49)
    assert d.log_ratio.v_comparator == pytest.approx(d.v_comparator / 100)


def test_ratio_uses_the_visit_of_the_contrast():
    early = {**POST, "center": 40.0, "week": 2.0}
    late = {**POST, "center": 10.0, "week": 12.0}
    d = one([], [early, late], route="printed_contrast", contrasts=[contrast()])
    assert d.log_ratio.yi == pytest.approx(math.log(0.7))


def test_pre_post_ratio_of_each_visit_is_its_own():
    # two visits: ln(15/20) and ln(10/20) in the exercise arm, no change in the other
    first = [PRE, {**POST, "center": 15.0, "week": 6.0}, {**POST, "center": 10.0}]
    second = [PRE, {**POST, "center": 20.0, "week": 6.0}, {**POST, "center": 20.0}]
    made = differences(*sides(first, second), [], SCALE, 0.5)
    found = {d.week: d.log_ratio for d in made if d.route == "pre_post"}
    assert found[6.0].yi == pytest.approx(math.log(0.75))
    assert found[12.0].yi == pytest.approx(math.log(0.5))
    # (0.4² + 0.8² − 2·0.5·0.4·0.8)/16 with CVs 8/20 and 8/10
    assert found[12.0].v_arm == pytest.approx((0.16 + 0.64 - 0.32) / 16)


def test_change_over_baseline_ratio():
    # ends 17 and 19 of 20: ln(17/20) − ln(19/20); SE of change 1 over each end value
    d = one([PRE, {}], [PRE, {"center": -1.0}], route="change_scores")
    assert d.log_ratio.yi == pytest.approx(math.log(17 / 19))
    assert d.log_ratio.v_arm == pytest.approx(1 / 17**2)
    assert d.log_ratio.v_comparator == pytest.approx(1 / 19**2)
    assert d.log_ratio.route == "change_over_baseline"


def test_no_ratio_of_a_value_that_is_not_positive():
    d = one([{**PRE, "center": 2.0}, {}], [PRE, {"center": -1.0}], route="change_scores")
    assert d.log_ratio is None  # 2 − 3 < 0


def test_a_crossovers_contrast_is_paired():
    # 9 people: SD of differences 0.5·3 = 1.5, of one period 1.5/√(2·0.5) = 1.5
    made = contrast(spread_kind="se", spread=0.5, n=9.0)
    d = one([], [], route="printed_contrast", contrasts=[made], crossover=True)
    assert (d.n1, d.n2, d.df) == (9.0, 9.0, 8.0)
    assert d.standardiser == (pytest.approx(1.5), "period_sd")


def test_visits_more_than_two_weeks_apart_are_not_compared():
    assert differences(*sides([{"week": 12.0}], [{"week": 15.0}]), [], SCALE, 0.5) == []
    assert len(differences(*sides([{"week": 12.0}], [{"week": 14.0}]), [], SCALE, 0.5)) == 1
    assert len(differences(*sides([{"week": None}], [{"week": 14.0}]), [], SCALE, 0.5)) == 1


def test_follow_up_is_no_effect_of_the_programme():
    late = {"week": 20.0}
    assert differences(*sides([late], [late], latest=16.0), [], SCALE, 0.5) == []


def test_swapping_the_arms_turns_every_route():
    first, second = [PRE, POST, {}], [PRE, {**POST, "center": 19.0}, {"center": -1.0}]
    there = differences(*sides(first, second), [], SCALE, 0.5)
    back = differences(*sides(second, first), [], SCALE, 0.5)
    key = lambda d: (d.route, abs(d.value))  # noqa: E731
    for a, b in zip(sorted(there, key=key), sorted(back, key=key), strict=True):
        assert b.value == pytest.approx(-a.value)
        assert b.variance == pytest.approx(a.variance)
        assert (b.v_arm, b.v_comparator) == pytest.approx((a.v_comparator, a.v_arm))
        if a.log_ratio:
            assert b.log_ratio.yi == pytest.approx(-a.log_ratio.yi)
