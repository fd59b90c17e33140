"""A claim judged from its evidence."""

import math

import pytest
from claim_parts import CLAIM, OUTCOMES, PLAN, SETTINGS, arm_summaries, contrasts, effect, table

from liverfit.claims.evidence import select_evidence
from liverfit.claims.judge import judge_claim


def judge(effects, claim=CLAIM, **line):
    claim = {**claim, "lines": [{**claim["lines"][0], **line}]}
    evidence = select_evidence(claim, table(effects), contrasts(), OUTCOMES, PLAN, arm_summaries())
    return judge_claim(claim, evidence, SETTINGS)


def trials(*values, vi=0.1):
    return [effect(f"t{i}", y, vi) for i, y in enumerate(values)]


def test_supported():
    got = judge(trials(-3.0, -3.2, -2.8, -3.1))
    assert got["verdict"] == "supported"
    assert got["lines"][0]["verdict"] == "supported"


def test_sign_of_data_and_claim_turned_together():
    effects = trials(-3.0, -3.2, -2.8, -3.1)
    turned = [{**e, "yi": -e["yi"]} for e in effects]
    assert judge(turned)["verdict"] == "refuted"
    assert judge(turned, direction="increase")["verdict"] == "supported"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_thin_evidence_is_untestable_never_refuted(count):
    got = judge(trials(*[5.0] * count))
    assert got["verdict"] == "untestable"
    assert got["lines"][0]["estimate"] is None
    assert f"{count} usable" in got["reason"]


def test_a_claim_may_ask_for_more_trials():
    claim = {**CLAIM, "minimum_trials": 5}
    assert judge(trials(-3.0, -3.2, -2.8, -3.1), claim)["verdict"] == "untestable"


def test_more_extreme_data_keep_the_support():
    values = (-2.0, -3.2, -1.8, -3.1)
    for shift in (0.0, 0.5, 5.0, 50.0):
        assert judge(trials(*[y - shift for y in values]))["verdict"] == "supported"


def test_evidence_of_no_relevant_effect_refutes():
    assert judge(trials(0.1, -0.1, 0.0, 0.05, vi=0.01))["verdict"] == "refuted"


def test_effects_are_shown_with_interval_and_weight():
    got = judge(trials(-3.0, -3.2, -2.8, vi=0.25))["lines"][0]["effects"]
    assert got[0]["se"] == 0.5
    assert got[0]["ci_upper"] == pytest.approx(-3.0 + 1.959964 * 0.5)
    assert sum(e["weight"] for e in got) == pytest.approx(100)
    assert got[0]["source_rows"] == ["t/measurements.csv:t0"]


def test_time_ratio_of_a_non_inferiority_line():
    effects = [
        effect(f"t{i}", y, 0.05, minutes_per_week=m, comparator_minutes_per_week=150.0)
        for i, (y, m) in enumerate(((0.1, 60.0), (-0.1, 75.0), (0.0, None)))
    ]
    got = judge(effects, rule="non_inferiority")
    extra = got["lines"][0]["extra"]
    assert extra["time_ratio"] == pytest.approx(0.2**0.5)  # geometric mean of 60/150 and 75/150
    assert extra["time_ratio_trials"] == 2
    assert extra["time_ratio_ci_upper"] > 1  # two trials with one degree of freedom
    assert got["verdict"] == "inconclusive"


def test_trials_that_no_claim_includes_change_nothing():
    effects = trials(-3.0, -3.2, -2.8)
    other = effect("other", 99.0, 0.1, outcome="vo2peak")
    barred = effect("barred", 99.0, 0.1, caution="exclude_primary")
    assert judge([*effects, other, barred])["lines"] == judge(effects)["lines"]


def test_real_verdicts_follow_from_their_own_numbers(real_run):
    """Each verdict can be recomputed from the interval that its file prints."""
    for claim in real_run.judged:
        for line in claim["lines"]:
            if line["rule"] != "superiority" or line["status"] != "ok":
                continue
            low, high = line["ci_lower"], line["ci_upper"]
            if line["direction"] == "decrease":
                low, high = -high, -low
            if low > 0:
                expected = "supported"
            elif high < 0 or (line["margin"] and max(-low, high) < line["margin"]):
                expected = "refuted"
            else:
                expected = "inconclusive"
            assert line["verdict"] == expected, (claim["claim"], line["name"])


def test_real_lines_hold_what_they_say(real_run):
    for claim in real_run.judged:
        for line in claim["lines"]:
            effects = line["effects"]
            if line["status"] != "ok":
                assert line["verdict"] == "untestable"
                assert line["estimate"] is None
                continue
            assert line["k"] >= line["minimum_trials"]
            if line["model"].startswith(("three-level random", "random effects")):
                assert line["k"] == len({e["trial_id"] for e in effects})
                assert line["ci_lower"] < line["estimate"] < line["ci_upper"]
                assert line["pi_lower"] <= line["ci_lower"] + 1e-9
                assert sum(e["weight"] for e in effects) == pytest.approx(100)
                # the Hartung-Knapp and CR2 means are weighted means of the effects
                mean = sum(e["weight"] * e["yi"] for e in effects) / 100
                assert line["estimate"] == pytest.approx(mean, rel=1e-6)
                assert math.isfinite(line["tau2"])
