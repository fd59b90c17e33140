"""The verdict rule on simulated data: the same verdicts as one by one, and rates that are known."""

import numpy as np
import pytest
from claim_parts import CLAIM, OUTCOMES, PLAN, SETTINGS, arm_summaries, contrasts, effect, table
from scipy.stats import norm

from liverfit.claims import calibration, simulate_regressions
from liverfit.claims.calibration import calibrate_claim, line_verdicts
from liverfit.claims.evidence import select_evidence
from liverfit.claims.fit import fit_line
from liverfit.claims.judge import judge_claim
from liverfit.claims.scenarios import HALF, tau2_of, truth
from liverfit.claims.simulate import CHUNK, draw, intervals, ordered
from liverfit.claims.streams import stream
from liverfit.claims.verdict import VERDICTS, line_verdict

MODELS = SETTINGS["models"]


def judged(effects, settings=SETTINGS, **line):
    claim = {**CLAIM, "lines": [{**CLAIM["lines"][0], **line}]}
    evidence = select_evidence(claim, table(effects), contrasts(), OUTCOMES, PLAN, arm_summaries())
    return judge_claim(claim, evidence, settings)


def simple(k=8, vi=0.25):
    rng = np.random.default_rng(7)
    return [effect(f"t{i}", float(y), vi) for i, y in enumerate(rng.normal(-2, 0.5, k))]


def clustered():
    out = []
    for i, y in enumerate((-2.0, -1.0, -3.0, -2.5)):
        out.append(effect(f"t{i}", y, 0.4, arm_id="a"))
        if i % 2 == 0:
            out.append(effect(f"t{i}", y + 0.6, 0.5, arm_id="b"))
    return out


@pytest.mark.parametrize("effects", [simple(5), clustered()], ids=["univariate", "three-level"])
@pytest.mark.parametrize("floor", [True, False])
def test_each_simulated_verdict_is_that_of_the_single_fit(effects, floor):
    models = {**MODELS, "hartung_knapp_floor": floor}
    line = ordered(judged(effects, {**SETTINGS, "models": models})["lines"][0])
    rng = stream("here")
    y, vi = draw(line, np.full(len(effects), -0.6), (0.3, 0.1), 30, rng)
    estimate, low, high = intervals(line, y, vi, models)
    for b in range(30):
        one = [
            {**e, "yi": float(y[b, i]), "vi": float(vi[b, i])}
            for i, e in enumerate(line["effects"])
        ]
        fit = fit_line({**line, "model": "random_effects", "effects": one}, models)
        assert estimate[b] == pytest.approx(fit["estimate"], rel=1e-4, abs=1e-5)
        assert low[b] == pytest.approx(fit["ci_lower"], rel=2e-3, abs=2e-3)
        ours = line_verdict({**line, "estimate": estimate[b], "ci_lower": low[b],
                             "ci_upper": high[b]})[0]  # fmt: skip
        near = min(abs(fit["ci_lower"]), abs(fit["ci_upper"])) < 0.01
        assert near or ours == line_verdict({**line, **fit})[0]


def test_the_simulated_effects_have_the_lines_covariance():
    line = ordered(judged(clustered())["lines"][0])
    y, vi = draw(line, np.zeros(6), (0.5, 0.2), 200_000, stream("moments"))
    got = np.cov(y.T)
    assert got[0, 0] == pytest.approx(0.4 + 0.7, rel=0.02)
    assert got[0, 1] == pytest.approx(0.5 + (0.2 * 0.25) ** 0.5, rel=0.03)  # shared control
    assert got[0, 2] == pytest.approx(0.0, abs=0.01)
    assert vi[0] == pytest.approx([e["vi"] for e in line["effects"]])


def test_printed_variances_scatter_around_the_true_ones():
    line = ordered(judged(simple())["lines"][0])
    _, vi = draw(line, np.zeros(8), (0.0, 0.0), 50_000, stream("variances"))
    assert vi.mean(axis=0) == pytest.approx(0.25, rel=0.01)
    assert vi.std(axis=0) == pytest.approx(0.25 * (2 / 38) ** 0.5, rel=0.02)


