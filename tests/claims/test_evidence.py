"""Which effects enter a claim's lines, and the reasons of those that do not."""

import pytest
from claim_parts import CLAIM, COMPARISON, OUTCOMES, PLAN, arm_summaries, contrasts, effect, table

from liverfit.claims.evidence import WORDS, matches, one_trial_a_cohort, select_evidence
from liverfit.data.ledger import REASONS


def select(effects, *missing, claim=CLAIM, **line):
    claim = {**claim, "lines": [{**claim["lines"][0], **line}]}
    return select_evidence(
        claim, table(effects), contrasts(*missing), OUTCOMES, PLAN, arm_summaries()
    )


def kept(evidence):
    return [e["effect_id"] for e in evidence["lines"][0]["effects"]]


def missed(evidence):
    return [(n["trial_id"], n["reason"]) for n in evidence["near_misses"]]


GOOD = effect("good", -2.0, 1.0)


def test_a_matching_effect_enters_with_its_sources():
    evidence = select([GOOD])
    assert kept(evidence) == ["good:ex-vs-con"]
    assert evidence["lines"][0]["effects"][0]["source_rows"] == GOOD["source_rows"]
    assert evidence["near_misses"] == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"randomised": "no"}, "not_randomised"),
        ({"design": "nonrandomised_controlled"}, "not_randomised"),
        ({"allocation": "subset"}, "subset_of_a_trial"),
        ({"allocation": "pooled_parts"}, "pooled_arms"),
        ({"caution": "exclude_primary"}, "caution_excludes"),
        ({"route": "printed_p"}, "route_not_primary"),
        ({"measure": "SMD"}, "only_on_another_scale"),
    ],
)
def test_a_near_miss_has_its_reason(changes, reason):
    evidence = select([GOOD, effect("bad", -2.0, 1.0, **changes)])
    assert kept(evidence) == ["good:ex-vs-con"]
    assert missed(evidence) == [("bad", reason)]
    near_miss = evidence["near_misses"][0]
    assert near_miss["detail"].startswith(WORDS[reason])
    assert near_miss["source_rows"] == ["t/measurements.csv:bad"]


@pytest.mark.parametrize(
    "changes",
    [
        {"outcome": "vo2peak"},
        {"modality": "diet"},
        {"comparator_modality": "aerobic"},
        {"acute": True},
    ],
)
def test_another_question_is_no_near_miss(changes):
    evidence = select([GOOD, effect("other", -2.0, 1.0, **changes)])
    assert (kept(evidence), missed(evidence)) == (["good:ex-vs-con"], [])


def test_a_line_may_widen_the_plan():
    plan = {"randomised": ["yes", "no"]}
    assert len(kept(select([GOOD, effect("b", -2.0, 1.0, randomised="no")], plan=plan))) == 2


def test_a_line_may_keep_cautions():
    marked = effect("b", -2.0, 1.0, caution="exclude_primary")
    assert len(kept(select([GOOD, marked], plan={"cautions": "keep"}))) == 2


def test_stratum():
    stable = effect("stable", -2.0, 1.0, weight_stable="yes")
    lost = effect("lost", -2.0, 1.0, weight_stable="no")
    evidence = select([stable, lost], where={"weight_stable": ["yes"]})
    assert kept(evidence) == ["stable:ex-vs-con"]
    assert missed(evidence) == [("lost", "outside_stratum")]
    assert evidence["near_misses"][0]["detail"].endswith("(weight_stable is no)")


def test_contrasts_without_an_effect_are_near_misses_with_their_reason():
    row = {"trial_id": "bare", "reason": "no_spread", "source_rows": "t/measurements.csv:9"}
    alone = {"trial_id": "alone", "reason": "no_comparator_arm", "comparator_arm_id": "",
             "comparator_modality": ""}  # fmt: skip
    no_contrast = {"trial_id": "parts", "reason": "parts_of_one_arm"}
    evidence = select([GOOD], row, alone, no_contrast)
    assert missed(evidence) == [("bare", "no_spread"), ("alone", "no_comparator_arm")]
    assert evidence["near_misses"][1]["comparison"] == "ex vs (none)"


