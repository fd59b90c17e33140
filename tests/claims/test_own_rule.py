"""A claim's own rule over the choices of data: each path as a single fit judges it."""

from __future__ import annotations

import numpy as np
import pytest
from claim_parts import CLAIM, MODELS, OUTCOMES, effect
from network_parts import PLAN as NETWORK_MODELS
from network_parts import loop

from liverfit.claims.fit import fit_line
from liverfit.claims.multiverse.evaluate import evaluate_claim, margins_of
from liverfit.claims.multiverse.own_rule import own_rule
from liverfit.claims.multiverse.pool import WHOLE
from liverfit.claims.verdict import line_verdict, lowest_dose_by_point

PLAN = {
    "choices": {
        "measure": ["MD", "SMD"], "correlation": ["estimated"], "unresolved_spread": ["leave_out"],
        "dependence": ["three_level", "aggregated"], "leave_out": ["none", "most_precise"],
        "estimator": ["REML"], "test": ["knha_floor"],
    },
    "selections": {"diet": {"options": {
        "any": {}, "none": {"keep": {"diet_cointervention": ["none"]}},
        "both": {"keep": {"diet_cointervention": ["both"]}}}}},
    "incompatible": {"never": {"when": {"diet": ["both"], "measure": ["SMD"]},
                               "reason": "nobody would"}},
}  # fmt: skip
SETTINGS = {"models": MODELS, "verdict": {"minimum_trials": 3}}
DOSES = (60.0, 90.0, 150.0, 200.0, 240.0, 300.0)
NOISE = (0.2, -0.3, 0.4, -0.1, 0.3, -0.4)


def claim(rule="lowest_dose", model="meta_regression"):
    line = {**CLAIM["lines"][0], "model": model, "moderator": "minutes_per_week", "rule": rule}
    return {**CLAIM, "lines": [line]}


def pool(slope=0.0, known=True):
    out = []
    for measure, scale in (("MD", 1.0), ("SMD", 0.3)):
        for i, (dose, noise) in enumerate(zip(DOSES, NOISE, strict=True)):
            made = effect(
                f"t{i}", scale * (-3.0 + slope * dose + noise), 0.1 * scale**2, measure=measure,
                minutes_per_week=dose if known else "", line="primary",
                variants="estimated|leave_out", condition="",
                diet_cointervention="none" if i < 5 else "both",
            )  # fmt: skip
            out.append({**made, "effect_id": f"{made['effect_id']}:{measure}"})
    return out


def judged(asked, rows):
    m = evaluate_claim(asked, rows, OUTCOMES, PLAN, SETTINGS)
    return m, own_rule(m, margins_of(asked, m.line, OUTCOMES), MODELS)


def test_every_choice_of_data_is_judged_as_a_single_fit_would_be():
    asked, rows = claim(), pool()
    m, got = judged(asked, rows)
    own = got["own_rule"]
    # 2 measures x 3 diets x 2 omissions, one form of dependence
    assert own["n_data_paths"] == 12
    supported = fitted = 0
    for measure, margin in (("MD", 1.0), ("SMD", 0.2)):
        for kept in (6, 5):
            for without in (None, 0):  # equal variances: the first trial is the most precise
                effects = [e for e in rows if e["measure"] == measure][:kept]
                effects = [e for e in effects if without is None or e["trial_id"] != "t0"]
                line = {**m.line, "measure": measure, "margin": margin, "effects": effects}
                fit = {**line, **fit_line(line, {**MODELS, "r2_resamples": 0})}
                fitted += 1
                supported += lowest_dose_by_point(fit)[0] == "supported"
    assert own["n_feasible"] == fitted == 8
    assert own["share_agrees"] == got["multiverse_share"] == supported / fitted
    assert sum(own["verdicts"].values()) == pytest.approx(1.0)


def test_what_is_not_feasible_is_counted_with_its_reason():
    _, got = judged(claim(), pool())
    # one trial has the other diet; of SMD nobody would look at it
    assert got["own_rule"]["infeasible"] == {
        "nobody would": 2, "1 usable trial, 3 are needed": 2}  # fmt: skip
    assert sum(got["own_rule"]["infeasible"].values()) + got["own_rule"]["n_feasible"] == 12