def test_rates_of_a_wald_test_are_known():
    models = {**MODELS, "test": "z", "estimator": "HS", "hartung_knapp_floor": False}
    settings = {**SETTINGS, "models": models}
    settings["calibration"] = {**SETTINGS["calibration"], "simulations": 4000}
    effects = [effect(f"t{i}", -2.0 - 0.01 * i, 0.25, n1=5000, n2=5000) for i in range(8)]
    claim = judged(effects, settings)
    claim["lines"][0]["tau2"] = 0.0
    got = calibrate_claim(claim, settings)
    # without heterogeneity; tau2 estimated above zero makes the test a little conservative
    assert got["false_positive_rate"] == pytest.approx(0.025, abs=0.008)
    expected = norm.cdf(1.0 / (0.25 / 8) ** 0.5 - 1.96)
    assert got["power"] == pytest.approx(expected, abs=0.03)
    assert got["warning"] == ""


def test_a_rule_that_errs_is_warned_of():
    """Half of a wide line's heterogeneity is kept from the model: too many false verdicts."""
    settings = {**SETTINGS, "models": {**MODELS, "test": "z", "hartung_knapp_floor": False}}
    effects = [effect(f"t{i}", y, 0.01) for i, y in enumerate((-2.0, -0.1, -3.9))]
    got = calibrate_claim(judged(effects, settings), settings)
    assert got["false_positive_rate"] > 0.06
    assert "more than 5 %" in got["warning"]


def test_the_same_numbers_again_in_any_order_and_division():
    claim, other = judged(simple()), judged(simple()[::-1])
    assert calibrate_claim(claim, SETTINGS) == calibrate_claim(other, SETTINGS)
    line = ordered(claim["lines"][0])
    whole, *parts = (
        line_verdicts("small_claim", line, "null", SETTINGS, range(a, b))
        for a, b in ((0, 2 * CHUNK), (0, CHUNK), (CHUNK, 2 * CHUNK))
    )
    assert whole == parts[0] + parts[1]


def test_an_untestable_claim_says_why():
    got = calibrate_claim(judged(simple(2)), SETTINGS)
    assert got["status"] == "not_run"
    assert "2 usable trials" in got["reason"]
    assert got["power"] is None
    assert [(x["k"], x["minimum_trials"]) for x in got["would_need"]] == [(2, 3)]


def two_lines(combine, second):
    """A claim of two primary lines; `second` are the changes of the other line."""
    claim = judged(simple())
    other = {**claim["lines"][0], "name": "other", **second}
    return {**claim, "combine": combine, "lines": [claim["lines"][0], other]}


def test_of_two_lines_the_least_favourable_null_counts():
    """Size of an intersection-union test: that of the worse line, the other one certain."""
    claim = two_lines("all", {"margin": 3.0})
    got = calibrate_claim(claim, SETTINGS)
    one = calibrate_claim(judged(simple()), SETTINGS)
    assert got["false_positive_rate"] >= one["false_positive_rate"] > 0
    found = got["scenarios"]
    assert found["null_in_primary"]["supported"] == one["false_positive_rate"]
    assert found["null"]["supported"] < found["null_in_primary"]["supported"]
    assert list(found["null_in_primary"]["lines"]) == ["primary"]
    assert got["false_positive_scenario"] in ("null_in_primary", "null_in_other")
    high = "false_positive_rate_more_heterogeneity"
    assert got[high] >= one[high]
    # the two are independent here: both find their effect
    powers = [calibrate_claim(judged(simple(), margin=m), SETTINGS)["power"] for m in (1.0, 3.0)]
    assert got["power"] == pytest.approx(powers[0] * powers[1], abs=0.08)


