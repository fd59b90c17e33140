"""The bivariate line of the weight battery, simulated: its moments, its rates, its record."""

import numpy as np
import pytest
from claim_parts import SETTINGS, effect, line

from liverfit.claims.calibration import calibrate_claim
from liverfit.claims.fit import fit_line
from liverfit.claims.scenarios import psi_of, tau2_of
from liverfit.claims.simulate_pairs import draw_pairs, pair_verdicts

MODELS = SETTINGS["models"]


def effects(k=12, without=0):
    rng = np.random.default_rng(5)
    weight = rng.normal(-3.0, 2.5, k)
    out = []
    for i in range(k):
        y = -2.0 + 0.5 * weight[i] + rng.normal(0, 0.7)
        kg = {"yi": weight[i], "vi": 0.25, "v_arm": 0.125, "v_comparator": 0.125,
              "route": "change_scores", "source_rows": []}  # fmt: skip
        one = effect(f"t{i:02}", y, 0.09, weight_change_percent=weight[i])
        out.append({**one, "beside": kg})
    for one in out[:without]:
        one.update(weight_change_percent=None, beside=None)
    return out


def judged(**changes):
    made = line(name="bivariate", model="bivariate", effects=effects(**changes))
    fit = fit_line(made, MODELS)
    assert fit["status"] == "ok", fit["status_reason"]
    return {**made, **fit, "specified_model": "bivariate"}


def test_simulated_pairs_have_the_lines_moments():
    made = judged(without=1)
    drawn = list(draw_pairs(made, "smallest_effect", SETTINGS, 8_000, np.random.default_rng(1)))
    full = np.array([[d[5]["yi"], d[5]["weight"]] for d in drawn])
    psi, p = np.array(made["extra"]["fit"]["psi"]), made["extra"]["pairs"][5]
    c = 0.3 * (p["vi"] * p["weight_vi"]) ** 0.5
    expected = psi + np.array([[p["vi"], c], [c, p["weight_vi"]]])
    assert np.cov(full.T) == pytest.approx(expected, rel=0.06, abs=0.05)
    slope, mean_weight = psi[0, 1] / psi[1, 1], made["extra"]["fit"]["mean_weight"]
    # at a weight effect of zero the line goes through the margin, on the claimed side
    assert full.mean(axis=0) == pytest.approx([-1.0 + slope * mean_weight, mean_weight], abs=0.08)
    assert {d[0]["weight"] for d in drawn[:20]} == {None}


def test_more_heterogeneity_keeps_the_correlation():
    made, rules = judged(), SETTINGS["calibration"]
    small, large = (psi_of(made, s, rules) for s in ("null", "null_more_heterogeneity"))
    assert np.diag(large) == pytest.approx(2 * np.diag(small))
    assert large[0, 1] / large[1, 1] == pytest.approx(small[0, 1] / small[1, 1])
    assert tau2_of(made, "null", rules) == (pytest.approx(made["tau2"]), 0.0)


def test_its_rates_are_those_of_a_rule_that_works():
    made = {**judged(k=20), "margin": 3.0}
    verdicts = {
        s: pair_verdicts(made, s, SETTINGS, 30, np.random.default_rng(2))
        for s in ("null", "smallest_effect")
    }
    assert verdicts["null"].count("supported") <= 4
    assert verdicts["smallest_effect"].count("supported") >= 26


def test_a_claim_that_rests_on_it_is_calibrated_whatever_the_order():
    settings = {**SETTINGS, "calibration": {**SETTINGS["calibration"], "simulations_one_by_one": 8}}
    made = judged(k=6)
    stratum = line(name="stable_stratum", specified_model="random_effects", status="too_few",
                   status_reason="2 usable trials, 3 are needed", k=2)  # fmt: skip
    claim = {"claim": "x", "combine": "testable", "lines": [made, stratum]}
    got = calibrate_claim(claim, settings)
    assert got["status"] == "ok"
    assert list(got["scenarios"]["null"]["lines"]) == ["bivariate"]
    assert got["scenarios"]["null"]["simulations"] == 8
    turned = {**made, "effects": made["effects"][::-1]}
    assert calibrate_claim({**claim, "lines": [turned, stratum]}, settings) == got
    assert got["reason"] == (
        "the line stable stratum was not simulated, since it could not be fitted "
        "(2 usable trials, 3 are needed)"
    )


def test_a_model_without_a_simulation_is_named():
    made = {**judged(), "specified_model": "one_stage"}
    got = calibrate_claim({"claim": "x", "lines": [made]}, SETTINGS)
    assert (got["status"], got["power"]) == ("not_run", None)
    assert got["reason"] == "no simulation is written for the model one_stage"
