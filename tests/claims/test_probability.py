"""The probability that a claim holds, and the trial that would settle it."""

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
from scipy.stats import norm

from liverfit import meta
from liverfit.claims.bayes import claim_probability, probability
from liverfit.claims.evidence import select_evidence
from liverfit.claims.judge import judge_claim
from liverfit.claims.planning import (
    claim_settling,
    further_trials,
    pooled_sd,
    settling_trial,
    smallest_effect,
)

MODELS = SETTINGS["models"]


def primary(effects, **changes):
    claim = {**CLAIM, "lines": [{**CLAIM["lines"][0], **changes}]}
    evidence = select_evidence(claim, table(effects), contrasts(), OUTCOMES, PLAN, arm_summaries())
    return judge_claim(claim, evidence, SETTINGS)["lines"][0]


def four():
    return [effect(f"t{i}", y, 0.2) for i, y in enumerate((-1.0, -0.2, -1.4, 0.1))]


def test_it_is_the_engines_posterior_with_the_declared_priors():
    got = primary(four())
    sd = pooled_sd(got)
    fit = meta.bayes_random_effects(
        [e["yi"] for e in got["effects"]], [0.2] * 4, (0.0, 2 * sd), ("half-normal", 0.5 * sd)
    )
    assert got["probability"] == pytest.approx(fit.probability_below(0.0), rel=1e-9)
    assert got["bayes"]["bayes_factor"] == pytest.approx(fit.bayes_factor, rel=1e-9)


def test_data_and_claim_turned_together_keep_it():
    turned = [{**e, "yi": -e["yi"]} for e in four()]
    assert primary(turned, direction="increase")["probability"] == pytest.approx(
        primary(four())["probability"]
    )


def test_non_inferiority_asks_for_not_worse_than_the_margin():
    looser = primary(four(), rule="non_inferiority")["probability"]
    assert looser > primary(four())["probability"]


def test_other_models_have_the_normal_approximation():
    fitted = line(specified_model="meta_regression", estimate=-1.0, se=0.5, ci_lower=-2.0)
    assert probability(fitted, MODELS)["probability"] == pytest.approx(norm.cdf(2.0))


@pytest.mark.parametrize(
    ("change", "word"),
    [({"direction": "either"}, "no direction"), ({"rule": "omnibus"}, "test"),
     ({"status": "too_few", "status_reason": "few"}, "few")],
)  # fmt: skip
def test_none_has_its_reason(change, word):
    got = probability({**primary(four()), **change}, MODELS)
    assert got["probability"] is None
    assert word in got["probability_reason"]


def test_of_several_lines_the_least_likely_counts():
    a, b = primary(four()), {**primary(four()), "name": "other", "probability": 0.3}
    value, told = claim_probability([a, b])
    assert value == 0.3
    assert "other" in told


def test_pooled_sd_undoes_the_variance_of_a_difference():
    effects = [effect("a", 0.0, 9.0 * (1 / 20 + 1 / 20)), effect("b", 0.0, 9.0 * (1 / 20 + 1 / 20))]
    assert pooled_sd({"effects": effects}) == pytest.approx(3.0)
    assert pooled_sd({"effects": []}) is None


def test_people_of_the_settling_trial():
    """Two groups of 64 for half an SD at 80 % (Cohen 1988, table 2.4.1)."""
    effects = [effect("a", 0.0, 4.0 * (1 / 20 + 1 / 20))]
    plan = settling_trial(line(effects=effects), 0.8, 0.05)
    assert (plan["sd"], plan["n_per_arm"]) == (pytest.approx(2.0), 64)


def test_what_cannot_be_planned_says_why():
    assert "standard deviation" in settling_trial(line(), 0.8, 0.05)["reason"]
    ratio = line(measure="ROM", margin=None, effects=[effect("a", 0.0, 0.1)])
    assert "no smallest effect" in settling_trial(ratio, 0.8, 0.05)["reason"]


def test_without_a_declared_margin_a_small_standardised_effect_counts():
    effects = [effect("a", 0.0, 9.0 * (1 / 20 + 1 / 20))]
    value, source = smallest_effect(line(margin=None, effects=effects))
    assert value == pytest.approx(0.6)
    assert source == "0.2 pooled SD"


