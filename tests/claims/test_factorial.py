"""Interaction contrasts of factorial trials, by hand and from whichever contrasts are printed."""

import random
from itertools import combinations

import numpy as np
import pytest
from claim_parts import CLAIM, MODELS, OUTCOMES, PLAN, SETTINGS, contrasts, effect, line, table

from liverfit.claims.evidence import select_evidence
from liverfit.claims.fit import fit_line
from liverfit.claims.judge import judge_claim
from liverfit.claims.models.factorial import cell_contrasts, cell_of

COMPARISON = {
    "experimental": {"modality": ["drug", "drug_plus_exercise"], "agent": ["testosterone"]},
    "comparator": {"modality": ["placebo", "control", "resistance"]},
    "favours": ["more", "less"],
}
ARMS = {
    "both": ("drug_plus_exercise", "testosterone"),
    "drug": ("drug", "testosterone"),
    "exercise": ("resistance", ""),
    "neither": ("placebo", ""),
}
MEANS = {"both": 6.0, "drug": 3.0, "exercise": 2.0, "neither": 0.5}  # interaction 1.5
VARIANCES = {"both": 0.1, "drug": 0.2, "exercise": 0.3, "neither": 0.4}
LINE = line(comparison=COMPARISON, model="interaction", direction="increase")


def contrast(trial, one, two, means=MEANS, **changes):
    (modality, agent), (other, other_agent) = ARMS[one], ARMS[two]
    return effect(
        trial, means[one] - means[two], VARIANCES[one] + VARIANCES[two],
        VARIANCES[two] / (VARIANCES[one] + VARIANCES[two]), arm_id=one, comparator_arm_id=two,
        modality=modality, comparator_modality=other, agent=agent, comparator_agent=other_agent,
        **changes,
    )  # fmt: skip


def whole(trial, means=MEANS):
    return [contrast(trial, a, b, means) for a, b in combinations(ARMS, 2)]


PATHS = [
    [("both", "exercise"), ("drug", "neither")],
    [("both", "drug"), ("exercise", "neither")],
    [("exercise", "both"), ("neither", "drug")],  # the other way round
    [("both", "neither"), ("drug", "neither"), ("exercise", "neither")],
    [("both", "drug"), ("both", "exercise"), ("both", "neither")],
    [("both", "drug"), ("drug", "neither"), ("exercise", "neither")],
]


@pytest.mark.parametrize("path", PATHS)
def test_any_set_of_contrasts_gives_the_sum_of_the_four_arms(path):
    """6 − 2 − 3 + 0.5 with variance 0.1 + 0.2 + 0.3 + 0.4, whichever pairs are printed."""
    (made,) = cell_contrasts([contrast("t", *pair) for pair in path], LINE, "interaction")
    assert made["yi"] == pytest.approx(1.5)
    assert made["vi"] == pytest.approx(1.0)
    assert made["n1"] + made["n2"] == 80


def test_all_six_contrasts_add_nothing():
    (made,) = cell_contrasts(whole("t"), LINE, "interaction")
    assert (made["yi"], made["vi"]) == (pytest.approx(1.5), pytest.approx(1.0))


def test_the_variance_is_that_of_simulated_arms():
    rng = np.random.default_rng(4)
    arms = {a: rng.normal(MEANS[a], VARIANCES[a] ** 0.5, 40_000) for a in ARMS}
    simulated = arms["both"] - arms["exercise"] - arms["drug"] + arms["neither"]
    path = [("both", "neither"), ("drug", "neither"), ("exercise", "neither")]
    (made,) = cell_contrasts([contrast("t", *pair) for pair in path], LINE, "interaction")
    assert simulated.var() == pytest.approx(made["vi"], rel=0.03)


@pytest.mark.parametrize(
    "path",
    [
        [("both", "exercise")],
        [("both", "exercise"), ("both", "drug")],
        [("both", "neither"), ("drug", "neither")],
    ],
)
def test_a_cell_that_is_missing_leaves_no_interaction(path):
    assert cell_contrasts([contrast("t", *pair) for pair in path], LINE, "interaction") == []


def test_cells():
    assert [cell_of(*arm, COMPARISON) for arm in ARMS.values()] == list(ARMS)
    for modality, agent in (("drug", "gh"), ("aerobic", ""), ("other", "")):
        assert cell_of(modality, agent, COMPARISON) == ""


def fit(effects):
    return fit_line({**LINE, "effects": effects}, MODELS)