def test_empty_evidence():
    evidence = select([])
    assert (kept(evidence), missed(evidence)) == ([], [])


def test_secondary_lines_list_no_near_misses():
    assert missed(select([], {"trial_id": "bare", "reason": "no_spread"}, role="secondary")) == []


AGENT = {
    "experimental": {"modality": ["drug"], "agent": ["testosterone"]},
    "comparator": {"modality": ["placebo"]},
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"modality": "drug", "agent": "testosterone", "comparator_modality": "placebo"}, True),
        ({"modality": "drug", "agent": "gh", "comparator_modality": "placebo"}, False),
        ({"modality": "aerobic", "comparator_modality": "placebo"}, False),
        ({"modality": "drug", "agent": "testosterone", "comparator_modality": "drug"}, False),
    ],
)
def test_matching_by_modality_and_agent(changes, expected):
    assert matches(effect("t", 0.0, 1.0, **changes), AGENT) is expected


def test_matching_is_not_symmetrical():
    assert matches(effect("t", 0.0, 1.0), COMPARISON)
    turned = effect("t", 0.0, 1.0, modality="control", comparator_modality="aerobic")
    assert not matches(turned, COMPARISON)


def test_of_a_cohort_the_largest_trial_stays():
    small = effect("small", -2.0, 0.1, cohort_id="one", n1=10.0, n2=10.0)
    large = effect("large", -1.0, 0.9, cohort_id="one", n1=30.0, n2=30.0)
    other = effect("other", -1.0, 0.9)
    stay, doubled = one_trial_a_cohort([small, large, other])
    assert [e["trial_id"] for e in stay] == ["large", "other"]
    assert [(e["trial_id"], why) for e, why in doubled] == [("small", "shares_participants:large")]
    assert [e["trial_id"] for e in one_trial_a_cohort([large, small, other])[0]] == [
        "large",
        "other",
    ]


def test_of_equal_trials_the_more_precise_stays():
    rough = effect("rough", -2.0, 0.9, cohort_id="one")
    fine = effect("fine", -2.0, 0.1, cohort_id="one")
    assert [e["trial_id"] for e in one_trial_a_cohort([rough, fine])[0]] == ["fine"]


def test_several_contrasts_of_one_trial_stay_together():
    high = effect("t", -2.0, 1.0, arm_id="high")
    low = effect("t", -1.0, 1.0, arm_id="low")
    assert len(one_trial_a_cohort([high, low])[0]) == 2


def test_a_cohort_is_reduced_after_screening_so_that_a_barred_trial_cannot_displace_another():
    large = effect("large", -1.0, 0.9, cohort_id="one", n1=90.0, randomised="no")
    small = effect("small", -2.0, 0.1, cohort_id="one")
    assert kept(select([large, small])) == ["small:ex-vs-con"]


def test_every_reason_has_words():
    assert set(REASONS) <= set(WORDS)


def test_the_near_misses_of_the_real_claims_lead_to_raw_rows(real_run):
    raw = real_run.raw_rows()
    seen = 0
    for claim in real_run.judged:
        for near_miss in claim["near_misses"]:
            seen += 1
            assert near_miss["reason"] in WORDS
            silent = near_miss["reason"] in ("no_number", "cells_missing")
            assert near_miss["source_rows"] or silent, near_miss
            assert all(r in raw for r in near_miss["source_rows"])
    assert seen > 200


def test_no_cohort_enters_a_real_line_twice(real_run):
    for claim in real_run.judged:
        for line in claim["lines"]:
            pairs = {(e["cohort_id"], e["trial_id"]) for e in line["effects"]}
            assert len(pairs) == len({cohort for cohort, _ in pairs})