def test_beyond_the_margin_is_less_likely_than_beyond_no_effect():
    got = primary(four())
    sd = pooled_sd(got)
    fit = meta.bayes_random_effects(
        [e["yi"] for e in got["effects"]], [0.2] * 4, (0.0, 2 * sd), ("half-normal", 0.5 * sd)
    )
    assert got["probability_beyond_margin"] == pytest.approx(fit.probability_below(-1.0), rel=1e-9)
    assert got["probability_beyond_margin"] < got["probability"]
    turned = primary([{**e, "yi": -e["yi"]} for e in four()], direction="increase")
    assert turned["probability_beyond_margin"] == pytest.approx(got["probability_beyond_margin"])
    assert probability({**got, "margin": None}, MODELS)["probability_beyond_margin"] is None
    fitted = line(specified_model="meta_regression", estimate=-1.0, se=0.5, margin=0.5)
    assert probability(fitted, MODELS)["probability_beyond_margin"] == pytest.approx(norm.cdf(1.0))


def test_an_sd_is_borrowed_where_the_line_has_none_and_the_source_is_told():
    standardised = settling_trial(line(measure="SMD", margin=0.2), 0.8, 0.05)
    assert (standardised["sd"], standardised["n_per_arm"]) == (1.0, 394)  # Cohen 1988, table 2.4.1
    assert "standardised" in standardised["sd_source"]
    found = settling_trial(line(outcome_sd={"sd": 2.0, "trials": 3}), 0.8, 0.05)
    assert found["n_per_arm"] == 64
    assert found["sd_source"].startswith("borrowed from 3 trials")


def test_evidence_brings_the_sd_of_other_comparisons():
    drug = {"modality": "drug", "agent": "gh"}
    effects = [effect("a", 0.0, 4.0 * (1 / 20 + 1 / 20), **drug)]
    evidence = select_evidence(CLAIM, table(effects), contrasts(), OUTCOMES, PLAN)
    got = evidence["lines"][0]
    assert got["effects"] == []
    assert got["outcome_sd"] == {"sd": pytest.approx(2.0), "trials": 1}
    own = select_evidence(CLAIM, table(four()), contrasts(), OUTCOMES, PLAN)["lines"][0]
    assert "outcome_sd" not in own


def test_an_interaction_needs_four_cells_and_twice_the_people_in_each():
    effects = [effect("a", 0.0, 4.0 * (1 / 20 + 1 / 20))]
    cells = settling_trial(line(effects=effects, model="interaction"), 0.8, 0.05)
    assert cells["n_per_arm"] == pytest.approx(2 * 64, abs=2)
    assert cells["n_total"] == 4 * cells["n_per_arm"]


def test_a_slope_is_no_matter_of_two_arms():
    effects = [effect("a", 0.0, 0.4)]
    sloped = line(effects=effects, rule="moderator_slope", moderator="baseline_testosterone")
    plan = settling_trial(sloped, 0.8, 0.05)
    assert plan["n_per_arm"] is None
    assert "baseline testosterone" in plan["reason"]


def test_further_trials_are_the_fewest_that_reach_the_power():
    got = primary(four())
    plan = got["settling_trial"]["further_trials"]
    sd = pooled_sd(got)

    def power(more):
        vi = [0.2] * 4 + [2 * sd**2 / 20] * more
        return float(meta.power(1.0, vi, tau2=got["tau2"], test="knha", floor=True).power)

    assert plan["n_per_arm"] == 20
    assert plan["power_now"] == pytest.approx(power(0))
    assert plan["trials"] > 0
    assert power(plan["trials"]) >= 0.8 > power(plan["trials"] - 1)
    assert further_trials({**got, "margin": 0.01}, 0.8, 0.05, "knha")["trials"] is None
    unfitted = further_trials({**got, "status": "not_run"}, 0.8, 0.05, "knha")
    assert unfitted["trials"] is None
    assert "heterogeneity is unknown" in unfitted["reason"]


def test_a_claim_of_several_lines_needs_the_largest_trial():
    def planned(n):
        plan = {"n_per_arm": n, "n_total": 2 * n if n else None}
        return line(settling_trial=plan, role="primary", k=n or 0)

    lines = [planned(300), planned(500), planned(400)]
    assert claim_settling({"combine": "all"}, lines)["n_per_arm"] == 500
    assert claim_settling({"combine": "all"}, [*lines, planned(None)])["n_per_arm"] is None
    lead = [{**planned(300), "k": 9}, planned(5)]
    assert claim_settling({"combine": "testable"}, lead)["n_per_arm"] == 300