def test_of_testable_lines_one_is_enough():
    missing = {"status": "too_few", "status_reason": "0 usable trials, 3 are needed", "k": 0}
    one = calibrate_claim(judged(simple()), SETTINGS)
    got = calibrate_claim(two_lines("testable", missing), SETTINGS)
    assert (got["power"], got["false_positive_rate"]) == (one["power"], one["false_positive_rate"])
    assert got["power"] > 0
    refused = calibrate_claim(two_lines("all", missing), SETTINGS)
    assert refused["status"] == "not_run"
    assert "its line other" in refused["reason"]


def test_a_judged_claim_says_how_its_lines_combine():
    claim = {**CLAIM, "combine": "testable"}
    evidence = select_evidence(claim, table(simple()), contrasts(), OUTCOMES, PLAN)
    assert judge_claim(claim, evidence, SETTINGS)["combine"] == "testable"


def test_time_that_cannot_be_shown_is_told():
    got = calibrate_claim(judged(simple(), rule="non_inferiority"), SETTINGS)
    assert got["power"] == 0.0
    assert "cannot support the claim" in got["reason"]
    assert "weekly minutes" in got["reason"]


def test_what_was_simulated_is_recorded():
    claim = judged(simple())
    line = claim["lines"][0]
    got = calibrate_claim(claim, SETTINGS)["scenarios"]
    assert got["null"]["lines"]["primary"]["tau2_between_trials"] == line["tau2"]
    high = got["null_more_heterogeneity"]["lines"]["primary"]
    assert high["tau2_between_trials"] == max(2 * line["tau2"], 0.25)
    assert got["smallest_effect"]["lines"]["primary"]["true_effect_lowest"] == -1.0
    for shares in got.values():
        assert sum(shares[w] for w in VERDICTS) == pytest.approx(1.0)


def test_a_factorial_line_is_simulated_as_its_interactions():
    comparison = {
        "experimental": {"modality": ["drug", "drug_plus_exercise"]},
        "comparator": {"modality": ["placebo", "resistance"]},
        "favours": ["together", "either"],
    }
    arms = {"both": "drug_plus_exercise", "drug": "drug", "ex": "resistance", "none": "placebo"}
    effects = []
    for i, gain in enumerate((1.0, 2.0, 1.5, 0.5)):
        for one, two, yi in (("both", "ex", gain + i), ("drug", "none", float(i))):
            effects.append(effect(f"t{i}", yi, 0.3, arm_id=one, comparator_arm_id=two,
                                  modality=arms[one], comparator_modality=arms[two]))  # fmt: skip
    line = {"name": "primary", "role": "primary", "rule": "superiority", "null": 0.0,
            "model": "interaction", "design": "controlled", "measure": "MD", "margin": 1.0,
            "direction": "increase",
            "unit": "kg", "comparison": comparison, "minimum_trials": 3,
            "effects": effects}  # fmt: skip
    fit = fit_line(line, MODELS)
    line |= {**fit, "specified_model": "interaction"}
    pooled = ordered(line)
    assert [e["yi"] for e in pooled["effects"]] == pytest.approx([1.0, 2.0, 1.5, 0.5])
    assert [e["vi"] for e in pooled["effects"]] == pytest.approx([0.6] * 4)
    got = calibrate_claim({"claim": "x", "combine": "all", "lines": [line]}, SETTINGS)
    assert got["scenarios"]["null"]["simulations"] == 400
    assert 0.2 < got["power"] <= 1


def test_truth_of_each_rule():
    line = judged(simple(4))["lines"][0]
    assert truth(line, "null").tolist() == [0.0] * 4
    assert truth(line, "smallest_effect").tolist() == [-1.0] * 4
    margin = {**line, "rule": "non_inferiority"}
    assert truth(margin, "null").tolist() == [1.0] * 4
    assert truth(margin, "smallest_effect").tolist() == [0.0] * 4
    dose = {**line, "rule": "lowest_dose", "extra": {"moderator": "weeks", "lowest": 10.0,
                                                     "slope": -0.5}}  # fmt: skip
    assert truth(dose, "null").tolist() == [-1.0] * 4
    assert truth(dose, "smallest_effect").tolist() == [-1.0] * 4


