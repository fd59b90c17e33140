"""Small-study effects and influence of a judged line."""

import numpy as np
import pytest
from claim_parts import (
    CLAIM,
    OUTCOMES,
    PLAN,
    SETTINGS,
    arm_summaries,
    contrasts,
    effect,
    line,
    table,
)

from liverfit import meta
from liverfit.claims.bias import assess_bias
from liverfit.claims.evidence import select_evidence
from liverfit.claims.fit import fit_line
from liverfit.claims.judge import judge_claim

PLAN_SETTINGS = {**SETTINGS, "bias": {"selection_steps": [0.025]}}
Y = (-3.0, -2.2, -1.1, -4.0, -0.4, -2.9)
V = (0.3, 0.2, 0.1, 0.9, 0.05, 0.4)


def judged(effects):
    evidence = select_evidence(CLAIM, table(effects), contrasts(), OUTCOMES, PLAN, arm_summaries())
    return judge_claim(CLAIM, evidence, PLAN_SETTINGS)


def six():
    return [effect(f"t{i}", y, v) for i, (y, v) in enumerate(zip(Y, V, strict=True))]


@pytest.fixture(scope="module")
def primary():
    return assess_bias(judged(six()), PLAN_SETTINGS)["lines"]["primary"]


def test_the_tests_are_the_engines(primary):
    assert primary["tests"]["egger"]["pvalue"] == pytest.approx(meta.egger_test(Y, V).pvalue)
    assert primary["tests"]["rank"]["pvalue"] == pytest.approx(meta.rank_test(Y, V).pvalue)
    assert not primary["tests"]["enough_trials"]


def test_selection_is_for_the_claimed_direction(primary):
    expected = meta.selection_model(Y, V, steps=(0.025,), alternative="less")
    got = primary["adjusted"]["selection_model"]
    assert got["estimate"] == pytest.approx(float(expected.coef[0]))
    assert got["weights"][0] == 1.0


def test_every_trial_is_left_out_once_with_the_lines_own_model(primary):
    rows = primary["leave_one_out"]
    assert [r["trial_id"] for r in rows] == [f"t{i}" for i in range(6)]
    rest = meta.random_effects(Y[1:], V[1:], test="knha")
    assert rows[0]["estimate"] == pytest.approx(float(rest.coef[0]))
    assert {r["verdict"] for r in rows} <= {"supported", "inconclusive"}


def test_baujat_coordinates(primary):
    rows = primary["influence"]["trials"]
    fit = meta.random_effects(Y, V)
    w = 1 / (np.array(V) + fit.tau2)
    assert sum(r["baujat_q"] for r in rows) == pytest.approx(
        float(w @ (np.array(Y) - fit.coef[0]) ** 2)
    )
    without = float(w[1:] @ np.array(Y[1:]) / w[1:].sum())
    shift = (float(fit.coef[0]) - without) ** 2 * w[1:].sum()
    assert rows[0]["baujat_shift"] == pytest.approx(shift)


def test_the_order_of_rows_does_not_matter(primary):
    again = assess_bias(judged(six()[::-1]), PLAN_SETTINGS)["lines"]["primary"]
    assert again["tests"]["egger"]["pvalue"] == pytest.approx(
        primary["tests"]["egger"]["pvalue"], rel=1e-10
    )


def test_a_line_without_an_estimate_says_why():
    got = assess_bias(judged(six()[:2]), PLAN_SETTINGS)["lines"]["primary"]
    assert got["status"] == "not_run"
    assert "2 usable trials" in got["reason"]


def test_what_cannot_be_run_says_why():
    alike = [effect(f"t{i}", -3.0 - 0.1 * i, 0.01 * (i + 1)) for i in range(4)]
    got = assess_bias(judged(alike), PLAN_SETTINGS)["lines"]["primary"]
    selection = got["adjusted"]["selection_model"]
    assert selection["status"] == "not_run"
    assert "one interval" in selection["reason"]


def test_a_factorial_line_is_examined_by_its_interactions():
    """Contrasts between two cells are no interaction, and their mean is nothing's estimate."""
    comparison = {
        "experimental": {"modality": ["drug", "drug_plus_exercise"]},
        "comparator": {"modality": ["placebo", "resistance"]},
        "favours": ["together", "either"],
    }
    arms = {"both": "drug_plus_exercise", "drug": "drug", "ex": "resistance", "none": "placebo"}
    effects = [
        effect(f"t{i}", yi, 0.1 + 0.1 * i, arm_id=one, comparator_arm_id=two, modality=arms[one],
               comparator_modality=arms[two])
        for i, gain in enumerate((1.0, 2.0, 1.5, 0.5))
        for one, two, yi in (("both", "ex", gain + i), ("drug", "none", float(i)))
    ]  # fmt: skip
    made = line(model="interaction", direction="increase", unit="kg", comparison=comparison,
                effects=effects)  # fmt: skip
    made |= {**fit_line(made, SETTINGS["models"]), "specified_model": "interaction"}
    got = assess_bias({"claim": "x", "lines": [made]}, PLAN_SETTINGS)["lines"]["primary"]
    assert [t["yi"] for t in got["trials"]] == pytest.approx([1.0, 2.0, 1.5, 0.5])
    assert [t["vi"] for t in got["trials"]] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert got["adjusted"]["unadjusted"]["estimate"] == pytest.approx(made["estimate"])
    assert len(got["leave_one_out"]) == 4