def test_dose_that_explains_all_is_no_support():
    _, got = judged(claim(), pool(slope=-0.02))
    assert got["multiverse_share"] == 0.0


def test_a_slope_has_its_own_rule():
    _, steep = judged(claim("moderator_slope"), pool(slope=-0.02))
    _, flat = judged(claim("moderator_slope"), pool())
    assert (steep["multiverse_share"], flat["multiverse_share"]) == (1.0, 0.0)
    assert "the slope lies on the claimed side" in steep["multiverse_reason"]


def test_a_moderator_that_no_trial_prints_gives_no_share_but_a_reason():
    _, got = judged(claim("moderator_slope"), pool(known=False))
    assert got["multiverse_share"] is None
    assert "with minutes_per_week printed" in got["multiverse_reason"]
    assert got["own_rule"]["n_feasible"] == 0


def test_other_rules_are_left_to_the_grid():
    for rule, model in (("superiority", "random_effects"), ("lowest_dose", "between_doses")):
        assert judged(claim(rule, model), pool())[1] == {}


def network_claim(rule, model, nodes, direction):
    line = {**CLAIM["lines"][0], "model": model, "nodes": nodes, "rule": rule,
            "direction": direction, "comparison": CLAIM["comparison"]}  # fmt: skip
    return {**CLAIM, "lines": [line]}


def network_pool():
    """Two risks of bias, the direct contrasts and under another name those of the whole network."""
    out = []
    for e in loop():
        shared = {**e, "variants": "estimated|leave_out", "condition": "",
                  "diet_cointervention": "none" if e["trial_id"] != "t0" else "both"}  # fmt: skip
        out.append({**shared, "line": "primary" + WHOLE})
        if e["comparator_modality"] == "control":
            out.append({**shared, "line": "primary"})
    return out


@pytest.mark.parametrize(
    "asked",
    [
        network_claim("omnibus", "network", ["aerobic", "interval", "resistance"], "either"),
        network_claim("superiority", "network_contrast", ["interval", "none"], "decrease"),
        network_claim("superiority", "network_contrast", ["resistance", "interval"], "decrease"),
        network_claim("two_sided", "network_contrast", ["aerobic", "interval"], "either"),
    ],
)
def test_a_network_is_judged_on_the_contrasts_of_all_its_nodes(asked):
    settings = {**SETTINGS, "models": NETWORK_MODELS}
    rows = network_pool()
    m = evaluate_claim(asked, rows, OUTCOMES, PLAN, settings)
    own = own_rule(m, margins_of(asked, m.line, OUTCOMES), NETWORK_MODELS, rows)["own_rule"]
    # 2 measures x 3 diets; no trial is left out
    assert own["n_data_paths"] == 6
    expected = []
    for kept in ({f"t{i}" for i in range(9)}, {f"t{i}" for i in range(1, 9)}):
        effects = [e for e in loop() if e["trial_id"] in kept]
        line = {**m.line, "margin": 1.0, "effects": effects}
        expected.append(line_verdict({**line, **fit_line(line, NETWORK_MODELS)})[0])
    assert own["n_feasible"] == 2
    assert own["share_agrees"] == expected.count("supported") / 2
    assert own["verdicts"] == {w: expected.count(w) / 2 for w in set(expected)}
    assert sum(own["infeasible"].values()) == 4


def test_without_the_contrasts_of_the_network_there_is_no_share():
    asked = network_claim("superiority", "network_contrast", ["resistance", "interval"], "decrease")
    rows = [r for r in network_pool() if r["line"] == "primary"]
    m = evaluate_claim(asked, rows, OUTCOMES, PLAN, {**SETTINGS, "models": NETWORK_MODELS})
    got = own_rule(m, margins_of(asked, m.line, OUTCOMES), NETWORK_MODELS, rows)
    assert got["multiverse_share"] is None
    assert got["own_rule"]["n_feasible"] == 0


def test_order_of_the_pool_changes_nothing():
    rows = pool()
    mixed = [rows[i] for i in np.random.default_rng(1).permutation(len(rows))]
    assert judged(claim(), rows)[1] == judged(claim(), mixed)[1]