def test_interactions_are_pooled_with_the_simple_effects_beside():
    shifted = [{**MEANS, "both": 6.0 + d} for d in (-1.0, 0.0, 1.0)]
    effects = [e for t, m in zip("abc", shifted, strict=True) for e in whole(t, m)]
    got = fit(effects)
    assert (got["estimate"], got["k"], got["n"]) == (pytest.approx(1.5), 3, 240)
    assert got["weights"] is None
    simple = got["extra"]["simple_effects"]
    assert simple["drug_alone"]["estimate"] == pytest.approx(2.5)
    assert simple["exercise_alone"]["estimate"] == pytest.approx(1.5)
    assert simple["both_against_neither"]["estimate"] == pytest.approx(5.5)
    assert simple["drug_alone"]["trials"][0]["vi"] == pytest.approx(0.6)
    random.Random(1).shuffle(effects)
    assert fit(effects) == got


def test_simple_effects_are_told_where_the_interaction_cannot_be_fitted():
    effects = [contrast(t, "drug", "neither") for t in "ab"]
    got = fit(effects)
    assert (got["status"], got["k"]) == ("too_few", 0)
    assert "all four cells" in got["status_reason"]
    simple = got["extra"]["simple_effects"]
    assert (simple["drug_alone"]["k"], simple["exercise_alone"]["k"]) == (2, 0)
    assert simple["drug_alone"]["estimate"] == pytest.approx(2.5)


def evidence(effects, rows):
    claim = {**CLAIM, "comparison": COMPARISON}
    claim["lines"] = [{**CLAIM["lines"][0], "direction": "increase", "model": "interaction"}]
    found = select_evidence(claim, table(effects), contrasts(*rows), OUTCOMES, PLAN)
    return found, judge_claim(claim, found, SETTINGS)


def row(trial, one, two, **changes):
    made = {"arm_prints": "spread", "comparator_prints": "spread"} | changes
    return {k: v for k, v in contrast(trial, one, two).items() if k != "outcome"} | made


def test_a_candidate_says_which_cell_it_lacks():
    rows = [
        row("t", "both", "exercise", comparator_prints="number", reason="no_spread"),
        row("t", "both", "drug", comparator_prints="", reason="number_in_one_arm_only"),
    ]
    found, judged = evidence([contrast("other", "drug", "neither")], rows)
    (cells,) = found["lines"][0]["cells"]
    assert cells["cells"]["neither"] is None
    assert cells["missing"] == [
        "drug alone: no number",
        "exercise alone: no spread",
        "neither: no such arm",
    ]
    (miss,) = judged["near_misses"]
    assert miss["reason"] == "cells_missing"
    assert "drug alone: no number" in miss["detail"]
    assert judged["verdict"] == "untestable"


def test_whole_trials_are_no_near_misses():
    effects = [e for t in "abc" for e in whole(t)]
    rows = [row(t, a, b) for t in "abc" for a, b in combinations(ARMS, 2)]
    found, judged = evidence(effects, rows)
    assert found["near_misses"] == []
    assert judged["lines"][0]["k"] == 3
    assert judged["verdict"] == "inconclusive"  # 1.5 ± t(2) √(1/3)


def test_cells_on_different_scales_are_told():
    found, _ = evidence(whole("t")[:1], [row("t", a, b) for a, b in combinations(ARMS, 2)])
    (miss,) = found["near_misses"]
    assert "no scale, visit and measure that all four share" in miss["detail"]


def test_sums_over_cells_are_no_cell():
    effects = [e for e in whole("t") if "drug" not in (e["arm_id"], e["comparator_arm_id"])]
    pooled = contrast("t", "drug", "neither", allocation="pooled_parts")
    rows = [row("t", a, b) for a, b in combinations(("both", "exercise", "neither"), 2)]
    rows.append({**row("t", "drug", "neither"), "allocation": "pooled_parts"})
    found, _ = evidence([*effects, pooled], rows)
    (cells,) = found["lines"][0]["cells"]
    assert cells["cells"]["drug"] is None


def test_real_candidates(real_run):
    claim = real_run.claim("testosterone_amplifies_resistance_training")
    for judged in claim["lines"]:
        assert {"bhasin1996", "bhasin2000", "casaburi2004", "hildreth2013"} <= {
            c["trial_id"] for c in judged["cells"]
        }
        used = {t["trial_id"] for t in judged["extra"].get("trials", ())}
        assert all(c["missing"] or c["trial_id"] in used for c in judged["cells"])
    told = {m["trial_id"]: m["detail"] for m in claim["near_misses"]}
    assert "neither: no number" in told["bhasin1996"]
    assert "neither: no spread" in told["bhasin2000"]
