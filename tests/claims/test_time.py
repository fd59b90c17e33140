"""Weekly minutes of two arms, and effects per weekly hour, by hand."""

import math
import random

import pytest
from claim_parts import (
    CLAIM,
    MODELS,
    OUTCOMES,
    PLAN,
    SETTINGS,
    arm_summaries,
    contrasts,
    effect,
    line,
    table,
)

from liverfit.claims.evidence import select_evidence
from liverfit.claims.fit import fit_line
from liverfit.claims.judge import judge_claim
from liverfit.claims.models.time import minutes_ratio, non_inferiority_test

T2 = 4.302653  # t(2; 0.975)


def pair(trial, minutes, comparator=150.0):
    return {
        "trial_id": trial,
        "minutes_per_week": minutes,
        "comparator_minutes_per_week": comparator,
    }


def test_the_ratio_is_a_geometric_mean_with_a_t_interval_over_trials():
    # ratios 1/2, 1/4, 1/8: logs −1, −2, −3 times ln 2, mean −2, SD 1, SE 1/√3
    got = minutes_ratio([pair("a", 75.0), pair("b", 37.5), pair("c", 18.75)], 0.95)
    assert got["time_ratio"] == pytest.approx(0.25)
    half = T2 * math.log(2) / math.sqrt(3)
    assert got["time_ratio_ci_lower"] == pytest.approx(0.25 * math.exp(-half), rel=1e-6)
    assert got["time_ratio_ci_upper"] == pytest.approx(0.25 * math.exp(half), rel=1e-6)
    assert (got["time_ratio_trials"], got["time_ratio_unknown"]) == (3, 0)


def test_one_ratio_a_trial():
    # trial a: 1/2 and 1/8, geometric mean 1/4; b 1/4: they agree, with an interval of no width
    got = minutes_ratio([pair("a", 75.0), pair("a", 18.75), pair("b", 37.5)], 0.95)
    assert got["time_ratio_trials"] == 2
    for key in ("time_ratio", "time_ratio_ci_lower", "time_ratio_ci_upper"):
        assert got[key] == pytest.approx(0.25)


@pytest.mark.parametrize("minutes", [[], [None], [0.0]])
def test_no_minutes_no_ratio(minutes):
    got = minutes_ratio([pair("a", m) for m in minutes], 0.95)
    assert got["time_ratio"] is None
    assert got["time_ratio_trials"] == 0
    assert got["time_ratio_unknown"] == len(minutes)


def test_one_trial_has_a_ratio_without_interval():
    got = minutes_ratio([pair("a", 75.0), pair("b", None)], 0.95)
    assert got["time_ratio"] == pytest.approx(0.5)
    assert got["time_ratio_ci_upper"] is None
    assert got["time_ratio_unknown"] == 1


def test_the_order_of_trials_does_not_matter():
    pairs = [pair(f"t{i}", 20.0 + 13 * i, 150.0) for i in range(7)]
    pairs += [pair("t3", 90.0, 120.0)]
    before = minutes_ratio(pairs, 0.95)
    random.Random(5).shuffle(pairs)
    after = minutes_ratio(pairs, 0.95)
    assert after == pytest.approx(before, rel=1e-13)


def test_one_sided_p_value_by_hand():
    # margin 1, estimate 0, SE 1/t(2; 0.975): the interval ends at the margin, so p = 0.025
    fit = {"estimate": 0.0, "se": 1 / T2, "df": 2.0}
    got = non_inferiority_test(line(), fit)
    assert got["non_inferiority_pvalue"] == pytest.approx(0.025, rel=1e-5)
    other = non_inferiority_test(line(direction="increase"), {**fit, "estimate": -0.0})
    assert other == pytest.approx(got)
    worse = non_inferiority_test(line(), {**fit, "estimate": 2.0})["non_inferiority_pvalue"]
    assert worse > 0.9
    assert non_inferiority_test(line(), {**fit, "estimate": None}) == {}
    assert non_inferiority_test(line(margin=None), fit) == {}


def hours(*minutes):
    return [
        effect(f"t{i}", -m / 60, 0.04 * (m / 60) ** 2, minutes_per_week=m)
        for i, m in enumerate(minutes)
    ]


def test_effect_per_weekly_hour_by_hand():
    # every trial: −1 an hour with variance 0.04 an hour²; three agree, so the floor: √(0.04/3)
    got = fit_line(line(effects=hours(60.0, 120.0, 300.0), model="effect_per_hour"), MODELS)
    assert got["estimate"] == pytest.approx(-1.0)
    assert got["se"] == pytest.approx(math.sqrt(0.04 / 3))
    assert got["unit"] == "percentage points per weekly hour"
    assert got["margin"] is None
    assert got["weights"] == pytest.approx([100 / 3] * 3)


def test_effect_per_hour_counts_what_prints_no_minutes():
    effects = [*hours(60.0, 120.0, 300.0), effect("x", 9.0, 0.1, minutes_per_week=None)]
    got = fit_line(line(effects=effects, model="effect_per_hour"), MODELS)
    assert got["estimate"] == pytest.approx(-1.0)
    assert (got["k"], got["extra"]["trials_without_minutes"]) == (3, 1)
    assert got["weights"][3] is None


def test_effect_per_hour_with_too_few():
    silent = effect("x", -1.0, 0.1, minutes_per_week=None)
    got = fit_line(line(effects=[*hours(60.0, 90.0), silent], model="effect_per_hour"), MODELS)
    assert got["status"] == "too_few"
    assert "with minutes_per_week printed" in got["status_reason"]


def intervals(minutes_of_others):
    both = {
        "comparison": {**CLAIM["comparison"], "comparator": {"modality": ["aerobic"]}},
        "lines": [{**CLAIM["lines"][0], "rule": "non_inferiority"}],
    }
    minutes = {"modality": "hiit", "comparator_modality": "aerobic", "minutes_per_week": 60.0}
    effects = [
        effect(f"t{i}", y, 0.05, **minutes, comparator_minutes_per_week=150.0 + 10 * i)
        for i, y in enumerate((0.1, -0.1, 0.0))
    ]
    effects += [
        effect(f"v{i}", 9.0, 0.05, **{**minutes, "minutes_per_week": m}, outcome="vo2peak",
               comparator_minutes_per_week=150.0)
        for i, m in enumerate(minutes_of_others)
    ]  # fmt: skip
    claim = {**CLAIM, **both}
    evidence = select_evidence(claim, table(effects), contrasts(), OUTCOMES, PLAN, arm_summaries())
    return judge_claim(claim, evidence, SETTINGS)


def test_the_verdict_rests_on_the_lines_own_trials():
    got = intervals([300.0, 450.0])
    extra = got["lines"][0]["extra"]
    assert got["verdict"] == "supported"
    assert extra["time_ratio_trials"] == 3
    assert extra["any_outcome_time_ratio_trials"] == 5
    assert extra["any_outcome_time_ratio"] > extra["time_ratio"]
    assert extra["non_inferiority_pvalue"] < 0.025