def test_a_regression_is_judged_one_by_one():
    effects = [{**e, "minutes_per_week": 60.0 + 30 * i} for i, e in enumerate(simple(6))]
    claim = judged(effects, model="meta_regression", moderator="minutes_per_week",
                   rule="lowest_dose")  # fmt: skip
    got = calibrate_claim(claim, SETTINGS)
    assert got["scenarios"]["null"]["simulations"] == 100
    assert 0 <= got["false_positive_rate"] <= 0.15


@pytest.mark.parametrize("scenario", ["null", "smallest_effect"])
def test_regressions_fitted_together_are_judged_as_one_by_one(monkeypatch, scenario):
    rng = np.random.default_rng(11)
    effects = []
    for trial in range(7):
        for arm in range(1 + trial % 2):
            dose = float(60 + 20 * trial + 50 * arm)
            e = effect(f"t{trial}", float(rng.normal(-2, 0.6)), 0.1, arm_id=f"a{arm}")
            effects.append({**e, "minutes_per_week": None if trial == 6 and arm else dose})
    claim = judged(effects, model="meta_regression", moderator="minutes_per_week",
                   rule="lowest_dose")  # fmt: skip
    line = ordered(claim["lines"][0])
    assert simulate_regressions.fits_together(line)
    together = line_verdicts("x", line, scenario, SETTINGS, range(60))
    asked = []
    monkeypatch.setattr(calibration, "fits_together", lambda line: asked.append(line))
    assert line_verdicts("x", line, scenario, SETTINGS, range(60)) == together
    assert asked
    assert len(set(together)) > 1


def test_where_dose_explains_half_that_null_is_simulated_too():
    line = ordered(judged(simple(6))["lines"][0]) | {"rule": "lowest_dose", "tau2": 0.6}
    line["extra"] = {"moderator": "weeks", "lowest": 8.0, "slope": 0.1, "r2": 25.0}
    for i, e in enumerate(line["effects"]):
        e["weeks"] = 8.0 + 2 * i
    mean = truth(line, HALF)
    between, within = tau2_of(line, HALF, SETTINGS["calibration"])
    assert mean[0] == -1.0
    assert mean.var() == pytest.approx(0.4)  # half of 0.6 / (1 - 0.25)
    assert (between, within) == (pytest.approx(0.4), 0.0)


def test_components_of_a_regression_reach_the_simulation():
    effects = []
    for i, e in enumerate(clustered()):
        effects.append({**e, "minutes_per_week": 60.0 + 45 * i})
    line = judged(effects, model="meta_regression", moderator="minutes_per_week",
                  rule="lowest_dose")["lines"][0]  # fmt: skip
    parts = tau2_of(line, "null", SETTINGS["calibration"])
    assert sum(parts) == pytest.approx(line["tau2"])
    assert parts == (line["extra"]["sigma2_between_trials"], line["extra"]["sigma2_within_trials"])


def test_a_two_sided_rule_keeps_its_level():
    """Hartung and Knapp's test with known equal variances is that of a t test: exactly 5 %."""
    models = {**MODELS, "hartung_knapp_floor": False}
    settings = {**SETTINGS, "models": models}
    settings["calibration"] = {**SETTINGS["calibration"], "simulations": 4000}
    rng = np.random.default_rng(3)
    effects = [effect(f"t{i}", y, 0.25, n1=10_000, n2=10_000) for i, y in
               enumerate(rng.normal(0, 0.8, 8))]  # fmt: skip
    got = calibrate_claim(judged(effects, settings, rule="two_sided", direction="either"), settings)
    assert got["false_positive_rate"] == pytest.approx(0.05, abs=3 * 0.0034)
    assert got["warning"] == ""
